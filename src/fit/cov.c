/* The covariance of all coefficients of all equations: which one (by the design), and
 * V_ab = R_a^-1 meat_ab R_b^-T with the meat in orthonormal coordinates. */
#include "fit/fit.h"
#include "fit/posterior.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { MANY_CLUSTERS = 2000, FEW_CLUSTERS = 30, FEW_CLUSTERS_IN_ARM = 5 };

bool
upi_vcov_clustered(int64_t vcov)
{
    return vcov >= UP_VCOV_CR0;
}

const char *
upi_vcov_name(int64_t vcov)
{
    static const char *const name[] = {
        "auto", "iid", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR1S", "CR2", "CR3"};
    return vcov >= 0 && vcov <= UP_VCOV_CR3 ? name[vcov] : "unknown";
}

void
upi_cov_free(struct upi_cov *cov, int64_t n_equations)
{
    if (cov == NULL) {
        return;
    }
    for (int64_t i = 0; i < n_equations * n_equations && cov->block != NULL; i++) {
        upi_free(cov->block[i]);
    }
    for (upi_df_entry *e = cov->df_list; e != NULL;) {
        upi_df_entry *next = e->next;
        upi_free(e->l);
        upi_free(e);
        e = next;
    }
    if (cov->df_lock != NULL) {
        (void)pthread_mutex_destroy(&cov->df_lock->mutex);
    }
    upi_free(cov->df_lock);
    upi_free(cov->spectra[0]);
    upi_free(cov->spectra[1]);
    upi_free(cov->block);
    upi_free(cov->cell);
    upi_free(cov->first);
    upi_free(cov->y_center);
    upi_free(cov->rss);
    upi_free(cov->x_rinv);
    upi_free(cov->z_rinv);
    upi_free(cov->xz);
    upi_free(cov->x_map);
    upi_free(cov->z_map);
    upi_free(cov->fit);
    upi_clusters_free(&cov->clusters);
    upi_free(cov);
}

/* ---- which covariance ---- */

/* The fewest clusters that any level of the randomised column has rows in. */
static up_status
fewest_in_arm(const up_model *m, int64_t *fewest, int64_t *arm, up_error *err)
{
    up_status status = UP_OK;
    const upi_clusters *c = &m->cov->clusters;
    int64_t levels = m->moments->keys[m->inst_key].n_levels;
    int64_t *count = NULL;
    int64_t *last = NULL;
    UP_TRY(UP_NEW(&count, levels, err));
    UP_TRY(UP_NEW(&last, levels, err));
    for (int64_t k = 0; k < c->n; k++) {
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
            int64_t level = upi_moments_code(m->moments, c->order[i], m->inst_key);
            if (last[level] != k + 1) {
                last[level] = k + 1;
                count[level]++;
            }
        }
    }
    *fewest = c->n;
    *arm = 0;
    for (int64_t l = 0; l < levels; l++) {
        if (count[l] > 0 && count[l] < *fewest) {
            *fewest = count[l];
            *arm = l;
        }
    }
out:
    upi_free(count);
    upi_free(last);
    return status;
}

static up_status
note_few_clusters(up_model *m, int64_t fewest, int64_t arm, up_error *err)
{
    const up_moments *mo = m->moments;
    int64_t g = m->n_clusters[0];
    if (mo->ways == 2 && m->n_clusters[1] < g) {
        g = m->n_clusters[1];
    }
    const char *name = mo->experiment->roles[UPI_ROLE_CLUSTER].name;
    if (fewest < FEW_CLUSTERS_IN_ARM) {
        return upi_notes_add(&m->notes, UP_W_FEW_CLUSTERS, name, (double)fewest,
            FEW_CLUSTERS_IN_ARM, err,
            "'%s' has rows in only %lld clusters: intervals rest on very little",
            mo->keys[m->inst_key].label[arm], (long long)fewest);
    }
    if (g < FEW_CLUSTERS) {
        return upi_notes_add(&m->notes, UP_W_FEW_CLUSTERS, name, (double)g,
            FEW_CLUSTERS, err, "there are only %lld clusters: intervals are rough",
            (long long)g);
    }
    return UP_OK;
}

static up_status
check_clusters(up_model *m, int64_t *fewest, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *mo = m->moments;
    const char *name = mo->experiment->roles[UPI_ROLE_CLUSTER].name;
    int64_t arm = 0;
    UP_TRY(upi_clusters_build(m, 0, &m->cov->clusters, err));
    m->n_clusters[0] = m->cov->clusters.n;
    if (m->n_clusters[0] < 2) {
        status = upi_fail(err, UP_E_CLUSTER, name,
            "all rows belong to one cluster of '%s'", name != NULL ? name : "cluster");
        upi_fix(
            err, "choose a column with at least two clusters, or leave clusters out");
        goto out;
    }
    UP_TRY(fewest_in_arm(m, fewest, &arm, err));
    if (*fewest < 2) {
        const upi_key *key = &mo->keys[m->inst_key];
        status = upi_fail(err, UP_E_CLUSTER, name,
            "all rows with '%s' = '%s' belong to one cluster: its effect has no "
            "variance that could be estimated",
            key->name, key->label[arm]);
        upi_fix(err, "leave that arm out, or choose a finer cluster");
        goto out;
    }
    if (mo->ways == 2) {
        upi_clusters second = {0};
        status = upi_clusters_build(m, 1, &second, err);
        m->n_clusters[1] = second.n;
        upi_clusters_free(&second);
        if (status != UP_OK) {
            goto out;
        }
    }
    UP_TRY(note_few_clusters(m, *fewest, arm, err));
out:
    return status;
}

static up_status
choose_clustered(up_model *m, int64_t fewest, up_error *err)
{
    bool two = m->moments->ways == 2;
    if (m->opts.vcov != UP_VCOV_AUTO) {
        bool plain = m->opts.vcov <= UP_VCOV_CR1S;
        if (two && !plain) {
            upi_fail(err, UP_E_ARGUMENT, "vcov",
                "%s is defined for one way of clustering; there are two",
                upi_vcov_name(m->opts.vcov));
            return upi_fix(err, "ask for CR1S, CR1 or CR0");
        }
        return UP_OK;
    }
    if (!two && fewest < MANY_CLUSTERS) {
        m->opts.vcov = UP_VCOV_CR2;
        return UP_OK;
    }
    m->opts.vcov = UP_VCOV_CR1S;
    if (two) {
        return upi_notes_add(&m->notes, UP_N_VCOV_SWITCH, "vcov", (double)NAN,
            (double)NAN, err,
            "CR1S is used: with two ways of clustering CR2 is not defined");
    }
    return upi_notes_add(&m->notes, UP_N_VCOV_SWITCH, "vcov", (double)fewest,
        MANY_CLUSTERS, err,
        "CR1S is used: every arm has at least %lld clusters, where CR2 differs by "
        "nothing that matters",
        (long long)fewest);
}

static up_status
choose(up_model *m, up_error *err)
{
    bool clustered = m->moments->ways > 0;
    int64_t vcov = m->opts.vcov;
    if (!clustered) {
        if (upi_vcov_clustered(vcov)) {
            upi_fail(err, UP_E_ARGUMENT, "vcov", "%s needs clusters; none are declared",
                upi_vcov_name(vcov));
            return upi_fix(err, "declare the cluster role, or ask for HC2");
        }
        m->opts.vcov = vcov == UP_VCOV_AUTO ? UP_VCOV_HC2 : vcov;
        return UP_OK;
    }
    if (vcov != UP_VCOV_AUTO && !upi_vcov_clustered(vcov)) {
        upi_fail(err, UP_E_ARGUMENT, "vcov",
            "%s treats rows as independent, but clusters are declared; rows are not "
            "independent",
            upi_vcov_name(vcov));
        return upi_fix(err, "ask for CR2, or leave the cluster role out");
    }
    int64_t fewest = 0;
    up_status status = check_clusters(m, &fewest, err);
    return status == UP_OK ? choose_clustered(m, fewest, err) : status;
}

/* ---- leverage ---- */

/* The squared length of a group's part of a direction; v (1 + nx) are its values at (1, x). */
static double
group_part(const up_model *model, const double *center, int64_t g, const double *v)
{
    const up_moments *m = model->moments;
    int64_t columns = 1 + m->nx + m->ny;
    double mass = (double)m->n[g], mean = v[0], within = 0;
    if (m->form == UPI_TRI) {
        double root = m->tri[g * (columns * (columns + 1) / 2)];
        mass = root * root;
    }
    for (int64_t k = 0; k < m->nx; k++) {
        mean += v[1 + k] * (upi_moments_x_weighted_mean(m, k, g) - center[k]);
        for (int64_t l = 0; l < m->nx; l++) {
            within += v[1 + k] * v[1 + l] * upi_moments_x_cross(m, k, l, g);
        }
    }
    return upi_group_weight(model, g) * (mass * mean * mean + within);
}

/* The direction a in every cell: values at (1, x). */
static up_status
cell_values(
    const up_model *m, const double *a, double **out, double **center, up_error *err)
{
    up_status status = UP_OK;
    int64_t width = m->cov->width;
    UP_TRY(UP_NEW(out, m->cov->n_cells * width, err));
    UP_TRY(UP_NEW(center, m->moments->nx, err));
    for (int64_t c = 0; c < m->cov->n_cells; c++) {
        const double *map = upi_cell_map(m, &m->x, c);
        for (int64_t u = 0; u < width; u++) {
            (*out)[c * width + u] = upi_dot(m->x.p, map + u * m->x.p, a);
        }
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind == UPI_BASE_X) {
            (*center)[m->base[j].x] = m->base[j].center;
        }
    }
out:
    return status;
}

/* The share of the information on column t of X that the most telling cluster holds: of the
 * squared length of the column once the other columns are taken out. */
static up_status
cluster_share(const up_model *m, int64_t t, double *share, up_error *err)
{
    up_status status = UP_OK;
    const upi_clusters *c = &m->cov->clusters;
    int64_t p = m->x.p;
    double *a = NULL, *value = NULL, *center = NULL;
    UP_TRY(UP_NEW(&a, p, err));
    double length = 0;
    for (int64_t j = t; j < p; j++) {
        a[j] = m->cov->x_rinv[t + j * p];
        length += a[j] * a[j];
    }
    UP_TRY(cell_values(m, a, &value, &center, err));
    for (int64_t k = 0; k < c->n; k++) {
        double part = 0;
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
            int64_t g = c->order[i];
            part += group_part(m, center, g, value + m->cov->cell[g] * m->cov->width);
        }
        *share = fmax(*share, part / length);
    }
out:
    upi_free(a);
    upi_free(value);
    upi_free(center);
    return status;
}

static up_status
note_cluster_share(up_model *m, int64_t t, up_error *err)
{
    double share = 0;
    up_status status = cluster_share(m, t, &share, err);
    if (status != UP_OK || share <= 0.5) {
        return status;
    }
    return upi_notes_add(&m->notes, UP_W_LEVERAGE, m->x.name[t], share, 0.5, err,
        "one cluster of %lld holds %.0f %% of the information on '%s'",
        (long long)m->n_clusters[0], 100 * share, m->x.name[t]);
}

static up_status
note_leverage(up_model *m, up_error *err)
{
    up_status status = UP_OK;
    if (m->cov->max_leverage > 0.5) {
        UP_TRY(upi_notes_add(&m->notes, UP_W_LEVERAGE, NULL, m->cov->max_leverage, 0.5,
            err, "one row decides %.0f %% of its own fitted value",
            100 * m->cov->max_leverage));
    }
    int64_t arms = m->moments->keys[m->treat_key].n_levels - 1;
    for (int64_t t = 1; t <= arms && upi_vcov_clustered(m->opts.vcov); t++) {
        UP_TRY(note_cluster_share(m, t, err));
    }
out:
    return status;
}

/* ---- the blocks ---- */

/* (n-1)/(n-p) of CR1S, split between the two equations of a pair. */
static double
pair_factor(const up_model *m, int64_t a, int64_t b)
{
    if (m->opts.vcov != UP_VCOV_CR1S) {
        return 1;
    }
    double n = (double)m->n_rows;
    double da = n - (double)upi_model_basis(m, a)->p;
    double db = n - (double)upi_model_basis(m, b)->p;
    return (n - 1) / sqrt(da * db);
}

static up_status
build_blocks(up_model *m, const upi_meat *meat, up_error *err)
{
    up_status status = UP_OK;
    struct upi_cov *cov = m->cov;
    int64_t ne = m->n_equations;
    double *half = NULL;
    int64_t widest = m->x.p > m->z.p ? m->x.p : m->z.p;
    UP_TRY(UP_NEW(&half, widest * widest, err));
    UP_TRY(UP_NEW(&cov->block, ne * ne, err));
    for (int64_t a = 0, b = 0; b < ne; upi_next_pair(&a, &b)) {
        const upi_basis *ba = upi_model_basis(m, a);
        const upi_basis *bb = upi_model_basis(m, b);
        double **out = &cov->block[a + b * ne];
        double **mirror = &cov->block[b + a * ne];
        UP_TRY(UP_NEW(out, ba->p * bb->p, err));
        upi_gemm('N', 'N', ba->p, bb->p, ba->p, pair_factor(m, a, b),
            ba == &m->x ? cov->x_rinv : cov->z_rinv, ba->p,
            meat->block[upi_packed(a, b)], ba->p, 0, half, ba->p);
        upi_gemm('N', 'T', ba->p, bb->p, bb->p, 1, half, ba->p,
            bb == &m->x ? cov->x_rinv : cov->z_rinv, bb->p, 0, *out, ba->p);
        if (a == b) {
            upi_symmetrize(ba->p, *out, ba->p);
            continue;
        }
        UP_TRY(UP_NEW(mirror, ba->p * bb->p, err));
        for (int64_t i = 0; i < ba->p * bb->p; i++) {
            (*mirror)[i / ba->p + i % ba->p * bb->p] = (*out)[i];
        }
    }
out:
    upi_free(half);
    return status;
}

static up_status
clustered_meat(up_model *m, const up_run *run, upi_meat *meat, up_error *err)
{
    double g = (double)m->n_clusters[0];
    m->df_residual = g - 1;
    if (m->moments->ways == 2) {
        m->df_residual = fmin(g, (double)m->n_clusters[1]) - 1;
        return upi_meat_two_way(m, run, meat, err);
    }
    bool scaled = m->opts.vcov == UP_VCOV_CR1 || m->opts.vcov == UP_VCOV_CR1S;
    return upi_meat_cluster(
        m, &m->cov->clusters, scaled ? g / (g - 1) : 1, run, meat, err);
}

static up_status
row_meat(
    up_model *m, const upi_rows *rows, const up_run *run, upi_meat *meat, up_error *err)
{
    m->df_residual = (double)(m->n_rows - m->x.p);
    if (m->opts.vcov == UP_VCOV_IID) {
        return upi_meat_iid(m, meat, err);
    }
    if (m->moments->form == UPI_MEAN) {
        return upi_meat_hc(m, meat, err);
    }
    return upi_meat_stream(m, rows, run, meat, err);
}

up_status
upi_covariance_build(
    up_model *m, const upi_rows *rows, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_meat meat = {0};
    UP_TRY(choose(m, err));
    UP_TRY(upi_meat_new(m, &meat, err));
    bool clustered = upi_vcov_clustered(m->opts.vcov);
    UP_TRY(clustered ? clustered_meat(m, run, &meat, err)
                     : row_meat(m, rows, run, &meat, err));
    UP_TRY(build_blocks(m, &meat, err));
    UP_TRY(note_leverage(m, err));
out:
    upi_meat_free(&meat);
    return status;
}

/* ---- answers ---- */

const double *
upi_model_block(const up_model *m, int64_t e1, int64_t e2)
{
    return m->cov->block[e1 + e2 * m->n_equations];
}

double
upi_model_cov(
    const up_model *m, int64_t e1, const double *l1, int64_t e2, const double *l2)
{
    const double *block = upi_model_block(m, e1, e2);
    int64_t p1 = upi_model_basis(m, e1)->p;
    int64_t p2 = upi_model_basis(m, e2)->p;
    double s = 0;
    for (int64_t j = 0; j < p2; j++) {
        if (l2[j] != 0) {
            s += l2[j] * upi_dot(p1, block + j * p1, l1);
        }
    }
    return s;
}

static double
sampling_df(const up_model *m, int64_t e, const double *l)
{
    const upi_basis *b = upi_model_basis(m, e);
    if (m->opts.vcov == UP_VCOV_CR2) {
        return upi_satterthwaite(m, b, l);
    }
    if (upi_vcov_clustered(m->opts.vcov)) {
        return m->df_residual;
    }
    return (double)(m->n_rows - b->p);
}

/* Only the part of a posterior variance that comes from the data is an estimate: the rule of
 * Welch and Satterthwaite for the sum of it and a known part. */
double
upi_model_df(const up_model *m, int64_t e, const double *l)
{
    const upi_posterior *q = m->posterior;
    if (q != NULL && q->df > 0) {
        return q->df;
    }
    double df = sampling_df(m, e, l);
    if (q == NULL || q->data == NULL) {
        return df;
    }
    int64_t p = upi_model_basis(m, e)->p;
    double estimated = 0;
    for (int64_t j = 0; j < p; j++) {
        estimated += l[j] != 0 ? l[j] * upi_dot(p, q->data[e] + j * p, l) : 0;
    }
    double ratio = upi_model_cov(m, e, l, e, l) / estimated;
    return estimated > 0 ? df * ratio * ratio : (double)INFINITY;
}
