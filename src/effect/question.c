/* What is asked for, resolved against the model: metrics and arms by name, conditions as
 * expressions over keys, `by` and time as keys. A segment of a model whose effect cannot
 * differ between segments is refused, since its answer would be the average effect under
 * another name. */
#include "effect/effect.h"

#include <string.h>

/* ---- metrics and arms ---- */

static up_status
read_metrics(const up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *x = e->model->moments->experiment;
    const up_effect_opts *o = &e->opts;
    q->n_metrics = o->n_metrics > 0 ? o->n_metrics : x->n_metrics;
    UP_TRY(UP_NEW(&q->metric, q->n_metrics, err));
    for (int64_t i = 0; i < q->n_metrics; i++) {
        q->metric[i] = i;
        if (o->n_metrics == 0) {
            continue;
        }
        if (o->metrics[i] == NULL) {
            status = upi_fail(err, UP_E_ARGUMENT, "metrics", "a name is missing");
            goto out;
        }
        for (q->metric[i] = 0; q->metric[i] < x->n_metrics; q->metric[i]++) {
            if (strcmp(x->metrics[q->metric[i]].name, o->metrics[i]) == 0) {
                break;
            }
        }
        if (q->metric[i] == x->n_metrics) {
            status = upi_fail(err, UP_E_ARGUMENT, "metrics",
                "'%s' is not a metric of this fit", o->metrics[i]);
            upi_text names = {0};
            for (int64_t j = 0; j < x->n_metrics; j++) {
                upi_text_addf(&names, "%s%s", j > 0 ? ", " : "", x->metrics[j].name);
            }
            if (!names.failed && names.s != NULL) {
                (void)upi_fix(err, "metrics: %s", names.s);
            }
            upi_text_free(&names);
            goto out;
        }
    }
out:
    return status;
}

static up_status
refuse_arm(const upi_key *key, const char *name, up_error *err)
{
    upi_text names = {0};
    (void)upi_fail(err, UP_E_ARMS, "against", "'%s' is not an arm", name);
    for (int64_t l = 0; l < key->n_levels; l++) {
        upi_text_addf(&names, "%s%s", l > 0 ? ", " : "", key->label[l]);
    }
    if (!names.failed && names.s != NULL) {
        (void)upi_fix(err, "arms: %s", names.s);
    }
    upi_text_free(&names);
    return UP_E_ARMS;
}

static up_status
read_arms(const up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *key = &e->model->moments->keys[e->key];
    q->against = e->control;
    if (e->opts.against != NULL) {
        q->against = upi_key_level(key, e->opts.against);
        if (q->against < 0) {
            return refuse_arm(key, e->opts.against, err);
        }
    }
    UP_TRY(UP_NEW(&q->arm, key->n_levels, err));
    for (int64_t l = 0; l < key->n_levels; l++) {
        if (l != q->against) {
            q->arm[q->n_arms++] = l;
        }
    }
    if (q->n_arms == 0) {
        status = upi_fail(err, UP_E_ARMS, key->name, "there is one arm only");
    }
out:
    return status;
}

/* ---- segments and time ---- */

static bool
model_varies_by(const up_model *m, bool time)
{
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *b = &m->base[j];
        if (b->kind != UPI_BASE_ONE && b->interacted && b->time == time) {
            return true;
        }
    }
    return false;
}

/* The model must let the effect differ by what the segment `text` is cut by. */
static up_status
require_varies(const up_model *m, bool time_only, const char *text, up_error *err)
{
    if (model_varies_by(m, time_only)) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_CONDITION, time_only ? "time" : "where",
        "the model gives one effect for everyone, so it has no answer of its own for "
        "'%s'",
        text);
    if (m->opts.interactions == UP_INTERACT_NONE) {
        (void)upi_fix(err, "fit with interactions of the arms and the covariates");
    } else {
        (void)upi_fix(err, "add the column to the covariates when fitting");
    }
    return UP_E_CONDITION;
}

static up_status
read_conditions(const up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    UP_TRY(UP_NEW(&q->where, e->opts.n_where, err));
    for (; q->n_where < e->opts.n_where; q->n_where++) {
        const char *text = e->opts.where[q->n_where];
        if (text == NULL) {
            status = upi_fail(err, UP_E_ARGUMENT, "where", "a condition is missing");
            goto out;
        }
        upi_condition *c = &q->where[q->n_where];
        UP_TRY(upi_condition_read(m, text, c, err));
        bool time_only = true;
        for (int64_t i = 0; i < c->n_keys; i++) {
            q->use[c->key[i]] = true;
            time_only = time_only && m->moments->keys[c->key[i]].role == UPI_KEY_TIME;
        }
        if (!time_only || m->moments->keys[m->moments->time].n_levels > 1) {
            status = require_varies(m, time_only, text, err);
            if (status != UP_OK) {
                upi_condition_free(c);
                goto out;
            }
        }
    }
out:
    return status;
}

static up_status
use_by(const up_model *m, int64_t key, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *k = &m->moments->keys[key];
    q->by = key;
    q->n_levels = k->n_levels;
    q->use[key] = true;
    UP_TRY(UP_NEW(&q->level, k->n_levels, err));
    UP_TRY(UP_NEW(&q->place, k->n_levels, err));
    for (int64_t l = 0; l < k->n_levels; l++) {
        q->level[l] = q->place[l] = l;
    }
    UP_TRY(upi_condition_refuse_foreign(m, k->name, key, err));
    UP_TRY(require_varies(m, false, k->name, err));
out:
    return status;
}

static up_status
read_by(const up_effects *e, upi_question *q, up_error *err)
{
    const up_moments *m = e->model->moments;
    const char *by = e->opts.by;
    q->by = -1;
    q->n_levels = 1;
    if (by == NULL) {
        return UP_OK;
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        bool may =
            m->keys[k].role == UPI_KEY_COVARIATE || m->keys[k].role == UPI_KEY_SEGMENT;
        if (may && strcmp(m->keys[k].name, by) == 0) {
            return use_by(e->model, k, q, err);
        }
    }
    if (m->time >= 0 && strcmp(m->keys[m->time].name, by) == 0) {
        (void)upi_fail(err, UP_E_CONDITION, "by", "'%s' is the time", by);
        (void)upi_fix(err, "ask for the effects over time instead");
        return UP_E_CONDITION;
    }
    return upi_condition_refuse(e->model, by, by, err);
}

static up_status
read_periods(const up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = e->model->moments;
    q->n_periods = 1;
    if (e->opts.cumulative && !e->opts.over_time) {
        return upi_fail(err, UP_E_ARGUMENT, "cumulative",
            "cumulative effects are sums over time, which was not asked for");
    }
    if (!e->opts.over_time) {
        return UP_OK;
    }
    if (m->time < 0) {
        (void)upi_fail(err, UP_E_CONDITION, "time", "the experiment has no time role");
        (void)upi_fix(err, "declare the column of the period as time when fitting");
        return UP_E_CONDITION;
    }
    const upi_key *time = &m->keys[m->time];
    if (e->opts.cumulative && time->type == UPI_STR) {
        (void)upi_fail(err, UP_E_ARGUMENT, "cumulative",
            "the periods of '%s' are text and their order is not known, so they cannot "
            "be summed up over time",
            time->name);
        (void)upi_fix(err, "use an integer or a date for time");
        return UP_E_ARGUMENT;
    }
    q->n_periods = time->n_levels;
    q->use[m->time] = true;
    if (q->n_periods > 1) {
        UP_TRY(require_varies(e->model, true, time->name, err));
    }
out:
    return status;
}

up_status
upi_question_read(up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    UP_TRY(UP_NEW(&q->use, m->moments->n_keys, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        if (m->base[j].kind == UPI_BASE_LEVEL || m->base[j].kind == UPI_BASE_NUMBER) {
            q->use[m->base[j].key] = true;
        }
    }
    if (e->treated_only) {
        q->use[m->treat_key] = true;
    }
    UP_TRY(read_metrics(e, q, err));
    UP_TRY(read_arms(e, q, err));
    UP_TRY(read_conditions(e, q, err));
    UP_TRY(read_by(e, q, err));
    UP_TRY(read_periods(e, q, err));
    q->n_segments = (q->n_where > 0 ? q->n_where : 1) * q->n_levels;
    if (e->opts.compare_segments && q->n_segments < 2) {
        status = upi_fail(err, UP_E_ARGUMENT, "compare_segments",
            "there is one segment only, so there is nothing to compare it with");
    }
out:
    return status;
}

void
upi_question_free(upi_question *q)
{
    for (int64_t i = 0; i < q->n_where; i++) {
        upi_condition_free(&q->where[i]);
    }
    upi_free(q->where);
    upi_free(q->arm);
    upi_free(q->metric);
    upi_free(q->level);
    upi_free(q->place);
    upi_free(q->use);
}
