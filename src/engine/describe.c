/* What a table holds, column by column, in one pass over the rows for up to 2,048 columns: a
 * text file costs its whole width in every pass, however few columns are looked at.
 *
 * Mean and variance: two passes over each batch, then Chan, Golub and LeVeque (1979) to put
 * batches and ranges together; raw sums of squares would lose every digit where the mean is
 * large. Ranges are combined in the order of their numbers along a fixed binary tree, so
 * that the bits do not depend on which worker took which range. */
#include "base/pool.h"
#include "engine/scan.h"
#include "engine/source.h"
#include "engine/tally.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Columns of one pass. Where their distinct values fill the memory below, the last of them
 * wait for the next pass, as long as more than LEAST_COLUMNS are left. */
enum { PASS_COLUMNS = 2048, LEAST_COLUMNS = 128, EXAMPLES = 5 };
static const int64_t tally_bytes = 32 << 20; /* of one worker */

typedef struct summary {
    int64_t rows, missing, infinite, n; /* n: finite values */
    double mean, m2, min, max;
} summary;

static const summary empty = {.min = INFINITY, .max = -INFINITY};

static void
combine(summary *a, const summary *b)
{
    a->rows += b->rows;
    a->missing += b->missing;
    a->infinite += b->infinite;
    a->min = b->min < a->min ? b->min : a->min;
    a->max = b->max > a->max ? b->max : a->max;
    if (b->n > 0) {
        double n = (double)(a->n + b->n);
        double delta = b->mean - a->mean;
        a->m2 += b->m2 + delta * delta * ((double)a->n * ((double)b->n / n));
        a->mean += delta * ((double)b->n / n);
        a->n += b->n;
    }
}

static double
value_at(const upi_column *c, int64_t i)
{
    switch (c->type) {
    case UPI_F64:
        return ((const double *)c->data)[i];
    case UPI_BOOL:
        return (double)((const uint8_t *)c->data)[i];
    default:
        return (double)((const int64_t *)c->data)[i];
    }
}

static void
summarise(summary *to, const upi_column *c, int64_t n)
{
    summary s = empty;
    double values[UPI_BATCH_ROWS];
    double sum = 0;
    s.rows = n;
    for (int64_t i = 0; i < n; i++) {
        double x =
            upi_valid(c, i) ? (c->type == UPI_STR ? 0 : value_at(c, i)) : (double)NAN;
        if (isnan(x)) {
            s.missing++;
            continue;
        }
        s.min = x < s.min ? x : s.min;
        s.max = x > s.max ? x : s.max;
        if (isinf(x)) {
            s.infinite++;
            continue;
        }
        values[s.n++] = x;
        sum += x;
    }
    s.mean = s.n > 0 ? sum / (double)s.n : 0;
    for (int64_t i = 0; i < s.n; i++) {
        double d = values[i] - s.mean;
        s.m2 += d * d;
    }
    combine(to, &s);
}

/* A finished node of the tree: ranges [index << level, (index + 1) << level). */
typedef struct node {
    int level;
    int64_t index;
    summary *columns;
} node;

typedef struct worker {
    summary *current; /* of the range under way */
    upi_tally *tallies;
    int64_t rows;
    int64_t *first_range; /* range of the samples below, -1 = none */
    char **sample;        /* first values, for columns with too many to count */
} worker;

typedef struct pass {
    int64_t n;          /* columns */
    atomic_llong taken; /* the first of them that are looked at; the others wait */
    int n_workers;
    worker *workers;
    pthread_mutex_t lock;
    node *nodes;
    int64_t n_nodes, capacity;
} pass;

static up_status
worker_make(const pass *p, worker *w, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&w->tallies, p->n, err));
    UP_TRY(UP_NEW(&w->first_range, p->n, err));
    UP_TRY(UP_NEW(&w->sample, p->n, err));
    for (int64_t i = 0; i < p->n; i++) {
        w->first_range[i] = -1;
    }
out:
    return status;
}

static up_status
pass_begin(void *ctx, int n_workers, up_error *err)
{
    pass *p = ctx;
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&p->workers, n_workers, err));
    p->n_workers = n_workers;
    for (int i = 0; i < n_workers; i++) {
        UP_TRY(worker_make(p, &p->workers[i], err));
    }
out:
    return status;
}

static up_status
take_sample(worker *w, int64_t column, int64_t range, const upi_column *c, int64_t n,
    up_error *err)
{
    upi_text text = {0};
    char slot[UPI_VALUE_TEXT];
    int64_t shown = 0;
    if (w->first_range[column] >= 0) {
        return UP_OK;
    }
    for (int64_t i = 0; i < n && shown < 3; i++) {
        if (upi_valid(c, i) && !(c->type == UPI_F64 && isnan(value_at(c, i)))) {
            upi_str s = c->type == UPI_STR ? ((const upi_str *)c->data)[i]
                                           : upi_value_text(c, i, slot);
            upi_text_add(&text, shown > 0 ? ", " : "");
            uint32_t length = upi_str_length(&s);
            upi_text_add_n(&text, upi_str_data(&s),
                length < UPI_TALLY_TEXT ? length : UPI_TALLY_TEXT);
            shown++;
        }
    }
    if (shown == 0) {
        upi_text_free(&text);
        return UP_OK;
    }
    w->first_range[column] = range;
    up_status status = upi_text_take(&text, &w->sample[column], err);
    upi_text_free(&text);
    return status;
}

/* Lets the second half of the columns wait; returns how many are left. */
static int64_t
let_wait(pass *p, int64_t taken)
{
    long long seen = taken;
    int64_t half = taken / 2 > LEAST_COLUMNS ? taken / 2 : LEAST_COLUMNS;
    if (half < taken && !atomic_compare_exchange_strong(&p->taken, &seen, half)) {
        return seen; /* another worker was first */
    }
    return half < taken ? half : taken;
}

static up_status
pass_batch(void *ctx, int number, int64_t range, const upi_batch *batch, up_error *err)
{
    pass *p = ctx;
    worker *w = &p->workers[number];
    up_status status = UP_OK;
    if (w->current == NULL) {
        UP_TRY(UP_NEW(&w->current, p->n + 1, err));
        for (int64_t i = 0; i < p->n; i++) {
            w->current[i] = empty;
        }
    }
    w->rows += batch->n;
    int64_t taken = atomic_load(&p->taken);
    int64_t bytes = 0;
    for (int64_t i = 0; i < taken; i++) {
        const upi_column *c = &batch->columns[i];
        summarise(&w->current[i], c, batch->n);
        UP_TRY(upi_tally_add(&w->tallies[i], c, batch->n, err));
        UP_TRY(take_sample(w, i, range, c, batch->n, err));
        bytes += upi_tally_bytes(&w->tallies[i]);
    }
    if (bytes > tally_bytes) {
        taken = let_wait(p, taken);
    }
    for (int64_t i = taken; i < p->n; i++) {
        upi_tally_free(&w->tallies[i]);
    }
out:
    return status;
}

/* Takes the node out when it is there. */
static bool
take_node(pass *p, int level, int64_t index, node *out)
{
    for (int64_t i = 0; i < p->n_nodes; i++) {
        if (p->nodes[i].level == level && p->nodes[i].index == index) {
            *out = p->nodes[i];
            p->nodes[i] = p->nodes[--p->n_nodes];
            return true;
        }
    }
    return false;
}

static up_status
put_node(pass *p, node new, up_error *err)
{
    node other;
    while (take_node(p, new.level, new.index ^ 1, &other)) {
        node left = new.index & 1 ? other : new;
        node right = new.index & 1 ? new : other;
        for (int64_t i = 0; i < p->n; i++) {
            combine(&left.columns[i], &right.columns[i]);
        }
        upi_free(right.columns);
        new = (node){left.level + 1, left.index / 2, left.columns};
    }
    up_status status = UP_RESERVE(&p->nodes, &p->capacity, p->n_nodes + 1, err);
    if (status != UP_OK) {
        upi_free(new.columns);
        return status;
    }
    p->nodes[p->n_nodes++] = new;
    return UP_OK;
}

static up_status
pass_range_end(void *ctx, int number, int64_t range, up_error *err)
{
    pass *p = ctx;
    worker *w = &p->workers[number];
    node new = {0, range, w->current};
    w->current = NULL;
    if (new.columns == NULL) {
        return UP_OK;
    }
    (void)pthread_mutex_lock(&p->lock);
    up_status status = put_node(p, new, err);
    (void)pthread_mutex_unlock(&p->lock);
    return status;
}

/* Lifts what is left, level by level, as if the absent ranges were empty. */
static up_status
finish_tree(pass *p, up_error *err)
{
    up_status status = UP_OK;
    while (p->n_nodes > 1) {
        int64_t lowest = 0;
        for (int64_t i = 1; i < p->n_nodes; i++) {
            lowest = p->nodes[i].level < p->nodes[lowest].level ? i : lowest;
        }
        node up = p->nodes[lowest];
        p->nodes[lowest] = p->nodes[--p->n_nodes];
        up.level++;
        up.index /= 2;
        UP_TRY(put_node(p, up, err));
    }
out:
    return status;
}

static void
pass_free(pass *p)
{
    for (int i = 0; p->workers != NULL && i < p->n_workers; i++) {
        worker *w = &p->workers[i];
        for (int64_t j = 0; j < p->n; j++) {
            if (w->tallies != NULL) {
                upi_tally_free(&w->tallies[j]);
            }
            if (w->sample != NULL) {
                upi_free(w->sample[j]);
            }
        }
        upi_free(w->current);
        upi_free(w->tallies);
        upi_free(w->first_range);
        upi_free(w->sample);
    }
    upi_free(p->workers);
    for (int64_t i = 0; i < p->n_nodes; i++) {
        upi_free(p->nodes[i].columns);
    }
    upi_free(p->nodes);
    (void)pthread_mutex_destroy(&p->lock);
}

typedef struct item {
    up_column_info info;
    char *name, *type, *example;
    upi_level *levels;
    int64_t n_levels;
} item;

struct up_description {
    int64_t rows, n;
    item *items;
};

static const char *
earliest_sample(const pass *p, int64_t column)
{
    const char *sample = "";
    int64_t range = INT64_MAX;
    for (int i = 0; i < p->n_workers; i++) {
        const worker *w = &p->workers[i];
        if (w->first_range[column] >= 0 && w->first_range[column] < range) {
            range = w->first_range[column];
            sample = w->sample[column];
        }
    }
    return sample;
}

static up_status
fill_example(
    const pass *p, int64_t column, const upi_tally *all, item *to, up_error *err)
{
    up_status status = UP_OK;
    upi_text text = {0};
    if (all->registers != NULL) {
        upi_text_add(&text, earliest_sample(p, column));
        upi_text_add(&text, ", ...");
    } else {
        UP_TRY(upi_tally_examples(all, EXAMPLES, &text, err));
    }
    UP_TRY(upi_text_take(&text, &to->example, err));
out:
    upi_text_free(&text);
    return status;
}

static void
fill_numbers(const summary *s, upi_type type, up_column_info *to)
{
    bool number = type == UPI_F64 || type == UPI_I64 || type == UPI_BOOL;
    double unit = type == UPI_TIME ? 1e-6 : 1;
    to->missing = s->missing;
    to->infinite = s->infinite;
    to->min = to->max = to->mean = to->sd = NAN;
    if (type != UPI_STR && s->missing < s->rows) {
        to->min = s->min * unit;
        to->max = s->max * unit;
    }
    if (number && s->n > 0) {
        to->mean = s->mean;
    }
    if (number && s->n > 1) {
        to->sd = sqrt(s->m2 / (double)(s->n - 1));
    }
}

static up_status
fill_column(
    const pass *p, int64_t column, const upi_field *field, item *to, up_error *err)
{
    up_status status = UP_OK;
    upi_tally all = {.type = field->type};
    for (int i = 0; i < p->n_workers; i++) {
        UP_TRY(upi_tally_merge(&all, &p->workers[i].tallies[column], err));
    }
    fill_numbers(
        p->n_nodes > 0 ? &p->nodes[0].columns[column] : &empty, field->type, &to->info);
    to->info.distinct = upi_tally_distinct(&all);
    UP_TRY(fill_example(p, column, &all, to, err));
    UP_TRY(upi_tally_levels(&all, &to->levels, &to->n_levels, err));
out:
    upi_tally_free(&all);
    return status;
}

/* Looks at the first *n of the fields listed; *n becomes how many of them are done. */
static up_status
run_pass(up_source *s, const int64_t *fields, int64_t *n, const up_run *run,
    up_description *d, up_error *err)
{
    up_status status = UP_OK;
    pass p = {.n = *n};
    upi_expr **columns = NULL;
    (void)pthread_mutex_init(&p.lock, NULL);
    atomic_init(&p.taken, p.n);
    UP_TRY(UP_NEW(&columns, p.n, err));
    for (int64_t i = 0; i < p.n; i++) {
        UP_TRY(upi_expr_column(s->fields[fields[i]].name, &columns[i], err));
    }
    upi_scan scan = {.n_columns = p.n, .columns = (const upi_expr *const *)columns};
    upi_sink sink = {&p, pass_begin, pass_batch, pass_range_end};
    UP_TRY(upi_source_scan(s, &scan, &sink, run, err));
    UP_TRY(finish_tree(&p, err));
    d->rows = 0;
    for (int i = 0; i < p.n_workers; i++) {
        d->rows += p.workers[i].rows;
    }
    *n = atomic_load(&p.taken);
    for (int64_t i = 0; i < *n; i++) {
        UP_TRY(fill_column(&p, i, &s->fields[fields[i]], &d->items[fields[i]], err));
    }
out:
    for (int64_t i = 0; columns != NULL && i < p.n; i++) {
        upi_expr_free(columns[i]);
    }
    upi_free(columns);
    pass_free(&p);
    return status;
}

static up_status
name_item(const upi_field *f, item *to, up_error *err)
{
    up_status status = UP_OK;
    to->info = (up_column_info){.min = NAN, .max = NAN, .mean = NAN, .sd = NAN};
    UP_TRY(upi_strdup_to(&to->name, f->name, err));
    UP_TRY(upi_strdup_to(
        &to->type, f->refused ? f->native_type : upi_type_name(f->type), err));
out:
    return status;
}

static up_status
look(up_source *s, const up_run *run, up_description *d, up_error *err)
{
    up_status status = UP_OK;
    int64_t *fields = NULL;
    int64_t n = 0;
    int64_t width = PASS_COLUMNS;
    UP_TRY(UP_NEW(&fields, s->n_fields, err));
    for (int64_t i = 0; i < s->n_fields; i++) {
        UP_TRY(name_item(&s->fields[i], &d->items[i], err));
        fields[n] = i;
        n += !s->fields[i].refused;
    }
    int64_t next = 0;
    do {
        int64_t asked = n - next < width ? n - next : width;
        int64_t done = asked;
        UP_TRY(run_pass(s, fields + next, &done, run, d, err));
        width = done < asked ? done : width;
        next += done;
    } while (next < n);
    for (int64_t i = 0; i < d->n; i++) {
        item *to = &d->items[i];
        to->info.rows = d->rows;
        to->info.name = to->name;
        to->info.type = to->type;
        to->info.example = to->example != NULL ? to->example : "";
    }
out:
    upi_free(fields);
    return status;
}

up_status
up_source_describe(
    up_source *source, const up_run *run, up_description **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_description *d = NULL;
    if (source == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, source == NULL ? "source" : "out",
            "a description needs a source and a place to put it");
    }
    UP_TRY(UP_NEW(&d, 1, err));
    UP_TRY(UP_NEW(&d->items, source->n_fields, err));
    d->n = source->n_fields;
    UP_TRY(look(source, run, d, err));
    *out = d;
    d = NULL;
out:
    up_description_free(d);
    return status;
}

int64_t
up_description_rows(const up_description *d)
{
    return d != NULL ? d->rows : 0;
}

int64_t
up_description_columns(const up_description *d)
{
    return d != NULL ? d->n : 0;
}

up_column_info
up_description_column(const up_description *d, int64_t i)
{
    if (d == NULL || i < 0 || i >= d->n) {
        return (up_column_info){
            .name = "", .type = "", .example = "", .min = NAN, .max = NAN};
    }
    return d->items[i].info;
}

const upi_level *
upi_description_levels(const up_description *d, int64_t i, int64_t *n)
{
    *n = d->items[i].n_levels;
    return *n > 0 ? d->items[i].levels : NULL;
}

void
up_description_free(up_description *d)
{
    if (d == NULL) {
        return;
    }
    for (int64_t i = 0; d->items != NULL && i < d->n; i++) {
        upi_free(d->items[i].name);
        upi_free(d->items[i].type);
        upi_free(d->items[i].example);
        upi_tally_levels_free(d->items[i].levels, d->items[i].n_levels);
    }
    upi_free(d->items);
    upi_free(d);
}
