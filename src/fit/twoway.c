/* Two ways of clustering: V = V1 + V2 - V12 (Cameron, Gelbach & Miller 2011), every part with the
 * G/(G-1) of its own number of clusters, as R's sandwich does. The difference need not be a
 * covariance: eigenvalues below 0 are then set to 0. This is done on the meat in orthonormal
 * coordinates, all equations together and each in its own unit, so that neither the units of a
 * covariate nor those of a metric change the result. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* Where each equation starts in the joint matrix. */
static int64_t
joint_size(const up_model *m, int64_t equation)
{
    int64_t n = 0;
    for (int64_t e = 0; e < equation; e++) {
        n += upi_model_basis(m, e)->p;
    }
    return n;
}

static double
unit_of(const up_model *m, const upi_meat *meat, int64_t e)
{
    int64_t p = upi_model_basis(m, e)->p;
    double trace = 0;
    for (int64_t i = 0; i < p; i++) {
        trace += meat->block[upi_packed(e, e)][i + i * p];
    }
    return trace > 0 ? sqrt(trace) : 1;
}

/* joint[i,j] of equations a <= b: into the joint matrix (to), or back. */
static void
exchange(const up_model *m, upi_meat *meat, const double *unit, double *joint,
    int64_t n, bool to)
{
    for (int64_t a = 0, b = 0; b < m->n_equations; upi_next_pair(&a, &b)) {
        int64_t pa = upi_model_basis(m, a)->p;
        int64_t pb = upi_model_basis(m, b)->p;
        double *block = meat->block[upi_packed(a, b)];
        double *at = joint + joint_size(m, a) + joint_size(m, b) * n;
        double scale = unit[a] * unit[b];
        for (int64_t i = 0; i < pa * pb; i++) {
            double *own = at + i % pa + i / pa * n;
            if (to) {
                *own = block[i] / scale;
            } else {
                block[i] = *own * scale;
            }
        }
    }
}

static up_status
floor_eigenvalues(
    up_model *m, const double *unit, upi_meat *meat, bool *floored, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = joint_size(m, m->n_equations);
    double *joint = NULL;
    double *scaled = NULL;
    double *values = NULL;
    double *result = NULL;
    UP_TRY(UP_NEW(&joint, n * n, err));
    UP_TRY(UP_NEW(&scaled, n * n, err));
    UP_TRY(UP_NEW(&values, n, err));
    exchange(m, meat, unit, joint, n, true);
    upi_symmetrize(n, joint, n);
    UP_TRY(upi_eigen_sym(n, joint, n, values, err));
    *floored = values[0] < -1e-10 * fabs(values[n - 1]);
    if (*floored) {
        for (int64_t j = 0; j < n; j++) {
            double v = values[j] > 0 ? values[j] : 0;
            for (int64_t i = 0; i < n; i++) {
                scaled[i + j * n] = joint[i + j * n] * v;
            }
        }
        UP_TRY(UP_NEW(&result, n * n, err));
        upi_gemm('N', 'T', n, n, n, 1, scaled, n, joint, n, 0, result, n);
        exchange(m, meat, unit, result, n, false);
    }
out:
    upi_free(result);
    upi_free(joint);
    upi_free(scaled);
    upi_free(values);
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
    double *unit = NULL;
    bool floored = false;
    UP_TRY(UP_NEW(&unit, m->n_equations, err));
    const upi_clusters *first = &m->cov->clusters;
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
            for (int64_t e = 0; e < m->n_equations; e++) {
                unit[e] = unit_of(m, meat, e);
            }
            factor = -factor;
        }
        UP_TRY(upi_meat_cluster(m, &way[i], factor, run, meat, err));
    }
    UP_TRY(floor_eigenvalues(m, unit, meat, &floored, err));
    if (floored) {
        UP_TRY(upi_notes_add(&m->notes, UP_N_APPROXIMATE, "vcov", (double)NAN,
            (double)NAN, err,
            "the two-way clustered covariance was not positive definite: its negative "
            "eigenvalues were set to 0"));
    }
out:
    upi_clusters_free(&way[0]);
    upi_clusters_free(&way[1]);
    upi_free(unit);
    return status;
}
