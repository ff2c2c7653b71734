/* How often a covariate that treatment does not touch is called affected, and how often one that it does:
 * rows, clusters, heavy tails and propensities that follow the covariate. The alarm is at 1e-6, far
 * out of reach of replicates; so the p-values themselves are held against their levels. */
#include "check/audit.h"
#include "num/rng.h"
#include "up_test.h"

#include <upshot/audit.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1200, CLUSTERS = 120 };

typedef struct data {
    const char *arm[ROWS];
    int64_t user[ROWS], store[ROWS];
    double before[ROWS], propensity[ROWS];
} data;

typedef enum world { PLAIN, CLUSTERED, HEAVY, ADAPTIVE, AFFECTED } world;

static int64_t
replicates(void)
{
    const char *text = getenv("UPSHOT_REPLICATES");
    return text != NULL ? strtoll(text, NULL, 10) : 2000;
}

static void
draw(data *d, world w, int64_t replicate)
{
    upi_rng r = upi_rng_make(20, 7, (uint64_t)replicate, (uint64_t)w);
    double level[CLUSTERS];
    bool arm[CLUSTERS];
    for (int k = 0; k < CLUSTERS; k++) {
        level[k] = upi_rng_normal(&r);
        arm[k] = upi_rng_uniform(&r) < 0.5;
    }
    for (int64_t i = 0; i < ROWS; i++) {
        double z = upi_rng_normal(&r);
        double u = upi_rng_uniform(&r);
        d->user[i] = i + 1;
        d->store[i] = i % CLUSTERS;
        d->before[i] = w == HEAVY       ? z / (0.01 + upi_rng_uniform(&r))
                       : w == CLUSTERED ? level[i % CLUSTERS] + z
                                        : z;
        double p = w == ADAPTIVE ? (d->before[i] > 0 ? 0.8 : 0.3) : 0.5;
        bool treated = w == CLUSTERED ? arm[i % CLUSTERS] : u < p;
        d->before[i] += w == AFFECTED && treated ? 0.5 : 0;
        d->propensity[i] = treated ? p : 1 - p;
        d->arm[i] = treated ? "variant" : "control";
    }
}

/* The p-value of the covariate, as the reason of its proposal tells it. */
static double
p_value(const data *d, world w, bool *alarm)
{
    const up_column columns[] = {{.name = "user_id", .i64 = d->user},
        {.name = "arm", .text = d->arm}, {.name = "spend_before", .f64 = d->before},
        {.name = w == CLUSTERED ? "store" : "mood", .i64 = d->store},
        {.name = "propensity", .f64 = d->propensity}};
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    up_description *description = NULL;
    up_audit *a = NULL;
    double p = NAN;
    int n = w == ADAPTIVE ? 5 : 4;
    assert_ok(up_source_from_columns_borrow(columns, n, ROWS, &s, &err), &err);
    assert_ok(up_source_describe(s, UP_RUN(.threads = 1), &description, &err), &err);
    assert_ok(
        up_source_audit(s, description, NULL, UP_RUN(.threads = 1), &a, &err), &err);
    for (int64_t i = 0; i < up_audit_count(a); i++) {
        up_proposal v = up_audit_get(a, i);
        const char *at = strstr(v.reason, "(p = ");
        if (strcmp(v.column, "spend_before") == 0 && at != NULL) {
            p = strtod(at + 5, NULL);
        }
    }
    *alarm = false;
    for (int64_t i = 0; i < up_audit_notes(a); i++) {
        *alarm = *alarm || up_audit_note(a, i).code == UP_W_AFFECTED;
    }
    up_audit_free(a);
    up_description_free(description);
    up_source_free(s);
    assert_true(p >= 0 && p <= 1);
    return p;
}

static void
run_world(world w, double *below_5, double *below_1, double *alarms)
{
    data *d = malloc(sizeof *d);
    int64_t n = replicates();
    assert_non_null(d);
    *below_5 = *below_1 = *alarms = 0;
    for (int64_t i = 0; i < n; i++) {
        bool alarm = false;
        draw(d, w, i);
        double p = p_value(d, w, &alarm);
        *below_5 += (p < 0.05) / (double)n;
        *below_1 += (p < 0.01) / (double)n;
        *alarms += alarm / (double)n;
    }
    free(d);
}

/* No more false alarms than the level says, but for 3.5 binomial standard errors; and where values are not
 * heavy-tailed no fewer than half of it, so that the test is one. */
static void
false_alarms(void **state)
{
    (void)state;
    static const world worlds[] = {PLAIN, CLUSTERED, HEAVY, ADAPTIVE};
    double n = (double)replicates();
    for (size_t k = 0; k < sizeof worlds / sizeof worlds[0]; k++) {
        double five = 0;
        double one = 0;
        double alarms = 0;
        run_world(worlds[k], &five, &one, &alarms);
        print_message(
            "world %d: %.4f below 0.05, %.4f below 0.01\n", worlds[k], five, one);
        assert_true(five < 0.05 + 3.5 * sqrt(0.05 * 0.95 / n));
        assert_true(one < 0.01 + 3.5 * sqrt(0.01 * 0.99 / n));
        assert_true(five > 0.025 - 3.5 * sqrt(0.05 * 0.95 / n));
        assert_true(alarms == 0);
    }
}

/* Half a standard deviation in 1,200 rows is seen. */
static void
power(void **state)
{
    (void)state;
    double five = 0;
    double one = 0;
    double alarms = 0;
    run_world(AFFECTED, &five, &one, &alarms);
    print_message("affected: %.4f alarms\n", alarms);
    assert_true(one > 0.99);
    assert_true(alarms > 0.95);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_alarms),
        cmocka_unit_test(power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
