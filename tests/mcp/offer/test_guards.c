/* What keeps an analysis honest over a whole conversation: specifications are counted, a second
 * look is refused, segments asked one after another are adjusted together, and every refusal
 * says what to call instead. */
#include "offer_helper.h"

#include <stdlib.h>
#include <string.h>

static char design[64];
static char fit[64];

static void
declare_and_fit(mcp_offer *o)
{
    json_t *answer = offer_ask(o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'covariates': ['device', 'country']}");
    (void)snprintf(design, sizeof design, "%s", offer_handle(answer, "design"));
    json_decref(answer);
    answer = offer_ask(o, "fit", "{'design': '%s'}", design);
    (void)snprintf(fit, sizeof fit, "%s", offer_handle(answer, "fit"));
    json_decref(answer);
}

static int64_t
counted(const json_t *answer, const char *name)
{
    const json_t *s =
        json_object_get(json_object_get(answer, "agent"), "specifications");
    assert_true(json_is_integer(json_object_get(s, name)));
    return json_integer_value(json_object_get(s, name));
}

static void
expect_count(mcp_offer *o, int64_t number, int64_t tried, int64_t same,
    const char *tool, const char *arguments)
{
    json_t *answer = offer_ask(o, tool, arguments, fit);
    assert_int_equal(counted(answer, "number"), number);
    assert_int_equal(counted(answer, "tried"), tried);
    assert_int_equal(counted(answer, "same_metric"), same);
    json_decref(answer);
}

/* A fit and the effect that it shows are one specification; the same request again is none;
 * everything else of the experiment counts, whichever door of the tool it came through. */
static void
specifications(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    expect_count(&o, 1, 1, 1, "infer_effect", "{'fit': '%s'}");
    expect_count(&o, 1, 1, 1, "infer_effect", "{'fit': '%s', 'limit': 3}");
    expect_count(&o, 2, 2, 2, "infer_effect", "{'fit': '%s', 'level': 0.9}");
    expect_count(&o, 3, 3, 3, "rank", "{'fit': '%s'}");
    expect_count(&o, 1, 3, 3, "infer_effect", "{'fit': '%s', 'options': ['seed=4']}");
    json_t *answer =
        offer_ask(&o, "fit", "{'design': '%s', 'metric': ['orders']}", design);
    assert_int_equal(counted(answer, "tried"), 4);
    assert_int_equal(counted(answer, "same_metric"), 1);
    json_decref(answer);
    answer = offer_ask(&o, "fit", "{'design': '%s', 'covariates': ['device']}", design);
    assert_int_equal(counted(answer, "tried"), 5);
    json_decref(answer);
    mcp_offer_close(&o);
    o = offer_open(); /* another process knows it too */
    expect_count(&o, 2, 5, 4, "infer_effect", "{'fit': '%s', 'level': 0.9}");
    mcp_offer_close(&o);
}

static void
peeking(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_decref(offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit));
    offer_simulate("data/shop.parquet", 6000);
    json_t *answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    char *grown = strdup(offer_handle(answer, "fit"));
    assert_string_not_equal(grown, fit);
    json_decref(answer);
    char *text = offer_refused(&o, "E_PEEK", "infer_effect", "{'fit': '%s'}", grown);
    offer_holds(text, "4000 rows");
    offer_holds(text, "6000");
    offer_holds(text, "Next call: infer_effect {");
    offer_holds(text, "\"inference\":\"anytime\"");
    offer_holds(text, "\"accept\":[\"E_PEEK\"]");
    assert_null(strstr(text, "--"));
    free(text);
    /* The same by another question, and by a new fit. */
    free(offer_refused(
        &o, "E_PEEK", "infer_effect", "{'fit': '%s', 'level': 0.9}", grown));
    /* What was answered before may be asked about as before. */
    json_decref(offer_ask(&o, "infer_effect", "{'fit': '%s', 'level': 0.8}", fit));
    json_decref(offer_ask(&o, "infer_effect",
        "{'fit': '%s', 'inference': 'anytime', 'planned': 10000}", grown));
    answer =
        offer_ask(&o, "infer_effect", "{'fit': '%s', 'accept': ['E_PEEK']}", grown);
    assert_int_equal(counted(answer, "looks"), 2);
    json_decref(answer);
    free(grown);
    mcp_offer_close(&o);
}

/* A file that was only touched, or written again the same, is no new look. */
static void
touched(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_decref(offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit));
    offer_simulate("data/shop.parquet", 4000);
    json_t *answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    char *again = strdup(offer_handle(answer, "fit"));
    json_decref(answer);
    json_decref(offer_ask(&o, "infer_effect", "{'fit': '%s'}", again));
    free(again);
    mcp_offer_close(&o);
}

/* Data also grow by further files of a pattern. */
static void
more_files(void **state)
{
    static const char ask[] =
        "{'source': 'data/day-*.parquet', 'itt': 'arm', 'metric': ['sales']}";
    mcp_offer o = offer_open();
    (void)state;
    offer_simulate("data/day-1.parquet", 1000);
    json_t *answer = offer_ask(&o, "declare_design", "%s", ask);
    (void)snprintf(design, sizeof design, "%s", offer_handle(answer, "design"));
    json_decref(answer);
    answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    json_decref(
        offer_ask(&o, "infer_effect", "{'fit': '%s'}", offer_handle(answer, "fit")));
    json_decref(answer);
    offer_simulate("data/day-2.parquet", 1100);
    answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    char *text = offer_refused(
        &o, "E_PEEK", "infer_effect", "{'fit': '%s'}", offer_handle(answer, "fit"));
    offer_holds(text, "2100");
    free(text);
    /* a question without an answer that holds at every look says which has one */
    text = offer_refused(
        &o, "E_PEEK", "rank", "{'fit': '%s'}", offer_handle(answer, "fit"));
    offer_holds(text, "Next call: infer_effect {\"fit\":");
    offer_holds(text, "\"inference\":\"anytime\"");
    free(text);
    json_decref(answer);
    mcp_offer_close(&o);
}

static void
only_anytime(void **state)
{
    static const char ask[] = "{'fit': '%s', 'inference': 'anytime', 'planned': 10000}";
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_decref(offer_ask(&o, "infer_effect", ask, fit));
    offer_simulate("data/shop.parquet", 6000);
    json_t *answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    char *grown = strdup(offer_handle(answer, "fit"));
    json_decref(answer);
    json_decref(offer_ask(&o, "infer_effect", ask, grown));
    free(grown);
    mcp_offer_close(&o);
}

static double
width(const json_t *answer, int64_t row)
{
    const json_t *r = json_array_get(json_object_get(answer, "rows"), (size_t)row);
    const char *names[2] = {"adjusted_low", "adjusted_high"};
    if (json_object_get(r, names[0]) == NULL) {
        names[0] = "conf_low";
        names[1] = "conf_high";
    }
    return json_number_value(json_object_get(r, names[1])) -
           json_number_value(json_object_get(r, names[0]));
}

/* One condition is answered as it is; the second brings the first along, and both intervals
 * hold at once; the request is one that the program answers alike. */
static void
fishing(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_t *alone = offer_ask(
        &o, "infer_effect", "{'fit': '%s', 'where': ['device = `mobile`']}", fit);
    assert_null(json_object_get(json_object_get(alone, "agent"), "segments"));
    json_t *again = offer_ask(
        &o, "infer_effect", "{'fit': '%s', 'where': ['device = `mobile`']}", fit);
    assert_null(json_object_get(json_object_get(again, "agent"), "segments"));
    json_t *second = offer_ask(
        &o, "infer_effect", "{'fit': '%s', 'where': ['device = `tablet`']}", fit);
    const json_t *told = json_object_get(json_object_get(second, "agent"), "segments");
    assert_int_equal(json_integer_value(json_object_get(told, "asked")), 2);
    assert_int_equal(json_integer_value(json_object_get(told, "now")), 1);
    assert_string_equal(json_string_value(json_object_get(told, "adjust")), "max-t");
    assert_int_equal(json_integer_value(json_object_get(second, "rows_total")), 4);
    /* the row asked for comes first, and the earlier one is wider than it was alone */
    const json_t *first = json_array_get(json_object_get(second, "rows"), 0);
    assert_string_equal(
        json_string_value(json_object_get(first, "segment")), "device = 'tablet'");
    assert_true(width(second, 2) > width(alone, 0));
    json_t *by = offer_ask(&o, "infer_effect", "{'fit': '%s', 'by': 'country'}", fit);
    told = json_object_get(json_object_get(by, "agent"), "segments");
    int64_t levels = json_integer_value(json_object_get(told, "now"));
    assert_int_equal(json_integer_value(json_object_get(told, "asked")), levels + 2);
    /* one metric of the fit alone is no way around it */
    json_t *narrow = offer_ask(&o, "infer_effect",
        "{'fit': '%s', 'metric': ['sales'], 'where': ['device = `tablet`']}", fit);
    told = json_object_get(json_object_get(narrow, "agent"), "segments");
    assert_int_equal(json_integer_value(json_object_get(told, "asked")), levels + 2);
    assert_string_equal(json_string_value(json_object_get(told, "adjust")), "max-t");
    json_t *none = offer_ask(&o, "infer_effect",
        "{'fit': '%s', 'where': ['device = `desktop`'], 'adjust': 'none'}", fit);
    told = json_object_get(json_object_get(none, "agent"), "segments");
    offer_holds(json_string_value(json_object_get(told, "text")), "not adjusted");
    json_t *all = offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit);
    assert_null(json_object_get(json_object_get(all, "agent"), "segments"));
    json_decref(alone);
    json_decref(again);
    json_decref(second);
    json_decref(by);
    json_decref(narrow);
    json_decref(none);
    json_decref(all);
    mcp_offer_close(&o);
}

static void
fishing_sequential(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_t *answer = offer_ask(&o, "infer_effect",
        "{'fit': '%s', 'by': 'device', 'inference': 'anytime', 'planned': 9000}", fit);
    const json_t *told = json_object_get(json_object_get(answer, "agent"), "segments");
    assert_string_equal(
        json_string_value(json_object_get(told, "adjust")), "bonferroni");
    json_decref(answer);
    mcp_offer_close(&o);
}

/* Refusals of the library, in the words of the tools. */
static void
refusals(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    json_t *answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'expected_split': 'control=0.8,diverse=0.1,diverse_2=0.1', "
        "'options': ['missing=refuse']}");
    char *skewed = strdup(offer_handle(answer, "design"));
    json_decref(answer);
    char *text = offer_refused(&o, "E_SRM", "fit", "{'design': '%s'}", skewed);
    offer_holds(text, "REFUSED E_SRM");
    offer_holds(text, "\"accept\":[\"E_SRM\"]");
    assert_null(strstr(text, "--"));
    free(text);
    answer = offer_ask(&o, "fit", "{'design': '%s', 'accept': ['E_SRM']}", skewed);
    json_decref(answer);
    free(skewed);
    text = offer_refused(&o, "E_POST_TREATMENT", "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'covariates': ['searches'], 'post': ['searches']}");
    free(text);
    text = offer_refused(&o, "E_CONDITION", "infer_effect",
        "{'fit': '%s', 'where': ['loyal = true']}", fit);
    free(text);
    text = offer_refused(&o, "E_COLUMN", "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arms', 'metric': ['sales']}");
    offer_holds(text, "Next call: declare_design {");
    offer_holds(text, "\"itt\":\"arm\"");
    free(text);
    /* what the graph does not identify is refused with the reason from the graph */
    text = offer_refused(&o, "E_MEDIATION", "mediate",
        "{'design': '%s', 'graph': 'arm -> searches -> sales; searches <-> sales'}",
        design);
    offer_holds(text, "share an unmeasured cause");
    offer_holds(text, "\nNext call: ");
    free(text);
    text = offer_refused(&o, "E_NOT_IDENTIFIED", "mediate",
        "{'what': 'graph', 'graph': 'X -> Y; X <-> Y', 'treatment': 'X', "
        "'outcome': 'Y'}");
    offer_holds(text, "front door");
    offer_holds(text, "X <-> Y");
    free(text);
    /* a covariate that treatment moved; the way on is not the override */
    text = offer_refused(
        &o, "E_BALANCE", "fit", "{'design': '%s', 'covariates': ['searches']}", design);
    offer_holds(text, "Next call: check {\"design\":");
    offer_holds(text, "\"accept\":[\"E_BALANCE\"]");
    free(text);
    free(offer_refused(&o, "E_USAGE", "infer_effect", "{}"));
    free(offer_refused(
        &o, "E_USAGE", "infer_effect", "{'fit': '%s', 'estimand': 'best'}", fit));
    free(
        offer_refused(&o, "E_USAGE", "infer_effect", "{'fit': '%s', 'level': 2}", fit));
    free(offer_refused(
        &o, "E_USAGE", "infer_effect", "{'fit': '%s', 'limit': 5000}", fit));
    free(offer_refused(&o, "E_USAGE", "infer_effect", "{'fit': '%s', 'wher': 1}", fit));
    free(offer_refused(&o, "E_USAGE", "rank", "{'fit': '%s', 'what': 'best'}", fit));
    free(offer_refused(&o, "E_USAGE", "infer_effect",
        "{'fit': '%s', 'options': ['save=x.parquet']}", fit));
    free(offer_refused(&o, "E_USAGE", "infer_effect",
        "{'fit': '%s', 'options': ['spill=/tmp']}", fit));
    free(offer_refused(
        &o, "E_USAGE", "infer_effect", "{'fit': '%s', 'options': 'seed=1'}", fit));
    mcp_offer_close(&o);
}

/* Calls that are suggested are calls that are answered. */
static void
next_calls(void **state)
{
    mcp_offer o = offer_open();
    json_t *call = NULL;
    size_t i = 0;
    (void)state;
    json_t *answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales']}");
    for (int steps = 0; steps < 3; steps++) {
        json_t *calls = json_object_get(json_object_get(answer, "agent"), "next_calls");
        json_t *follow = NULL;
        json_array_foreach(calls, i, call)
        {
            mcp_reply reply = {0};
            o.call_tool(o.user, json_string_value(json_object_get(call, "tool")),
                json_object_get(call, "arguments"), NULL, &reply);
            json_t *body = offer_body(&reply);
            assert_false(json_is_true(json_object_get(body, "isError")));
            follow = follow == NULL
                         ? json_incref(json_object_get(body, "structuredContent"))
                         : follow;
            json_decref(body);
        }
        if (follow == NULL) {
            assert_true(steps >= 2); /* check -> fit -> effect */
            break;
        }
        json_decref(answer);
        answer = follow;
    }
    json_decref(answer);
    mcp_offer_close(&o);
}

static void
cancelled(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    declare_and_fit(&o);
    offer_cancel(true);
    json_t *body =
        offer_call(&o, "fit", "{'design': '%s', 'metric': ['orders']}", design);
    assert_true(json_is_true(json_object_get(body, "isError")));
    json_decref(body);
    offer_cancel(false);
    assert_true(offer_progress_count() > 0);
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

#define PLACED(test) cmocka_unit_test_setup_teardown(test, place, leave)

int
main(void)
{
    const struct CMUnitTest tests[] = {PLACED(specifications), PLACED(peeking),
        PLACED(touched), PLACED(more_files), PLACED(only_anytime), PLACED(fishing),
        PLACED(fishing_sequential), PLACED(refusals), PLACED(next_calls),
        PLACED(cancelled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
