/* Numbers to text and back, free of the locale: printf and strtod follow the locale's decimal
 * sign, so they run under the C locale of the calling thread only. A double is printed with
 * the fewest of 15, 16 and 17 digits that read back to the same bits. */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enters the C locale on this thread. For the name "C" the C library hands out a constant
 * object, so this neither allocates nor fails in practice; if it should, the caller's
 * locale stays. */
static locale_t
enter_c_locale(locale_t *made)
{
    *made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *made != (locale_t)0 ? uselocale(*made) : (locale_t)0;
}

static void
leave_c_locale(locale_t before, locale_t made)
{
    if (made != (locale_t)0) {
        (void)uselocale(before);
        freelocale(made);
    }
}

int
upi_format(char *out, size_t size, const char *fmt, va_list args)
{
    locale_t made = (locale_t)0;
    locale_t before = enter_c_locale(&made);
    int length = vsnprintf(out, size, fmt, args);
    leave_c_locale(before, made);
    return length;
}

/* The names of what is not a number; false for a finite x. */
static bool
name_of_special(double x, char out[UPI_DOUBLE_CHARS])
{
    if (isnan(x)) {
        memcpy(out, "nan", 4);
        return true;
    }
    if (isinf(x)) {
        memcpy(out, x > 0 ? "inf" : "-inf", x > 0 ? 4 : 5);
        return true;
    }
    return false;
}

void
upi_double_text(double x, char out[UPI_DOUBLE_CHARS])
{
    if (name_of_special(x, out)) {
        return;
    }
    locale_t made = (locale_t)0;
    locale_t before = enter_c_locale(&made);
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, UPI_DOUBLE_CHARS, "%.*g", digits, x);
        if (digits == 17 || strtod(out, NULL) == x) {
            break;
        }
    }
    leave_c_locale(before, made);
}

void
upi_double_text_digits(double x, int digits, char out[UPI_DOUBLE_CHARS])
{
    if (name_of_special(x, out)) {
        return;
    }
    digits = digits < 1 ? 1 : (digits > 17 ? 17 : digits);
    locale_t made = (locale_t)0;
    locale_t before = enter_c_locale(&made);
    (void)snprintf(out, UPI_DOUBLE_CHARS, "%.*g", digits, x);
    /* 123457 is easier to read than 1.235e+05, and no longer. */
    if (fabs(x) < 1e15 && strstr(out, "e+") != NULL) {
        (void)snprintf(out, UPI_DOUBLE_CHARS, "%.0f", x);
    }
    leave_c_locale(before, made);
}

static int64_t
skip_digits(const char *s, int64_t n, int64_t i)
{
    while (i < n && s[i] >= '0' && s[i] <= '9') {
        i++;
    }
    return i;
}

/* Optional sign, digits with at most one point among or beside them, optional exponent. */
static bool
has_form_of_number(const char *s, int64_t n)
{
    int64_t i = n > 0 && (s[0] == '+' || s[0] == '-') ? 1 : 0;
    int64_t start = i;
    i = skip_digits(s, n, i);
    int64_t digits = i - start;
    if (i < n && s[i] == '.') {
        start = i + 1;
        i = skip_digits(s, n, start);
        digits += i - start;
    }
    if (digits == 0) {
        return false;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < n && (s[i] == '+' || s[i] == '-')) {
            i++;
        }
        start = i;
        i = skip_digits(s, n, i);
        if (i == start) {
            return false;
        }
    }
    return i == n;
}

bool
upi_double_parse(const char *s, int64_t n, double *out)
{
    char copy[1024];
    if (n >= (int64_t)sizeof copy || !has_form_of_number(s, n)) {
        return false;
    }
    memcpy(copy, s, (size_t)n);
    copy[n] = '\0';
    locale_t made = (locale_t)0;
    locale_t before = enter_c_locale(&made);
    double x = strtod(copy, NULL);
    leave_c_locale(before, made);
    /* Too large for a double is not a number we can stand for; too small is nearly 0. */
    if (isinf(x)) {
        return false;
    }
    *out = x;
    return true;
}
