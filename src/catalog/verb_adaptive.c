/* The table of the verb `adaptive`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    {.name = "weights",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "two-point",
        .choices = "two-point|constant|uniform",
        .group = "Question",
        .example = "constant",
        .doc = "How batches are weighted: two-point or constant allocation (Hadad and "
               "others 2021), or uniform: all rows alike."},
    {.name = "decay",
        .type = UP_OPTION_NUMBER,
        .value = "POWER",
        .fallback = "0.7",
        .min = 0.01,
        .max = 0.99,
        .group = "Question",
        .example = "0.5",
        .doc = "For two-point: the least propensity falls no faster than time to minus "
               "this power."},
    {.name = "no-model",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Inverse propensities alone, without means of earlier batches."},
    {.name = "anytime",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Intervals and p-values that hold at every batch, with uniform weights; "
               "needs --planned."},
    {.name = "planned",
        .type = UP_OPTION_NUMBER,
        .value = "ROWS",
        .min = 2,
        .max = 1e15,
        .group = "Question",
        .example = "100000",
        .doc = "Rows (clusters) planned in all, fixed before the first look: tunes the "
               "anytime interval."},
    OPTION_LEVEL("Confidence level of the intervals."),
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "the mean of each arm, then the effect of each arm"},
    {"rows[].metric", "string", "name of the metric"},
    {"rows[].arm", "string", "the arm"},
    {"rows[].against", "string", "the control for an effect; empty for a mean"},
    {"rows[].estimate", "number", "mean or effect, in the unit of the metric"},
    {"rows[].std_error", "number", "its standard error"},
    {"rows[].p_value", "number", "two-sided, of no effect; null for a mean"},
    {"rows[].conf_low", "number", "lower end of the interval"},
    {"rows[].conf_high", "number", "upper end"},
    {"rows[].n", "integer", "rows, all arms"},
    {"rows[].clusters", "integer", "clusters; 0 without clusters"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_ARGUMENT", "E_NEEDS_ROWS", "E_PROPENSITY",
    "E_ARMS", "E_COLUMN", "E_EXPRESSION", "E_MISSING", "E_UNIT", "E_CLUSTER",
    "E_SINGULAR", "E_SRM", "E_BALANCE", "E_STRICT", NULL};

static const char *const examples[] = {"upshot adaptive log.parquet --itt arm "
                                       "--propensity propensity --time batch --metric "
                                       "sales",
    "upshot adaptive log.parquet --itt arm --propensity propensity --time batch "
    "--metric "
    "sales --covariates device --weights constant",
    "upshot adaptive log.parquet --itt arm --propensity propensity --time batch "
    "--metric "
    "sales --anytime --planned 100000 --json",
    NULL};

const up_verb upi_verb_adaptive = {
    .name = "adaptive",
    .summary = "effects from data whose propensities followed earlier outcomes",
    .doc =
        "Infers the mean of each arm and the effects over control from the log of a "
        "policy that learns. Sample means and least squares are biased there, since an "
        "arm that looked bad by chance is sampled less and not corrected; these "
        "estimates are not, and their intervals hold.\n\n"
        "The time role is the batch: within a batch propensities may depend on the "
        "covariates given, between batches on all that was seen before. The propensity "
        "is "
        "that of the arm played, as 'upshot decide' writes it.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
