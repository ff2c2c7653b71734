/* A history as if it were an experiment: another source's rows with one more column, which deals
 * them to two arms at random. A row is named by its range and its place in it, a cluster by its
 * text, so that neither threads nor the order of delivery matter. */
#include "base/base.h"
#include "design/build.h"
#include "engine/source.h"
#include "num/rng.h"

#include <upshot/power.h>

#include <string.h>

typedef struct split {
    up_source *inner;
    upi_variable cluster; /* expr NULL = by row */
    uint64_t seed;
} split;

typedef struct place {
    int64_t range, row;
    upi_str *arm;        /* (UPI_BATCH_ROWS) */
    upi_column *columns; /* (n) as the consumer wants them */
} place;

typedef struct job {
    const split *s;
    const upi_scan *scan;
    const upi_sink *sink;
    int64_t *from; /* (n) column of the inner scan; -1 = the arm */
    int64_t cluster;
    place *places;
    int n_places;
} job;

static upi_str
arm_of(const job *j, uint64_t a, uint64_t b)
{
    upi_rng r = upi_rng_make(j->s->seed, UPI_STREAM_SPLIT, a, b);
    return upi_str_make(upi_rng_u64(&r) >> 63 != 0 ? "b" : "a", 1);
}

static void
fill_arms(const job *j, place *p, int64_t range, const upi_batch *b)
{
    if (range != p->range) {
        p->range = range;
        p->row = 0;
    }
    for (int64_t i = 0; i < b->n; i++, p->row++) {
        if (j->cluster < 0) {
            p->arm[i] = arm_of(j, (uint64_t)range, (uint64_t)p->row);
            continue;
        }
        const upi_column *c = &b->columns[j->cluster];
        const upi_str none = {0};
        const upi_str *s = upi_valid(c, i) ? &((const upi_str *)c->data)[i] : &none;
        uint64_t name = upi_hash_bytes(upi_str_data(s), upi_str_length(s), 0);
        p->arm[i] = arm_of(j, 0, name);
    }
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    up_status status = UP_OK;
    job *j = ctx;
    UP_TRY(UP_NEW(&j->places, n_workers, err));
    j->n_places = n_workers;
    for (int k = 0; k < n_workers; k++) {
        j->places[k].range = -1;
        UP_TRY(UP_NEW(&j->places[k].arm, UPI_BATCH_ROWS, err));
        UP_TRY(UP_NEW(&j->places[k].columns, j->scan->n_columns, err));
    }
    if (j->sink->begin != NULL) {
        UP_TRY(j->sink->begin(j->sink->ctx, n_workers, err));
    }
out:
    return status;
}

static up_status
take_batch(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    job *j = ctx;
    place *p = &j->places[worker];
    fill_arms(j, p, range, b);
    for (int64_t k = 0; k < j->scan->n_columns; k++) {
        p->columns[k] = j->from[k] < 0 ? (upi_column){UPI_STR, p->arm, NULL}
                                       : b->columns[j->from[k]];
    }
    const upi_batch whole = {b->n, j->scan->n_columns, p->columns};
    return j->sink->batch(j->sink->ctx, worker, range, &whole, err);
}

static up_status
range_end(void *ctx, int worker, int64_t range, up_error *err)
{
    job *j = ctx;
    return j->sink->range_end != NULL
               ? j->sink->range_end(j->sink->ctx, worker, range, err)
               : UP_OK;
}

static bool
is_arm(const upi_expr *e)
{
    const char *name = upi_expr_bare_column(e);
    return name != NULL && strcmp(name, UP_POWER_SPLIT) == 0;
}

static up_status
split_scan(up_source *source, const upi_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    split *s = source->self;
    job j = {.s = s, .scan = scan, .sink = sink, .cluster = -1};
    const upi_expr **columns = NULL;
    int *as = NULL;
    int64_t n = 0;
    UP_TRY(UP_NEW(&j.from, scan->n_columns, err));
    UP_TRY(UP_NEW(&columns, scan->n_columns + 1, err));
    UP_TRY(UP_NEW(&as, scan->n_columns + 1, err));
    for (int64_t k = 0; k < scan->n_columns; k++) {
        j.from[k] = is_arm(scan->columns[k]) ? -1 : n;
        if (j.from[k] >= 0) {
            columns[n] = scan->columns[k];
            as[n++] = scan->as != NULL ? scan->as[k] : -1;
        }
    }
    if (s->cluster.expr != NULL) {
        j.cluster = n;
        columns[n] = s->cluster.expr;
        as[n++] = UPI_STR;
    }
    const upi_scan inner = {n, columns, as, scan->filter};
    const upi_sink mine = {&j, begin, take_batch, range_end};
    UP_TRY(upi_source_scan(s->inner, &inner, &mine, run, err));
out:
    for (int k = 0; k < j.n_places; k++) {
        upi_free(j.places[k].arm);
        upi_free(j.places[k].columns);
    }
    upi_free(j.places);
    upi_free(j.from);
    upi_free(columns);
    upi_free(as);
    return status;
}

static void
split_cancel(up_source *source)
{
    split *s = source->self;
    if (s->inner->ops->cancel != NULL) {
        s->inner->ops->cancel(s->inner);
    }
}

static void
split_close(up_source *source)
{
    split *s = source->self;
    if (s != NULL) {
        upi_variable_free(&s->cluster);
    }
    upi_free(s);
}

static up_status
copy_fields(const up_source *from, up_source *to, up_error *err)
{
    char name[] = UP_POWER_SPLIT, text[] = "text";
    const upi_field arm = {.name = name, .type = UPI_STR, .native_type = text};
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&to->fields, from->n_fields + 1, err));
    for (int64_t i = 0; i <= from->n_fields; i++) {
        to->n_fields = i + 1;
        UP_TRY(upi_field_copy(
            i == from->n_fields ? &arm : &from->fields[i], &to->fields[i], err));
    }
out:
    return status;
}

up_status
up_power_split(up_source *source, const char *cluster, const up_run *run,
    up_source **out, up_error *err)
{
    static const upi_engine_ops ops = {.name = "split",
        .scan = split_scan,
        .cancel = split_cancel,
        .close = split_close};
    UP_GUARD(err);
    up_status status = UP_OK;
    up_source *made = NULL;
    split *s = NULL;
    if (source == NULL || out == NULL || upi_source_find(source, UP_POWER_SPLIT) >= 0) {
        return upi_fail(err, UP_E_ARGUMENT, "source",
            "source or out is NULL, or the source has a column '%s'", UP_POWER_SPLIT);
    }
    UP_TRY(UP_NEW(&made, 1, err));
    UP_TRY(UP_NEW(&s, 1, err));
    made->ops = &ops;
    made->self = s;
    s->inner = source;
    s->seed = run != NULL ? run->seed : 0;
    made->n_rows = source->n_rows;
    made->fingerprint = source->fingerprint;
    UP_TRY(upi_strdup_to(&made->name, source->name, err));
    UP_TRY(copy_fields(source, made, err));
    if (cluster != NULL) {
        const up_experiment e = {.source = source};
        UP_TRY(upi_variable_make(&e, "cluster", cluster, &s->cluster, err));
    }
    *out = made;
    made = NULL;
out:
    up_source_free(made);
    return status;
}
