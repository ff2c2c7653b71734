/* The hash must never change: fingerprints are kept in files. Its references come from a second
 * implementation, tests/oracle/hash/make.py. */
#include "up_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
same_as_the_second_implementation(void **state)
{
    (void)state;
    FILE *file = fopen(up_test_data("oracle/hash/hash.csv"), "r");
    assert_non_null(file);
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    int cases = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *at = line;
        unsigned long length = strtoul(at, &at, 10);
        uint64_t seed = strtoull(at + 1, &at, 10);
        uint64_t want = strtoull(at + 1, &at, 16);
        unsigned char bytes[64];
        assert_true(length <= sizeof bytes);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (unsigned char)(i * 37 + 200);
        }
        assert_true(upi_hash_bytes(bytes, length, seed) == want);
        cases++;
    }
    (void)fclose(file);
    assert_true(cases >= 20);
}

static void
alignment_does_not_matter(void **state)
{
    (void)state;
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    char buffer[80];
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(buffer + shift, text, sizeof text);
        assert_true(upi_hash_bytes(buffer + shift, sizeof text, 1) ==
                    upi_hash_bytes(text, sizeof text, 1));
    }
}

static void
zeros_and_lengths_differ(void **state)
{
    (void)state;
    const char zeros[32] = {0};
    for (size_t i = 0; i <= 32; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(upi_hash_bytes(zeros, i, 0) != upi_hash_bytes(zeros, j, 0));
        }
    }
}

/* Flipping one bit of the input flips about half of the bits of the hash. */
static void
avalanche(void **state)
{
    (void)state;
    enum { TRIALS = 200, BITS = 128 };
    int64_t flips = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        unsigned char bytes[BITS / 8];
        memset(bytes, (int)trial, sizeof bytes);
        uint64_t plain = upi_hash_bytes(bytes, sizeof bytes, 9);
        for (int bit = 0; bit < BITS; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            uint64_t gap = plain ^ upi_hash_bytes(bytes, sizeof bytes, 9);
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_true(gap != 0);
            for (; gap != 0; gap &= gap - 1) {
                flips++;
            }
        }
    }
    assert_close((double)flips / (TRIALS * BITS), 32, 0, 0.2);
}

/* Whole numbers, the usual ids, spread evenly over the low bits that tables use. */
static void
low_bits_are_even(void **state)
{
    (void)state;
    int count[256] = {0};
    for (uint64_t i = 0; i < 102400; i++) {
        count[upi_hash_u64(i) & 255]++;
    }
    for (int i = 0; i < 256; i++) {
        assert_true(count[i] > 300 && count[i] < 500);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_the_second_implementation),
        cmocka_unit_test(alignment_does_not_matter),
        cmocka_unit_test(zeros_and_lengths_differ),
        cmocka_unit_test(avalanche),
        cmocka_unit_test(low_bits_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
