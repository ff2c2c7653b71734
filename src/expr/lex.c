/* Text of an expression to tokens, one at a time.
 *
 * Bytes above 127 belong to names, except those of spaces and punctuation that people paste
 * without seeing it (typographic quotes, no-break spaces): these are named in the error. The
 * text is known to be valid UTF-8 here. */
#include "expr/lex.h"

#include "expr/tree.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of the name character at s, 0 if it is none. */
static int32_t
name_character(const char *s, int32_t left, bool first)
{
    unsigned char c = (unsigned char)s[0];
    if (c < 0x80) {
        return is_letter(s[0]) || (!first && is_digit(s[0])) ? 1 : 0;
    }
    int32_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (size > left) {
        return 0;
    }
    uint32_t code = c & (0xFFU >> (size + 1));
    for (int32_t i = 1; i < size; i++) {
        code = (code << 6) | ((unsigned char)s[i] & 0x3FU);
    }
    bool odd = (code >= 0x80 && code <= 0xBF && code != 0xAA && code != 0xB5 &&
                   code != 0xBA) ||
               code == 0xD7 || code == 0xF7 || (code >= 0x2000 && code <= 0x206F) ||
               (code >= 0x3000 && code <= 0x3003) || code == 0xFEFF || code == 0xFFFD;
    return odd ? 0 : size;
}

static bool
same_word(const char *s, int64_t n, const char *word)
{
    for (int64_t i = 0; i < n; i++) {
        char c = s[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if (word[i] == '\0' || word[i] != c) {
            return false;
        }
    }
    return word[n] == '\0';
}

static upi_token_kind
keyword(const char *s, int64_t n)
{
    static const struct {
        const char *word;
        upi_token_kind kind;
    } words[] = {{"and", UPI_T_AND}, {"or", UPI_T_OR}, {"not", UPI_T_NOT},
        {"in", UPI_T_IN}, {"between", UPI_T_BETWEEN}, {"is", UPI_T_IS},
        {"null", UPI_T_NULL}, {"true", UPI_T_TRUE}, {"false", UPI_T_FALSE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (same_word(s, n, words[i].word)) {
            return words[i].kind;
        }
    }
    return UPI_T_NAME;
}

/* The quoted thing that starts at t->start, doubled quotes inside. */
static up_status
lex_quoted(const char *text, int32_t length, upi_token *t, up_error *err)
{
    char quote = text[t->start];
    int32_t i = t->start + 1;
    for (;; i++) {
        if (i >= length) {
            return upi_fail_at(err, UP_E_EXPRESSION, "expression", text, t->start,
                "the quote %c is not closed", quote);
        }
        if (text[i] != quote) {
            continue;
        }
        if (i + 1 < length && text[i + 1] == quote) {
            i++;
            continue;
        }
        break;
    }
    t->kind = quote == '\'' ? UPI_T_STRING : UPI_T_QUOTED;
    t->end = i + 1;
    if (t->kind == UPI_T_QUOTED && t->end - t->start == 2) {
        return upi_fail_at(
            err, UP_E_EXPRESSION, "expression", text, t->start, "empty column name");
    }
    return UP_OK;
}

int64_t
upi_lex_unquote(const char *text, const upi_token *token, char *buffer)
{
    char quote = text[token->start];
    int64_t n = 0;
    for (int32_t i = token->start + 1; i < token->end - 1; i++) {
        buffer[n++] = text[i];
        if (text[i] == quote) {
            i++; /* the second of a doubled quote */
        }
    }
    return n;
}

static int32_t
skip_digits(const char *text, int32_t length, int32_t i)
{
    while (i < length && is_digit(text[i])) {
        i++;
    }
    return i;
}

static up_status
lex_number(const char *text, int32_t length, upi_token *t, up_error *err)
{
    int32_t i = skip_digits(text, length, t->start);
    t->whole = true;
    if (i < length && text[i] == '.') {
        t->whole = false;
        i = skip_digits(text, length, i + 1);
    }
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        int32_t j = i + 1;
        if (j < length && (text[j] == '+' || text[j] == '-')) {
            j++;
        }
        if (j < length && is_digit(text[j])) {
            t->whole = false;
            i = skip_digits(text, length, j);
        }
    }
    t->kind = UPI_T_NUMBER;
    t->end = i;
    if (i < length && (text[i] == '.' || name_character(text + i, length - i, false))) {
        return upi_fail_at(err, UP_E_EXPRESSION, "expression", text, t->start,
            "not a number, and not a name");
    }
    return UP_OK;
}

static upi_token_kind
lex_sign(const char *s, int32_t left, int32_t *size)
{
    static const struct {
        char sign[3];
        upi_token_kind kind;
    } signs[] = {/* the longer ones first */ {"==", UPI_T_EQ}, {"!=", UPI_T_NE},
        {"<>", UPI_T_NE}, {"<=", UPI_T_LE}, {">=", UPI_T_GE}, {"&&", UPI_T_AND},
        {"||", UPI_T_OR}, {"=", UPI_T_EQ}, {"<", UPI_T_LT}, {">", UPI_T_GT},
        {"!", UPI_T_NOT}, {"+", UPI_T_PLUS}, {"-", UPI_T_MINUS}, {"*", UPI_T_STAR},
        {"/", UPI_T_SLASH}, {"%", UPI_T_PERCENT}, {"(", UPI_T_OPEN}, {")", UPI_T_CLOSE},
        {",", UPI_T_COMMA}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        int32_t n = signs[i].sign[1] == '\0' ? 1 : 2;
        if (left >= n && memcmp(s, signs[i].sign, (size_t)n) == 0) {
            *size = n;
            return signs[i].kind;
        }
    }
    return UPI_T_END;
}

static up_status
fail_sign(const char *text, int32_t at, up_error *err)
{
    const char *hint = "";
    if (text[at] == '&') {
        hint = "; 'and' is written and or &&";
    } else if (text[at] == '|') {
        hint = "; 'or' is written or or ||";
    } else if (strncmp(text + at, "\xE2\x80", 2) == 0) {
        hint = "; quotes must be plain ' or \"";
    } else if (text[at] == '.') {
        hint = "; a name with a point stands in double quotes";
    }
    int size = 1;
    while (((unsigned char)text[at + size] & 0xC0U) == 0x80U) {
        size++;
    }
    if ((unsigned char)text[at] < 0x20 || text[at] == 0x7F) {
        return upi_fail_at(err, UP_E_EXPRESSION, "expression", text, at,
            "unexpected control character %d", text[at]);
    }
    return upi_fail_at(err, UP_E_EXPRESSION, "expression", text, at,
        "unexpected '%.*s'%s", size, text + at, hint);
}

up_status
upi_lex_next(
    const char *text, int32_t length, int32_t from, upi_token *out, up_error *err)
{
    int32_t i = from;
    while (i < length && is_space(text[i])) {
        i++;
    }
    upi_token t = {UPI_T_END, i, i, false};
    up_status status = UP_OK;
    if (i < length) {
        char c = text[i];
        int32_t size = 0;
        if (name_character(text + i, length - i, true) > 0) {
            int32_t n;
            while (
                i < length && (n = name_character(text + i, length - i, false)) > 0) {
                i += n;
            }
            t.end = i;
            t.kind = keyword(text + t.start, t.end - t.start);
        } else if (c == '\'' || c == '"' || c == '`') {
            status = lex_quoted(text, length, &t, err);
        } else if (is_digit(c) ||
                   (c == '.' && i + 1 < length && is_digit(text[i + 1]))) {
            status = lex_number(text, length, &t, err);
        } else {
            t.kind = lex_sign(text + i, length - i, &size);
            t.end = i + size;
            if (t.kind == UPI_T_END) {
                status = fail_sign(text, i, err);
            }
        }
    }
    if (status == UP_OK) {
        *out = t;
    }
    return status;
}
