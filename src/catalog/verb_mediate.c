/* The table of the verb `mediate`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTIONS_GRAPH,
    {.name = "outcome",
        .type = UP_OPTION_TEXT,
        .value = "NODE",
        .group = "Graph",
        .example = "sales",
        .doc =
            "The node whose effect is split. Default: as marked in the graph, else the "
            "only metric given, else the only node without an arrow out of it."},
    {.name = "order",
        .type = UP_OPTION_ENUM,
        .value = "ORDER",
        .fallback = "direct-first",
        .choices = "direct-first|direct-last",
        .group = "Graph",
        .example = "direct-last",
        .doc = "With interactions: in which order paths are switched on. direct-first: "
               "the "
               "direct path with mediators as under control, then indirect ones as "
               "they act "
               "with the arm; direct-last: the other way round."},
    {.name = "where",
        .type = UP_OPTION_LIST,
        .value = "CONDITION",
        .group = "Question",
        .example = "device = 'mobile'",
        .doc = "Split the effect among the units for which a condition on covariates "
               "or time "
               "holds. May be repeated: each condition gives a system of its own."},
    {.name = "by",
        .type = UP_OPTION_TEXT,
        .value = "COVARIATE",
        .group = "Question",
        .example = "device",
        .doc = "One system per level of a covariate."},
    {.name = "over-time",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "One system per period of the time role."},
    {.name = "against",
        .type = UP_OPTION_TEXT,
        .value = "ARM",
        .group = "Question",
        .example = "diverse",
        .doc = "The arm to compare with, if not control."},
    {.name = "estimand",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "default",
        .choices = "default|itt|late|att|ate",
        .group = "Question",
        .example = "itt",
        .doc = "Whose effect is split. Under noncompliance only itt, the effect of "
               "assignment, "
               "has paths that are identified."},
    {.name = "interval",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "delta",
        .choices = "delta|montecarlo|bootstrap",
        .group = "Question",
        .example = "montecarlo",
        .doc = "delta: from the joint covariance of all coefficients. montecarlo: "
               "quantiles over "
               "draws of the coefficients. bootstrap: quantiles over resampled rows or "
               "clusters. The last two follow the skewness of a product."},
    {.name = "draws",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 1e6,
        .group = "Question",
        .example = "5000",
        .doc = "Draws of montecarlo or bootstrap; 0 is 20,000 or 1,000."},
    {.name = "sensitivity",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "For each path, how strong an unmeasured common cause of its last "
               "mediator and "
               "the outcome would have to be to make it zero."},
    {.name = "rho",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Question",
        .example = "0.1,0.3",
        .doc = "Each path as it would be if the errors of a mediator and of the "
               "outcome had "
               "this correlation; implies --sensitivity."},
    OPTION_PLANNED,
    OPTION_LEVEL("Confidence level of the intervals."),
    {.name = "detail",
        .type = UP_OPTION_FLAG,
        .group = "Output",
        .example = "true",
        .doc = "Also the sums by first mediator and by mediator passed, and every "
               "coefficient."},
    {.name = "truth",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Output",
        .example = "shop.truth.json",
        .doc = "For simulated data: print the true value beside each path."},
    OPTION_LIMIT,
    OPTION_ACCEPT_PEEK,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per part of the effect, by arm, segment and period"},
    {"rows[].metric", "string", "the outcome; of an edge, its head"},
    {"rows[].arm", "string",
        "the arm whose effect it is; empty for edges between mediators"},
    {"rows[].against", "string", "the arm it is compared with"},
    {"rows[].segment", "string", "the condition; empty for everyone"},
    {"rows[].period", "string", "label of the period; empty for all"},
    {"rows[].estimand", "string", "ate or itt"},
    {"rows[].part", "string",
        "total (by its own regression), direct, indirect, path, misfit (total less the "
        "sum of "
        "the paths), proportion (indirect / total), missing (an edge set to zero), "
        "sensitivity; "
        "with detail also first, through (sums by mediator) and edge"},
    {"rows[].path", "string",
        "\"arm -> searches -> sales\"; a mediator; an edge; or empty"},
    {"rows[].estimate", "number",
        "in the unit of the metric; a fraction for the proportion"},
    {"rows[].std_error", "number", "by the delta method, whatever the interval"},
    {"rows[].df", "number", "degrees of freedom of the delta interval"},
    {"rows[].p_value", "number", "two-sided, of zero; agrees with the interval"},
    {"rows[].conf_low", "number", "lower end; null when the set is unbounded"},
    {"rows[].conf_high", "number", "upper end; null when the set is unbounded"},
    {"rows[].conf_set", "string",
        "interval; of a proportion also complement, line, above or below"},
    {"rows[].share", "number", "estimate / total"},
    {"rows[].rho_zero", "number",
        "with sensitivity: the correlation of the errors at both ends of the last edge "
        "that "
        "makes it zero"},
    {"rows[].r2_residual_zero", "number",
        "the product of the shares of unexplained variance that a confounder would "
        "have to "
        "explain"},
    {"rows[].r2_total_zero", "number", "the same as shares of all variance"},
    {"rows[].rho", "number", "of sensitivity rows: the correlation supposed"},
    {"rows[].confounded", "string", "of sensitivity rows: the mediator it is of"},
    {"rows[].confounding", "string", "the same, or what makes the path zero, in words"},
    {"rows[].n", "integer", "rows in the segment and period, all arms"},
    {"rows[].clusters", "integer", "clusters in them; 0 without clusters"},
    {"rows[].truth", "number", "with truth: the true value"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const refusals[] = {"E_GRAPH", "E_MEDIATION", "E_COLUMN",
    "E_EXPRESSION", "E_TYPE", "E_MISSING", "E_NOT_FINITE", "E_ARMS", "E_NO_VARIATION",
    "E_UNIT", "E_CLUSTER", "E_PROPENSITY", "E_WEIGHT", "E_POST_TREATMENT",
    "E_CONDITION", "E_SINGULAR", "E_ESTIMAND", "E_NEEDS_ROWS", "E_EMPTY", "E_SRM",
    "E_BALANCE", "E_PEEK", "E_STRICT", NULL};

static const char *const examples[] = {
    "upshot mediate shop.parquet --itt arm --covariates device,spend_before --graph "
    "'arm -> "
    "{searches views sales}; searches -> {views sales}; views -> sales'",
    "upshot mediate shop.parquet --itt arm --graph 'arm -> searches -> views -> sales; "
    "arm -> "
    "sales' --interval montecarlo --sensitivity",
    "upshot mediate shop.parquet --itt arm --covariates device --by device --graph "
    "'arm -> "
    "{searches sales}; searches -> sales' --detail",
    "upshot mediate panel.parquet --itt arm --cluster shopper --graph 'arm -> {views "
    "sales}; "
    "views -> sales' --interaction arm:views",
    NULL};

const up_verb upi_verb_mediate = {
    .name = "mediate",
    .summary = "why: the effect split over the paths of a causal graph",
    .doc =
        "Splits the effect of each arm over the paths of a graph: what goes directly, "
        "what goes "
        "through each chain of mediators. One regression per mediator and one for the "
        "outcome, "
        "each with the covariates, the arms and the causes that the graph gives it; a "
        "path is "
        "the product of its coefficients, with the joint covariance of all of them.\n\n"
        "The total is estimated beside by its own regression. Edges that the graph "
        "does not "
        "have are set to zero, and each is tested: a serial mechanism drawn as a "
        "parallel one "
        "is told by W_MISSING_EDGE, paths that do not add up by W_MISFIT.\n\n"
        "Mediators were not randomised, so that the split rests on there being no "
        "unmeasured "
        "common causes; --sensitivity tells how strong one would have to be.",
    .options = options,
    .result = result,
    .refusals = refusals,
    .examples = examples,
};
