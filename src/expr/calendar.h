/* Days and microseconds since 1970 to the parts of a date, proleptic Gregorian calendar. */
#ifndef UPI_EXPR_CALENDAR_H
#define UPI_EXPR_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define UPI_DAY_MICROS INT64_C(86400000000)

typedef struct upi_civil {
    int64_t year;
    int month, day; /* from 1 */
} upi_civil;

/* Days further from 1970 than this have no parts (their parts are null). */
#define UPI_DAYS_LIMIT INT64_C(2147483648)

upi_civil upi_civil_from_days(int64_t days);
int64_t upi_days_from_civil(int64_t year, int month, int day);
int upi_weekday_of_days(int64_t days);  /* Monday = 1 .. Sunday = 7 */
int upi_iso_week_of_days(int64_t days); /* 1 .. 53; week 1 holds the first Thursday */
int64_t upi_days_of_micros(int64_t micros); /* rounded down */
int64_t upi_micros_of_days(int64_t days);   /* midnight; saturates */

/* Reads YYYY-MM-DD, optionally followed by a space or T and HH:MM[:SS[.ffffff]] and Z. With a
 * time of day *has_time is set and *value is in microseconds, else in days. */
bool upi_date_parse(const char *s, int64_t n, bool *has_time, int64_t *value);

#endif
