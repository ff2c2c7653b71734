/* Graphs against answers found from the definitions: networkx for separation, every subset of
 * nodes for adjustment sets, instruments and front doors (make.py). */
#include "up_test.h"
#include "why/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 65536 };

typedef struct tally {
    int64_t separations, sets, instruments, doors, pairs;
} tally;

/* "a b", "-" for nothing: the names, in place. */
static int64_t
split(char *s, const char *names[16])
{
    int64_t n = 0;
    for (char *word = strtok(s, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        if (strcmp(word, "-") != 0) {
            names[n++] = word;
        }
    }
    return n;
}

static up_answer *
ask(const up_graph *g, const up_question *q)
{
    up_answer *a = NULL;
    up_error err = UP_ERROR_INIT;
    assert_ok(up_graph_ask(g, q, &a, &err), &err);
    assert_int_equal(up_answer_complete(a), 1);
    return a;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The sets of an answer of one kind as text, each sorted, and sorted. */
static void
show_sets(const up_answer *a, const char *kind, char *out)
{
    static char item[1024][256];
    size_t n = 0;
    for (int64_t i = 0; i < up_answer_findings(a); i++) {
        up_finding f = up_answer_finding(a, i);
        const char *names[16];
        assert_string_equal(f.kind, kind);
        for (int64_t k = 0; k < f.n_nodes; k++) {
            names[k] = f.nodes[k];
        }
        qsort(names, (size_t)f.n_nodes, sizeof names[0], by_name);
        item[n][0] = '\0';
        for (int64_t k = 0; k < f.n_nodes; k++) {
            (void)strcat(strcat(item[n], k > 0 ? " " : ""), names[k]);
        }
        if (f.n_nodes == 0) {
            (void)strcpy(item[n], "-");
        }
        n++;
    }
    qsort(item, n, sizeof item[0], by_text);
    (void)strcpy(out, n == 0 ? "none" : "");
    for (size_t k = 0; k < n; k++) {
        (void)strcat(strcat(out, k > 0 ? " ; " : ""), item[k]);
    }
}

/* The sets of the oracle in the same order. */
static void
sort_sets(const char *wanted, char *out)
{
    static char item[1024][256];
    size_t n = 0;
    for (const char *s = wanted; *s != '\0';) {
        const char *end = strstr(s, " ; ");
        size_t length = end != NULL ? (size_t)(end - s) : strlen(s);
        memcpy(item[n], s, length);
        item[n++][length] = '\0';
        s += length + (end != NULL ? 3 : 0);
    }
    qsort(item, n, sizeof item[0], by_text);
    out[0] = '\0';
    for (size_t k = 0; k < n; k++) {
        (void)strcat(strcat(out, k > 0 ? " ; " : ""), item[k]);
    }
}

static void
check_sets(
    const up_graph *g, const up_question *q, const char *kind, const char *wanted)
{
    static char found[LINE];
    static char sorted[LINE];
    up_answer *a = ask(g, q);
    show_sets(a, kind, found);
    sort_sets(wanted, sorted);
    assert_string_equal(found, sorted);
    assert_int_equal(up_answer_verdict(a), strcmp(wanted, "none") != 0);
    up_answer_free(a);
}

static void
check_separation(
    const up_graph *g, const char *x, const char *y, char *given, int wanted)
{
    const char *names[16];
    int64_t n = split(given, names);
    up_answer *a = ask(g, UP_QUESTION(.ask = UP_ASK_SEPARATED, .from = x, .to = y,
                              .given = names, .n_given = n, .most = 100000));
    int64_t open = 0;
    for (int64_t i = 0; i < up_answer_findings(a); i++) {
        open += up_answer_finding(a, i).holds;
    }
    assert_int_equal(up_answer_verdict(a), wanted);
    assert_int_equal(open == 0, wanted); /* path by path it is the same */
    up_answer_free(a);
}

/* For every node that is one: some set is found exactly where one exists. Each instrument of
 * ours must be one of the oracle's. */
static void
check_instruments(const up_graph *g, const char *x, const char *y, char *wanted)
{
    const char *names[16];
    bool none = strcmp(wanted, "none") == 0;
    int64_t n = none ? 0 : split(wanted, names);
    up_answer *a = ask(g, UP_QUESTION(.ask = UP_ASK_INSTRUMENTS, .from = x, .to = y));
    assert_int_equal(up_answer_verdict(a), !none);
    for (int64_t i = 0; i < up_answer_findings(a); i++) {
        bool known = false;
        for (int64_t k = 0; k < n; k++) {
            known = known || strcmp(up_answer_finding(a, i).nodes[0], names[k]) == 0;
        }
        assert_true(known);
    }
    up_answer_free(a);
}

/* A pair has an independence exactly when some set separates it, and the one given does. */
static void
check_pair(const up_graph *g, const char *x, const char *y, int wanted)
{
    up_answer *a = ask(g, UP_QUESTION(.ask = UP_ASK_IMPLICATIONS, .most = 1000));
    int found = 0;
    for (int64_t i = 0; i < up_answer_findings(a); i++) {
        up_finding f = up_answer_finding(a, i);
        bool same = strcmp(f.nodes[0], x) == 0 && strcmp(f.nodes[1], y) == 0;
        bool turned = strcmp(f.nodes[0], y) == 0 && strcmp(f.nodes[1], x) == 0;
        if (same || turned) {
            up_answer *check = ask(g, UP_QUESTION(.from = x, .to = y, .given = f.given,
                                          .n_given = f.n_given, .most = 100000));
            assert_int_equal(up_answer_verdict(check), 1);
            up_answer_free(check);
            found = 1;
        }
    }
    assert_int_equal(found, wanted);
    up_answer_free(a);
}

static void
check_line(const up_graph *g, char *line, tally *t)
{
    char x[32];
    char y[32];
    assert_int_equal(sscanf(line + 1, "%31s %31s", x, y), 2);
    char *rest = strchr(line, '|') + 2;
    rest[strcspn(rest, "\n")] = '\0';
    switch (line[0]) {
    case 'S': {
        char *last = strrchr(rest, '|');
        int wanted = last[2] == '1';
        *last = '\0';
        check_separation(g, x, y, rest, wanted);
        t->separations++;
        break;
    }
    case 'A':
        check_sets(g, UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = x, .to = y),
            "adjustment", rest);
        t->sets++;
        break;
    case 'B':
        check_sets(g,
            UP_QUESTION(.ask = UP_ASK_ADJUSTMENT, .from = x, .to = y, .all = 1),
            "adjustment", rest);
        t->sets++;
        break;
    case 'F':
        check_sets(g, UP_QUESTION(.ask = UP_ASK_FRONT_DOOR, .from = x, .to = y),
            "front door", rest);
        t->doors++;
        break;
    case 'I':
        check_instruments(g, x, y, rest);
        t->instruments++;
        break;
    default:
        check_pair(g, x, y, rest[0] == '1');
        t->pairs++;
    }
}

static void
cases(void **state)
{
    (void)state;
    static char line[LINE];
    up_graph *g = NULL;
    tally t = {0};
    up_error err = UP_ERROR_INIT;
    FILE *f = fopen(up_test_data("oracle/graph/cases.txt"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == 'G') {
            up_graph_free(g);
            g = NULL;
            assert_ok(up_graph_parse(line + 2, &g, &err), &err);
        } else {
            check_line(g, line, &t);
        }
    }
    (void)fclose(f);
    up_graph_free(g);
    assert_int_equal(t.separations, 4000);
    assert_int_equal(t.sets, 801);
    assert_int_equal(t.instruments, 400);
    assert_int_equal(t.doors, 400);
    assert_true(t.pairs > 3000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
