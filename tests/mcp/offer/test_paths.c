/* Files are read below the directories that were named, whatever a name is made of. */
#include "offer_helper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
refused_everywhere(mcp_offer *o, const char *path)
{
    free(offer_refused(o, "E_SOURCE", "describe_data", "{'source': '%s'}", path));
    free(offer_refused(o, "E_SOURCE", "declare_design",
        "{'source': '%s', 'itt': 'arm', 'metric': ['sales']}", path));
    free(offer_refused(o, "E_SOURCE", "plan_experiment",
        "{'source': '%s', 'metric': ['sales']}", path));
}

static void
escapes(void **state)
{
    static const char *const names[] = {"outside/shop.parquet",
        "data/../outside/shop.parquet", "data/link.parquet", "data/out/shop.parquet",
        "/etc/passwd", "../../../etc/passwd", "outside/*.parquet",
        "data/../out*/*.parquet", "data/out/*.parquet", "data/link*.parquet",
        "data/*/shop.parquet", "outside/none.parquet", "-", "s3://bucket/file.parquet",
        "https://host/x.csv", "/proc/self/environ",
        "data/../data/../outside/shop.parquet::x", "~/x.csv", ""};
    mcp_offer o = offer_open();
    (void)state;
    assert_int_equal(symlink("../outside/shop.parquet", "data/link.parquet"), 0);
    assert_int_equal(symlink("../outside", "data/out"), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        refused_everywhere(&o, names[i]);
    }
    mcp_offer_close(&o);
}

static void
what_is_not_there(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    char *inside = offer_refused(
        &o, "E_SOURCE", "describe_data", "{'source': 'data/none.parquet'}");
    char *outside = offer_refused(
        &o, "E_SOURCE", "describe_data", "{'source': 'outside/none.parquet'}");
    char *real = offer_refused(
        &o, "E_SOURCE", "describe_data", "{'source': 'outside/shop.parquet'}");
    offer_holds(inside, "No such file");
    offer_holds(outside, "outside the directories");
    offer_holds(real, "outside the directories"); /* as for one that is not there */
    assert_null(strstr(outside, "No such file"));
    free(inside);
    free(outside);
    free(real);
    mcp_offer_close(&o);
}

static void
odd_names(void **state)
{
    mcp_offer o = offer_open();
    char *longest = malloc(10001);
    (void)state;
    memset(longest, 'a', 10000);
    longest[10000] = '\0';
    free(offer_refused(&o, "E_SOURCE", "describe_data", "{'source': '%s'}", longest));
    free(offer_refused(
        &o, "E_USAGE", "describe_data", "{'source': 'data/shop.parquet\\u0000.csv'}"));
    free(offer_refused(&o, "E_USAGE", "describe_data", "{'source': ['x']}"));
    free(offer_refused(&o, "E_USAGE", "describe_data", "{'source': {'a': 1}}"));
    free(offer_refused(&o, "E_USAGE", "describe_data", "{}"));
    free(longest);
    mcp_offer_close(&o);
}

/* A graph is text or a file; a file is one that may be read, also where its name could be a node. */
static void
graphs(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    /* NOLINTNEXTLINE(cert-env33-c) */
    int made = system("echo 'arm -> secret' > secret; cp secret data/graph.txt");
    assert_int_equal(made, 0);
    char *text = offer_refused(
        &o, "E_SOURCE", "mediate", "{'what': 'graph', 'graph': 'secret'}");
    assert_null(strstr(text, "arm"));
    free(text);
    free(offer_refused(
        &o, "E_SOURCE", "mediate", "{'what': 'graph', 'graph': '/etc/passwd'}"));
    json_decref(
        offer_ask(&o, "mediate", "{'what': 'graph', 'graph': 'data/graph.txt'}"));
    json_decref(
        offer_ask(&o, "mediate", "{'what': 'graph', 'graph': 'a -> b; b -> c'}"));
    mcp_offer_close(&o);
}

/* Every option that names a file, not the source alone. */
static void
other_files(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    json_t *answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'covariates': ['device']}");
    char *design = strdup(offer_handle(answer, "design"));
    json_decref(answer);
    answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    const char *fit = offer_handle(answer, "fit");
    free(offer_refused(&o, "E_SOURCE", "project",
        "{'fit': '%s', 'target': 'outside/shop.parquet'}", fit));
    free(offer_refused(&o, "E_SOURCE", "infer_effect",
        "{'fit': '%s', 'options': ['truth=outside/shop.truth.json']}", fit));
    free(offer_refused(&o, "E_SOURCE", "rank",
        "{'what': 'decide', 'policy': 'outside/policy.json', 'context': ['{}']}"));
    free(offer_refused(&o, "E_SOURCE", "monitor",
        "{'design': '%s', 'source': ['data/shop.parquet', 'outside/shop.parquet'], "
        "'planned': 9000}",
        design));
    json_decref(answer);
    free(design);
    mcp_offer_close(&o);
}

static int
place(void **state)
{
    (void)state;
    offer_place();
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    offer_leave();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(escapes, place, leave),
        cmocka_unit_test_setup_teardown(what_is_not_there, place, leave),
        cmocka_unit_test_setup_teardown(odd_names, place, leave),
        cmocka_unit_test_setup_teardown(graphs, place, leave),
        cmocka_unit_test_setup_teardown(other_files, place, leave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
