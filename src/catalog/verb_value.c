/* The table of the verb `value`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    {.name = "policy",
        .type = UP_OPTION_PATH,
        .value = "POLICY",
        .required = 1,
        .group = "Question",
        .example = "policy.json",
        .doc = "The policy to value, saved by 'upshot policy --save'."},
    {.name = "reward",
        .type = UP_OPTION_TEXT,
        .value = "METRIC",
        .group = "Question",
        .example = "sales",
        .doc = "The metric. Without it: the only one, or that of the policy."},
    {.name = "uncovered",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "0.01",
        .min = 0.000001,
        .max = 1,
        .group = "Question",
        .example = "0.05",
        .doc = "Largest share of plays that may go to arms without a row in their "
               "context; above it the value is refused."},
    OPTION_LEVEL("Confidence level of the intervals."),
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per quantity and method"},
    {"rows[].quantity", "string",
        "value: mean of the metric per row had the policy chosen; gain_over_control; "
        "gain_over_log"},
    {"rows[].method", "string",
        "dr doubly robust, ips inverse propensity, snips self-normalised"},
    {"rows[].estimate", "number", "in the unit of the metric"},
    {"rows[].std_error", "number", "its standard error"},
    {"rows[].p_value", "number", "two-sided, of no gain; null for a value"},
    {"rows[].conf_low", "number", "lower end of the interval"},
    {"rows[].conf_high", "number", "upper end"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_POLICY", "E_SOURCE", "E_OVERLAP", "E_CONTEXT",
    "E_ARGUMENT", "E_COLUMN", "E_EXPRESSION", "E_MISSING", "E_ARMS", "E_SINGULAR",
    "E_UNIT", "E_CLUSTER", "E_PROPENSITY", "E_SRM", "E_BALANCE", "E_NEEDS_ROWS",
    "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot value log.parquet --policy policy.json --itt arm --propensity propensity "
    "--metric sales --covariates device",
    "upshot value log.parquet --policy policy.json --itt arm --propensity propensity "
    "--metric sales --covariates device --cluster shopper --json",
    "upshot value log-capsule.parquet --policy policy.json --level 0.9", NULL};

const up_verb upi_verb_value = {
    .name = "value",
    .summary = "what a policy would have earned on logged data, with an interval",
    .doc =
        "Values a policy on data that another policy, or an experiment, has logged: "
        "the "
        "mean of the metric had the policy chosen, its gain over always playing "
        "control, and over what was logged. Doubly robust, by inverse propensity, and "
        "self-normalised; clusters are honoured.\n\n"
        "Give the propensity of the arm that was played; without it the planned split "
        "or "
        "the shares of the arms are taken. The inputs of the policy must be among the "
        "covariates.\n\n"
        "A policy learned on the same rows looks better than it is: that is told. "
        "Value "
        "it on other units or on a later log.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
