/* Repeated units: exact while there is room, by a fair sample beyond, the same for any order. */
#include "moments/units.h"
#include "up_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 20000 };

static void
add(upi_units *u, uint64_t id)
{
    up_error err = UP_ERROR_INIT;
    int64_t row = -1;
    uint64_t h = upi_hash_u64(id);
    char text[32];
    assert_ok(upi_units_add(u, 1, &h, &row, &err), &err);
    if (row >= 0) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)id);
        upi_units_example(u, h, text);
    }
}

static void
exact_while_there_is_room(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_units u;
    assert_ok(upi_units_make(&u, N, &err), &err);
    for (uint64_t i = 0; i < N; i++) {
        add(&u, i);
    }
    assert_false(upi_units_repeat(&u));
    assert_int_equal(u.level, 0);
    assert_int_equal(u.n, N);
    add(&u, 0); /* the unit whose hash is 0 */
    assert_true(upi_units_repeat(&u));
    assert_string_equal(u.example, "0");
    upi_units_free(&u);
}

static void
sample_beyond(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    char example[64] = "";
    int level = 0;
    for (int turn = 0; turn < 3; turn++) {
        upi_units u;
        assert_ok(upi_units_make(&u, 1000, &err), &err);
        /* every unit twice: once in each half, in three orders */
        for (uint64_t k = 0; k < 2 * N; k++) {
            uint64_t i = turn == 0 ? k : turn == 1 ? 2 * N - 1 - k : k * 7919 % (2 * N);
            add(&u, i % N);
        }
        assert_true(u.n <= 1000);
        assert_true(u.level >= 4);
        assert_true(upi_units_repeat(&u));
        assert_true(turn == 0 || strcmp(example, u.example) == 0);
        assert_true(turn == 0 || level == u.level);
        memcpy(example, u.example, sizeof example);
        level = u.level;
        upi_units_free(&u);
    }
    upi_units u;
    assert_ok(upi_units_make(&u, 1000, &err), &err);
    for (uint64_t i = 0; i < N; i++) {
        add(&u, i);
    }
    assert_false(upi_units_repeat(&u));
    upi_units_free(&u);
}

/* A repeat that was met before its unit left the sample does not count: another order of the
 * rows would not have met it. */
static void
repeats_outside_the_sample(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_units u;
    uint64_t outside = 0;
    while (upi_hash_u64(outside) >> 63 == 0) {
        outside++;
    }
    assert_ok(upi_units_make(&u, 1000, &err), &err);
    add(&u, outside);
    add(&u, outside);
    assert_true(upi_units_repeat(&u));
    for (uint64_t i = 100; i < N; i++) {
        add(&u, i);
    }
    assert_false(upi_units_repeat(&u));
    upi_units_free(&u);
}

static up_status
body(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    upi_units u = {0};
    uint64_t id[2000];
    int64_t row = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        id[i] = upi_hash_u64(i);
    }
    UP_TRY(upi_units_make(&u, 1800, err));
    UP_TRY(upi_units_add(&u, 2000, id, &row, err));
out:
    upi_units_free(&u);
    return status;
}

static void
memory_runs_out(void **state)
{
    (void)state;
    up_sweep_memory(body, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_while_there_is_room),
        cmocka_unit_test(sample_beyond),
        cmocka_unit_test(repeats_outside_the_sample),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
