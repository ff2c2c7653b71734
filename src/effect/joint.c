/* Covariances between effects, and the Wald test of several at once.
 *
 * Nothing of size K^2 is kept: a covariance is found when it is asked for, from the points of
 * the rows. For n rows, L_e (p, n) holds their gradients in equation e, and
 * Cov = sum over e, f of L_e' V_ef L_f + sum over units of psi psi'. The test uses the
 * eigenvalues of Cov, so that effects that are combinations of one another (all, and its two
 * halves) cost a degree of freedom and not a failure. */
#include "effect/effect.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* ---- from the coefficients ---- */

typedef struct gradients {
    int64_t n, n_equations;
    double **l; /* [equation] (p, n), NULL = not used */
} gradients;

static void
gradients_free(gradients *g)
{
    for (int64_t i = 0; g->l != NULL && i < g->n_equations; i++) {
        upi_free(g->l[i]);
    }
    upi_free(g->l);
}

/* Puts the gradient of the i-th row among the others. */
static up_status
put_gradient(const up_effects *e, const upi_gradient *one, int64_t i, gradients *g,
    up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < one->n && status == UP_OK; k++) {
        int64_t equation = one->equation[k];
        int64_t p = upi_model_basis(e->model, equation)->p;
        if (g->l[equation] == NULL) {
            status = UP_NEW(&g->l[equation], p * g->n, err);
        }
        if (status == UP_OK) {
            memcpy(g->l[equation] + i * p, one->l[k], (size_t)p * sizeof(double));
        }
    }
    return status;
}

static up_status
gradients_make(
    const up_effects *e, int64_t n, const int64_t *row, gradients *g, up_error *err)
{
    up_status status = UP_OK;
    upi_gradient one = {0};
    *g = (gradients){.n = n, .n_equations = e->model->n_equations};
    UP_TRY(UP_NEW(&g->l, g->n_equations, err));
    UP_TRY(upi_gradient_make(e, &one, err));
    for (int64_t i = 0; i < n; i++) {
        upi_gradient_fill(e, upi_row_effect(e, &e->rows[row[i]]), &one);
        UP_TRY(put_gradient(e, &one, i, g, err));
    }
out:
    upi_gradient_release(&one);
    return status;
}

static up_status
add_coefficients(
    const up_effects *e, int64_t n, const int64_t *row, double *out, up_error *err)
{
    up_status status = UP_OK;
    gradients g = {0};
    UP_TRY(gradients_make(e, n, row, &g, err));
    for (int64_t a = 0; a < g.n_equations; a++) {
        for (int64_t b = 0; b < g.n_equations; b++) {
            if (g.l[a] == NULL || g.l[b] == NULL) {
                continue;
            }
            int64_t pa = upi_model_basis(e->model, a)->p;
            int64_t pb = upi_model_basis(e->model, b)->p;
            for (int64_t i = 0; i < n * n; i++) {
                out[i] += upi_model_cov(
                    e->model, a, g.l[a] + i % n * pa, b, g.l[b] + i / n * pb);
            }
        }
    }
out:
    gradients_free(&g);
    return status;
}

/* ---- from the averages ---- */

enum { MOST_INFLUENCES = 1 << 22 };

static void
add_products(const upi_spread *s, const double *x, const double *y, double *out)
{
    for (int64_t i = 0; i < s->n_units; i++) {
        *out += s->sign * s->count[i] * x[i] * y[i];
    }
}

/* Adds the part of one way. Influences are kept when those of all rows fit; if not, they are
 * found again for each pair. */
static up_status
add_way(const up_effects *e, int64_t n, const int64_t *row, int way, double *phi,
    double *out, up_error *err)
{
    const upi_spread *s = &e->cells->spread[way];
    bool fits = s->n_units <= MOST_INFLUENCES / n;
    double *psi = NULL;
    up_status status = UP_NEW(&psi, s->n_units * (fits ? n : 2), err);
    for (int64_t i = 0; i < n && status == UP_OK; i++) {
        double *own = psi + (fits ? i * s->n_units : 0);
        upi_influence(e, upi_row_effect(e, &e->rows[row[i]]), way, phi, own);
        for (int64_t j = 0; j <= i; j++) {
            double *other = fits ? psi + j * s->n_units : psi + s->n_units;
            if (!fits) {
                upi_influence(e, upi_row_effect(e, &e->rows[row[j]]), way, phi, other);
            }
            add_products(s, own, other, &out[j + i * n]);
        }
    }
    upi_free(psi);
    return status;
}

static up_status
add_averages(
    const up_effects *e, int64_t n, const int64_t *row, double *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = e->cells;
    double *phi = NULL;
    UP_TRY(UP_NEW(&phi, upi_functional_size(e), err));
    for (int w = 0; w < p->n_ways; w++) {
        UP_TRY(add_way(e, n, row, w, phi, out, err));
    }
out:
    upi_free(phi);
    return status;
}

up_status
upi_rows_covariance(
    const up_effects *e, int64_t n, const int64_t *row, double *out, up_error *err)
{
    up_status status = UP_OK;
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    UP_TRY(add_coefficients(e, n, row, out, err));
    if (e->opts.population == UP_POPULATION_SUPER) {
        UP_TRY(add_averages(e, n, row, out, err));
    }
    upi_symmetrize(n, out, n);
out:
    return status;
}

double
up_effects_covariance(const up_effects *e, int64_t i, int64_t j)
{
    double cov[4];
    int64_t row[2] = {i, j};
    if (i < 0 || j < 0 || i >= e->n_rows || j >= e->n_rows ||
        upi_rows_covariance(e, 2, row, cov, NULL) != UP_OK) {
        return (double)NAN;
    }
    return cov[2];
}

/* ---- the joint test ---- */

/* The p-value of the F statistic under the rule. Anytime-valid: at the units of the largest
 * effect among them, in the form that all of them allow. */
static double
joint_p(const up_effects *e, int64_t i0, int64_t i1, double f, double df1, double df2)
{
    upi_look at = {.df = df2, .form = UP_FORM_T};
    for (int64_t i = i0; i < i1; i++) {
        at.units = fmax(at.units, e->rows[i].at.units);
        at.form = e->rows[i].at.form == UP_FORM_T ? at.form : UP_FORM_NORMAL;
    }
    return upi_rule_joint(&e->rule, &at, f, df1);
}

/* Wald statistic by eigenvalues; directions whose variance is rounding are left out. */
static double
wald(int64_t n, const double *vectors, const double *values, const double *theta,
    int64_t *rank)
{
    double sum = 0;
    double tolerance = 1e-10 * values[n - 1];
    *rank = 0;
    for (int64_t k = 0; k < n; k++) {
        if (values[k] > tolerance && values[k] > 0) {
            double z = upi_dot(n, vectors + k * n, theta);
            sum += z * z / values[k];
            *rank += 1;
        }
    }
    return sum;
}

/* What kinds of effects have no joint test. */
static up_status
check_joint(const up_effects *e, up_error *err)
{
    if (e->model->posterior != NULL) {
        (void)upi_fail(err, UP_E_POSTERIOR, "effects",
            "a test that all effects are 0 is about sampling; these effects are a "
            "posterior, which gives that hypothesis no probability");
        return upi_fix(err, "fit with up_fit_linear() for the test, or read "
                            "up_effects_probability()");
    }
    if (e->rule.inference == UP_INFERENCE_GROUP) {
        (void)upi_fail(err, UP_E_ARGUMENT, "inference",
            "a group-sequential plan bounds single effects, and has no joint test");
        return upi_fix(err, "use inference fixed or anytime for the joint test");
    }
    return UP_OK;
}

up_status
/* NOLINTNEXTLINE(readability-function-size): the parameters are those of the header */
up_effects_joint_test(const up_effects *e, int64_t i0, int64_t i1, double *f,
    double *df1, double *df2, double *p_value, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    int64_t n = i1 - i0;
    double *cov = NULL;
    double *work = NULL; /* eigenvalues, estimates and their scales */
    int64_t *row = NULL;
    if (e == NULL || i0 < 0 || i1 > e->n_rows || n < 1) {
        return upi_fail(err, UP_E_ARGUMENT, "i0",
            "effects %lld to %lld are not among the %lld there are", (long long)i0,
            (long long)i1 - 1, e == NULL ? 0LL : (long long)e->n_rows);
    }
    UP_TRY(check_joint(e, err));
    UP_TRY(UP_NEW(&cov, n * n, err));
    UP_TRY(UP_NEW(&work, 3 * n, err));
    UP_TRY(UP_NEW(&row, n, err));
    double least = (double)NAN;
    for (int64_t i = 0; i < n; i++) {
        row[i] = i0 + i;
        least = fmin(least, e->rows[i0 + i].value.df);
    }
    UP_TRY(upi_rows_covariance(e, n, row, cov, err));
    double *values = work;
    double *theta = work + n;
    double *scale = work + 2 * n;
    for (int64_t i = 0; i < n; i++) {
        scale[i] = cov[i + i * n] > 0 ? sqrt(cov[i + i * n]) : 1;
        theta[i] = e->rows[i0 + i].value.estimate / scale[i];
    }
    for (int64_t i = 0; i < n * n; i++) {
        cov[i] /= scale[i % n] * scale[i / n];
    }
    UP_TRY(upi_eigen_sym(n, cov, n, values, err));
    int64_t rank = 0;
    double w = wald(n, cov, values, theta, &rank);
    if (rank == 0) {
        status = upi_fail(err, UP_E_NO_VARIATION, "effects",
            "none of the effects has a variance, so there is nothing to test");
        goto out;
    }
    *f = w / (double)rank;
    *df1 = (double)rank;
    *df2 = least;
    *p_value = joint_p(e, i0, i1, *f, *df1, *df2);
out:
    upi_free(cov);
    upi_free(work);
    upi_free(row);
    return status;
}
