/* The tables of the verbs `fit` and `check`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option fit_options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTIONS_GRAPH,
    OPTIONS_BAYES,
    {.name = "save",
        .type = UP_OPTION_PATH,
        .value = "CAPSULE",
        .group = "Output",
        .example = "shop-capsule.parquet",
        .doc = "Save the compressed rows: later questions need no rows."},
    {.name = "explain",
        .type = UP_OPTION_FLAG,
        .group = "Output",
        .example = "true",
        .doc = "Print how the rows were compressed, into how many groups, and why."},
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field fit_result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per metric and coefficient"},
    {"rows[].metric", "string", "the metric component the equation is of"},
    {"rows[].term", "string", "name of the coefficient"},
    {"rows[].estimate", "number", "the coefficient"},
    {"rows[].std_error", "number", "its standard error"},
    {"rows[].df", "number", "degrees of freedom"},
    {"files", "array", "the capsule that was saved"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const fit_refusals[] = {"E_COLUMN", "E_EXPRESSION", "E_MISSING",
    "E_NOT_FINITE", "E_PRIOR", "E_ARMS", "E_NO_VARIATION", "E_UNIT", "E_CLUSTER",
    "E_PROPENSITY", "E_WEIGHT", "E_POST_TREATMENT", "E_SINGULAR", "E_NEEDS_ROWS",
    "E_EMPTY", "E_SRM", "E_BALANCE", "E_WEAK_INSTRUMENT", "E_STRICT", NULL};

static const char *const check_refusals[] = {"E_COLUMN", "E_EXPRESSION", "E_MISSING",
    "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION", "E_UNIT", "E_CLUSTER", "E_PROPENSITY",
    "E_WEIGHT", "E_POST_TREATMENT", "E_SINGULAR", "E_NEEDS_ROWS", "E_EMPTY", "E_STRICT",
    NULL};

static const char *const fit_examples[] = {
    "upshot fit shop.parquet --itt arm --metric sales --covariates device --save "
    "shop-capsule.parquet",
    "upshot fit shop.parquet --itt arm --metric sales --explain",
    "upshot fit shop.parquet --itt arm --graph 'arm -> searches -> sales' --save "
    "why-capsule.parquet",
    "upshot fit panel.parquet --itt arm --cluster shopper --time week --metric sales "
    "--metric orders",
    NULL};

const up_verb upi_verb_fit = {
    .name = "fit",
    .summary = "compress the rows once and fit the model; save a capsule",
    .doc = "Reads the rows once, compresses them to sufficient statistics and fits all "
           "metrics at once. With --save the statistics are kept in a capsule, one "
           "Parquet file, from which 'upshot effect' and 'upshot check' answer "
           "without the rows.\n\n"
           "The table shows the coefficients; the question what changed is answered "
           "by 'upshot effect'.",
    .options = fit_options,
    .result = fit_result,
    .refusals = fit_refusals,
    .examples = fit_examples,
};

static const up_option check_options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTION_LIMIT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field check_result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per check"},
    {"rows[].check", "string", "name of the check"},
    {"rows[].verdict", "string", "passed, warning, failed or not applicable"},
    {"rows[].number", "number", "the value that was tested"},
    {"rows[].threshold", "number", "the bound it was held against"},
    {"rows[].code", "string", "the code it raises; empty when passed"},
    {"rows[].text", "string", "what was found, with the numbers"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const check_examples[] = {
    "upshot check shop.parquet --itt arm --metric sales --covariates "
    "device,spend_before",
    "upshot check shop.parquet --itt arm --metric sales --expected-split "
    "control=0.9,diverse=0.1 --strict",
    "upshot check shop-capsule.parquet --json", NULL};

const up_verb upi_verb_check = {
    .name = "check",
    .summary = "can the data be trusted: one verdict per check",
    .doc = "Runs every check that applies to the design: sizes of the arms against the "
           "planned split, missing values by arm, rows and clusters per arm, "
           "compliance, strength of the instrument, overlap of propensities, balance "
           "of covariates.\n\n"
           "This verb only reports. Where the sizes of the arms, the propensities or "
           "the first stage failed, 'upshot effect' and 'upshot fit' withhold their "
           "numbers, unless --accept names the code.\n\n"
           "With --strict the program exits with 5 when a check failed, so that a "
           "pipeline stops.",
    .options = check_options,
    .result = check_result,
    .refusals = check_refusals,
    .examples = check_examples,
};
