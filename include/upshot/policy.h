/** @file
 *  Policies: which arm to play for whom, with known probabilities; made of a model, saved as
 * one JSON file, served at millions of decisions per second. */
#ifndef UPSHOT_POLICY_H
#define UPSHOT_POLICY_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A policy. Opaque; it holds all that is needed to serve, so the model may be freed. Calls on
 *  one policy from several threads are safe. */
typedef struct up_policy up_policy;

/** How play probabilities follow from what is known; docs/policies.md eqs. 2-5. */
enum up_policy_algorithm {
    /** each arm with the probability that it is the best */
    UP_POLICY_THOMPSON = 0,
    /** the arm with the highest estimate */
    UP_POLICY_ARGMAX = 1,
    /** Thompson, but with probability 1 - beta a second arm that is not the leader */
    UP_POLICY_TOP_TWO = 2,
    /** proportional to the probability of being the best to a power */
    UP_POLICY_TEMPERED = 3
};

/** What to do with a context that the model has not seen. */
enum up_policy_unknown {
    UP_POLICY_REFUSE = 0, /**< fail with UP_E_CONTEXT */
    UP_POLICY_BASE = 1 /**< play the probabilities of the average unit, with a flag */
};

/** How to make a policy. */
typedef struct up_policy_opts {
    /** set by UP_POLICY_OPTS() */
    size_t struct_size;
    /** enum up_policy_algorithm */
    int64_t algorithm;
    /** least probability of every arm, in [0, 1/arms]: a mix with the uniform policy */
    double floor;
    /** for top-two: probability of the leader, in (0,1]; 0 = 0.5 */
    double beta;
    /** for tempered: the power, above 0; 0 = 0.5 */
    double power;
    /** the reward; NULL = the only metric. Ratio metrics are refused */
    const char *metric;
    /** 1: smaller is better */
    int64_t minimize;
    /** (n_arms) labels the policy may play; none = all */
    const char *const *arms;
    /** 0 = all */
    int64_t n_arms;
    /** (n_context) covariates the policy may look at; the others are averaged over */
    const char *const *context;
    /** 0 = all covariates of the model */
    int64_t n_context;
    /** 1: the same probabilities for everyone */
    int64_t no_context;
    /** enum up_policy_unknown */
    int64_t unknown;
    /** text hashed with the unit; NULL = "upshot" */
    const char *salt;
    /** points of the lattice: for 4 arms and more, for 3 where a context is a number; 0 =
     *  4096, or 512 where a context is a number */
    int64_t draws;
    /** of the lattice's shift */
    uint64_t seed;
} up_policy_opts;

/** Options for one call: UP_POLICY_OPTS(.floor = 0.05). */
#define UP_POLICY_OPTS(...)                                                            \
    (&(up_policy_opts){.struct_size = sizeof(up_policy_opts), __VA_ARGS__})

/** Makes a policy of a fitted model, frequentist or Bayesian.
 *
 *  The reward of arm a in context x is R(a,x) = (M(a,x) - M(0,x))'b, normal with the
 *  covariance of the model. What a policy can set is the assignment: under noncompliance R is
 *  the effect of being assigned (intent to treat). Time is averaged over.
 *
 *  @param[in]  model borrowed for the call
 *  @param[in]  opts  NULL for defaults: Thompson, no floor, all arms, all covariates
 *  @param[out] out   the policy; free with up_policy_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (an option out of range, a name that is not there, a ratio
 *          metric, several metrics and none chosen, a model too large for a policy); UP_E_ARMS (fewer than two arms, an unknown arm);
 *          UP_E_CONDITION (contexts asked for, but the model has no interactions);
 *          UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes the posterior, or the sampling distribution, of the coefficients is normal
 *  @par Cost    O(K^2 p^2); with discrete contexts a table of at most 65,536 contexts
 *  @par Source  arXiv 2604.24116 eqs. 8-9; Thompson (1933); Russo (2020) for top-two;
 *               docs/policies.md eqs. 1-5
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_make(const up_model *model, const up_policy_opts *opts,
    up_policy **out, up_error *err) UP_MUST_USE;

/** Writes a policy as one line of JSON.
 *  @param[in]  p    the policy
 *  @param[out] json the text; free with up_text_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_json(
    const up_policy *p, char **json, up_error *err) UP_MUST_USE;

/** Reads a policy from JSON. Nothing in the text is trusted.
 *  @param[in]  json the text
 *  @param[in]  n    its length in bytes
 *  @param[out] out  the policy, which serves the same bits as the one that was written; free
 *                   with up_policy_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_POLICY (the member at fault is the field); UP_E_ARGUMENT;
 *          UP_E_NO_MEMORY
 *  @par Cost O(length + parameters^3)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_parse(
    const char *json, int64_t n, up_policy **out, up_error *err) UP_MUST_USE;

/** Writes a policy to a file, whole or not at all.
 *  @param[in]  p    the policy
 *  @param[in]  path an existing file is replaced
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_WRITE; UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_save(
    const up_policy *p, const char *path, up_error *err) UP_MUST_USE;

/** Reads a policy from a file.
 *  @param[in]  path the file
 *  @param[out] out  the policy; free with up_policy_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return as up_policy_parse(); UP_E_SOURCE when the file cannot be read
 *  @par Cost as up_policy_parse()
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_load(
    const char *path, up_policy **out, up_error *err) UP_MUST_USE;

/** Gives the number of arms.
 *  @param[in] p the policy
 *  @return 2 or more
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_policy_arms(const up_policy *p);

/** Gives the label of an arm.
 *  @param[in] p   the policy
 *  @param[in] arm from 0
 *  @return text that lives as long as p; NULL out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_policy_arm(const up_policy *p, int64_t arm);

/** One input of a policy: a covariate that the context must give. */
typedef struct up_policy_input_info {
    /** name of the covariate */
    const char *name;
    /** labels it may take; 0 = a number */
    int64_t n_levels;
    /** 1: it may be missing */
    int64_t missing;
} up_policy_input_info;

/** Gives the number of inputs: the length of a context.
 *  @param[in] p the policy
 *  @return 0 when the policy is the same for everyone
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_policy_inputs(const up_policy *p);

/** Describes an input.
 *  @param[in] p     the policy
 *  @param[in] input from 0
 *  @return by value; the name lives as long as p, and is NULL out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_policy_input_info up_policy_input(const up_policy *p, int64_t input);

/** Gives the label of a level of an input.
 *  @param[in] p     the policy
 *  @param[in] input from 0
 *  @param[in] level from 0
 *  @return text that lives as long as p; NULL out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_policy_level_label(
    const up_policy *p, int64_t input, int64_t level);

/** Finds a level by its label.
 *  @param[in] p     the policy
 *  @param[in] input from 0
 *  @param[in] label NUL-terminated
 *  @return the level; -1 when the input has none of that label
 *  @par Cost O(levels)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_policy_level(const up_policy *p, int64_t input, const char *label);

/** Gives the number of distinct contexts when all inputs have levels.
 *  @param[in] p the policy
 *  @return 1 without inputs; 0 when an input is a number or there are more than 65,536
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_policy_contexts(const up_policy *p);

/** Fills in context number i of up_policy_contexts().
 *  @param[in]  p       the policy
 *  @param[in]  i       from 0
 *  @param[out] context (inputs) levels; NaN = missing
 *  @par Cost O(inputs)
 *  @since 0.1 @par Stability experimental */
UP_API void up_policy_context(const up_policy *p, int64_t i, double *context);

/** Gives the probability with which each arm is played in a context.
 *  @param[in]  p           the policy
 *  @param[in]  context     (inputs) the number of a level (up_policy_level()), or the value of a
 *                          number; NaN = missing, -1 = a level that is not known; may be NULL
 *                          without inputs
 *  @param[out] probability (arms) they add up to 1
 *  @param[out] base        1 where the context is not known and the base policy answers; may
 *                          be NULL
 *  @param[out] err         the story of a failure; may be NULL
 *  @return UP_OK; UP_E_CONTEXT (unknown, missing or infinite, under UP_POLICY_REFUSE; field
 *          names the input); UP_E_ARGUMENT
 *  @par Cost a look-up for discrete contexts; else O(K^2 inputs^2), and O(K^2 draws) for 3
 *            arms and more; no allocation
 *  @par Source docs/policies.md eqs. 1-5
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_probabilities(const up_policy *p, const double *context,
    double *probability, int64_t *base, up_error *err) UP_MUST_USE;

/** Gives the probabilities that the average unit is played with: those of the base policy.
 *  @param[in]  p           the policy
 *  @param[out] probability (arms)
 *  @par Cost O(arms)
 *  @since 0.1 @par Stability experimental */
UP_API void up_policy_base(const up_policy *p, double *probability);

/** Gives the expected reward of an arm over the first arm of the policy, in a context.
 *  @param[in]  p         the policy
 *  @param[in]  context   as in up_policy_probabilities(); NULL = the average unit
 *  @param[in]  arm       from 0
 *  @param[out] std_error its standard error; may be NULL
 *  @return in the unit of the metric (not turned round for minimize); NaN out of range or
 *          where the context is not known
 *  @par Cost O(inputs^2)
 *  @par Source arXiv 2604.24116 eq. 9
 *  @since 0.1 @par Stability experimental */
UP_API double up_policy_effect(
    const up_policy *p, const double *context, int64_t arm, double *std_error);

/** One decision. */
typedef struct up_policy_decision {
    int64_t arm;       /**< the arm to play */
    double propensity; /**< the probability with which it was chosen: log it */
    int64_t base; /**< 1: the context was not known, and the base policy answered */
} up_policy_decision;

/** Decides for one unit. The same unit, salt and policy give the same decision anywhere: the
 *  hash of salt and unit is a number in [0,1), looked up in the cumulated probabilities.
 *
 *  @param[in]  p           the policy
 *  @param[in]  context     as in up_policy_probabilities()
 *  @param[in]  unit        identifier of the unit, NUL-terminated
 *  @param[out] out         the decision
 *  @param[out] probability (arms) of every arm; may be NULL
 *  @param[out] err         the story of a failure; may be NULL
 *  @return as up_policy_probabilities()
 *  @par Cost as up_policy_probabilities(); no allocation
 *  @par Source docs/policies.md eq. 6
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_decide(const up_policy *p, const double *context,
    const char *unit, up_policy_decision *out, double *probability,
    up_error *err) UP_MUST_USE;

/** Decides for many units; stops at the first that fails.
 *
 *  @param[in]  p           the policy
 *  @param[in]  n           units
 *  @param[in]  contexts    (n, inputs) row-major; may be NULL without inputs
 *  @param[in]  units       (n)
 *  @param[out] out         (n)
 *  @param[out] probability (n, arms) row-major; may be NULL
 *  @param[out] err         the story of a failure, with the number of the unit; may be NULL
 *  @return as up_policy_probabilities()
 *  @par Cost n times that of up_policy_decide()
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_policy_decide_many(const up_policy *p, int64_t n,
    const double *contexts, const char *const *units, up_policy_decision *out,
    double *probability, up_error *err) UP_MUST_USE;

/** What a policy says of itself. Texts live as long as the policy. */
typedef struct up_policy_info {
    /** enum up_policy_algorithm */
    int64_t algorithm;
    /** its name: "thompson", "argmax", "top-two", "tempered" */
    const char *algorithm_name;
    /** least probability of an arm */
    double floor;
    /** the reward */
    const char *metric;
    /** 1: smaller is better */
    int64_t minimize;
    /** "ate", or "itt" where units do not all comply */
    const char *estimand;
    /** text hashed with the unit */
    const char *salt;
    /** enum up_policy_unknown */
    int64_t unknown;
    /** of the rows it was learned from; 0 = not known */
    uint64_t fingerprint;
    /** rows it was learned from */
    int64_t rows;
} up_policy_info;

/** Describes a policy.
 *  @param[in] p the policy
 *  @return by value
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_policy_info up_policy_describe(const up_policy *p);

/** Gives the number of notes.
 *  @param[in] p the policy
 *  @return notes of up_policy_make(); they are not saved
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_policy_notes(const up_policy *p);

/** Gives a note.
 *  @param[in] p the policy
 *  @param[in] i from 0
 *  @return by value; an empty one out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_policy_note(const up_policy *p, int64_t i);

/** Frees a policy.
 *  @param[in] p may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_policy_free(up_policy *p);

#ifdef __cplusplus
}
#endif
#endif
