/* Are values missing as often in one arm as in another? If not, leaving rows out compares
 * different kinds of units.
 *
 * For each column the counts of missing values by arm are held against the rows of the arms
 * before any was left out: chi-square of independence, or (few of them) the exact binomial.
 * The smallest p-value is multiplied by the number of columns (Bonferroni). Rows by arm
 * before dropping are not kept; a row may lack several values, so that the rows left out of
 * arm a lie between the largest count and the sum of the counts, and are placed between the
 * two in the proportion that makes the arms add up. With one column the count is exact. */
#include "check/check.h"
#include "num/dist.h"

#include <math.h>

static const double EXPECTED_ENOUGH = 5.0; /* of Cochran (1954), for the chi-square */

/* Rows by level of the arm key (missing values are counted by it, not by the instrument). */
static void
rows_read(const up_moments *m, double *rows)
{
    double low_sum = 0.0;
    double high_sum = 0.0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        rows[upi_moments_code(m, g, m->arm)] += (double)m->n[g];
    }
    for (int pass = 0; pass < 2; pass++) {
        double left = (double)m->n_dropped - low_sum;
        double spread = high_sum - low_sum;
        for (int64_t a = 0; a < m->n_arms; a++) {
            double low = 0.0;
            double high = 0.0;
            for (int64_t k = 0; k < m->n_counted; k++) {
                double here = (double)m->missing[k * m->n_arms + a];
                low = here > low ? here : low;
                high += here;
            }
            if (pass == 0) {
                low_sum += low;
                high_sum += high;
            } else if (m->n_dropped > 0) {
                double part = spread > 0.0 ? left / spread : 0.0;
                part = part < 0.0 ? 0.0 : part > 1.0 ? 1.0 : part;
                rows[a] += low + part * (high - low);
            }
        }
    }
}

static double
p_value(
    const int64_t *missing, const double *rows, int64_t k, double *count, double *share)
{
    double total = 0.0;
    double n = 0.0;
    double smallest = INFINITY;
    for (int64_t a = 0; a < k; a++) {
        count[a] = (double)missing[a];
        share[a] = rows[a];
        total += count[a];
        n += rows[a];
    }
    double x2 = 0.0;
    double df = 0.0;
    double p = upi_srm_test(k, count, share, &x2, &df);
    for (int64_t a = 0; a < k; a++) {
        double expected = rows[a] * (total < n - total ? total : n - total) / n;
        smallest = rows[a] > 0.0 && expected < smallest ? expected : smallest;
    }
    if (smallest >= EXPECTED_ENOUGH && df > 0.0) {
        return upi_chisq_sf(x2 / (1.0 - total / n), df);
    }
    return p;
}

static up_status
say(const up_moments *m, int64_t worst, double p, const double *rows, up_checks *c,
    up_error *err)
{
    upi_finding f = {"missing by arm", UPI_PASSED, p, UPI_CHANCE, ""};
    const int64_t *missing = m->missing + worst * m->n_arms;
    double least = INFINITY;
    double most = -INFINITY;
    int64_t low = 0;
    int64_t high = 0;
    for (int64_t a = 0; a < m->n_arms; a++) {
        double rate =
            100.0 * (double)missing[a] / rows[a]; /* NaN: an arm without rows */
        if (rate < least) {
            least = rate;
            low = a;
        }
        if (rate > most) {
            most = rate;
            high = a;
        }
    }
    if (p < UPI_CHANCE) {
        f.verdict = UPI_WARNED;
        f.code = "W_MISSING_BY_ARM";
    }
    const upi_key *key = &m->keys[m->arm];
    return upi_checks_put(c, &f, err,
        "'%s' is missing in %.3g%% of '%s' and %.3g%% of '%s' (p = %.2g for the worst "
        "of "
        "%lld column%s%s)",
        m->counted_name[worst], least, key->label[low], most, key->label[high], p,
        (long long)m->n_counted, m->n_counted == 1 ? "" : "s",
        m->ways > 0 ? "; rows taken as independent" : "");
}

up_status
upi_check_missing(
    const up_model *model, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    (void)a;
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    double *work = NULL;
    double best = INFINITY;
    int64_t worst = -1;
    UP_TRY(UP_NEW(&work, 3 * m->n_arms, err));
    rows_read(m, work);
    for (int64_t k = 0; k < m->n_counted; k++) {
        double p = p_value(m->missing + k * m->n_arms, work, m->n_arms,
            work + m->n_arms, work + 2 * m->n_arms);
        if (p < best) { /* NaN: nothing is missing */
            best = p;
            worst = k;
        }
    }
    if (worst < 0) {
        upi_finding f = {"missing by arm", UPI_PASSED, NAN, UPI_CHANCE, ""};
        UP_TRY(upi_checks_put(c, &f, err, "no value is missing"));
        goto out;
    }
    best *= (double)m->n_counted;
    UP_TRY(say(m, worst, best < 1.0 ? best : 1.0, work, c, err));
out:
    upi_free(work);
    return status;
}
