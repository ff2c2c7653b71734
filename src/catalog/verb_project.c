/* The table of the verb `project`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

#define TARGET(n, t, v, e, d)                                                          \
    .name = (n), .type = (t), .value = (v), .group = "Target", .example = (e),         \
    .doc = (d)

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTIONS_BAYES,
    {TARGET("to", UP_OPTION_LIST, "SHARES", "device=mobile:0.7,desktop:0.3",
        "Shares of the levels of a categorical covariate in the target; levels that "
        "are not named have none. Repeated for several covariates: their margins.")},
    {TARGET("means", UP_OPTION_LIST, "MEANS", "spend_before=55",
         "Means in the target of covariates that enter as numbers, separated by "
         "commas."),
        .commas = 1},
    {TARGET("target", UP_OPTION_PATH, "FILE", "market.parquet",
        "Rows of the target, with the columns of the covariates; or a capsule with "
        "the same covariates.")},
    {TARGET("target-size", UP_OPTION_INTEGER, "N", "5000",
         "Units that the shares and means were found from; 0: known exactly."),
        .fallback = "0", .max = 1e15},
    {TARGET("method", UP_OPTION_ENUM, "METHOD", "entropy",
         "How rows are weighted. auto: shares for one covariate, raking for several, "
         "entropy balancing with means; with --target, the shares of all cells where "
         "the experiment has them, else entropy."),
        .fallback = "auto", .choices = "auto|shares|raking|entropy|odds"},
    {.name = "forward",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 1000,
        .group = "Future",
        .example = "2",
        .doc = "Carry the effects forward by this many periods of the time role."},
    {.name = "rule",
        .type = UP_OPTION_ENUM,
        .value = "RULE",
        .fallback = "constant",
        .choices = "constant|linear|decay|level",
        .group = "Future",
        .example = "decay",
        .doc = "How effects go on: as they are, by a line, towards nothing or towards "
               "a level by a constant factor."},
    {.name = "over",
        .type = UP_OPTION_TEXT,
        .value = "COLUMN",
        .group = "Question",
        .example = "week",
        .doc = "Short for --time COLUMN --over-time."},
    {.name = "over-time",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "One row per period of the time role; --forward implies it."},
    {.name = "cumulative",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "The sum of the effects up to each period; with --forward, of the "
               "periods to come."},
    {.name = "where",
        .type = UP_OPTION_LIST,
        .value = "CONDITION",
        .group = "Question",
        .example = "device = 'mobile'",
        .doc = "Effect among the units of the target for which a condition holds. May "
               "be repeated: each condition gives a row."},
    {.name = "by",
        .type = UP_OPTION_TEXT,
        .value = "COVARIATE",
        .group = "Question",
        .example = "country",
        .doc = "One row per level of a covariate."},
    {.name = "against",
        .type = UP_OPTION_TEXT,
        .value = "ARM",
        .group = "Question",
        .example = "diverse",
        .doc = "The arm to compare with, if not control."},
    {.name = "compare-segments",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Also how each segment differs from the first."},
    {.name = "estimand",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "default",
        .choices = "default|itt|late|att|ate",
        .group = "Question",
        .example = "itt",
        .doc = "What to estimate, as in effect."},
    {.name = "relative",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "fieller",
        .choices = "fieller|delta|log",
        .group = "Question",
        .example = "delta",
        .doc = "Interval of the relative effect, as in effect."},
    {.name = "absolute-only",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "Leave the relative effects out."},
    {.name = "population",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "super",
        .choices = "super|sample",
        .group = "Question",
        .example = "sample",
        .doc = "super: with the variance of the weights and of the target. sample: "
               "weights and target are taken as they are."},
    OPTION_LEVEL("Confidence level of the intervals."),
    OPTIONS_INFERENCE,
    {.name = "truth",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Output",
        .example = "shop.truth.json",
        .doc =
            "For simulated data and --to with the shares of one covariate: print the "
            "true value beside each estimate."},
    OPTION_LIMIT,
    {.name = "accept",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "CODE",
        .choices = "E_SRM|E_PROPENSITY|E_BALANCE|E_WEAK_INSTRUMENT|E_HORIZON|E_PEEK",
        .group = "Output",
        .example = "E_HORIZON",
        .doc = "Show the numbers although this check failed; a note then travels with "
               "them. E_HORIZON: a horizon beyond half of the periods observed, or a "
               "rule that does not fit; E_PEEK: a look before the planned size. May be "
               "repeated."},
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
    {"rows[].period", "string",
        "label of the period, or +1, +2, ... for those to come"},
    {"rows[].extrapolated", "integer", "1: the period was not observed"},
    {"rows[].estimand", "string", "ate, itt, late or att"},
    {"rows[].estimate", "number",
        "the effect in the target, in the unit of the metric"},
    {"rows[].std_error", "number", "its standard error, with that of the weights"},
    {"rows[].statistic", "number", "estimate / std_error"},
    {"rows[].df", "number", "degrees of freedom of the statistic; null = normal"},
    {"rows[].p_value", "number", "of no effect, on the sides looked at"},
    {"rows[].conf_low", "number", "lower end of the interval at the level asked for"},
    {"rows[].conf_high", "number", "upper end"},
    {"rows[].baseline", "number",
        "mean in the target under the arm compared with; null for periods to come"},
    {"rows[].relative", "number", "estimate / baseline, a fraction"},
    {"rows[].relative_low", "number", "lower end; null when the set is unbounded"},
    {"rows[].relative_high", "number", "upper end; null when the set is unbounded"},
    {"rows[].relative_set", "string",
        "interval, complement, line, above or below: what the two ends bound"},
    RESULT_INFERENCE,
    {"rows[].n", "integer", "rows of the experiment in the segment and period"},
    {"rows[].clusters", "integer", "clusters in them; 0 without clusters"},
    {"rows[].truth", "number",
        "with truth: the true effect; null where the file does not tell"},
    {"rows[].experiment", "number",
        "the same effect in the population of the experiment; null without a target"},
    {"rows[].experiment_low", "number", "lower end of its interval"},
    {"rows[].experiment_high", "number", "upper end of its interval"},
    {"target", "object",
        "with a target: method, rows, rows_used, size, effective_rows, largest_weight, "
        "sampled, and weights, a list of covariate, level, experiment, target, "
        "weighted"},
    {"forward", "object",
        "with --forward: rule, periods, and fits, a list of metric, arm, segment, "
        "start, "
        "slope, factor, level with their std_error, half_life, half_life_low, "
        "half_life_high, lack_of_fit, lack_of_fit_df, lack_of_fit_p_value"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_SUPPORT", "E_HORIZON", "E_COLUMN",
    "E_EXPRESSION", "E_MISSING", "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION", "E_UNIT",
    "E_CLUSTER", "E_PROPENSITY", "E_WEIGHT", "E_POST_TREATMENT", "E_CONDITION",
    "E_ARGUMENT", "E_SINGULAR", "E_ESTIMAND", "E_NEEDS_ROWS", "E_EMPTY", "E_SRM",
    "E_BALANCE", "E_WEAK_INSTRUMENT", "E_PEEK", "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot project shop.parquet --itt arm --metric sales --covariates "
    "device,spend_before --to device=mobile:0.7,desktop:0.3",
    "upshot project shop.parquet --itt arm --metric sales --covariates "
    "device,spend_before --to device=mobile:0.7,desktop:0.3 --means spend_before=45 "
    "--target-size 5000",
    "upshot project shop.parquet --itt arm --metric sales --covariates device,country "
    "--target market.parquet",
    "upshot project panel.parquet --itt arm --cluster shopper --metric sales --over "
    "week --forward 2 --rule linear",
    "upshot project shop-capsule.parquet --to device=mobile:0.7,desktop:0.3 --json",
    NULL};

const up_verb upi_verb_project = {
    .name = "project",
    .summary = "will it last, and elsewhere: effects in another population or later",
    .doc =
        "Carries the effects of an experiment over to another population, to periods "
        "to come, or to both. The model must be interacted (the default) and hold the "
        "covariates in which the target differs.\n\n"
        "A target is shares of levels (--to), means of numbers (--means), or rows "
        "(--target). Rows of the experiment are weighted so that the covariates are "
        "distributed as there: by known shares, raking, entropy balancing, or the odds "
        "of being in the target. The standard errors hold the uncertainty of the "
        "weights and of the target. The table of weights shows what was reached, and "
        "the effective rows what it cost.\n\n"
        "What rests on no data is refused with the numbers and the nearest valid "
        "request: a level the experiment does not have, or has in one arm only, and a "
        "mean outside its reach.\n\n"
        "--forward N fits a stated rule to the effects by period, under their joint "
        "covariance, and carries it on. The fit is tested; a horizon above half of "
        "the periods observed, or a rule that does not fit, is refused unless "
        "accepted. What the result rests on is named among its assumptions.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
