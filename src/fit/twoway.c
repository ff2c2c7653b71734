/* Two ways of clustering: V = V1 + V2 - V12 (Cameron, Gelbach & Miller 2011), every part with the
 * G/(G-1) of its own number of clusters, as R's sandwich does. The difference need not be a
 * covariance: eigenvalues below 0 are then set to 0. This is done on the meat in orthonormal
 * coordinates, so that the units of covariates do not matter, and for each equation alone, so
 * that a metric's standard error does not depend on which other metrics are asked for. What two
 * equations share is reduced to what their variances allow, pair by pair. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* Relative to the largest eigenvalue: what counts as negative, and as none at all; and how far
 * above 1 a squared singular value counts. */
static const double negative = 1e-10;
static const double null_space = 1e-10;
static const double clearly_above = 1e-8;

/* The square root of a block with its negative eigenvalues set to 0, and that root's
 * pseudo-inverse; bad: there were some. */
typedef struct root {
    double *root, *inverse;
    bool bad;
} root;

static void
roots_free(root *r, int64_t n)
{
    for (int64_t e = 0; e < n && r != NULL; e++) {
        upi_free(r[e].root);
        upi_free(r[e].inverse);
    }
    upi_free(r);
}

/* out (p,p) = V diag(f) V' */
static up_status
compose(int64_t p, const double *v, const double *f, double *out, up_error *err)
{
    up_status status = UP_OK;
    double *scaled = NULL;
    UP_TRY(UP_NEW(&scaled, p * p, err));
    for (int64_t i = 0; i < p * p; i++) {
        scaled[i] = v[i] * f[i / p];
    }
    upi_gemm('N', 'T', p, p, p, 1, scaled, p, v, p, 0, out, p);
    upi_symmetrize(p, out, p);
out:
    upi_free(scaled);
    return status;
}

/* Floors one equation's own block in place. It knows of no other equation, so that the
 * standard error of a metric does not depend on what else is asked for. */
static up_status
floor_block(int64_t p, double *block, root *r, up_error *err)
{
    up_status status = UP_OK;
    double *v = NULL;
    double *values = NULL;
    double *f = NULL;
    UP_TRY(UP_NEW(&v, p * p, err));
    UP_TRY(UP_NEW(&values, p, err));
    UP_TRY(UP_NEW(&f, p, err));
    UP_TRY(UP_NEW(&r->root, p * p, err));
    UP_TRY(UP_NEW(&r->inverse, p * p, err));
    memcpy(v, block, (size_t)(p * p) * sizeof *v);
    upi_symmetrize(p, v, p);
    UP_TRY(upi_eigen_sym(p, v, p, values, err));
    double most = fmax(fabs(values[0]), fabs(values[p - 1]));
    r->bad = values[0] < -negative * most;
    for (int64_t j = 0; j < p; j++) {
        f[j] = fmax(values[j], 0);
    }
    UP_TRY(r->bad ? compose(p, v, f, block, err) : UP_OK);
    for (int64_t j = 0; j < p; j++) {
        f[j] = sqrt(f[j]);
    }
    UP_TRY(compose(p, v, f, r->root, err));
    for (int64_t j = 0; j < p; j++) {
        f[j] = values[j] > null_space * most ? 1 / f[j] : 0;
    }
    UP_TRY(compose(p, v, f, r->inverse, err));
out:
    upi_free(v);
    upi_free(values);
    upi_free(f);
    return status;
}

/* Factors that bring the squared singular values down to 1. True where one was above. */
static bool
clip(int64_t p, double *values)
{
    bool above = false;
    for (int64_t j = 0; j < p; j++) {
        above = above || values[j] > 1 + clearly_above;
        values[j] = values[j] > 1 ? 1 / sqrt(values[j]) : 1;
    }
    return above;
}

/* A pair of equations: [Va C; C' Vb] is a covariance exactly when C = Va^1/2 K Vb^1/2 with no
 * singular value of K above 1. Those above become 1, which again concerns this pair alone. */
static up_status
contract_pair(const root *a, int64_t pa, const root *b, int64_t pb, double *block,
    bool *changed, up_error *err)
{
    up_status status = UP_OK;
    double *k = NULL;
    double *work = NULL;
    double *u = NULL;
    double *values = NULL;
    double *factor = NULL;
    UP_TRY(UP_NEW(&k, pa * pb, err));
    UP_TRY(UP_NEW(&work, pa * pb, err));
    UP_TRY(UP_NEW(&u, pa * pa, err));
    UP_TRY(UP_NEW(&factor, pa * pa, err));
    UP_TRY(UP_NEW(&values, pa, err));
    upi_gemm('N', 'N', pa, pb, pa, 1, a->inverse, pa, block, pa, 0, work, pa);
    upi_gemm('N', 'N', pa, pb, pb, 1, work, pa, b->inverse, pb, 0, k, pa);
    upi_gemm('N', 'T', pa, pa, pb, 1, k, pa, k, pa, 0, u, pa);
    upi_symmetrize(pa, u, pa);
    UP_TRY(upi_eigen_sym(pa, u, pa, values, err));
    *changed = clip(pa, values);
    if (*changed || a->bad || b->bad) {
        UP_TRY(compose(pa, u, values, factor, err));
        upi_gemm('N', 'N', pa, pb, pa, 1, factor, pa, k, pa, 0, work, pa);
        upi_gemm('N', 'N', pa, pb, pa, 1, a->root, pa, work, pa, 0, k, pa);
        upi_gemm('N', 'N', pa, pb, pb, 1, k, pa, b->root, pb, 0, block, pa);
    }
out:
    upi_free(k);
    upi_free(work);
    upi_free(u);
    upi_free(values);
    upi_free(factor);
    return status;
}

/* The outcome's name; a first stage goes by the treatment it explains. */
static const char *
name_of(const up_model *m, int64_t e)
{
    int64_t c = upi_equation_outcome(m, e);
    return c >= 0 ? m->moments->experiment->components[c].name
                  : m->moments->keys[m->treat_key].name;
}

/* Numerator and denominator of a metric; what else a pair is used for names both. */
static bool
one_metric(const up_model *m, int64_t a, int64_t b)
{
    const up_experiment *e = m->moments->experiment;
    int64_t ca = upi_equation_outcome(m, a);
    int64_t cb = upi_equation_outcome(m, b);
    for (int64_t i = 0; i < e->n_metrics; i++) {
        int64_t over = e->metrics[i].denominator;
        int64_t own = e->metrics[i].component;
        if ((own == ca && over == cb) || (own == cb && over == ca)) {
            return true;
        }
    }
    return false;
}

/* The outcome of a reduced form is that of the equation that was noted before it. */
static up_status
note_floored(up_model *m, const root *r, int64_t e, up_error *err)
{
    int64_t ny = m->moments->ny;
    bool twice = e >= ny && upi_equation_outcome(m, e) >= 0 && r[e - ny].bad;
    if (!r[e].bad || twice) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_N_APPROXIMATE, name_of(m, e), (double)NAN,
        (double)NAN, err,
        "'%s': the two-way clustered covariance was not positive semi-definite; its "
        "negative eigenvalues were set to 0",
        name_of(m, e));
}

static up_status
floor_equations(up_model *m, upi_meat *meat, root *r, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t e = 0; e < m->n_equations; e++) {
        int64_t p = upi_model_basis(m, e)->p;
        UP_TRY(floor_block(p, meat->block[upi_packed(e, e)], &r[e], err));
        UP_TRY(note_floored(m, r, e, err));
    }
out:
    return status;
}

static up_status
note_contracted(up_model *m, int64_t a, int64_t b, up_error *err)
{
    if (b >= m->moments->ny || !one_metric(m, a, b)) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_N_APPROXIMATE, name_of(m, a), (double)NAN,
        (double)NAN, err,
        "the two-way clustered covariance of '%s' with '%s' was larger than their "
        "variances allow; it was reduced",
        name_of(m, a), name_of(m, b));
}

static up_status
contract_pairs(up_model *m, upi_meat *meat, const root *r, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        if (a == b) {
            continue;
        }
        int64_t pa = upi_model_basis(m, a)->p;
        int64_t pb = upi_model_basis(m, b)->p;
        double *block = meat->block[upi_packed(a, b)];
        bool changed = false;
        UP_TRY(contract_pair(&r[a], pa, &r[b], pb, block, &changed, err));
        UP_TRY(changed ? note_contracted(m, a, b, err) : UP_OK);
    }
out:
    return status;
}

static up_status
make_covariance(up_model *m, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    root *r = NULL;
    UP_TRY(UP_NEW(&r, m->n_equations, err));
    UP_TRY(floor_equations(m, meat, r, err));
    UP_TRY(contract_pairs(m, meat, r, err));
out:
    roots_free(r, m->n_equations);
    return status;
}

static double
cluster_factor(const up_model *m, int64_t clusters)
{
    double g = (double)clusters;
    return m->opts.vcov == UP_VCOV_CR0 ? 1 : g / (g - 1);
}

up_status
upi_meat_two_way(up_model *m, const up_run *run, upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    upi_clusters way[2] = {{0}, {0}};
    upi_clusters *first = &m->cov->clusters;
    UP_TRY(upi_meat_cluster(m, first, cluster_factor(m, first->n), run, meat, err));
    for (int i = 0; i < 2; i++) {
        UP_TRY(upi_clusters_build(m, i + 1, &way[i], err));
        m->n_clusters[i + 1] = way[i].n;
        if (way[i].n < 2) {
            status = upi_fail(err, UP_E_CLUSTER,
                m->moments->experiment->roles[UPI_ROLE_CLUSTER2].name,
                "the second way of clustering has only one cluster");
            goto out;
        }
        double factor = cluster_factor(m, way[i].n);
        if (i == 1) {
            factor = -factor;
        }
        UP_TRY(upi_meat_cluster(m, &way[i], factor, run, meat, err));
    }
    UP_TRY(make_covariance(m, meat, err));
out:
    upi_clusters_free(&way[0]);
    upi_clusters_free(&way[1]);
    return status;
}
