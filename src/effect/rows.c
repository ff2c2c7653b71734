/* Rows: metric x arm x segment x period. First the points of each (what it is a sum of), then
 * its standard error, interval, p-value and relative effect, all from one critical value.
 *
 * Degrees of freedom are those of the model for the delta vector; where several equations
 * take part (ratio metrics, compliance), the smallest among them. */
#include "effect/effect.h"
#include "effect/relative.h"
#include "num/dist.h"

#include <math.h>
#include <string.h>

/* ---- which averages a comparison uses ---- */

typedef struct builder {
    up_effects *e;
    const upi_question *q;
    int64_t *average; /* [set * (n_levels + 1) + level + 1]: index + 1, 0 = not made */
    double *value, *base;     /* (n_periods) */
    int64_t *rows, *clusters; /* (block) */
    upi_gradient g;
} builder;

static up_status
need_average(builder *b, int64_t set, int64_t comply, int64_t *index, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    bool weighted = comply != UPI_EVERYONE && upi_model_varies(e->model, comply);
    int64_t level = weighted ? comply : UPI_EVERYONE;
    int64_t *slot = &b->average[set * (e->n_levels + 1) + level + 1];
    if (*slot == 0) {
        UP_TRY(upi_average_add(e, set, level, slot, err));
        *slot += 1;
    }
    *index = *slot - 1;
out:
    return status;
}

/* The effect of arm a against arm b on compliers: each arm's effect over control on its own
 * compliers, and the difference of the two. */
static up_status
compare_compliers(builder *b, int64_t set, int64_t arm, int64_t against,
    upi_comparison *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t control = b->e->control;
    int64_t level[2] = {arm, against};
    double sign[2] = {1, -1};
    for (int i = 0; i < 2; i++) {
        if (level[i] == control) {
            continue;
        }
        int64_t average = 0;
        UP_TRY(need_average(b, set, level[i], &average, err));
        out->side[out->n_sides++] = (upi_side){average, level[i], sign[i]};
        out->side[out->n_sides++] = (upi_side){average, control, -sign[i]};
        out->base = (upi_side){average, level[i] == against ? against : control, 1};
    }
out:
    return status;
}

static up_status
compare(builder *b, int64_t set, int64_t arm, int64_t against, upi_comparison *out,
    up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    int64_t average = 0;
    *out = (upi_comparison){0};
    if (e->comply) {
        return compare_compliers(b, set, arm, against, out, err);
    }
    if (e->treated_only) {
        int64_t treated = arm != e->control ? arm : against;
        set += (1 + treated) * b->q->n_segments * b->q->n_periods;
    }
    UP_TRY(need_average(b, set, UPI_EVERYONE, &average, err));
    out->side[0] = (upi_side){average, arm, 1};
    out->side[1] = (upi_side){average, against, -1};
    out->n_sides = 2;
    out->base = (upi_side){average, against, 1};
out:
    return status;
}

/* ---- building ---- */

/* The rows and clusters of sets together. */
static void
measure_union(const up_effects *e, upi_subset *sum, const upi_subset *more)
{
    const upi_population *p = e->cells;
    for (int64_t w = 0; w < (p->n + 63) / 64; w++) {
        sum->bits[w] |= more->bits[w];
    }
    sum->rows = 0;
    for (int64_t q = 0; q < p->n; q++) {
        for (int64_t a = 0; a < p->n_arms && upi_subset_has(sum, q); a++) {
            sum->rows += p->rows[q * p->n_arms + a];
        }
    }
    sum->clusters =
        e->model->moments->ways > 0 ? upi_count_units(&p->spread[0], sum) : 0;
}

static up_status
measure_rows(builder *b, up_error *err)
{
    up_status status = UP_OK;
    const up_effects *e = b->e;
    const upi_question *q = b->q;
    int64_t sets = q->n_segments * q->n_periods;
    int64_t words = (e->cells->n + 63) / 64;
    upi_subset sum = {0};
    UP_TRY(UP_NEW(&sum.bits, words, err));
    for (int64_t i = 0; i < sets; i++) {
        b->rows[i] = e->sets[i].rows;
        b->clusters[i] = e->sets[i].clusters;
        if (!e->opts.cumulative) {
            continue;
        }
        if (i % q->n_periods == 0) {
            memset(sum.bits, 0, (size_t)words * sizeof *sum.bits);
        }
        measure_union(e, &sum, &e->sets[i]);
        b->rows[i] = sum.rows;
        b->clusters[i] = sum.clusters;
    }
    for (int64_t i = sets; i < e->block; i++) {
        int64_t set = i - sets + q->n_periods;
        int64_t period = set % q->n_periods;
        memset(sum.bits, 0, (size_t)words * sizeof *sum.bits);
        for (int64_t t = e->opts.cumulative ? 0 : period; t <= period; t++) {
            measure_union(e, &sum, &e->sets[t]);
            measure_union(e, &sum, &e->sets[set - period + t]);
        }
        b->rows[i] = sum.rows;
        b->clusters[i] = sum.clusters;
    }
out:
    upi_free(sum.bits);
    return status;
}

/* What the Anderson-Rubin set of a row is made from, where it is asked for. */
static up_status
put_anderson_rubin(builder *b, const upi_metric *metric, int64_t arm, int64_t set,
    upi_row *row, up_error *err)
{
    up_status status = UP_OK;
    int64_t average = 0;
    if (b->e->opts.interval == UP_INTERVAL_AR) {
        UP_TRY(need_average(b, set, UPI_EVERYONE, &average, err));
        UP_TRY(upi_anderson_rubin_points(b->e, metric, average, arm, row, err));
    }
out:
    return status;
}

/* The rows of one segment, one for each period. Effects of all periods stand one after the
 * other, and then the baselines, so that the sum up to a period is the points up to it. */
static up_status
build_segment(builder *b, const upi_metric *metric, int64_t arm, int64_t segment,
    upi_row *rows, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    int64_t periods = b->q->n_periods;
    int64_t effect = e->n_points;
    upi_comparison c;
    for (int64_t t = 0; t < periods; t++) {
        UP_TRY(compare(b, segment * periods + t, arm, b->q->against, &c, err));
        UP_TRY(
            upi_metric_points(e, metric, c.side, c.n_sides, &b->g, &b->value[t], err));
    }
    int64_t baseline = e->n_points;
    for (int64_t t = 0; t < periods; t++) {
        UP_TRY(compare(b, segment * periods + t, arm, b->q->against, &c, err));
        UP_TRY(upi_metric_points(e, metric, &c.base, 1, &b->g, &b->base[t], err));
    }
    int64_t n_effect = (baseline - effect) / periods;
    int64_t n_baseline = (e->n_points - baseline) / periods;
    double value = 0;
    double base = 0;
    for (int64_t t = 0; t < periods; t++) {
        bool sum = e->opts.cumulative;
        value = (sum ? value : 0) + b->value[t];
        base = (sum ? base : 0) + b->base[t];
        rows[t] = (upi_row){.effect = effect + (sum ? 0 : t * n_effect),
            .n_effect = (sum ? t + 1 : 1) * n_effect,
            .baseline = baseline + (sum ? 0 : t * n_baseline),
            .n_baseline = (sum ? t + 1 : 1) * n_baseline};
        rows[t].linear = metric->kind != UPI_METRIC_RATIO;
        rows[t].value.estimate = value;
        rows[t].value.baseline = base;
        rows[t].value.segment = e->sets[segment * periods + t].segment;
        rows[t].value.period = e->sets[segment * periods + t].period;
        UP_TRY(
            put_anderson_rubin(b, metric, arm, segment * periods + t, &rows[t], err));
    }
out:
    return status;
}

/* A segment minus the first: the points of the one and, negated, of the other. */
static up_status
build_difference(
    up_effects *e, const upi_row *a, const upi_row *first, upi_row *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = a->n_effect + first->n_effect;
    UP_TRY(UP_RESERVE(&e->points, &e->points_capacity, e->n_points + n, err));
    *out = (upi_row){
        .effect = e->n_points, .n_effect = n, .linear = a->linear, .difference = true};
    for (int64_t i = 0; i < a->n_effect; i++) {
        e->points[e->n_points++] = e->points[a->effect + i];
    }
    for (int64_t i = 0; i < first->n_effect; i++) {
        upi_point point = e->points[first->effect + i];
        point.scale = -point.scale;
        e->points[e->n_points++] = point;
    }
    out->value.estimate = a->value.estimate - first->value.estimate;
    out->value.baseline = (double)NAN;
    out->value.period = a->value.period;
out:
    return status;
}

static up_status
difference_texts(up_effects *e, const upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    UP_TRY(UP_NEW(&e->texts, q->n_segments, err));
    for (int64_t s = 1; s < q->n_segments; s++) {
        upi_text_addf(
            &t, "%s minus %s", e->sets[s * q->n_periods].segment, e->sets[0].segment);
        UP_TRY(upi_text_take(&t, &e->texts[e->n_texts], err));
        e->n_texts++;
        t = (upi_text){0};
    }
out:
    upi_text_free(&t);
    return status;
}

static up_status
build_block(builder *b, int64_t metric, int64_t arm, upi_row *rows, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = b->e;
    const upi_question *q = b->q;
    const up_moments *m = e->model->moments;
    const upi_key *key = &m->keys[e->key];
    int64_t sets = q->n_segments * q->n_periods;
    for (int64_t s = 0; s < q->n_segments; s++) {
        UP_TRY(build_segment(
            b, &m->experiment->metrics[metric], arm, s, rows + s * q->n_periods, err));
    }
    for (int64_t i = sets; i < e->block; i++) {
        int64_t set = i - sets + q->n_periods;
        UP_TRY(
            build_difference(e, &rows[set], &rows[set % q->n_periods], &rows[i], err));
        rows[i].value.segment = e->texts[set / q->n_periods - 1];
    }
    for (int64_t i = 0; i < e->block; i++) {
        up_effect *v = &rows[i].value;
        v->metric = m->experiment->metrics[metric].name;
        v->arm = key->label[arm];
        v->against = key->label[q->against];
        v->estimand = upi_estimand_name(e->estimand);
        v->relative_kind = e->opts.relative;
        v->n = b->rows[i];
        v->clusters = b->clusters[i];
    }
out:
    return status;
}

static up_status
need_predictions(up_effects *e, const upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < q->n_metrics; i++) {
        const upi_metric *m = &e->model->moments->experiment->metrics[q->metric[i]];
        bool ratio = m->kind == UPI_METRIC_RATIO;
        int64_t second = ratio ? m->denominator : m->component;
        UP_TRY(upi_predictions_need(e, e->shift + m->component, err));
        UP_TRY(upi_predictions_need(e, e->shift + second, err));
    }
out:
    return status;
}

up_status
upi_rows_build(up_effects *e, const upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    builder b = {.e = e, .q = q};
    int64_t sets = q->n_segments * q->n_periods;
    e->block = sets + (e->opts.compare_segments ? sets - q->n_periods : 0);
    int64_t n = q->n_metrics * q->n_arms * e->block;
    UP_TRY(UP_NEW(&e->rows, n, err));
    UP_TRY(UP_NEW(&b.average, e->n_sets * (e->n_levels + 1), err));
    UP_TRY(UP_NEW(&b.value, q->n_periods, err));
    UP_TRY(UP_NEW(&b.base, q->n_periods, err));
    UP_TRY(UP_NEW(&b.rows, e->block, err));
    UP_TRY(UP_NEW(&b.clusters, e->block, err));
    UP_TRY(upi_gradient_make(e, &b.g, err));
    UP_TRY(need_predictions(e, q, err));
    UP_TRY(measure_rows(&b, err));
    if (e->opts.compare_segments) {
        UP_TRY(difference_texts(e, q, err));
    }
    for (int64_t i = 0; i < q->n_metrics * q->n_arms; i++) {
        int64_t metric = q->metric[i / q->n_arms];
        UP_TRY(
            build_block(&b, metric, q->arm[i % q->n_arms], e->rows + e->n_rows, err));
        e->n_rows += e->block;
    }
out:
    upi_free(b.average);
    upi_free(b.value);
    upi_free(b.base);
    upi_free(b.rows);
    upi_free(b.clusters);
    upi_gradient_release(&b.g);
    return status;
}

upi_points
upi_row_effect(const up_effects *e, const upi_row *r)
{
    return (upi_points){e->points + r->effect, r->n_effect};
}

upi_points
upi_row_baseline(const up_effects *e, const upi_row *r)
{
    return (upi_points){e->points + r->baseline, r->n_baseline};
}
