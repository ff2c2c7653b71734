/* Growing text, and numbers to text and back without the locale. */
#ifndef UPI_TEXT_H
#define UPI_TEXT_H

#include <upshot/status.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing, NUL-terminated string. Start from {0}. After a failed allocation `failed` is
 * set, later appends do nothing, and upi_text_take reports it once. */
typedef struct upi_text {
    char *s;
    int64_t length, capacity;
    bool failed;
} upi_text;

void upi_text_add(upi_text *t, const char *s);
void upi_text_add_n(upi_text *t, const char *s, int64_t n);
void upi_text_addf(upi_text *t, const char *fmt, ...) UP_PRINTF(2, 3);
void upi_text_add_char(upi_text *t, char c);
void upi_text_clear(upi_text *t);
void upi_text_free(upi_text *t);
/* Hands over the string (never NULL on success; the caller frees with upi_free). */
up_status upi_text_take(upi_text *t, char **out, up_error *err);

enum { UPI_DOUBLE_CHARS = 32 };
/* Shortest text that reads back to the same double: 15, 16 or 17 digits; "nan", "inf". */
void upi_double_text(double x, char out[UPI_DOUBLE_CHARS]);
/* `digits` significant digits, for people: 0.0123, 1234.5, 1.2e-05; whole parts are never cut:
 * 123457, not 1.235e+05. */
void upi_double_text_digits(double x, int digits, char out[UPI_DOUBLE_CHARS]);
/* Reads a whole string as a finite double: sign, digits, point, exponent; no locale, no spaces, no
 * hexadecimal, no nan or inf. False, with *out untouched, if it is not one. */
bool upi_double_parse(const char *s, int64_t n, double *out);

/* 64-bit hash of bytes, the same on every machine (used for cluster ids and fingerprints). */
uint64_t upi_hash_bytes(const void *p, size_t n, uint64_t seed);
uint64_t upi_hash_u64(uint64_t x);

/* vsnprintf without the locale: %g always writes a decimal point. */
int upi_format(char *out, size_t size, const char *fmt, va_list args) UP_PRINTF(3, 0);
/* One clean line of at most size - 1 bytes: cut between characters, control characters and
 * broken UTF-8 replaced. s may be NULL. */
void upi_line_format(char *out, size_t size, const char *fmt, va_list args)
    UP_PRINTF(3, 0);
void upi_line_copy(char *out, size_t size, const char *s);

/* The first code point of n > 0 bytes and how many bytes it takes; 0 if they are not UTF-8. */
size_t upi_utf8_decode(const char *s, size_t n, uint32_t *code);
/* Control characters, line separators and marks that reverse the direction of writing. */
bool upi_utf8_control(uint32_t code);
/* True when n bytes are valid UTF-8 without NUL. */
bool upi_utf8_valid(const char *s, size_t n);
/* Columns a UTF-8 string takes on a terminal (one per code point, two for wide ones). */
int upi_utf8_width(const char *s);
/* Distance for "did you mean": Damerau-Levenshtein on bytes, at most `limit`+1. */
int upi_text_distance(const char *a, const char *b, int limit);
/* The name among n that is nearest to `wanted`, or NULL when none is near. */
const char *upi_text_nearest(const char *wanted, const char *const *names, int64_t n);

#endif
