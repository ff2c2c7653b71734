/* The NIST StRD sets for linear regression and analysis of variance: as many digits as R reaches whatever
 * the order of the rows, less the slack stated below. expected.json holds the certified values
 * and the digits of R, make.R measured them.
 *
 * A model of an experiment has arms and an intercept. A regression is put into it by giving each
 * row to both of two arms, with all interactions: the coefficients of the control arm, and with
 * the pooled variance their standard errors too, are then those of the regression. A regression
 * through the origin gets each row a second time with all signs turned, which makes the
 * intercept 0 and halves the variance of the slope. */
#include "fit_helper.h"
#include "num/matrix.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Two bounds hold. In the order of the file: the whole digits of R, less one and a half. The last
 * digits are chance, which the kernels of OpenBLAS for different processors throw anew (the standard
 * errors of Longley have 12.5 to 13.9 digits); those of R differ by one to two between orders of the
 * rows: so also the worst of R over 51 orders, less half a digit. (Means of groups are kept as
 * doubles, which costs the SmLs sets with many constant leading digits most of that digit.) */
static const double slack_file = 1.5;
static const double slack_worst = 0.5;
enum { MOST_X = 10 };

static double
lre(double got, double want)
{
    if (got == want) {
        return 15;
    }
    double gap = want == 0 ? fabs(got) : fabs(got - want) / fabs(want);
    double digits = -log10(gap);
    return digits > 15 ? 15 : digits;
}

static json_t *
expected(const char *part)
{
    json_error_t problem;
    json_t *all =
        json_load_file(up_test_data("oracle/nist/expected.json"), 0, &problem);
    assert_non_null(all);
    json_t *o = json_incref(json_object_get(all, part));
    assert_non_null(o);
    json_decref(all);
    return o;
}

static const char *
data_path(const char *name)
{
    char relative[256];
    (void)snprintf(relative, sizeof relative, "oracle/nist/%s.csv", name);
    return up_test_data(relative);
}

/* The set as a CSV text with columns arm, y, x1, x2, ...; the powers by multiplication. */
static char *
regression_text(const char *name, int64_t nx, bool origin)
{
    csv_table *t = csv_table_read(data_path(name));
    bool powers = strcmp(name, "longley") != 0;
    upi_text out = {0};
    upi_text_add(&out, "arm,y");
    for (int64_t k = 1; k <= nx; k++) {
        upi_text_addf(&out, ",x%lld", (long long)k);
    }
    for (int64_t i = 0; i < t->n_rows * (origin ? 4 : 2); i++) {
        const char *const *cell =
            (const char *const *)t->cell + i / 2 % t->n_rows * t->n_columns;
        double sign = i / 2 >= t->n_rows ? -1 : 1;
        double y = 0;
        double x = 0;
        assert_true(upi_double_parse(cell[0], (int64_t)strlen(cell[0]), &y));
        assert_true(upi_double_parse(cell[1], (int64_t)strlen(cell[1]), &x));
        upi_text_addf(&out, "\n%s,%.17g", i % 2 == 0 ? "a" : "b", sign * y);
        double power = x;
        for (int64_t k = 1; k <= nx; k++) {
            if (powers) {
                upi_text_addf(&out, ",%.17g", sign * power);
                power *= x;
            } else {
                upi_text_addf(&out, ",%s", cell[k]);
            }
        }
    }
    char *s = NULL;
    assert_int_equal(upi_text_take(&out, &s, NULL), UP_OK);
    csv_table_free(t);
    return s;
}

/* want: a set of expected.json; what: its part, NULL for an analysis of variance. */
static double
digits_of_r(const json_t *want, const char *kind, const char *what)
{
    const json_t *o = json_object_get(want, kind);
    assert_non_null(o);
    return json_number_value(what != NULL ? json_object_get(o, what) : o);
}

static void
check_digits(const char *set, const json_t *want, const char *what, double digits)
{
    double worst = digits_of_r(want, "r_worst", what);
    print_message("%-9s %-9s %5.1f digits (R: %4.1f in the order of the file, %4.1f to "
                  "%4.1f in others)\n",
        set, what != NULL ? what : "F", digits, digits_of_r(want, "r_file", what),
        worst, digits_of_r(want, "r_median", what));
    double file = floor(digits_of_r(want, "r_file", what));
    double bound = fmax(worst - slack_worst, file - slack_file);
    if (digits < bound) {
        fail_msg("%s: %.2f digits, at least %.2f are expected", set, digits, bound);
    }
}

/* The standard error at x = 0, far from the data: straight from the triangle, since the
 * quadratic form of the covariance of the centred coefficients would cancel. */
static double
error_at_zero(const up_model *m)
{
    int64_t p = m->x.p;
    double l[32];
    double a[32];
    assert_true(p <= 32);
    fit_uncentred(m, &m->x, "(Intercept)", l);
    upi_gemv('T', p, p, m->cov->x_rinv, p, l, a);
    return sqrt(m->sigma2[0] * upi_dot(p, a, a));
}

static void
check_regression(const char *name, const json_t *want)
{
    static const char *const names[] = {
        "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", NULL};
    static const char *const y[] = {"y", NULL};
    static const csv_key keys[] = {
        {"arm", UPI_KEY_ARM, false}, {NULL, UPI_KEY_ARM, false}};
    const char *x[MOST_X + 1] = {NULL};
    bool origin = strncmp(name, "noint", 5) == 0;
    const json_t *coef = json_object_get(want, "coef");
    /* a single number is not a list */
    int64_t p = json_is_array(coef) ? (int64_t)json_array_size(coef) : 1;
    int64_t nx = origin ? p : p - 1;
    for (int64_t k = 0; k < nx; k++) {
        x[k] = names[k];
    }
    char *text = regression_text(name, nx, origin);
    csv_fixture *f = csv_moments_new(
        &(csv_spec){.text = text, .keys = keys, .x = x, .y = y, .form = UPI_TRI});
    up_model *m =
        fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_IID, .rank_tolerance = 1e-15), NULL);
    double worst[2] = {15, 15};
    for (int64_t j = 0; j < p; j++) {
        const char *own = origin ? names[j] : j == 0 ? "(Intercept)" : names[j - 1];
        fit_value v = fit_coefficient(m, 0, own);
        v.std_error = !origin && j == 0 ? error_at_zero(m) : v.std_error;
        const json_t *se = json_object_get(want, "std_error");
        double b = json_number_value(p > 1 ? json_array_get(coef, (size_t)j) : coef);
        double s = json_number_value(p > 1 ? json_array_get(se, (size_t)j) : se);
        worst[0] = fmin(worst[0], lre(v.value, b));
        worst[1] = fmin(worst[1], lre(v.std_error * (origin ? sqrt(2.0) : 1), s));
    }
    double sigma = json_number_value(json_object_get(want, "sigma"));
    check_digits(name, want, "coef", worst[0]);
    check_digits(name, want, "std_error", worst[1]);
    check_digits(name, want, "sigma", lre(sqrt(m->sigma2[0]), sigma));
    up_model_free(m);
    csv_moments_free(f);
    upi_free(text);
}

static void
regression(void **state)
{
    (void)state;
    json_t *all = expected("regression");
    assert_int_equal(json_object_size(all), 11);
    const char *name = NULL;
    json_t *want = NULL;
    json_object_foreach(all, name, want)
    {
        check_regression(name, want);
    }
    json_decref(all);
}

/* ---- analysis of variance: arms only ---- */

static char *
generated_text(const char *base, int64_t replicates)
{
    static const int tenths[] = {4, 3, 5, 3, 5, 3, 5, 3, 5};
    upi_text out = {0};
    upi_text_add(&out, "arm,y");
    for (int t = 0; t < 9; t++) {
        for (int64_t i = 0; i < replicates; i++) {
            int shift = i == 0 ? 0 : i % 2 == 1 ? -1 : 1;
            upi_text_addf(&out, "\n%d,%s.%d", t + 1, base, tenths[t] + shift);
        }
    }
    char *s = NULL;
    assert_int_equal(upi_text_take(&out, &s, NULL), UP_OK);
    return s;
}

/* F that all arms are equal: b'V^-1 b / k. */
static double
joint_f(const up_model *m)
{
    enum { MOST_ARMS = 10 };
    int64_t k = m->x.p - 1;
    double v[MOST_ARMS * MOST_ARMS];
    double b[MOST_ARMS];
    double w[MOST_ARMS];
    assert_true(k <= MOST_ARMS);
    const double *block = upi_model_block(m, 0, 0);
    for (int64_t j = 0; j < k; j++) {
        b[j] = w[j] = m->coef[0][1 + j];
        for (int64_t i = 0; i < k; i++) {
            v[i + j * k] = block[1 + i + (1 + j) * m->x.p];
        }
    }
    assert_int_equal(upi_solve(k, 1, v, k, w, k, NULL), UP_OK);
    return upi_dot(k, b, w) / (double)k;
}

static void
check_anova(const char *name, const json_t *want)
{
    static const char *const y[] = {"y", NULL};
    static const csv_key keys[] = {
        {"arm", UPI_KEY_ARM, false}, {NULL, UPI_KEY_ARM, false}};
    const json_t *base = json_object_get(want, "base");
    char *text = NULL;
    if (base != NULL) {
        text = generated_text(json_string_value(base),
            json_integer_value(json_object_get(want, "replicates")));
    }
    csv_fixture *f = csv_moments_new(&(csv_spec){
        .path = data_path(name), .text = text, .keys = keys, .y = y, .form = UPI_MEAN});
    up_model *m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_IID), NULL);
    check_digits(name, want, NULL,
        lre(joint_f(m), json_number_value(json_object_get(want, "f"))));
    up_model_free(m);
    csv_moments_free(f);
    upi_free(text);
}

static void
anova(void **state)
{
    (void)state;
    json_t *all = expected("anova");
    assert_int_equal(json_object_size(all), 11);
    const char *name = NULL;
    json_t *want = NULL;
    json_object_foreach(all, name, want)
    {
        check_anova(name, want);
    }
    json_decref(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression), cmocka_unit_test(anova)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
