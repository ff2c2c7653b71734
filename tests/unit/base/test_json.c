/* Writing JSON: exact bytes, and hostile strings read back by jansson. */
#include "base/json.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static void
write_all(upi_json *j)
{
    upi_json_object(j);
    upi_json_put_string(j, "name", "a\"b\\c\n\t");
    upi_json_put_double(j, "third", 1.0 / 3);
    upi_json_put_double(j, "missing", (double)NAN);
    upi_json_put_double(j, "unbounded", (double)INFINITY);
    upi_json_put_int(j, "n", INT64_MIN);
    upi_json_put_bool(j, "yes", true);
    upi_json_put_bool(j, "no", false);
    upi_json_put_string(j, "none", NULL);
    upi_json_key(j, "list");
    upi_json_array(j);
    upi_json_int(j, 1);
    upi_json_object(j);
    upi_json_object_end(j);
    upi_json_array(j);
    upi_json_array_end(j);
    upi_json_null(j);
    upi_json_array_end(j);
    upi_json_key(j, "last");
    upi_json_object(j);
    upi_json_put_int(j, "x", 0);
    upi_json_object_end(j);
    upi_json_object_end(j);
}

static void
one_line(void **state)
{
    (void)state;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    write_all(&j);
    assert_string_equal(t.s,
        "{\"name\":\"a\\\"b\\\\c\\n\\t\",\"third\":0.3333333333333333,\"missing\":null,"
        "\"unbounded\":null,\"n\":-9223372036854775808,\"yes\":true,\"no\":false,"
        "\"none\":null,\"list\":[1,{},[],null],\"last\":{\"x\":0}}");
    upi_text_free(&t);
}

static void
indented(void **state)
{
    (void)state;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 2, 4);
    upi_json_array(&j);
    upi_json_double(&j, 1.0 / 3);
    upi_json_object(&j);
    upi_json_put_double(&j, "a", 123456.789);
    upi_json_put_int(&j, "b", 2);
    upi_json_object_end(&j);
    upi_json_array(&j);
    upi_json_array_end(&j);
    upi_json_array_end(&j);
    assert_string_equal(
        t.s, "[\n  0.3333,\n  {\n    \"a\": 123457,\n    \"b\": 2\n  },\n  []\n]");
    upi_text_free(&t);
}

/* Every pair of bytes inside a string, in keys and values: always valid JSON, and valid UTF-8
 * comes back as it was. */
static void
any_bytes_are_safe(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        upi_text t = {0};
        upi_json j;
        upi_json_start(&j, &t, 0, 0);
        upi_json_array(&j);
        for (int b = 0; b < 256; b++) {
            const char bytes[4] = {(char)a, (char)b, 'z', '\0'};
            upi_json_string_n(&j, bytes, 3);
            upi_json_object(&j);
            upi_json_put_int(&j, bytes, b);
            upi_json_object_end(&j);
        }
        upi_json_array_end(&j);
        json_error_t error;
        json_t *root = json_loads(t.s, JSON_ALLOW_NUL, &error);
        assert_non_null(root);
        for (int b = 0; b < 256; b++) {
            const char bytes[4] = {(char)a, (char)b, 'z', '\0'};
            const json_t *value = json_array_get(root, (size_t)b * 2);
            if (upi_utf8_valid(bytes, 3)) {
                assert_int_equal(json_string_length(value), 3);
                assert_memory_equal(json_string_value(value), bytes, 3);
            }
        }
        for (int64_t i = 0; i < t.length; i++) {
            assert_true((unsigned char)t.s[i] >= 0x20 && t.s[i] != 0x7f);
        }
        json_decref(root);
        upi_text_free(&t);
    }
}

static void
deep_nesting(void **state)
{
    (void)state;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    for (int i = 0; i < 60; i++) {
        upi_json_array(&j);
        upi_json_int(&j, i);
    }
    for (int i = 0; i < 60; i++) {
        upi_json_array_end(&j);
    }
    json_t *root = json_loads(t.s, 0, NULL);
    assert_non_null(root);
    json_decref(root);
    upi_text_free(&t);
}

static up_status
write_and_take(void *ctx, up_error *err)
{
    (void)ctx;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 2, 0);
    write_all(&j);
    char *s = NULL;
    up_status status = upi_text_take(&t, &s, err);
    upi_free(s);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(write_and_take, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line),
        cmocka_unit_test(indented),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
