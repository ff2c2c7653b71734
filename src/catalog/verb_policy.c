/* The table of the verb `policy`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    {.name = "algorithm",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "thompson",
        .choices = "thompson|argmax|top-two|tempered",
        .group = "Policy",
        .example = "top-two",
        .doc =
            "thompson plays an arm with the probability that it is the best; argmax "
            "plays the best estimate; top-two gives a second arm its share; tempered "
            "plays in proportion to a power of that probability."},
    {.name = "floor",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "0.01",
        .min = 0,
        .max = 0.5,
        .group = "Policy",
        .example = "0.05",
        .doc =
            "Least probability of every arm, by mixing with equal shares. 0 for none: "
            "then a log of the policy may not tell the effects of all arms."},
    {.name = "beta",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "0.5",
        .min = 0.01,
        .max = 1,
        .group = "Policy",
        .example = "0.6",
        .doc = "For top-two: the share of the leader."},
    {.name = "power",
        .type = UP_OPTION_NUMBER,
        .value = "POWER",
        .fallback = "0.5",
        .min = 0.01,
        .max = 100,
        .group = "Policy",
        .example = "0.5",
        .doc = "For tempered: below 1 explores more than thompson, above 1 less."},
    {.name = "reward",
        .type = UP_OPTION_TEXT,
        .value = "METRIC",
        .group = "Policy",
        .example = "sales",
        .doc = "The metric to be raised, where there are several."},
    {.name = "minimize",
        .type = UP_OPTION_FLAG,
        .group = "Policy",
        .example = "true",
        .doc = "Smaller is better."},
    {.name = "arms",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Policy",
        .example = "control,diverse",
        .doc = "The arms that the policy may play. Without it: all."},
    {.name = "context",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Policy",
        .example = "device",
        .doc = "The covariates that the policy looks at; the others are averaged over. "
               "Without it: all covariates."},
    {.name = "no-context",
        .type = UP_OPTION_FLAG,
        .group = "Policy",
        .example = "true",
        .doc = "The same probabilities for everyone."},
    {.name = "unknown",
        .type = UP_OPTION_ENUM,
        .value = "RULE",
        .fallback = "refuse",
        .choices = "refuse|base",
        .group = "Policy",
        .example = "base",
        .doc =
            "What 'decide' does in a context that the model has not seen: refuse, or "
            "play the probabilities of the average unit, with a flag."},
    {.name = "salt",
        .type = UP_OPTION_TEXT,
        .value = "TEXT",
        .fallback = "upshot",
        .group = "Policy",
        .example = "week-12",
        .doc = "Text that is hashed with the unit; another salt draws anew."},
    {.name = "draws",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .min = 64,
        .max = 65536,
        .group = "Policy",
        .example = "4096",
        .doc = "Points of the lattice that stands for the posterior: with 4 arms or "
               "more, or "
               "3 where a context is a number. "
               "Without it: 4096, or 512 where a context is a number."},
    {.name = "save",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Output",
        .example = "policy.json",
        .doc = "Write the policy, with all that 'upshot decide' needs."},
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array",
        "one object per context and arm; the average unit where a context is a number"},
    {"rows[].context", "string", "the context; empty for everyone"},
    {"rows[].arm", "string", "the arm"},
    {"rows[].play", "number", "probability with which it is played"},
    {"rows[].effect", "number",
        "expected metric over the first arm of the policy, in this context"},
    {"rows[].std_error", "number", "of that effect"},
    {"files", "array", "the policy that was saved"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_COLUMN", "E_EXPRESSION", "E_MISSING",
    "E_ARMS", "E_CONDITION", "E_ARGUMENT", "E_SINGULAR", "E_UNIT", "E_CLUSTER",
    "E_PROPENSITY", "E_SRM", "E_BALANCE", "E_WEAK_INSTRUMENT", "E_NEEDS_ROWS",
    "E_WRITE", "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot policy shop.parquet --itt arm --metric sales --covariates device --save "
    "policy.json",
    "upshot policy shop.parquet --itt arm --metric sales --algorithm top-two --floor "
    "0.05",
    "upshot policy shop-capsule.parquet --reward sales --context device --json", NULL};

const up_verb upi_verb_policy = {
    .name = "policy",
    .summary = "what to do next: which arm to play for whom, with what probability",
    .doc = "Makes a policy of the effects: in each context, the probability with which "
           "each arm is played. Saved as JSON it holds all that is needed to serve it "
           "with "
           "'upshot decide' or up_policy_decide().\n\n"
           "Decisions carry their propensity. Their log is an adaptive experiment: "
           "'upshot adaptive' gives its effects with valid intervals, 'upshot value' "
           "what a "
           "policy would have earned, and the next policy follows from them.\n\n"
           "Under noncompliance a policy can only set the assignment: rewards are then "
           "effects of being assigned.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
