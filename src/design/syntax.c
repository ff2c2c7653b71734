/* The forms that stand around expressions. Expressions themselves are read by expr/; here only
 * the outermost brackets, commas and the single '=' of a definition are found. Quotes are
 * skipped as the expression language writes them (doubled inside), so that a hostile name
 * such as "a = ratio(b, c" cannot be taken for syntax. */
#include "design/syntax.h"

#include "base/base.h"

#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_' || (unsigned char)c >= 0x80;
}

static bool
same_letter(char c, char wanted) /* wanted is lower case */
{
    return c == wanted || (c >= 'A' && c <= 'Z' && c - 'A' + 'a' == wanted);
}

upi_span
upi_span_trim(upi_span t)
{
    while (t.n > 0 && is_space(t.s[0])) {
        t.s++;
        t.n--;
    }
    while (t.n > 0 && is_space(t.s[t.n - 1])) {
        t.n--;
    }
    return t;
}

upi_span
upi_span_of(const char *s)
{
    return upi_span_trim((upi_span){s, (int64_t)strlen(s)});
}

/* The byte behind the quoted thing that starts at i; t.n when it is not closed. */
static int64_t
skip_quoted(upi_span t, int64_t i)
{
    char quote = t.s[i];
    for (i++; i < t.n; i++) {
        if (t.s[i] != quote) {
            continue;
        }
        if (i + 1 < t.n && t.s[i + 1] == quote) {
            i++;
            continue;
        }
        return i + 1;
    }
    return t.n;
}

/* The byte of the first `wanted` at depth 0 from i on, or -1. An opening parenthesis that
 * stands at i counts for the depth, so that its partner is found. */
static int64_t
find_outside(upi_span t, int64_t i, char wanted)
{
    int64_t depth = 0;
    while (i < t.n) {
        char c = t.s[i];
        if (is_quote(c)) {
            i = skip_quoted(t, i);
            continue;
        }
        depth += c == '(' ? 1 : 0;
        depth -= c == ')' ? 1 : 0;
        if (depth < 0) {
            return -1;
        }
        if (depth == 0 && c == wanted) {
            return i;
        }
        i++;
    }
    return -1;
}

bool
upi_span_call(upi_span t, const char *word, upi_span *inside)
{
    int64_t i = 0;
    t = upi_span_trim(t);
    while (word[i] != '\0') {
        if (i >= t.n || !same_letter(t.s[i], word[i])) {
            return false;
        }
        i++;
    }
    while (i < t.n && is_space(t.s[i])) {
        i++;
    }
    if (i >= t.n || t.s[i] != '(' || find_outside(t, i, ')') != t.n - 1) {
        return false;
    }
    *inside = upi_span_trim((upi_span){t.s + i + 1, t.n - i - 2});
    return true;
}

int64_t
upi_span_comma(upi_span t)
{
    return find_outside(t, 0, ',');
}

/* `null = x` is a comparison with a literal, never a definition. */
static bool
is_literal_word(upi_span t)
{
    static const char *const words[] = {"true", "false", "null", "not"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        int64_t n = (int64_t)strlen(words[k]);
        int64_t i = 0;
        while (i < n && i < t.n && same_letter(t.s[i], words[k][i])) {
            i++;
        }
        if (i == n && t.n == n) {
            return true;
        }
    }
    return false;
}

bool
upi_span_definition(upi_span t, upi_span *name, upi_span *rest)
{
    t = upi_span_trim(t);
    int64_t i = 0;
    if (t.n > 0 && (t.s[0] == '"' || t.s[0] == '`')) {
        i = skip_quoted(t, 0);
    } else if (t.n > 0 && !is_digit(t.s[0])) {
        while (i < t.n && is_name_byte(t.s[i])) {
            i++;
        }
    }
    upi_span found = {t.s, i};
    if (i == 0 || is_literal_word(found)) {
        return false;
    }
    while (i < t.n && is_space(t.s[i])) {
        i++;
    }
    if (i >= t.n || t.s[i] != '=' || (i + 1 < t.n && t.s[i + 1] == '=')) {
        return false;
    }
    *name = found;
    *rest = upi_span_trim((upi_span){t.s + i + 1, t.n - i - 1});
    return true;
}

up_status
upi_span_copy(upi_span t, char **out, up_error *err)
{
    char *copy = upi_strndup(t.s, (size_t)t.n);
    if (copy == NULL) {
        (void)upi_fail_memory(err, (size_t)t.n + 1);
        return UP_E_NO_MEMORY;
    }
    *out = copy;
    return UP_OK;
}

up_status
upi_span_name(upi_span t, char **out, up_error *err)
{
    up_status status = UP_OK;
    char *copy = NULL;
    bool quoted = t.n >= 2 && is_quote(t.s[0]) && t.s[t.n - 1] == t.s[0];
    UP_TRY(upi_span_copy(quoted ? (upi_span){t.s + 1, t.n - 2} : t, &copy, err));
    if (quoted) {
        char *to = copy;
        for (const char *from = copy; *from != '\0'; from++) {
            *to++ = *from;
            if (*from == t.s[0] && from[1] == t.s[0]) {
                from++;
            }
        }
        *to = '\0';
    }
    *out = copy;
out:
    return status;
}
