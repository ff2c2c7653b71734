/* The options that several verbs share, as initialisers, so that each is written once. */
#ifndef UPI_OPTIONS_H
#define UPI_OPTIONS_H

#include <upshot/catalog.h>

#define OPTION_SOURCE                                                                  \
    {                                                                                  \
        .name = "source", .type = UP_OPTION_PATH, .value = "SOURCE", .required = 1,    \
        .positional = 1, .group = "Data", .example = "shop.parquet",                   \
        .doc = "The rows: a CSV, TSV, Parquet or JSON-lines file (also .gz, .zst), a " \
               "glob of them, file.duckdb::table, or - for CSV on standard input."     \
    }

/* For fit, effect and check, which read a capsule as well. */
#define OPTION_SOURCE_OR_CAPSULE                                                       \
    {                                                                                  \
        .name = "source", .type = UP_OPTION_PATH, .value = "SOURCE", .required = 1,    \
        .positional = 1, .group = "Data", .example = "shop.parquet",                   \
        .doc =                                                                         \
            "The rows: a CSV, TSV, Parquet or JSON-lines file (also .gz, .zst), a "    \
            "glob of them, file.duckdb::table, or - for CSV on standard input; or a "  \
            "capsule saved by 'upshot fit --save', which brings its own roles."        \
    }

#define OPTION_COLUMN(n, d, e)                                                         \
    {                                                                                  \
        .name = (n), .type = UP_OPTION_TEXT, .value = "COLUMN", .group = "Design",     \
        .doc = (d), .example = (e)                                                     \
    }

/* The roles: how units were randomised. */
#define OPTIONS_ROLES                                                                  \
    OPTION_COLUMN("itt",                                                               \
        "The arm each unit was assigned to (intent to treat). Needed unless the "      \
        "source "                                                                      \
        "is a capsule. Every role takes a column or an expression over columns.",      \
        "arm"),                                                                        \
        OPTION_COLUMN("treated",                                                       \
            "The arm each unit actually received, where it may differ from the one "   \
            "assigned.",                                                               \
            "treated"),                                                                \
        OPTION_COLUMN("propensity",                                                    \
            "The probability, known by design, with which the unit got what it was "   \
            "assigned to (the instrument if given, else the arm). Leave it out if it " \
            "is the same for all units.",                                              \
            "propensity"),                                                             \
        OPTION_COLUMN("instrument",                                                    \
            "What was randomised, if that is not the column of --itt.", "invited"),    \
        OPTION_COLUMN("cluster",                                                       \
            "Units that were assigned together, or rows that belong to one unit.",     \
            "household"),                                                              \
        OPTION_COLUMN(                                                                 \
            "cluster2", "A second way in which rows are clustered.", "week"),          \
        OPTION_COLUMN("unit",                                                          \
            "Identifier of the unit. Repeated units without a cluster are refused.",   \
            "shopper"),                                                                \
        OPTION_COLUMN(                                                                 \
            "time", "The period of the row, for effects over time.", "week"),          \
        OPTION_COLUMN("strata",                                                        \
            "Strata within which units were assigned; they become a covariate.",       \
            "country"),                                                                \
        OPTION_COLUMN("weight", "Analytic weight of the row, above 0.", "weight"),     \
        {.name = "control",                                                            \
            .type = UP_OPTION_TEXT,                                                    \
            .value = "LABEL",                                                          \
            .group = "Design",                                                         \
            .example = "control",                                                      \
            .doc =                                                                     \
                "Label of the control arm. Without it: control, 0, false or A, else "  \
                "the first label."},                                                   \
        {.name = "expected-split",                                                     \
            .type = UP_OPTION_TEXT,                                                    \
            .value = "SHARES",                                                         \
            .group = "Design",                                                         \
            .example = "control=0.5,diverse=0.5",                                      \
            .doc =                                                                     \
                "The planned share of each arm, for the sample-ratio check. Without "  \
                "it: equal shares."},                                                  \
        {.name = "filter",                                                             \
            .type = UP_OPTION_TEXT,                                                    \
            .value = "CONDITION",                                                      \
            .group = "Design",                                                         \
            .example = "country = 'US'",                                               \
            .doc = "Analyse only the rows for which the condition holds. Use columns " \
                   "that treatment cannot change."},                                   \
        {.name = "missing",                                                            \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "POLICY",                                                         \
            .fallback = "refuse",                                                      \
            .choices = "refuse|drop|indicator",                                        \
            .group = "Design",                                                         \
            .example = "drop",                                                         \
            .doc =                                                                     \
                "What to do with missing values: refuse; drop the rows, with a note;"  \
                " or give missing covariates a level of their own."},                  \
    {                                                                                  \
        .name = "assigned-by-cluster", .type = UP_OPTION_FLAG, .group = "Design",      \
        .example = "true",                                                             \
        .doc = "Clusters were assigned as a whole: a cluster in two arms is then "     \
               "an error."                                                             \
    }

#define OPTIONS_METRICS                                                                \
    {.name = "metric",                                                                 \
        .type = UP_OPTION_LIST,                                                        \
        .value = "METRIC",                                                             \
        .group = "Metrics",                                                            \
        .example = "sales",                                                            \
        .doc = "What is measured: a column, 'name = expression', or 'name = "          \
               "ratio(a, b)'. May be repeated. A condition is a proportion."},         \
        {.name = "covariates",                                                         \
            .type = UP_OPTION_LIST,                                                    \
            .commas = 1,                                                               \
            .value = "LIST",                                                           \
            .group = "Metrics",                                                        \
            .example = "device,spend_before",                                          \
            .doc = "Columns or expressions measured before treatment, which make the " \
                   "intervals narrower; separated by commas. Text and factor(column) " \
                   "are categorical, numbers linear."},                                \
        {.name = "post",                                                               \
            .type = UP_OPTION_LIST,                                                    \
            .commas = 1,                                                               \
            .value = "LIST",                                                           \
            .group = "Metrics",                                                        \
            .example = "searches,views",                                               \
            .doc = "Columns measured after treatment: they are refused as covariates " \
                   "and in conditions."},                                              \
    {                                                                                  \
        .name = "segment", .type = UP_OPTION_LIST, .value = "CONDITION",               \
        .group = "Metrics", .example = "spend_before > 80",                            \
        .doc = "A condition to keep, so that a later question can ask for it; only "   \
               "needed for conditions on continuous columns. May be repeated."         \
    }

#define OPTIONS_MODEL                                                                  \
    {.name = "vcov",                                                                   \
        .type = UP_OPTION_ENUM,                                                        \
        .value = "KIND",                                                               \
        .fallback = "auto",                                                            \
        .choices = "auto|iid|hc0|hc1|hc2|hc3|cr0|cr1|cr1s|cr2|cr3",                    \
        .group = "Model",                                                              \
        .example = "hc2",                                                              \
        .doc = "Covariance of the coefficients. auto: HC2 for independent rows; with " \
               "clusters CR2, or CR1S when every arm has 2,000 clusters."},            \
        {.name = "interactions",                                                       \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "KIND",                                                           \
            .fallback = "full",                                                        \
            .choices = "full|none",                                                    \
            .group = "Model",                                                          \
            .example = "none",                                                         \
            .doc = "Whether every covariate is interacted with every arm. Segments "   \
                   "need full."},                                                      \
        {.name = "no-covariates",                                                      \
            .type = UP_OPTION_FLAG,                                                    \
            .group = "Model",                                                          \
            .example = "true",                                                         \
            .doc = "Leave the covariates out of the model."},                          \
    {                                                                                  \
        .name = "layout", .type = UP_OPTION_ENUM, .value = "KIND", .fallback = "auto", \
        .choices = "auto|groups|clusters|stream", .group = "Model",                    \
        .example = "stream",                                                           \
        .doc = "How rows are compressed. auto takes the cheapest that is exact."       \
    }

/* What causes what. Verbs with these compress the metrics that the graph names. */
#define OPTIONS_GRAPH                                                                  \
    {.name = "graph",                                                                  \
        .type = UP_OPTION_TEXT,                                                        \
        .value = "GRAPH",                                                              \
        .group = "Graph",                                                              \
        .example = "arm -> {searches views sales}; searches -> {views sales}; "        \
                   "views -> sales",                                                   \
        .doc = "What causes what, as text or as a file: arrows from cause to effect "  \
               "(also DOT and dagitty). Nodes become metrics by themselves. See "      \
               "'upshot guide why'."},                                                 \
    {                                                                                  \
        .name = "interaction", .type = UP_OPTION_LIST, .commas = 1, .value = "A:B",    \
        .group = "Graph", .example = "arm:searches",                                   \
        .doc = "A mediator that acts differently by arm (arm:searches), or two that "  \
               "act together (searches:views), in every equation that has both; "      \
               "'arm:searches -> sales' in one alone. May be repeated."                \
    }

/* For verbs that estimate effects without splitting them. */
#define OPTION_GUARD_GRAPH                                                             \
    {                                                                                  \
        .name = "graph", .type = UP_OPTION_TEXT, .value = "GRAPH", .group = "Graph",   \
        .example = "device -> sales; arm -> searches -> sales",                        \
        .doc =                                                                         \
            "What causes what, as text or as a file. It then guards the analysis: "    \
            "covariates that follow from the treatment or open a path, and effects "   \
            "that the graph does not identify, are refused with the path."             \
    }

/* The prior, for verbs that infer. */
#define OPTIONS_BAYES                                                                  \
    {.name = "posterior",                                                              \
        .type = UP_OPTION_ENUM,                                                        \
        .value = "KIND",                                                               \
        .fallback = "none",                                                            \
        .choices = "none|robust|nig",                                                  \
        .group = "Model",                                                              \
        .example = "robust",                                                           \
        .doc = "Bayesian regression. robust: the estimates as normal with the "        \
               "covariance of --vcov, for any design. nig: normal-inverse-gamma, for " \
               "independent rows of one variance. none becomes robust when a --prior " \
               "is given."},                                                           \
        {.name = "prior",                                                              \
            .type = UP_OPTION_LIST,                                                    \
            .value = "PRIOR",                                                          \
            .group = "Model",                                                          \
            .example = "effect ~ normal(0, 5%)",                                       \
            .doc = "A belief: 'effect ~ normal(MEAN, SCALE)' on the average effect "   \
                   "of every arm, 'effect(ARM) ~ ...' of one, or 'NAME ~ ...' on "     \
                   "coefficients as 'upshot fit' lists them, with * for any "          \
                   "characters. In the unit of the metric; in % of the baseline "      \
                   "(effects); with nig the scale in residual standard deviations, "   \
                   "'normal(0, 0.1 sd)'. 'for METRIC' at the end limits it. May be "   \
                   "repeated; what no belief names has a flat prior."},                \
        {.name = "prior-shape",                                                        \
            .type = UP_OPTION_NUMBER,                                                  \
            .value = "A",                                                              \
            .fallback = "0",                                                           \
            .max = 1e9,                                                                \
            .group = "Model",                                                          \
            .example = "2",                                                            \
            .doc = "nig: shape of the inverse-gamma prior of the residual variance; "  \
                   "0 is flat."},                                                      \
    {                                                                                  \
        .name = "prior-rate", .type = UP_OPTION_NUMBER, .value = "B", .fallback = "0", \
        .max = 1e300, .group = "Model", .example = "1",                                \
        .doc = "nig: its rate, in the squared unit of the metric."                     \
    }

/* Whose effects: segments, periods, comparison. */
#define OPTION_WHERE                                                                   \
    {                                                                                  \
        .name = "where", .type = UP_OPTION_LIST, .value = "CONDITION",                 \
        .group = "Question", .example = "device = 'mobile'",                           \
        .doc = "Effect among the units for which a condition on covariates or time "   \
               "holds. May be repeated: each condition gives a row."                   \
    }
#define OPTION_BY                                                                      \
    {                                                                                  \
        .name = "by", .type = UP_OPTION_TEXT, .value = "COVARIATE",                    \
        .group = "Question", .example = "device",                                      \
        .doc = "One row per level of a covariate."                                     \
    }
#define OPTIONS_OVER                                                                   \
    {.name = "over",                                                                   \
        .type = UP_OPTION_TEXT,                                                        \
        .value = "COLUMN",                                                             \
        .group = "Question",                                                           \
        .example = "week",                                                             \
        .doc = "Short for --time COLUMN --over-time."},                                \
        {.name = "over-time",                                                          \
            .type = UP_OPTION_FLAG,                                                    \
            .group = "Question",                                                       \
            .example = "true",                                                         \
            .doc = "One row per period of the time role."},                            \
    {                                                                                  \
        .name = "cumulative", .type = UP_OPTION_FLAG, .group = "Question",             \
        .example = "true",                                                             \
        .doc = "With --over-time: the sum of the effects up to each period."           \
    }
#define OPTION_AGAINST                                                                 \
    {                                                                                  \
        .name = "against", .type = UP_OPTION_TEXT, .value = "ARM",                     \
        .group = "Question", .example = "diverse",                                     \
        .doc = "The arm to compare with, if not control."                              \
    }
#define OPTION_ESTIMAND                                                                \
    {                                                                                  \
        .name = "estimand", .type = UP_OPTION_ENUM, .value = "KIND",                   \
        .fallback = "default", .choices = "default|itt|late|att|ate",                  \
        .group = "Question", .example = "itt",                                         \
        .doc = "What to estimate. default: the average effect under full "             \
               "compliance, else the effect on compliers (late)."                      \
    }
#define OPTION_POPULATION                                                              \
    {                                                                                  \
        .name = "population", .type = UP_OPTION_ENUM, .value = "KIND",                 \
        .fallback = "super", .choices = "super|sample", .group = "Question",           \
        .example = "sample",                                                           \
        .doc = "Whom the interval speaks of: the population the units come from, or "  \
               "these very units."                                                     \
    }

/* What intervals promise, margins, and adjustment for many comparisons: catalog/inference.h. */
#define OPTIONS_INFERENCE                                                              \
    {.name = "inference",                                                              \
        .type = UP_OPTION_ENUM,                                                        \
        .value = "KIND",                                                               \
        .fallback = "fixed",                                                           \
        .choices = "fixed|anytime|group",                                              \
        .group = "Inference",                                                          \
        .example = "anytime",                                                          \
        .doc = "fixed: one look at a size fixed in advance. anytime: intervals and "   \
               "p-values that hold at every look; needs --planned. group: those of a " \
               "group-sequential plan; needs --information."},                         \
        {.name = "sides",                                                              \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "KIND",                                                           \
            .fallback = "two",                                                         \
            .choices = "two|greater|less",                                             \
            .group = "Inference",                                                      \
            .example = "greater",                                                      \
            .doc = "Which effects are looked for: any, increases, or decreases. "      \
                   "One-sided "                                                        \
                   "intervals have one end."},                                         \
        {.name = "planned",                                                            \
            .type = UP_OPTION_NUMBER,                                                  \
            .value = "N",                                                              \
            .min = 1,                                                                  \
            .max = 1e15,                                                               \
            .group = "Inference",                                                      \
            .example = "20000",                                                        \
            .doc =                                                                     \
                "The planned size, in rows, or in clusters where there are clusters: " \
                "fixed inference is refused before it (E_PEEK), anytime intervals "    \
                "are shortest there, and --information may be given in it. Not the "   \
                "size so far; the same at every look."},                               \
        {.name = "mixture",                                                            \
            .type = UP_OPTION_NUMBER,                                                  \
            .value = "G",                                                              \
            .min = 1e-9,                                                               \
            .max = 1e15,                                                               \
            .group = "Inference",                                                      \
            .example = "630",                                                          \
            .doc = "For anytime: the precision g of the mixture itself, in place of "  \
                   "--planned."},                                                      \
        {.name = "information",                                                        \
            .type = UP_OPTION_LIST,                                                    \
            .commas = 1,                                                               \
            .value = "LIST",                                                           \
            .group = "Inference",                                                      \
            .example = "0.25,0.5",                                                     \
            .doc = "For group: the information at every look up to this one, as "      \
                   "fractions "                                                        \
                   "of the plan; or in rows (clusters) with --planned."},              \
        {.name = "spending",                                                           \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "KIND",                                                           \
            .fallback = "obrien-fleming",                                              \
            .choices = "obrien-fleming|pocock|hwang-shih-decani|power",                \
            .group = "Inference",                                                      \
            .example = "pocock",                                                       \
            .doc = "For group: how alpha is spent over the looks."},                   \
        {.name = "spending-parameter",                                                 \
            .type = UP_OPTION_NUMBER,                                                  \
            .value = "X",                                                              \
            .min = -100,                                                               \
            .max = 100,                                                                \
            .group = "Inference",                                                      \
            .example = "-4",                                                           \
            .doc = "For group: gamma of hwang-shih-decani, rho of power."},            \
        {.name = "interval",                                                           \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "KIND",                                                           \
            .fallback = "wald",                                                        \
            .choices = "wald|ar",                                                      \
            .group = "Inference",                                                      \
            .example = "ar",                                                           \
            .doc =                                                                     \
                "wald: estimate and standard error. ar: the Anderson-Rubin set of an " \
                "effect on compliers, right however weak the instrument."},            \
        {.name = "margin",                                                             \
            .type = UP_OPTION_LIST,                                                    \
            .value = "CLAIM",                                                          \
            .group = "Inference",                                                      \
            .example = "latency <= 2%",                                                \
            .doc =                                                                     \
                "What is to be shown of the effect on a guardrail, in the unit of "    \
                "the "                                                                 \
                "metric or in % of the baseline: 'latency <= 2%' and 'sales >= -1%' "  \
                "(not worse by more), 'sales within 3%' (equivalent), 'sales >= 2%' "  \
                "(better by more). One-sided at the level. May be repeated."},         \
        {.name = "adjust",                                                             \
            .type = UP_OPTION_ENUM,                                                    \
            .value = "KIND",                                                           \
            .fallback = "none",                                                        \
            .choices = "none|bonferroni|holm|hochberg|hommel|bh|by|e-bh|max-t|"        \
                       "max-t-step-down",                                              \
            .group = "Inference",                                                      \
            .example = "holm",                                                         \
            .doc =                                                                     \
                "Adjust the comparisons of a family for one another: p-value, "        \
                "interval "                                                            \
                "and decision alike. bonferroni and max-t: all intervals hold at "     \
                "once. "                                                               \
                "holm, hochberg, hommel, max-t-step-down: no false decision. bh, by, " \
                "e-bh: few among those made."},                                        \
    {                                                                                  \
        .name = "family", .type = UP_OPTION_LIST, .value = "FAMILY",                   \
        .group = "Inference", .example = "primary: sales, orders",                     \
        .doc =                                                                         \
            "What is adjusted together; without it all rows. metric, arm, segment or " \
            "period: one family for each. 'name: metric, metric': these; all metrics " \
            "that are not named are one more. 'unadjusted: metric' leaves one as it "  \
            "is. May be repeated."                                                     \
    }

/* What the interval is, in a sentence of the verb. */
#define OPTION_LEVEL(text)                                                             \
    {                                                                                  \
        .name = "level", .type = UP_OPTION_NUMBER, .value = "LEVEL",                   \
        .fallback = "0.95", .min = 0.5, .max = 0.999999, .group = "Question",          \
        .example = "0.9", .doc = (text)                                                \
    }

#define OPTIONS_RUN                                                                    \
    {.name = "threads",                                                                \
        .type = UP_OPTION_INTEGER,                                                     \
        .value = "N",                                                                  \
        .fallback = "0",                                                               \
        .max = 256,                                                                    \
        .group = "Run",                                                                \
        .example = "2",                                                                \
        .doc =                                                                         \
            "Worker threads; 0 is all cores. The answer is the same for any number."}, \
        {.name = "memory",                                                             \
            .type = UP_OPTION_TEXT,                                                    \
            .value = "SIZE",                                                           \
            .group = "Run",                                                            \
            .example = "256MB",                                                        \
            .doc = "Memory limit of the engine, e.g. 96MB or 2GB."},                   \
        {.name = "spill",                                                              \
            .type = UP_OPTION_PATH,                                                    \
            .value = "DIRECTORY",                                                      \
            .group = "Run",                                                            \
            .example = "/tmp",                                                         \
            .doc = "Where the engine may put temporary files; it removes them."},      \
    {                                                                                  \
        .name = "seed", .type = UP_OPTION_INTEGER, .value = "N", .fallback = "0",      \
        .max = 9e15, .group = "Run", .example = "7",                                   \
        .doc = "Seed of every random number."                                          \
    }

#define OPTION_LIMIT                                                                   \
    {                                                                                  \
        .name = "limit", .type = UP_OPTION_INTEGER, .value = "N", .fallback = "20",    \
        .min = 1, .max = 1e6, .group = "Output", .example = "50",                      \
        .doc = "Rows in compact JSON; --full gives all."                               \
    }
#define OPTION_ACCEPT                                                                  \
    {                                                                                  \
        .name = "accept", .type = UP_OPTION_LIST, .commas = 1, .value = "CODE",        \
        .choices = "E_SRM|E_PROPENSITY|E_BALANCE|E_WEAK_INSTRUMENT",                   \
        .group = "Output", .example = "E_SRM",                                         \
        .doc =                                                                         \
            "Show the numbers although this check failed; the note N_OVERRIDE then "   \
            "travels with them. May be repeated."                                      \
    }
/* Of verbs that take --planned with fixed inference. */
#define OPTION_ACCEPT_PEEK                                                             \
    {                                                                                  \
        .name = "accept", .type = UP_OPTION_LIST, .commas = 1, .value = "CODE",        \
        .choices = "E_SRM|E_PROPENSITY|E_BALANCE|E_WEAK_INSTRUMENT|E_PEEK",            \
        .group = "Output", .example = "E_SRM",                                         \
        .doc = "Show the numbers although this check failed, or (E_PEEK) before the "  \
               "planned size; the note N_OVERRIDE then travels with them. May be "     \
               "repeated."                                                             \
    }
/* Of verbs whose answer holds for one look, whatever it is. */
#define OPTION_PLANNED                                                                 \
    {                                                                                  \
        .name = "planned", .type = UP_OPTION_NUMBER, .value = "N", .min = 1,           \
        .max = 1e15, .group = "Question", .example = "20000",                          \
        .doc = "The planned size, in rows, or in clusters where there are clusters. "  \
               "The answer holds for one look, at that size: before it, it is "        \
               "refused (E_PEEK)."                                                     \
    }
#define OPTION_STRICT                                                                  \
    {                                                                                  \
        .name = "strict", .type = UP_OPTION_FLAG, .group = "Output",                   \
        .example = "true",                                                             \
        .doc = "Exit with 5 when a check of the design failed that was not accepted."  \
    }
#define OPTION_END                                                                     \
    {                                                                                  \
        .name = NULL                                                                   \
    }

/* Fields that every result has. */
#define RESULT_COMMON                                                                  \
    {"ok", "boolean", "true; a failure has false, code, field, message and fix"},      \
        {"op", "string", "the verb"},                                                  \
    {                                                                                  \
        "headline", "string", "the answer in one sentence"                             \
    }
/* Fields of an effect that inference adds to the rows. */
#define RESULT_INFERENCE                                                               \
    {"rows[].conf_set", "string",                                                      \
        "one-sided or Anderson-Rubin: interval, complement, line, above or below"},    \
        {"rows[].critical", "number",                                                  \
            "multiplier of the standard error in the interval; null when infinite"},   \
        {"rows[].e_value", "number",                                                   \
            "anytime: evidence against no effect; at a level "                         \
            "alpha, 1/alpha decides"},                                                 \
        {"rows[].log_e_value", "number", "anytime: its natural logarithm"},            \
        {"rows[].margin", "string", "with margin: the claim that is to be shown"},     \
        {"rows[].margin_p_value", "number", "with margin: that the claim is not so"},  \
        {"rows[].margin_low", "number",                                                \
            "with margin: lower end of the interval that decides, in the unit of the " \
            "margin (a fraction for %)"},                                              \
        {"rows[].margin_high", "number", "with margin: upper end"},                    \
        {"rows[].family", "string", "adjusted: the family of the comparison"},         \
        {"rows[].family_size", "integer", "adjusted: comparisons in it"},              \
        {"rows[].adjusted_p_value", "number",                                          \
            "adjusted: p-value of the margin where there is one, else of no effect"},  \
        {"rows[].adjusted_low", "number",                                              \
            "adjusted: lower end of the interval; an end at 0 (at the margin) itself " \
            "is "                                                                      \
            "not in it"},                                                              \
        {"rows[].adjusted_high", "number", "adjusted: upper end"},                     \
        {"rows[].adjusted_relative_low", "number",                                     \
            "adjusted: lower end for the relative effect"},                            \
        {"rows[].adjusted_relative_high", "number", "adjusted: upper end"},            \
    {                                                                                  \
        "rows[].decision", "string",                                                   \
            "increase, decrease, non_inferior, equivalent, superior, or none: by the " \
            "interval at the level asked for, adjusted where adjusted"                 \
    }

#define RESULT_CONTEXT                                                                 \
    {"rows_total", "integer", "rows there are; compact output may show fewer"},        \
        {"estimand", "string", "what is estimated, in words"},                         \
        {"assumptions", "array", "what the answer rests on, one sentence each"},       \
        {"warnings", "array",                                                          \
            "notes and warnings: code, severity, field, number, threshold, text"},     \
        {"next", "array", "commands that would be worth running next"},                \
        {"design", "object", "the roles and what follows from them"},                  \
        {"options", "object", "the options as resolved"},                              \
        {"input", "object", "source, rows, groups, layout, fingerprint"},              \
    {                                                                                  \
        "version", "string", "the version of upshot"                                   \
    }
#define RESULT_END                                                                     \
    {                                                                                  \
        NULL, NULL, NULL                                                               \
    }

#endif
