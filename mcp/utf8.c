/* UTF-8, by table 3-7 of the Unicode standard: the second byte alone tells overlong forms,
 * surrogates and too large numbers. */
#include "utf8.h"

size_t
mcp_utf8_length(const char *s, size_t n)
{
    if (n == 0) {
        return 0;
    }
    unsigned char first = (unsigned char)s[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (n < length) {
        return 0;
    }
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < length; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < low || c > high) {
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return length;
}
