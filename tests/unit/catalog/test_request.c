/* Checked requests: defaults, ranges, lists, and every refusal. */
#include "catalog/input.h"
#include "catalog/request.h"
#include "up_test.h"

#include <string.h>

static upi_request
make(const char *verb, const up_argument *arguments, int64_t n)
{
    up_error err = UP_ERROR_INIT;
    upi_request q = {0};
    assert_ok(upi_request_make(up_catalog_find(verb), arguments, n, &q, &err), &err);
    return q;
}

static void
test_defaults(void **state)
{
    (void)state;
    up_argument a[] = {{"source", "x.csv"}};
    upi_request q = make("effect", a, 1);
    assert_string_equal(upi_request_text(&q, "source"), "x.csv");
    assert_null(upi_request_text(&q, "itt"));
    assert_close(upi_request_number(&q, "level"), 0.95, 0, 0);
    assert_int_equal(upi_request_integer(&q, "limit"), 20);
    assert_int_equal(upi_request_integer(&q, "vcov"), 0);
    assert_false(upi_request_flag(&q, "cumulative"));
    assert_false(upi_request_value(&q, "level")->given);
    assert_true(upi_request_has(&q, "where"));
    assert_false(upi_request_has(&q, "save"));
    upi_request_clear(&q);
}

static void
test_values(void **state)
{
    (void)state;
    up_argument a[] = {{"source", "x"}, {"over_time", "true"}, {"vcov", "cr1s"},
        {"level", "0.9"}, {"threads", "2"}, {"metric", "a"}, {"metric", "b = f(x, y)"}};
    upi_request q = make("effect", a, 7);
    assert_true(upi_request_flag(&q, "over-time"));
    assert_int_equal(upi_request_integer(&q, "vcov"), 8);
    assert_close(upi_request_number(&q, "level"), 0.9, 0, 0);
    assert_int_equal(upi_request_integer(&q, "threads"), 2);
    assert_int_equal(upi_request_value(&q, "metric")->n, 2);
    assert_string_equal(upi_request_value(&q, "metric")->text[1], "b = f(x, y)");
    upi_request_clear(&q);
}

/* Commas inside brackets and quotes do not separate. */
static void
test_lists(void **state)
{
    (void)state;
    static const char *const wanted[] = {"device", "if(a, 1, 2)",
        "x in ('a,b', 'it''s, c')", "\"odd, name\"", "`t,u`", "z"};
    up_argument a[] = {{"source", "x"},
        {"covariates",
            "device, if(a, 1, 2) ,x in ('a,b', 'it''s, c'),\"odd, name\",`t,u`"},
        {"covariates", "z"}};
    upi_request q = make("effect", a, 3);
    const upi_value *v = upi_request_value(&q, "covariates");
    assert_int_equal(v->n, 6);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(v->text[i], wanted[i]);
    }
    upi_request_clear(&q);
}

/* Items of a list with choices are checked one by one. */
static void
test_list_of_choices(void **state)
{
    (void)state;
    up_argument a[] = {{"source", "x"}, {"accept", "E_WEAK_INSTRUMENT, E_SRM"}};
    upi_request q = make("effect", a, 2);
    const upi_value *v = upi_request_value(&q, "accept");
    assert_int_equal(v->n, 2);
    assert_string_equal(v->text[1], "E_SRM");
    upi_request_clear(&q);
    a[1].value = "E_SRM,E_STRICT";
    up_error err = UP_ERROR_INIT;
    assert_fails(
        upi_request_make(up_catalog_find("effect"), a, 2, &q, &err), UP_E_USAGE, &err);
    assert_string_equal(err.field, "accept");
    assert_non_null(strstr(err.fix, "E_WEAK_INSTRUMENT"));
}

static void
refuse(const char *verb, const char *name, const char *value, const char *field)
{
    up_argument a[] = {{"source", "x"}, {name, value}};
    bool no_source = strcmp(verb, "simulate") == 0;
    up_error err = UP_ERROR_INIT;
    upi_request q = {0};
    assert_fails(upi_request_make(up_catalog_find(verb), no_source ? a + 1 : a,
                     no_source ? 1 : 2, &q, &err),
        UP_E_USAGE, &err);
    assert_string_equal(err.field, field);
    assert_true(err.fix[0] != '\0');
    assert_null(q.value);
}

static void
test_refusals(void **state)
{
    (void)state;
    refuse("effect", "levle", "0.9", "levle");
    refuse("effect", "level", "0.2", "level");
    refuse("effect", "level", "nan", "level");
    refuse("effect", "level", "0.9x", "level");
    refuse("effect", "level", "", "level");
    refuse("effect", "threads", "257", "threads");
    refuse("effect", "threads", "-1", "threads");
    refuse("effect", "threads", "1.5", "threads");
    refuse("effect", "threads", " 1", "threads");
    refuse("effect", "threads", "99999999999999999999", "threads");
    refuse("effect", "vcov", "HC2", "vcov");
    refuse("effect", "vcov", "hc2|hc3", "vcov");
    refuse("effect", "cumulative", "yes", "cumulative");
    refuse("effect", "source", "y", "source");
    refuse("effect", "itt", "\xff", "itt");
    refuse("effect", "covariates", "a,,b", "covariates");
    refuse("effect", "covariates", "a,", "covariates");
    refuse("simulate", "what", "shop", "to");
}

static void
test_suggestion(void **state)
{
    (void)state;
    up_argument a[] = {{"metrci", "x"}};
    up_error err = UP_ERROR_INIT;
    upi_request q = {0};
    assert_fails(
        upi_request_make(up_catalog_find("effect"), a, 1, &q, &err), UP_E_USAGE, &err);
    assert_non_null(strstr(err.fix, "--metric"));
}

static void
test_json_input(void **state)
{
    (void)state;
    static const char text[] =
        "{\"source\": \"x\", \"level\": 0.9, \"threads\": 2, \"over_time\": true,"
        " \"by\": null, \"metric\": [\"a\", \"b\"]}";
    up_error err = UP_ERROR_INIT;
    upi_arguments a = {0};
    assert_ok(upi_input_parse(text, (int64_t)strlen(text), &a, &err), &err);
    upi_request q = make("effect", a.items, a.n);
    assert_close(upi_request_number(&q, "level"), 0.9, 0, 0);
    assert_true(upi_request_flag(&q, "over-time"));
    assert_int_equal(upi_request_value(&q, "metric")->n, 2);
    assert_null(upi_request_text(&q, "by"));
    upi_request_clear(&q);
    upi_arguments_clear(&a);
}

static void
test_json_refusals(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{", "nonsense", "{\"a\": {}}",
        "{\"a\": [[1]]}", "{\"a\": 1, \"a\": 2}", "{\"a\": \"\\u0000\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        upi_arguments a = {0};
        assert_fails(upi_input_parse(bad[i], (int64_t)strlen(bad[i]), &a, &err),
            UP_E_USAGE, &err);
        upi_arguments_clear(&a);
    }
}

static up_status
make_all(void *ctx, up_error *err)
{
    (void)ctx;
    static const char text[] = "{\"source\": \"x\", \"metric\": [\"a\", \"b\"],"
                               " \"covariates\": \"c,d\"}";
    up_status status = UP_OK;
    upi_arguments a = {0};
    upi_request q = {0};
    UP_TRY(upi_input_parse(text, (int64_t)strlen(text), &a, err));
    UP_TRY(upi_request_make(up_catalog_find("effect"), a.items, a.n, &q, err));
out:
    upi_request_clear(&q);
    upi_arguments_clear(&a);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(make_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_list_of_choices),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_suggestion),
        cmocka_unit_test(test_json_input),
        cmocka_unit_test(test_json_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
