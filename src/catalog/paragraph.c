/* Breaks text into lines by words. A word longer than a line stands alone, unbroken: it may
 * be a command that is to be copied. */
#include "catalog/paragraph.h"

#include <string.h>

void
upi_spaces(upi_text *out, int n)
{
    for (int i = 0; i < n; i++) {
        upi_text_add_char(out, ' ');
    }
}

void
upi_paragraph(upi_text *out, const char *s, int indent, int column, int width)
{
    bool fresh = true; /* nothing of the text stands on this line yet */
    for (;;) {
        size_t blank = strspn(s, " \n");
        bool new_paragraph = blank >= 2 && s[0] == '\n' && s[1] == '\n';
        s += blank;
        if (*s == '\0') {
            break;
        }
        size_t n = strcspn(s, " \n");
        int wide = 0;
        for (size_t i = 0; i < n; i++) {
            /* One column per character: continuation bytes of UTF-8 do not count. */
            wide += ((unsigned char)s[i] & 0xc0) != 0x80 ? 1 : 0;
        }
        if (new_paragraph && !fresh) {
            upi_text_add(out, "\n\n");
            upi_spaces(out, indent);
            column = indent;
            fresh = true;
        } else if (!fresh && column + 1 + wide > width) {
            upi_text_add_char(out, '\n');
            upi_spaces(out, indent);
            column = indent;
            fresh = true;
        }
        if (!fresh) {
            upi_text_add_char(out, ' ');
            column++;
        }
        upi_text_add_n(out, s, (int64_t)n);
        column += wide;
        fresh = false;
        s += n;
    }
    upi_text_add_char(out, '\n');
}
