/* Expected classes are by definition of the cells, worked out by hand. */
#include "design/identify.h"
#include "up_test.h"

#include <string.h>

static upi_crosstab
table(int64_t nz, int64_t nd, const int64_t *count)
{
    return (upi_crosstab){.n_instrument = nz, .n_treatment = nd, .count = count};
}

static void
test_full(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_design d;
    /* count[z + d * nz] */
    const int64_t diagonal[] = {10, 0, 0, 12};
    upi_crosstab t = table(2, 2, diagonal);
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_FULL);
    assert_int_equal(d.estimand, UPI_ATE);
    assert_false(d.iv);
    assert_non_null(strstr(d.estimand_text, "ATE (= ITT)"));
    t.same_column = true;
    t.clustered = true;
    t.propensity_varies = true;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_FULL);
    assert_true(d.block);
    assert_true(d.propensity_varies);
}

static void
test_controls_matched(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_design d;
    /* arms (a, b, control) against received (0 = control, 1 = a, 2 = b) */
    const int64_t count[] = {0, 0, 10, 11, 0, 0, 0, 12, 0};
    upi_crosstab t = table(3, 3, count);
    t.control_instrument = 2;
    t.control_treatment = 0;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_FULL);
    /* the same cells with the control misnamed are a cross-over */
    t.control_instrument = 0;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_TWO_SIDED);
}

static void
test_one_sided(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_design d;
    const int64_t count[] = {100, 25, 0, 75};
    upi_crosstab t = table(2, 2, count);
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_ONE_SIDED);
    assert_int_equal(d.estimand, UPI_LATE);
    assert_true(d.iv);
    assert_non_null(strstr(d.estimand_text, "LATE (= ATT)"));
    assert_non_null(strstr(d.estimand_text, "25.0%"));
    /* three arms; arm 1 takes the treatment of arm 2: not one-sided */
    const int64_t crossed[] = {100, 10, 10, 0, 85, 0, 0, 5, 90};
    t = table(3, 3, crossed);
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_TWO_SIDED);
    const int64_t clean[] = {100, 15, 10, 0, 85, 0, 0, 0, 90};
    t.count = clean;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_ONE_SIDED);
}

static void
test_two_sided(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_design d;
    const int64_t count[] = {95, 20, 5, 80};
    upi_crosstab t = table(2, 2, count);
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_TWO_SIDED);
    assert_non_null(strstr(d.estimand_text, "5.0%"));
    assert_non_null(strstr(d.estimand_text, "20.0%"));
    /* an instrument of three levels for two treatments */
    const int64_t wide[] = {90, 50, 20, 0, 50, 80};
    t = table(3, 2, wide);
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_ONE_SIDED);
    assert_true(d.iv);
    assert_non_null(strstr(d.estimand_text, "weighted average"));
    assert_null(strstr(d.estimand_text, "ATT"));
    assert_non_null(strstr(d.estimand_text, "0.0% of units assigned to control"));
    assert_non_null(strstr(d.estimand_text, "35.0% of the others"));
    /* the same with one treated in control */
    const int64_t crossed[] = {90, 50, 20, 1, 50, 80};
    t.count = crossed;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_TWO_SIDED);
    /* everybody takes the treatment of the arm; still an instrument of three levels */
    const int64_t clean[] = {90, 0, 0, 0, 100, 100};
    t.count = clean;
    assert_ok(upi_identify(&t, &d, &err), &err);
    assert_int_equal(d.compliance, UPI_COMPLIANCE_ONE_SIDED);
    assert_true(d.iv);
}

static void
test_refusals(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_design d = {.estimand = UPI_ITT};
    const int64_t one_arm[] = {10, 0, 3, 0};
    upi_crosstab t = table(2, 2, one_arm);
    assert_fails(upi_identify(&t, &d, &err), UP_E_ARMS, &err);
    assert_string_equal(err.field, "intent_to_treat");
    assert_int_equal(d.estimand, UPI_ITT); /* untouched */
    const int64_t nobody_treated[] = {10, 10, 0, 0};
    t.count = nobody_treated;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_identify(&t, &d, &err), UP_E_ARMS, &err);
    assert_string_equal(err.field, "treated");
    const int64_t no_control[] = {0, 4, 5, 0, 4, 5, 0, 4, 5};
    t = table(3, 3, no_control);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_identify(&t, &d, &err), UP_E_ARMS, &err);
    assert_non_null(strstr(err.message, "control"));
    const int64_t no_control_taken[] = {0, 0, 0, 4, 5, 6, 4, 5, 6};
    t.count = no_control_taken;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_identify(&t, &d, &err), UP_E_ARMS, &err);
    t.control_instrument = -1;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_identify(&t, &d, &err), UP_E_ARMS, &err);
    /* more treatments than instruments */
    const int64_t tall[] = {10, 5, 0, 5, 1, 5};
    t = table(2, 3, tall);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(upi_identify(&t, &d, &err), UP_E_ESTIMAND, &err);
    assert_true(err.fix[0] != '\0');
    assert_int_equal(upi_identify(&t, &d, NULL), UP_E_ESTIMAND);
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(upi_estimand_name(UPI_ITT), "itt");
    assert_string_equal(upi_estimand_name(UPI_LATE), "late");
    assert_string_equal(upi_estimand_name(UPI_ATT), "att");
    assert_string_equal(upi_estimand_name(UPI_ATE), "ate");
    assert_string_equal(upi_estimand_name(UPI_ESTIMAND_DEFAULT), "default");
    assert_string_equal(upi_compliance_name(UPI_COMPLIANCE_FULL), "full");
    assert_string_equal(upi_compliance_name(UPI_COMPLIANCE_ONE_SIDED), "one-sided");
    assert_string_equal(upi_compliance_name(UPI_COMPLIANCE_TWO_SIDED), "two-sided");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_controls_matched),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_two_sided),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
