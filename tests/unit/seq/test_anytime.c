/* Anytime-valid rules: the mixture integrals of tests/oracle/anytime, the numbers of avlm, GrowthBook,
 * Eppo and confseq, and the laws: e-value, p-value and radius are one rule. */
#include "num/dist.h"
#include "seq/anytime.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t all_sides[] = {UP_TWO_SIDED, UP_GREATER, UP_LESS};

static int64_t
read_sides(const char *word)
{
    return strcmp(word, "two") == 0       ? UP_TWO_SIDED
           : strcmp(word, "greater") == 0 ? UP_GREATER
                                          : UP_LESS;
}

static void
agrees_with_the_integral_over_the_mixture(void **state)
{
    (void)state;
    FILE *file = fopen(up_test_data("oracle/anytime/points.csv"), "r");
    assert_non_null(file);
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    int64_t n = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char form[16], word[16];
        double x[4];
        char *rest = NULL;
        assert_int_equal(sscanf(line, "%15[^,],%15[^,],", form, word), 2);
        rest = strchr(strchr(line, ',') + 1, ',');
        for (int i = 0; i < 4; i++) {
            assert_true(*rest == ',');
            x[i] = strtod(rest + 1, &rest);
        }
        int64_t sides = read_sides(word);
        if (strcmp(form, "normal") == 0) {
            assert_close(upi_av_log_e_normal(x[0], x[2], sides), x[3], 1e-13, 1e-13);
        } else if (strcmp(form, "t") == 0) {
            assert_close(upi_av_log_e_t(x[0], x[1], x[2], sides), x[3], 1e-12, 1e-12);
        } else {
            assert_string_equal(form, "mixture");
            assert_close(upi_av_mixture(1000, x[0], sides), 1000 * x[3], 1e-13, 0);
        }
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, 122);
}

static double
ratio(double g, double n)
{
    return g / (g + n);
}

/* R package avlm and pyfixest: t and F statistics of mtcars, iris and Longley. */
static void
agrees_with_avlm(void **state)
{
    (void)state;
    double wt = -3.877830742404681 / 0.632733494377395;
    double hp = -0.031772946982161 / 0.00902970967585572;
    struct {
        double g, p_wt, p_hp, low, high;
    } cases[] = {
        {1, 3.96032059112460e-05, 3.36434432306451e-02, -6.0006319484765855,
            -1.75502953633277592},
        {2, 4.79988727420703e-05, 2.88875939412101e-02, -5.9541051217557275,
            -1.80155636305363354},
        {5, 1.18309086377160e-04, 3.04736858900849e-02, -5.9523694392913233,
            -1.80329204551803810},
    };
    for (int i = 0; i < 3; i++) {
        double r = ratio(cases[i].g, 32);
        assert_close(upi_av_p(upi_av_log_e_t(wt, 29, r, 0)), cases[i].p_wt, 1e-11, 0);
        assert_close(upi_av_p(upi_av_log_e_t(hp, 29, r, 0)), cases[i].p_hp, 1e-11, 0);
        double radius = upi_av_radius_t(29, r, 0.05, 0) * 0.632733494377395;
        assert_close(-3.877830742404681 - radius, cases[i].low, 1e-12, 0);
        assert_close(-3.877830742404681 + radius, cases[i].high, 1e-12, 0);
    }
    assert_close(upi_av_p(upi_av_log_e_f(119.264502184505, 2, 147, ratio(1, 150))),
        2.13156731280556e-29, 1e-10, 0);
    assert_close(
        upi_av_radius_normal(ratio(1, 1000), 0.05, 0), 3.5934829268760446, 1e-14, 0);
    assert_close(
        upi_av_radius_t(998, ratio(1, 1000), 0.05, 0), 3.60333357898554, 1e-13, 0);
    assert_close(upi_av_radius_t(92, ratio(11.5815361621148, 100), 0.05, 0),
        3.1039381138101, 1e-13, 0);
}

/* Multipliers at 5 %: GrowthBook and Eppo as they tune them, avlm's default. */
static void
agrees_with_the_vendors(void **state)
{
    (void)state;
    double n[] = {500, 1e3, 5e3, 1e4, 5e4, 1e5, 1e6};
    double growthbook[] = {3.8551, 3.3639, 3.0352, 3.0615, 3.2417, 3.3369, 3.6565};
    double eppo[] = {4.7188, 3.8551, 3.0836, 3.0352, 3.1530, 3.2417, 3.5616};
    for (int i = 0; i < 7; i++) {
        assert_close(upi_av_radius_normal(ratio(630.028, n[i]), 0.05, 0), growthbook[i],
            0, 5.1e-5);
        assert_close(
            upi_av_radius_normal(ratio(1260.056, n[i]), 0.05, 0), eppo[i], 0, 5.1e-5);
    }
    /* GrowthBook's printed interval: estimate .50336, SE .33341, N* 1000, n 6461 */
    double rho = 0.0890851;
    double radius = upi_av_radius_normal(ratio(1 / (rho * rho), 6461), 0.05, 0);
    assert_close(0.50336 - radius * 0.33341, -0.55844, 0, 2e-5);
    assert_close(0.50336 + radius * 0.33341, 1.56516, 0, 2e-5);
    /* confseq: log mixture and bound of the normal mixture at s = 10, v = 100 */
    double g = 12.60056097925634;
    assert_close(
        upi_av_log_e_normal(1, ratio(g, 100), 0), -0.6510051600071821, 1e-13, 0);
    assert_close(upi_av_radius_normal(ratio(g, 100), 0.05, 0) * 10, 30.352089903762526,
        1e-13, 0);
}

/* confseq's one-sided normal mixture, which it tunes at 2 alpha: ln m = -.06502391, bound 27.66071
 * (eight printed digits). */
static void
agrees_with_confseq_on_one_side(void **state)
{
    (void)state;
    double g = 100 / (2 * log(1 / 0.1) + log(1 + 2 * log(1 / 0.1)));
    assert_close(
        upi_av_log_e_normal(1, ratio(g, 100), UP_GREATER), -0.06502391, 0, 6e-9);
    assert_close(
        upi_av_radius_normal(ratio(g, 100), 0.05, UP_GREATER) * 10, 27.66071, 0, 6e-6);
}

static void
e_value_p_value_and_radius_are_duals(void **state)
{
    (void)state;
    double alphas[] = {0.5, 0.1, 0.05, 0.01, 1e-4, 1e-9};
    double shares[] = {1e-9, 1e-4, 0.01, 0.12, 0.5, 0.9, 0.99};
    double freedom[] = {1, 2.5, 8, 30, 92, 1e4, 1e7, INFINITY};
    int64_t finite = 0;
    for (int a = 0; a < 6; a++) {
        for (int s = 0; s < 7; s++) {
            for (int f = 0; f < 8; f++) {
                for (int k = 0; k < 3; k++) {
                    double radius =
                        upi_av_radius_t(freedom[f], shares[s], alphas[a], all_sides[k]);
                    double edge = all_sides[k] == UP_LESS ? -radius : radius;
                    double log_e =
                        upi_av_log_e_t(edge, freedom[f], shares[s], all_sides[k]);
                    if (isinf(radius)) { /* no statistic is enough */
                        assert_true(log_e <= -log(alphas[a]) * (1 + 1e-12));
                        continue;
                    }
                    finite++;
                    /* near the largest E there is, a radius is ill-conditioned: there the
                     * next double up and down have to bracket the level */
                    double up = upi_av_log_e_t(
                        edge * (1 + 4e-15), freedom[f], shares[s], all_sides[k]);
                    double slack = 1e-12 + fabs(up - log_e);
                    assert_close(log_e, -log(alphas[a]), 0, slack);
                    assert_close(upi_av_p(log_e), alphas[a], slack, 0);
                }
            }
        }
    }
    assert_true(finite > 700);
}

static void
one_side_shrinks_the_radius_and_keeps_the_sign(void **state)
{
    (void)state;
    double freedom[] = {5, 40, INFINITY};
    for (int f = 0; f < 3; f++) {
        double two = upi_av_radius_t(freedom[f], 0.1, 0.05, UP_TWO_SIDED);
        double one = upi_av_radius_t(freedom[f], 0.1, 0.05, UP_GREATER);
        assert_true(one < two);
        /* the exact mixture lies within what a doubled level would give */
        assert_true(one > upi_av_radius_t(freedom[f], 0.1, 0.1, UP_TWO_SIDED) * 0.999);
        double before = -INFINITY;
        for (double t = -60; t <= 60; t += 0.25) {
            double greater = upi_av_log_e_t(t, freedom[f], 0.1, UP_GREATER);
            assert_true(greater > before);
            before = greater;
            assert_close(
                greater, upi_av_log_e_t(-t, freedom[f], 0.1, UP_LESS), 1e-14, 0);
        }
    }
}

/* The average of the two one-sided e-values is the two-sided one: half the mixture on each side. */
static void
two_sides_average_to_both(void **state)
{
    (void)state;
    double freedom[] = {4, 77, INFINITY};
    for (int f = 0; f < 3; f++) {
        for (double t = -8; t <= 8; t += 0.5) {
            double up = upi_av_log_e_t(t, freedom[f], 0.07, UP_GREATER);
            double down = upi_av_log_e_t(t, freedom[f], 0.07, UP_LESS);
            double both = upi_av_log_e_t(t, freedom[f], 0.07, UP_TWO_SIDED);
            assert_close(exp(up) / 2 + exp(down) / 2, exp(both), 1e-12, 0);
        }
    }
}

/* Under the null hypothesis an e-value has mean 1 (here: by summing over the null density). */
static void
mean_under_the_null_is_one(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        double step = 1.0 / 64;
        for (double z = -60; z <= 60; z += step) {
            sum += exp(upi_av_log_e_normal(z, 0.3, all_sides[k]) - z * z / 2) * step /
                   sqrt(2 * 3.14159265358979323846);
        }
        assert_close(sum, 1, 1e-12, 0);
    }
}

static void
f_of_one_coefficient_is_t_and_wald_its_limit(void **state)
{
    (void)state;
    for (double t = 0; t < 9; t += 0.75) {
        assert_close(upi_av_log_e_f(t * t, 1, 17, 0.2),
            upi_av_log_e_t(t, 17, 0.2, UP_TWO_SIDED), 1e-13, 1e-13);
        assert_close(upi_av_log_e_wald(t * t, 1, 0.2),
            upi_av_log_e_normal(t, 0.2, UP_TWO_SIDED), 1e-13, 1e-13);
        assert_close(upi_av_log_e_f(t, 3, INFINITY, 0.2),
            upi_av_log_e_wald(3 * t, 3, 0.2), 1e-14, 0);
    }
    for (double d = 1; d < 6; d++) {
        double edge = upi_av_region_wald(d, 0.11, 0.01);
        assert_close(upi_av_log_e_wald(edge, d, 0.11), -log(0.01), 1e-13, 0);
    }
}

static void
extremes_stay_finite_in_logarithms(void **state)
{
    (void)state;
    assert_true(isfinite(upi_av_log_e_t(1e200, 30, 0.1, UP_TWO_SIDED)));
    assert_close(
        upi_av_log_e_t(INFINITY, 30, 0.1, UP_TWO_SIDED), -15 * log(0.1), 1e-12, 0);
    assert_true(isfinite(upi_av_log_e_t(-1e200, 30, 0.1, UP_GREATER)));
    assert_true(isfinite(upi_av_log_e_normal(1e150, 0.1, UP_GREATER)));
    double far = upi_av_log_e_normal(-1e6, 0.1, UP_GREATER);
    /* Mills' ratio: E = sqrt(4 r) / (x sqrt(2 pi)) at x = 1e6 sqrt(1 - r) */
    assert_close(far,
        log(2 * sqrt(0.1) / (1e6 * sqrt(0.9) * sqrt(2 * 3.14159265358979))), 1e-11, 0);
    /* both sides of the switch to the series */
    double at = 35 / sqrt(0.9);
    assert_close(upi_av_log_e_normal(-at * (1 + 1e-14), 0.1, UP_GREATER),
        upi_av_log_e_normal(-at * (1 - 1e-14), 0.1, UP_GREATER), 1e-12, 0);
    assert_close(upi_av_p(800), exp(-800.0), 0, 0);
    assert_close(upi_av_p(-3), 1, 0, 0);
    /* no information yet (r = 1): E is 1 whatever the data, and the radius is without bound */
    assert_close(upi_av_log_e_normal(5, 1, UP_TWO_SIDED), 0, 0, 0);
    assert_close(upi_av_log_e_t(5, 9, 1, UP_GREATER), 0, 0, 1e-15);
    for (int k = 0; k < 3; k++) {
        assert_true(isinf(upi_av_radius_normal(1, 0.05, all_sides[k])));
        assert_true(isinf(upi_av_radius_t(4, 1, 0.05, all_sides[k])));
        assert_true(isinf(upi_av_radius_t(1, 0.3, 0.05, all_sides[k])));
    }
}

static void
the_tuned_mixture_is_the_best_at_its_plan(void **state)
{
    (void)state;
    double alphas[] = {0.2, 0.1, 0.05, 0.01, 1e-3};
    for (int a = 0; a < 5; a++) {
        for (int k = 0; k < 2; k++) {
            double g = upi_av_mixture(5000, alphas[a], all_sides[k]);
            double best = upi_av_radius_normal(ratio(g, 5000), alphas[a], all_sides[k]);
            for (double factor = 0.25; factor < 5; factor *= 1.1) {
                double other = upi_av_radius_normal(
                    ratio(g * factor, 5000), alphas[a], all_sides[k]);
                /* one-sided, the closed form is that of 2 alpha: within 0.2 % of the best */
                assert_true(best <= other * (k == 0 ? 1 + 1e-14 : 1.002));
            }
        }
    }
    assert_close(upi_av_mixture(1, 0.05, 0), 0.121773488698657, 1e-14, 0);
    assert_close(upi_av_mixture(1, 0.01, 0), 0.0850602606088632, 1e-14, 0);
    assert_close(upi_av_mixture(1, 0.05, UP_LESS), 0.150639795804354, 1e-14, 0);
    assert_close(
        upi_av_radius_normal(ratio(0.121773488698657, 1), 0.05, 0), 3.0351224, 0, 5e-8);
    assert_true(upi_av_mixture(1, 0.9, UP_GREATER) > 0);
}

static void
arguments_out_of_range_are_not_numbers(void **state)
{
    (void)state;
    double bad_r[] = {0, -1, 1.5, NAN};
    for (int i = 0; i < 4; i++) {
        assert_true(isnan(upi_av_log_e_t(1, 5, bad_r[i], 0)));
        assert_true(isnan(upi_av_log_e_f(1, 2, 5, bad_r[i])));
        assert_true(isnan(upi_av_log_e_normal(1, bad_r[i], 1)));
        assert_true(isnan(upi_av_log_e_wald(1, 2, bad_r[i])));
        assert_true(isnan(upi_av_radius_t(5, bad_r[i], 0.05, 1)));
        assert_true(isnan(upi_av_radius_normal(bad_r[i], 0.05, 0)));
        assert_true(isnan(upi_av_region_wald(2, bad_r[i], 0.05)));
    }
    double bad_alpha[] = {0, 1, -0.1, NAN};
    for (int i = 0; i < 4; i++) {
        assert_true(isnan(upi_av_radius_t(5, 0.1, bad_alpha[i], 0)));
        assert_true(isnan(upi_av_radius_normal(0.1, bad_alpha[i], 2)));
        assert_true(isnan(upi_av_region_wald(2, 0.1, bad_alpha[i])));
        assert_true(isnan(upi_av_mixture(100, bad_alpha[i], 0)));
    }
    assert_true(isnan(upi_av_log_e_t(NAN, 5, 0.1, 0)));
    assert_true(isnan(upi_av_log_e_t(1, 0, 0.1, 0)));
    assert_true(isnan(upi_av_log_e_f(-1, 2, 5, 0.1)));
    assert_true(isnan(upi_av_log_e_wald(-1, 2, 0.1)));
    assert_true(isnan(upi_av_p(NAN)));
    assert_true(isnan(upi_av_mixture(0, 0.05, 0)));
    assert_true(isnan(upi_av_mixture(INFINITY, 0.05, 0)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_integral_over_the_mixture),
        cmocka_unit_test(agrees_with_avlm),
        cmocka_unit_test(agrees_with_the_vendors),
        cmocka_unit_test(agrees_with_confseq_on_one_side),
        cmocka_unit_test(e_value_p_value_and_radius_are_duals),
        cmocka_unit_test(one_side_shrinks_the_radius_and_keeps_the_sign),
        cmocka_unit_test(two_sides_average_to_both),
        cmocka_unit_test(mean_under_the_null_is_one),
        cmocka_unit_test(f_of_one_coefficient_is_t_and_wald_its_limit),
        cmocka_unit_test(extremes_stay_finite_in_logarithms),
        cmocka_unit_test(the_tuned_mixture_is_the_best_at_its_plan),
        cmocka_unit_test(arguments_out_of_range_are_not_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
