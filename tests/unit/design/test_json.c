/* JSON of an experiment: what is written reads back to the same bytes, and everything that
 * was not written by us is refused. */
#include "design/experiment.h"
#include "up_design.h"
#include "up_test.h"

#include <stdio.h>
#include <string.h>

static up_experiment *
build(void)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    assert_ok(
        up_experiment_new(up_schema_source(),
            UP_ROLES(.intent_to_treat = "arm", .treated = "if(treated==1,'b','A')",
                .propensity = "p", .time = "day", .cluster = "household",
                .unit = "shopper", .strata = "store", .control = "A \"quoted\"",
                .expected_split = "A=0.1,'it''s; DROP'=0.9",
                .filter = "country <> 'it''s \"x\"'", .missing = 2),
            &e, &err),
        &err);
    static const char *const metrics[] = {"sales", "ctr = ratio(clicks, views)",
        "\"'; DROP TABLE x; --\"", "größe", "\"line\nbreak\"", "\"a > 1\"",
        "\"n\"\"ame\" = \"ratio(clicks, views)\"", "big = sales > 100"};
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        assert_ok(up_experiment_add_metric(e, metrics[i], &err), &err);
    }
    assert_ok(up_experiment_add_covariate(e, "\"say \"\"hi\"\"\"", &err), &err);
    assert_ok(up_experiment_add_covariate(e, "age", &err), &err);
    assert_ok(up_experiment_add_segment(e, "age > 40", &err), &err);
    assert_ok(up_experiment_mark_post(e, "flag", &err), &err);
    return e;
}

static void
test_round_trip(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = build();
    up_experiment *back = NULL;
    upi_text first = {0};
    upi_text second = {0};
    assert_ok(upi_experiment_to_json(e, &first, &err), &err);
    assert_ok(upi_experiment_from_json(first.s, &back, &err), &err);
    assert_ok(upi_experiment_to_json(back, &second, &err), &err);
    assert_string_equal(first.s, second.s);
    assert_null(back->source);
    assert_int_equal(back->n_metrics, e->n_metrics);
    for (int64_t i = 0; i < e->n_metrics; i++) {
        assert_string_equal(back->metrics[i].name, e->metrics[i].name);
        assert_int_equal(back->metrics[i].kind, e->metrics[i].kind);
        assert_int_equal(back->metrics[i].component, e->metrics[i].component);
        assert_int_equal(back->metrics[i].denominator, e->metrics[i].denominator);
    }
    for (int64_t i = 0; i < e->n_components; i++) {
        assert_string_equal(back->components[i].name, e->components[i].name);
        assert_int_equal(back->components[i].type, e->components[i].type);
    }
    assert_string_equal(
        back->roles[UPI_ROLE_TREATED].name, e->roles[UPI_ROLE_TREATED].name);
    assert_int_equal(back->roles[UPI_ROLE_TIME].type, UPI_DATE);
    assert_null(back->roles[UPI_ROLE_WEIGHT].expr);
    assert_string_equal(back->control, "A \"quoted\"");
    assert_string_equal(back->split_labels[1], "it's; DROP");
    assert_string_equal(back->covariates[1].v.name, "say \"hi\"");
    assert_int_equal(back->missing, UP_MISSING_INDICATOR);
    upi_text_free(&first);
    upi_text_free(&second);
    up_experiment_free(e);
    up_experiment_free(back);
}

/* A small experiment as it is written; each hostile text is made from it by one replacement. */
static const char *const GOOD =
    "{\"roles\":{\"intent_to_treat\":{\"expression\":\"arm\",\"type\":\"text\"}},"
    "\"filter\":{\"expression\":\"age > 1\",\"type\":\"boolean\"},"
    "\"covariates\":[{\"expression\":\"age\",\"type\":\"number\",\"factor\":false,"
    "\"strata\":false}],"
    "\"segments\":[{\"expression\":\"age > 40\",\"type\":\"boolean\"}],"
    "\"components\":[{\"expression\":\"clicks\",\"type\":\"integer\"},"
    "{\"expression\":\"views\",\"type\":\"integer\"}],"
    "\"metrics\":[{\"name\":\"ctr\",\"kind\":\"ratio\",\"component\":0,\"denominator\":"
    "1},"
    "{\"name\":\"clicks\",\"kind\":\"mean\",\"component\":0}],"
    "\"post\":[\"flag\"],\"control\":\"A\","
    "\"split\":[{\"arm\":\"A\",\"share\":0.5},{\"arm\":\"B\",\"share\":0.5}],"
    "\"missing\":\"drop\",\"assigned_by_cluster\":false}";

static void
test_good(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    upi_text out = {0};
    assert_ok(upi_experiment_from_json(GOOD, &e, &err), &err);
    assert_ok(upi_experiment_to_json(e, &out, &err), &err);
    assert_string_equal(out.s, GOOD);
    upi_text_free(&out);
    up_experiment_free(e);
}

static void
refuse(const char *json)
{
    up_error err = UP_ERROR_INIT;
    up_experiment *e = NULL;
    int64_t live = upi_mem_live();
    up_status status = upi_experiment_from_json(json, &e, &err);
    if (status != UP_E_CAPSULE) {
        print_error("accepted or mislabelled: %s\n%s\n", json, err.message);
    }
    assert_int_equal(status, UP_E_CAPSULE);
    assert_null(e);
    assert_true(err.message[0] != '\0');
    assert_int_equal(upi_mem_live(), live);
    assert_int_equal(upi_experiment_from_json(json, &e, NULL), UP_E_CAPSULE);
}

static void
test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } edits[] = {{"\"intent_to_treat\"", "\"treated\""},
        {"{\"expression\":\"arm\",\"type\":\"text\"}", "\"arm\""},
        {"{\"expression\":\"arm\",\"type\":\"text\"}", "{\"type\":\"text\"}"},
        {"\"expression\":\"arm\"", "\"expression\":7"},
        {"\"expression\":\"arm\"", "\"expression\":\"arm)\""},
        {"\"expression\":\"arm\"", "\"expression\":\"arm; DROP TABLE x\""},
        {"\"expression\":\"arm\"", "\"expression\":\"a\\u0000rm\""},
        {"\"expression\":\"arm\"", "\"expression\":\"arm\",\"evil\":1"},
        {"\"type\":\"text\"", "\"type\":\"blob\""},
        {"\"type\":\"text\"", "\"type\":null"},
        {"\"type\":\"text\"", "\"type\":\"date\""},
        {"\"type\":\"boolean\"},\"cov", "\"type\":\"number\"},\"cov"},
        {"\"factor\":false", "\"factor\":0"}, {",\"strata\":false", ""},
        {"\"expression\":\"age\",\"type\":\"number\"",
            "\"expression\":\"age\",\"type\":\"text\""},
        {"\"segments\":[", "\"segments\":[1,"},
        {"\"age > 40\",\"type\":\"boolean\"", "\"age > 40\",\"type\":\"text\""},
        {"\"clicks\",\"type\":\"integer\"", "\"clicks\",\"type\":\"date\""},
        {"\"component\":0,\"d", "\"component\":2,\"d"},
        {"\"component\":0,\"d", "\"component\":-1,\"d"},
        {"\"component\":0,\"d", "\"component\":0.0,\"d"},
        {"\"component\":0,\"d", "\"component\":99999999999999999999,\"d"},
        {"\"denominator\":1", "\"denominator\":7"}, {",\"denominator\":1", ""},
        {"\"kind\":\"mean\",", "\"kind\":\"mean\",\"denominator\":1,"},
        {"\"kind\":\"mean\"", "\"kind\":\"median\""}, {"\"kind\":\"mean\",", ""},
        {"\"name\":\"clicks\"", "\"name\":\"ctr\""},
        {"\"name\":\"clicks\"", "\"name\":\"\""},
        {"\"name\":\"clicks\"", "\"name\":[]"}, {"[\"flag\"]", "\"flag\""},
        {"[\"flag\"]", "[1]"}, {"\"control\":\"A\"", "\"control\":1"},
        {"\"share\":0.5", "\"share\":0.7"}, {"\"share\":0.5", "\"share\":\"x\""},
        {"\"arm\":\"B\"", "\"arm\":\"A\""}, {"\"arm\":\"B\"", "\"arm\":3"},
        {"\"split\":[", "\"split\":[null,"}, {"\"split\":[", "\"splits\":["},
        {"\"missing\":\"drop\"", "\"missing\":\"ignore\""},
        {"\"missing\":\"drop\"", "\"missing\":1"},
        {"_cluster\":false", "_cluster\":true"}, {"_cluster\":false", "_cluster\":0"},
        {",\"assigned_by_cluster\":false", ""}, {"\"post\":[\"flag\"],", ""},
        {"\"filter\":{", "\"filter\":{\"x\":{},"},
        {"\"missing\":\"drop\",", "\"missing\":\"drop\",\"missing\":\"drop\","}};
    char text[2048];
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at = strstr(GOOD, edits[i].from);
        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - GOOD), GOOD,
            edits[i].to, at + strlen(edits[i].from));
        refuse(text);
    }
    static const char *const broken[] = {"", "null", "[]", "7", "{", "{}", "\xff",
        "{\"roles\":{}}", "{\"roles\":[]}", "{\"roles\":1,\"roles\":1}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        refuse(broken[i]);
    }
}

static void
test_truncated(void **state)
{
    (void)state;
    char text[2048];
    size_t n = strlen(GOOD);
    for (size_t i = 0; i < n; i++) {
        memcpy(text, GOOD, i);
        text[i] = '\0';
        refuse(text);
    }
}

static void
test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *text = upi_calloc(DEPTH + 1, 1);
    memset(text, '[', DEPTH);
    refuse(text);
    upi_free(text);
}

static up_status
round_trip(void *ctx, up_error *err)
{
    (void)ctx;
    up_experiment *e = NULL;
    upi_text out = {0};
    up_status status = upi_experiment_from_json(GOOD, &e, err);
    if (status == UP_OK) {
        status = upi_experiment_to_json(e, &out, err);
    }
    upi_text_free(&out);
    up_experiment_free(e);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(round_trip, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
