/* The protocol without a transport: versions, methods, results and HTTP headers. */
#include "rpc_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
test_initialize(void **unused)
{
    (void)unused;
    static const char *const known[] = {
        "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
    static const char *const unknown[] = {"2026-07-28", "1900-01-01", ""};
    char params[128];
    for (size_t i = 0; i < 7; i++) {
        const char *version = i < 4 ? known[i] : unknown[i - 4];
        (void)snprintf(params, sizeof params, "\"protocolVersion\":\"%s\"", version);
        json_t *j = mcp_test_ask_method("initialize", params);
        assert_string_equal(
            mcp_test_text(j, "result.protocolVersion"), i < 4 ? version : "2025-11-25");
        assert_string_equal(mcp_test_text(j, "result.serverInfo.name"), "tiny");
        assert_string_equal(
            mcp_test_text(j, "result.serverInfo.title"), "Tiny \"offer\"");
        assert_string_equal(mcp_test_text(j, "result.serverInfo.version"), "0.1");
        assert_string_equal(
            mcp_test_text(j, "result.instructions"), "Say \"echo\".\nThen stop.");
        assert_int_equal(json_object_size(mcp_test_at(j, "result.capabilities")), 4);
        assert_null(mcp_test_at(j, "result.resultType"));
        json_decref(j);
    }
    mcp_test_expect("initialize", "", -32602);
    mcp_test_expect("initialize", "\"protocolVersion\":20251125", -32602);
    mcp_test_expect("ping", "", 0);
}

static void
test_what_an_initialize_settles(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *version;
    } cases[] = {{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
                  "{\"protocolVersion\":\"2025-03-26\"}}",
                     "2025-03-26"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
         "{\"protocolVersion\":\"?\"}}",
            "2025-11-25"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}", NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"initialize\",\"params\":"
         "{\"protocolVersion\":\"2025-03-26\"}}",
            NULL}};
    mcp_offer offer = tiny_offer(mcp_test_state());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mcp_request *r = mcp_request_read(
            &offer, mcp_test_wire(), cases[i].text, strlen(cases[i].text));
        const char *version = mcp_request_settles(r);
        assert_true((version == NULL) == (cases[i].version == NULL));
        if (version != NULL) {
            assert_string_equal(version, cases[i].version);
        }
        mcp_request_free(r);
    }
}

static void
test_capabilities_are_those_of_the_offer(void **unused)
{
    (void)unused;
    mcp_offer offer = {.name = "n", .title = "t", .version = "v"};
    static const char discover[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/"
                                   "discover\",\"params\":{" META "}}";
    mcp_answer a = mcp_test_answer(&offer, mcp_test_wire(), discover, strlen(discover));
    assert_non_null(strstr(a.text, "\"capabilities\":{}"));
    assert_null(strstr(a.text, "instructions"));
    free(a.text);
    static const char *const methods[] = {"tools/list", "tools/call", "resources/list",
        "resources/templates/list", "resources/read", "prompts/list", "prompts/get",
        "completion/complete"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{" META "}}",
            methods[i]);
        a = mcp_test_answer(&offer, mcp_test_wire(), text, strlen(text));
        assert_non_null(strstr(a.text, "-32601"));
        assert_int_equal(a.http_status, 404);
        free(a.text);
    }
}

static void
test_discover(void **unused)
{
    (void)unused;
    json_t *j = mcp_test_ask_method("server/discover", META);
    const json_t *versions = mcp_test_at(j, "result.supportedVersions");
    assert_int_equal(json_array_size(versions), 5);
    assert_string_equal(json_string_value(json_array_get(versions, 0)), "2026-07-28");
    assert_string_equal(json_string_value(json_array_get(versions, 4)), "2024-11-05");
    assert_int_equal(json_object_size(mcp_test_at(j, "result.capabilities")), 4);
    assert_string_equal(mcp_test_text(j, "result.resultType"), "complete");
    assert_string_equal(mcp_test_text(j, "result.cacheScope"), "public");
    json_decref(j);
    mcp_test_expect("server/discover", "", -32602);
    mcp_test_expect("server/discover", "\"_meta\":{}", -32602);
    mcp_test_expect("server/discover", "\"_meta\":[]", -32602);
}

static void
test_modern_meta(void **unused)
{
    (void)unused;
    mcp_test_expect("tools/list", META, 0);
    mcp_test_expect("tools/list", "\"_meta\":{\"" VERSION "\":\"2026-07-28\"}", -32602);
    mcp_test_expect("tools/list", "\"_meta\":{\"" CAPABILITIES "\":{}}", -32602);
    mcp_test_expect("tools/list",
        "\"_meta\":{\"" VERSION "\":20260728,\"" CAPABILITIES "\":{}}", -32602);
    mcp_test_expect("tools/list",
        "\"_meta\":{\"" VERSION "\":\"2026-07-28\",\"" CAPABILITIES "\":[]}", -32602);
    json_t *j = mcp_test_ask_method("tools/list",
        "\"_meta\":{\"" VERSION "\":\"2025-11-25\",\"" CAPABILITIES "\":{}}");
    assert_int_equal(mcp_test_code(j), -32022);
    assert_string_equal(mcp_test_text(j, "error.data.requested"), "2025-11-25");
    assert_int_equal(json_array_size(mcp_test_at(j, "error.data.supported")), 5);
    json_decref(j);
    /* The methods that the stateless era has lost. */
    mcp_test_expect("initialize", "\"protocolVersion\":\"2025-11-25\"," META, -32601);
    mcp_test_expect("ping", META, -32601);
    mcp_test_expect("logging/setLevel", "\"level\":\"info\"," META, -32601);
    mcp_test_expect("logging/setLevel", "\"level\":\"info\"", -32601);
    mcp_test_expect("subscriptions/listen", META, -32601);
}

static void
test_results_of_each_era(void **unused)
{
    (void)unused;
    static const struct {
        const char *method, *params, *scope;
        double keep;
    } cases[] = {{"tools/list", "", "public", 3600000},
        {"prompts/list", "", "public", 3600000},
        {"resources/templates/list", "", "public", 3600000},
        {"resources/list", "", "private", 0},
        {"resources/read", "\"uri\":\"tiny://1\",", "private", 3600000},
        {"tools/call", "\"name\":\"echo\",", NULL, 0},
        {"prompts/get", "\"name\":\"hello\",", NULL, 0},
        {"completion/complete",
            "\"ref\":{},\"argument\":{\"name\":\"a\",\"value\":\"\"},", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char params[512];
        (void)snprintf(params, sizeof params, "%s%s", cases[i].params, META);
        json_t *j = mcp_test_ask_method(cases[i].method, params);
        assert_int_equal(mcp_test_code(j), 0);
        assert_string_equal(mcp_test_text(j, "result.resultType"), "complete");
        const json_t *meta = mcp_test_at(j, "result._meta");
        assert_string_equal(
            mcp_test_text(
                json_object_get(meta, "io.modelcontextprotocol/serverInfo"), "name"),
            "tiny");
        if (cases[i].scope != NULL) {
            assert_string_equal(mcp_test_text(j, "result.cacheScope"), cases[i].scope);
            assert_true(
                json_number_value(mcp_test_at(j, "result.ttlMs")) == cases[i].keep);
        } else {
            assert_null(mcp_test_at(j, "result.ttlMs"));
        }
        json_decref(j);
        (void)snprintf(params, sizeof params, "%s\"_meta\":{}", cases[i].params);
        j = mcp_test_ask_method(cases[i].method, params);
        assert_int_equal(mcp_test_code(j), 0);
        assert_null(mcp_test_at(j, "result.resultType"));
        assert_null(mcp_test_at(j, "result.ttlMs"));
        assert_null(mcp_test_at(j, "result._meta"));
        json_decref(j);
    }
}

static void
test_outcomes_of_a_tool(void **unused)
{
    (void)unused;
    mcp_test_expect("tools/call", "\"name\":\"echo\"", 0);
    mcp_test_expect("tools/call", "\"name\":\"echo\",\"arguments\":null", 0);
    mcp_test_expect("tools/call", "\"name\":\"echo\",\"arguments\":[]", -32602);
    mcp_test_expect("tools/call", "\"name\":\"echo\",\"arguments\":\"{}\"", -32602);
    mcp_test_expect("tools/call", "\"name\":7", -32602);
    mcp_test_expect("tools/call", "", -32602);
    mcp_test_expect("tools/call", "\"name\":\"nope\"", -32602);
    mcp_test_expect("tools/call", "\"name\":\"nope\"," META, -32602);
    mcp_test_expect("tools/call", "\"name\":\"fail\"", -32603);
    mcp_test_expect("tools/call", "\"name\":\"nothing\"", -32603);
    /* What only the stateless era can say. */
    mcp_test_expect("tools/call", "\"name\":\"ask\"", -32603);
    mcp_test_expect("tools/call", "\"name\":\"need\"", -32603);
    json_t *j = mcp_test_ask_method("tools/call", "\"name\":\"ask\"," META);
    assert_string_equal(mcp_test_text(j, "result.resultType"), "input_required");
    assert_string_equal(mcp_test_text(j, "result.requestState"), "s");
    json_decref(j);
    j = mcp_test_ask_method("tools/call", "\"name\":\"need\"," META);
    assert_int_equal(mcp_test_code(j), -32021);
    assert_non_null(mcp_test_at(j, "error.data.requiredCapabilities.sampling"));
    assert_string_equal(mcp_test_text(j, "error.message"), "it needs sampling");
    json_decref(j);
}

static void
test_what_a_tool_sees_of_its_request(void **unused)
{
    (void)unused;
    json_t *j = mcp_test_ask_method("tools/call", "\"name\":\"era\"");
    assert_string_equal(mcp_test_text(j, "result.era"), "legacy");
    json_decref(j);
    j = mcp_test_ask_method("tools/call", "\"name\":\"era\"," META);
    assert_string_equal(mcp_test_text(j, "result.era"), "modern");
    json_decref(j);
    j = mcp_test_ask_method(
        "tools/call", "\"name\":\"token\",\"_meta\":{\"progressToken\":17}");
    assert_true(json_number_value(mcp_test_at(j, "result.token")) == 17);
    json_decref(j);
}

static void
test_the_offer_is_copied_byte_for_byte(void **unused)
{
    (void)unused;
    mcp_offer offer = tiny_offer(mcp_test_state());
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
        "\"params\":{\"name\":\"numbers\"}}";
    mcp_answer a = mcp_test_answer(&offer, mcp_test_wire(), text, strlen(text));
    assert_string_equal(a.text,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],"
        "\"structuredContent\":{"
        "\"a\":0.1, \"b\":1e-7,\"c\":1.10,\"d\":12345678901234567890}}}");
    free(a.text);
}

static void
test_resources_prompts_completion(void **unused)
{
    (void)unused;
    json_t *j = mcp_test_ask_method("resources/read", "\"uri\":\"tiny://none\"");
    assert_int_equal(mcp_test_code(j), -32002);
    assert_string_equal(mcp_test_text(j, "error.data.uri"), "tiny://none");
    json_decref(j);
    j = mcp_test_ask_method("resources/read", "\"uri\":\"tiny://none\"," META);
    assert_int_equal(mcp_test_code(j), -32602);
    assert_string_equal(mcp_test_text(j, "error.data.uri"), "tiny://none");
    json_decref(j);
    mcp_test_expect("resources/read", "", -32602);
    j = mcp_test_ask_method("resources/list", "");
    assert_string_equal(mcp_test_text(j, "result.nextCursor"), "2");
    json_decref(j);
    j = mcp_test_ask_method("resources/list", "\"cursor\":\"2\"");
    assert_int_equal(json_array_size(mcp_test_at(j, "result.resources")), 0);
    json_decref(j);
    mcp_test_expect("resources/list", "\"cursor\":\"9\"", -32602);
    mcp_test_expect("resources/list", "\"cursor\":2", -32602);
    mcp_test_expect("tools/list", "\"cursor\":null", 0);
    mcp_test_expect("tools/list", "\"cursor\":\"2\"", -32602);
    mcp_test_expect("prompts/list", "\"cursor\":\"2\"", -32602);
    mcp_test_expect("prompts/get", "\"name\":\"nope\"", -32602);
    mcp_test_expect("completion/complete", "", -32602);
    mcp_test_expect("completion/complete", "\"ref\":{},\"argument\":{}", -32602);
    mcp_test_expect("completion/complete",
        "\"ref\":{},\"argument\":{\"name\":\"a\",\"value\":1}", -32602);
    mcp_test_expect("nope", "", -32601);
    mcp_test_expect("", "", -32601);
    mcp_test_expect("resources/subscribe", "\"uri\":\"tiny://1\"", -32601);
}

static void
test_headers(void **unused)
{
    (void)unused;
#define CALL "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\""
    static const struct {
        mcp_headers headers;
        const char *body;
        int code, status;
    } cases[] = {{{"2026-07-28", "tools/call", "echo"}, CALL "," META "}", 0, 200},
        {{"2026-07-28", "tools/call", "=?base64?ZWNobw==?="}, CALL "," META "}", 0,
            200},
        {{"2026-07-28", "tools/call", "=?base64?ZWNobw?="}, CALL "," META "}", 0, 200},
        {{"2026-07-28", "tools/call", "=?base64?ZWNobz==?="}, CALL "," META "}", 0,
            200},
        {{"2026-07-28", "tools/call", "=?base64?ZWNo?="}, CALL "," META "}", -32020,
            400},
        {{"2026-07-28", "tools/call", "=?base64?ZWNob28=?="}, CALL "," META "}", -32020,
            400},
        {{"2026-07-28", "tools/call", "=?base64?ZW*obw==?="}, CALL "," META "}", -32020,
            400},
        {{"2026-07-28", "tools/call", "Echo"}, CALL "," META "}", -32020, 400},
        {{"2026-07-28", "tools/call", NULL}, CALL "," META "}", -32020, 400},
        {{"2026-07-28", NULL, "echo"}, CALL "," META "}", -32020, 400},
        {{"2026-07-28", "tools/list", "echo"}, CALL "," META "}", -32020, 400},
        {{NULL, "tools/call", "echo"}, CALL "," META "}", -32020, 400},
        {{"2025-11-25", "tools/call", "echo"}, CALL "," META "}", -32020, 400},
        {{"2026-07-28", "tools/call", "echo"}, CALL "}", -32602, 400},
        {{"2025-11-25", NULL, NULL}, CALL "}", 0, 200}, {{0}, CALL "}", 0, 200},
        {{"2099-01-01", NULL, NULL}, CALL "}", -32022, 400},
        {{"junk", NULL, NULL}, CALL "}", -32022, 400},
        {{"2025-11-25", NULL, NULL}, "\"id\":1,\"method\":\"nope\"", -32601, 200},
        {{"2026-07-28", "nope", NULL},
            "\"id\":1,\"method\":\"nope\",\"params\":{" META "}", -32601, 404},
        {{"2026-07-28", "tools/call", "nope"},
            "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"nope\"," META
            "}",
            -32602, 200},
        {{"2026-07-28", "tools/call", "need"},
            "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"need\"," META
            "}",
            -32021, 400},
        {{"2026-07-28", "resources/read", "tiny://1"},
            "\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"tiny://"
            "1\"," META "}",
            0, 200},
        {{"2026-07-28", "prompts/get", "x"},
            "\"id\":1,\"method\":\"prompts/get\",\"params\":{\"name\":\"hello\"," META
            "}",
            -32020, 400},
        {{"2025-11-25", NULL, NULL},
            "\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
            "\"2025-11-25\"}",
            0, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        int status = 0;
        mcp_wire wire = {.headers = &cases[i].headers};
        (void)snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",%s}", cases[i].body);
        json_t *j = mcp_test_ask_over(&wire, text, &status);
        if (mcp_test_code(j) != cases[i].code || status != cases[i].status) {
            print_message("case %zu: %d, %d\n", i, mcp_test_code(j), status);
        }
        assert_int_equal(mcp_test_code(j), cases[i].code);
        assert_int_equal(status, cases[i].status);
        json_decref(j);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_initialize),
        cmocka_unit_test(test_what_an_initialize_settles),
        cmocka_unit_test(test_capabilities_are_those_of_the_offer),
        cmocka_unit_test(test_discover), cmocka_unit_test(test_modern_meta),
        cmocka_unit_test(test_results_of_each_era),
        cmocka_unit_test(test_outcomes_of_a_tool),
        cmocka_unit_test(test_what_a_tool_sees_of_its_request),
        cmocka_unit_test(test_the_offer_is_copied_byte_for_byte),
        cmocka_unit_test(test_resources_prompts_completion),
        cmocka_unit_test(test_headers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
