/* Looking true effects up, and writing commands for a shell. */
#include "catalog/pipeline.h"
#include "up_test.h"

#include <upshot/truth.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/upshot-truth-XXXXXX";

static void
write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static int
make_path(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 || close(file) != 0;
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

#define ROW(segment, period, estimand, effect)                                         \
    "{\"metric\":\"y\",\"arm\":\"b\",\"against\":\"control\",\"segment\":\"" segment   \
    "\",\"period\":\"" period "\",\"estimand\":\"" estimand "\",\"effect\":" effect    \
    "}"

static void
test_find(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_truth *t = NULL;
    write_file("{\"effects\":[" ROW("", "", "ate", "1.5") "," ROW("d = 'm'", "", "ate",
        "2") "," ROW("", "1", "ate", "0.5") "," ROW("", "2", "ate", "0.25") "]}");
    assert_ok(up_truth_open(path, &t, &err), &err);
    up_effect e = {.metric = "y",
        .arm = "b",
        .against = "control",
        .segment = "",
        .period = "",
        .estimand = "ate"};
    assert_close(up_truth_effect(t, &e, false), 1.5, 0, 0);
    e.segment = "d='m'";
    assert_close(up_truth_effect(t, &e, false), 2, 0, 0);
    e.segment = "d = 'n'";
    assert_true(isnan(up_truth_effect(t, &e, false)));
    e.segment = "";
    e.period = "2";
    assert_close(up_truth_effect(t, &e, false), 0.25, 0, 0);
    assert_close(up_truth_effect(t, &e, true), 0.75, 0, 0);
    e.estimand = "late";
    assert_true(isnan(up_truth_effect(t, &e, false)));
    up_truth_free(t);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{}", "{\"effects\": 1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        up_truth *t = NULL;
        write_file(bad[i]);
        assert_fails(up_truth_open(path, &t, &err), UP_E_SOURCE, &err);
        assert_null(t);
    }
    up_error err = UP_ERROR_INIT;
    up_truth *t = NULL;
    assert_fails(up_truth_open("/nowhere.json", &t, &err), UP_E_SOURCE, &err);
}

static void
test_shell_words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"plain.csv", "plain.csv"}, {"", "''"},
        {"a b", "'a b'"}, {"it's", "'it'\\''s'"}, {"$(x)", "'$(x)'"}, {";rm", "';rm'"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        upi_text t = {0};
        upi_shell_word(&t, cases[i][0]);
        assert_string_equal(t.s, cases[i][1]);
        upi_text_free(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_shell_words),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
