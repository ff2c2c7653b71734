/* Families: which comparisons are adjusted together. Each text of the option is either the
 * name of a split (metric, arm, segment, period), so that every level is a family of its own,
 * or "name: metric, metric", which puts metrics together; the two combine. Metrics that no
 * text names are one more family, so that leaving one out cannot make it look unadjusted by
 * accident; "unadjusted: metric" does so on purpose. */
#include "effect/effect.h"

#include <string.h>

enum { SPLITS = 5 };
static const char *const split_names[SPLITS] = {
    "all", "metric", "arm", "segment", "period"};

typedef struct families {
    bool split[SPLITS];
    int64_t *declared; /* [metric of the experiment]: text that names it, -1 = none */
    char (*name)[64];  /* (n_family) of the texts that declare one */
    bool named;        /* there are such texts */
} families;

/* ---- reading ---- */

static up_status
refuse(const char *text, const char *why, up_error *err)
{
    (void)upi_fail(
        err, UP_E_ARGUMENT, "family", "family '%s' is not valid: %s", text, why);
    return upi_fix(err,
        "metric, arm, segment or period; or 'name: metric, metric' with metrics of "
        "this fit, each in one family");
}

/* The next name of a list: up to a comma that stands in no parentheses. */
static const char *
next_name(const char *s, int64_t *length)
{
    int64_t depth = 0;
    const char *start = s + strspn(s, " \t");
    const char *end = start;
    for (; *end != '\0' && (*end != ',' || depth > 0); end++) {
        depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
    }
    *length = end - start;
    while (*length > 0 && (start[*length - 1] == ' ' || start[*length - 1] == '\t')) {
        (*length)--;
    }
    return start;
}

static int64_t
find_metric(const up_experiment *x, const char *name, int64_t length)
{
    for (int64_t i = 0; i < x->n_metrics; i++) {
        const char *s = x->metrics[i].name;
        if ((int64_t)strlen(s) == length && memcmp(s, name, (size_t)length) == 0) {
            return i;
        }
    }
    return -1;
}

static up_status
read_metrics(const up_effects *e, const char *text, const char *list, int64_t index,
    families *f, up_error *err)
{
    const up_experiment *x = e->model->moments->experiment;
    for (;;) {
        int64_t length = 0;
        const char *name = next_name(list, &length);
        int64_t metric = find_metric(x, name, length);
        if (length == 0) {
            return refuse(text, "a metric is missing", err);
        }
        if (metric < 0) {
            return refuse(text, "one of its names is not a metric", err);
        }
        if (f->declared[metric] >= 0) {
            return refuse(text, "one of its metrics is in a family already", err);
        }
        f->declared[metric] = index;
        list = name + length + strspn(name + length, " \t");
        if (*list == '\0') {
            return UP_OK;
        }
        list++;
    }
}

static up_status
read_text(
    const up_effects *e, const char *text, int64_t index, families *f, up_error *err)
{
    const char *colon = strchr(text, ':');
    for (int k = 0; colon == NULL && k < SPLITS; k++) {
        if (strcmp(text, split_names[k]) == 0) {
            f->split[k] = true;
            return UP_OK;
        }
    }
    if (colon == NULL) {
        return refuse(text, "it is neither a split nor a list of metrics", err);
    }
    int64_t length = 0;
    const char *name = text + strspn(text, " \t");
    length = colon - name;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t')) {
        length--;
    }
    if (length < 1 || length >= (int64_t)sizeof f->name[0]) {
        return refuse(text, "its name is empty or longer than 63 bytes", err);
    }
    memcpy(f->name[index], name, (size_t)length);
    return read_metrics(e, text, colon + 1, index, f, err);
}

/* ---- which row is where ---- */

typedef struct place {
    int64_t metric, arm, segment, period;
} place;

static place
place_of(const up_effects *e, const upi_question *q, int64_t row)
{
    int64_t in_block = row % e->block;
    int64_t block = row / e->block;
    return (place){.metric = q->metric[block / q->n_arms],
        .arm = block % q->n_arms,
        .segment = in_block / q->n_periods,
        .period = in_block % q->n_periods};
}

static bool
is_unadjusted(const families *f, int64_t metric)
{
    int64_t d = f->declared[metric];
    return d >= 0 && strcmp(f->name[d], "unadjusted") == 0;
}

/* A number that rows share exactly when they are in one family. */
static int64_t
number_of(const up_effects *e, const families *f, const upi_question *q, place p)
{
    int64_t segments = e->block / q->n_periods;
    int64_t id = f->split[1] ? p.metric : f->declared[p.metric] + 1;
    id = id * q->n_arms + (f->split[2] ? p.arm : 0);
    id = id * segments + (f->split[3] ? p.segment : 0);
    return id * q->n_periods + (f->split[4] ? p.period : 0);
}

static up_status
name_family(
    up_effects *e, const families *f, int64_t metric, int64_t row, up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    const up_effect *v = &e->rows[row].value;
    int64_t d = f->declared[metric];
    const char *first = d >= 0 ? f->name[d] : f->named ? "others" : "";
    const char *parts[] = {first, f->split[1] ? v->metric : "",
        f->split[2] ? v->arm : "",
        !f->split[3]            ? ""
        : v->segment[0] != '\0' ? v->segment
                                : "everyone",
        f->split[4] ? v->period : ""};
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
        if (parts[k][0] != '\0') {
            upi_text_addf(&t, "%s%s", t.length > 0 ? ", " : "", parts[k]);
        }
    }
    if (t.length == 0) { /* no split, or one into periods that there are not */
        upi_text_add(&t, "all");
    }
    UP_TRY(upi_text_take(&t, &e->families[e->n_families], err));
    e->n_families++;
out:
    upi_text_free(&t);
    return status;
}

/* made: index + 1 of the family with a number. */
static up_status
assign_row(up_effects *e, const upi_question *q, const families *f, int64_t row,
    int64_t *made, int64_t *family, up_error *err)
{
    up_status status = UP_OK;
    place p = place_of(e, q, row);
    *family = -1;
    if (is_unadjusted(f, p.metric)) {
        return UP_OK;
    }
    int64_t *known = &made[number_of(e, f, q, p)];
    if (*known == 0) {
        UP_TRY(name_family(e, f, p.metric, row, err));
        *known = e->n_families;
    }
    *family = *known - 1;
out:
    return status;
}

static up_status
assign(up_effects *e, const upi_question *q, const families *f, int64_t *family,
    up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *x = e->model->moments->experiment;
    int64_t *made = NULL;
    int64_t most = x->n_metrics > e->opts.n_family ? x->n_metrics : e->opts.n_family;
    UP_TRY(UP_NEW(&made, (most + 1) * q->n_arms * e->block, err));
    UP_TRY(UP_NEW(&e->families, e->n_rows, err));
    for (int64_t i = 0; i < e->n_rows; i++) {
        UP_TRY(assign_row(e, q, f, i, made, &family[i], err));
    }
out:
    upi_free(made);
    return status;
}

up_status
upi_families_read(up_effects *e, const upi_question *q, int64_t *family, up_error *err)
{
    up_status status = UP_OK;
    families f = {0};
    int64_t n = e->model->moments->experiment->n_metrics;
    UP_TRY(UP_NEW(&f.declared, n, err));
    UP_TRY(UP_NEW(&f.name, e->opts.n_family, err));
    for (int64_t i = 0; i < n; i++) {
        f.declared[i] = -1;
    }
    for (int64_t k = 0; k < e->opts.n_family; k++) {
        if (e->opts.family[k] == NULL) {
            status = upi_fail(err, UP_E_ARGUMENT, "family", "a text is missing");
            goto out;
        }
        UP_TRY(read_text(e, e->opts.family[k], k, &f, err));
        f.named = f.named || f.name[k][0] != '\0';
    }
    UP_TRY(assign(e, q, &f, family, err));
out:
    upi_free(f.declared);
    upi_free(f.name);
    return status;
}
