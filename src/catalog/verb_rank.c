/* The table of the verb `rank`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTIONS_BAYES,
    OPTION_WHERE,
    OPTION_BY,
    OPTIONS_OVER,
    OPTION_AGAINST,
    OPTION_ESTIMAND,
    OPTION_POPULATION,
    {.name = "minimize",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "METRIC",
        .group = "Question",
        .example = "returns",
        .doc = "A metric of which less is better. May be repeated."},
    {.name = "shrink",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "none",
        .choices = "none|arms|segments",
        .group = "Question",
        .example = "segments",
        .doc =
            "Draw effects towards their common mean before ranking: those of the arms "
            "of a segment, or those of an arm in all segments. How far is learnt "
            "from how much they differ beyond their errors."},
    {.name = "draws",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "200000",
        .min = 100,
        .max = 1e8,
        .group = "Question",
        .example = "1000000",
        .doc = "Draws, where ranks have to be simulated: five arms or more that depend "
               "on one another."},
    OPTION_PLANNED,
    OPTION_LEVEL("Probability of the credible intervals."),
    OPTION_LIMIT,
    OPTION_ACCEPT_PEEK,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array",
        "one object per metric, segment, period and arm, the control too"},
    {"rows[].metric", "string", "name of the metric"},
    {"rows[].segment", "string", "the condition; empty for everyone"},
    {"rows[].period", "string", "label of the period; empty for all"},
    {"rows[].arm", "string", "the arm; the one compared with comes first"},
    {"rows[].estimate", "number",
        "posterior mean of its effect; 0 for the arm compared with"},
    {"rows[].conf_low", "number", "lower end of the credible interval"},
    {"rows[].conf_high", "number", "upper end"},
    {"rows[].prob_best", "number", "probability that no arm is better"},
    {"rows[].prob_better", "number",
        "probability that it is better than the arm compared with; null for that arm"},
    {"rows[].expected_rank", "number", "from 1, the best"},
    {"rows[].expected_loss", "number",
        "what choosing the arm is expected to cost against the best, in the unit of "
        "the "
        "metric"},
    {"rows[].std_error", "number", "scale of the posterior of the effect"},
    {"rows[].df", "number", "degrees of freedom of the posterior; null = normal"},
    {"rows[].overstatement", "number",
        "by how much the best-looking arm's estimate is too good on average, if all "
        "effects "
        "were as estimated"},
    {"rows[].tau", "number",
        "with shrink: standard deviation of true effects about their mean"},
    {"rows[].error", "number", "of prob_best"},
    {"rows[].method", "string", "closed, quadrature or simulation"},
    {"rows[].prob_rank_1", "number", "probability of being best"},
    {"rows[].prob_rank_2", "number", "of the second rank; and so on, to prob_rank_12"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_COLUMN", "E_EXPRESSION", "E_MISSING",
    "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION", "E_UNIT", "E_CLUSTER", "E_PROPENSITY",
    "E_WEIGHT", "E_POST_TREATMENT", "E_CONDITION", "E_SINGULAR", "E_ESTIMAND",
    "E_NEEDS_ROWS", "E_PRIOR", "E_ARGUMENT", "E_EMPTY", "E_SRM", "E_BALANCE",
    "E_WEAK_INSTRUMENT", "E_PEEK", "E_STRICT", NULL};

static const char *const examples[] = {"upshot rank shop.parquet --itt arm --metric "
                                       "sales --covariates device,spend_before",
    "upshot rank shop.parquet --itt arm --metric sales --covariates device --by device "
    "--shrink segments",
    "upshot rank shop.parquet --itt arm --metric sales --prior 'effect ~ normal(0, "
    "5%)'",
    "upshot rank shop-capsule.parquet --minimize sales --json", NULL};

const up_verb upi_verb_rank = {
    .name = "rank",
    .summary = "which arm is best: probabilities, ranks and expected loss",
    .doc =
        "For each metric, segment and period: the probability that each arm is best, "
        "that "
        "it has any other rank, that it is better than control, and what choosing it "
        "is "
        "expected to cost against the best.\n\n"
        "Without a --prior the effects are taken as the posterior of a flat prior. "
        "Probabilities are computed, not simulated, for up to four arms and for any "
        "number "
        "of arms that are independent; the method and its error stand beside them.\n\n"
        "The arm that looks best was partly lucky: the note N_WINNERS_CURSE says by "
        "how "
        "much. --shrink or a --prior allows for it.\n\n"
        "Takes every design, metric and model that 'upshot effect' takes, rows or a "
        "capsule.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
