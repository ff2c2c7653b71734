/* The table of the verb `decide`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    {.name = "policy",
        .type = UP_OPTION_PATH,
        .value = "POLICY",
        .required = 1,
        .positional = 1,
        .group = "Data",
        .example = "policy.json",
        .doc = "A policy saved by 'upshot policy --save'."},
    {.name = "context",
        .type = UP_OPTION_LIST,
        .value = "JSON",
        .group = "Data",
        .example = "{\"unit\":\"u1\",\"device\":\"mobile\"}",
        .doc = "A JSON object with the unit and the inputs of the policy. May be "
               "repeated. Without it, one object per line is read from standard input, "
               "and answered by one line at once."},
    OPTION_LIMIT,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per context"},
    {"rows[].unit", "string", "the unit"},
    {"rows[].arm", "string", "the arm to play"},
    {"rows[].propensity", "number",
        "probability with which it was chosen: log it, every digit"},
    {"rows[].base", "integer",
        "1 where the context is not known and the average unit's probabilities were "
        "played"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {
    "E_POLICY", "E_SOURCE", "E_CONTEXT", "E_ARGUMENT", "E_USAGE", NULL};

static const char *const examples[] = {
    "upshot decide policy.json < contexts.jsonl > decisions.jsonl",
    "upshot decide policy.json --context '{\"unit\":\"u1\",\"device\":\"mobile\"}'",
    "upshot decide policy.json --context '{\"unit\":7,\"device\":\"desktop\"}' --json "
    "--full",
    NULL};

const up_verb upi_verb_decide = {
    .name = "decide",
    .summary = "play a policy: contexts in, decisions with probabilities out",
    .doc =
        "Reads one JSON object per line, {\"unit\": ..., inputs ...}, and answers each "
        "by one line: the unit and the inputs again, then arm, propensity, and the "
        "probability of every arm. Other members are passed over. Append the lines to "
        "a "
        "log, add the outcomes, and analyse it with --itt arm --propensity "
        "propensity.\n\n"
        "The same unit, salt and policy give the same decision anywhere.\n\n"
        "A line that cannot be answered gives {\"line\": ..., \"ok\": false, \"code\", "
        "\"field\", \"message\", \"fix\"} in its place; the rest goes on, and the exit "
        "code is 4 in the end.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
    .stream = "context",
};
