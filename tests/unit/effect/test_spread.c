/* The units behind averages: equal clusters are counted once, weights and sums stay whole,
 * two ways of clustering give three lists. */
#include "fixture.h"

static upi_population *
population_of(const fixture *f, const bool *use)
{
    up_error err = UP_ERROR_INIT;
    upi_population *p = NULL;
    assert_ok(upi_population_build(f->model, use, &p, &err), &err);
    assert_ok(upi_spread_build(p, &err), &err);
    return p;
}

/* Sums over units of count and count * u, and of squares: the same however they are kept. */
typedef struct totals {
    double units, rows, squares;
} totals;

static totals
totals_of(const upi_spread *s, int64_t width)
{
    totals t = {0, 0, 0};
    for (int64_t i = 0; i < s->n_units; i++) {
        double sum = 0;
        for (int64_t k = s->start[i]; k < s->start[i + 1]; k++) {
            sum += s->u[k * width];
        }
        t.units += s->count[i];
        t.rows += s->count[i] * sum;
        t.squares += s->count[i] * sum * sum;
    }
    return t;
}

static void
test_rows(void **state)
{
    (void)state;
    csv_spec spec = ab_spec();
    fixture f = fixture_new(&spec, NULL);
    bool use[4] = {false, true, false, false};
    upi_population *p = population_of(&f, use);
    assert_int_equal(p->n, 3);
    assert_int_equal(p->n_ways, 1);
    assert_true(p->spread[0].plain);
    assert_close(totals_of(&p->spread[0], 1).units, 600, 0, 0);
    upi_population_free(p);
    bool none[4] = {false, false, false, false};
    p = population_of(&f, none);
    assert_int_equal(p->n, 1);
    upi_population_free(p);
    fixture_free(&f);
}

/* time.csv: 90 units of at most four periods and two devices: few kinds of units. */
static void
test_clusters(void **state)
{
    (void)state;
    csv_spec spec = time_spec();
    fixture f = fixture_new(&spec, NULL);
    bool use[3] = {false, true, true};
    upi_population *p = population_of(&f, use);
    assert_int_equal(p->n, 8);
    const upi_spread *s = &p->spread[0];
    totals t = totals_of(s, 1);
    assert_close(t.units, 90, 0, 0);
    assert_close(t.rows, 335, 0, 0);
    assert_true(s->n_units < 30);
    upi_population_free(p);
    fixture_free(&f);
}

/* Sites of six units: way 2 holds 15 sites, the intersection the 90 units again. */
static void
test_two_ways(void **state)
{
    (void)state;
    csv_spec spec = time_spec();
    spec.cluster2 = "site";
    fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR1S));
    bool use[3] = {false, true, true};
    upi_population *p = population_of(&f, use);
    assert_int_equal(p->n_ways, 3);
    assert_close(totals_of(&p->spread[0], 1).units, 90, 0, 0);
    assert_close(totals_of(&p->spread[1], 1).units, 15, 0, 0);
    assert_close(totals_of(&p->spread[2], 1).units, 90, 0, 0);
    assert_close(totals_of(&p->spread[1], 1).rows, 335, 0, 0);
    assert_close(p->spread[2].sign, -1, 0, 0);
    upi_population_free(p);
    /* Units lie in one site each, so that clustering by both is clustering by site. */
    up_effects *two = effects_of(f.model, NULL);
    csv_spec by_site = time_spec();
    by_site.cluster = "site";
    fixture g = fixture_new(&by_site, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR1S));
    up_effects *one = effects_of(g.model, NULL);
    up_effects *plain =
        effects_of(g.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    up_effects *both =
        effects_of(f.model, UP_EFFECT_OPTS(.population = UP_POPULATION_SAMPLE));
    double extra[2];
    for (int i = 0; i < 2; i++) {
        double with = up_effects_get(i == 0 ? one : two, 0).std_error;
        double without = up_effects_get(i == 0 ? plain : both, 0).std_error;
        extra[i] = with * with - without * without;
    }
    assert_close(extra[1], extra[0], 1e-9, 0);
    up_effects_free(one);
    up_effects_free(two);
    up_effects_free(plain);
    up_effects_free(both);
    fixture_free(&f);
    fixture_free(&g);
}

/* Gram records by cluster with a continuous covariate against the same number as a key. */
static void
test_continuous(void **state)
{
    (void)state;
    static const csv_key number[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"u", UPI_KEY_COVARIATE, false}, {0}};
    static const csv_key few[] = {
        {"arm", UPI_KEY_ARM, false}, {"device", UPI_KEY_COVARIATE, true}, {0}};
    static const char *const x[] = {"u", NULL};
    double se[2];
    double base[2];
    for (int way = 0; way < 2; way++) {
        csv_spec spec = ab_spec();
        spec.keys = way == 0 ? number : few;
        spec.x = way == 0 ? NULL : x;
        spec.form = way == 0 ? UPI_MEAN : UPI_GRAM;
        spec.cluster = "views";
        fixture f = fixture_new(&spec, UP_LINEAR_OPTS(.vcov = UP_VCOV_CR1S));
        up_effects *e = effects_of(f.model, UP_EFFECT_OPTS(.by = "device"));
        se[way] = up_effects_get(e, 1).std_error;
        base[way] = up_effects_get(e, 1).baseline_std_error;
        up_effects_free(e);
        fixture_free(&f);
    }
    assert_close(se[1], se[0], 1e-9, 0);
    assert_close(base[1], base[0], 1e-9, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_two_ways),
        cmocka_unit_test(test_continuous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
