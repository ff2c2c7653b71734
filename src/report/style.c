/* Characters, colours and numbers on a terminal. A number shows two digits of its standard
 * error, because more would be noise and fewer would hide the interval. Names of columns
 * come from data, so control characters are replaced before anything is printed. */
#include "report/style.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void
upi_ink_add(upi_text *t, const upi_style *s, upi_ink ink, const char *text)
{
    static const char *const codes[] = {
        "", "\033[2m", "\033[1m", "\033[33m", "\033[32m"};
    bool dressed = s->color && ink != UPI_INK_PLAIN;
    if (dressed) {
        upi_text_add(t, codes[ink]);
    }
    upi_text_add(t, text);
    if (dressed) {
        upi_text_add(t, "\033[0m");
    }
}

int
upi_decimals(double std_error)
{
    double x = fabs(std_error);
    if (!isfinite(x) || x == 0) {
        return 3;
    }
    int decimals = 1 - (int)floor(log10(x));
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

void
upi_number_text(const upi_style *s, double x, int decimals, bool with_sign,
    char out[UPI_NUMBER_CHARS])
{
    if (!isfinite(x)) {
        (void)snprintf(out, UPI_NUMBER_CHARS, "-");
        return;
    }
    char digits[UPI_NUMBER_CHARS];
    double size = fabs(x);
    if (size >= 1e15) {
        (void)snprintf(digits, sizeof digits, "%.3e", size);
    } else {
        (void)snprintf(digits, sizeof digits, "%.*f", decimals, size);
    }
    /* The C library writes the decimal point of the locale; ours is a full stop. */
    for (char *c = digits; *c != '\0'; c++) {
        if (*c == ',') {
            *c = '.';
        }
    }
    bool zero = strspn(digits, "0.") == strlen(digits);
    const char *sign = "";
    if (x < 0 && !zero) {
        sign = s->unicode ? "\xe2\x88\x92" : "-";
    } else if (with_sign && !zero) {
        sign = "+";
    }
    (void)snprintf(out, UPI_NUMBER_CHARS, "%s%.40s", sign, digits);
}

void
upi_count_text(int64_t n, char out[UPI_NUMBER_CHARS])
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t length = strlen(digits);
    size_t k = 0;
    for (size_t i = 0; i < length; i++) {
        bool group = i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-';
        if (group) {
            out[k++] = ',';
        }
        out[k++] = digits[i];
    }
    out[k] = '\0';
}

/* Control characters never reach the terminal: s with each replaced by '?'. */
static void
clean_text(upi_text *t, const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        size_t step = upi_utf8_decode(s + i, n - i, &code);
        if (step == 0 || upi_utf8_control(code)) {
            upi_text_add_char(t, '?');
            i += step == 0 ? 1 : step;
        } else {
            upi_text_add_n(t, s + i, (int64_t)step);
            i += step;
        }
    }
}

static void
add_cut(upi_text *t, const upi_style *s, const char *text, int width)
{
    size_t n = strlen(text);
    size_t kept = 0;
    int used = 0;
    while (kept < n) {
        uint32_t code = 0;
        char one[8] = "";
        size_t step = upi_utf8_decode(text + kept, n - kept, &code);
        step = step == 0 ? 1 : step;
        memcpy(one, text + kept, step);
        int wide = upi_utf8_width(one);
        if (used + wide > width - 1) {
            break;
        }
        used += wide;
        kept += step;
    }
    upi_text_add_n(t, text, (int64_t)kept);
    upi_text_add(t, s->unicode ? "\xe2\x80\xa6" : "~");
    for (int i = used + 1; i < width; i++) {
        upi_text_add_char(t, ' ');
    }
}

void
upi_pad_add(upi_text *t, const upi_style *s, const char *text, int width, bool right)
{
    upi_text clean = {0};
    clean_text(&clean, text);
    if (clean.s == NULL) {
        upi_text_add_n(&clean, "", 0);
    }
    if (clean.failed) {
        t->failed = true;
        upi_text_free(&clean);
        return;
    }
    int gap = width - upi_utf8_width(clean.s);
    if (gap < 0) {
        add_cut(t, s, clean.s, width);
    } else {
        for (int i = 0; right && i < gap; i++) {
            upi_text_add_char(t, ' ');
        }
        upi_text_add(t, clean.s);
        for (int i = 0; !right && i < gap; i++) {
            upi_text_add_char(t, ' ');
        }
    }
    upi_text_free(&clean);
}

void
upi_wrap_add(upi_text *t, const upi_style *s, const char *text, int indent, int column)
{
    bool fresh = true;
    while (*text != '\0') {
        size_t blank = strspn(text, " ");
        text += blank;
        size_t n = strcspn(text, " ");
        if (n == 0) {
            break;
        }
        char *word = upi_strndup(text, n);
        if (word == NULL) {
            t->failed = true;
            return;
        }
        int wide = upi_utf8_width(word);
        if (!fresh && column + 1 + wide > s->width) {
            upi_text_addf(t, "\n%*s", indent, "");
            column = indent;
            fresh = true;
        }
        if (!fresh) {
            upi_text_add_char(t, ' ');
            column++;
        }
        clean_text(t, word);
        column += wide;
        fresh = false;
        upi_free(word);
        text += n;
    }
    upi_text_add_char(t, '\n');
}
