/* Every range is a memory source of its own over a slice of the arrays; what it delivers is
 * passed on under the number of the range and of the thread. */
#include "fake_source.h"

#include "up_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct fake {
    up_source *whole; /* for the schema */
    const up_column *columns;
    int64_t n_columns, n_rows;
    fake_options options;
    atomic_long scans;
} fake;

typedef struct job {
    fake *f;
    const upi_scan *scan;
    const upi_sink *sink;
    int64_t n_ranges;
    atomic_long next;
    atomic_int status;
    pthread_mutex_t lock;
    up_error error;
} job;

typedef struct lane {
    job *j;
    int worker;
    int64_t number;
    bool delivered;
} lane;

static up_status
pass_begin(void *ctx, int n_workers, up_error *err)
{
    (void)ctx;
    (void)n_workers;
    (void)err;
    return UP_OK;
}

static up_status
pass_batch(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    (void)worker;
    (void)range;
    lane *l = ctx;
    l->delivered = true;
    return l->j->sink->batch(l->j->sink->ctx, l->worker, l->number, b, err);
}

static up_status
pass_end(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)ctx;
    (void)worker;
    (void)range;
    (void)err;
    return UP_OK;
}

static up_status
scan_range(job *j, int worker, int64_t range, up_error *err)
{
    up_status status = UP_OK;
    fake *f = j->f;
    up_source *slice = NULL;
    up_column *columns = NULL;
    int64_t rows = f->options.range_rows, first = range * rows;
    int64_t n = f->n_rows - first < rows ? f->n_rows - first : rows;
    if (f->options.fail_at > 0 && range == f->options.fail_at) {
        return upi_fail(err, UP_E_SOURCE, NULL, "the fake source fails at range %lld",
            (long long)range);
    }
    UP_TRY(UP_NEW(&columns, f->n_columns, err));
    for (int64_t i = 0; i < f->n_columns; i++) {
        up_column c = f->columns[i];
        c.f64 = c.f64 != NULL ? c.f64 + first : NULL;
        c.i64 = c.i64 != NULL ? c.i64 + first : NULL;
        c.text = c.text != NULL ? c.text + first : NULL;
        c.boolean = c.boolean != NULL ? c.boolean + first : NULL;
        c.missing = c.missing != NULL ? c.missing + first : NULL;
        columns[i] = c;
    }
    UP_TRY(up_source_from_columns_borrow(columns, f->n_columns, n, &slice, err));
    lane l = {j, worker, range * f->options.gap, false};
    upi_sink sink = {&l, pass_begin, pass_batch, pass_end};
    UP_TRY(upi_source_scan(slice, j->scan, &sink, UP_RUN(.threads = 1), err));
    if (l.delivered) {
        UP_TRY(j->sink->range_end(j->sink->ctx, worker, l.number, err));
    }
out:
    up_source_free(slice);
    upi_free(columns);
    return status;
}

typedef struct thread {
    job *j;
    int worker;
    pthread_t id;
} thread;

static void *
work(void *argument)
{
    thread *t = argument;
    job *j = t->j;
    while (atomic_load(&j->status) == UP_OK) {
        int64_t k = atomic_fetch_add(&j->next, 1);
        if (k >= j->n_ranges) {
            break;
        }
        up_error err = UP_ERROR_INIT;
        int64_t range = j->f->options.order != NULL ? j->f->options.order[k] : k;
        up_status status = scan_range(j, t->worker, range, &err);
        if (status != UP_OK) {
            (void)pthread_mutex_lock(&j->lock);
            if (atomic_load(&j->status) == UP_OK) {
                j->error = err;
                atomic_store(&j->status, (int)status);
            }
            (void)pthread_mutex_unlock(&j->lock);
        }
    }
    return NULL;
}

static up_status
fake_scan(up_source *s, const upi_scan *scan, const upi_sink *sink, const up_run *run,
    up_error *err)
{
    fake *f = s->self;
    thread threads[16];
    int n = run != NULL && run->threads > 0 ? (int)run->threads : 1;
    job j = {.f = f, .scan = scan, .sink = sink, .lock = PTHREAD_MUTEX_INITIALIZER};
    j.n_ranges = (f->n_rows + f->options.range_rows - 1) / f->options.range_rows;
    atomic_fetch_add(&f->scans, 1);
    assert_true(n <= 16);
    up_status status = sink->begin(sink->ctx, n, err);
    if (status != UP_OK) {
        return status;
    }
    for (int i = 0; i < n; i++) {
        threads[i] = (thread){.j = &j, .worker = i};
        if (i > 0) {
            assert_int_equal(
                pthread_create(&threads[i].id, NULL, work, &threads[i]), 0);
        }
    }
    (void)work(&threads[0]);
    for (int i = 1; i < n; i++) {
        (void)pthread_join(threads[i].id, NULL);
    }
    status = (up_status)atomic_load(&j.status);
    if (status != UP_OK && err != NULL) {
        *err = j.error;
    }
    return status;
}

static void
fake_close(up_source *s)
{
    fake *f = s->self;
    /* The fields belong to the source that lent them. */
    s->fields = NULL;
    s->n_fields = 0;
    up_source_free(f->whole);
    free(f);
}

static const upi_engine_ops fake_ops = {
    .name = "fake", .scan = fake_scan, .close = fake_close};

up_source *
fake_source(const up_column *columns, int64_t n_columns, int64_t n_rows,
    const fake_options *options)
{
    up_error err = UP_ERROR_INIT;
    fake *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->columns = columns;
    f->n_columns = n_columns;
    f->n_rows = n_rows;
    f->options = options != NULL ? *options : (fake_options){0};
    f->options.range_rows = f->options.range_rows > 0 ? f->options.range_rows : 50;
    f->options.gap = f->options.gap > 0 ? f->options.gap : 1;
    assert_ok(
        up_source_from_columns_borrow(columns, n_columns, n_rows, &f->whole, &err),
        &err);
    up_source *s = upi_calloc(1, sizeof *s);
    assert_non_null(s);
    s->ops = &fake_ops;
    s->name = upi_strdup("fake");
    s->fields = f->whole->fields;
    s->n_fields = f->whole->n_fields;
    s->n_rows = n_rows;
    s->fingerprint = 7;
    s->self = f;
    return s;
}

int64_t
fake_source_scans(const up_source *s)
{
    return atomic_load(&((fake *)s->self)->scans);
}
