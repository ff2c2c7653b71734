/* The version is three numbers, and the build line holds it. */
#include "base/column.h"
#include "up_test.h"

#include <upshot/version.h>

#include <stdlib.h>
#include <string.h>

static void
version(void **state)
{
    (void)state;
    char *at = NULL;
    (void)strtol(up_version(), &at, 10);
    assert_int_equal(*at, '.');
    (void)strtol(at + 1, &at, 10);
    assert_int_equal(*at, '.');
    (void)strtol(at + 1, &at, 10);
    assert_int_equal(*at, '\0');
}

static void
build_info(void **state)
{
    (void)state;
    const char *info = up_build_info();
    assert_non_null(strstr(info, up_version()));
    assert_non_null(strstr(info, "OpenBLAS"));
    assert_non_null(strstr(info, "Boost.Math"));
    assert_null(strchr(info, '\n'));
}

static void
columns(void **state)
{
    (void)state;
    assert_string_equal(upi_type_name(UPI_F64), "number");
    assert_string_equal(upi_type_name(UPI_I64), "integer");
    assert_string_equal(upi_type_name(UPI_BOOL), "boolean");
    assert_string_equal(upi_type_name(UPI_STR), "text");
    assert_string_equal(upi_type_name(UPI_DATE), "date");
    assert_string_equal(upi_type_name(UPI_TIME), "timestamp");
    assert_string_equal(upi_type_name((upi_type)77), "unknown");
    const char *words[] = {"", "twelve bytes", "thirteen byte"};
    for (int i = 0; i < 3; i++) {
        upi_str s = upi_str_make(words[i], (uint32_t)strlen(words[i]));
        assert_int_equal(upi_str_length(&s), strlen(words[i]));
        assert_memory_equal(upi_str_data(&s), words[i], strlen(words[i]));
    }
    uint64_t bits[2] = {UINT64_C(1) << 63, 1};
    upi_column c = {UPI_F64, NULL, bits};
    assert_true(upi_valid(&c, 63));
    assert_true(upi_valid(&c, 64));
    assert_false(upi_valid(&c, 62));
    assert_false(upi_valid(&c, 65));
    c.validity = NULL;
    assert_true(upi_valid(&c, 1000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version),
        cmocka_unit_test(build_info),
        cmocka_unit_test(columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
