/* The PC algorithm against an implementation in numpy (make.py): the same edges and arrows. */
#include "up_test.h"
#include "why/pc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double
read_number(FILE *f)
{
    char word[64];
    double x = 0;
    assert_int_equal(fscanf(f, "%63s", word), 1);
    assert_true(upi_double_parse(word, (int64_t)strlen(word), &x));
    return x;
}

static void
show(const upi_pc_in *in, const upi_pc_out *o, char *out)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < in->d; i++) {
        for (int j = i + 1; j < in->d; j++) {
            if (!upi_set_has(&o->near[i], j)) {
                continue;
            }
            bool right = upi_set_has(&o->to[i], j);
            bool left = upi_set_has(&o->to[j], i);
            n += (size_t)snprintf(out + n, 32, "%s%d%c%d", n > 0 ? " " : "",
                left ? j : i, left || right ? '>' : '-', left ? i : j);
        }
    }
    (void)strcpy(out + n, n == 0 ? "none" : "");
}

/* False at the end of the file. */
static bool
run_case(FILE *f)
{
    static upi_pc_out found;
    static double corr[UPI_PC_MOST * UPI_PC_MOST];
    upi_set never[UPI_PC_MOST] = {{{0}}};
    upi_set after[UPI_PC_MOST] = {{{0}}};
    int d = 0;
    int n = 0;
    int conservative = 0;
    int tier[UPI_PC_MOST];
    char wanted[1024];
    char shown[1024];
    if (fscanf(f, "%d %d %d", &d, &n, &conservative) != 3) {
        return false;
    }
    for (int i = 0; i < d; i++) {
        tier[i] = (int)read_number(f);
    }
    for (int i = 0; i < d; i++) {
        corr[i + i * d] = 1;
        for (int j = 0; j < i; j++) {
            corr[i + j * d] = read_number(f);
            corr[j + i * d] = corr[i + j * d];
        }
        for (int j = 0; j < i; j++) {
            int early = tier[i] < tier[j] ? i : j;
            if (tier[i] != tier[j]) {
                upi_set_add(&after[early], early == i ? j : i);
            }
        }
    }
    assert_non_null(fgets(wanted, sizeof wanted, f));
    assert_non_null(fgets(wanted, sizeof wanted, f));
    wanted[strcspn(wanted, "\n")] = '\0';
    upi_pc_in in = {.d = d,
        .corr = corr,
        .n = n,
        .alpha = .01,
        .most = -1,
        .conservative = conservative != 0,
        .never = never,
        .always = never,
        .after = after};
    upi_pc_run(&in, &found);
    show(&in, &found, shown);
    assert_string_equal(shown, wanted);
    return true;
}

static void
cases(void **state)
{
    (void)state;
    int n = 0;
    FILE *f = fopen(up_test_data("oracle/discover/cases.txt"), "r");
    assert_non_null(f);
    while (run_case(f)) {
        n++;
    }
    (void)fclose(f);
    assert_int_equal(n, 400);
}

/* Columns that nothing separates: the number of tests is bounded, and that is told. */
static void
bound(void **state)
{
    (void)state;
    static upi_pc_out found;
    static double corr[24 * 24];
    const upi_set none[UPI_PC_MOST] = {{{0}}};
    for (int i = 0; i < 24 * 24; i++) {
        corr[i] = i % 25 == 0 ? 1 : 0.5;
    }
    upi_pc_in in = {.d = 24,
        .corr = corr,
        .n = 100000,
        .alpha = .01,
        .most = -1,
        .never = none,
        .always = none,
        .after = none};
    upi_pc_run(&in, &found);
    assert_true(found.cut);
    assert_int_equal(found.tests, UPI_PC_TESTS);
    in.most = 1;
    upi_pc_run(&in, &found);
    assert_false(found.cut);
    assert_int_equal(found.tests, 24 * 23 / 2 * (1 + 22));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases), cmocka_unit_test(bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
