/* The conversation of the paper: look, declare, fit, infer, and on from there. What every answer
 * holds, and that the program prints the same bytes. */
#include "offer_helper.h"

#include <stdlib.h>
#include <string.h>

/* The result of agent.command is the answer up to "agent", byte for byte. */
static void
same_bytes(mcp_offer *o, const char *tool, const char *arguments)
{
    mcp_reply reply = {0};
    json_t *given = json_loads(arguments, 0, NULL);
    assert_non_null(given);
    o->call_tool(o->user, tool, given, NULL, &reply);
    json_decref(given);
    const char *start = strstr(reply.body, "\"structuredContent\":");
    assert_non_null(start);
    start += strlen("\"structuredContent\":");
    char *body = strdup(start);
    json_t *answer = offer_body(&reply);
    const char *command = json_string_value(json_object_get(
        json_object_get(json_object_get(answer, "structuredContent"), "agent"),
        "command"));
    assert_non_null(command);
    char *program = offer_program(command);
    size_t n = strlen(program);
    while (program[n - 1] != '}') {
        n--;
    }
    assert_memory_equal(body, program, n - 1);
    assert_memory_equal(body + n - 1, ",\"agent\":", 9);
    free(program);
    free(body);
    json_decref(answer);
}

static void
the_loop(void **state)
{
    mcp_offer o = offer_open();
    char arguments[512];
    (void)state;
    json_t *answer = offer_ask(&o, "describe_data", "{'source': 'data/shop.parquet'}");
    const json_t *first =
        json_object_get(json_object_get(answer, "agent"), "next_calls");
    assert_int_equal(
        json_array_size(first), 1); /* check and effect begin by the same */
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(first, 0), "tool")),
        "declare_design");
    json_decref(answer);
    answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'covariates': ['device'], 'unit': 'shopper'}");
    char *design = strdup(offer_handle(answer, "design"));
    const json_t *next =
        json_object_get(json_object_get(answer, "agent"), "next_calls");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(next, 0), "tool")), "fit");
    assert_string_equal(
        json_string_value(json_object_get(
            json_object_get(json_array_get(next, 0), "arguments"), "design")),
        design);
    json_decref(answer);
    answer = offer_ask(&o, "fit", "{'design': '%s'}", design);
    char *fit = strdup(offer_handle(answer, "fit"));
    json_decref(answer);
    answer = offer_ask(&o, "infer_effect", "{'fit': '%s', 'by': 'device'}", fit);
    assert_int_equal(json_integer_value(json_object_get(answer, "rows_total")), 6);
    json_decref(answer);
    (void)snprintf(arguments, sizeof arguments, "{\"fit\":\"%s\"}", fit);
    same_bytes(&o, "infer_effect", arguments);
    same_bytes(&o, "rank", arguments);
    same_bytes(&o, "check", arguments);
    (void)snprintf(arguments, sizeof arguments,
        "{\"fit\":\"%s\",\"where\":[\"device = 'mobile'\"],\"detailed\":true}", fit);
    same_bytes(&o, "infer_effect", arguments);
    (void)snprintf(arguments, sizeof arguments,
        "{\"fit\":\"%s\",\"to\":[\"device=mobile:0.7,desktop:0.3\"],\"level\":0.9}",
        fit);
    same_bytes(&o, "project", arguments);
    (void)snprintf(arguments, sizeof arguments,
        "{\"design\":\"%s\",\"graph\":\"arm -> searches -> sales; arm -> sales\"}",
        design);
    same_bytes(&o, "mediate", arguments);
    same_bytes(&o, "describe_data", "{\"source\":\"data/shop.parquet\"}");
    same_bytes(&o, "plan_experiment", "{\"what\":\"boundaries\",\"looks\":3}");
    free(design);
    free(fit);
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
        cmocka_unit_test_setup_teardown(the_loop, place, leave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
