/** @file
 *  Bayesian linear regression: a model whose coefficients and covariance are those of a
 *  posterior. Everything that takes a model takes it: effects, segments, ranking. */
#ifndef UPSHOT_BAYES_H
#define UPSHOT_BAYES_H

#include <upshot/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The likelihood that the prior is combined with; docs/ranking.md eqs. 1-6. */
enum up_posterior {
    /** the estimates as normal with the robust covariance of the design: any weights,
     *  clusters, instrument */
    UP_POSTERIOR_ROBUST = 0,
    /** normal-inverse-gamma: independent normal rows of one variance; exact */
    UP_POSTERIOR_NIG = 1
};

/** How to fit. Zero is the default everywhere: a flat prior and the robust likelihood. */
typedef struct up_bayes_opts {
    /** set by UP_BAYES_OPTS() */
    size_t struct_size;
    /** enum up_posterior */
    int64_t kind;
    /** (n_priors) one belief each, "TARGET ~ normal(MEAN, SCALE)". TARGET is `effect` (the
     *  average effect of every arm), `effect(ARM)`, or the name of a coefficient with * for
     *  any characters. MEAN and SCALE are in the unit of the metric; with % relative to the
     *  baseline (effects only); under UP_POSTERIOR_NIG the scale is in residual standard
     *  deviations and says so: `normal(0, 0.1 sd)`. `for METRIC` at the end limits a belief
     *  to one metric. Whatever no belief names has a flat prior */
    const char *const *priors;
    /** 0 = flat */
    int64_t n_priors;
    /** UP_POSTERIOR_NIG: shape of the inverse-gamma prior of the residual variance; 0 = the
     *  improper prior 1/variance */
    double shape;
    /** UP_POSTERIOR_NIG: its rate, in the squared unit of the metric */
    double rate;
    /** covariance, interactions, covariates; NULL for defaults */
    const up_linear_opts *linear;
} up_bayes_opts;

/** Options for one call: UP_BAYES_OPTS(.priors = priors, .n_priors = 1). */
#define UP_BAYES_OPTS(...)                                                             \
    (&(up_bayes_opts){.struct_size = sizeof(up_bayes_opts), __VA_ARGS__})

/** Fits all metrics and combines them with a prior.
 *
 *  The coefficients of the model are posterior means. Its covariance is the squared scale of
 *  their posterior, so that estimate -+ t quantile x std_error is a credible interval.
 *  - robust: b given the data is normal with the precision of the prior plus that of the
 *    estimates, jointly over all equations, so that ratio metrics and effects on compliers
 *    follow. Degrees of freedom are those of the covariance, times (posterior variance / its
 *    part that comes from the data) squared.
 *  - nig: b given the data is t with 2a degrees of freedom; several metrics have the matrix
 *    normal-inverse-Wishart form, with zero prior covariance between metrics.
 *
 *  Without beliefs both give the numbers of up_fit_linear() exactly (nig: with iid).
 *
 *  @param[in]  m    borrowed: must outlive the model
 *  @param[in]  opts NULL for defaults
 *  @param[in]  run  threads, progress, stopping; NULL for defaults
 *  @param[out] out  the model; free with up_model_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; what up_fit_linear() returns; UP_E_PRIOR (a belief that cannot be read, names
 *          nothing in the model, is stated twice, has a unit that the likelihood or the target
 *          does not take, or is relative to a baseline that cannot be told from 0);
 *          UP_E_ARGUMENT (nig with clusters, an instrument or a robust covariance; shape and
 *          rate without nig or below 0)
 *  @par Assumes the prior was stated before the data were seen. robust: estimates are about
 *               normal. nig: residuals are normal, independent and of one variance
 *  @par Cost    that of up_fit_linear(), and O(P^2 r) for P coefficients of all equations
 *               and r beliefs
 *  @par Source  Gelman et al. (2013) ch. 14; Mueller (2013) for the robust posterior; Bucy &
 *               Joseph (1968) for the stable form of the covariance; docs/ranking.md eqs. 1-6
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_fit_bayes(up_moments *m, const up_bayes_opts *opts,
    const up_run *run, up_model **out, up_error *err) UP_MUST_USE;

/** Says which likelihood a posterior was made with.
 *  @param[in] m the model
 *  @return "nig", "robust", or "" for a model that is not a posterior; static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_posterior(const up_model *m);

/** Says in words which prior a posterior was made with.
 *  @param[in] m the model
 *  @return e.g. "effect ~ normal(0, 5%)"; "flat"; "" for a model that is not a posterior;
 *          lives as long as m
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_prior(const up_model *m);

/** Gives the log evidence: the log density of the outcome under the model and the prior.
 *  @param[in] m         the model
 *  @param[in] component of a metric, see up_model_component()
 *  @return natural logarithm; NaN unless the posterior is nig, rows have no weights, and the
 *          prior is proper: a belief on every coefficient, shape and rate above 0
 *  @par Assumes as up_fit_bayes()
 *  @par Cost    O(1)
 *  @par Source  docs/ranking.md eq. 5
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_log_evidence(const up_model *m, int64_t component);

/** Gives how surprising the data are under the prior.
 *  @param[in] m the model
 *  @return upper tail of the chi-square of the distance of all estimates from the beliefs (nig:
 *          of the F by metric, the smallest of them); NaN without beliefs
 *  @par Assumes as up_fit_bayes()
 *  @par Cost    O(1)
 *  @par Source  Evans & Moshonov (2006); docs/ranking.md eq. 6
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_prior_p(const up_model *m);

#ifdef __cplusplus
}
#endif
#endif
