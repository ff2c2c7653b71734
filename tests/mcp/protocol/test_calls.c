/* Running requests: cancellation, ids in use, progress, clients that are gone. */
#include "rpc_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static mcp_request *
read_call(const mcp_offer *offer, const char *id)
{
    char text[256];
    (void)snprintf(text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":"
        "\"wait\",\"arguments\":{\"ms\":20}}}",
        id);
    mcp_request *r = mcp_request_read(offer, mcp_test_wire(), text, strlen(text));
    assert_int_equal(mcp_request_kind(r), MCP_WORK);
    return r;
}

/* The request that a notification of cancellation with this id cancels among the two. */
static void
test_cancellation(void **unused)
{
    (void)unused;
    static const struct {
        const char *running, *named;
        bool same;
    } cases[] = {{"1", "1", true}, {"1", "\"1\"", false},
        {"\"a\"", "\"\\u0061\"", true}, {"\"a\"", "\"A\"", false}, {"1", "1.0", false},
        {"1", "2", false}, {"99999999999999999999", "99999999999999999999", false}};
    mcp_offer offer = tiny_offer(mcp_test_state());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        mcp_request *r = read_call(&offer, cases[i].running);
        (void)snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
            "\"requestId\":%s,\"reason\":\"why not\"}}",
            cases[i].named);
        mcp_request *c = mcp_request_read(&offer, mcp_test_wire(), text, strlen(text));
        const char *id = mcp_request_cancels(c);
        bool found = id != NULL && mcp_request_cancel(r, id);
        assert_true(found == cases[i].same);
        assert_true(mcp_request_cancelled(r) == cases[i].same);
        int begun = atomic_load(&mcp_test_state()->begun);
        mcp_answer a = mcp_request_answer(r);
        assert_true((a.text == NULL) == cases[i].same);
        assert_int_equal(
            atomic_load(&mcp_test_state()->begun) - begun, cases[i].same ? 0 : 1);
        free(a.text);
        mcp_request_free(c);
        mcp_request_free(r);
    }
    mcp_request *r = read_call(&offer, "5");
    assert_true(mcp_request_cancel(r, NULL));
    assert_true(mcp_request_cancelled(r));
    mcp_request_free(r);
}

static void
test_ids_in_use(void **unused)
{
    (void)unused;
    mcp_offer offer = tiny_offer(mcp_test_state());
    mcp_request *first = read_call(&offer, "\"x\"");
    mcp_request *again = read_call(&offer, "\"\\u0078\"");
    mcp_request *other = read_call(&offer, "\"y\"");
    assert_true(mcp_request_collides(again, first));
    assert_false(mcp_request_collides(other, first));
    mcp_request_refuse_id(again);
    mcp_answer a = mcp_request_answer(again);
    assert_non_null(strstr(a.text, "\"id\":null,\"error\":{\"code\":-32600"));
    free(a.text);
    mcp_request_refuse_busy(other);
    assert_int_equal(mcp_request_kind(other), MCP_QUICK);
    a = mcp_request_answer(other);
    assert_non_null(strstr(a.text, "\"id\":\"y\",\"error\":{\"code\":-32603"));
    free(a.text);
    /* One that is cancelled gives its id back. */
    (void)mcp_request_cancel(first, NULL);
    assert_false(mcp_request_collides(again, first));
    mcp_request_free(again);
    mcp_request_free(first);
    mcp_request_free(other);
    mcp_request *r = mcp_request_too_long(&offer, mcp_test_wire());
    a = mcp_request_answer(r);
    assert_non_null(strstr(a.text, "\"id\":null,\"error\":{\"code\":-32600"));
    free(a.text);
    mcp_request_free(r);
}

typedef struct heard {
    int n;
    double last;
    char text[256];
} heard;

static void
hear(void *user, const char *text, size_t n)
{
    heard *h = user;
    json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_string_equal(mcp_test_text(j, "method"), "notifications/progress");
    double progress = json_number_value(mcp_test_at(j, "params.progress"));
    assert_true(progress > h->last && progress <= 1);
    h->last = progress;
    h->n++;
    (void)snprintf(h->text, sizeof h->text, "%s", text);
    json_decref(j);
}

static int
progress_with(const char *token, int ms, char *text, size_t room)
{
    heard h = {.last = -1};
    char request[512];
    const mcp_wire wire = {.user = &h, .send = hear};
    mcp_offer offer = tiny_offer(mcp_test_state());
    (void)snprintf(request, sizeof request,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
        "\"wait\",\"arguments\":{\"ms\":%d},\"_meta\":{%s}}}",
        ms, token);
    mcp_answer a = mcp_test_answer(&offer, &wire, request, strlen(request));
    assert_non_null(strstr(a.text, "\"result\""));
    free(a.text);
    (void)snprintf(text, room, "%s", h.text);
    return h.n;
}

static void
test_progress(void **unused)
{
    (void)unused;
    char text[256];
    /* At 0, 250 and 500 ms and perhaps once more: the machine may be slow. */
    int n = progress_with("\"progressToken\":\"\\u0061\"", 600, text, sizeof text);
    assert_true(n >= 2 && n <= 60);
    assert_non_null(strstr(text, "\"progressToken\":\"\\u0061\""));
    assert_non_null(strstr(text, "\"message\":\"a \\\"step\\\"\\n\""));
    assert_int_equal(progress_with("\"progressToken\":-5", 10, text, sizeof text), 1);
    assert_non_null(strstr(text, "\"progressToken\":-5,"));
    assert_int_equal(progress_with("", 10, text, sizeof text), 0);
    assert_int_equal(progress_with("\"progressToken\":1.5", 10, text, sizeof text), 0);
    assert_int_equal(progress_with("\"progressToken\":true", 10, text, sizeof text), 0);
    assert_int_equal(progress_with("\"progressToken\":null", 10, text, sizeof text), 0);
}

static void
hear_time(void *user, const char *text, size_t n)
{
    (void)text;
    (void)n;
    struct timespec *times = user, now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    double gap = (double)(now.tv_sec - times[0].tv_sec) +
                 1e-9 * (double)(now.tv_nsec - times[0].tv_nsec);
    assert_true(
        times[0].tv_sec == 0 || gap >= 0.2); /* told a little later than counted */
    times[0] = now;
}

static void
test_progress_is_told_four_times_a_second(void **unused)
{
    (void)unused;
    struct timespec last = {0};
    const mcp_wire wire = {.user = &last, .send = hear_time};
    mcp_offer offer = tiny_offer(mcp_test_state());
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
        "\"wait\",\"arguments\":{\"ms\":800},\"_meta\":{\"progressToken\":1}}}";
    mcp_answer a = mcp_test_answer(&offer, &wire, request, strlen(request));
    free(a.text);
    assert_true(last.tv_sec != 0);
}

static bool
is_gone(void *user)
{
    (void)user;
    return true;
}

static void
test_a_client_that_is_gone(void **unused)
{
    (void)unused;
    const mcp_wire wire = {.gone = is_gone};
    mcp_offer offer = tiny_offer(mcp_test_state());
    int begun = atomic_load(&mcp_test_state()->begun);
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
        "\"params\":{\"name\":\"wait\"}}";
    mcp_answer a = mcp_test_answer(&offer, &wire, request, strlen(request));
    assert_null(a.text);
    assert_int_equal(atomic_load(&mcp_test_state()->begun), begun);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cancellation),
        cmocka_unit_test(test_ids_in_use), cmocka_unit_test(test_progress),
        cmocka_unit_test(test_progress_is_told_four_times_a_second),
        cmocka_unit_test(test_a_client_that_is_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
