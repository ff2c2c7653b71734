/* Labels of values, their order, and the canonical order of groups. */
#include "moments/build.h"
#include "up_test.h"

#include <math.h>
#include <stdlib.h>

static void
assert_label(upi_type type, upi_cell cell, const char *wanted)
{
    up_error err = UP_ERROR_INIT;
    char *label = NULL;
    assert_ok(upi_cell_label(type, &cell, &label, &err), &err);
    assert_string_equal(label, wanted);
    upi_free(label);
}

static upi_cell
text(const char *s)
{
    return (upi_cell){.text = upi_str_make(s, (uint32_t)strlen(s))};
}

static void
labels(void **state)
{
    (void)state;
    assert_label(UPI_STR, text("b"), "b");
    assert_label(UPI_STR, text("more than twelve bytes"), "more than twelve bytes");
    assert_label(UPI_I64, upi_cell_integer(-12), "-12");
    assert_label(UPI_I64, upi_cell_integer(INT64_MAX), "9223372036854775807");
    assert_label(UPI_BOOL, upi_cell_integer(1), "true");
    assert_label(UPI_BOOL, upi_cell_integer(0), "false");
    assert_label(UPI_F64, upi_cell_double(0), "0");
    assert_label(UPI_F64, upi_cell_double(0.1), "0.1");
    /* python3: datetime.date(1970,1,1) + datetime.timedelta(20000) etc. */
    assert_label(UPI_DATE, upi_cell_integer(20000), "2024-10-04");
    assert_label(UPI_DATE, upi_cell_integer(-1), "1969-12-31");
    assert_label(
        UPI_TIME, upi_cell_integer(INT64_C(1700000000000000)), "2023-11-14T22:13:20");
    assert_label(UPI_TIME, upi_cell_integer(-1), "1969-12-31T23:59:59.999999");
    upi_cell seven = upi_cell_integer(7), pi = upi_cell_double(3.25), word = text("x");
    assert_close(upi_cell_number(UPI_I64, &seven), 7, 0, 0);
    assert_close(upi_cell_number(UPI_F64, &pi), 3.25, 0, 0);
    assert_true(isnan(upi_cell_number(UPI_STR, &word)));
}

static void
order_of_values(void **state)
{
    (void)state;
    const char *const sorted[] = {"", "A", "a", "aa", "ab", "a long text, longer", "b"};
    const int rank[] = {0, 1, 2, 4, 5, 3, 6}; /* 'a ' comes before 'aa' */
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 7; j++) {
            upi_cell a = text(sorted[i]), b = text(sorted[j]);
            int order = upi_cell_compare(UPI_STR, &a, &b);
            assert_int_equal(
                (order > 0) - (order < 0), (rank[i] > rank[j]) - (rank[i] < rank[j]));
        }
    }
    upi_cell low = upi_cell_integer(INT64_MIN), high = upi_cell_integer(INT64_MAX);
    assert_true(upi_cell_compare(UPI_I64, &low, &high) < 0);
    upi_cell minus = upi_cell_double(-2.5), plus = upi_cell_double(1e-300);
    assert_true(upi_cell_compare(UPI_F64, &minus, &plus) < 0);
    assert_int_equal(upi_cell_compare(UPI_F64, &plus, &plus), 0);
}

static void
levels_learn_and_sort(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_plan_key key = {
        .role = UPI_KEY_TIME, .name = "week", .type = UPI_I64, .limit = 40};
    upi_plan plan = {.keys = &key, .n_keys = 1};
    upi_levels l;
    assert_ok(upi_levels_make(&plan, &l, &err), &err);
    int32_t code = 0;
    for (int64_t i = 0; i < 40; i++) {
        upi_cell c = upi_cell_integer(i * 13 % 40);
        assert_ok(upi_levels_learn(&l, 0, &c, &code, &err), &err);
        assert_int_equal(code, i + 1);
    }
    upi_cell again = upi_cell_integer(13), more = upi_cell_integer(99);
    assert_ok(upi_levels_learn(&l, 0, &again, &code, &err), &err);
    assert_int_equal(code, 2);
    int32_t *order = NULL;
    assert_ok(upi_levels_order(&l, 0, &order, &err), &err);
    for (int64_t i = 0; i < 40; i++) {
        assert_int_equal((int64_t)l.dict[0].cell[order[i] - 1].word[0], i);
    }
    upi_free(order);
    assert_false(atomic_load(&l.over));
    assert_ok(upi_levels_learn(&l, 0, &more, &code, &err), &err);
    assert_true(atomic_load(&l.over));
    assert_true(l.too_many[0]);
    l.frozen = true;
    assert_fails(upi_levels_learn(&l, 0, &more, &code, &err), UP_E_SOURCE, &err);
    assert_non_null(strstr(err.message, "'99'"));
    upi_levels_free(&l);
}

typedef struct record {
    uint64_t cluster;
    int32_t code[3];
    int64_t at;
} record;

static int
compare_records(const void *x, const void *y)
{
    const record *a = x, *b = y;
    if (a->cluster != b->cluster) {
        return a->cluster < b->cluster ? -1 : 1;
    }
    for (int k = 0; k < 3; k++) {
        if (a->code[k] != b->code[k]) {
            return a->code[k] < b->code[k] ? -1 : 1;
        }
    }
    return 0;
}

/* The radix sort against qsort; codes are so large that the keys need two words. */
static void
canonical_order(void **state)
{
    (void)state;
    enum { N = 3000 };
    up_error err = UP_ERROR_INIT;
    upi_shape s = {.form = UPI_MEAN, .n_keys = 3, .ways = 1, .nv = 1, .pairs = 1};
    static record r[N];
    static int32_t order[N];
    upi_table *t = NULL;
    assert_ok(upi_table_make(&s, 1, 0, &t, &err), &err);
    srand(5);
    for (int64_t i = 0; i < N; i++) {
        int64_t at = 0;
        r[i] = (record){upi_hash_u64((uint64_t)(rand() % 40)),
            {rand() % 3, rand() % 2000000000, rand() % 2 ? 2000000000 : 1}, i};
        upi_group_key key = {upi_group_hash(&s, r[i].code, r[i].cluster, 0), r[i].code,
            {r[i].cluster, 0}};
        assert_ok(upi_table_add(t, &key, &at, &err), &err);
        assert_int_equal(at, i);
    }
    assert_ok(upi_canonical_order(t, order, &err), &err);
    qsort(r, N, sizeof *r, compare_records);
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(order[i], r[i].at);
    }
    upi_table_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels),
        cmocka_unit_test(order_of_values),
        cmocka_unit_test(levels_learn_and_sort),
        cmocka_unit_test(canonical_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
