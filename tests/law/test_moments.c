/* Laws of moments: the order of rows, the number of threads, cutting and merging, saving and
 * doubling do not change what was measured. */
#include "moments_data.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Every form of moments. */
static const struct {
    data_design design;
    up_moments_opts opts;
} forms[] = {
    {{.roles = {.intent_to_treat = "arm", .treated = "got", .weight = "w"},
         .metrics = LIST("sales", "clicks", "clicked"),
         .covariates = LIST("device", "loyalty"),
         .segments = LIST("spend > 10025")},
        {.struct_size = sizeof(up_moments_opts)}},
    {{.roles = {.intent_to_treat = "arm"},
         .metrics = LIST("sales", "clicks"),
         .covariates = LIST("spend", "visits", "device")},
        {.struct_size = sizeof(up_moments_opts), .layout = UP_LAYOUT_STREAM}},
    {{.roles = {.intent_to_treat = "arm", .propensity = "fine"},
         .metrics = LIST("sales"),
         .covariates = LIST("spend")},
        {.struct_size = sizeof(up_moments_opts), .max_groups = 50}},
    {{.roles = {.intent_to_treat = "arm", .cluster = "household"},
         .metrics = LIST("sales", "clicks"),
         .covariates = LIST("device")},
        {.struct_size = sizeof(up_moments_opts)}},
    {{.roles = {.intent_to_treat = "arm", .cluster = "household", .cluster2 = "street"},
         .metrics = LIST("sales"),
         .covariates = LIST("spend", "device")},
        {.struct_size = sizeof(up_moments_opts)}},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static up_moments *
build(data *d, int64_t first, int64_t n, int form, const fake_options *options,
    int64_t threads)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    up_source *s = data_source(d, first, n, options);
    up_experiment *e = data_experiment(s, &forms[form].design);
    assert_ok(
        up_moments_build(e, &forms[form].opts, UP_RUN(.threads = threads), &m, &err),
        &err);
    m->rows = NULL;
    up_experiment_free(e);
    up_source_free(s);
    return m;
}

static void
threads_and_arrival(void **state)
{
    (void)state;
    data *d = data_new();
    int64_t order[300];
    for (int f = 0; f < FORMS; f++) {
        for (int64_t i = 0; i < 300; i++) {
            order[i] = 299 - i;
        }
        fake_options small = {.range_rows = 5};
        up_moments *one = build(d, 0, d->n, f, &small, 1);
        up_moments *four = build(d, 0, d->n, f, &small, 4);
        assert_same_moments(one, four);
        up_moments_free(four);
        small.order = order; /* last range first */
        up_moments *back = build(d, 0, d->n, f, &small, 3);
        assert_same_moments(one, back);
        up_moments_free(back);
        srand((unsigned)f);
        for (int64_t i = 299; i > 0; i--) {
            int64_t j = rand() % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        back = build(d, 0, d->n, f, &small, 2);
        assert_same_moments(one, back);
        up_moments_free(back);
        up_moments_free(one);
    }
    data_free(d);
}

static void
swap_rows(data *d, int64_t i, int64_t j)
{
#define SWAP(x)                                                                        \
    do {                                                                               \
        __typeof__((x)[0]) kept = (x)[i];                                              \
        (x)[i] = (x)[j];                                                               \
        (x)[j] = kept;                                                                 \
    } while (0)
    SWAP(d->arm);
    SWAP(d->device);
    SWAP(d->street);
    SWAP(d->loyalty);
    SWAP(d->household);
    SWAP(d->week);
    SWAP(d->shopper);
    SWAP(d->got);
    SWAP(d->clicked);
    SWAP(d->spend);
    SWAP(d->visits);
    SWAP(d->p);
    SWAP(d->w);
    SWAP(d->sales);
    SWAP(d->clicks);
    SWAP(d->fine);
#undef SWAP
}

static void
order_of_rows(void **state)
{
    (void)state;
    data *d = data_new(), *mixed = data_new();
    srand(7);
    for (int64_t i = d->n - 1; i > 0; i--) {
        swap_rows(mixed, i, rand() % (i + 1));
    }
    for (int f = 0; f < FORMS; f++) {
        up_moments *a = build(d, 0, d->n, f, NULL, 1);
        up_moments *b = build(mixed, 0, d->n, f, NULL, 1);
        up_moments *c = build(d, 0, d->n, f, &(fake_options){.range_rows = 1500}, 1);
        assert_close_moments(a, b, 1e-13);
        assert_close_moments(a, c, 1e-13);
        up_moments_free(a);
        up_moments_free(b);
        up_moments_free(c);
    }
    data_free(d);
    data_free(mixed);
}

static up_moments *
merge(const up_moments *a, const up_moments *b)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    assert_ok(up_moments_merge(a, b, &m, &err), &err);
    return m;
}

static void
merge_is_one_pass(void **state)
{
    (void)state;
    data *d = data_new();
    for (int f = 0; f < FORMS; f++) {
        up_moments *whole = build(d, 0, 1500, f, NULL, 1);
        up_moments *a = build(d, 0, 400, f, NULL, 1);
        up_moments *b = build(d, 400, 300, f, NULL, 1);
        up_moments *c = build(d, 700, 800, f, NULL, 1);
        up_moments *ab = merge(a, b), *bc = merge(b, c);
        up_moments *left = merge(ab, c), *right = merge(a, bc), *again = merge(ab, c);
        assert_close_moments(left, whole, 1e-13);
        assert_close_moments(right, left, 1e-13);
        assert_same_moments(left, again);
        assert_null(left->rows);
        up_moments_free(whole);
        up_moments_free(a);
        up_moments_free(b);
        up_moments_free(c);
        up_moments_free(ab);
        up_moments_free(bc);
        up_moments_free(left);
        up_moments_free(right);
        up_moments_free(again);
    }
    data_free(d);
}

static void
capsule_is_rows(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    char path[] = "/tmp/upshot-law-XXXXXX";
    char file[64];
    assert_non_null(mkdtemp(path));
    (void)snprintf(file, sizeof file, "%s/m.parquet", path);
    for (int f = 0; f < FORMS; f++) {
        up_moments *a = build(d, 0, 700, f, NULL, 1),
                   *b = build(d, 700, 800, f, NULL, 1);
        up_moments *back = NULL;
        assert_ok(up_moments_save(a, file, NULL, &err), &err);
        assert_ok(up_moments_load(file, &back, &err), &err);
        assert_same_moments(a, back);
        up_moments *straight = merge(a, b), *saved = merge(back, b);
        assert_same_moments(straight, saved);
        up_moments_free(a);
        up_moments_free(b);
        up_moments_free(back);
        up_moments_free(straight);
        up_moments_free(saved);
    }
    (void)unlink(file);
    (void)rmdir(path);
    data_free(d);
}

/* Every row twice: n, the second moments and the Gram matrices double, means stay. */
static void
doubling(void **state)
{
    (void)state;
    data *d = data_new();
    for (int f = 0; f < FORMS; f++) {
        up_moments *a = build(d, 0, 700, f, NULL, 1), *two = merge(a, a);
        int64_t nv = a->nx + a->ny, pairs = nv * (nv + 1) / 2,
                w = (nv + 1) * (nv + 2) / 2;
        assert_int_equal(two->n_groups, a->n_groups);
        assert_int_equal(two->n_rows, 2 * a->n_rows);
        for (int64_t g = 0; g < a->n_groups; g++) {
            assert_int_equal(two->n[g], 2 * a->n[g]);
            for (int64_t j = 0; j < nv; j++) {
                assert_close(two->mean[g * nv + j], a->mean[g * nv + j], 1e-15, 0);
            }
            for (int64_t p = 0; a->m2 != NULL && p < pairs; p++) {
                assert_close(
                    two->m2[g * pairs + p], 2 * a->m2[g * pairs + p], 1e-14, 0);
            }
            /* columns that a small group cannot tell apart leave rounding in the triangle */
            for (int64_t p = 0; a->tri != NULL && p < w; p++) {
                assert_close(two->tri[g * w + p], sqrt(2) * a->tri[g * w + p], 1e-12,
                    1e-13 * fabs(a->tri[g * w + w - 1 - nv]));
            }
        }
        up_moments_free(a);
        up_moments_free(two);
    }
    data_free(d);
}

/* The engine's own ranges: 300,000 rows in memory. */
static void
memory_source(void **state)
{
    (void)state;
    enum { N = 300000 };
    double *y = calloc(N, sizeof *y), *x = calloc(N, sizeof *x);
    int64_t *arm = calloc(N, sizeof *arm), *c = calloc(N, sizeof *c);
    assert_true(y != NULL && x != NULL && arm != NULL && c != NULL);
    srand(3);
    for (int64_t i = 0; i < N; i++) {
        arm[i] = rand() % 2;
        x[i] = rand() / 1e7;
        y[i] = 1e8 + x[i] + rand() / 1e9;
        c[i] = rand() % 5000;
    }
    up_column columns[] = {{.name = "arm", .i64 = arm}, {.name = "x", .f64 = x},
        {.name = "y", .f64 = y}, {.name = "c", .i64 = c}};
    for (int f = 0; f < 4; f++) {
        up_error err = UP_ERROR_INIT;
        up_source *s = NULL;
        up_moments *m[2] = {NULL, NULL};
        assert_ok(up_source_from_columns_borrow(columns, 4, N, &s, &err), &err);
        data_design design = {
            .roles = {.intent_to_treat = "arm", .cluster = f > 1 ? "c" : NULL},
            .metrics = LIST("y"),
            .covariates = f % 2 == 1 ? LIST("x") : NULL};
        up_experiment *e = data_experiment(s, &design);
        for (int t = 0; t < 2; t++) {
            assert_ok(up_moments_build(
                          e, NULL, UP_RUN(.threads = t == 0 ? 1 : 4), &m[t], &err),
                &err);
        }
        assert_same_moments(m[0], m[1]);
        long double sum = 0;
        for (int64_t i = 0; i < N; i++) {
            sum += (long double)y[i] * (arm[i] == 1 && (f < 2 || c[i] == 77));
        }
        int64_t g = 0, nv = m[0]->nx + m[0]->ny;
        while (
            upi_moments_code(m[0], g, 0) != 1 || (f > 1 && m[0]->cluster[0][g] != 77)) {
            g++;
        }
        assert_close(m[0]->mean[g * nv + nv - 1],
            (double)(sum / (long double)m[0]->n[g]), 1e-15, 0);
        up_moments_free(m[0]);
        up_moments_free(m[1]);
        up_experiment_free(e);
        up_source_free(s);
    }
    free(y);
    free(x);
    free(arm);
    free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_arrival),
        cmocka_unit_test(order_of_rows),
        cmocka_unit_test(merge_is_one_pass),
        cmocka_unit_test(capsule_is_rows),
        cmocka_unit_test(doubling),
        cmocka_unit_test(memory_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
