/* The tables themselves: what every door relies on. */
#include "catalog/request.h"
#include "catalog/verbs.h"
#include "up_test.h"

#include <jansson.h>
#include <string.h>

static void
test_find(void **state)
{
    (void)state;
    assert_null(up_catalog_find(NULL));
    assert_null(up_catalog_find("nothing"));
    int64_t n = 0;
    while (up_catalog_verb(n) != NULL) {
        assert_ptr_equal(up_catalog_find(up_catalog_verb(n)->name), up_catalog_verb(n));
        n++;
    }
    assert_true(n >= 9);
    assert_null(up_catalog_verb(-1));
}

static bool
has_choice(const char *choices, const char *wanted)
{
    size_t n = strlen(wanted);
    for (const char *c = choices; c != NULL; c = strchr(c, '|')) {
        c += *c == '|' ? 1 : 0;
        if (strncmp(c, wanted, n) == 0 && (c[n] == '|' || c[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static void
check_option(const up_verb *v, const up_option *o)
{
    assert_non_null(o->doc);
    assert_non_null(o->example);
    assert_non_null(o->group);
    assert_true(o->doc[strlen(o->doc) - 1] == '.');
    assert_true(o->type == UP_OPTION_FLAG || o->value != NULL);
    if (o->type == UP_OPTION_ENUM) {
        assert_true(has_choice(o->choices, o->example));
        assert_true(o->fallback == NULL || has_choice(o->choices, o->fallback));
    }
    assert_true(o->min <= o->max);
    /* Names are words of lower case joined by '-', and mean one thing only. */
    for (const char *c = o->name; *c != '\0'; c++) {
        assert_true((*c >= 'a' && *c <= 'z') || *c == '-' || (*c >= '0' && *c <= '9'));
    }
    for (const up_option *p = v->options; p < o; p++) {
        assert_false(upi_option_same(p->name, o->name));
    }
    assert_null(upi_option_find(up_catalog_globals(), o->name));
}

static void
test_options(void **state)
{
    (void)state;
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        const up_verb *v = upi_catalog_page(i);
        assert_non_null(v->summary);
        assert_non_null(v->doc);
        assert_non_null(v->examples[0]);
        for (const up_option *o = v->options; o->name != NULL; o++) {
            check_option(v, o);
        }
    }
}

static void
test_refusals_are_codes(void **state)
{
    (void)state;
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        const char *const *code = upi_catalog_page(i)->refusals;
        for (; *code != NULL; code++) {
            up_error err = UP_ERROR_INIT;
            char *page = NULL;
            assert_ok(up_catalog_explain(*code, &page, &err), &err);
            up_text_free(page);
        }
    }
}

/* The examples of options are requests that the checks accept. */
static void
test_examples_of_options(void **state)
{
    (void)state;
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        const up_verb *v = upi_catalog_page(i);
        up_argument all[96];
        int64_t n = 0;
        for (const up_option *o = v->options; o->name != NULL; o++) {
            all[n++] = (up_argument){o->name, o->example};
        }
        up_error err = UP_ERROR_INIT;
        upi_request q = {0};
        assert_ok(upi_request_make(v, all, n, &q, &err), &err);
        upi_request_clear(&q);
    }
}

/* A verb of the program has a page, and nothing that a request needs. */
static void
test_verbs_of_the_program(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    char *text = NULL;
    up_result *r = NULL;
    assert_null(upi_catalog_page(-1));
    assert_null(up_catalog_find("mcp"));
    assert_ok(up_catalog_help("mcp", 80, &text, &err), &err);
    assert_non_null(strstr(text, "upshot mcp --allow experiments"));
    assert_null(strstr(text, "--csv"));
    up_text_free(text);
    assert_ok(up_catalog_man("mcp", &text, &err), &err);
    up_text_free(text);
    assert_ok(up_catalog_help(NULL, 80, &text, &err), &err);
    assert_non_null(strstr(text, "\n  mcp "));
    up_text_free(text);
    assert_fails(up_catalog_schema("mcp", &text, &err), UP_E_USAGE, &err);
    assert_fails(up_call("mcp", NULL, 0, NULL, &r, &err), UP_E_USAGE, &err);
    assert_non_null(strstr(err.fix, "upshot mcp"));
}

static void
test_schema(void **state)
{
    (void)state;
    for (int64_t i = 0; up_catalog_verb(i) != NULL; i++) {
        up_error err = UP_ERROR_INIT;
        char *text = NULL;
        json_error_t where;
        assert_ok(up_catalog_schema(up_catalog_verb(i)->name, &text, &err), &err);
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
        assert_non_null(root);
        json_t *request = json_object_get(root, "request");
        assert_string_equal(
            json_string_value(json_object_get(request, "type")), "object");
        assert_true(json_is_false(json_object_get(request, "additionalProperties")));
        json_decref(root);
        up_text_free(text);
    }
    up_error err = UP_ERROR_INIT;
    char *text = NULL;
    assert_fails(up_catalog_schema("efect", &text, &err), UP_E_USAGE, &err);
    assert_non_null(strstr(err.fix, "effect"));
    assert_null(text);
}

static void
test_unknown(void **state)
{
    (void)state;
    char *text = NULL;
    up_error err = UP_ERROR_INIT;
    assert_fails(up_catalog_help("fitt", 80, &text, &err), UP_E_USAGE, &err);
    /* A chained call does nothing and returns the first failure. */
    assert_fails(up_catalog_man("fit", &text, &err), UP_E_USAGE, &err);
    assert_null(text);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_catalog_completion("fish", &text, &err), UP_E_USAGE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_catalog_guide("design", &text, &err), UP_E_USAGE, &err);
    assert_non_null(strstr(err.fix, "designs"));
}

static void
test_call_runs_what_needs_no_data(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    up_argument code = {"code", "E_UNIT"};
    assert_ok(up_call("explain", &code, 1, NULL, &r, &err), &err);
    assert_non_null(strstr(up_result_json(r, 0), "\"ok\":true,\"op\":\"explain\""));
    assert_int_equal(up_result_exit_code(r), 0);
    up_result_free(r);
    r = NULL;
    code.name = "coed";
    assert_fails(up_call("explain", &code, 1, NULL, &r, &err), UP_E_USAGE, &err);
    assert_null(r);
    assert_non_null(strstr(err.fix, "--code"));
}

static up_status
pages(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    char *text = NULL;
    up_result *r = NULL;
    up_argument verb = {"verb", "simulate"};
    UP_TRY(up_catalog_help("simulate", 60, &text, err));
    up_text_free(text);
    text = NULL;
    UP_TRY(up_catalog_man("guide", &text, err));
    up_text_free(text);
    text = NULL;
    UP_TRY(up_catalog_completion(NULL, &text, err));
    up_text_free(text);
    text = NULL;
    UP_TRY(up_catalog_guide("designs", &text, err));
    UP_TRY(up_call("schema", &verb, 1, NULL, &r, err));
out:
    up_text_free(text);
    up_result_free(r);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(pages, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refusals_are_codes),
        cmocka_unit_test(test_examples_of_options),
        cmocka_unit_test(test_verbs_of_the_program),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_call_runs_what_needs_no_data),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
