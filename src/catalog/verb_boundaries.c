/* The table of the verb `boundaries`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    {.name = "looks",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .min = 1,
        .max = 1000,
        .group = "Plan",
        .example = "5",
        .doc = "Looks at equal steps of information; 5 when neither this nor "
               "--information is given."},
    {.name = "information",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Plan",
        .example = "250,450,630,810",
        .doc =
            "Information at the looks, in any unit (rows, clusters, weeks), separated "
            "by commas; the last is the end of the plan."},
    {.name = "inference",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "group",
        .choices = "group|anytime",
        .group = "Plan",
        .example = "anytime",
        .doc =
            "group: bounds for these looks alone. anytime: the bounds of a confidence "
            "sequence tuned to the end of the plan, which hold at any other look too."},
    {.name = "alpha",
        .type = UP_OPTION_NUMBER,
        .value = "ALPHA",
        .fallback = "0.05",
        .min = 1e-12,
        .max = 0.5,
        .group = "Plan",
        .example = "0.01",
        .doc = "Chance of a false alarm over all looks (both sides together)."},
    {.name = "sides",
        .type = UP_OPTION_ENUM,
        .value = "SIDES",
        .fallback = "two",
        .choices = "two|greater|less",
        .group = "Plan",
        .example = "greater",
        .doc = "Reject for effects in both directions, or in one."},
    {.name = "spending",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "obrien-fleming",
        .choices = "obrien-fleming|pocock|hwang-shih-decani|power|wang-tsiatis",
        .group = "Plan",
        .example = "pocock",
        .doc = "How alpha is spread over the looks. The first four are spending "
               "functions; "
               "wang-tsiatis has bounds c t^(parameter - 1/2): the classical "
               "O'Brien-Fleming "
               "design with parameter 0, Pocock's with 0.5."},
    {.name = "spending-parameter",
        .type = UP_OPTION_NUMBER,
        .value = "X",
        .fallback = "0",
        .min = -40,
        .max = 50,
        .group = "Plan",
        .example = "-2",
        .doc = "Gamma of hwang-shih-decani, rho of power, the parameter of "
               "wang-tsiatis; 0 "
               "is the usual one: -4, 3, 0."},
    {.name = "futility",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "none",
        .choices = "none|nonbinding|binding",
        .group = "Plan",
        .example = "nonbinding",
        .doc = "Bounds below which the plan gives up, for one side. nonbinding: alpha "
               "holds "
               "also if they are overruled."},
    {.name = "futility-spending",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "obrien-fleming",
        .choices = "obrien-fleming|pocock|hwang-shih-decani|power",
        .group = "Plan",
        .example = "power",
        .doc = "How the chance of missing the effect, 1 - power, is spread over the "
               "looks."},
    {.name = "futility-parameter",
        .type = UP_OPTION_NUMBER,
        .value = "X",
        .fallback = "0",
        .min = -40,
        .max = 50,
        .group = "Plan",
        .example = "2",
        .doc = "Its parameter; 0 is the usual one."},
    {.name = "power",
        .type = UP_OPTION_NUMBER,
        .value = "POWER",
        .fallback = "0.8",
        .min = 0.01,
        .max = 0.999999,
        .group = "Plan",
        .example = "0.9",
        .doc = "Chance of rejecting that the plan is to have; the drift is found from "
               "it."},
    {.name = "drift",
        .type = UP_OPTION_NUMBER,
        .value = "X",
        .min = 1e-6,
        .max = 15,
        .group = "Plan",
        .example = "2.8",
        .doc =
            "Expected effect over the standard error at the end of the plan, if it is "
            "known: the power then follows from it."},
    {.name = "planned",
        .type = UP_OPTION_NUMBER,
        .value = "N",
        .min = 1,
        .max = 1e15,
        .group = "Plan",
        .example = "20000",
        .doc =
            "Rows (or clusters) at the end of the plan, to print those of every look."},
    OPTION_LIMIT,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per look"},
    {"rows[].look", "integer", "from 1"},
    {"rows[].information", "number", "fraction of the planned information"},
    {"rows[].n", "integer", "with --planned: rows or clusters at the look; else 0"},
    {"rows[].efficacy", "number",
        "the statistic (estimate over standard error) that rejects: its size "
        "two-sided, "
        "else in the direction asked for; null where nothing can be spent yet"},
    {"rows[].nominal_p", "number",
        "p-value at that bound, as if it were the only look"},
    {"rows[].spent", "number", "part of alpha used up so far"},
    {"rows[].reject_null", "number", "chance of rejecting here without an effect"},
    {"rows[].reject_drift", "number", "chance of rejecting here under the drift"},
    {"rows[].futility", "number",
        "with --futility: the statistic at or below which the plan gives up"},
    {"rows[].futility_spent", "number", "part of 1 - power used up so far"},
    {"rows[].futile_null", "number", "chance of giving up here without an effect"},
    {"rows[].futile_drift", "number", "chance of giving up here under the drift"},
    {"rows_total", "integer", "looks there are; compact output may show fewer"},
    {"warnings", "array", "notes and warnings"},
    {"next", "array", "commands that would be worth running next"},
    {"design", "object",
        "drift, power, inflation (information over that of one look), type_one_error, "
        "expected information at the end without an effect, under half the drift and "
        "under "
        "the drift; with anytime the mixture over the planned size"},
    {"options", "object", "the options as resolved"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};

static const char *const refusals[] = {"E_ARGUMENT", "E_USAGE", NULL};

static const char *const examples[] = {"upshot boundaries --looks 4",
    "upshot boundaries --information 250,450,630,810 --spending power "
    "--spending-parameter 2 --alpha 0.01",
    "upshot boundaries --looks 3 --sides greater --alpha 0.025 --futility nonbinding "
    "--power 0.9",
    "upshot boundaries --looks 14 --inference anytime --planned 20000", NULL};

const up_verb upi_verb_boundaries = {
    .name = "boundaries",
    .summary = "plan looks: the bounds a statistic has to pass at each of them",
    .doc =
        "Prints the bounds of a group-sequential plan, or those of anytime-valid "
        "inference at the same looks: what a statistic has to reach at each look, how "
        "much of alpha is spent, the chances of stopping, and what the plan costs and "
        "saves. No data are read.\n\n"
        "Two-sided, the bounds are plus and minus `efficacy`; leaving through either "
        "counts, and each side has half of alpha. The drift is the expected statistic "
        "at "
        "the end of the plan.\n\n"
        "'upshot monitor' analyses looks by such a plan.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
