/* The table of the verb `monitor`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    {.name = "source",
        .type = UP_OPTION_LIST,
        .value = "SOURCE...",
        .required = 1,
        .positional = 1,
        .group = "Data",
        .example = "shop.parquet",
        .doc = "Rows, with --looks-by; or a capsule per look, in the order of the "
               "looks, each "
               "of all rows so far."},
    {.name = "looks-by",
        .type = UP_OPTION_TEXT,
        .value = "COLUMN",
        .group = "Data",
        .example = "week",
        .doc =
            "A column or expression of time: there is a look at the end of each of its "
            "values, at all rows up to it. The rows are read once."},
    {.name = "increments",
        .type = UP_OPTION_FLAG,
        .group = "Data",
        .example = "true",
        .doc = "Each capsule holds only the rows since the one before; they are added "
               "up."},
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTION_WHERE,
    OPTION_BY,
    OPTION_AGAINST,
    OPTION_ESTIMAND,
    OPTION_POPULATION,
    {.name = "relative",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "fieller",
        .choices = "fieller|delta|log",
        .group = "Question",
        .example = "delta",
        .doc = "Interval of the relative effect."},
    OPTION_LEVEL("Confidence level, over all looks together."),
    OPTIONS_INFERENCE,
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per look, metric, arm and segment, by look"},
    {"rows[].look", "integer", "from 1"},
    {"rows[].label", "string", "the period, or the capsule, of the look"},
    {"rows[].metric", "string", "name of the metric"},
    {"rows[].arm", "string", "the arm whose effect it is"},
    {"rows[].against", "string", "the arm it is compared with"},
    {"rows[].segment", "string", "the condition; empty for everyone"},
    {"rows[].estimand", "string", "ate, itt, late or att"},
    {"rows[].n", "integer", "rows so far, in the segment"},
    {"rows[].clusters", "integer", "clusters in them; 0 without clusters"},
    {"rows[].information", "number", "size so far over the planned size"},
    {"rows[].estimate", "number", "the effect, in the unit of the metric"},
    {"rows[].std_error", "number", "its standard error"},
    {"rows[].conf_low", "number",
        "lower end of the interval at this look; holds at all looks together"},
    {"rows[].conf_high", "number", "upper end"},
    {"rows[].p_value", "number", "of no effect; holds at all looks together"},
    {"rows[].e_value", "number", "anytime: evidence against no effect; p is 1/e"},
    {"rows[].running_low", "number", "lower end of what all intervals so far share"},
    {"rows[].running_high", "number",
        "upper end; both are null when they share nothing (W_EMPTY_INTERSECTION)"},
    {"rows[].running_p", "number", "smallest p-value so far"},
    {"rows[].decision", "string",
        "none, increase, decrease, or with a margin non_inferior, equivalent, "
        "superior; once "
        "made it stays at later looks"},
    {"rows[].fixed_low", "number",
        "lower end of the interval for one look at a fixed size: NOT valid when looks "
        "are "
        "repeated, shown to be compared with"},
    {"rows[].fixed_high", "number", "upper end; not valid either"},
    {"rows[].critical", "number", "multiplier of the standard error in the interval"},
    {"rows[].relative", "number", "estimate / baseline, a fraction"},
    {"rows[].relative_low", "number", "lower end at this look; null when unbounded"},
    {"rows[].relative_high", "number", "upper end at this look; null when unbounded"},
    {"rows[].adjusted_p_value", "number",
        "with --adjust: the p-value that decides, at this look; else null"},
    {"rows[].adjusted_low", "number", "with --adjust: lower end of the interval to it"},
    {"rows[].adjusted_high", "number", "upper end"},
    {"rows[].margin_p_value", "number",
        "with --margin: the p-value of the margin, which decides; else null"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_LOOKS", "E_ARGUMENT", "E_CAPSULE", "E_COLUMN",
    "E_EXPRESSION", "E_MISSING", "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION", "E_UNIT",
    "E_CLUSTER", "E_PROPENSITY", "E_WEIGHT", "E_POST_TREATMENT", "E_CONDITION",
    "E_SINGULAR", "E_ESTIMAND", "E_NEEDS_ROWS", "E_EMPTY", "E_SRM", "E_BALANCE",
    "E_WEAK_INSTRUMENT", "E_PEEK", "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot monitor panel.parquet --looks-by week --itt arm --cluster shopper --metric "
    "sales --planned 20000",
    "upshot monitor day1.parquet day2.parquet day3.parquet --planned 20000",
    "upshot monitor day1.parquet day2.parquet --increments --inference group --planned "
    "20000 --spending pocock",
    "upshot monitor panel.parquet --looks-by week --itt arm --cluster shopper --metric "
    "sales --inference group --information 0.25,0.5,0.75,1 --json",
    NULL};

const up_verb upi_verb_monitor = {
    .name = "monitor",
    .summary = "look again and again: the path of the effects as data come in",
    .doc =
        "Estimates the effects at each look at the data so far, with intervals and "
        "p-values that hold over all looks together: stop when you like, for any "
        "reason, "
        "and they still hold. What all intervals so far have in common is the running "
        "interval. A decision that was made stays.\n\n"
        "The rule is fixed before the first look: anytime-valid inference has a "
        "mixture "
        "tuned to --planned, group-sequential inference a spending function. The size "
        "at "
        "hand may not stand for the planned size: that would be tuning after "
        "looking.\n\n"
        "The interval for one look at a fixed size is shown as well, under a name that "
        "says what it is. It does not hold here.\n\n"
        "A capsule per look (all rows so far; with --increments the new ones) needs no "
        "rows. Rows with --looks-by are read once.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
