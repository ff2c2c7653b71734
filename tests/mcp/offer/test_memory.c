/* Memory that runs out in the JSON of the offer: a call then fails or is answered, and nothing
 * falls over or is left behind. */
#include "offer_helper.h"

#include <stdlib.h>

static long countdown; /* allocations until one fails; below 0 = none does */
static bool failed;

static void *
sometimes(size_t n)
{
    if (countdown == 0) {
        failed = true;
    }
    countdown -= countdown >= 0 ? 1 : 0;
    return failed ? NULL : malloc(n);
}

static void
start(long k)
{
    countdown = k;
    failed = false;
}

/* Every allocation from the k-th on fails, for k ahead in growing steps. */
static void
sweep(mcp_offer *o, const char *tool, const char *arguments)
{
    json_t *given = json_loads(arguments, 0, NULL);
    assert_non_null(given);
    for (long k = 0; k < 100000; k += 1 + k / 9) {
        mcp_reply reply = {0};
        start(k);
        o->call_tool(o->user, tool, given, NULL, &reply);
        bool ran_out = failed;
        start(-1);
        assert_true(reply.body != NULL || reply.outcome == MCP_INTERNAL);
        free(reply.body);
        free(reply.text);
        if (!ran_out) {
            break;
        }
    }
    json_decref(given);
}

static void
calls(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    json_t *answer = offer_ask(&o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales']}");
    char text[128];
    sweep(&o, "plan_experiment", "{\"what\":\"boundaries\",\"looks\":3}");
    sweep(&o, "plan_experiment", "{\"baseline\":45,\"effect\":\"2%\"}");
    sweep(&o, "guide", "{\"code\":\"E_SRM\"}");
    sweep(&o, "describe_data", "{\"source\":\"/etc/passwd\"}");
    (void)snprintf(
        text, sizeof text, "{\"design\":\"%s\"}", offer_handle(answer, "design"));
    sweep(&o, "check", text);
    json_decref(answer);
    mcp_offer_close(&o);
}

static void
lists(void **state)
{
    static const char *const allow[] = {"data"};
    (void)state;
    for (long k = 0; k < 20000; k += 1 + k / 9) {
        mcp_offer o;
        up_error err = UP_ERROR_INIT;
        start(k);
        up_status status = mcp_offer_open(
            &(mcp_offer_opts){.allow = allow, .n_allow = 1, .cache = "cache"}, &o,
            &err);
        bool ran_out = failed;
        start(-1);
        if (status == UP_OK) {
            mcp_offer_close(&o);
        }
        if (!ran_out) {
            assert_int_equal(status, UP_OK);
            break;
        }
    }
}

static int
place(void **state)
{
    (void)state;
    offer_place();
    countdown = -1;
    json_set_alloc_funcs(sometimes, free);
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc, free);
    offer_leave();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls, place, leave),
        cmocka_unit_test_setup_teardown(lists, place, leave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
