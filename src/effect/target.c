/* From what is said of a target to weights of the rows: what is constrained, whether the
 * experiment reaches it, the weights, and what they cost.
 *
 * The effects of an interacted model are linear in the means of its base functions, so that a
 * target is wanted as means: shares of levels, means of numbers, of another population all of
 * them. A level or mean that the experiment does not have is refused with the numbers; so is a
 * level, or a cell by its share, without rows in an arm: its effect would be made up by the
 * model. A level without a share takes its rows out. */
#include "effect/target_work.h"
#include "num/matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A continuous covariate's range is not kept with the records: its mean may be moved by at
 * most this many standard deviations. */
static const double most_deviations = 3;

void
upi_target_free(upi_target *t)
{
    if (t == NULL) {
        return;
    }
    upi_free(t->base);
    upi_free(t->column);
    upi_free(t->mean);
    upi_free(t->lambda);
    upi_free(t->slope);
    upi_free(t->weight);
    upi_free(t->inverse);
    upi_free(t->damp);
    upi_free(t->stratum);
    upi_free(t->share);
    upi_free(t->root);
    upi_free(t->count);
    upi_free(t->start);
    upi_free(t->entry);
    upi_free(t->value);
    upi_free(t->table);
    upi_free(t);
}

/* ---- can the model be projected, and by what is asked for? ---- */

static up_status
require_interactions(const up_model *m, up_error *err)
{
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *b = &m->base[j];
        if (b->kind != UPI_BASE_ONE && b->interacted && !b->time) {
            return UP_OK;
        }
    }
    bool none = m->n_base > 1 && m->opts.interactions == UP_INTERACT_NONE;
    (void)upi_fail(err, UP_E_CONDITION, none ? "interactions" : "covariates",
        "the model gives one effect for everyone, so that it would be the same in any "
        "population");
    return upi_fix(err, none ? "fit with interactions of the arms and the covariates"
                             : "fit with the covariates in which the target differs");
}

static up_status
refuse_method(const char *what, const char *fix, up_error *err)
{
    (void)upi_fail(err, UP_E_ARGUMENT, "method", "%s", what);
    return upi_fix(err, "%s", fix);
}

/* What is said of a target without another population. */
static up_status
choose_for_wish(upi_target_work *b, up_error *err)
{
    upi_target *t = b->t;
    bool one = b->wish.n_shares == 1 && b->wish.n_means == 0;
    if (t->method == UP_TARGET_AUTO) {
        t->method = one                    ? UP_TARGET_SHARES
                    : b->wish.n_means == 0 ? UP_TARGET_RAKING
                                           : UP_TARGET_ENTROPY;
    }
    if (t->method == UP_TARGET_SHARES && !one) {
        return refuse_method("known shares are those of one covariate, or of all "
                             "together in another population",
            "use raking for several margins, entropy where there are means", err);
    }
    if (t->method == UP_TARGET_RAKING && b->wish.n_means > 0) {
        return refuse_method("raking is for shares of levels, not for means",
            "use entropy, which takes both", err);
    }
    if (t->method == UP_TARGET_ODDS) {
        return refuse_method("the odds of being in the target need its rows",
            "give another population, or use entropy", err);
    }
    return UP_OK;
}

static up_status
choose_for_population(upi_target_work *b, up_error *err)
{
    bool levels = true; /* all are categorical */
    bool cells = true;  /* all have few values, on both sides */
    for (int64_t j = 0; j < b->m->n_base; j++) {
        const upi_base *base = &b->m->base[j];
        bool own = base->kind != UPI_BASE_ONE && !base->time;
        levels = levels && (!own || base->kind == UPI_BASE_LEVEL);
        cells = cells && (!own || (base->kind != UPI_BASE_X && b->census.key[j] != -1));
    }
    int64_t method = b->t->method;
    if (method == UP_TARGET_AUTO) {
        b->t->method = cells ? UP_TARGET_SHARES : UP_TARGET_ENTROPY;
    }
    if (method == UP_TARGET_RAKING && !levels) {
        return refuse_method("raking is for categorical covariates, and the model has "
                             "a number",
            "use entropy, which takes both", err);
    }
    if (!cells && (method == UP_TARGET_SHARES || method == UP_TARGET_ODDS)) {
        return refuse_method("a covariate of the model is continuous, so that it has "
                             "no cells",
            "use entropy, or fit with it in bands: floor(x / 10)", err);
    }
    return UP_OK;
}

/* ---- another population in the words of a wish ---- */

/* A covariate by its levels, not the indicator that a number is missing. */
static bool
is_factor(const up_model *m, int64_t key)
{
    bool number = m->moments->keys[key].role != UPI_KEY_COVARIATE;
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *b = &m->base[j];
        number = number || (b->kind == UPI_BASE_NUMBER && b->key == key);
    }
    return !number;
}

static up_status
wish_of_level(upi_target_work *b, const upi_base *base, double share, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *k = &b->m->moments->keys[base->key];
    double **shares = &b->wish.share[base->key];
    if (*shares == NULL) {
        UP_TRY(UP_NEW(shares, k->n_levels, err));
        (*shares)[0] = 1;
    }
    (*shares)[base->level] = share;
    (*shares)[0] -= share;
out:
    return status;
}

static up_status
wish_of_base(upi_target_work *b, int64_t j, up_error *err)
{
    const up_model *m = b->m;
    const upi_base *base = &m->base[j];
    const upi_census *c = &b->census;
    b->wish.mean[j] = (double)NAN;
    if (base->kind == UPI_BASE_ONE || base->time) {
        return UP_OK;
    }
    double sum = 0;
    for (int64_t g = 0; g < c->n; g++) {
        sum += (double)c->m->n[g] * upi_census_base(m, c, j, g);
    }
    if (base->kind == UPI_BASE_LEVEL && is_factor(m, base->key)) {
        return wish_of_level(b, base, sum / c->total, err);
    }
    b->wish.mean[j] = sum / c->total;
    return UP_OK;
}

static up_status
wish_of_census(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = b->m;
    UP_TRY(UP_NEW(&b->wish.share, m->moments->n_keys, err));
    UP_TRY(UP_NEW(&b->wish.mean, m->n_base, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        UP_TRY(wish_of_base(b, j, err));
    }
    for (int64_t k = 0; k < m->moments->n_keys; k++) {
        double *share = b->wish.share[k];
        if (share != NULL && share[0] < 1e-12) {
            share[0] = 0; /* what is left of 1 is rounding */
        }
    }
out:
    return status;
}

/* ---- support ---- */

static up_status
check_level(const upi_target_work *b, int64_t key, int64_t level, up_error *err)
{
    const upi_population *p = b->p;
    const upi_key *k = &b->m->moments->keys[key];
    const upi_key *arms = &b->m->moments->keys[b->m->inst_key];
    for (int64_t a = 0; a < p->n_arms; a++) {
        int64_t rows = 0;
        int64_t all = 0;
        for (int64_t q = 0; q < p->n; q++) {
            bool own = upi_target_code(p, q, key) == level;
            rows += own ? p->rows[q * p->n_arms + a] : 0;
            for (int64_t i = 0; own && i < p->n_arms; i++) {
                all += p->rows[q * p->n_arms + i];
            }
        }
        if (rows == 0 && upi_arm_needed(b->e, b->q, a)) {
            (void)upi_fail(err, UP_E_SUPPORT, k->name,
                "%.3g of the target is %s '%s', of which the experiment has %lld rows, "
                "but none in arm '%s'",
                b->wish.share[key][level], k->name, k->label[level], (long long)all,
                arms->label[a]);
            return upi_fix(
                err, "project to a target without %s '%s'", k->name, k->label[level]);
        }
    }
    return UP_OK;
}

/* Levels need rows in every arm; a level without a share takes its rows out. */
static up_status
check_key(const upi_target_work *b, int64_t key, up_error *err)
{
    up_status status = UP_OK;
    const double *share = b->wish.share[key];
    for (int64_t l = 0; l < b->m->moments->keys[key].n_levels; l++) {
        UP_TRY(share[l] > 0 ? check_level(b, key, l, err) : UP_OK);
    }
    for (int64_t q = 0; q < b->p->n; q++) {
        if (share[upi_target_code(b->p, q, key)] == 0) {
            b->t->weight[q] = 0;
        }
    }
out:
    return status;
}

static up_status
check_levels(const upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t k = 0; k < b->m->moments->n_keys; k++) {
        UP_TRY(b->wish.share[k] != NULL ? check_key(b, k, err) : UP_OK);
    }
out:
    return status;
}

static up_status
refuse_mean(const upi_base *b, double target, const char *what, double low, double high,
    up_error *err)
{
    (void)upi_fail(err, UP_E_SUPPORT, b->name,
        "the target has a mean of %.6g for '%s', outside %s %.6g to %.6g of the "
        "experiment",
        target + b->center, b->name, what, low + b->center, high + b->center);
    return upi_fix(err, "the nearest valid mean is near %.6g",
        (target < low ? low : high) + b->center);
}

/* The mean of a number with few values must lie between them. */
static up_status
check_number(const upi_target_work *b, int64_t j, up_error *err)
{
    const upi_base *base = &b->m->base[j];
    double low = INFINITY;
    double high = -INFINITY;
    double target = b->wish.mean[j];
    for (int64_t q = 0; q < b->p->n; q++) {
        if (b->t->weight[q] > 0) {
            double x = upi_base_mean(b->m, j, b->p->group[q]);
            low = fmin(low, x);
            high = fmax(high, x);
        }
    }
    double slack = 1e-9 * (high - low);
    if (target < low - slack || target > high + slack) {
        return refuse_mean(base, target, "the values", low, high, err);
    }
    return UP_OK;
}

static up_status
check_continuous(const upi_target_work *b, int64_t j, up_error *err)
{
    const upi_population *p = b->p;
    const upi_base *base = &b->m->base[j];
    int64_t k = 1 + base->x;
    double n = 0;
    double sum = 0;
    double square = 0;
    for (int64_t q = 0; q < p->n; q++) {
        if (b->t->weight[q] > 0) {
            n += p->s[q * p->width];
            sum += p->s[q * p->width + k];
            square += p->f[(q * p->width + k) * p->width + k];
        }
    }
    double mean = sum / n;
    double sd = sqrt(fmax(square / n - mean * mean, 0));
    /* A normal moved by d standard deviations leaves n exp(-d^2) effective rows. */
    double most = fmin(most_deviations, sqrt(log(fmax(n / UPI_LEAST_EFFECTIVE, 1))));
    if (!(fabs(b->wish.mean[j] - mean) <= most * sd)) {
        char what[64];
        (void)snprintf(what, sizeof what, "the reach (%.3g standard deviations)", most);
        return refuse_mean(
            base, b->wish.mean[j], what, mean - most * sd, mean + most * sd, err);
    }
    return UP_OK;
}

/* Nothing is missing in the target: rows with a missing number have no weight. */
static void
leave_level_out(const upi_target_work *b, int64_t j)
{
    for (int64_t q = 0; q < b->p->n; q++) {
        if (upi_base_mean(b->m, j, b->p->group[q]) != 0) {
            b->t->weight[q] = 0;
        }
    }
    b->wish.mean[j] = (double)NAN;
}

static up_status
check_mean(const upi_target_work *b, int64_t j, up_error *err)
{
    const upi_base *base = &b->m->base[j];
    if (isnan(b->wish.mean[j])) {
        return UP_OK;
    }
    if (base->kind == UPI_BASE_LEVEL && b->wish.mean[j] == 0) {
        leave_level_out(b, j);
        return UP_OK;
    }
    return base->kind == UPI_BASE_X ? check_continuous(b, j, err)
                                    : check_number(b, j, err);
}

static up_status
check_means(const upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t j = 0; j < b->m->n_base; j++) {
        UP_TRY(check_mean(b, j, err));
    }
out:
    return status;
}

/* ---- constraints ---- */

static up_status
list_constraints(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    int64_t n = b->m->n_base;
    UP_TRY(UP_NEW(&t->base, n, err));
    UP_TRY(UP_NEW(&t->column, n, err));
    UP_TRY(UP_NEW(&t->mean, n, err));
    for (int64_t j = 0; j < n; j++) {
        const upi_base *base = &b->m->base[j];
        t->column[j] = -1;
        double mean = base->kind == UPI_BASE_ONE ? 1 : b->wish.mean[j];
        if (base->kind == UPI_BASE_LEVEL && !base->time &&
            b->wish.share[base->key] != NULL) {
            double share = b->wish.share[base->key][base->level];
            mean = share > 0 ? share : (double)NAN;
        }
        if (isnan(mean)) {
            continue;
        }
        t->dense = t->dense || base->kind == UPI_BASE_X;
        t->base[t->r] = j;
        t->mean[t->r] = mean;
        t->column[j] = t->r++;
    }
    UP_TRY(UP_NEW(&t->lambda, t->r, err));
    UP_TRY(UP_NEW(&t->slope, b->p->width, err));
    UP_TRY(UP_NEW(&t->inverse, t->r * t->r, err));
    UP_TRY(UP_NEW(&t->root, t->r * t->r, err));
out:
    return status;
}

/* ---- covariance of an estimated target ---- */

/* Of means of another population: rows, or clusters, are independent. */
static up_status
census_covariance(const upi_target_work *b, double *cov, up_error *err)
{
    up_status status = UP_OK;
    const upi_target *t = b->t;
    const upi_census *c = &b->census;
    const up_moments *m = c->m;
    int64_t r = t->r;
    double *z = NULL; /* of a record, then of a unit */
    UP_TRY(UP_NEW(&z, 2 * r, err));
    double *unit = z + r;
    for (int64_t g = 0; g < c->n; g++) {
        double n = (double)m->n[g];
        for (int64_t j = 0; j < r; j++) {
            z[j] = upi_census_base(b->m, c, t->base[j], g) - t->mean[j];
            unit[j] += (m->ways > 0 ? n : 1) * z[j];
        }
        bool last =
            m->ways == 0 || g + 1 == c->n || m->cluster[0][g + 1] != m->cluster[0][g];
        double weight = m->ways > 0 ? 1 : n;
        for (int64_t i = 0; last && i < r * r; i++) {
            double within =
                m->ways > 0 ? 0
                            : upi_census_cross(c, t->base[i % r], t->base[i / r], g);
            cov[i] += weight * unit[i % r] * unit[i / r] + within;
        }
        if (last) {
            memset(unit, 0, (size_t)r * sizeof *unit);
        }
    }
    for (int64_t i = 0; i < r * r; i++) {
        cov[i] /= c->total * c->total;
    }
out:
    upi_free(z);
    return status;
}

/* Of shares and means found from `size` units: the spread of the covariates in the weighted
 * experiment stands for that of the target. */
static void
known_covariance(const upi_target_work *b, const double *h, double *cov)
{
    const upi_target *t = b->t;
    int64_t r = t->r;
    for (int64_t i = 0; i < r * r; i++) {
        double c = h[i] / t->total - t->mean[i % r] * t->mean[i / r];
        cov[i] = c / (double)t->size;
    }
}

static up_status
balance(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    double *h = NULL;
    double *cov = NULL;
    UP_TRY(UP_NEW(&h, t->r * t->r, err));
    UP_TRY(UP_NEW(&cov, t->r * t->r, err));
    UP_TRY(upi_tilt_solve(b->p, t, err));
    upi_tilt_second(b->p, t, NULL, h);
    UP_TRY(upi_pseudo_inverse(t->r, h, t->inverse, err));
    if (b->census.n > 0) {
        UP_TRY(census_covariance(b, cov, err));
    } else if (t->size > 0) {
        known_covariance(b, h, cov);
    }
    upi_cholesky_semi(t->r, cov, t->r, 1e-12, t->root, t->r);
    for (int64_t i = 0; i < t->r * t->r; i++) {
        t->root[i] *= t->total;
    }
    UP_TRY(t->sampled ? upi_target_units(b, t->r, err) : UP_OK);
out:
    upi_free(h);
    upi_free(cov);
    return status;
}

/* ---- putting it together ---- */

static up_status
solve(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    upi_target *t = b->t;
    if (t->method == UP_TARGET_SHARES) {
        bool fits = true;
        UP_TRY(b->census.n > 0 ? upi_shares_of_cells(b, &fits, err)
                               : upi_shares_of_levels(b, err));
        if (fits) {
            goto out;
        }
        t->method = UP_TARGET_ENTROPY;
    }
    UP_TRY(check_means(b, err));
    UP_TRY(list_constraints(b, err));
    if (t->method == UP_TARGET_ODDS) {
        UP_TRY(upi_odds_solve(b->p, t, &b->census, err));
        UP_TRY(upi_target_units(b, t->r, err));
    } else {
        UP_TRY(balance(b, err));
    }
out:
    return status;
}

static up_status
read_target(upi_target_work *b, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(require_interactions(b->m, err));
    if (b->o->population != NULL) {
        UP_TRY(upi_census_make(b->m, b->o->population, &b->census, err));
        UP_TRY(wish_of_census(b, err));
        UP_TRY(choose_for_population(b, err));
        b->t->size = (int64_t)b->census.total;
    } else {
        UP_TRY(upi_wish_read(b->m, b->o, &b->wish, err));
        UP_TRY(choose_for_wish(b, err));
        b->t->size = b->o->size;
    }
    b->t->sampled = b->t->size > 0;
out:
    return status;
}

up_status
upi_target_make(up_effects *e, const upi_question *q, const up_project_opts *o,
    upi_target **out, up_error *err)
{
    up_status status = UP_OK;
    upi_population *p = e->cells;
    upi_target_work b = {.e = e, .q = q, .o = o, .p = p, .m = e->model};
    double *raw = NULL;
    UP_TRY(UP_NEW(&b.t, 1, err));
    b.t->method = o->method;
    UP_TRY(UP_NEW(&b.t->weight, p->n, err));
    UP_TRY(UP_NEW(&raw, p->n * p->width, err));
    memcpy(raw, p->s, (size_t)(p->n * p->width) * sizeof *raw);
    for (int64_t i = 0; i < p->n; i++) {
        b.t->weight[i] = 1;
        b.t->total += p->s[i * p->width];
    }
    UP_TRY(read_target(&b, err));
    UP_TRY(check_levels(&b, err));
    UP_TRY(solve(&b, err));
    UP_TRY(upi_target_measure(&b, err));
    UP_TRY(upi_target_tabulate(&b, raw, err));
    UP_TRY(upi_target_notes(&b, err));
    *out = b.t;
    b.t = NULL;
out:
    if (status != UP_OK) {
        p->target = NULL;
    }
    upi_free(raw);
    upi_wish_free(e->model, &b.wish);
    upi_census_free(e->model, &b.census);
    upi_target_free(b.t);
    return status;
}
