/* Memory that runs out at any point: the protocol gives no answer or a whole one, and leaks
 * nothing. The linker puts the functions below in the place of those of the C library for the
 * code of the protocol; jansson 2.14 keeps its own, as it reads past its buffer when its memory
 * runs out inside a string. */
#include "json.h"
#include "lines.h"
#include "rpc_helper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int allocations, fails_at;

static bool
runs_out(void)
{
    allocations++;
    return allocations == fails_at;
}

/* The names are the linker's. NOLINTBEGIN */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *
__wrap_malloc(size_t n)
{
    return runs_out() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return runs_out() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
    return runs_out() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
    return runs_out() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
    return runs_out() ? NULL : __real_strndup(s, n);
}
/* NOLINTEND */

static const char *const messages[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
    "\"protocolVersion\":\"2025-11-25\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META
    "}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
    "call\",\"params\":{\"name\":\"echo\","
    "\"arguments\":{\"a\":[1]},\"_meta\":{\"progressToken\":1}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":{\"name\":"
    "\"need\"," META "}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
    "call\",\"params\":{\"name\":\"wait\","
    "\"arguments\":{\"ms\":5},\"_meta\":{\"progressToken\":\"p\"}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
    "list\",\"params\":{\"_meta\":{\"" VERSION "\":\"2099-01-01\",\"" CAPABILITIES
    "\":{}}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/"
    "read\",\"params\":{\"uri\":\"x\"}}",
    "{\"jsonrpc\":\"2.0\",\"\\u0069d\":1,\"method\":\"nope\"}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
    "cancelled\",\"params\":{\"requestId\":"
    "\"a\"}}",
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,"
    "\"method\":\"tools/list\"}]",
    "[[[[[1]]]]]", "nonsense"};

static void
hear(void *user, const char *text, size_t n)
{
    (void)user;
    int kept = fails_at;
    fails_at = 0; /* the check needs memory of its own */
    assert_true(mcp_json_check((mcp_span){text, n}).valid);
    fails_at = kept;
}

/* False = nothing ran out. */
static bool
run(const mcp_wire *wire, const char *text, int at)
{
    mcp_offer offer = tiny_offer(mcp_test_state());
    mcp_answer a = {0};
    allocations = 0;
    fails_at = at;
    mcp_request *r = mcp_request_read(&offer, wire, text, strlen(text));
    if (r != NULL) {
        a = mcp_request_answer(r);
    }
    mcp_request_free(r);
    fails_at = 0;
    if (a.text != NULL) {
        mcp_json_state state = mcp_json_check((mcp_span){a.text, a.n});
        assert_true(state.valid);
        assert_int_equal(strlen(a.text), a.n);
    } else if (r != NULL && a.http_status != 202) {
        assert_int_equal(a.http_status, 500);
    }
    free(a.text);
    return allocations >= at;
}

static void
test_every_message(void **unused)
{
    (void)unused;
    const mcp_wire wire = {.send = hear, .version = "2025-03-26"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        int k = 1;
        while (run(&wire, messages[i], k)) {
            k++;
            assert_true(k < 1000);
        }
        assert_true(k > 3);
    }
}

static void
test_lines(void **unused)
{
    (void)unused;
    for (int at = 1;; at++) {
        int ends[2];
        mcp_lines lines = {0};
        mcp_span line;
        size_t n = 0;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "one\ntwo", 7), 7);
        (void)close(ends[1]);
        allocations = 0;
        fails_at = at;
        while (mcp_lines_read(&lines, ends[0])) {
        }
        fails_at = 0;
        assert_true(lines.ended);
        while (mcp_lines_next(&lines, 100, &line) == MCP_LINE_WHOLE) {
            n++;
        }
        mcp_lines_clear(&lines);
        (void)close(ends[0]);
        if (allocations < at) {
            assert_int_equal(n, 2);
            break;
        }
        assert_true(n == 0 || n == 2); /* at the first reading, or at the second */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message), cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
