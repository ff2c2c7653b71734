/* Dates: known days, and the properties of a calendar over 24 centuries and far beyond. The
 * comparison day by day with an engine is in test_sql_duckdb.c. */
#include "expr/calendar.h"
#include "up_test.h"

#include <string.h>

static void
known_days(void **state)
{
    (void)state;
    /* Weeks: 2020-12-31 is in week 53, 2021-01-03 (Sunday) too, 2021-01-04 in week 1. */
    static const struct {
        int year, month, day;
        int64_t days;
        int weekday, week;
    } cases[] = {{1970, 1, 1, 0, 4, 1}, {1969, 12, 31, -1, 3, 1},
        {2000, 2, 29, 11016, 2, 9}, {2020, 12, 31, 18627, 4, 53},
        {2021, 1, 3, 18630, 7, 53}, {2021, 1, 4, 18631, 1, 1},
        {2018, 12, 31, 17896, 1, 1}, {1, 1, 1, -719162, 1, 1},
        {9999, 12, 31, 2932896, 5, 52}, {1900, 3, 1, -25508, 4, 9}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        int64_t days = upi_days_from_civil(cases[k].year, cases[k].month, cases[k].day);
        assert_int_equal(days, cases[k].days);
        assert_int_equal(upi_weekday_of_days(days), cases[k].weekday);
        assert_int_equal(upi_iso_week_of_days(days), cases[k].week);
        upi_civil c = upi_civil_from_days(days);
        assert_int_equal(c.year, cases[k].year);
        assert_int_equal(c.month, cases[k].month);
        assert_int_equal(c.day, cases[k].day);
    }
}

/* Walking day by day, the calendar goes on by one day and comes back from every date. */
static void
walk(int64_t first, int64_t last)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    upi_civil c = upi_civil_from_days(first);
    int weekday = upi_weekday_of_days(first);
    for (int64_t d = first; d < last; d++) {
        bool leap =
            c.month == 2 && c.year % 4 == 0 && (c.year % 100 != 0 || c.year % 400 == 0);
        upi_civil wanted = c;
        wanted.day++;
        if (wanted.day > lengths[c.month - 1] + leap) {
            wanted.day = 1;
            wanted.month++;
        }
        if (wanted.month > 12) {
            wanted.month = 1;
            wanted.year++;
        }
        c = upi_civil_from_days(d + 1);
        weekday = weekday % 7 + 1;
        if (c.year != wanted.year || c.month != wanted.month || c.day != wanted.day ||
            upi_days_from_civil(c.year, c.month, c.day) != d + 1 ||
            upi_weekday_of_days(d + 1) != weekday) {
            fail_msg("day %lld", (long long)d);
        }
    }
}

static void
every_day(void **state)
{
    (void)state;
    walk(-800000, 60000);
    walk(-UPI_DAYS_LIMIT, -UPI_DAYS_LIMIT + 1000);
    walk(UPI_DAYS_LIMIT - 1000, UPI_DAYS_LIMIT);
}

static void
micros(void **state)
{
    (void)state;
    assert_int_equal(upi_days_of_micros(-1), -1);
    assert_int_equal(upi_days_of_micros(0), 0);
    assert_int_equal(upi_days_of_micros(UPI_DAY_MICROS - 1), 0);
    assert_int_equal(upi_days_of_micros(INT64_MIN), -106751992);
    assert_int_equal(upi_micros_of_days(-1), -UPI_DAY_MICROS);
    assert_true(upi_micros_of_days(INT64_MAX) == INT64_MAX);
    assert_true(upi_micros_of_days(INT64_MIN) == INT64_MIN);
}

static void
reading(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool time;
        int64_t value;
    } good[] = {{"1970-01-01", false, 0}, {"2024-02-29", false, 19782},
        {"0001-01-01", false, -719162},
        {"1970-01-02 00:00", true, INT64_C(86400000000)},
        {"1970-01-01 01:02:03", true, INT64_C(3723000000)},
        {"1970-01-01T01:02:03Z", true, INT64_C(3723000000)},
        {"1970-01-01 00:00:00.5", true, 500000},
        {"1970-01-01 00:00:00.000001", true, 1},
        {"1969-12-31 23:59:59.999999", true, -1}};
    static const char *const bad[] = {"", "1970", "1970-1-1", "1970-01-32",
        "1970-13-01", "1970-00-01", "1970-01-00", "2023-02-29", "1900-02-29",
        "0000-01-01", "01970-01-01", "1970/01/01", "1970-01-01 ", "1970-01-01 1:00",
        "1970-01-01 24:00", "1970-01-01 00:60", "1970-01-01 00:00:60",
        "1970-01-01 00:00:00.", "1970-01-01 00:00:00.1234567", "1970-01-01 00:00:00ZZ",
        "1970-01-01Z", "1970-01-01x", " 1970-01-01", "1970-01-01 00", "19a0-01-01",
        "-970-01-01"};
    bool time = false;
    int64_t value = 0;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        assert_true(
            upi_date_parse(good[k].text, (int64_t)strlen(good[k].text), &time, &value));
        assert_int_equal(time, good[k].time);
        assert_int_equal(value, good[k].value);
    }
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        if (upi_date_parse(bad[k], (int64_t)strlen(bad[k]), &time, &value)) {
            fail_msg("'%s' was read", bad[k]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(every_day),
        cmocka_unit_test(micros),
        cmocka_unit_test(reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
