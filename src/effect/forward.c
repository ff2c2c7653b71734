/* Carrying effects forward in time by a rule.
 *
 * The effects y of the T observed periods, with joint covariance S, are fitted by the rule m by
 * generalised least squares: the minimum of (y - m)'S^-1 (y - m). With M the derivative of m in
 * the parameters and P = (M'S^-1 M)^-1, a forecast with derivative J is J times the parameters'
 * estimate and so, to first order, the combination g'y, g = S^-1 M P J' of the observed effects.
 * Forecasts are therefore sums of the points of the observed rows, and their standard errors,
 * covariances and intervals come about as those of any effect. The least value is the test of
 * lack of fit, by Hotelling's F since S is estimated. docs/projection.md eqs. 10-14.
 * Trap: for given r the rules with a factor are linear, so that the minimum is sought over r
 * alone, on a grid first: the sum of squares may have two minima. */
#include "effect/target.h"
#include "num/dist.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

enum { MOST_PARAMETERS = 3, GRID = 400, FEWEST_PERIODS = 3 };

static const double poor_fit = 0.05;
static const double no_fit = 0.001;

void
upi_forward_free(upi_forward *f)
{
    if (f == NULL) {
        return;
    }
    for (int64_t i = 0; f->label != NULL && i < f->horizon; i++) {
        upi_free(f->label[i]);
    }
    upi_free(f->label);
    upi_free(f->fit);
    upi_free(f);
}

void
upi_forward_nothing(up_forward_fit *f)
{
    double none = (double)NAN;
    *f = (up_forward_fit){"", "", "", none, none, none, none, none, none, none, none,
        none, none, none, none, none, none};
}

const char *
upi_forward_assumption(const upi_forward *f)
{
    static const char *const words[] = {
        "constancy: the effect stays as it was, in all periods to come",
        "linearity: the effect goes on changing by the same amount every period",
        "decay: the effect goes on shrinking by the same factor every period, to "
        "nothing",
        "convergence: the effect goes on nearing a level by the same factor every "
        "period"};
    return words[f->rule];
}

/* ---- the rules ---- */

typedef struct fitting {
    int64_t rule, n, k; /* periods, parameters: a, then b or r, then c */
    const double *t;    /* (n) times of the periods; the first is 0 */
    double step;        /* 1: from one period to the next */
    double *y;          /* (n) */
    double *inverse;    /* (n, n) of S */
    double *m;          /* (n, k) derivative */
    double *sm;         /* (n, k) S^-1 M */
    double *left;       /* (n) y - m */
    double at[MOST_PARAMETERS];
    double p[MOST_PARAMETERS * MOST_PARAMETERS];
    double value; /* (y - m)'S^-1 (y - m) */
} fitting;

static int64_t
parameters(int64_t rule)
{
    return rule == UP_FORWARD_CONSTANT ? 1 : rule == UP_FORWARD_LEVEL ? 3 : 2;
}

/* The effect at time t, and its derivative. */
static double
rule_at(const fitting *f, double t, double *d)
{
    const double *x = f->at;
    d[0] = 1;
    if (f->rule == UP_FORWARD_CONSTANT) {
        return x[0];
    }
    if (f->rule == UP_FORWARD_LINEAR) {
        d[1] = t;
        return x[0] + x[1] * t;
    }
    d[0] = pow(x[1], t);
    d[1] = t > 0 ? x[0] * t * pow(x[1], t - 1) : 0;
    d[2] = 1;
    return x[0] * d[0] + (f->rule == UP_FORWARD_LEVEL ? x[2] : 0);
}

/* Fills m, sm, left and value at the parameters in hand. */
static void
look(fitting *f)
{
    double d[MOST_PARAMETERS] = {0};
    for (int64_t i = 0; i < f->n; i++) {
        f->left[i] = f->y[i] - rule_at(f, f->t[i], d);
        for (int64_t j = 0; j < f->k; j++) {
            f->m[i + j * f->n] = d[j];
        }
    }
    upi_gemm(
        'N', 'N', f->n, f->k, f->n, 1, f->inverse, f->n, f->m, f->n, 0, f->sm, f->n);
    f->value = 0;
    for (int64_t i = 0; i < f->n; i++) {
        f->value += f->left[i] * upi_dot(f->n, f->inverse + i * f->n, f->left);
    }
}

/* One Gauss-Newton step over the parameters, or over all but the factor; p = (M'S^-1 M)^-1. */
static up_status
improve(fitting *f, bool factor, double *moved, up_error *err)
{
    up_status status = UP_OK;
    int64_t k = f->k;
    double h[MOST_PARAMETERS * MOST_PARAMETERS] = {0};
    double slope[MOST_PARAMETERS] = {0};
    look(f);
    for (int64_t i = 0; i < k * k; i++) {
        bool held = !factor && (i % k == 1 || i / k == 1);
        h[i] = held ? 0 : upi_dot(f->n, f->m + i % k * f->n, f->sm + i / k * f->n);
    }
    UP_TRY(upi_pseudo_inverse(k, h, f->p, err));
    *moved = 0;
    for (int64_t j = 0; j < k; j++) {
        slope[j] = upi_dot(f->n, f->sm + j * f->n, f->left);
    }
    for (int64_t j = 0; j < k; j++) {
        double step = upi_dot(k, f->p + j * k, slope);
        f->at[j] += step;
        double size = sqrt(fmax(f->p[j + j * k], 0));
        *moved = fmax(*moved, size > 0 ? fabs(step) / size : 0);
    }
out:
    return status;
}

/* The least value for a factor r: the other parameters are linear. */
static up_status
profile(fitting *f, double r, up_error *err)
{
    up_status status = UP_OK;
    double moved = 0;
    f->at[0] = f->at[2] = 0;
    f->at[1] = r;
    UP_TRY(improve(f, false, &moved, err));
    look(f);
out:
    return status;
}

static up_status
refuse_factor(const fitting *f, const char *metric, up_error *err)
{
    (void)upi_fail(err, UP_E_HORIZON, metric,
        "the effects on '%s' do not decay over the %lld periods: the factor that fits "
        "best is at the end of its range, 0 to 1",
        metric, (long long)f->n);
    return upi_fix(err, "use the rule constant or linear");
}

/* The factor in (0, 1): a grid, golden section, then Gauss-Newton steps to the last digit. */
static up_status
fit_factor(fitting *f, const char *metric, up_error *err)
{
    up_status status = UP_OK;
    const double golden = 0.6180339887498949;
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t i = 1; i < GRID; i++) {
        UP_TRY(profile(f, (double)i / GRID, err));
        if (f->value < least) {
            least = f->value;
            best = i;
        }
    }
    if (best <= 1 || best >= GRID - 1) {
        return refuse_factor(f, metric, err);
    }
    double low = (double)(best - 1) / GRID;
    double high = (double)(best + 1) / GRID;
    for (int i = 0; i < 40; i++) {
        double a = high - golden * (high - low);
        double b = low + golden * (high - low);
        UP_TRY(profile(f, a, err));
        double left = f->value;
        UP_TRY(profile(f, b, err));
        if (left < f->value) {
            high = b;
        } else {
            low = a;
        }
    }
    UP_TRY(profile(f, (low + high) / 2, err));
    double middle = f->at[1];
    double moved = 1;
    for (int i = 0; i < 50 && moved > 1e-13; i++) {
        UP_TRY(improve(f, true, &moved, err));
    }
    if (!(fabs(f->at[1] - middle) < 1e-3)) {
        UP_TRY(profile(f, middle, err)); /* flat: the steps ran away */
        UP_TRY(improve(f, true, &moved, err));
        UP_TRY(profile(f, middle, err));
    }
out:
    return status;
}

static up_status
fit_rule(fitting *f, const char *metric, up_error *err)
{
    up_status status = UP_OK;
    double moved = 0;
    memset(f->at, 0, sizeof f->at);
    if (f->rule >= UP_FORWARD_DECAY) {
        UP_TRY(fit_factor(f, metric, err));
    } else {
        UP_TRY(improve(f, true, &moved, err));
    }
    double at[MOST_PARAMETERS];
    memcpy(at, f->at, sizeof at);
    UP_TRY(improve(f, true, &moved, err)); /* p at the estimate */
    memcpy(f->at, at, sizeof at);
    look(f);
out:
    return status;
}

/* ---- what is told of a fit ---- */

static void
put_half_life(up_forward_fit *v, double crit)
{
    double low = v->factor - crit * v->factor_std_error;
    double high = v->factor + crit * v->factor_std_error;
    v->half_life = log(0.5) / log(v->factor);
    v->half_life_low = low > 0 ? log(0.5) / log(low) : 0;
    v->half_life_high = high < 1 ? log(0.5) / log(high) : (double)INFINITY;
}

static void
put_fit(const fitting *f, double df, double level, up_forward_fit *v)
{
    double se[MOST_PARAMETERS] = {0};
    for (int64_t j = 0; j < f->k; j++) {
        se[j] = sqrt(fmax(f->p[j + j * f->k], 0));
    }
    v->start = f->at[0];
    v->start_std_error = se[0];
    if (f->rule == UP_FORWARD_LINEAR) {
        v->slope = f->at[1];
        v->slope_std_error = se[1];
    }
    if (f->rule >= UP_FORWARD_DECAY) {
        v->factor = f->at[1];
        v->factor_std_error = se[1];
        put_half_life(v, upi_t_quantile(0.5 + level / 2, df));
    }
    if (f->rule == UP_FORWARD_LEVEL) {
        v->level = f->at[2];
        v->level_std_error = se[2];
    }
    v->lack_of_fit = f->value;
    v->lack_of_fit_df = (double)(f->n - f->k);
    double q = v->lack_of_fit_df;
    if (q > 0 && df - q + 1 > 0) {
        v->lack_of_fit_p_value =
            isfinite(df) ? upi_f_sf(f->value * (df - q + 1) / (df * q), q, df - q + 1)
                         : upi_chisq_sf(f->value, q);
    }
}

/* ---- the rows to come ---- */

typedef struct builder {
    up_effects *e;
    upi_forward *f;
    bool cumulative;
    upi_row *rows; /* of all sequences, the horizon of each together */
    double *t;     /* (n_periods) */
    fitting fit;
    double *cov;  /* (n_periods, n_periods) */
    double *g;    /* (n_periods) */
    int64_t *row; /* (n_periods) */
} builder;

/* Appends the points of the observed rows, each times its part in g. */
static up_status
append_points(builder *b, const upi_row *seen, upi_row *out, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    out->effect = out->baseline = e->n_points;
    for (int64_t i = 0; i < b->f->n_periods; i++) {
        UP_TRY(UP_RESERVE(
            &e->points, &e->points_capacity, e->n_points + seen[i].n_effect, err));
        for (int64_t k = 0; k < seen[i].n_effect; k++) {
            upi_point point = e->points[seen[i].effect + k];
            point.scale *= b->g[i];
            e->points[e->n_points++] = point;
        }
    }
    out->n_effect = e->n_points - out->effect;
out:
    return status;
}

/* The rows of one sequence of observed ones. */
static up_status
forecast(builder *b, const upi_row *seen, upi_row *out, up_error *err)
{
    up_status status = UP_OK;
    fitting *f = &b->fit;
    double value = 0;
    double slope[MOST_PARAMETERS] = {0};
    for (int64_t h = 0; h < b->f->horizon; h++) {
        double d[MOST_PARAMETERS] = {0};
        double x = rule_at(f, b->t[f->n - 1] + (double)(h + 1), d);
        value = b->cumulative ? value + x : x;
        for (int64_t j = 0; j < f->k; j++) {
            slope[j] = b->cumulative ? slope[j] + d[j] : d[j];
        }
        for (int64_t i = 0; i < f->n; i++) {
            b->g[i] = 0;
            for (int64_t j = 0; j < f->k * f->k; j++) {
                b->g[i] += f->sm[i + j % f->k * f->n] * f->p[j] * slope[j / f->k];
            }
        }
        out[h] = (upi_row){.value = seen[0].value};
        UP_TRY(append_points(b, seen, &out[h], err));
        up_effect *v = &out[h].value;
        v->estimate = value;
        v->baseline = (double)NAN;
        v->period = b->f->label[h];
        for (int64_t i = 1; i < f->n; i++) {
            v->n += seen[i].value.n;
            v->clusters = v->clusters > seen[i].value.clusters ? v->clusters
                                                               : seen[i].value.clusters;
        }
    }
out:
    return status;
}

static up_status
fit_sequence(builder *b, int64_t first, up_forward_fit *v, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    fitting *f = &b->fit;
    double df = INFINITY;
    for (int64_t i = 0; i < f->n; i++) {
        const up_effect *seen = &e->rows[first + i].value;
        b->row[i] = first + i;
        f->y[i] = seen->estimate;
        df = seen->df < df ? seen->df : df;
    }
    UP_TRY(upi_rows_covariance(e, f->n, b->row, b->cov, err));
    UP_TRY(upi_pseudo_inverse(f->n, b->cov, f->inverse, err));
    UP_TRY(fit_rule(f, e->rows[first].value.metric, err));
    upi_forward_nothing(v);
    v->metric = e->rows[first].value.metric;
    v->arm = e->rows[first].value.arm;
    v->segment = e->rows[first].value.segment;
    put_fit(f, df, e->opts.level, v);
out:
    return status;
}

/* ---- what is refused, and noted ---- */

static up_status
check_horizon(
    const up_effects *e, int64_t periods, const up_project_opts *o, up_error *err)
{
    const upi_key *time = &e->model->moments->keys[e->model->moments->time];
    int64_t least = parameters(o->rule) + 1;
    least = least < FEWEST_PERIODS ? FEWEST_PERIODS : least;
    if (time->type == UPI_STR) {
        (void)upi_fail(err, UP_E_HORIZON, time->name,
            "the periods of '%s' are text, whose order and distance are not known",
            time->name);
        return upi_fix(err, "use an integer or a date for time");
    }
    if (periods < least) {
        (void)upi_fail(err, UP_E_HORIZON, time->name,
            "there are %lld periods, and the rule needs %lld to be fitted and tested",
            (long long)periods, (long long)least);
        return upi_fix(err, periods >= FEWEST_PERIODS
                                ? "use a rule with fewer parameters"
                                : "observe more periods");
    }
    if (2 * o->forward > periods && !o->accept) {
        (void)upi_fail(err, UP_E_HORIZON, "forward",
            "%lld periods ahead are more than half of the %lld observed",
            (long long)o->forward, (long long)periods);
        int64_t half = periods / 2;
        return upi_fix(
            err, "ask for at most %lld periods; or accept E_HORIZON", (long long)half);
    }
    return UP_OK;
}

static up_status
check_fits(const builder *b, const up_project_opts *o, up_error *err)
{
    up_status status = UP_OK;
    const upi_forward *f = b->f;
    const up_forward_fit *worst = &f->fit[0];
    for (int64_t i = 1; i < f->n_fits; i++) {
        if (f->fit[i].lack_of_fit_p_value < worst->lack_of_fit_p_value) {
            worst = &f->fit[i];
        }
    }
    double p = worst->lack_of_fit_p_value * (double)f->n_fits;
    if (p < no_fit && !o->accept) {
        (void)upi_fail(err, UP_E_HORIZON, worst->metric,
            "the rule does not fit the effects observed: lack of fit %.4g with %.0f "
            "degrees of freedom, p = %.2g%s%s",
            worst->lack_of_fit, worst->lack_of_fit_df, worst->lack_of_fit_p_value,
            worst->segment[0] != '\0' ? ", where " : "", worst->segment);
        return upi_fix(err, "try another rule; or accept E_HORIZON");
    }
    if (p < poor_fit) {
        UP_TRY(upi_notes_add(&b->e->notes, UP_W_FORWARD_FIT, worst->metric,
            worst->lack_of_fit_p_value, poor_fit, err,
            "The rule does not describe the effects observed on '%s' well: lack of fit "
            "%.4g with %.0f degrees of freedom, p = %.2g. Do not lean on what it says "
            "of the future.",
            worst->metric, worst->lack_of_fit, worst->lack_of_fit_df,
            worst->lack_of_fit_p_value));
    }
    if (2 * f->horizon > f->n_periods) {
        UP_TRY(upi_notes_add(&b->e->notes, UP_W_FORWARD_FAR, "forward",
            (double)f->horizon, (double)f->n_periods, err,
            "%lld periods ahead are more than half of the %lld observed: the intervals "
            "hold if the rule does, and nothing observed says so.",
            (long long)f->horizon, (long long)f->n_periods));
    }
    UP_TRY(upi_notes_add(&b->e->notes, UP_N_FORWARD, "forward", (double)f->horizon,
        (double)f->n_periods, err,
        "Periods +1 to +%lld were not observed. They are extrapolated from %lld "
        "periods; the assumption is %s.",
        (long long)f->horizon, (long long)f->n_periods, upi_forward_assumption(f)));
out:
    return status;
}

/* ---- putting it together ---- */

/* Times of the periods in steps of the smallest distance. */
static up_status
read_times(builder *b, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = b->e->model->moments;
    const upi_key *key = &m->keys[m->time];
    int64_t n = b->f->n_periods;
    double step = INFINITY;
    UP_TRY(UP_NEW(&b->t, n, err));
    for (int64_t i = 1; i < n; i++) {
        step = fmin(step, key->number[i] - key->number[i - 1]);
    }
    for (int64_t i = 0; i < n; i++) {
        b->t[i] = (key->number[i] - key->number[0]) / step;
    }
out:
    return status;
}

static up_status
make_room(builder *b, up_error *err)
{
    up_status status = UP_OK;
    fitting *f = &b->fit;
    int64_t n = b->f->n_periods;
    upi_text label = {0};
    *f = (fitting){.rule = b->f->rule, .n = n, .k = parameters(b->f->rule)};
    f->t = b->t;
    int64_t columns = 2 + 2 * f->k + n;
    UP_TRY(UP_NEW(&f->y, columns * n, err));
    f->left = f->y + n;
    f->m = f->left + n;
    f->sm = f->m + n * f->k;
    f->inverse = f->sm + n * f->k;
    UP_TRY(UP_NEW(&b->cov, n * n, err));
    UP_TRY(UP_NEW(&b->g, n, err));
    UP_TRY(UP_NEW(&b->row, n, err));
    int64_t fits = b->e->n_rows / n;
    UP_TRY(UP_NEW(&b->f->fit, fits, err));
    UP_TRY(UP_NEW(&b->rows, fits * b->f->horizon, err));
    UP_TRY(UP_NEW(&b->f->label, b->f->horizon, err));
    for (int64_t h = 0; h < b->f->horizon; h++) {
        label = (upi_text){0};
        upi_text_addf(&label, "+%lld", (long long)h + 1);
        UP_TRY(upi_text_take(&label, &b->f->label[h], err));
    }
out:
    upi_text_free(&label);
    return status;
}

static void
builder_release(builder *b)
{
    upi_free(b->rows);
    upi_free(b->t);
    upi_free(b->fit.y);
    upi_free(b->cov);
    upi_free(b->g);
    upi_free(b->row);
}

up_status
upi_forward_make(
    up_effects *e, const up_project_opts *o, bool cumulative, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = e->model->moments;
    int64_t n = m->keys[m->time].n_levels;
    builder b = {.e = e, .cumulative = cumulative};
    UP_TRY(check_horizon(e, n, o, err));
    UP_TRY(UP_NEW(&e->forward, 1, err));
    b.f = e->forward;
    b.f->rule = o->rule;
    b.f->horizon = o->forward;
    b.f->n_periods = n;
    UP_TRY(read_times(&b, err));
    UP_TRY(make_room(&b, err));
    for (int64_t i = 0; i < e->n_rows; i += n) {
        UP_TRY(fit_sequence(&b, i, &b.f->fit[b.f->n_fits], err));
        UP_TRY(forecast(&b, e->rows + i, b.rows + b.f->n_fits * o->forward, err));
        b.f->n_fits++;
    }
    UP_TRY(check_fits(&b, o, err));
    upi_free(e->rows);
    e->rows = b.rows;
    b.rows = NULL;
    e->n_rows = b.f->n_fits * o->forward;
    e->block = e->block / n * o->forward;
    e->n_extrapolated = 0;
    UP_TRY(upi_rows_infer(e, err));
out:
    builder_release(&b);
    return status;
}
