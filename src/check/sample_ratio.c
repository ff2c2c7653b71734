/* Do the arms have the sizes they were meant to have?
 *
 * What is counted is what was assigned: clusters when every cluster is in one arm, else rows.
 * When clusters reach over arms, rows of a cluster come and go together; then the counts are
 * compared by a Wald test with a variance summed over clusters,
 *
 *   U_k = sum_c (n_ck - n_c share_k),   W = U' (sum_c u_c u_c')^-1 U ~ chi-square(arms - 1).
 *
 * The shares are the expected split; without one, the propensities where they say it (one
 * value per arm; or two arms, where the other arm has what is left), else equal shares. */
#include "check/check.h"
#include "num/dist.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

typedef enum basis { BASIS_EQUAL, BASIS_SPLIT, BASIS_PROPENSITY } basis;

typedef struct plan {
    basis from;
    double
        *share; /* (n): the arms, then those of the split that the data do not have */
    double *count; /* (n) */
    int64_t n;
} plan;

static void
use_split(const up_moments *m, const upi_arm_counts *a, plan *p)
{
    const up_experiment *e = m->experiment;
    p->from = BASIS_SPLIT;
    for (int64_t i = 0; i < e->n_split; i++) {
        int64_t level = upi_key_level(&m->keys[a->key], e->split_labels[i]);
        if (level >= 0) {
            p->share[level] = e->split_shares[i];
        } else {
            p->share[p->n++] = e->split_shares[i];
        }
    }
}

/* True when every arm has one propensity and these add up to 1: they are the shares. */
static bool
use_propensities(const up_moments *m, const upi_arm_counts *a, plan *p)
{
    double sum = 0.0;
    for (int64_t i = 0; i < a->n_arms; i++) {
        p->share[i] = 0.0;
    }
    for (int64_t g = 0; g < m->n_groups; g++) {
        double e = m->keys[m->propensity].number[upi_moments_code(m, g, m->propensity)];
        double *share = &p->share[upi_assigned(m, a, g)];
        if (*share != 0.0 && *share != e) {
            return false;
        }
        *share = e;
    }
    for (int64_t i = 0; i < a->n_arms; i++) {
        sum += p->share[i];
    }
    p->from = BASIS_PROPENSITY;
    return fabs(sum - 1.0) < 1e-6;
}

/* Two arms, propensities that vary: the rows of arm 1 are a sum of independent draws with
 * known probabilities, so z = (n_1 - sum P) / sqrt(sum P (1-P)). Clusters: the variance is
 * summed over them. Returns the p-value. */
static double
two_arm_draws(const up_moments *m, const upi_arm_counts *a)
{
    double off = 0.0;
    double variance = 0.0;
    double cluster = 0.0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double e = m->keys[m->propensity].number[upi_moments_code(m, g, m->propensity)];
        double n = (double)m->n[g];
        double here = upi_assigned(m, a, g) == 1 ? n * (1.0 - e) : -n * (1.0 - e);
        off += here;
        if (m->ways == 0) {
            variance += n * e * (1.0 - e);
            continue;
        }
        if (!upi_same_cluster(m, g)) {
            variance += cluster * cluster;
            cluster = 0.0;
        }
        cluster += here;
    }
    variance += cluster * cluster;
    if (variance == 0.0) {
        return NAN;
    }
    return 2.0 * upi_normal_sf(fabs(off) / sqrt(variance));
}

static void
end_cluster(int64_t k, double *u, double *sum, double *v)
{
    for (int64_t j = 0; j < k; j++) {
        sum[j] += u[j];
        for (int64_t i = 0; i < k; i++) {
            v[i + j * k] += u[i] * u[j];
        }
    }
    memset(u, 0, (size_t)k * sizeof *u);
}

/* The Wald test over clusters that reach over arms, of the arms but the last with a share. The
 * rank of V is at most the number of clusters: there have to be more of them than terms, which
 * is counted, as rounding can hide that a matrix is singular. */
static up_status
wald_over_clusters(const up_moments *m, const upi_arm_counts *a, const plan *p,
    double *out, up_error *err)
{
    up_status status = UP_OK;
    double *work = NULL;
    int64_t k = 0;
    int64_t clusters = 0;
    int64_t *place = NULL;
    UP_TRY(UP_NEW(&place, a->n_arms, err));
    for (int64_t i = 0; i < a->n_arms; i++) {
        place[i] = p->share[i] > 0.0 ? k++ : -1;
    }
    k = k > 0 ? k - 1 : 0; /* the last one is what is left */
    UP_TRY(UP_NEW(&work, 3 * k + k * k + 1, err));
    double *u = work;
    double *sum = work + k;
    double *x = work + 2 * k;
    double *v = work + 3 * k;
    for (int64_t g = 0; g < m->n_groups; g++) {
        if (!upi_same_cluster(m, g)) {
            end_cluster(k, u, sum, v);
            clusters++;
        }
        int64_t mine = place[upi_assigned(m, a, g)];
        for (int64_t i = 0; i < a->n_arms; i++) {
            int64_t j = place[i];
            if (j >= 0 && j < k) {
                u[j] += (double)m->n[g] * ((mine == j ? 1.0 : 0.0) - p->share[i]);
            }
        }
    }
    end_cluster(k, u, sum, v);
    memcpy(x, sum, (size_t)k * sizeof *x);
    *out = NAN;
    if (k > 0 && clusters > k) {
        up_error local = UP_ERROR_INIT;
        up_status solved = upi_solve(k, 1, v, k, x, k, &local);
        if (solved == UP_E_NO_MEMORY) {
            status = upi_fail(err, solved, NULL, "%s", local.message);
            goto out;
        }
        if (solved == UP_OK) { /* else: too few clusters to tell */
            *out = upi_chisq_sf(upi_dot(k, x, sum), (double)k);
        }
    }
out:
    upi_free(place);
    upi_free(work);
    return status;
}

static void
add_arms(const upi_key *key, const plan *p, upi_text *t)
{
    double n = 0.0;
    double shares = 0.0;
    for (int64_t i = 0; i < p->n; i++) {
        n += p->count[i];
        shares += p->share[i];
    }
    for (int64_t i = 0; i < key->n_levels && i < 6; i++) {
        upi_text_addf(t, "%s'%s' %.0f of %.5g", i > 0 ? ", " : "", key->label[i],
            p->count[i], n * p->share[i] / shares);
    }
    if (key->n_levels > 6) {
        upi_text_add(t, ", ...");
    }
}

static up_status
say(const up_moments *m, const upi_arm_counts *a, const plan *plan_used, double p,
    up_checks *c, up_error *err)
{
    static const char *const against[] = {
        "equal shares", "the expected split", "the propensities"};
    up_status status = UP_OK;
    upi_text t = {0};
    upi_finding f = {"sample ratio", UPI_PASSED, p, UPI_SRM_FAIL, ""};
    if (p < UPI_SRM_FAIL) {
        f.verdict = UPI_FAILED;
        f.code = "E_SRM";
    } else if (p < UPI_SRM_WARN) {
        f.verdict = UPI_WARNED;
        f.threshold = UPI_SRM_WARN;
        f.code = "W_SRM";
    }
    add_arms(&m->keys[a->key], plan_used, &t);
    UP_TRY(upi_checks_put(c, &f, err, "%s against %s: %s expected, p = %.3g%s",
        m->ways > 0 && a->nested ? "clusters" : "rows", against[plan_used->from],
        t.s == NULL ? "" : t.s, p,
        f.verdict == UPI_FAILED
            ? "; rows were lost or assigned in another way than planned"
            : ""));
out:
    upi_text_free(&t);
    return status;
}

static bool
has_propensity(const up_moments *m)
{
    return m->experiment->roles[UPI_ROLE_PROPENSITY].expr != NULL;
}

static up_status
make_plan(
    const up_moments *m, const upi_arm_counts *a, plan *p, bool *known, up_error *err)
{
    up_status status = UP_OK;
    int64_t room = a->n_arms + m->experiment->n_split;
    const double *count = m->ways > 0 && a->nested ? a->clusters[0] : a->rows;
    UP_TRY(UP_NEW(&p->share, room, err));
    UP_TRY(UP_NEW(&p->count, room, err));
    p->n = a->n_arms;
    for (int64_t i = 0; i < a->n_arms; i++) {
        p->count[i] = count[i];
    }
    *known = true;
    if (m->experiment->n_split > 0) {
        use_split(m, a, p);
    } else if (has_propensity(m)) {
        *known = m->propensity >= 0 && use_propensities(m, a, p);
    } else {
        for (int64_t i = 0; i < a->n_arms; i++) {
            p->share[i] = 1.0 / (double)a->n_arms;
        }
    }
out:
    return status;
}

/* Without known shares: by draws for two arms, else the propensity check has to do. */
static up_status
by_draws(const up_moments *m, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    upi_finding f = {"sample ratio", UPI_PASSED, NAN, UPI_SRM_FAIL, ""};
    if (m->propensity < 0 || a->n_arms != 2) {
        return upi_checks_skip(c, f.name, err,
            "propensities vary and no expected split is given: see the check of the "
            "propensities");
    }
    f.number = two_arm_draws(m, a);
    if (f.number < UPI_SRM_FAIL) {
        f.verdict = UPI_FAILED;
        f.code = "E_SRM";
    } else if (f.number < UPI_SRM_WARN) {
        f.verdict = UPI_WARNED;
        f.threshold = UPI_SRM_WARN;
        f.code = "W_SRM";
    }
    return upi_checks_put(c, &f, err,
        "rows of the two arms against the sum of their propensities: p = %.3g",
        f.number);
}

up_status
upi_check_sample_ratio(
    const up_model *model, const upi_arm_counts *a, up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    plan p = {0};
    bool known = false;
    UP_TRY(make_plan(m, a, &p, &known, err));
    if (!known) {
        UP_TRY(by_draws(m, a, c, err));
        goto out;
    }
    double value = upi_srm_test(p.n, p.count, p.share, NULL, NULL);
    if (m->ways > 0 && !a->nested && value > 0.0) {
        UP_TRY(wald_over_clusters(m, a, &p, &value, err));
    }
    UP_TRY(say(m, a, &p, value, c, err));
out:
    upi_free(p.share);
    upi_free(p.count);
    return status;
}
