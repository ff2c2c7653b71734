/* UTF-8: is it valid, how wide is it, and how to make any bytes one clean line. Overlong
 * forms, surrogates and code points above U+10FFFF are invalid (RFC 3629). Text from data
 * must not be able to move a terminal's cursor or reverse its direction. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t
upi_utf8_decode(const char *s, size_t n, uint32_t *code)
{
    /* By the lead byte: how many bytes follow, and the smallest code point so written. */
    unsigned char lead = (unsigned char)s[0];
    size_t more = 0;
    uint32_t value = lead;
    uint32_t least = 0;
    if (lead >= 0x80) {
        if (lead >= 0xC2 && lead <= 0xDF) {
            more = 1;
            value = lead & 0x1FU;
            least = 0x80;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            more = 2;
            value = lead & 0x0FU;
            least = 0x800;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            more = 3;
            value = lead & 0x07U;
            least = 0x10000;
        } else {
            return 0;
        }
    }
    if (more >= n) {
        return 0;
    }
    for (size_t i = 1; i <= more; i++) {
        unsigned char next = (unsigned char)s[i];
        if ((next & 0xC0U) != 0x80U) {
            return 0;
        }
        value = value << 6 | (next & 0x3FU);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *code = value;
    return more + 1;
}

bool
upi_utf8_valid(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint32_t code = 0;
        size_t length = upi_utf8_decode(s + i, n - i, &code);
        if (length == 0 || code == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

bool
upi_utf8_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 ||
           code == 0x2029 || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

static bool
in_ranges(uint32_t code, const uint32_t (*ranges)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

static int
code_width(uint32_t code)
{
    /* Marks that stand on the letter before them, and invisible joiners. */
    static const uint32_t zero[][2] = {{0x0300, 0x036F}, {0x0483, 0x0489},
        {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0E31, 0x0E31},
        {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
        {0x200B, 0x200F}, {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
        {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF}};
    /* East Asian wide and full-width blocks, and emoji. */
    static const uint32_t wide[][2] = {{0x1100, 0x115F}, {0x231A, 0x231B},
        {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
        {0xA000, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
        {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F},
        {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (code < 0x300) {
        return upi_utf8_control(code) ? 0 : 1;
    }
    if (in_ranges(code, zero, sizeof zero / sizeof zero[0])) {
        return 0;
    }
    return in_ranges(code, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

int
upi_utf8_width(const char *s)
{
    int width = 0;
    size_t n = strlen(s);
    size_t i = 0;
    while (i < n) {
        uint32_t code = 0;
        size_t length = upi_utf8_decode(s + i, n - i, &code);
        /* A broken byte is shown by terminals as one replacement sign. */
        width += length == 0 ? 1 : code_width(code);
        i += length == 0 ? 1 : length;
    }
    return width;
}

/* Replaces what must not stand in a line, in place; never longer than before. */
static void
clean(char *s)
{
    size_t n = strlen(s);
    size_t from = 0;
    size_t to = 0;
    while (from < n) {
        uint32_t code = 0;
        size_t length = upi_utf8_decode(s + from, n - from, &code);
        if (length == 0 || upi_utf8_control(code)) {
            bool space = length == 1 && (code == '\n' || code == '\t' || code == '\r');
            s[to++] = space ? ' ' : '?';
            from += length == 0 ? 1 : length;
            continue;
        }
        memmove(s + to, s + from, length);
        to += length;
        from += length;
    }
    s[to] = '\0';
}

/* Drops a character of which only the first bytes fitted. */
static void
cut_at_boundary(char *s)
{
    size_t n = strlen(s);
    size_t start = n;
    while (
        start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xC0U) == 0x80U) {
        start--;
    }
    uint32_t code = 0;
    if (start > 0 && (unsigned char)s[start - 1] >= 0xC0U &&
        upi_utf8_decode(s + start - 1, n - start + 1, &code) == 0) {
        s[start - 1] = '\0';
    }
}

void
upi_line_format(char *out, size_t size, const char *fmt, va_list args)
{
    if (size == 0) {
        return;
    }
    int length = upi_format(out, size, fmt, args);
    if (length < 0) {
        out[0] = '\0';
    } else if ((size_t)length >= size) {
        cut_at_boundary(out);
    }
    clean(out);
}

void
upi_line_copy(char *out, size_t size, const char *s)
{
    if (size == 0) {
        return;
    }
    const char *text = s != NULL ? s : "";
    size_t n = strlen(text);
    size_t kept = n < size ? n : size - 1;
    memmove(out, text, kept);
    out[kept] = '\0';
    if (kept < n) {
        cut_at_boundary(out);
    }
    clean(out);
}
