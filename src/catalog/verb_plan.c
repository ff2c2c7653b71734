/* The tables of the verbs `power` and `assign`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

#define OPTION_VALUE(n, g, lo, hi, v, e, d)                                            \
    {                                                                                  \
        .name = (n), .type = UP_OPTION_NUMBER, .value = (v), .min = (lo), .max = (hi), \
        .group = (g), .example = (e), .doc = (d)                                       \
    }

static const up_option power_options[] = {
    {.name = "source",
        .type = UP_OPTION_PATH,
        .value = "SOURCE",
        .positional = 1,
        .group = "Data",
        .example = "shop.parquet",
        .doc = "Past data to plan from: rows without arms (a history), rows of an "
               "experiment (with --itt), or a capsule. Leave it out to plan from "
               "numbers."},
    {.name = "effect",
        .type = UP_OPTION_TEXT,
        .value = "EFFECT",
        .group = "Question",
        .example = "2%",
        .doc = "The effect to be found, in the unit of the metric, or with % of the "
               "baseline; a decrease as --effect=-2%. Without it: the smallest effect "
               "that --units find. With --test: the true difference, usually none."},
    OPTION_VALUE("units", "Question", 2, 1e15, "N", "20000",
        "Units assigned, all arms together. Without it: the units that the effect "
        "needs."),
    {.name = "power",
        .type = UP_OPTION_NUMBER,
        .value = "P",
        .fallback = "0.8",
        .min = 0.05,
        .max = 0.9999,
        .group = "Question",
        .example = "0.9",
        .doc = "The probability with which the effect is to be found."},
    {.name = "alpha",
        .type = UP_OPTION_NUMBER,
        .value = "ALPHA",
        .fallback = "0.05",
        .min = 1e-9,
        .max = 0.5,
        .group = "Question",
        .example = "0.01",
        .doc = "The probability of finding an effect where there is none."},
    {.name = "sides",
        .type = UP_OPTION_ENUM,
        .value = "SIDES",
        .fallback = "two-sided",
        .choices = "two-sided|greater|less",
        .group = "Question",
        .example = "greater",
        .doc = "Which effects count. For a non-inferiority test less says that less is "
               "better."},
    {.name = "test",
        .type = UP_OPTION_ENUM,
        .value = "TEST",
        .fallback = "superiority",
        .choices = "superiority|non-inferiority|equivalence",
        .group = "Question",
        .example = "non-inferiority",
        .doc = "What has to be shown: a difference; that an arm is not worse by the "
               "margin; or that it is neither worse nor better by it."},
    {.name = "margin",
        .type = UP_OPTION_TEXT,
        .value = "MARGIN",
        .group = "Question",
        .example = "1%",
        .doc = "The margin of --test, in the unit of the metric or with %. Without it: "
               "the "
               "smallest margin that --units can show."},
    {.name = "curve",
        .type = UP_OPTION_INTEGER,
        .value = "POINTS",
        .fallback = "0",
        .max = 1000,
        .group = "Question",
        .example = "8",
        .doc = "Add this many rows with sizes from a quarter to twice the plan's: "
               "power at "
               "each, or the smallest effect."},
    {.name = "per-day",
        .type = UP_OPTION_NUMBER,
        .value = "N",
        .fallback = "0",
        .max = 1e15,
        .group = "Question",
        .example = "1500",
        .doc = "Units that arrive per day, so that days are given too."},
    {.name = "kind",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "mean",
        .choices = "mean|proportion|ratio",
        .group = "Numbers",
        .example = "proportion",
        .doc = "Without a source: what a unit's outcome is."},
    OPTION_VALUE("baseline", "Numbers", -1e300, 1e300, "X", "45",
        "Under control: the mean, the proportion, or the mean of the ratio's "
        "numerator."),
    OPTION_VALUE("sd", "Numbers", 0, 1e300, "X", "30",
        "Standard deviation of a unit's value, or of the numerator."),
    OPTION_VALUE("denominator-mean", "Numbers", -1e300, 1e300, "X", "8",
        "Mean of the ratio's denominator."),
    OPTION_VALUE(
        "denominator-sd", "Numbers", 0, 1e300, "X", "5", "Its standard deviation."),
    OPTION_VALUE("correlation", "Numbers", -1, 1, "R", "0.6",
        "Correlation of numerator and denominator."),
    OPTION_VALUE("r2", "Numbers", 0, 0.9999, "R2", "0.4",
        "Share of the variance that covariates explain: the squared correlation with "
        "the "
        "same metric before the experiment."),
    OPTION_VALUE("cluster-size", "Numbers", 1, 1e15, "N", "25",
        "Mean units of a cluster, where clusters are assigned."),
    OPTION_VALUE("cluster-cv", "Numbers", 0, 1e6, "CV", "0.6",
        "Coefficient of variation of the sizes of clusters; 0 = all alike."),
    OPTION_VALUE("icc", "Numbers", 0, 1, "ICC", "0.05",
        "Correlation of two units of one cluster."),
    OPTION_VALUE("takeup", "Numbers", 1e-6, 1, "SHARE", "0.6",
        "Share of an arm that receives what it is assigned to."),
    OPTION_VALUE("crossover", "Numbers", 0, 0.999, "SHARE", "0.1",
        "Share of control that receives the treatment all the same."),
    OPTION_VALUE("attrition", "Numbers", 0, 0.999, "SHARE", "0.15",
        "Share of the units whose outcome will not be seen."),
    {.name = "arms",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 32,
        .group = "Arms",
        .example = "3",
        .doc = "Arms, with control. 0: those of the experiment in the source, else 2."},
    {.name = "shares",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Arms",
        .example = "0.5,0.25,0.25",
        .doc = "Share of each arm, control first. Without it: those of the experiment, "
               "else equal."},
    {.name = "adjust",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "none",
        .choices = "none|bonferroni|dunnett",
        .group = "Arms",
        .example = "dunnett",
        .doc = "How alpha is shared by the comparisons of several arms with control."},
    {.name = "power-of",
        .type = UP_OPTION_ENUM,
        .value = "WHICH",
        .fallback = "each",
        .choices = "each|any|all",
        .group = "Arms",
        .example = "all",
        .doc =
            "Whose power, where all arms have the effect: each comparison's, that of "
            "at least one, or of all of them."},
    {.name = "inference",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "fixed",
        .choices = "fixed|anytime|group",
        .group = "Looks",
        .example = "group",
        .doc = "How often the data are looked at: once; at any time, by a confidence "
               "sequence tuned to the planned size; or at planned looks."},
    {.name = "looks",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 50,
        .group = "Looks",
        .example = "4",
        .doc = "Looks, equally spaced; 0 is 5 for group and 50 for anytime."},
    {.name = "spending",
        .type = UP_OPTION_ENUM,
        .value = "FAMILY",
        .fallback = "obrien-fleming",
        .choices = "obrien-fleming|pocock|hwang-shih-decani|power",
        .group = "Looks",
        .example = "pocock",
        .doc = "How alpha is spent over planned looks."},
    {.name = "spending-parameter",
        .type = UP_OPTION_NUMBER,
        .value = "X",
        .fallback = "0",
        .min = -40,
        .max = 50,
        .group = "Looks",
        .example = "2",
        .doc = "Parameter of hwang-shih-decani or power; 0 is the usual one."},
    {.name = "null-variance",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "unpooled",
        .choices = "unpooled|pooled",
        .group = "Question",
        .example = "pooled",
        .doc =
            "Of proportions: the variance of each arm, as 'upshot effect' uses it, or "
            "pooled as in the score test of textbooks."},
    {.name = "normal",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "The normal distribution in place of t."},
    {.name = "simulate",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 100000,
        .group = "Question",
        .example = "500",
        .doc =
            "With a source: draw this many experiments of the plan's size from it, put "
            "the effect in, fit each, and count."},
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field power_result[] = {
    RESULT_COMMON,
    {"rows", "array", "the plan of each metric; then the points of its curve"},
    {"rows[].metric", "string", "name of the metric; empty when planned from numbers"},
    {"rows[].point", "string", "plan, curve or simulated"},
    {"rows[].units", "number", "units to assign, all arms"},
    {"rows[].control_units", "number", "units of control"},
    {"rows[].arm_units", "number", "units of the smallest other arm"},
    {"rows[].clusters", "number", "clusters, all arms; null without"},
    {"rows[].days", "number", "units over --per-day; null without"},
    {"rows[].power", "number", "at these units"},
    {"rows[].power_std_error", "number", "of a simulated power; null for others"},
    {"rows[].effect", "number", "of the treatment, in the unit of the metric"},
    {"rows[].relative", "number", "effect over baseline, a fraction"},
    {"rows[].itt_effect", "number", "effect of being assigned"},
    {"rows[].margin", "number", "in the unit of the metric; null for superiority"},
    {"rows[].baseline", "number", "mean, share or ratio under control"},
    {"rows[].std_error", "number", "of the effect of assignment at these units"},
    {"rows[].df", "number", "degrees of freedom; null = normal"},
    {"rows[].critical", "number", "standard errors at which the last look rejects"},
    {"rows[].design_effect", "number", "variance with clusters over without"},
    {"rows[].inflation", "number", "units over those of one look"},
    {"rows[].expected_units", "number", "used on average if the effect is there"},
    {"rows[].expected_units_null", "number", "used on average if there is none"},
    {"rows[].r2", "number", "from data: share of variance covariates take away"},
    {"rows[].icc", "number", "from data: correlation within clusters"},
    {"rows[].cluster_size", "number", "from data: mean rows of a cluster"},
    {"rows[].cluster_cv", "number", "from data: variation of the sizes"},
    {"rows[].takeup", "number", "from data: share of the arm that received it"},
    {"rows[].crossover", "number", "from data: share of control that received it"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const power_refusals[] = {"E_ARGUMENT", "E_PLAN", "E_COLUMN",
    "E_EXPRESSION", "E_MISSING", "E_ARMS", "E_UNIT", "E_CLUSTER", "E_POST_TREATMENT",
    "E_NEEDS_ROWS", "E_SRM", "E_STRICT", NULL};

static const char *const power_examples[] = {
    "upshot power --baseline 45 --sd 30 --effect 2%",
    "upshot power --kind proportion --baseline 0.1 --effect 0.01 --curve 8",
    "upshot power --sd 30 --units 20000 --r2 0.4 --inference group --looks 4",
    "upshot power shop.parquet --metric sales --covariates spend_before --effect 2% "
    "--per-day 1500",
    "upshot power panel.parquet --metric sales --cluster shopper --units 8000",
    "upshot power shop.parquet --metric sales --effect 3% --units 4000 --simulate 200",
    NULL};

const up_verb upi_verb_power = {
    .name = "power",
    .summary = "how many units: sample size, power, smallest effect",
    .doc =
        "Give an effect and the units follow; give units and the smallest effect that "
        "they find follows; give both and the power follows. From numbers, or from "
        "past "
        "data: then the standard error of the effect comes from the model that the "
        "analysis will use, with its covariates, clusters and compliance, and is "
        "scaled "
        "to the planned size.\n\n"
        "Rows without arms are a history: they are split at random, whole clusters "
        "together, as if an experiment without an effect had been run on them. Their "
        "spread should be that of the units to come, over as long a period.\n\n"
        "Tests are those of 'upshot effect': unpooled, with t. For several arms power "
        "is that of each comparison unless --power-of says otherwise. The units cover "
        "attrition and, by --takeup and --crossover, noncompliance.",
    .options = power_options,
    .result = power_result,
    .refusals = power_refusals,
    .examples = power_examples,
};

static const up_option assign_options[] = {
    OPTION_SOURCE,
    {.name = "unit",
        .type = UP_OPTION_TEXT,
        .value = "COLUMN",
        .required = 1,
        .group = "Design",
        .example = "shopper",
        .doc = "Identifier of the unit; no two rows may have the same."},
    {.name = "arms",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Design",
        .example = "control,blue,green",
        .doc = "Labels of the arms, control first. Without it: control,treatment."},
    {.name = "shares",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Design",
        .example = "0.5,0.25,0.25",
        .doc = "Share of each arm, in the same order. Without it: equal."},
    {.name = "method",
        .type = UP_OPTION_ENUM,
        .value = "METHOD",
        .fallback = "complete",
        .choices = "complete|bernoulli|rerandomised|hash",
        .group = "Design",
        .example = "hash",
        .doc =
            "complete: exact counts. bernoulli: each unit on its own. rerandomised: "
            "complete assignments are drawn until --covariates are balanced. hash: by "
            "a salted hash of the identifier, so that nothing has to be stored."},
    {.name = "strata",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Design",
        .example = "country,device",
        .doc = "Columns within whose combinations the counts are exact."},
    {.name = "cluster",
        .type = UP_OPTION_TEXT,
        .value = "COLUMN",
        .group = "Design",
        .example = "household",
        .doc = "Whole clusters are assigned: all their units get one arm."},
    {.name = "covariates",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Design",
        .example = "spend_before,visits_before",
        .doc = "Numbers or conditions known before, to balance (rerandomised) or to "
               "judge the balance by."},
    {.name = "accept",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "0.01",
        .min = 1e-9,
        .max = 0.999,
        .group = "Design",
        .example = "0.05",
        .doc = "rerandomised: the best balanced share of all draws, one of which is "
               "taken."},
    {.name = "max-draws",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "100000",
        .min = 1,
        .max = 1e12,
        .group = "Design",
        .example = "10000",
        .doc = "rerandomised: draws before giving up."},
    {.name = "probability-draws",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 1e6,
        .group = "Design",
        .example = "1000",
        .doc =
            "rerandomised with unequal shares: accepted draws from which each unit's "
            "probability is estimated; 0 gives the share, which is the average."},
    {.name = "salt",
        .type = UP_OPTION_TEXT,
        .value = "TEXT",
        .group = "Design",
        .example = "checkout.button",
        .doc = "hash: text before the identifier, SHA-1 of 'salt.identifier' as in "
               "PlanOut. Another experiment needs another salt."},
    {.name = "layer",
        .type = UP_OPTION_TEXT,
        .value = "NAME",
        .group = "Design",
        .example = "homepage",
        .doc = "hash: experiments in disjoint parts of one layer never share a unit."},
    {.name = "from",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "0",
        .max = 1,
        .group = "Design",
        .example = "0.25",
        .doc = "hash: where this experiment's part of the layer begins."},
    {.name = "upto",
        .type = UP_OPTION_NUMBER,
        .value = "SHARE",
        .fallback = "1",
        .max = 1,
        .group = "Design",
        .example = "0.75",
        .doc = "hash: where it ends. Units outside are left out."},
    {.name = "to",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Output",
        .example = "assigned.parquet",
        .doc =
            "Write the units here (.csv, .csv.gz, .parquet): identifier, cluster, arm, "
            "propensity. Without it the units are the rows of the answer."},
    {.name = "force",
        .type = UP_OPTION_FLAG,
        .group = "Output",
        .example = "true",
        .doc = "Replace the file if it is there already."},
    OPTION_LIMIT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field assign_result[] = {
    RESULT_COMMON,
    {"rows", "array", "with --to one object per arm, else one per unit"},
    {"rows[].arm", "string", "label of the arm"},
    {"rows[].propensity", "number", "probability of the arm (per unit, or as planned)"},
    {"rows[].unit", "string", "without --to: the identifier"},
    {"rows[].cluster", "string", "without --to: its cluster, or empty"},
    {"rows[].units", "integer", "with --to: units that got the arm"},
    {"rows[].clusters", "integer", "with --to: clusters that got it"},
    {"rows_total", "integer", "rows there are; compact output may show fewer"},
    {"files", "array", "the file that was written"},
    {"warnings", "array", "notes: code, severity, field, number, threshold, text"},
    {"next", "array", "commands that would be worth running next"},
    {"options", "object", "the options as resolved, with the seed and the balance"},
    {"input", "object", "source and rows"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};

static const char *const assign_refusals[] = {"E_ARGUMENT", "E_UNIT", "E_COLUMN",
    "E_TYPE", "E_MISSING", "E_NOT_FINITE", "E_CLUSTER", "E_EMPTY", "E_NO_VARIATION",
    "E_PLAN", "E_WRITE", NULL};

static const char *const assign_examples[] = {
    "upshot assign shop.csv --unit shopper --to assigned.csv --seed 7",
    "upshot assign shop.csv --unit shopper --arms control,blue,green --shares "
    "0.5,0.25,0.25 --strata country,device --to assigned.parquet",
    "upshot assign shop.csv --unit shopper --method rerandomised --covariates "
    "spend_before,visits_before --seed 7",
    "upshot assign shop.csv --unit shopper --method hash --salt checkout.button --csv",
    NULL};

const up_verb upi_verb_assign = {
    .name = "assign",
    .summary = "who gets which arm, reproducibly, with exact probabilities",
    .doc =
        "Assigns every unit of a source to an arm. The same seed (or salt) gives the "
        "same "
        "arms for any order of the rows and any number of threads, because every "
        "random "
        "number is keyed by the unit's own identifier.\n\n"
        "The answer holds the probability of the arm each unit got: exactly its share "
        "under complete, stratified, cluster, bernoulli and hash assignment, also "
        "where "
        "counts do not divide evenly. Give both columns to the analysis: upshot effect "
        "--itt arm --propensity propensity, with --cluster and --strata as here.",
    .options = assign_options,
    .result = assign_result,
    .refusals = assign_refusals,
    .examples = assign_examples,
};
