#include "rpc_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tiny_state *
mcp_test_state(void)
{
    static tiny_state state;
    return &state;
}

const mcp_wire *
mcp_test_wire(void)
{
    static const mcp_wire wire = {0};
    return &wire;
}

mcp_answer
mcp_test_answer(
    const mcp_offer *offer, const mcp_wire *wire, const char *text, size_t n)
{
    mcp_request *r = mcp_request_read(offer, wire, text, n);
    assert_non_null(r);
    mcp_answer a = mcp_request_answer(r);
    mcp_request_free(r);
    return a;
}

json_t *
mcp_test_ask_over(const mcp_wire *wire, const char *text, int *http_status)
{
    mcp_offer offer = tiny_offer(mcp_test_state());
    mcp_answer a = mcp_test_answer(&offer, wire, text, strlen(text));
    *http_status = a.http_status;
    if (a.text == NULL) {
        return NULL;
    }
    assert_int_equal(strlen(a.text), a.n);
    assert_null(strchr(a.text, '\n'));
    json_t *j =
        json_loads(a.text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(j);
    free(a.text);
    return j;
}

json_t *
mcp_test_ask(const char *text)
{
    int status = 0;
    return mcp_test_ask_over(mcp_test_wire(), text, &status);
}

json_t *
mcp_test_ask_method(const char *method, const char *params)
{
    char text[2048];
    (void)snprintf(text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}", method,
        params);
    return mcp_test_ask(text);
}

int
mcp_test_code(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
    assert_true((error == NULL) == (json_object_get(answer, "result") != NULL));
    if (error != NULL) {
        assert_true(strlen(json_string_value(json_object_get(error, "message"))) > 5);
    }
    return error == NULL ? 0 : (int)json_number_value(json_object_get(error, "code"));
}

void
mcp_test_expect(const char *method, const char *params, int code)
{
    json_t *j = mcp_test_ask_method(method, params);
    if (mcp_test_code(j) != code) {
        print_message("%s {%s}\n", method, params);
    }
    assert_int_equal(mcp_test_code(j), code);
    json_decref(j);
}

const json_t *
mcp_test_at(const json_t *j, const char *path)
{
    char name[128];
    while (*path != '\0') {
        size_t n = strcspn(path, ".");
        assert_true(n < sizeof name);
        memcpy(name, path, n);
        name[n] = '\0';
        j = json_object_get(j, name);
        path += path[n] == '.' ? n + 1 : n;
    }
    return j;
}

const char *
mcp_test_text(const json_t *j, const char *path)
{
    const char *s = json_string_value(mcp_test_at(j, path));
    return s != NULL ? s : "(none)";
}
