/* The columns of the model. Base functions f are the intercept, the covariates and time; the
 * regressors are [f, 1{D=d} f] and the instruments [f, 1{Z=z} f] (Lin 2013; arXiv 2604.24116,
 * eqs. 6-7). Every column is a number per group times one entry of u = (1, x - center), so that
 * rows are never needed. Numbers are centred at their mean: it makes the coefficient of an arm the
 * effect at the average, and keeps the columns far from the intercept. */
#include "fit/fit.h"
#include "num/sum.h"

#include <math.h>
#include <string.h>

/* Which of the two factors of a row's weight are in the triangle rather than in a key. */
static bool
scaled_by(const up_moments *m, int role, int64_t key)
{
    return m->row_weighted && key < 0 && m->experiment->roles[role].name != NULL;
}

double
upi_moments_x_weighted_mean(const up_moments *m, int64_t k, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (m->form != UPI_TRI) {
        return m->mean[group * nv + k];
    }
    const double *r = m->tri + group * ((1 + nv) * (2 + nv) / 2);
    return r[upi_packed(0, 1 + k)] / r[0];
}

/* Averages are over people: a propensity has no part in them, and the plain mean of the record
 * is the one wanted. Where analytic weights differ by row as well, the triangle's mean, in which
 * both have a part, is the closest that was kept. */
double
upi_moments_x_mean(const up_moments *m, int64_t k, int64_t group)
{
    bool plain = m->form == UPI_TRI && m->mean != NULL &&
                 scaled_by(m, UPI_ROLE_PROPENSITY, m->propensity) &&
                 !scaled_by(m, UPI_ROLE_WEIGHT, m->weight);
    return plain ? m->mean[group * (m->nx + m->ny) + k]
                 : upi_moments_x_weighted_mean(m, k, group);
}

double
upi_moments_x_cross(const up_moments *m, int64_t k, int64_t l, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (m->nx == 0) {
        return 0;
    }
    if (l < k) {
        int64_t swap = k;
        k = l;
        l = swap;
    }
    if (m->form != UPI_TRI) {
        return m->m2[group * (nv * (nv + 1) / 2) + upi_packed(k, l)];
    }
    const double *r = m->tri + group * ((1 + nv) * (2 + nv) / 2);
    double s = 0;
    for (int64_t i = 1; i <= k + 1; i++) {
        s += r[upi_packed(i, 1 + k)] * r[upi_packed(i, 1 + l)];
    }
    return s;
}

/* Where weights differ by row, the triangle holds their sum; as long as they are analytic
 * weights alone, that is what averages over people need. */
double
upi_group_population(const up_model *model, int64_t group)
{
    const up_moments *m = model->moments;
    if (m->weight >= 0) {
        return m->keys[m->weight].number[upi_moments_code(m, group, m->weight)];
    }
    if (scaled_by(m, UPI_ROLE_WEIGHT, m->weight) &&
        !scaled_by(m, UPI_ROLE_PROPENSITY, m->propensity)) {
        int64_t width = 1 + m->nx + m->ny;
        double r = m->tri[group * (width * (width + 1) / 2)];
        return r * r / (double)m->n[group];
    }
    return 1;
}

double
upi_group_weight(const up_model *model, int64_t group)
{
    const up_moments *m = model->moments;
    double w = 1;
    if (m->weight >= 0) {
        w = m->keys[m->weight].number[upi_moments_code(m, group, m->weight)];
    }
    if (model->share != NULL) {
        w *= model->share[upi_moments_code(m, group, upi_randomised_key(m))];
    }
    if (m->propensity >= 0) {
        w /= m->keys[m->propensity].number[upi_moments_code(m, group, m->propensity)];
    }
    return w;
}

/* ---- base functions ---- */

static double
base_value(const up_model *model, const upi_base *f, int64_t group)
{
    const up_moments *m = model->moments;
    if (f->kind == UPI_BASE_ONE || f->kind == UPI_BASE_X) {
        return 1;
    }
    int64_t level = upi_moments_code(m, group, f->key);
    if (f->kind == UPI_BASE_LEVEL) {
        return level == f->level ? 1 : 0;
    }
    /* A missing number stands at the mean; its indicator takes the difference. */
    if (level == m->keys[f->key].missing_level) {
        return 0;
    }
    return m->keys[f->key].number[level] - f->center;
}

double
upi_base_mean(const up_model *m, int64_t j, int64_t group)
{
    const upi_base *f = &m->base[j];
    if (f->kind == UPI_BASE_X) {
        return upi_moments_x_mean(m->moments, f->x, group) - f->center;
    }
    return base_value(m, f, group);
}

static double
center_of(const up_model *model, const upi_base *f)
{
    const up_moments *m = model->moments;
    upi_sum total = {0, 0};
    upi_sum weight = {0, 0};
    for (int64_t g = 0; g < m->n_groups; g++) {
        double w = (double)m->n[g] * upi_group_population(model, g);
        double v = 0;
        if (f->kind == UPI_BASE_X) {
            v = upi_moments_x_mean(m, f->x, g);
        } else {
            int64_t level = upi_moments_code(m, g, f->key);
            if (level == m->keys[f->key].missing_level) {
                continue;
            }
            v = m->keys[f->key].number[level];
        }
        upi_sum_add(&total, w * v);
        upi_sum_add(&weight, w);
    }
    double w = upi_sum_value(&weight);
    return w > 0 ? upi_sum_value(&total) / w : 0;
}

static up_status
add_base(up_model *model, int64_t *capacity, upi_base f, upi_text *name, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&model->base, capacity, model->n_base + 1, err));
    UP_TRY(upi_text_take(name, &f.name, err));
    f.interacted = f.kind != UPI_BASE_ONE &&
                   (f.time || model->opts.interactions == UP_INTERACT_FULL);
    model->base[model->n_base++] = f;
out:
    upi_text_free(name);
    return status;
}

static up_status
add_levels(up_model *model, int64_t *capacity, int64_t key, up_error *err)
{
    const upi_key *k = &model->moments->keys[key];
    for (int64_t l = 1; l < k->n_levels; l++) {
        upi_text name = {0};
        if (k->role == UPI_KEY_MISSING) {
            upi_text_addf(&name, "%s is missing",
                model->moments->experiment->covariates[k->index].v.name);
        } else {
            upi_text_addf(&name, "%s=%s", k->name, k->label[l]);
        }
        upi_base f = {.kind = UPI_BASE_LEVEL,
            .key = key,
            .level = l,
            .x = -1,
            .time = k->role == UPI_KEY_TIME};
        up_status status = add_base(model, capacity, f, &name, err);
        if (status != UP_OK) {
            return status;
        }
    }
    return UP_OK;
}

static up_status
add_number(up_model *model, int64_t *capacity, int64_t key, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *k = &model->moments->keys[key];
    upi_text name = {0};
    upi_base f = {.kind = UPI_BASE_NUMBER, .key = key, .level = -1, .x = -1};
    f.center = center_of(model, &f);
    upi_text_add(&name, k->name);
    UP_TRY(add_base(model, capacity, f, &name, err));
    if (k->missing_level >= 0) {
        upi_text_addf(&name, "%s is missing", k->name);
        upi_base missing = {
            .kind = UPI_BASE_LEVEL, .key = key, .level = k->missing_level, .x = -1};
        UP_TRY(add_base(model, capacity, missing, &name, err));
    }
out:
    return status;
}

static up_status
add_continuous(up_model *model, int64_t *capacity, int64_t x, up_error *err)
{
    const up_moments *m = model->moments;
    upi_text name = {0};
    upi_base f = {.kind = UPI_BASE_X, .key = -1, .level = -1, .x = x};
    f.center = center_of(model, &f);
    upi_text_add(&name, m->experiment->covariates[m->x_covariate[x]].v.name);
    return add_base(model, capacity, f, &name, err);
}

static bool
is_factor(const up_moments *m, const upi_key *k)
{
    return m->experiment->covariates[k->index].factor || k->type == UPI_STR ||
           k->type == UPI_BOOL;
}

static up_status
add_covariate(up_model *model, int64_t *capacity, int64_t covariate, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *key = &m->keys[k];
        if (key->role != UPI_KEY_COVARIATE || key->index != covariate) {
            continue;
        }
        UP_TRY(is_factor(m, key) ? add_levels(model, capacity, k, err)
                                 : add_number(model, capacity, k, err));
    }
    for (int64_t k = 0; k < m->nx; k++) {
        bool own = m->x_covariate[k] == covariate;
        UP_TRY(own ? add_continuous(model, capacity, k, err) : UP_OK);
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        bool own = m->keys[k].role == UPI_KEY_MISSING && m->keys[k].index == covariate;
        UP_TRY(own ? add_levels(model, capacity, k, err) : UP_OK);
    }
out:
    return status;
}

up_status
upi_bases_build(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    int64_t capacity = 0;
    upi_text name = {0};
    upi_text_add(&name, "(Intercept)");
    upi_base one = {.kind = UPI_BASE_ONE, .key = -1, .level = -1, .x = -1};
    UP_TRY(add_base(model, &capacity, one, &name, err));
    int64_t n = model->opts.no_covariates != 0 ? 0 : m->experiment->n_covariates;
    for (int64_t c = 0; c < n; c++) {
        UP_TRY(add_covariate(model, &capacity, c, err));
    }
    if (m->time >= 0) {
        UP_TRY(add_levels(model, &capacity, m->time, err));
    }
out:
    return status;
}

/* ---- columns ---- */

int64_t
upi_basis_key(const up_model *m, const upi_basis *b)
{
    return b == &m->x ? m->treat_key : m->inst_key;
}

double
upi_term_value(const up_model *m, const upi_basis *b, upi_term term, int64_t group)
{
    if (term.level >= 0 &&
        upi_moments_code(m->moments, group, upi_basis_key(m, b)) != term.level) {
        return 0;
    }
    return base_value(m, &m->base[term.base], group);
}

int64_t
upi_term_place(const up_model *m, upi_term term)
{
    const upi_base *f = &m->base[term.base];
    return f->kind == UPI_BASE_X ? 1 + f->x : 0;
}

static up_status
add_column(const up_model *m, upi_basis *b, upi_term term, up_error *err)
{
    upi_text name = {0};
    if (term.level >= 0) {
        const upi_key *k = &m->moments->keys[upi_basis_key(m, b)];
        upi_text_addf(&name, "%s=%s", k->name, k->label[term.level]);
    }
    if (term.level < 0 || term.base > 0) {
        upi_text_addf(
            &name, "%s%s", term.level >= 0 ? ":" : "", m->base[term.base].name);
    }
    up_status status = upi_text_take(&name, &b->name[b->p], err);
    if (status == UP_OK) {
        b->term[b->p++] = term;
    }
    return status;
}

/* Columns in the order in which repeated ones are dropped: the intercept and the indicators
 * of the arms first, then main effects, then their products with the arms. */
static up_status
build_columns(const up_model *m, upi_basis *b, int64_t control, up_error *err)
{
    up_status status = UP_OK;
    int64_t levels = m->moments->keys[upi_basis_key(m, b)].n_levels;
    int64_t n = m->n_base;
    UP_TRY(UP_NEW(&b->term, n * levels, err));
    UP_TRY(UP_NEW(&b->name, n * levels, err));
    UP_TRY(add_column(m, b, (upi_term){0, -1}, err));
    for (int64_t l = 0; l < levels; l++) {
        UP_TRY(l == control ? UP_OK : add_column(m, b, (upi_term){0, l}, err));
    }
    for (int64_t j = 1; j < n; j++) {
        UP_TRY(add_column(m, b, (upi_term){j, -1}, err));
    }
    for (int64_t i = 0; i < levels * n; i++) {
        upi_term term = {i % n, i / n};
        bool wanted = term.level != control && m->base[term.base].interacted;
        UP_TRY(wanted ? add_column(m, b, term, err) : UP_OK);
    }
out:
    return status;
}

up_status
upi_columns_build(up_model *m, up_error *err)
{
    up_status status = build_columns(m, &m->x, m->treat_control, err);
    if (status == UP_OK && m->design.iv) {
        status = build_columns(m, &m->z, m->inst_control, err);
    }
    return status;
}

void
upi_basis_free(upi_basis *b)
{
    for (int64_t j = 0; j < b->p; j++) {
        upi_free(b->name[j]);
    }
    upi_free(b->name);
    upi_free(b->term);
    upi_free(b->bread);
    upi_free(b->dropped);
    upi_free(b->combination);
    upi_free(b->dropped_size);
    memset(b, 0, sizeof *b);
}

/* ---- repeated columns ---- */

enum { MOST_TERMS = 6 }; /* of a combination that is written out */

void
upi_combination_text(
    const upi_basis *b, int64_t j, const double *combination, upi_text *out)
{
    upi_text_addf(out, "%s =", b->name[j]);
    double largest = 0;
    for (int64_t k = 0; k < b->p; k++) {
        largest = fmax(largest, fabs(combination[k]));
    }
    bool first = true;
    int64_t terms = 0;
    for (int64_t k = 0; k < b->p; k++) {
        double c = combination[k];
        if (fabs(c) <= 1e-8 * largest || ++terms > MOST_TERMS) {
            continue;
        }
        const char *sign = c < 0 ? "-" : "+";
        upi_text_addf(out, first && c > 0 ? " " : " %s ", sign);
        if (fabs(fabs(c) - 1) > 1e-8) {
            char digits[UPI_DOUBLE_CHARS];
            upi_double_text_digits(fabs(c), 4, digits);
            upi_text_addf(out, "%s ", digits);
        }
        upi_text_add(out, b->name[k]);
        first = false;
    }
    if (first) {
        upi_text_add(out, " 0 in every row");
    } else if (terms > MOST_TERMS) {
        upi_text_addf(out, " and %lld more", (long long)(terms - MOST_TERMS));
    }
}

static up_status
note_dropped(up_model *m, const upi_basis *b, int64_t j, const double *combination,
    up_error *err)
{
    upi_text text = {0};
    upi_combination_text(b, j, combination, &text);
    char *s = NULL;
    up_status status = upi_text_take(&text, &s, err);
    if (status == UP_OK) {
        status = upi_notes_add(&m->notes, UP_N_COLUMN_DROPPED, b->name[j], (double)NAN,
            (double)NAN, err, "%s", s);
    }
    upi_free(s);
    upi_text_free(&text);
    return status;
}

up_status
upi_basis_reduce(up_model *m, upi_basis *b, const int64_t *keep,
    const double *combination, const double *size, up_error *err)
{
    up_status status = UP_OK;
    int64_t p = b->p;
    int64_t kept = 0;
    for (int64_t j = 0; j < p; j++) {
        kept += keep[j] != 0;
    }
    UP_TRY(UP_NEW(&b->dropped, p - kept, err));
    UP_TRY(UP_NEW(&b->combination, kept * (p - kept), err));
    UP_TRY(UP_NEW(&b->dropped_size, p - kept, err));
    b->n_dropped = 0;
    for (int64_t j = 0; j < p; j++) {
        if (keep[j] != 0) {
            continue;
        }
        UP_TRY(note_dropped(m, b, j, combination + j * p, err));
        double *out = b->combination + kept * b->n_dropped;
        b->dropped_size[b->n_dropped] = size[0] > 0 ? size[j] / size[0] : 0;
        b->dropped[b->n_dropped++] = b->term[j];
        int64_t to = 0;
        for (int64_t k = 0; k < p; k++) {
            if (keep[k] != 0) {
                out[to++] = combination[k + j * p];
            }
        }
    }
    kept = 0;
    for (int64_t j = 0; j < p; j++) {
        if (keep[j] != 0) {
            b->term[kept] = b->term[j];
            b->name[kept++] = b->name[j];
        } else {
            upi_free(b->name[j]);
        }
    }
    b->p = kept;
out:
    return status;
}

/* A combination at the average of a centred column is 0 but for rounding, in l and in ld alike:
 * such values are small beside what the column is in the rows. */
bool
upi_model_estimable(const up_model *m, int64_t e, const double *l, const double *ld)
{
    const upi_basis *b = upi_model_basis(m, e);
    for (int64_t j = 0; j < b->n_dropped; j++) {
        double value = 0;
        double size = fmax(fabs(ld[j]), b->dropped_size[j]);
        for (int64_t k = 0; k < b->p; k++) {
            double part = b->combination[k + j * b->p] * l[k];
            value += part;
            size = fmax(size, fabs(part));
        }
        if (fabs(value - ld[j]) > 1e-7 * size) {
            return false;
        }
    }
    return true;
}
