/* Satterthwaite degrees of freedom of a combination under CR2 (Bell & McCaffrey 2002), by the
 * O(G p^2) form of methods/core.md 2.4. In orthonormal coordinates, with a the combination, u = s Q_c a,
 * g = f u and P_c = Q_c' s g: tr Gamma = sum |g|^2 - |P|^2, and the sum of squares of Gamma is
 * |sum P P'|^2 + sum [(|g|^2 - |P|^2)^2 - |P|^4]. The sum over clusters of P P' is taken in the
 * space of the few rows that alike clusters share.
 *
 * A cluster of many rows enters by M = Q'Q alone, P = M f(M) a and |g|^2 = a'M f(M)^2 a. Its
 * eigenvectors serve for every combination and are kept while memory allows:
 * effects by segment and period ask for hundreds of combinations. */
#include "fit/fit.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { PENDING = 128, MOST_CLASS_ROWS = 8, MOST_KEPT = 4 << 20 /* doubles */ };

typedef struct moments_of_gamma {
    const up_model *m;
    upi_cluster_rows rows;
    int side;
    int64_t p;
    const double *a; /* (p) */
    double *qa;      /* (r) Q_c a */
    double *u;       /* (r or p) */
    double *g;       /* (r or p) */
    double *columns; /* (p, PENDING) P of single clusters */
    int64_t pending;
    double *class_sum; /* (r, r) */
    double *product;   /* (p, r) */
    double *spectrum;  /* (p + p p) */
    double *s;         /* (p, p) sum of P P' */
    double trace, correction;
} moments_of_gamma;

static void
flush_columns(moments_of_gamma *w)
{
    if (w->pending > 0) {
        upi_gemm('N', 'T', w->p, w->p, w->pending, 1, w->columns, w->p, w->columns,
            w->p, 1, w->s, w->p);
    }
    w->pending = 0;
}

static void
flush_full(moments_of_gamma *w)
{
    if (w->pending == PENDING) {
        flush_columns(w);
    }
}

static void
add_diagonal(moments_of_gamma *w, double g2, double k)
{
    w->trace += g2 - k;
    w->correction += (g2 - k) * (g2 - k) - k * k;
}

/* r <= p. By class: only s g is wanted, and |P|^2 = (s g)'h(s g). */
static void
add_by_row(moments_of_gamma *w, bool by_class)
{
    const upi_cluster_rows *c = &w->rows;
    int64_t r = c->r;
    double g2 = 0;
    for (int64_t i = 0; i < r; i++) {
        w->u[i] = c->s[i] * w->qa[i];
    }
    for (int64_t i = 0; i < r; i++) {
        double v = 0;
        for (int64_t j = 0; j < r; j++) {
            v += c->g[w->side][i + j * r] * w->u[j];
        }
        g2 += v * v;
        w->g[i] = c->s[i] * v;
    }
    double k = 0;
    for (int64_t j = 0; j < r; j++) {
        double column = 0;
        for (int64_t i = 0; i < r; i++) {
            column += c->h[w->side][i + j * r] * w->g[i];
            if (by_class) {
                w->class_sum[i + j * r] += w->g[i] * w->g[j];
            }
        }
        k += column * w->g[j];
    }
    add_diagonal(w, g2, k);
    if (!by_class) {
        upi_gemv('T', r, w->p, c->q[w->side], r, w->g, w->columns + w->pending * w->p);
        w->pending++;
    }
}

/* Many rows: from the eigenvalues (p) and vectors (p,p) of M. */
static void
add_by_column(moments_of_gamma *w, const double *spectrum)
{
    int64_t p = w->p;
    const double *vectors = spectrum + p;
    double g2 = 0;
    for (int64_t j = 0; j < p; j++) {
        double f = upi_adjustment_value(1 - spectrum[j], -0.5);
        double along = f * upi_dot(p, vectors + j * p, w->a);
        g2 += spectrum[j] * along * along;
        w->u[j] = spectrum[j] * along;
    }
    double *out = w->columns + w->pending * p;
    upi_gemv('N', p, p, vectors, p, w->u, out);
    add_diagonal(w, g2, upi_dot(p, out, out));
    w->pending++;
}

/* The spectrum of the cluster that is loaded, with its weights. */
static up_status
decompose(upi_cluster_rows *c, int side, int64_t p, double *spectrum, up_error *err)
{
    double *weighted = c->work;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < c->r; i++) {
            weighted[i + j * c->r] = c->s[i] * c->q[side][i + j * c->r];
        }
    }
    upi_gemm(
        'T', 'N', p, p, c->r, 1, weighted, c->r, weighted, c->r, 0, spectrum + p, p);
    int64_t rank = 0;
    return upi_eigen_semi(p, spectrum + p, spectrum, &rank, err);
}

/* Clusters of few rows are cheap as they are, most of all where many are alike. */
static bool
worth_keeping(int64_t r, int64_t p)
{
    return r > p || (r > MOST_CLASS_ROWS && 2 * r >= p);
}

/* The spectra (p + p p) of clusters that are worth it; the others begin with a NaN. */
static up_status
fill_spectra(
    upi_cluster_rows *rows, int side, int64_t p, double *spectra, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < rows->c->n && status == UP_OK; k++, spectra += p + p * p) {
        upi_cluster_load(rows, k);
        upi_cluster_weights(rows, k);
        if (!worth_keeping(rows->r, p)) {
            spectra[0] = (double)NAN;
        } else {
            status = decompose(rows, side, p, spectra, err);
        }
    }
    return status;
}

/* Without memory for them they are not kept. */
static up_status
keep_spectra(const up_model *m, int side, int64_t p, up_error *err)
{
    up_status status = UP_OK;
    struct upi_cov *cov = m->cov;
    const upi_clusters *c = &cov->clusters;
    upi_cluster_rows rows = {0};
    double *spectra = NULL;
    int64_t size = p + p * p;
    bool none = !worth_keeping(c->largest * cov->width, p);
    if (cov->spectra[side] != NULL || none || c->n > MOST_KEPT / size) {
        return UP_OK;
    }
    UP_TRY(upi_cluster_rows_new(m, c, &rows, err));
    UP_TRY(UP_NEW(&spectra, c->n * size, err));
    UP_TRY(fill_spectra(&rows, side, p, spectra, err));
    cov->spectra[side] = spectra;
    spectra = NULL;
out:
    upi_cluster_rows_free(&rows);
    upi_free(spectra);
    return status;
}

/* NULL where it is not kept. */
static const double *
find_spectrum(const moments_of_gamma *w, int64_t cluster)
{
    const double *all = w->m->cov->spectra[w->side];
    const double *own = all != NULL ? all + cluster * (w->p + w->p * w->p) : NULL;
    return own != NULL && isnan(own[0]) ? NULL : own;
}

static up_status
add_cluster(moments_of_gamma *w, bool by_class, bool again, up_error *err)
{
    up_status status = UP_OK;
    if (w->rows.by_row[w->side]) {
        UP_TRY(again ? UP_OK : upi_cluster_adjust(&w->rows, w->side, -0.5, err));
        add_by_row(w, by_class);
    } else {
        UP_TRY(again ? UP_OK : decompose(&w->rows, w->side, w->p, w->spectrum, err));
        add_by_column(w, w->spectrum);
    }
    flush_full(w);
out:
    return status;
}

/* Clusters sorted[from..to) share their cells; their rows are needed. */
static up_status
add_class(moments_of_gamma *w, int64_t from, int64_t to, up_error *err)
{
    up_status status = UP_OK;
    const upi_clusters *c = w->rows.c;
    upi_cluster_load(&w->rows, c->sorted[from]);
    int64_t r = w->rows.r;
    bool by_row = w->rows.by_row[w->side];
    bool by_class = to - from > r && r <= MOST_CLASS_ROWS && by_row;
    if (by_row) {
        upi_gemv('N', r, w->p, w->rows.q[w->side], r, w->a, w->qa);
        memset(w->class_sum, 0, (size_t)(by_class ? r * r : 0) * sizeof *w->class_sum);
    }
    for (int64_t i = from; i < to; i++) {
        bool again = i > from &&
                     upi_cluster_same_weights(w->m, c, c->sorted[i - 1], c->sorted[i]);
        upi_cluster_weights(&w->rows, c->sorted[i]);
        UP_TRY(add_cluster(w, by_class, again, err));
    }
    if (by_class) {
        upi_gemm('T', 'N', w->p, r, r, 1, w->rows.q[w->side], r, w->class_sum, r, 0,
            w->product, w->p);
        upi_gemm('N', 'N', w->p, w->p, r, 1, w->product, w->p, w->rows.q[w->side], r, 1,
            w->s, w->p);
    }
out:
    return status;
}

/* Clusters of the same cells have the same number of rows: all of their spectra are kept or
 * none. */
static up_status
add_alike(moments_of_gamma *w, int64_t from, int64_t to, up_error *err)
{
    const int64_t *sorted = w->rows.c->sorted;
    if (find_spectrum(w, sorted[from]) == NULL) {
        return add_class(w, from, to, err);
    }
    for (int64_t i = from; i < to; i++) {
        add_by_column(w, find_spectrum(w, sorted[i]));
        flush_full(w);
    }
    return UP_OK;
}

static up_status
gamma_new(moments_of_gamma *w, const up_model *m, up_error *err)
{
    up_status status = UP_OK;
    const upi_clusters *c = &m->cov->clusters;
    int64_t rows = c->largest * m->cov->width;
    int64_t longest = rows > w->p ? rows : w->p;
    UP_TRY(upi_cluster_rows_new(m, c, &w->rows, err));
    UP_TRY(UP_NEW(&w->qa, rows, err));
    UP_TRY(UP_NEW(&w->u, longest, err));
    UP_TRY(UP_NEW(&w->g, longest, err));
    UP_TRY(UP_NEW(&w->columns, w->p * PENDING, err));
    UP_TRY(UP_NEW(&w->class_sum, (int64_t)MOST_CLASS_ROWS * MOST_CLASS_ROWS, err));
    UP_TRY(UP_NEW(&w->product, w->p * MOST_CLASS_ROWS, err));
    UP_TRY(UP_NEW(&w->spectrum, w->p + w->p * w->p, err));
    UP_TRY(UP_NEW(&w->s, w->p * w->p, err));
out:
    return status;
}

static void
gamma_free(moments_of_gamma *w)
{
    upi_cluster_rows_free(&w->rows);
    upi_free(w->qa);
    upi_free(w->u);
    upi_free(w->g);
    upi_free(w->columns);
    upi_free(w->class_sum);
    upi_free(w->product);
    upi_free(w->spectrum);
    upi_free(w->s);
}

static up_status
satterthwaite(
    const up_model *m, const upi_basis *b, const double *a, double *df, up_error *err)
{
    up_status status = UP_OK;
    const upi_clusters *c = &m->cov->clusters;
    moments_of_gamma w = {.m = m, .side = b == &m->x ? 0 : 1, .p = b->p, .a = a};
    UP_TRY(gamma_new(&w, m, err));
    for (int64_t from = 0; from < c->n;) {
        int64_t to = from + 1;
        while (
            to < c->n && upi_cluster_same_cells(m, c, c->sorted[from], c->sorted[to])) {
            to++;
        }
        UP_TRY(add_alike(&w, from, to, err));
        from = to;
    }
    flush_columns(&w);
    double squares = upi_dot(b->p * b->p, w.s, w.s) + w.correction;
    *df = squares > 0 ? w.trace * w.trace / squares : (double)NAN;
out:
    gamma_free(&w);
    return status;
}

/* ---- the answers so far ---- */

static bool
find(const struct upi_cov *cov, const double *key, int64_t n, double *df)
{
    for (const upi_df_entry *e = cov->df_list; e != NULL; e = e->next) {
        if (e->n == n && memcmp(e->l, key, (size_t)n * sizeof *key) == 0) {
            *df = e->df;
            return true;
        }
    }
    return false;
}

/* Keeping an answer is a convenience: without memory it is not kept. */
static void
keep(struct upi_cov *cov, const double *key, int64_t n, double df)
{
    upi_df_entry *e = upi_calloc(1, sizeof *e);
    double *l = upi_calloc(n, sizeof *l);
    if (e == NULL || l == NULL) {
        upi_free(e);
        upi_free(l);
        return;
    }
    memcpy(l, key, (size_t)n * sizeof *l);
    *e = (upi_df_entry){.l = l, .n = n, .df = df, .next = cov->df_list};
    cov->df_list = e;
}

double
upi_satterthwaite(const up_model *m, const upi_basis *b, const double *l)
{
    struct upi_cov *cov = m->cov;
    double df = (double)NAN;
    int64_t p = b->p;
    double *key = upi_calloc(1 + p, sizeof *key);
    double *a = upi_calloc(p, sizeof *a);
    if (key != NULL && a != NULL) {
        /* The length of the combination does not matter: one of length 1 is kept. */
        const double *rinv = b == &m->x ? cov->x_rinv : cov->z_rinv;
        upi_gemv('T', p, p, rinv, p, l, a);
        double length = sqrt(upi_dot(p, a, a));
        for (int64_t j = 0; j < p && length > 0; j++) {
            a[j] /= length;
        }
        key[0] = b == &m->x ? 0 : 1;
        memcpy(key + 1, a, (size_t)p * sizeof *a);
        (void)pthread_mutex_lock(&cov->df_lock->mutex);
        bool known = find(cov, key, 1 + p, &df);
        if (!known) {
            (void)keep_spectra(m, b == &m->x ? 0 : 1, p, NULL);
        }
        (void)pthread_mutex_unlock(&cov->df_lock->mutex);
        if (!known && satterthwaite(m, b, a, &df, NULL) == UP_OK) {
            (void)pthread_mutex_lock(&cov->df_lock->mutex);
            keep(cov, key, 1 + p, df);
            (void)pthread_mutex_unlock(&cov->df_lock->mutex);
        }
    }
    upi_free(key);
    upi_free(a);
    return df;
}
