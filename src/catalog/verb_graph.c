/* The tables of the verbs `graph` and `discover`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option graph_options[] = {
    {.name = "graph",
        .type = UP_OPTION_TEXT,
        .value = "GRAPH",
        .required = 1,
        .positional = 1,
        .group = "Graph",
        .example = "arm -> searches -> views -> sales",
        .doc =
            "The graph, or a file that holds it: arrows from cause to effect, 'a -> b; "
            "b <- c; a <-> c; latent u'; DOT (digraph) or dagitty (dag)."},
    {.name = "source",
        .type = UP_OPTION_PATH,
        .value = "SOURCE",
        .positional = 1,
        .group = "Data",
        .example = "shop.parquet",
        .doc =
            "Rows or a capsule. With it the nodes are checked against the columns and "
            "roles, and the independences that the graph implies are tested."},
    {.name = "treatment",
        .type = UP_OPTION_TEXT,
        .value = "NODE",
        .group = "Question",
        .example = "arm",
        .doc =
            "The cause whose effect is asked for. Without it: the node marked in the "
            "graph."},
    {.name = "outcome",
        .type = UP_OPTION_TEXT,
        .value = "NODE",
        .group = "Question",
        .example = "sales",
        .doc = "The node it acts on. Without it: the node marked in the graph."},
    {.name = "adjust-for",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Question",
        .example = "spend_before",
        .doc = "Nodes to adjust for: are they right, and if not, why."},
    {.name = "independent",
        .type = UP_OPTION_TEXT,
        .value = "NODES",
        .group = "Question",
        .example = "arm, sales | searches, views",
        .doc = "Are two nodes independent given others: \"a, b\" or \"a, b | c, d\". "
               "Every "
               "path between them is listed, with what blocks it."},
    {.name = "all-sets",
        .type = UP_OPTION_FLAG,
        .group = "Question",
        .example = "true",
        .doc = "All adjustment sets, not the minimal ones alone."},
    {.name = "alpha",
        .type = UP_OPTION_NUMBER,
        .value = "LEVEL",
        .fallback = "0.05",
        .min = 1e-9,
        .max = 0.5,
        .group = "Question",
        .example = "0.01",
        .doc =
            "With a source: chance of rejecting any implied independence that holds."},
    {.name = "format",
        .type = UP_OPTION_ENUM,
        .value = "SYNTAX",
        .fallback = "answer",
        .choices = "answer|text|dot|dagitty|json",
        .group = "Output",
        .example = "dot",
        .doc =
            "Write the graph in a syntax instead of answering; dot is for Graphviz."},
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    OPTIONS_MODEL,
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field graph_result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per finding"},
    {"rows[].about", "string",
        "path, adjustment, problem, instrument, front door, forbidden or independence"},
    {"rows[].text", "string", "the finding in a sentence"},
    {"rows[].nodes", "string", "the nodes it speaks of, separated by commas"},
    {"rows[].given", "string", "what must be conditioned on, separated by commas"},
    {"rows[].open", "integer", "for a path: 1 open, 0 blocked; else 1"},
    {"rows[].correlation", "number", "with a source: partial correlation"},
    {"rows[].p_value", "number", "with a source: two-sided, of no correlation"},
    {"rows[].p_adjusted", "number", "with a source: adjusted for the number of tests"},
    {"rows[].rejected", "integer", "with a source: 1 where the data speak against it"},
    {"text", "string", "the graph; in the syntax of --format"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const graph_refusals[] = {"E_GRAPH", "E_NOT_IDENTIFIED",
    "E_ARGUMENT", "E_COLUMN", "E_POST_TREATMENT", "E_TYPE", "E_MISSING",
    "E_NO_VARIATION", "E_SINGULAR", "E_NEEDS_ROWS", "E_SRM", "E_BALANCE",
    "E_PROPENSITY", "E_WEAK_INSTRUMENT", NULL};

static const char *const graph_examples[] = {
    "upshot graph 'arm -> searches; arm -> views; searches -> views -> sales; searches "
    "-> sales; arm -> sales' --treatment arm --outcome sales",
    "upshot graph 'price -> demand; season -> {price demand}' --treatment price "
    "--outcome "
    "demand --adjust-for season",
    "upshot graph 'arm -> searches -> views -> sales' --independent 'arm, sales | "
    "views'",
    "upshot graph 'arm -> searches -> sales; spend_before -> sales' shop.parquet --itt "
    "arm "
    "--metric searches --metric sales --covariates spend_before",
    "upshot graph 'arm -> searches -> sales' --format dot", NULL};

const up_verb upi_verb_graph = {
    .name = "graph",
    .summary = "what a causal graph implies: what to adjust for, what to test",
    .doc =
        "Reads a graph of causes and effects and answers from it. With a treatment and "
        "an "
        "outcome: whether and how the effect is identified (adjustment sets, "
        "instruments, front doors), which columns must not be adjusted for and why, "
        "and "
        "with --adjust-for whether a given set is right. With --independent: whether "
        "two "
        "nodes are separated, path by path. Always: the independences that data can "
        "speak against.\n\n"
        "With a source the graph is held against the experiment: each node that is not "
        "latent must be the arm, a metric or a covariate, nothing may cause what was "
        "randomised, no covariate may follow from it; and each implied independence is "
        "tested.\n\n"
        "The answers are those of the graph. That an arrow is missing from it is an "
        "assumption; where it can be tested, it is.",
    .options = graph_options,
    .result = graph_result,
    .refusals = graph_refusals,
    .examples = graph_examples,
};

static const up_option discover_options[] = {
    OPTION_SOURCE_OR_CAPSULE,
    OPTIONS_ROLES,
    OPTIONS_METRICS,
    {.name = "tiers",
        .type = UP_OPTION_TEXT,
        .value = "TIERS",
        .group = "Search",
        .example = "searches, views < sales",
        .doc = "What comes before what, earliest first: no arrow goes back in time. "
               "Covariates stand before the arm, and the arm before metrics, in any "
               "case."},
    {.name = "alpha",
        .type = UP_OPTION_NUMBER,
        .value = "LEVEL",
        .fallback = "0.01",
        .min = 1e-12,
        .max = 0.5,
        .group = "Search",
        .example = "0.001",
        .doc = "Level of each test of independence. Smaller gives fewer edges."},
    {.name = "max-given",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 60,
        .group = "Search",
        .example = "3",
        .doc = "Most columns to condition on at once; 0 is as many as needed."},
    {.name = "orient",
        .type = UP_OPTION_ENUM,
        .value = "RULE",
        .fallback = "majority",
        .choices = "majority|conservative",
        .group = "Search",
        .example = "conservative",
        .doc = "When arrows are taken to meet at a node: where fewer than half of the "
               "sets "
               "that separate its neighbours hold it, or where none does."},
    {.name = "bootstrap",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "200",
        .max = 100000,
        .group = "Search",
        .example = "500",
        .doc =
            "Resamples for the frequencies of the edges; 0 is none. A capsule has them "
            "only where it was made with clusters."},
    OPTIONS_MODEL,
    OPTION_LIMIT,
    OPTION_ACCEPT,
    OPTION_STRICT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field discover_result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per edge"},
    {"rows[].from", "string", "the cause; without a direction, one of the two"},
    {"rows[].edge", "string", "-> or --"},
    {"rows[].to", "string", "the effect"},
    {"rows[].frequency", "number", "share of resamples in which the two are joined"},
    {"rows[].as_shown", "number", "share in which they are joined in this way"},
    {"rows[].correlation", "number", "their correlation, given nothing"},
    {"rows[].p_value", "number",
        "the largest of their tests of independence; below alpha"},
    {"text", "string", "the graph, to be given to graph"},
    RESULT_CONTEXT,
    RESULT_END,
};

static const char *const discover_refusals[] = {"E_COLUMN", "E_TYPE", "E_MISSING",
    "E_NO_VARIATION", "E_SINGULAR", "E_NEEDS_ROWS", "E_ARGUMENT", "E_SRM", "E_BALANCE",
    "E_PROPENSITY", "E_WEAK_INSTRUMENT", NULL};

static const char *const discover_examples[] = {
    "upshot discover shop.parquet --itt arm --metric searches --metric views --metric "
    "sales "
    "--covariates spend_before --tiers 'searches, views < sales'",
    "upshot discover shop.parquet --itt arm --metric searches --metric views --metric "
    "sales "
    "--alpha 0.001 --orient conservative --seed 7",
    "upshot discover shop.parquet --itt arm --metric searches --metric sales "
    "--bootstrap 0 "
    "--json",
    NULL};

const up_verb upi_verb_discover = {
    .name = "discover",
    .summary = "propose a causal graph from data, as a hypothesis",
    .doc =
        "Searches for a graph of causes and effects among the arm, the numeric "
        "covariates "
        "and the metrics, by the PC algorithm on their correlations: two columns stay "
        "joined unless some others make them independent. What was randomised has no "
        "causes; covariates come before it, metrics after it, and --tiers adds what is "
        "known of time. The order of the columns does not matter.\n\n"
        "Each edge has the share of resamples of the rows in which it comes back. "
        "Where "
        "the data do not tell the direction, the edge is '--'.\n\n"
        "The result is a hypothesis: it assumes that no common cause is missing from "
        "the "
        "columns and that relations are linear. Decide the edges without a direction, "
        "then "
        "ask 'upshot graph' what the graph implies.",
    .options = discover_options,
    .result = discover_result,
    .refusals = discover_refusals,
    .examples = discover_examples,
};
