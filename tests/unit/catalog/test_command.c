/* Command lines, split by the catalog. */
#include "up_test.h"

#include <upshot/catalog.h>

#include <stdio.h>
#include <string.h>

enum { MOST = 16 };

static up_command *
parse(const char *line, up_error *err, up_status wanted)
{
    static char copy[512];
    const char *words[MOST];
    int n = 0;
    up_command *c = NULL;
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok(copy, " "); w != NULL && n < MOST; w = strtok(NULL, " ")) {
        words[n++] = w;
    }
    *err = (up_error)UP_ERROR_INIT;
    assert_fails(up_command_parse(n, words, &c, err), wanted, err);
    return c;
}

static const char *
value(const up_command *c, const char *name)
{
    int64_t n = 0;
    const up_argument *a = up_command_arguments(c, &n);
    for (int64_t i = 0; i < n; i++) {
        if (strcmp(a[i].name, name) == 0) {
            return a[i].value;
        }
    }
    return NULL;
}

static void
test_options_and_words(void **state)
{
    (void)state;
    up_error err;
    up_command *c = parse(
        "effect x.csv --itt=arm --metric y=1 --over-time --json --output o --level 0.9",
        &err, UP_OK);
    const up_command_settings *s = up_command_get(c);
    assert_string_equal(s->verb, "effect");
    assert_int_equal(s->json, 1);
    assert_string_equal(s->output, "o");
    assert_string_equal(value(c, "source"), "x.csv");
    assert_string_equal(value(c, "itt"), "arm");
    assert_string_equal(value(c, "metric"), "y=1");
    assert_string_equal(value(c, "over-time"), "true");
    assert_string_equal(value(c, "level"), "0.9");
    up_command_free(c);
}

static void
test_positions(void **state)
{
    (void)state;
    up_error err;
    up_command *c = parse("simulate --units 5 shop --no-color out.csv", &err, UP_OK);
    assert_string_equal(value(c, "what"), "shop");
    assert_string_equal(value(c, "to"), "out.csv");
    assert_int_equal(up_command_get(c)->color, -1);
    up_command_free(c);
    c = parse("describe -", &err, UP_OK);
    assert_string_equal(value(c, "source"), "-");
    up_command_free(c);
    c = parse("describe -- --odd.csv", &err, UP_OK);
    assert_string_equal(value(c, "source"), "--odd.csv");
    up_command_free(c);
}

static void
test_help(void **state)
{
    (void)state;
    static const struct {
        const char *line, *verb, *topic;
    } cases[] = {{"", "help", NULL}, {"help", "help", NULL}, {"--help", "help", NULL},
        {"help fit", "help", "fit"}, {"fit --help", "help", "fit"},
        {"fit x -h", "help", "fit"}, {"man fit", "man", "fit"},
        {"--version", "version", NULL}, {"-V", "version", NULL},
        {"completion bash", "completion", "bash"}, {"mcp --help", "help", "mcp"},
        {"mcp --http x -h", "help", "mcp"}, {"help mcp", "help", "mcp"},
        {"mcp", "mcp", NULL}, {"mcp --http 0 --allow a --allow b", "mcp", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        up_error err;
        up_command *c = parse(cases[i].line, &err, UP_OK);
        assert_string_equal(up_command_get(c)->verb, cases[i].verb);
        if (cases[i].topic == NULL) {
            assert_null(up_command_get(c)->topic);
        } else {
            assert_string_equal(up_command_get(c)->topic, cases[i].topic);
        }
        up_command_free(c);
    }
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const lines[] = {"nothing", "effect --nothing", "effect a b",
        "effect -x", "effect --itt", "effect --itt --json", "effect --json=1",
        "effect --over-time=1", "--itt arm", "help a b", "version --json --csv",
        "version --output a --output b", "mcp x", "mcp --http 65536", "mcp --http -1",
        "mcp --http x", "mcp --http 1 --http 2", "mcp --cache a --cache b", "mcp --csv",
        "mcp --output a", "mcp --metric x", "mcp --allow="};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        up_error err;
        assert_null(parse(lines[i], &err, UP_E_USAGE));
        assert_true(err.fix[0] != '\0');
    }
    up_error err;
    assert_null(parse("effect --input /nowhere.json", &err, UP_E_SOURCE));
    assert_null(parse("effect --metrik x", &err, UP_E_USAGE));
    assert_non_null(strstr(err.fix, "--metric"));
}

static up_status
parse_all(void *ctx, up_error *err)
{
    (void)ctx;
    static const char *const words[] = {
        "effect", "x", "--itt", "arm", "--json", "--output=o", "--metric=a"};
    up_command *c = NULL;
    up_status status = up_command_parse(7, words, &c, err);
    up_command_free(c);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(parse_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_and_words),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
