/* Messages: ids, what is no JSON, what is no request, what is not answered, batches. */
#include "rpc_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Echoed byte for byte, or answered as the id of nobody. */
static void
test_ids(void **unused)
{
    (void)unused;
    static const struct {
        const char *id;
        bool good;
    } cases[] = {{"1", true}, {"0", true}, {"-7", true}, {"\"a\"", true},
        {"\"\"", true}, {"123456789012345678901234567890", true}, {"1.5", true},
        {"1E400", true}, {"-0", true}, {"1.0", true}, {"\"\\u0061\\n\"", true},
        {"\"\\u0000\"", true}, {"\"\xc3\xa4\xf0\x9f\x98\x80\"", true},
        {"\"\\ud83d\\ude00\"", true}, {"null", false}, {"true", false},
        {"false", false}, {"[]", false}, {"{}", false}, {"[1]", false},
        {"\"\\ud800\"", false}};
    mcp_offer offer = tiny_offer(mcp_test_state());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256], expected[256];
        (void)snprintf(text, sizeof text,
            "{\"method\":\"ping\",\"id\" : %s ,\"jsonrpc\":\"2.0\"}", cases[i].id);
        mcp_answer a = mcp_test_answer(&offer, mcp_test_wire(), text, strlen(text));
        (void)snprintf(expected, sizeof expected,
            cases[i].good
                ? "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}"
                : "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
                  "\"message\":\"the id is neither a string nor a number\"}}",
            cases[i].id);
        assert_string_equal(a.text, expected);
        free(a.text);
    }
}

static void
test_what_is_not_json(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"", 0}, {"{", 1}, {"x", 1}, {"[1,]", 4}, {"{\"a\":1,}", 8},
        {"{\"a\" 1}", 7}, {"01", 2}, {"1.", 2}, {"-", 1}, {"1e", 2}, {"tru", 3},
        {"\"\\x\"", 4}, {"\"\\u12g4\"", 8}, {"\"a\tb\"", 5}, {"\"\xff\"", 3},
        {"\"\xc0\x80\"", 4}, {"\"\xed\xa0\x80\"", 5}, {"{}{}", 4}, {"\0", 1},
        {"{\"a\":\"\0\"}", 9}, {"{}\0", 3}, {"[}", 2}, {"{]", 2}, {"[1 2]", 5},
        {"\xef\xbb\xbf{}", 5}, {"'a'", 3}, {"NaN", 3}, {"{1:2}", 5}};
    mcp_offer offer = tiny_offer(mcp_test_state());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mcp_answer a =
            mcp_test_answer(&offer, mcp_test_wire(), cases[i].text, cases[i].n);
        assert_non_null(a.text);
        if (strstr(a.text, "\"id\":null,\"error\":{\"code\":-32700") == NULL) {
            print_message("%s: %s\n", cases[i].text, a.text);
            fail();
        }
        assert_int_equal(a.http_status, 400);
        free(a.text);
    }
}

static void
test_what_is_no_request(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int code;
        bool with_id;
    } cases[] = {{"1", -32600, false}, {"\"x\"", -32600, false},
        {"null", -32600, false}, {"[]", -32600, false}, {"{}", -32600, false},
        {"{\"foo\":\"boo\"}", -32600, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, true},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600, true},
        {"{\"id\":1,\"method\":\"ping\"}", -32600, true},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", -32600, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", -32600, true},
        {"{\"jsonrpc\":\"2.0\",\"method\":7}", -32600, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", -32600, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"method\":\"x\"}", -32600,
            true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", -32602,
            true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":7}", -32602,
            true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{},\"params\":{}"
         "}",
            -32602, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":1,\"a\":"
         "2}}",
            -32602, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":1e999}}",
            -32602, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":"
         "99999999999999999999}}",
            -32602, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":"
         "\"\\u0000\"}"
         "}",
            -32602, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":7}}",
            -32602, true},
        /* A name may be written with escapes, and "params": null is taken for none. */
        {"{\"\\u006asonrpc\":\"2.0\",\"\\u0069d\":1,\"metho\\u0064\":\"ping\"}", 0,
            true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}", 0,
            true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *j = mcp_test_ask(cases[i].text);
        if (j == NULL || mcp_test_code(j) != cases[i].code) {
            print_message("%s\n", cases[i].text);
        }
        assert_non_null(j);
        assert_int_equal(mcp_test_code(j), cases[i].code);
        assert_true(json_is_null(json_object_get(j, "id")) == !cases[i].with_id);
        json_decref(j);
    }
}

/* A name is cut in a message of refusal, perhaps in mid-letter, and quoted in it. */
static void
test_long_names(void **unused)
{
    (void)unused;
    for (size_t extra = 0; extra < 4; extra++) {
        char text[2048] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"";
        (void)strcat(text, &"abc"[3 - extra]);
        (void)strcat(text, "\\n\\u0001\\\"");
        for (size_t i = 0; i < 150; i++) {
            (void)strcat(text, i % 2 == 0 ? "\xc3\xa4" : "\xf0\x9f\x98\x80");
        }
        (void)strcat(text, "\"}");
        json_t *j = mcp_test_ask(text);
        assert_int_equal(mcp_test_code(j), -32601);
        assert_non_null(strstr(mcp_test_text(j, "error.message"), "\n\x01\""));
        json_decref(j);
    }
}

static void
test_what_is_not_answered(void **unused)
{
    (void)unused;
    static const char *const cases[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
        "\"requestId\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"wait\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}"};
    mcp_offer offer = tiny_offer(mcp_test_state());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mcp_request *r =
            mcp_request_read(&offer, mcp_test_wire(), cases[i], strlen(cases[i]));
        assert_int_equal(mcp_request_kind(r), MCP_SILENT);
        mcp_answer a = mcp_request_answer(r);
        assert_null(a.text);
        assert_int_equal(a.http_status, 202);
        mcp_request_free(r);
    }
    assert_int_equal(atomic_load(&mcp_test_state()->begun), 0);
}

static void
test_depth(void **unused)
{
    (void)unused;
    static const int depths[] = {126, 127, 10000, 2000000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        size_t depth = (size_t)depths[i], n = 0;
        char *text = malloc(2 * depth + 256);
        assert_non_null(text);
        n = (size_t)sprintf(text, "{\"method\":\"ping\",\"params\":{\"a\":");
        memset(text + n, '[', depth);
        memset(text + n + depth, ']', depth);
        (void)strcpy(text + n + 2 * depth, "},\"jsonrpc\":\"2.0\",\"id\":\"deep\"}");
        json_t *j = mcp_test_ask(text);
        assert_int_equal(mcp_test_code(j), depth == 126 ? 0 : -32600);
        assert_string_equal(mcp_test_text(j, "id"), "deep");
        json_decref(j);
        n = (size_t)sprintf(text, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":");
        memset(text + n, '[', depth);
        memset(text + n + depth, ']', depth);
        (void)strcpy(text + n + 2 * depth, "}");
        j = mcp_test_ask(text);
        assert_int_equal(mcp_test_code(j), -32600);
        assert_true(json_number_value(json_object_get(j, "id")) == 7);
        json_decref(j);
        free(text);
    }
}

static void
test_batches(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *expected; /* NULL = nothing */
    } cases[] = {
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\","
         "\"method\":\"x\"},{\"jsonrpc\":\"2.0\",\"id\":\"2\",\"method\":\"ping\"}]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":"
            "\"2\",\"result\":{}}]"},
        {"[{\"jsonrpc\":\"2.0\",\"method\":\"x\"}]", NULL},
        {"[]",
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
            "\"the batch is empty\"}}"},
        {"[1]",
            "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
            "\"the message is not an object\"}}]"},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\","
         "\"id\":1,\"method\":\"ping\"}]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":"
            "null,\"error\":{\"code\":-32600,\"message\":\"the id 1 belongs to a "
            "request "
            "that is not answered yet\"}}]"},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
         "\"protocolVersion\":\"2025-03-26\"}}]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":"
            "\"this "
            "cannot be part of a batch\"}}]"},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META
         "}}]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":"
            "\"this "
            "cannot be part of a batch\"}}]"}};
    mcp_offer offer = tiny_offer(mcp_test_state());
    const mcp_headers none = {0}, old = {.version = "2025-03-26"},
                      newer = {.version = "2025-06-18"};
    const mcp_wire good[] = {
        {.version = "2025-03-26"}, {.headers = &none}, {.headers = &old}};
    const mcp_wire bad[] = {
        {0}, {.version = "2025-06-18"}, {.version = "2024-11-05"}, {.headers = &newer}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        for (size_t k = 0; k < 3; k++) {
            mcp_answer a = mcp_test_answer(&offer, &good[k], text, strlen(text));
            if (cases[i].expected == NULL) {
                assert_null(a.text);
                assert_int_equal(a.http_status, 202);
            } else if (k == 0 || i < 6) { /* the last one without headers */
                assert_string_equal(a.text, cases[i].expected);
            }
            free(a.text);
        }
        for (size_t k = 0; k < 4; k++) {
            mcp_answer a = mcp_test_answer(&offer, &bad[k], text, strlen(text));
            assert_non_null(strstr(a.text, "\"id\":null,\"error\":{\"code\":-32600"));
            assert_int_equal(a.http_status, 400);
            free(a.text);
        }
    }
    char many[101 * 2 + 2] = "[1";
    for (size_t i = 1; i < 101; i++) {
        (void)strcat(many, ",1");
    }
    (void)strcat(many, "]");
    mcp_answer a = mcp_test_answer(&offer, &good[0], many, strlen(many));
    assert_non_null(strstr(a.text, "at most 100 messages"));
    free(a.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids),
        cmocka_unit_test(test_what_is_not_json),
        cmocka_unit_test(test_what_is_no_request), cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_what_is_not_answered), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_batches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
