/* The table of the verb `effect`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTION_GUARD_GRAPH,
    OPTIONS_BAYES,
    OPTION_WHERE,
    OPTION_BY,
    OPTIONS_OVER,
    OPTION_AGAINST,
    {.name = "compare-segments",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Also how each segment differs from the first."},
    OPTION_ESTIMAND,
    {.name = "relative",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "fieller",
        .choices = "fieller|delta|log",
        .group = "Question",
        .example = "delta",
        .doc =
            "Interval of the relative effect: exact by Fieller, by linearisation, or "
            "of the logarithm of the ratio."},
    {.name = "absolute-only",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Leave the relative effects out."},
    OPTION_POPULATION,
    OPTION_LEVEL("Confidence level of the intervals."),
    OPTIONS_INFERENCE,
    {.name = "truth",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Output",
        .example = "shop.truth.json",
        .doc = "For simulated data: print the true value beside each estimate."},
    OPTION_LIMIT,
    OPTION_ACCEPT_PEEK,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per metric, arm, segment and period"},
    {"rows[].metric", "string", "name of the metric"},
    {"rows[].arm", "string", "the arm whose effect it is"},
    {"rows[].against", "string", "the arm it is compared with"},
    {"rows[].segment", "string", "the condition; empty for everyone"},
    {"rows[].period", "string", "label of the period; empty for all"},
    {"rows[].estimand", "string", "ate, itt, late or att"},
    {"rows[].estimate", "number", "the effect, in the unit of the metric"},
    {"rows[].std_error", "number", "its standard error"},
    {"rows[].statistic", "number", "estimate / std_error"},
    {"rows[].df", "number", "degrees of freedom of the statistic; null = normal"},
    {"rows[].p_value", "number", "of no effect, on the sides looked at"},
    {"rows[].prob_positive", "number",
        "with a prior: the posterior probability that the effect is above 0"},
    {"rows[].conf_low", "number", "lower end of the interval at the level asked for"},
    {"rows[].conf_high", "number", "upper end"},
    {"rows[].baseline", "number", "mean under the arm compared with"},
    {"rows[].relative", "number", "estimate / baseline, a fraction"},
    {"rows[].relative_low", "number", "lower end; null when the set is unbounded"},
    {"rows[].relative_high", "number", "upper end; null when the set is unbounded"},
    {"rows[].relative_set", "string",
        "interval, complement, line, above or below: what the two ends bound"},
    {"rows[].n", "integer", "rows in the segment and period, all arms"},
    {"rows[].clusters", "integer", "clusters in them; 0 without clusters"},
    RESULT_INFERENCE,
    {"rows[].truth", "number", "with truth: the true effect"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_COLUMN", "E_EXPRESSION", "E_MISSING",
    "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION", "E_UNIT", "E_CLUSTER", "E_PROPENSITY",
    "E_WEIGHT", "E_POST_TREATMENT", "E_GRAPH", "E_NOT_IDENTIFIED", "E_CONDITION",
    "E_ARGUMENT", "E_SINGULAR", "E_ESTIMAND", "E_NEEDS_ROWS", "E_PRIOR", "E_POSTERIOR",
    "E_EMPTY", "E_SRM", "E_BALANCE", "E_WEAK_INSTRUMENT", "E_PEEK", "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot effect shop.parquet --itt arm --metric sales --covariates "
    "device,spend_before",
    "upshot effect shop.parquet --itt arm --metric sales --covariates device --by "
    "device",
    "upshot effect shop.parquet --itt arm --treated treated --metric sales --metric "
    "'bought = orders > 0'",
    "upshot effect panel.parquet --itt arm --cluster shopper --metric sales --over "
    "week",
    "upshot effect shop.parquet --itt arm --metric sales --metric orders --adjust holm "
    "--margin 'orders >= -2%'",
    "upshot effect shop.parquet --itt arm --metric sales --inference anytime --planned "
    "20000",
    "upshot effect shop-capsule.parquet --where \"device = 'mobile'\" --json", NULL};

const up_verb upi_verb_effect = {
    .name = "effect",
    .summary = "what changed: effects by metric, arm, segment and period",
    .doc =
        "Estimates the effect of each arm on each metric by one weighted two-stage "
        "least-squares fit with robust standard errors. Least squares, clusters, "
        "encouragement and adaptive assignment follow from the roles that are "
        "given.\n\n"
        "Every interval, p-value and decision comes from the same procedure, so "
        "they agree. Relative effects are exact (Fieller). What a careful analyst "
        "would add is printed as notes and travels in the JSON.\n\n"
        "--inference anytime gives intervals that hold at every look, group those of a "
        "group-sequential plan. --adjust answers many comparisons together, --margin "
        "states what a guardrail has to keep.\n\n"
        "Where the arms do not have the sizes that were planned, propensities are not "
        "what they claim to be, or the instrument hardly moves the treatment, the "
        "effects are withheld. --accept CODE shows them all the same, with the note "
        "N_OVERRIDE.\n\n"
        "A source may be a capsule; the answer is then the same as from the rows.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
