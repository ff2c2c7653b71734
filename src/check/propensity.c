/* Propensities: do they leave enough rows to weight by, and are they what they claim to be?
 *
 * Overlap: Kish's effective number of rows of an arm, (sum w)^2 / sum w^2 with w = 1/e, as a
 * share of its rows. Agreement: if e is the probability of the assigned arm, then for every
 * arm a the sum over its rows of 1/e is n on average (Horvitz & Thompson 1952), and
 *
 *   z_a = sum_i (1{A_i = a}/e_i - 1) / sqrt(sum_i (1{A_i = a}/e_i - 1)^2)
 *
 * is standard normal; with clusters the square is taken of their sums. The usual mistake is a
 * column that holds the probability of treatment for every row: then 1 - e is tried for the
 * rows of control, and if that fits, the finding says so. */
#include "check/check.h"
#include "num/dist.h"

#include <math.h>
#include <string.h>

static bool
has_propensity(const up_model *m)
{
    return m->moments->experiment->roles[UPI_ROLE_PROPENSITY].expr != NULL;
}

static double
propensity(const up_moments *m, int64_t g)
{
    return m->keys[m->propensity].number[upi_moments_code(m, g, m->propensity)];
}

up_status
upi_check_overlap(
    const up_model *model, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    const up_moments *m = model->moments;
    upi_finding f = {"overlap", UPI_PASSED, INFINITY, UPI_EFFECTIVE_WARN, ""};
    if (!has_propensity(model)) {
        return upi_checks_skip(
            c, f.name, err, "no propensity role: every row weighs the same");
    }
    if (m->propensity < 0) {
        return upi_checks_skip(c, f.name, err,
            "propensities have too many values to be kept with the compressed rows");
    }
    double lowest = INFINITY;
    int64_t worst = 0;
    for (int64_t arm = 0; arm < a->n_arms; arm++) {
        double w = 0.0;
        double w2 = 0.0;
        for (int64_t g = 0; g < m->n_groups; g++) {
            if (upi_assigned(m, a, g) != arm) {
                continue;
            }
            double e = propensity(m, g);
            lowest = e < lowest ? e : lowest;
            w += (double)m->n[g] / e;
            w2 += (double)m->n[g] / (e * e);
        }
        if (w2 > 0.0 && w * w / w2 / a->rows[arm] < f.number) {
            f.number = w * w / w2 / a->rows[arm];
            worst = arm;
        }
    }
    if (f.number < UPI_EFFECTIVE_FAIL) {
        f.verdict = UPI_FAILED;
        f.threshold = UPI_EFFECTIVE_FAIL;
    } else if (f.number < UPI_EFFECTIVE_WARN || lowest < UPI_PROPENSITY_LOW) {
        f.verdict = UPI_WARNED;
    }
    f.code = f.verdict == UPI_PASSED ? "" : "W_OVERLAP";
    return upi_checks_put(c, &f, err,
        "the weights of '%s' are worth %.3g%% of its rows; the lowest propensity is "
        "%.3g",
        m->keys[a->key].label[worst], 100.0 * f.number, lowest);
}

/* How far an arm's inverse propensities are from adding up to n. */
typedef struct deviation {
    double ratio; /* sum over n, less 1 */
    double p;     /* two-sided */
} deviation;

static deviation
deviation_of(double sum, double squares, double n)
{
    deviation d = {(sum + n) / n - 1.0, NAN};
    if (squares > 0.0) {
        d.p = 2.0 * upi_normal_sf(fabs(sum) / sqrt(squares));
    } else if (sum == 0.0) {
        d.p = 1.0;
    }
    return d;
}

/* The deviation of one arm. flipped: rows of control hold the probability of treatment. */
static deviation
measure(const up_moments *m, const upi_arm_counts *a, int64_t arm, bool flipped)
{
    double sum = 0.0;
    double squares = 0.0;
    double cluster = 0.0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double e = propensity(m, g);
        double x = -1.0;
        if (upi_assigned(m, a, g) == arm) {
            x += 1.0 / (flipped ? 1.0 - e : e);
        }
        double n = (double)m->n[g];
        sum += n * x;
        if (m->ways == 0) {
            squares += n * x * x;
            continue;
        }
        if (!upi_same_cluster(m, g)) {
            squares += cluster * cluster;
            cluster = 0.0;
        }
        cluster += n * x;
    }
    return deviation_of(sum, squares + cluster * cluster, (double)m->n_rows);
}

/* Continuous propensities: only the sum of the weights is kept (the square of the first
 * element of the triangular factor). Its variance is bounded from below by Jensen's
 * inequality, so that only a gross deviation is reported. */
static deviation
measure_sums(const up_moments *m, const upi_arm_counts *a, int64_t arm)
{
    int64_t width = 1 + m->nx + m->ny;
    int64_t packed = width * (width + 1) / 2;
    double w = 0.0;
    double n = (double)m->n_rows;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (upi_assigned(m, a, g) == arm) {
            double r = m->tri[g * packed];
            w += r * r;
        }
    }
    double rows = a->rows[arm];
    double squares = rows > 0.0 ? w * w / rows - 2.0 * w + n : 0.0;
    deviation d = deviation_of(w - n, squares, n);
    d.p = fabs(d.ratio) > UPI_PROPENSITY_OFF ? d.p : 1.0;
    return d;
}

/* True when the column read as the probability of treatment (of the arm that is not
 * `control`) would fit. */
static bool
fits_flipped(const up_moments *m, const upi_arm_counts *a, int64_t control)
{
    if (a->n_arms != 2 || m->propensity < 0) {
        return false;
    }
    return measure(m, a, control, true).p >= UPI_CHANCE &&
           measure(m, a, 1 - control, false).p >= UPI_CHANCE;
}

static up_status
say(const up_moments *m, const upi_arm_counts *a, int64_t worst, deviation d,
    up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    upi_finding f = {"propensity", UPI_PASSED, d.p, UPI_CHANCE, ""};
    const char *hint = "";
    int64_t control = 0;
    if (d.p < UPI_CHANCE) {
        bool gross = fabs(d.ratio) > UPI_PROPENSITY_OFF && m->propensity >= 0;
        f.verdict = gross ? UPI_FAILED : UPI_WARNED;
        f.code = gross ? "E_PROPENSITY" : "W_PROPENSITY_SHARES";
        UP_TRY(upi_moments_control(m, a->key, &control, err));
        hint = fits_flipped(m, a, control)
                   ? "; the column fits the probability of treatment: give the "
                     "probability of "
                     "the arm a unit was assigned to, which is 1 minus it for control"
                   : "; give the probability, known by design, of the arm a unit was "
                     "assigned to";
    }
    UP_TRY(upi_checks_put(c, &f, err,
        "the inverse propensities of '%s' add up to %.4g%% of all rows (100%% "
        "expected), "
        "p = %.2g%s",
        m->keys[a->key].label[worst], 100.0 * (1.0 + d.ratio), d.p, hint));
out:
    return status;
}

up_status
upi_check_propensity(
    const up_model *model, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    const up_moments *m = model->moments;
    if (!has_propensity(model)) {
        return upi_checks_skip(c, "propensity", err, "no propensity role");
    }
    bool weighted = m->experiment->roles[UPI_ROLE_WEIGHT].expr != NULL;
    if (m->propensity < 0 && (weighted || !m->row_weighted || m->tri == NULL)) {
        return upi_checks_skip(c, "propensity", err,
            "propensities are not kept apart from the weights of the rows");
    }
    deviation worst = {0.0, INFINITY};
    int64_t arm = 0;
    for (int64_t i = 0; i < a->n_arms; i++) {
        deviation d =
            m->propensity >= 0 ? measure(m, a, i, false) : measure_sums(m, a, i);
        if (d.p < worst.p) {
            worst = d;
            arm = i;
        }
    }
    if (isinf(worst.p)) {
        return upi_checks_skip(
            c, "propensity", err, "the propensities leave no chance");
    }
    worst.p = fmin(1.0, worst.p * (double)a->n_arms);
    return say(m, a, arm, worst, c, err);
}
