/* up_fit_linear: from moments to the fitted model. The design decides whether the solver has one stage
 * or two; everything else is the same for every design. */
#include "base/opts.h"
#include "fit/fit.h"
#include "fit/posterior.h"
#include "num/sum.h"

#include <math.h>
#include <string.h>

/* ---- options ---- */

static up_status
read_options(const up_linear_opts *theirs, up_linear_opts *ours, up_error *err)
{
    up_status status = upi_opts_copy(ours, sizeof *ours, theirs, err);
    if (status != UP_OK) {
        return status;
    }
    ours->struct_size = sizeof *ours;
    if (ours->vcov < UP_VCOV_AUTO || ours->vcov > UP_VCOV_CR3) {
        return upi_fail(err, UP_E_ARGUMENT, "vcov", "vcov is %lld, not one of 0 to %d",
            (long long)ours->vcov, UP_VCOV_CR3);
    }
    if (ours->interactions < UP_INTERACT_FULL ||
        ours->interactions > UP_INTERACT_NONE) {
        return upi_fail(err, UP_E_ARGUMENT, "interactions",
            "interactions is %lld, not 0 or 1", (long long)ours->interactions);
    }
    if (!(ours->rank_tolerance >= 0 && ours->rank_tolerance < 1)) {
        return upi_fail(err, UP_E_ARGUMENT, "rank_tolerance",
            "rank_tolerance is %g, not in [0, 1)", ours->rank_tolerance);
    }
    return UP_OK;
}

/* ---- the design ---- */

static up_status
read_treatment(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    const upi_key *k = &m->keys[model->treat_key], *arms = &m->keys[m->arm];
    int64_t arm = 0;
    UP_TRY(upi_moments_control(m, m->arm, &arm, err));
    UP_TRY(upi_moments_control(m, model->treat_key, &model->treat_control, err));
    if (model->treat_key == m->treated &&
        upi_moments_control_chosen(m, model->treat_key) &&
        strcmp(k->label[model->treat_control], arms->label[arm]) != 0) {
        (void)upi_fail(err, UP_E_ARMS, k->name,
            "no level of '%s' is the control: neither '%s' nor 0 nor false", k->name,
            arms->label[arm]);
        status = upi_fix(err, "name one of its levels with control, e.g. '%s'",
            k->label[model->treat_control]);
    }
out:
    return status;
}

/* With the wrong arm as the control every effect has the opposite sign, so a guess is told. */
static up_status
note_control(up_model *model, int64_t key, up_error *err)
{
    const upi_key *k = &model->moments->keys[key];
    int64_t level =
        key == model->treat_key ? model->treat_control : model->inst_control;
    if (!upi_moments_control_chosen(model->moments, key)) {
        return UP_OK;
    }
    return upi_notes_add(&model->notes, UP_N_CONTROL_CHOSEN, k->name, (double)NAN,
        (double)NAN, err,
        "the control of '%s' is '%s', the first of its labels in order: none is called "
        "control, 0, false or A, and none of them was named; name it with control",
        k->name, k->label[level]);
}

static up_status
check_variation(const up_moments *m, int64_t key, up_error *err)
{
    int32_t first = upi_moments_code(m, 0, key);
    for (int64_t g = 1; g < m->n_groups; g++) {
        if (upi_moments_code(m, g, key) != first) {
            return UP_OK;
        }
    }
    upi_fail(err, UP_E_NO_VARIATION, m->keys[key].name, "'%s' is '%s' in every row",
        m->keys[key].name, m->keys[key].label[first]);
    return upi_fix(err, "the column that was randomised must have at least two values");
}

static up_status
read_design(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    upi_crosstab table;
    int64_t *count = NULL;
    memset(&table, 0, sizeof table);
    model->treat_key = m->treated >= 0 ? m->treated : m->arm;
    model->inst_key = m->instrument >= 0 ? m->instrument : m->arm;
    UP_TRY(check_variation(m, model->inst_key, err));
    UP_TRY(check_variation(m, model->treat_key, err));
    UP_TRY(read_treatment(model, err));
    UP_TRY(upi_moments_control(m, model->inst_key, &model->inst_control, err));
    UP_TRY(upi_moments_crosstab(m, &table, &count, err));
    table.control_treatment = model->treat_control;
    table.control_instrument = model->inst_control;
    UP_TRY(upi_identify(&table, &model->design, err));
    if (model->treat_key == model->inst_key) {
        model->design.iv = false;
    }
    UP_TRY(note_control(model, model->treat_key, err));
    if (model->inst_key != model->treat_key) {
        UP_TRY(note_control(model, model->inst_key, err));
    }
    if (!model->design.iv) {
        model->inst_key = model->treat_key;
        model->inst_control = model->treat_control;
    }
out:
    upi_free(count);
    return status;
}

/* ---- weights and centers ---- */

/* share of the arm / propensity keeps the scale of the weights near 1 and leaves constant
 * propensities without effect. */
static up_status
read_shares(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    const char *name = m->experiment->roles[UPI_ROLE_PROPENSITY].name;
    double *share = NULL;
    if (m->propensity < 0 && !(m->row_weighted && name != NULL)) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&share, m->keys[upi_randomised_key(m)].n_levels, err));
    double total = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double w = (double)m->n[g] * upi_group_population(model, g);
        share[upi_moments_code(m, g, upi_randomised_key(m))] += w;
        total += w;
    }
    for (int64_t l = 0; l < m->keys[upi_randomised_key(m)].n_levels; l++) {
        share[l] /= total;
    }
    model->share = share;
    UP_TRY(upi_notes_add(&model->notes, UP_N_PROPENSITY_WEIGHTS, name, (double)NAN,
        (double)NAN, err,
        "rows are weighted by the share of their arm over their propensity"));
out:
    return status;
}

static double
outcome_mean(const up_moments *m, int64_t c, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (m->form != UPI_TRI) {
        return m->mean[group * nv + m->nx + c];
    }
    const double *r = m->tri + group * ((1 + nv) * (2 + nv) / 2);
    return r[upi_packed(0, 1 + m->nx + c)] / r[0];
}

static double
outcome_within(const up_moments *m, int64_t c, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (m->form != UPI_TRI) {
        if (m->m2 == NULL) {
            return 0;
        }
        return m->m2[group * (nv * (nv + 1) / 2) + upi_packed(m->nx + c, m->nx + c)];
    }
    const double *r = m->tri + group * ((1 + nv) * (2 + nv) / 2);
    double s = 0;
    for (int64_t i = 1; i <= 1 + m->nx + c; i++) {
        double v = r[upi_packed(i, 1 + m->nx + c)];
        s += v * v;
    }
    return s;
}

/* The mean of outcome c over all rows, and whether it is the same in each of them. */
static bool
summarise(const up_moments *m, int64_t c, double *mean)
{
    upi_sum total = {0, 0};
    double first = outcome_mean(m, c, 0);
    double slack = 1e-13 * fabs(first);
    bool constant = true;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double own = outcome_mean(m, c, g);
        double n = (double)m->n[g];
        upi_sum_add(&total, n * own);
        constant = constant && fabs(own - first) <= slack &&
                   outcome_within(m, c, g) <= slack * slack * n;
    }
    *mean = upi_sum_value(&total) / (double)m->n_rows;
    return constant;
}

/* Squares of numbers below this lose digits or vanish, and a standard error of 0 would be an
 * answer. Numbers that are too large are found when they are read. */
static const double smallest = 1e-140;

static up_status
refuse_tiny(const char *name, const char *what, double size, up_error *err)
{
    (void)upi_fail(err, UP_E_NOT_FINITE, name,
        "'%s' is about %.1g: squares of numbers that small are 0 in double precision",
        name, size);
    return upi_fix(err, "rescale the %s", what);
}

static up_status
check_outcome_size(const up_moments *m, int64_t c, up_error *err)
{
    double largest = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        largest = fmax(largest, fabs(outcome_mean(m, c, g)));
    }
    return largest > 0 && largest < smallest
               ? refuse_tiny(m->experiment->components[c].name, "metric", largest, err)
               : UP_OK;
}

static up_status
check_weight_size(const up_model *model, up_error *err)
{
    const up_moments *m = model->moments;
    const char *name = m->experiment->roles[UPI_ROLE_WEIGHT].name;
    double total = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        total += (double)m->n[g] * upi_group_population(model, g);
    }
    double mean = total / (double)m->n_rows;
    return name != NULL && mean < smallest ? refuse_tiny(name, "weight", mean, err)
                                           : UP_OK;
}

static up_status
note_constant(up_model *model, int64_t c, double mean, up_error *err)
{
    const char *name = model->moments->experiment->components[c].name;
    return upi_notes_add(&model->notes, UP_W_CONSTANT, name, mean, (double)NAN, err,
        "'%s' is %g in every row: there is nothing to explain", name, mean);
}

static up_status
read_outcomes(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    UP_TRY(check_weight_size(model, err));
    UP_TRY(UP_NEW(&model->cov->y_center, m->ny, err));
    for (int64_t c = 0; c < m->ny; c++) {
        double *mean = &model->cov->y_center[c];
        UP_TRY(summarise(m, c, mean) ? note_constant(model, c, *mean, err)
                                     : check_outcome_size(m, c, err));
    }
out:
    return status;
}

static up_status
note_no_covariates(up_model *m, up_error *err)
{
    if (m->moments->experiment->n_covariates > 0) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_N_NO_COVARIATES, "covariates", (double)NAN,
        (double)NAN, err,
        "No covariates are in the model; columns from before the experiment would make "
        "the intervals narrower.");
}

/* ---- the two halves ---- */

up_status
upi_model_new(
    up_moments *moments, const up_linear_opts *opts, up_model **out, up_error *err)
{
    up_status status = UP_OK;
    up_model *m = NULL;
    UP_TRY(UP_NEW(&m, 1, err));
    m->moments = moments;
    m->n_rows = moments->n_rows;
    m->first_stage_f = (double)NAN;
    UP_TRY(UP_NEW(&m->cov, 1, err));
    m->cov->moments = moments;
    m->cov->width = 1 + moments->nx;
    UP_TRY(read_options(opts, &m->opts, err));
    if (moments->n_groups < 1 || moments->arm < 0) {
        status = upi_fail(err, UP_E_EMPTY, NULL, "the moments hold no rows");
        goto out;
    }
    UP_TRY(upi_notes_append(&m->notes, &moments->notes, err));
    UP_TRY(note_no_covariates(m, err));
    UP_TRY(read_design(m, err));
    UP_TRY(read_shares(m, err));
    UP_TRY(upi_note_adapting(m, err));
    UP_TRY(read_outcomes(m, err));
    UP_TRY(upi_bases_build(m, err));
    *out = m;
    m = NULL;
out:
    up_model_free(m);
    return status;
}

up_status
upi_model_solve(up_model *m, const upi_rows *rows, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_columns_build(m, err));
    UP_TRY(upi_cells_build(m, err));
    UP_TRY(upi_solve_equations(m, err));
    UP_TRY(upi_covariance_build(m, rows, run, err));
    UP_TRY(UP_NEW(&m->cov->df_lock, 1, err));
    (void)pthread_mutex_init(&m->cov->df_lock->mutex, NULL);
    UP_TRY(upi_first_stage_test(m, err));
out:
    return status;
}

static up_status
visit_moments(void *ctx, const up_moments *m, const upi_row_visitor *v,
    const up_run *run, up_error *err)
{
    (void)ctx;
    return upi_moments_visit_rows(m, v, run, err);
}

up_status
up_fit_linear(up_moments *moments, const up_linear_opts *opts, const up_run *run,
    up_model **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_model *m = NULL;
    const upi_rows rows = {.visit = visit_moments, .ctx = NULL};
    UP_ASSERT(out != NULL);
    if (moments == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "moments", "no moments were given");
    }
    UP_TRY(upi_model_new(moments, opts, &m, err));
    UP_TRY(m != NULL ? upi_model_solve(m, &rows, run, err) : UP_E_INTERNAL);
    *out = m;
    m = NULL;
out:
    up_model_free(m);
    return status;
}

void
up_model_free(up_model *m)
{
    if (m == NULL) {
        return;
    }
    upi_cov_free(m->cov, m->n_equations);
    upi_posterior_free(m->posterior);
    for (int64_t e = 0; e < m->n_equations && m->coef != NULL; e++) {
        upi_free(m->coef[e]);
    }
    for (int64_t j = 0; j < m->n_base; j++) {
        upi_free(m->base[j].name);
    }
    upi_free(m->coef);
    upi_free(m->base);
    upi_free(m->sigma2);
    upi_free(m->share);
    upi_basis_free(&m->x);
    upi_basis_free(&m->z);
    upi_notes_free(&m->notes);
    upi_free(m);
}

/* ---- accessors ---- */

static bool
in_range(const up_model *m, int64_t component, int64_t j)
{
    return component >= 0 && component < m->moments->ny && j >= 0 && j < m->x.p;
}

int64_t
up_model_coefs(const up_model *m)
{
    return m->x.p;
}

const char *
up_model_coef_name(const up_model *m, int64_t j)
{
    return j >= 0 && j < m->x.p ? m->x.name[j] : NULL;
}

double
up_model_coef(const up_model *m, int64_t component, int64_t j)
{
    return in_range(m, component, j) ? m->coef[component][j] : (double)NAN;
}

double
up_model_std_error(const up_model *m, int64_t component, int64_t j)
{
    if (!in_range(m, component, j)) {
        return (double)NAN;
    }
    double v = upi_model_block(m, component, component)[j + j * m->x.p];
    return v > 0 ? sqrt(v) : 0;
}

double
up_model_df(const up_model *m, int64_t component, int64_t j)
{
    if (!in_range(m, component, j)) {
        return (double)NAN;
    }
    double *l = upi_calloc(m->x.p, sizeof *l);
    if (l == NULL) {
        return (double)NAN;
    }
    l[j] = 1;
    double df = upi_model_df(m, component, l);
    upi_free(l);
    return df;
}

int64_t
up_model_components(const up_model *m)
{
    return m->moments->ny;
}

const char *
up_model_component(const up_model *m, int64_t c)
{
    bool known = c >= 0 && c < m->moments->ny;
    return known ? m->moments->experiment->components[c].name : NULL;
}

int64_t
up_model_rows(const up_model *m)
{
    return m->n_rows;
}

int64_t
up_model_clusters(const up_model *m)
{
    return m->n_clusters[0];
}

const char *
up_model_vcov(const up_model *m)
{
    return upi_vcov_name(m->opts.vcov);
}

const char *
up_model_estimand(const up_model *m)
{
    return m->design.estimand_text;
}

double
up_model_first_stage_f(const up_model *m)
{
    return m->first_stage_f;
}

int64_t
up_model_notes(const up_model *m)
{
    return m->notes.n;
}

up_note
up_model_note(const up_model *m, int64_t i)
{
    if (i < 0 || i >= m->notes.n) {
        return (up_note){.number = (double)NAN, .threshold = (double)NAN};
    }
    return m->notes.items[i];
}
