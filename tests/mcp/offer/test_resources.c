/* Resources, prompts and completion: what clients beyond tools see. */
#include "offer_helper.h"

#include <stdlib.h>
#include <string.h>

static json_t *
listed(mcp_offer *o, const char *cursor)
{
    mcp_reply reply = {0};
    o->list_resources(o->user, cursor, NULL, &reply);
    return offer_body(&reply);
}

static char *
read_uri(mcp_offer *o, const char *uri)
{
    mcp_reply reply = {0};
    o->read_resource(o->user, uri, NULL, &reply);
    json_t *body = offer_body(&reply);
    const json_t *one = json_array_get(json_object_get(body, "contents"), 0);
    assert_string_equal(json_string_value(json_object_get(one, "uri")), uri);
    char *text = strdup(json_string_value(json_object_get(one, "text")));
    json_decref(body);
    return text;
}

/* Every resource of every page can be read. */
static void
resources(void **state)
{
    mcp_offer o = offer_open();
    char cursor[32] = "";
    size_t n = 0;
    (void)state;
    json_t *answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales']}");
    json_decref(
        offer_ask(&o, "fit", "{'design': '%s'}", offer_handle(answer, "design")));
    json_decref(answer);
    for (int page = 0; page < 20; page++) {
        json_t *body = listed(&o, page > 0 ? cursor : NULL);
        json_t *one = NULL;
        size_t i = 0;
        json_array_foreach(json_object_get(body, "resources"), i, one)
        {
            char *text = read_uri(&o, json_string_value(json_object_get(one, "uri")));
            assert_true(strlen(text) > 20);
            free(text);
            n++;
        }
        const char *next = json_string_value(json_object_get(body, "nextCursor"));
        (void)snprintf(cursor, sizeof cursor, "%s", next != NULL ? next : "");
        json_decref(body);
        if (cursor[0] == '\0') {
            break;
        }
    }
    assert_in_range(n, 20, 200); /* pages of the guide, design, fit, two answers */
    char *page = read_uri(&o, "upshot://code/E_PEEK");
    offer_holds(page, "E_PEEK");
    free(page);
    mcp_offer_close(&o);
}

static void
unknown(void **state)
{
    static const char *const bad[] = {"", "upshot://", "upshot://guide",
        "upshot://guide/", "upshot://guide/nosuch", "upshot://code/E_NOSUCH",
        "upshot://nosuch/x", "upshot://effect/effect_0123456789abcdef",
        "upshot://effect/../../etc/passwd", "upshot://design/fit_0123456789abcdef",
        "file:///etc/passwd", "upshot://effect/effect_0123456789abcdef?offset=-1",
        "upshot://guide/designs?offset=x", "upshot://guide/designs/more"};
    mcp_offer o = offer_open();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mcp_reply reply = {0};
        o.read_resource(o.user, bad[i], NULL, &reply);
        assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
        assert_non_null(reply.text);
        free(reply.text);
    }
    mcp_reply reply = {0};
    o.list_resources(o.user, "x", NULL, &reply);
    assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
    free(reply.text);
    reply = (mcp_reply){0};
    o.call_tool(o.user, "no_such_tool", NULL, NULL, &reply);
    assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
    free(reply.text);
    mcp_offer_close(&o);
}

/* Rows are cut out of the stored text: page by page they are those of the whole, digit by
 * digit. */
static void
drill_down(void **state)
{
    mcp_offer o = offer_open();
    char uri[96];
    (void)state;
    json_t *answer = offer_ask(&o, "plan_experiment",
        "{'what': 'assign', 'source': 'data/shop.parquet', 'unit': 'shopper'}");
    const json_t *cut = json_object_get(json_object_get(answer, "agent"), "cut");
    assert_int_equal(json_integer_value(json_object_get(cut, "rows_total")), 4000);
    assert_int_equal(json_integer_value(json_object_get(cut, "shown")), 20);
    const char *more = json_string_value(json_object_get(cut, "more"));
    char *text = read_uri(&o, more);
    json_t *page = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(page, "rows")), 500);
    const json_t *row = json_array_get(json_object_get(page, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "unit")), "21");
    json_decref(page);
    free(text);
    (void)snprintf(uri, sizeof uri, "upshot://result/%s?offset=3999",
        offer_handle(answer, "result"));
    text = read_uri(&o, uri);
    page = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(page, "rows")), 1);
    json_decref(page);
    free(text);
    json_t *tool = offer_ask(
        &o, "guide", "{'result': '%s', 'offset': 20}", offer_handle(answer, "result"));
    assert_int_equal(json_array_size(json_object_get(tool, "rows")), 100);
    json_decref(tool);
    tool = offer_ask(&o, "guide", "{'result': '%s', 'offset': 90000}",
        offer_handle(answer, "result"));
    assert_int_equal(json_array_size(json_object_get(tool, "rows")), 0);
    json_decref(tool);
    json_decref(answer);
    mcp_offer_close(&o);
}

static void
prompts(void **state)
{
    mcp_offer o = offer_open();
    json_t *list = json_loads(o.prompts, 0, NULL);
    json_t *one = NULL;
    size_t i = 0;
    (void)state;
    assert_int_equal(json_array_size(list), 4);
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        json_t *arguments = json_object();
        json_t *argument = NULL;
        size_t k = 0;
        mcp_reply reply = {0};
        json_array_foreach(json_object_get(one, "arguments"), k, argument)
        {
            (void)json_object_set_new(arguments,
                json_string_value(json_object_get(argument, "name")),
                json_string("a \"quoted\" {value}"));
        }
        o.get_prompt(o.user, name, arguments, NULL, &reply);
        json_t *body = offer_body(&reply);
        const json_t *message = json_array_get(json_object_get(body, "messages"), 0);
        const char *text = json_string_value(
            json_object_get(json_object_get(message, "content"), "text"));
        offer_holds(text, "a \"quoted\" {value}");
        json_decref(body);
        json_decref(arguments);
        reply = (mcp_reply){0};
        o.get_prompt(o.user, name, NULL, NULL, &reply); /* a required one is missing */
        assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
        free(reply.text);
    }
    json_decref(list);
    mcp_reply reply = {0};
    o.get_prompt(o.user, "nosuch", NULL, NULL, &reply);
    assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
    free(reply.text);
    mcp_offer_close(&o);
}

static json_t *
completed(mcp_offer *o, const char *params)
{
    mcp_reply reply = {0};
    json_t *p = json_loads(params, 0, NULL);
    assert_non_null(p);
    o->complete(o->user, p, NULL, &reply);
    json_decref(p);
    json_t *body = offer_body(&reply);
    json_t *values =
        json_incref(json_object_get(json_object_get(body, "completion"), "values"));
    json_decref(body);
    return values;
}

static void
completion(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    json_t *values = completed(&o,
        "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"analyze_experiment\"},"
        "\"argument\":{\"name\":\"metric\",\"value\":\"sa\"},"
        "\"context\":{\"arguments\":{\"data\":\"data/shop.parquet\"}}}");
    assert_int_equal(json_array_size(values), 1);
    assert_string_equal(json_string_value(json_array_get(values, 0)), "sales");
    json_decref(values);
    values = completed(&o, "{\"argument\":{\"name\":\"metric\",\"value\":\"\"},"
                           "\"context\":{\"arguments\":{\"data\":"
                           "\"outside/shop.parquet\"}}}");
    assert_int_equal(json_array_size(values), 0); /* outside: not even its columns */
    json_decref(values);
    values = completed(&o, "{\"argument\":{\"name\":\"data\",\"value\":\"\"}}");
    assert_int_equal(json_array_size(values), 2); /* the rows and their true effects */
    json_decref(values);
    values = completed(&o, "{\"argument\":{\"name\":\"topic\",\"value\":\"des\"}}");
    assert_string_equal(json_string_value(json_array_get(values, 0)), "designs");
    json_decref(values);
    values = completed(&o, "{\"argument\":{\"name\":\"code\",\"value\":\"e_pee\"}}");
    assert_string_equal(json_string_value(json_array_get(values, 0)), "E_PEEK");
    json_decref(values);
    mcp_reply reply = {0};
    json_t *bad = json_object();
    o.complete(o.user, bad, NULL, &reply);
    assert_int_equal(reply.outcome, MCP_BAD_PARAMS);
    free(reply.text);
    json_decref(bad);
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
    const struct CMUnitTest tests[] = {PLACED(resources), PLACED(unknown),
        PLACED(drill_down), PLACED(prompts), PLACED(completion)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
