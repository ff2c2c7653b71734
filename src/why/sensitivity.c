/* What unmeasured confounding would do. Suppose the errors of mediator m and of the outcome have
 * the correlation rho (Imai, Keele & Yamamoto 2010, Theorem 4; other errors uncorrelated). With the
 * residual spreads s of the fitted equations and d = rho s_y / (s_m sqrt(1 - rho^2)),
 *
 *   b_m(rho) = b_m - d,  b_k(rho) = b_k + beta_mk d,  c(rho) = c + alpha_m d                (9)
 *
 * for the coefficients of the outcome on m, on a cause k of m, and on the arm: what is taken from m
 * goes to the causes of m, so that the total effect stays. An edge k -> j is zero at
 *
 *   rho = r / sqrt(1 + r^2),  r = beta_jk s_k / s_j                                        (10)
 *
 * and rho^2 is the product of the shares of the unexplained variances of both ends that the
 * confounder would have to explain; times (1 - R2_k)(1 - R2_j), of all their variance. */
#include "why/mediation.h"

#include <math.h>
#include <string.h>

static const upi_equation *
equation_of(const up_mediation *m, const upi_mediated_row *row, int64_t j)
{
    return &m->stack.system[row->system].equation[j];
}

static void
set_zero(const up_mediation *m, upi_mediated_row *row, int64_t from, int64_t to)
{
    const upi_mechanism *h = &m->h;
    const upi_equation *k = equation_of(m, row, from);
    const upi_equation *j = equation_of(m, row, to);
    const double *theta = m->stack.system[row->system].theta;
    double r = theta[h->edge_param[to * (h->n + 1) + from]] * sqrt(k->rss / j->rss);
    double rho = r / sqrt(1 + r * r);
    row->value.rho_zero = rho;
    row->value.r2_residual_zero = rho * rho;
    row->value.r2_total_zero = rho * rho * (k->rss / k->tss) * (j->rss / j->tss);
}

/* The path that a row is, or -1. */
static int64_t
path_of(const upi_mechanism *h, const upi_mediated_row *row)
{
    for (int64_t i = 0; i < h->n_paths && row->value.kind == UP_MEDIATE_PATH; i++) {
        if (row->paths[i] != 0) {
            return i;
        }
    }
    return -1;
}

static int64_t
last_mediator(const upi_mechanism *h, int64_t path)
{
    int64_t at = h->path[path];
    while (h->chain[at].next > 0) {
        at = h->chain[at].next;
    }
    return at == 0 ? -1 : h->chain[at].node;
}

static void
set_zeros(up_mediation *m)
{
    const upi_mechanism *h = &m->h;
    for (int64_t i = 0; i < m->n_rows; i++) {
        upi_mediated_row *row = &m->rows[i];
        int64_t path = path_of(h, row);
        if (path >= 0) {
            set_zero(m, row, last_mediator(h, path), h->n);
        } else if (row->value.kind == UP_MEDIATE_EDGE && row->param >= 0 &&
                   h->param[row->param].kind == UPI_PARAM_EDGE) {
            set_zero(m, row, h->param[row->param].k, h->param[row->param].equation);
        }
    }
}

/* ---- paths at a given correlation ---- */

typedef struct confounding {
    double rho;
    int64_t mediator;
    double complex *theta, *work, *value;
} confounding;

static void
confound(const upi_mechanism *h, const upi_system *s, confounding *c)
{
    int64_t n = h->n;
    int64_t mediator = c->mediator;
    double spread = sqrt(s->equation[n].rss / s->equation[mediator].rss);
    double d = c->rho * spread / sqrt(1 - c->rho * c->rho);
    for (int64_t q = 0; q < h->n_params; q++) {
        c->theta[q] = s->theta[q];
    }
    c->theta[h->edge_param[n * (n + 1) + mediator]] -= d;
    for (int64_t k = 0; k < n; k++) {
        int64_t there = h->edge_param[n * (n + 1) + k];
        int64_t own = h->edge_param[mediator * (n + 1) + k];
        if (there >= 0 && own >= 0) {
            c->theta[there] += s->theta[own] * d;
        }
    }
    for (int64_t l = 0; l < h->n_levels; l++) {
        int64_t there = h->arm_param[n * h->n_levels + l];
        int64_t own = h->arm_param[mediator * h->n_levels + l];
        if (there >= 0 && own >= 0) {
            c->theta[there] += s->theta[own] * d;
        }
    }
}

static bool
is_touched(const upi_mechanism *h, int64_t path, int64_t mediator)
{
    int64_t last = last_mediator(h, path);
    if (last < 0) {
        return h->from_arm[mediator];
    }
    return last == mediator || h->edge[mediator * (h->n + 1) + last];
}

static up_status
add_rows(up_mediation *m, int64_t system, int64_t arm, confounding *c, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    upi_text t = {0};
    confound(h, &m->stack.system[system], c);
    upi_path_values(h, m->opts.order, arm, c->theta, c->work, c->value);
    for (int64_t i = 0; i < h->n_paths; i++) {
        if (!is_touched(h, i, c->mediator)) {
            continue;
        }
        upi_mediated_row *row = NULL;
        UP_TRY(upi_mediated_add(m, UP_MEDIATE_SENSITIVITY, system, arm, &row, err));
        upi_mediated_path_text(h, i, &t);
        UP_TRY(upi_text_take(&t, &row->path, err));
        row->value.path = row->path;
        row->value.estimate = creal(c->value[i]);
        row->value.rho = c->rho;
        row->value.confounded = h->name[c->mediator];
    }
out:
    upi_text_free(&t);
    return status;
}

static up_status
check_rho(const up_mediate_opts *o, up_error *err)
{
    if (o->n_rho < 0 || (o->n_rho > 0 && o->rho == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, "rho",
            "the list is missing, or its length is negative");
    }
    for (int64_t i = 0; i < o->n_rho; i++) {
        if (!(o->rho[i] > -1 && o->rho[i] < 1)) {
            (void)upi_fail(err, UP_E_ARGUMENT, "rho",
                "rho is %g, but a correlation lies between -1 and 1", o->rho[i]);
            return upi_fix(err, "e.g. -0.3, 0.3");
        }
    }
    return UP_OK;
}

static up_status
add_grid(up_mediation *m, const up_mediate_opts *o, confounding *c, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    int64_t all = m->stack.n_systems * h->n_arms * h->n * o->n_rho;
    for (int64_t i = 0; i < all;
         i++) { /* rho is the fastest, then mediators, arms, systems */
        int64_t mediator = i / o->n_rho % h->n;
        int64_t arm = i / o->n_rho / h->n % h->n_arms;
        bool direct = h->edge[h->n * (h->n + 1) + mediator];
        c->mediator = mediator;
        c->rho = o->rho[i % o->n_rho];
        UP_TRY(
            direct ? add_rows(m, i / o->n_rho / h->n / h->n_arms, arm, c, err) : UP_OK);
    }
out:
    return status;
}

up_status
upi_mediated_sensitivity(up_mediation *m, const up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    confounding c = {0};
    UP_TRY(check_rho(o, err));
    if (o->sensitivity == 0 && o->n_rho == 0) {
        return UP_OK;
    }
    if (m->h.interacted) {
        (void)upi_fail(err, UP_E_MEDIATION, "sensitivity",
            "the sensitivity to confounding is known for systems without interactions");
        status = upi_fix(err, "leave the interactions out");
        goto out;
    }
    set_zeros(m);
    UP_TRY(UP_NEW(&c.theta, m->h.n_params, err));
    UP_TRY(UP_NEW(&c.work, m->h.n_chains, err));
    UP_TRY(UP_NEW(&c.value, m->h.n_paths, err));
    UP_TRY(add_grid(m, o, &c, err));
out:
    upi_free(c.theta);
    upi_free(c.work);
    upi_free(c.value);
    return status;
}
