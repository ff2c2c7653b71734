/* Tables of ranges to one: the same bits for any order of arrival, bounded waiting. */
#include "moments/combine.h"
#include "moments/sums.h"
#include "up_test.h"

#include <stdlib.h>
#include <string.h>

enum { RANGES = 9000 };

static const upi_shape shape = {
    .form = UPI_MEAN, .second = true, .n_keys = 1, .nv = 1, .pairs = 1};

/* The finished table of a range: `groups` groups with one value each. */
static upi_table *
table_of(int64_t range, int32_t groups)
{
    up_error err = UP_ERROR_INIT;
    upi_table *t = NULL;
    assert_ok(upi_table_make(&shape, 2, groups, &t, &err), &err);
    for (int32_t g = 0; g < groups; g++) {
        int64_t at = 0;
        upi_group_key key = {upi_group_hash(&shape, &g, 0, 0), &g, {0, 0}};
        assert_ok(upi_table_add(t, &key, &at, &err), &err);
        *upi_table_count(t, at) = 1 + range % 5;
        upi_table_values(t, at)[0] = 1.0 / (double)(range + 3) + g;
        upi_table_values(t, at)[1] = 0.1 * (double)(range % 7);
    }
    return t;
}

static void
shuffle(int64_t *order, int64_t n, unsigned seed)
{
    srand(seed);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = rand() % (i + 1);
        int64_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* All ranges r * gap in the given order. */
static upi_table *
combine(const int64_t *order, int64_t n, int64_t gap, int64_t *most_nodes)
{
    up_error err = UP_ERROR_INIT;
    upi_combiner c;
    upi_table *out = NULL;
    upi_combiner_make(&c, INT64_MAX);
    for (int64_t i = 0; i < n; i++) {
        assert_ok(
            upi_combiner_add(&c, order[i] * gap, table_of(order[i], 3), &err), &err);
        *most_nodes = c.n_nodes > *most_nodes ? c.n_nodes : *most_nodes;
    }
    assert_ok(upi_combiner_finish(&c, &out, &err), &err);
    upi_combiner_free(&c);
    return out;
}

static void
assert_same(const upi_table *a, const upi_table *b)
{
    assert_int_equal(a->n, b->n);
    for (int64_t g = 0; g < a->n; g++) {
        upi_group_key key = upi_table_key(a, g);
        int64_t at = -1;
        for (int64_t h = 0; h < b->n; h++) {
            at = upi_table_codes(b, h)[0] == key.code[0] ? h : at;
        }
        assert_true(at >= 0);
        assert_int_equal(*upi_table_count(a, g), *upi_table_count(b, at));
        assert_memory_equal(upi_table_values(a, g), upi_table_values(b, at), 16);
    }
}

static void
any_order_gives_the_same_bits(void **state)
{
    (void)state;
    static int64_t order[RANGES];
    const int64_t gaps[] = {1, 3, 100, 5000};
    for (int k = 0; k < 4; k++) {
        int64_t n = k == 0 ? RANGES : 300, nodes = 0, most = 0;
        for (int64_t i = 0; i < n; i++) {
            order[i] = i;
        }
        upi_table *straight = combine(order, n, gaps[k], &nodes);
        /* without gaps at most one node of each level is under way */
        assert_true(k > 0 || nodes <= 3);
        int64_t rows = 0;
        for (int64_t i = 0; i < n; i++) {
            rows += 1 + i % 5;
        }
        assert_int_equal(straight->n, 3);
        assert_int_equal(*upi_table_count(straight, 0), rows);
        for (unsigned seed = 1; seed < 4; seed++) {
            shuffle(order, n, seed);
            upi_table *other = combine(order, n, gaps[k], &most);
            assert_same(straight, other);
            upi_table_free(other);
        }
        upi_table_free(straight);
    }
}

static void
nothing_combines_to_nothing(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_combiner c;
    upi_table *out = NULL;
    upi_combiner_make(&c, 10);
    assert_ok(upi_combiner_finish(&c, &out, &err), &err);
    assert_null(out);
    upi_combiner_free(&c);
}

static void
a_range_twice_is_a_defect(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_combiner c;
    upi_combiner_make(&c, 10);
    assert_ok(upi_combiner_add(&c, 0, table_of(0, 1), &err), &err);
    assert_fails(upi_combiner_add(&c, 0, table_of(0, 1), &err), UP_E_INTERNAL, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_ok(upi_combiner_add(&c, 5, table_of(5, 1), &err), &err);
    assert_fails(upi_combiner_add(&c, 5, table_of(5, 1), &err), UP_E_INTERNAL, &err);
    upi_combiner_free(&c);
}

static void
too_many_groups_are_seen(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_combiner c;
    upi_combiner_make(&c, 10);
    assert_ok(upi_combiner_add(&c, 0, table_of(0, 10), &err), &err);
    assert_false(atomic_load(&c.over));
    assert_ok(upi_combiner_add(&c, 1, table_of(1, 11), &err), &err);
    assert_true(atomic_load(&c.over));
    upi_combiner_free(&c);
}

static up_status
body(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    upi_combiner c;
    upi_table *out = NULL, *t = NULL;
    upi_combiner_make(&c, 10);
    for (int64_t i = 0; i < 70; i++) {
        int64_t at = 0;
        int32_t code = (int32_t)i;
        upi_group_key key = {upi_group_hash(&shape, &code, 0, 0), &code, {0, 0}};
        UP_TRY(upi_table_make(&shape, 2, 1, &t, err));
        UP_TRY(upi_table_add(t, &key, &at, err));
        *upi_table_count(t, at) = 1;
        upi_table_values(t, at)[0] = upi_table_values(t, at)[1] = 1;
        upi_table *given = t;
        t = NULL;
        UP_TRY(upi_combiner_add(&c, 69 - i, given, err));
    }
    UP_TRY(upi_combiner_finish(&c, &out, err));
out:
    upi_table_free(t);
    upi_table_free(out);
    upi_combiner_free(&c);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    up_sweep_memory(body, NULL);
}

/* A large table takes the way by hash order; the result is that of a small one. */
static void
large_tables(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    enum { N = 30000 };
    upi_table *a = table_of(1, N), *b = table_of(2, N), *few = table_of(1, 5),
              *two = table_of(2, 5);
    assert_ok(upi_table_absorb(a, b, &err), &err);
    assert_ok(upi_table_absorb(few, two, &err), &err);
    assert_int_equal(a->n, N);
    for (int32_t g = 0; g < N; g++) {
        upi_group_key key = {upi_group_hash(&shape, &g, 0, 0), &g, {0, 0}};
        assert_int_equal(upi_table_find(a, &key), g);
        if (g < 5) {
            assert_memory_equal(upi_table_values(a, g), upi_table_values(few, g), 16);
        }
    }
    int32_t absent = N;
    upi_group_key key = {upi_group_hash(&shape, &absent, 0, 0), &absent, {0, 0}};
    assert_int_equal(upi_table_find(a, &key), -1);
    upi_table_free(a);
    upi_table_free(b);
    upi_table_free(few);
    upi_table_free(two);
}

/* A table of a million groups gives its memory back while it is absorbed; its records are first
 * put in another order where they stand. */
static void
tables_are_used_up(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    enum { N = 1 << 20 };
    upi_table *a = table_of(1, N), *b = table_of(2, N), *c = table_of(1, 9),
              *d = table_of(2, 9);
    assert_ok(upi_table_consume(a, b, &err), &err);
    assert_ok(upi_table_consume(c, d, &err), &err);
    assert_int_equal(a->n, N);
    assert_int_equal(b->n, 0);
    for (int32_t g = 0; g < N; g++) {
        upi_group_key key = {upi_group_hash(&shape, &g, 0, 0), &g, {0, 0}};
        if (upi_table_find(a, &key) != g || *upi_table_count(a, g) != 5) {
            fail_msg("group %d is not whole", (int)g);
        }
    }
    assert_memory_equal(upi_table_values(a, 8), upi_table_values(c, 8), 16);
    upi_table_free(a);
    upi_table_free(b);
    upi_table_free(c);
    upi_table_free(d);
}

/* Cycles of any length, and groups that stay. */
static void
sorting_in_place(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    enum { N = 5000 };
    int32_t order[N];
    upi_table *t = table_of(1, N);
    for (int32_t i = 0; i < N; i++) {
        order[i] = i;
    }
    for (int32_t i = N - 1; i > N / 4; i--) {
        int32_t j = N / 4 +
                    (int32_t)(upi_hash_u64((uint64_t)i) % (uint64_t)(i - N / 4 + 1)),
                swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    order[0] = 1;
    order[1] = 0;
    assert_ok(upi_table_sort(t, order, &err), &err);
    for (int32_t i = 0; i < N; i++) {
        assert_int_equal(upi_table_codes(t, i)[0], order[i]);
        assert_true(upi_table_values(t, i)[0] == 1.0 / 4 + order[i]);
    }
    upi_table_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same_bits),
        cmocka_unit_test(nothing_combines_to_nothing),
        cmocka_unit_test(a_range_twice_is_a_defect),
        cmocka_unit_test(too_many_groups_are_seen),
        cmocka_unit_test(large_tables),
        cmocka_unit_test(tables_are_used_up),
        cmocka_unit_test(sorting_in_place),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
