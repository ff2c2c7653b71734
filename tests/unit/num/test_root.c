/* The root finder: known roots to rounding, hard shapes, and no root. */
#include "num/root.h"
#include "up_test.h"

#include <math.h>

static double
line(double x, const void *ctx)
{
    return x - *(const double *)ctx;
}

static double
cubic(double x, const void *ctx)
{
    double y = x - *(const double *)ctx;
    return y * y * y;
}

static double
steep(double x, const void *ctx)
{
    return expm1(*(const double *)ctx * x) - 1;
}

static double
jump(double x, const void *ctx)
{
    return x < *(const double *)ctx ? -1.0 : 1.0;
}

static double
undefined(double x, const void *ctx)
{
    double whole = x < *(const double *)ctx ? -1.0 : 1.0;
    return x > *(const double *)ctx && x < 0.9 ? whole * (double)NAN : whole;
}

static void
finds_roots_to_rounding(void **state)
{
    (void)state;
    double at[] = {0.3, -7, 1e-9, 0};
    for (int i = 0; i < 4; i++) {
        assert_close(upi_root(line, &at[i], -10, 12), at[i], 1e-15, 1e-15);
        assert_close(upi_root(cubic, &at[i], -10, 12), at[i], 1e-9, 1e-9);
        assert_close(upi_root(jump, &at[i], -10, 12), at[i], 1e-15, 1e-15);
    }
    double rates[] = {1, 50, 700};
    for (int i = 0; i < 3; i++) {
        assert_close(upi_root(steep, &rates[i], 0, 1), log(2) / rates[i], 1e-14, 0);
    }
}

static void
ends_can_be_the_root(void **state)
{
    (void)state;
    double at = 2;
    assert_close(upi_root(line, &at, 2, 5), 2, 0, 0);
    assert_close(upi_root(line, &at, -1, 2), 2, 0, 0);
}

static void
no_change_of_sign_is_not_a_number(void **state)
{
    (void)state;
    double at = 2;
    assert_true(isnan(upi_root(line, &at, 3, 5)));
    assert_true(isnan(upi_root(line, &at, NAN, 5)));
    double hole = 0.1;
    assert_true(isnan(upi_root(undefined, &hole, 0, 1)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_roots_to_rounding),
        cmocka_unit_test(ends_can_be_the_root),
        cmocka_unit_test(no_change_of_sign_is_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
