/* Graphs as text: what is read, what is refused and where, and what is written back. */
#include "up_test.h"
#include "why/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static up_graph *
read_graph(const char *text)
{
    up_graph *g = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_graph_parse(text, &g, &err), &err);
    return g;
}

static char *
written(const up_graph *g, int64_t format)
{
    char *s = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_graph_write(g, format, &s, &err), &err);
    return s;
}

/* The text that a graph is written as in the own syntax. */
static void
assert_reads_as(const char *text, const char *wanted)
{
    up_graph *g = read_graph(text);
    char *s = written(g, UP_GRAPH_TEXT);
    assert_string_equal(s, wanted);
    upi_free(s);
    up_graph_free(g);
}

static void
assert_refused(const char *text, const char *message, const char *fix)
{
    up_graph *g = NULL;
    up_error err = UP_ERROR_INIT;
    assert_fails(up_graph_parse(text, &g, &err), UP_E_GRAPH, &err);
    assert_null(g);
    if (strstr(err.message, message) == NULL) {
        print_error("'%s' is not in '%s'\n", message, err.message);
        fail();
    }
    if (fix != NULL) {
        assert_string_equal(err.fix, fix);
    }
}

static void
own_syntax(void **state)
{
    (void)state;
    assert_reads_as("T -> searches; T -> views; searches -> views -> sales",
        "T -> searches; T -> views; searches -> views; views -> sales");
    assert_reads_as("a <- b <-> c\n# a comment\nd // one more\n\ne -- f",
        "b -> a; b <-> c; e -- f; d");
    assert_reads_as("a -> {b c, \"d e\"} -> f",
        "a -> b; a -> c; a -> \"d e\"; b -> f; c -> f; \"d e\" -> f");
    assert_reads_as("latent u v; v -> x; u -> x; treatment x\noutcome y, z",
        "v -> x; u -> x; latent u, v; treatment x; outcome y, z");
    assert_reads_as("latent -> x", "\"latent\" -> x");
    assert_reads_as("a ->\n b", "a -> b");
    assert_reads_as("a -> b\n-> c", "a -> b; b -> c");
    assert_reads_as("\"a\"\"b\" -> 1st", "\"a\"\"b\" -> 1st");
    assert_reads_as("a \xE2\x86\x92 b \xE2\x86\x94 c", "a -> b; b <-> c");
    assert_reads_as("pr\xC3\xA9nom -> x", "\"pr\xC3\xA9nom\" -> x");
}

static void
duplicates(void **state)
{
    (void)state;
    assert_reads_as("T -> S -> V; T -> S -> Y; a <-> b; b <-> a",
        "T -> S; S -> V; S -> Y; a <-> b");
    assert_reads_as("a -> b; a <-> b", "a -> b; a <-> b");
    assert_refused("a -> b; b -- a", "with and without a direction", NULL);
    assert_refused("a -- b; a -> b", "with and without a direction", NULL);
}

static void
dot(void **state)
{
    (void)state;
    assert_reads_as(
        "digraph { a -> b; b -> c [label=\"x ] y\", weight=2]; }", "a -> b; b -> c");
    assert_reads_as("strict digraph \"my graph\" {\n rankdir=LR;\n node [shape=box]\n"
                    "edge [color=<b>]; T [role=treatment]; Y [role=\"outcome\"]\n"
                    "U [latent=true, style=dashed]\nU -> {T Y}; T -> Y\n"
                    "a -> b [dir=both]; c -> d [dir=back]; e -> f [dir=none] }",
        "U -> T; U -> Y; T -> Y; a <-> b; d -> c; e -- f; latent U; treatment T; "
        "outcome "
        "Y");
    assert_reads_as("digraph G { \"a \\\"b\\\"\" -> c }", "\"a \"\"b\"\"\" -> c");
    assert_refused("digraph { subgraph x { a } }", "subgraphs are not read", NULL);
    assert_refused("digraph { {rank=same; a; b} }", "names of nodes only", NULL);
    assert_refused("graph { a -- b }", "undirected graph", NULL);
    assert_refused("digraph { a -- b }", "every edge is written ->", NULL);
    assert_refused("digraph { a -> b", "closing brace", NULL);
    assert_refused("digraph { a } b", "ended at the closing brace", NULL);
    assert_refused("digraph { a [label=\"x }", "does not end", NULL);
    assert_refused("digraph { a:n -> b }", "unexpected character", NULL);
}

static void
dagitty(void **state)
{
    (void)state;
    assert_reads_as("dag { x [exposure] y [outcome] u [latent] x -> y u <-> y }",
        "x -> y; u <-> y; latent u; treatment x; outcome y");
    assert_reads_as("dag{\nbb=\"0,0,1,1\"\n\"A b\" [exposure,pos=\"-1.0,2\"]\n"
                    "Y [outcome,pos=\"0,0\"]\nM [adjusted]\n\"A b\" -> M [beta=-0.3]\n"
                    "M -> Y\n}\n",
        "\"A b\" -> M; M -> Y; treatment \"A b\"; outcome Y");
    assert_reads_as("pdag { a -- b -> c }", "a -- b; b -> c");
    assert_refused("dag { a [selected] }", "selected", NULL);
    assert_refused("mag { a -> b }", "ancestral", NULL);
    assert_refused("dag { a @-> b }", "unexpected character", NULL);
}

static void
refusals(void **state)
{
    (void)state;
    assert_refused("", "no node", NULL);
    assert_refused(" # nothing\n", "no node", NULL);
    assert_refused("page views -> sales", "in double quotes at column 6",
        "page views -> sales\n     ^");
    assert_refused("a -> b -> ", "a node is expected here", NULL);
    assert_refused("a - b", "an arrow is written", NULL);
    assert_refused("a, b -> c", "braces", NULL);
    assert_refused("a [latent]", "belong to DOT", NULL);
    assert_refused("a -> {}", "hold no node", NULL);
    assert_refused("a -> a", "joins a node to itself at column 3", "a -> a\n  ^");
    assert_refused("\"a -> b", "not closed", NULL);
    assert_refused("\"\" -> b", "empty name", NULL);
    assert_refused("\"a\nb\" -> b", "cannot be seen", NULL);
    assert_refused("a\xC2\xA0-> b", "unexpected character", NULL);
    assert_refused("\xFF", "UTF-8", NULL);
    assert_refused("}", "a node is expected", NULL);
    up_graph *g = NULL;
    up_error err = UP_ERROR_INIT;
    assert_fails(up_graph_parse(NULL, &g, &err), UP_E_ARGUMENT, &err);
}

static void
cycles_are_printed(void **state)
{
    (void)state;
    assert_refused("T -> a; a -> b -> c -> a; c -> Y", "cycle: a -> b -> c -> a", NULL);
    assert_refused("a -> b; b -> a", "cycle: a -> b -> a", NULL);
    assert_refused("\"x y\" -> b -> \"x y\"", "cycle: \"x y\" -> b -> \"x y\"", NULL);
}

static void
limits(void **state)
{
    (void)state;
    char *text = malloc((1 << 20) + 2);
    assert_non_null(text);
    int n = 0;
    for (int i = 0; i < 256; i++) {
        n += snprintf(text + n, 16, "n%d;", i);
    }
    up_graph *g = read_graph(text);
    assert_int_equal(up_graph_nodes(g), 256);
    up_graph_free(g);
    (void)snprintf(text + n, 16, "one_more");
    assert_refused(text, "more than 256 nodes", NULL);
    memset(text, ' ', (1 << 20) + 1);
    text[(1 << 20) + 1] = '\0';
    assert_refused(text, "longer than 1 MiB", NULL);
    /* A cycle too long for one line is cut. */
    n = 0;
    for (int i = 0; i < 256; i++) {
        n += snprintf(text + n, 16, "n%d -> ", i);
    }
    (void)snprintf(text + n, 16, "n0");
    assert_refused(text, "cycle: n0 -> n1 -> n2", NULL);
    assert_refused(text, "-> ...", NULL);
    free(text);
}

static void
accessors(void **state)
{
    (void)state;
    up_graph *g = read_graph("T -> S; T -> V; S -> V -> Y; U <-> Y; V -- W; latent U");
    int64_t out[8];
    int64_t t = up_graph_find(g, "T");
    int64_t s = up_graph_find(g, "S");
    int64_t v = up_graph_find(g, "V");
    int64_t y = up_graph_find(g, "Y");
    assert_int_equal(up_graph_nodes(g), 6);
    assert_int_equal(up_graph_edges(g), 6);
    assert_int_equal(up_graph_find(g, "t"), -1);
    assert_string_equal(up_graph_name(g, v), "V");
    assert_string_equal(up_graph_name(g, 6), "");
    assert_int_equal(up_graph_has_edge(g, t, s), 1);
    assert_int_equal(up_graph_has_edge(g, s, t), 0);
    assert_int_equal(up_graph_related(g, v, UP_PARENTS, out, 8), 2);
    assert_int_equal(out[0], t);
    assert_int_equal(out[1], s);
    assert_int_equal(up_graph_related(g, t, UP_CHILDREN, out, 1), 2);
    assert_int_equal(out[0], s);
    assert_int_equal(up_graph_related(g, y, UP_ANCESTORS, NULL, 0), 3);
    assert_int_equal(up_graph_related(g, t, UP_DESCENDANTS, out, 8), 3);
    assert_int_equal(up_graph_related(g, y, UP_SPOUSES, out, 8), 1);
    assert_int_equal(up_graph_is_latent(g, out[0]), 1);
    assert_int_equal(up_graph_related(g, v, UP_NEIGHBOURS, out, 8), 1);
    assert_int_equal(up_graph_order(g, out, 8), 6);
    int64_t place[6];
    for (int k = 0; k < 6; k++) {
        place[out[k]] = k;
    }
    for (int64_t k = 0; k < up_graph_edges(g); k++) {
        up_edge e = up_graph_edge(g, k);
        if (e.kind == UP_EDGE_DIRECTED) {
            assert_true(place[e.from] < place[e.to]);
        }
    }
    assert_int_equal(up_graph_edge(g, 6).from, -1);
    assert_int_equal(up_graph_treatment(g), -1);
    up_graph_free(g);
    g = read_graph("treatment T; outcome Y, Z; T -> Y");
    assert_int_equal(up_graph_treatment(g), 0);
    assert_int_equal(up_graph_outcome(g), -1);
    up_graph_free(g);
    assert_int_equal(up_graph_nodes(NULL), 0);
    up_graph_free(NULL);
}

/* Reading what was written gives the same graph, in each syntax. */
static void
round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {"a -> b",
        "latent v u; v -> x; u -> x; q; treatment x; outcome y; x -> y; y <-> q",
        "\"a \"\"b\\\" -> \"graph\"; node -> \"latent\"; 1 -> dag.x; c -- d",
        "treatment T; outcome T; latent \"node\"", "digraph"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        up_graph *g = read_graph(texts[i]);
        char *wanted = written(g, UP_GRAPH_TEXT);
        for (int64_t format = UP_GRAPH_TEXT; format <= UP_GRAPH_DAGITTY; format++) {
            char *s = written(g, format);
            assert_reads_as(s, wanted);
            upi_free(s);
        }
        upi_free(wanted);
        up_graph_free(g);
    }
}

static void
json(void **state)
{
    (void)state;
    up_graph *g = read_graph("T -> Y; T <-> Y; latent T");
    char *s = written(g, UP_GRAPH_JSON);
    assert_string_equal(s,
        "{\"nodes\":[{\"name\":\"T\",\"latent\":true,\"treatment\":false,\"outcome\":"
        "false},{\"name\":\"Y\",\"latent\":false,\"treatment\":false,\"outcome\":false}"
        "],"
        "\"edges\":[{\"from\":\"T\",\"to\":\"Y\",\"kind\":\"directed\"},{\"from\":"
        "\"T\","
        "\"to\":\"Y\",\"kind\":\"bidirected\"}]}");
    upi_free(s);
    up_error err = UP_ERROR_INIT;
    assert_fails(up_graph_write(g, 4, &s, &err), UP_E_ARGUMENT, &err);
    up_graph_free(g);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    up_graph *g = NULL;
    char *s = NULL;
    UP_TRY(up_graph_parse(ctx, &g, err));
    for (int64_t format = UP_GRAPH_TEXT; format <= UP_GRAPH_JSON; format++) {
        UP_TRY(up_graph_write(g, format, &s, err));
        upi_free(s);
        s = NULL;
    }
out:
    upi_free(s);
    up_graph_free(g);
    return status;
}

static up_status
sweep_cycle(void *ctx, up_error *err)
{
    up_status status = sweep(ctx, err);
    if (status == UP_E_GRAPH) {
        *err = (up_error)UP_ERROR_INIT;
        return UP_OK;
    }
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    char text[] =
        "dag { x [exposure] \"y z\" [outcome] u [latent] x -> \"y z\" u -> x }";
    char cycle[] = "a -> \"b c\" -> a";
    up_sweep_memory(sweep, text);
    up_sweep_memory(sweep_cycle, cycle);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_syntax),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(dot),
        cmocka_unit_test(dagitty),
        cmocka_unit_test(refusals),
        cmocka_unit_test(cycles_are_printed),
        cmocka_unit_test(limits),
        cmocka_unit_test(accessors),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(json),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
