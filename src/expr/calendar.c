/* Dates without the C library's calendar, which is neither re-entrant nor proleptic.
 *
 * The year is counted from the first of March, so that the leap day is the last day of its
 * year; then the days before month m (March = 0) are (153 m + 2) / 5, and the cycle of
 * 146097 days (400 years) repeats exactly. The trap is division of negative numbers, which
 * C rounds towards zero: all divisions of signed days go through floor_div. */
#include "expr/calendar.h"

static int64_t
floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0 ? 1 : 0);
}

upi_civil
upi_civil_from_days(int64_t days)
{
    int64_t d = days + 719468; /* from 0000-03-01 */
    int64_t cycle = floor_div(d, 146097);
    int64_t in_cycle = d - cycle * 146097;
    /* Each correction takes out the days that the 4, 100 and 400 year rules put in. */
    int64_t year =
        (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    upi_civil c;
    c.day = (int)(in_year - (153 * month + 2) / 5 + 1);
    c.month = (int)(month < 10 ? month + 3 : month - 9);
    c.year = year + cycle * 400 + (c.month <= 2 ? 1 : 0);
    return c;
}

int64_t
upi_days_from_civil(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t cycle = floor_div(y, 400);
    int64_t in_cycle = y - cycle * 400;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t in_year = (153 * m + 2) / 5 + day - 1;
    return cycle * 146097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year -
           719468;
}

int
upi_weekday_of_days(int64_t days)
{
    /* 1970-01-01 was a Thursday. */
    return (int)(days + 3 - 7 * floor_div(days + 3, 7)) + 1;
}

int
upi_iso_week_of_days(int64_t days)
{
    /* A week belongs to the year of its Thursday. */
    int64_t thursday = days - upi_weekday_of_days(days) + 4;
    upi_civil c = upi_civil_from_days(thursday);
    return (int)((thursday - upi_days_from_civil(c.year, 1, 1)) / 7) + 1;
}

int64_t
upi_days_of_micros(int64_t micros)
{
    return floor_div(micros, UPI_DAY_MICROS);
}

int64_t
upi_micros_of_days(int64_t days)
{
    if (days > INT64_MAX / UPI_DAY_MICROS) {
        return INT64_MAX;
    }
    if (days < INT64_MIN / UPI_DAY_MICROS) {
        return INT64_MIN;
    }
    return days * UPI_DAY_MICROS;
}

typedef struct reader {
    const char *s;
    int64_t n, at;
    bool ok;
} reader;

/* Exactly `digits` digits, between low and high. */
static int
read_digits(reader *r, int digits, int low, int high)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (r->at >= r->n || r->s[r->at] < '0' || r->s[r->at] > '9') {
            r->ok = false;
            return low;
        }
        value = value * 10 + (r->s[r->at] - '0');
        r->at++;
    }
    if (value < low || value > high) {
        r->ok = false;
        return low;
    }
    return value;
}

static bool
read_sign(reader *r, char sign)
{
    if (r->at < r->n && r->s[r->at] == sign) {
        r->at++;
        return true;
    }
    return false;
}

static void
need_sign(reader *r, char sign)
{
    if (!read_sign(r, sign)) {
        r->ok = false;
    }
}

/* Up to six digits behind the point of a second. */
static int64_t
read_fraction(reader *r)
{
    int64_t micros = 0;
    int64_t unit = 100000;
    int64_t start = r->at;
    while (r->at < r->n && r->s[r->at] >= '0' && r->s[r->at] <= '9') {
        micros += unit * (r->s[r->at] - '0');
        unit /= 10;
        r->at++;
    }
    if (r->at == start || r->at - start > 6) {
        r->ok = false;
    }
    return micros;
}

bool
upi_date_parse(const char *s, int64_t n, bool *has_time, int64_t *value)
{
    static const int month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    reader r = {s, n, 0, true};
    int year = read_digits(&r, 4, 1, 9999);
    need_sign(&r, '-');
    int month = read_digits(&r, 2, 1, 12);
    need_sign(&r, '-');
    int leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int day = read_digits(&r, 2, 1, month_days[month - 1] + leap);
    int64_t days = upi_days_from_civil(year, month, day);
    if (!r.ok) {
        return false;
    }
    if (r.at == n) {
        *has_time = false;
        *value = days;
        return true;
    }
    if (!read_sign(&r, ' ')) {
        need_sign(&r, 'T');
    }
    int64_t seconds = read_digits(&r, 2, 0, 23) * INT64_C(3600);
    need_sign(&r, ':');
    seconds += read_digits(&r, 2, 0, 59) * INT64_C(60);
    int64_t micros = 0;
    if (read_sign(&r, ':')) {
        seconds += read_digits(&r, 2, 0, 59);
        if (read_sign(&r, '.')) {
            micros = read_fraction(&r);
        }
    }
    (void)read_sign(&r, 'Z');
    if (!r.ok || r.at != n) {
        return false;
    }
    *has_time = true;
    *value = days * UPI_DAY_MICROS + seconds * 1000000 + micros;
    return true;
}
