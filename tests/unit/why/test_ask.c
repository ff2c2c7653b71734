/* Questions to a graph: known examples in words, refusals, and what is counted. */
#include "up_test.h"

#include <upshot/graph.h>

#include <stdio.h>
#include <string.h>

static up_graph *
read_graph(const char *text)
{
    up_graph *g = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_graph_parse(text, &g, &err), &err);
    return g;
}

static up_answer *
ask(const up_graph *g, const up_question *q)
{
    up_answer *a = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_graph_ask(g, q, &a, &err), &err);
    return a;
}

/* The text of the answer, and of its first finding ("" when there is none). */
static void
says(const char *graph, const up_question *q, const char *text, const char *finding)
{
    up_graph *g = read_graph(graph);
    up_answer *a = ask(g, q);
    assert_string_equal(up_answer_text(a), text);
    assert_string_equal(up_answer_finding(a, 0).text, finding);
    up_answer_free(a);
    up_graph_free(g);
}

static void
separation_in_words(void **state)
{
    (void)state;
    const char *m[] = {"m"};
    const char *d[] = {"d"};
    says("a -> m -> b", UP_QUESTION(.from = "a", .to = "b"),
        "a and b may depend on each other: open is a -> m -> b", "a -> m -> b: open");
    says("a -> m -> b", UP_QUESTION(.from = "a", .to = "b", .given = m, .n_given = 1),
        "a and b are independent given m: every path is blocked",
        "a -> m -> b: blocked at m, which is conditioned on");
    says("a -> m <- b; m -> d", UP_QUESTION(.from = "a", .to = "b"),
        "a and b are independent: every path is blocked",
        "a -> m <- b: blocked at m, where two arrows meet; neither it nor an effect of "
        "it "
        "is conditioned on");
    says("a -> m <- b; m -> d",
        UP_QUESTION(.from = "a", .to = "b", .given = d, .n_given = 1),
        "a and b may depend on each other given d: open is a -> m <- b, opened by d, "
        "an "
        "effect of m, where two arrows meet",
        "a -> m <- b, opened by d, an effect of m, where two arrows meet: open");
    says("a; b", UP_QUESTION(.from = "a", .to = "b"),
        "a and b are independent: no path joins them", "");
}

static void
adjustment_in_words(void **state)
{
    (void)state;
    const char *m[] = {"m"};
    const char *y2[] = {"y2"};
    says("x <- z -> y; x -> y",
        UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = "x", .to = "y"),
        "the effect of x on y is what is left after adjusting for z", "adjust for z");
    says("x <- z -> y; x -> y; latent z",
        UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = "x", .to = "y"),
        "no set of measured nodes gives the effect of x on y: no measured nodes that "
        "may "
        "be adjusted for block x <- z -> y",
        "");
    says("x -> m -> y",
        UP_QUESTION(.ask = UP_ASK_VALID, .from = "x", .to = "y", .given = m,
            .n_given = 1),
        "adjusting for m does not give the effect of x on y: m is on a path of the "
        "effect, x -> m -> y: adjusting for it takes part of the effect away",
        "m is on a path of the effect, x -> m -> y: adjusting for it takes part of the "
        "effect away");
    says("x -> y -> y2",
        UP_QUESTION(.ask = UP_ASK_VALID, .from = "x", .to = "y", .given = y2,
            .n_given = 1),
        "adjusting for y2 does not give the effect of x on y: y2 is an effect of the "
        "outcome, y -> y2: adjusting for it distorts the effect",
        "y2 is an effect of the outcome, y -> y2: adjusting for it distorts the "
        "effect");
    says("x -> y; x -> w", UP_QUESTION(.ask = UP_ASK_FORBIDDEN, .from = "x", .to = "y"),
        "1 forbidden control for the effect of x on y; the first: w is an effect of "
        "the "
        "treatment: adjusting for it cannot help, and harms where the graph is not "
        "complete",
        "w is an effect of the treatment: adjusting for it cannot help, and harms "
        "where "
        "the graph is not complete");
}

/* Pearl (2009), ch. 3: the front door, the back door, the instrument, and the bow. */
static void
identification(void **state)
{
    (void)state;
    says("smoking -> tar -> cancer; smoking <-> cancer",
        UP_QUESTION(.ask = UP_ASK_IDENTIFIED, .from = "smoking", .to = "cancer"),
        "the effect of smoking on cancer is identified by front door: tar carries all "
        "of "
        "the effect, and nothing else joins the steps",
        "tar carries all of the effect, and nothing else joins the steps");
    says("z -> x -> y; x <-> y; w -> {z y}",
        UP_QUESTION(.ask = UP_ASK_IDENTIFIED, .from = "x", .to = "y"),
        "the effect of x on y is identified by instrument: z is an instrument for x "
        "given "
        "w",
        "z is an instrument for x given w");
    says("treatment x; outcome y; x -> y", UP_QUESTION(.ask = UP_ASK_IDENTIFIED),
        "the effect of x on y is identified without adjustment: only paths of the "
        "effect "
        "are open",
        "adjust for nothing");
    says("y -> x", UP_QUESTION(.ask = UP_ASK_IDENTIFIED, .from = "x", .to = "y"),
        "the effect of x on y is zero: no path of arrows leads from one to the other",
        "");
    up_graph *g = read_graph("x -> y; x <-> y");
    up_answer *a =
        ask(g, UP_QUESTION(.ask = UP_ASK_IDENTIFIED, .from = "x", .to = "y"));
    assert_int_equal(up_answer_verdict(a), 0);
    assert_int_equal(up_answer_findings(a), 0);
    assert_non_null(strstr(up_answer_text(a), "block x <-> y"));
    up_answer_free(a);
    up_graph_free(g);
}

static void
implications(void **state)
{
    (void)state;
    says("a -> b -> c", UP_QUESTION(.ask = UP_ASK_IMPLICATIONS),
        "the graph implies 1 independence that data can speak against",
        "a is independent of c given b");
    says("a -> b -> c; a -> c", UP_QUESTION(.ask = UP_ASK_IMPLICATIONS),
        "the graph implies no independence: data cannot speak against it", "");
    /* What is latent is never conditioned on. */
    says("a -> u -> b; u -> c; latent u; d -> a",
        UP_QUESTION(.ask = UP_ASK_IMPLICATIONS),
        "the graph implies 2 independences that data can speak against",
        "d is independent of b given a");
}

static void
bounds(void **state)
{
    (void)state;
    char text[4096];
    int n = snprintf(text, sizeof text, "x -> y");
    for (int i = 0; i < 12; i++) { /* 2^12 minimal sets */
        n +=
            snprintf(text + n, sizeof text - (size_t)n, "; x <- a%d -> b%d -> y", i, i);
    }
    up_graph *g = read_graph(text);
    up_answer *a =
        ask(g, UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = "x", .to = "y"));
    assert_int_equal(up_answer_findings(a), 64);
    assert_int_equal(up_answer_complete(a), 0);
    assert_non_null(strstr(up_answer_text(a), "64 or more minimal sets"));
    up_answer_free(a);
    a = ask(g, UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = "x", .to = "y", .all = 1,
                   .most = 5000));
    assert_int_equal(up_answer_complete(a), 0);
    assert_int_equal(up_answer_findings(a), 5000);
    up_answer_free(a);
    a = ask(
        g, UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = "x", .to = "y", .most = 5000));
    assert_int_equal(up_answer_findings(a), 4096);
    assert_int_equal(up_answer_complete(a), 1);
    up_answer_free(a);
    up_graph_free(g);
    /* So many paths that their list stops; the verdict does not rest on it. */
    n = snprintf(text, sizeof text, "x -> c0");
    for (int i = 0; i < 40; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "; c%d -> {l%d r%d} -> c%d", i,
            i, i, i + 1);
    }
    g = read_graph(text);
    a = ask(g, UP_QUESTION(.from = "x", .to = "c40"));
    assert_int_equal(up_answer_verdict(a), 0);
    assert_int_equal(up_answer_complete(a), 0);
    up_answer_free(a);
    up_graph_free(g);
}

static void
refused(const char *graph, const up_question *q, up_status status, const char *message)
{
    up_graph *g = read_graph(graph);
    up_answer *a = NULL;
    up_error err = UP_ERROR_INIT;
    assert_fails(up_graph_ask(g, q, &a, &err), status, &err);
    assert_string_equal(err.message, message);
    assert_null(a);
    up_graph_free(g);
}

static void
refusals(void **state)
{
    (void)state;
    const char *u[] = {"u"};
    const char *x[] = {"x"};
    refused("x -> y", UP_QUESTION(.from = "x", .to = "yy"), UP_E_ARGUMENT,
        "the graph has no node 'yy'");
    refused("x -> y", UP_QUESTION(.from = "x"), UP_E_ARGUMENT,
        "which node is the outcome?");
    refused("x -> y", UP_QUESTION(.from = "x", .to = "x"), UP_E_ARGUMENT,
        "'x' is both treatment and outcome");
    refused("x -> y; latent u",
        UP_QUESTION(.from = "x", .to = "y", .given = u, .n_given = 1), UP_E_ARGUMENT,
        "'u' is latent: what is not measured cannot be used");
    refused("x -> y", UP_QUESTION(.from = "x", .to = "y", .given = x, .n_given = 1),
        UP_E_ARGUMENT, "'x' is one of the two nodes in question");
    refused("x -- y", UP_QUESTION(.from = "x", .to = "y"), UP_E_GRAPH,
        "the edge 'x -- y' has no direction");
    refused("x -> y", UP_QUESTION(.ask = 9), UP_E_ARGUMENT, "there is no question 9");
    up_answer *a = NULL;
    up_error err = UP_ERROR_INIT;
    assert_fails(
        up_graph_ask(NULL, UP_QUESTION(.ask = 0), &a, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(up_answer_findings(NULL), 0);
    assert_string_equal(up_answer_finding(NULL, 0).text, "");
    assert_string_equal(up_answer_text(NULL), "");
    up_answer_free(NULL);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    up_graph *g = NULL;
    up_answer *a = NULL;
    const char *given[] = {"m", "c"};
    UP_TRY(up_graph_parse(ctx, &g, err));
    for (int64_t k = UP_ASK_SEPARATED; k <= UP_ASK_IDENTIFIED; k++) {
        UP_TRY(up_graph_ask(g,
            UP_QUESTION(.ask = k, .from = "x", .to = "y", .given = given, .n_given = 2),
            &a, err));
        up_answer_free(a);
        a = NULL;
    }
out:
    up_answer_free(a);
    up_graph_free(g);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    char text[] = "z -> x -> m -> y -> c; x <- a -> b -> y; m <-> c";
    up_sweep_memory(sweep, text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separation_in_words),
        cmocka_unit_test(adjustment_in_words),
        cmocka_unit_test(identification),
        cmocka_unit_test(implications),
        cmocka_unit_test(bounds),
        cmocka_unit_test(refusals),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
