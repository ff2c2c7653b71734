/* The variance that comes from averaging over a sample of covariates (methods/core.md
 * section 3): sum over independent units of psi_k psi_l, each psi times sqrt(N/(N-1)) for the
 * N units of its segment, so that rows give theta' Cov(x) theta / N with the usual covariance.
 * Without interactions the functional of an effect is the same for every row and all is 0. */
#include "effect/effect.h"
#include "effect/target.h"
#include "num/matrix.h"

#include <math.h>
#include <string.h>

/* The functional of points on one average: -mean + sum of scale * prediction. */
enum { MAX_PARTS = 32 };
typedef struct functional {
    double mean;
    int64_t n;
    double scale[MAX_PARTS];
    const upi_prediction *part[MAX_PARTS];
} functional;

/* The mean of a point, m'b. */
static double
point_mean(const up_effects *e, const upi_point *point)
{
    const upi_basis *b = upi_model_basis(e->model, point->equation);
    const double *coef = e->model->coef[point->equation];
    const double *fbar = e->averages[point->average].fbar;
    double value = 0;
    for (int64_t j = 0; j < b->p; j++) {
        int64_t level = b->term[j].level;
        if (level == -1 || level == point->level) {
            value += coef[j] * fbar[b->term[j].base];
        }
    }
    return value;
}

static void
add_part(functional *f, const upi_prediction *part, double scale)
{
    if (part->cell != NULL && scale != 0) {
        UP_ASSERT(f->n < MAX_PARTS);
        f->part[f->n] = part;
        f->scale[f->n++] = scale;
    }
}

/* The parts only; the mean is left to the caller. */
static void
parts_of(const up_effects *e, upi_points points, functional *f)
{
    f->n = 0;
    for (int64_t i = 0; i < points.n; i++) {
        const upi_point *t = &points.p[i];
        /* The main terms of an equation are added once: in the effect on a mean their scales
         * sum to 0, so that nothing is left to cancel. */
        bool first = true;
        double main = 0;
        for (int64_t k = 0; k < points.n; k++) {
            if (points.p[k].equation == t->equation) {
                first = first && k >= i;
                main += points.p[k].scale;
            }
        }
        if (first) {
            add_part(f, upi_prediction_of(e, t->equation, -1), main);
        }
        add_part(f, upi_prediction_of(e, t->equation, t->level), t->scale);
    }
}

static inline double
value_at(const functional *f, int64_t cell)
{
    double value = -f->mean;
    for (int64_t i = 0; i < f->n; i++) {
        value += f->scale[i] * f->part[i]->cell[cell];
    }
    return value;
}

void
upi_functional(const up_effects *e, upi_points points, double *phi)
{
    const upi_population *p = e->cells;
    const upi_subset *set = &e->sets[e->averages[points.p[0].average].set];
    functional f = {0};
    parts_of(e, points, &f);
    for (int64_t i = 0; i < points.n; i++) {
        f.mean += points.p[i].scale * point_mean(e, &points.p[i]);
    }
    for (int64_t q = 0; q < p->n; q++) {
        double *at = phi + q * p->width;
        memset(at, 0, (size_t)p->width * sizeof *at);
        if (!upi_subset_has(set, q)) {
            continue;
        }
        at[0] = value_at(&f, q);
        for (int64_t i = 0; i < f.n; i++) {
            for (int64_t k = 1; k < p->width; k++) {
                at[k] += f.scale[i] * f.part[i]->x[k - 1];
            }
        }
    }
}

int64_t
upi_functional_size(const up_effects *e)
{
    int64_t slopes = e->target == NULL ? 0 : upi_target_slopes(e);
    return e->cells->n * e->cells->width + slopes;
}

void
upi_influence(const up_effects *e, upi_points points, int way, double *phi, double *psi)
{
    const upi_population *p = e->cells;
    const upi_spread *s = &p->spread[way];
    memset(psi, 0, (size_t)s->n_units * sizeof *psi);
    for (int64_t i = 0; i < points.n;) {
        upi_points run = upi_points_run(points, i);
        const upi_average *a = &e->averages[run.p[0].average];
        double scale = e->sets[a->set].factor[way] / a->total;
        upi_functional(e, run, phi);
        if (a->comply != UPI_EVERYONE) {
            upi_late_weigh(e, a, phi);
        }
        if (e->target != NULL) {
            double *slope = phi + p->n * p->width;
            upi_target_adjust(e, phi, slope);
            if (s->target) {
                upi_target_influence(e->target, slope, scale, psi);
            }
        }
        for (int64_t unit = 0; unit < s->n_units && !s->target; unit++) {
            double sum = 0;
            for (int64_t k = s->start[unit]; k < s->start[unit + 1]; k++) {
                sum +=
                    upi_dot(p->width, s->u + k * p->width, phi + s->cell[k] * p->width);
            }
            psi[unit] += scale * sum;
        }
        i += run.n;
    }
}

/* ---- an effect and its baseline ---- */

up_status
upi_averaging_make(const up_effects *e, upi_averaging *a, up_error *err)
{
    up_status status = UP_OK;
    const upi_population *p = e->cells;
    int64_t units = 0;
    *a = (upi_averaging){.set = -1};
    for (int w = 0; w < p->n_ways; w++) {
        units = p->spread[w].n_units > units ? p->spread[w].n_units : units;
    }
    UP_TRY(UP_NEW(&a->phi, upi_functional_size(e), err));
    UP_TRY(UP_NEW(&a->effect, units, err));
    UP_TRY(UP_NEW(&a->baseline, units, err));
    UP_TRY(UP_NEW(&a->cell, p->n, err));
out:
    return status;
}

void
upi_averaging_release(upi_averaging *a)
{
    upi_free(a->phi);
    upi_free(a->effect);
    upi_free(a->baseline);
    upi_free(a->cell);
    *a = (upi_averaging){0};
}

/* One average under both sums of points, of rows without x: what nearly all questions ask. */
static bool
is_simple(const up_effects *e, upi_points effect, upi_points baseline)
{
    int64_t average = effect.p[0].average;
    return e->target == NULL && e->cells->spread[0].plain &&
           e->averages[average].comply == UPI_EVERYONE &&
           upi_points_run(effect, 0).n == effect.n && baseline.n > 0 &&
           baseline.p[0].average == average &&
           upi_points_run(baseline, 0).n == baseline.n;
}

static void
list_cells(const up_effects *e, int64_t set, upi_averaging *a)
{
    const upi_subset *s = &e->sets[set];
    if (a->set == set) {
        return;
    }
    a->set = set;
    a->n_cells = 0;
    for (int64_t q = 0; q < e->cells->n; q++) {
        if (upi_subset_has(s, q)) {
            a->cell[a->n_cells++] = (int32_t)q;
        }
    }
}

/* Sums over the listed cells of count times the products of two functionals, for the effect
 * on a mean: one part each. */
static void
sum_products(const upi_averaging *a, const double *count, const functional *f,
    const functional *g, upi_extra *out)
{
    const double *x_cell = f->part[0]->cell;
    const double *y_cell = g->part[0]->cell;
    for (int64_t i = 0; i < a->n_cells; i++) {
        int64_t q = a->cell[i];
        double x = f->scale[0] * x_cell[q] - f->mean;
        double y = g->scale[0] * y_cell[q] - g->mean;
        double cx = count[q] * x;
        out->v += cx * x;
        out->c += cx * y;
        out->vm += count[q] * y * y;
    }
}

static void
simple_extra(const up_effects *e, upi_points effect, upi_points baseline,
    const double mean[2], upi_averaging *a, upi_extra *out)
{
    const upi_average *average = &e->averages[effect.p[0].average];
    const double *count = e->cells->spread[0].count;
    functional f = {.mean = mean[0]};
    functional g = {.mean = mean[1]};
    parts_of(e, effect, &f);
    parts_of(e, baseline, &g);
    list_cells(e, average->set, a);
    if (f.n == 1 && g.n == 1) {
        sum_products(a, count, &f, &g, out);
    } else {
        for (int64_t i = 0; i < a->n_cells; i++) {
            int64_t q = a->cell[i];
            double x = value_at(&f, q);
            double y = value_at(&g, q);
            out->v += count[q] * x * x;
            out->vm += count[q] * y * y;
            out->c += count[q] * x * y;
        }
    }
    double scale = e->sets[average->set].factor[0] / average->total;
    out->v *= scale * scale;
    out->vm *= scale * scale;
    out->c *= scale * scale;
}

void
upi_extra_of(const up_effects *e, upi_points effect, upi_points baseline,
    const double mean[2], upi_averaging *a, upi_extra *out)
{
    const upi_population *p = e->cells;
    *out = (upi_extra){0};
    if (is_simple(e, effect, baseline)) {
        simple_extra(e, effect, baseline, mean, a, out);
        return;
    }
    for (int w = 0; w < p->n_ways; w++) {
        const upi_spread *s = &p->spread[w];
        upi_influence(e, effect, w, a->phi, a->effect);
        upi_influence(e, baseline, w, a->phi, a->baseline);
        for (int64_t i = 0; i < s->n_units; i++) {
            double weight = s->sign * s->count[i];
            out->v += weight * a->effect[i] * a->effect[i];
            out->vm += weight * a->baseline[i] * a->baseline[i];
            out->c += weight * a->effect[i] * a->baseline[i];
        }
    }
    /* Two ways of clustering are a difference of sums, which rounding can take below 0. */
    out->v = fmax(out->v, 0);
    out->vm = fmax(out->vm, 0);
}
