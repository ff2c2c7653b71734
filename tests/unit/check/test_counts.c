/* Rows and clusters by arm; the counts are of tests/oracle/check/data.csv, by hand where the
 * file is cut. */
#include "up_checkable.h"
#include "up_test.h"

#include <string.h>

static char text[512];

static void
test_rows(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_THREE}, &x);
    up_check_result r = up_checkable_run(&x, "rows per arm", text);
    assert_int_equal(r.verdict, 0);
    assert_close(r.number, 232.0, 0.0, 0.0);
    assert_non_null(strstr(text, "'0'"));
    r = up_checkable_run(&x, "clusters per arm", text);
    assert_int_equal(r.verdict, 3);
    /* an arm of few rows, of one, of none */
    int64_t in_arm[3] = {29, 1, 0};
    const int64_t verdicts[3] = {1, 2, 2};
    const char *const codes[3] = {"W_SMALL_ARM", "E_ARMS", "E_ARMS"};
    for (int i = 0; i < 3; i++) {
        int64_t left = in_arm[i];
        for (int64_t g = 0; g < x.moments.n_groups; g++) {
            if (upi_moments_code(&x.moments, g, 0) == 2) {
                x.moments.n[g] = left;
                left = 0;
            }
        }
        r = up_checkable_run(&x, "rows per arm", text);
        assert_int_equal(r.verdict, verdicts[i]);
        assert_string_equal(r.code, codes[i]);
        assert_close(r.number, (double)in_arm[i], 0.0, 0.0);
    }
    r = up_checkable_run(&x, "balance", text);
    assert_int_equal(r.verdict, 3);
    up_checkable_free(&x);
}

static up_check_result
clusters(int arm, int64_t first_rows)
{
    up_checkable x;
    up_checkable_opts o = {.clusters = true, .first_rows = first_rows};
    o.arm = arm;
    up_checkable_make(&o, &x);
    up_check_result r = up_checkable_run(&x, "clusters per arm", text);
    up_checkable_free(&x);
    return r;
}

static void
test_clusters(void **state)
{
    (void)state;
    up_check_result r = clusters(UP_ARM_BY_CLUSTER, 0);
    assert_int_equal(r.verdict, 0);
    assert_close(r.number, 24.0, 0.0, 0.0);
    assert_non_null(strstr(text, "48 in all"));
    r = clusters(UP_ARM_THREE, 0); /* every cluster has rows in every arm */
    assert_close(r.number, 48.0, 0.0, 0.0);
    r = clusters(UP_ARM_BY_CLUSTER, 300); /* 20 clusters in all */
    assert_int_equal(r.verdict, 1);
    assert_string_equal(r.code, "W_FEW_CLUSTERS");
    r = clusters(UP_ARM_THREE, 15);
    assert_int_equal(r.verdict, 2);
    assert_string_equal(r.code, "E_CLUSTER");
    assert_non_null(strstr(text, "1 cluster;"));
}

/* A second way with four clusters decides. */
static void
test_two_ways(void **state)
{
    (void)state;
    up_checkable x;
    up_checkable_make(&(up_checkable_opts){.arm = UP_ARM_TWO, .clusters = true}, &x);
    uint64_t *second = upi_calloc(x.moments.n_groups, sizeof *second);
    assert_non_null(second);
    for (int64_t g = 0; g < x.moments.n_groups; g++) {
        second[g] = x.moments.cluster[0][g] % 4;
    }
    x.moments.cluster[1] = second;
    x.moments.ways = 2;
    up_check_result r = up_checkable_run(&x, "clusters per arm", text);
    assert_int_equal(r.verdict, 1);
    assert_close(r.number, 4.0, 0.0, 0.0);
    upi_free(second);
    up_checkable_free(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_two_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
