/* False alarms when a statistic is looked at 1,000 times, by simulation without an effect: anytime-valid
 * bounds with robust standard errors (means with unequal variances, clusters, two-stage least squares,
 * ratio metrics, relative effects; two-sided, one-sided), group-sequential bounds, and, so that the
 * test can fail, the interval of a single look, which raises false alarms most of the time. Running
 * sums stand for the looks. Seeds are fixed. */
#include "num/rng.h"
#include "seq/anytime.h"
#include "seq/boundary.h"
#include "up_test.h"

#include <upshot/sequential.h>

#include <math.h>
#include <stdlib.h>

enum { LOOKS = 1000, FIRST = 200, STEP = 10, KINDS = 5 };
static const double ALPHA = 0.05;

typedef enum kind { MEANS, CLUSTERS, TWO_STAGE, RATIO, RELATIVE } kind;

static const char *const names[KINDS] = {
    "means", "clusters", "two-stage least squares", "ratio", "relative"};

/* Sums of one arm: of two variables, their squares and product. */
typedef struct sums {
    double n, a, b, aa, bb, ab;
} sums;

static const sums no_rows = {0, 0, 0, 0, 0, 0};

static int64_t
replicates(int64_t fallback)
{
    const char *text = getenv("UPSHOT_REPLICATES");
    return text != NULL ? strtoll(text, NULL, 10) : fallback;
}

static void
add(sums *s, double a, double b)
{
    s->n++;
    s->a += a;
    s->b += b;
    s->aa += a * a;
    s->bb += b * b;
    s->ab += a * b;
}

/* One unit of an arm; the arm has no effect on the quantity that is tested. */
static void
draw(kind k, int arm, upi_rng *r, sums *s)
{
    double x = upi_rng_normal(r);
    switch (k) {
    case CLUSTERS: { /* a: sum of the cluster, b: its size, which the mean depends on */
        double size = 1 + (double)upi_rng_poisson(r, 2);
        double shared = 0.5 * upi_rng_normal(r) + 0.2 * size;
        add(s, size * shared + sqrt(size) * x, size);
        break;
    }
    case TWO_STAGE: { /* b: treatment taken, more often where it is offered; it has no effect */
        double takes = x + upi_rng_normal(r) > (arm == 1 ? -0.3 : 0.7) ? 1 : 0;
        add(s, x + upi_rng_normal(r), takes);
        break;
    }
    case RATIO: { /* clicks over views; views differ by arm, the rate does not */
        double views = 1 + (double)upi_rng_poisson(r, arm == 1 ? 6 : 4);
        double rate = 0.3 * exp(0.3 * x - 0.045);
        add(s, (double)upi_rng_poisson(r, views * rate), views);
        break;
    }
    default:
        add(s, 5 + (arm == 1 ? 2 : 1) * x, 1);
    }
}

/* Mean square of a - slope b over the arm, about its mean. */
static double
spread(const sums *s, double slope)
{
    double mean = (s->a - slope * s->b) / s->n;
    double square = (s->aa - 2 * slope * s->ab + slope * slope * s->bb) / s->n;
    return square - mean * mean;
}

/* The estimate over its robust standard error, by the delta method. */
static double
statistic(kind k, const sums arm[2])
{
    double m[2] = {arm[0].a / arm[0].n, arm[1].a / arm[1].n};
    double d[2] = {arm[0].b / arm[0].n, arm[1].b / arm[1].n};
    double v[2];
    switch (k) {
    case CLUSTERS:
    case RATIO:
        for (int i = 0; i < 2; i++) {
            m[i] /= d[i];
            v[i] = spread(&arm[i], m[i]) / (arm[i].n * d[i] * d[i]);
        }
        return (m[1] - m[0]) / sqrt(v[0] + v[1]);
    case TWO_STAGE: {
        double late = (m[1] - m[0]) / (d[1] - d[0]);
        for (int i = 0; i < 2; i++) {
            v[i] = spread(&arm[i], late) / arm[i].n;
        }
        return late * fabs(d[1] - d[0]) / sqrt(v[0] + v[1]);
    }
    default:
        for (int i = 0; i < 2; i++) {
            v[i] = spread(&arm[i], 0) / arm[i].n;
        }
        if (k == RELATIVE) {
            double ratio = m[1] / m[0];
            return (ratio - 1) / sqrt((v[1] + ratio * ratio * v[0]) / (m[0] * m[0]));
        }
        return (m[1] - m[0]) / sqrt(v[0] + v[1]);
    }
}

typedef struct alarms {
    double two, greater, less, once;
} alarms;

static alarms
peek(kind k, int64_t runs)
{
    alarms share = {0, 0, 0, 0};
    static double radius[2][LOOKS];
    double planned = FIRST + STEP * LOOKS / 2.0;
    for (int sides = 0; sides < 2; sides++) {
        double g = upi_av_mixture(planned, ALPHA, sides);
        for (int look = 0; look < LOOKS; look++) {
            double n = FIRST + STEP * (double)look;
            radius[sides][look] = upi_av_radius_normal(g / (g + n), ALPHA, sides);
        }
    }
    for (int64_t run = 0; run < runs; run++) {
        upi_rng r = upi_rng_make(22112026, (uint64_t)k, (uint64_t)run, 0);
        sums arm[2] = {no_rows, no_rows};
        double high[2] = {-1, -1};
        double low = -1;
        double once = 0;
        int64_t n = 0;
        for (int look = 0; look < LOOKS; look++) {
            for (; n < FIRST + STEP * look; n++) {
                int a = (int)(n % 2);
                draw(k, a, &r, &arm[a]);
            }
            double z = statistic(k, arm);
            once = fmax(once, fabs(z));
            high[0] = fmax(high[0], fabs(z) - radius[0][look]);
            high[1] = fmax(high[1], z - radius[1][look]);
            low = fmax(low, -z - radius[1][look]);
        }
        share.two += (high[0] > 0 ? 1.0 : 0.0) / (double)runs;
        share.greater += (high[1] > 0 ? 1.0 : 0.0) / (double)runs;
        share.less += (low > 0 ? 1.0 : 0.0) / (double)runs;
        share.once += (once > 1.959963984540054 ? 1.0 : 0.0) / (double)runs;
    }
    return share;
}

static void
false_alarms_stay_below_alpha(void **state)
{
    (void)state;
    int64_t runs = replicates(1000);
    double most = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / (double)runs);
    for (int k = 0; k < KINDS; k++) {
        alarms a = peek((kind)k, runs);
        print_message("%-24s two-sided %.4f, greater %.4f, less %.4f, once %.4f\n",
            names[k], a.two, a.greater, a.less, a.once);
        assert_true(a.two <= most);
        assert_true(a.greater <= most);
        assert_true(a.less <= most);
        assert_true(a.once > 0.3); /* so the looks are many enough to fail */
    }
}

/* The exact t form from the third row on, with the mean of few normal rows. */
static void
exact_form_holds_from_the_start(void **state)
{
    (void)state;
    int64_t runs = 4 * replicates(1000);
    double hits = 0;
    double g = upi_av_mixture(100, ALPHA, UP_TWO_SIDED);
    for (int64_t run = 0; run < runs; run++) {
        upi_rng r = upi_rng_make(22112026, 77, (uint64_t)run, 0);
        sums s = {0};
        bool crossed = false;
        for (int n = 1; n <= LOOKS && !crossed; n++) {
            add(&s, upi_rng_normal(&r), 0);
            double t = s.a / sqrt((double)n * spread(&s, 0) * n / (n - 1));
            crossed = n > 2 && fabs(t) > upi_av_radius_t(n - 1, g / (g + n), ALPHA, 0);
        }
        hits += crossed ? 1.0 / (double)runs : 0;
    }
    print_message("exact t form %.4f\n", hits);
    assert_true(hits <= ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / (double)runs));
    assert_true(hits > 0.01);
}

/* Group-sequential bounds of every family are crossed as often as they say, with HC statistics. */
static void
group_sequential_bounds_spend_alpha(void **state)
{
    (void)state;
    enum { PLAN = 5, SIZE = 2000 };
    int64_t runs = 4 * replicates(1000);
    const double information[PLAN] = {0.2, 0.3, 0.55, 0.8, 1};
    for (int64_t spending = 0; spending < 4; spending++) {
        up_error err = UP_ERROR_INIT;
        double z[PLAN];
        upi_gs_plan plan = {spending, 0, false, PLAN, information};
        assert_ok(upi_gs_bounds(&plan, ALPHA, z, &err), &err);
        double hits = 0;
        double once = 0;
        for (int64_t run = 0; run < runs; run++) {
            upi_rng r =
                upi_rng_make(22112026, 90 + (uint64_t)spending, (uint64_t)run, 0);
            sums arm[2] = {no_rows, no_rows};
            bool crossed = false;
            bool naive = false;
            int64_t n = 0;
            for (int look = 0; look < PLAN; look++) {
                for (; n < (int64_t)(SIZE * information[look]); n++) {
                    draw(MEANS, (int)(n % 2), &r, &arm[n % 2]);
                }
                double size = fabs(statistic(MEANS, arm));
                crossed = crossed || size > z[look];
                naive = naive || size > 1.959963984540054;
            }
            hits += crossed ? 1.0 / (double)runs : 0;
            once += naive ? 1.0 / (double)runs : 0;
        }
        double sd = sqrt(ALPHA * (1 - ALPHA) / (double)runs);
        print_message("spending %d: %.4f, once %.4f\n", (int)spending, hits, once);
        assert_close(hits, ALPHA, 0, 4 * sd);
        assert_true(once > ALPHA + 5 * sd);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_alarms_stay_below_alpha),
        cmocka_unit_test(exact_form_holds_from_the_start),
        cmocka_unit_test(group_sequential_bounds_spend_alpha),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
