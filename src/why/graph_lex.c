/* Text of a graph to tokens, one at a time; the same ones for the three syntaxes.
 *
 * Bytes above 127 belong to names, but for the arrows that people paste (U+2190, U+2192, U+2194)
 * and for spaces and signs that are not seen, which are refused by position. The text is known
 * to be valid UTF-8 here, and ends with NUL. */
#include "why/graph_lex.h"

#include "expr/tree.h"

#include <string.h>

static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '.';
}

/* Bytes of the name character at s, 0 if it is none. */
static int32_t
name_character(const char *s)
{
    uint32_t code = 0;
    if ((unsigned char)s[0] < 0x80) {
        return is_plain(s[0]) ? 1 : 0;
    }
    size_t size = upi_utf8_decode(s, strnlen(s, 4), &code);
    bool odd = code == 0xA0 || (code >= 0x2000 && code <= 0x206F) ||
               (code >= 0x2190 && code <= 0x21FF) || code == 0x3000 || code == 0xFEFF ||
               code == 0xFFFD || upi_utf8_control(code);
    return odd ? 0 : (int32_t)size;
}

int32_t
upi_graph_skip(const char *text, int32_t at, bool *new_line)
{
    for (;;) {
        const char *s = text + at;
        if (*s == '\n') {
            *new_line = true;
            at++;
        } else if (*s == ' ' || *s == '\t' || *s == '\r') {
            at++;
        } else if (*s == '#' || (s[0] == '/' && s[1] == '/')) {
            at += (int32_t)strcspn(s, "\n");
        } else if (s[0] == '/' && s[1] == '*' && strstr(s + 2, "*/") != NULL) {
            at = (int32_t)(strstr(s + 2, "*/") + 2 - text);
        } else {
            return at;
        }
    }
}

/* The arrows and signs, longest first. */
static bool
lex_sign(const char *s, upi_graph_token *t)
{
    static const struct {
        const char *sign;
        upi_graph_token_kind kind;
    } signs[] = {{"<->", UPI_G_BOTH}, {"->", UPI_G_RIGHT}, {"<-", UPI_G_LEFT},
        {"--", UPI_G_LINE}, {"\xE2\x86\x92", UPI_G_RIGHT}, {"\xE2\x86\x90", UPI_G_LEFT},
        {"\xE2\x86\x94", UPI_G_BOTH}, {"{", UPI_G_OPEN}, {"}", UPI_G_CLOSE},
        {"[", UPI_G_ATTRIBUTES}, {",", UPI_G_COMMA}, {";", UPI_G_SEMICOLON},
        {"=", UPI_G_EQUALS}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i].sign);
        if (strncmp(s, signs[i].sign, n) == 0) {
            t->kind = signs[i].kind;
            t->end = t->start + (int32_t)n;
            return true;
        }
    }
    return false;
}

static up_status
lex_quoted(const char *text, bool backslash, upi_graph_token *t, up_error *err)
{
    int32_t i = t->start + 1;
    for (;; i++) {
        uint32_t code = 0;
        if (text[i] == '\0') {
            return upi_fail_at(
                err, UP_E_GRAPH, "graph", text, t->start, "the quote \" is not closed");
        }
        if (upi_utf8_decode(text + i, strnlen(text + i, 4), &code) > 0 &&
            upi_utf8_control(code)) {
            return upi_fail_at(err, UP_E_GRAPH, "graph", text, i,
                "a name holds a character that cannot be seen");
        }
        /* What is escaped is a quote or a backslash; any other character stands for itself. */
        bool escape =
            backslash ? text[i] == '\\' && (text[i + 1] == '"' || text[i + 1] == '\\')
                      : text[i] == '"' && text[i + 1] == '"';
        if (escape) {
            i++;
        } else if (text[i] == '"') {
            break;
        }
    }
    t->kind = UPI_G_QUOTED;
    t->end = i + 1;
    if (t->end - t->start == 2) {
        return upi_fail_at(err, UP_E_GRAPH, "graph", text, t->start, "empty name");
    }
    return UP_OK;
}

up_status
upi_graph_lex(
    const char *text, int32_t from, bool backslash, upi_graph_token *out, up_error *err)
{
    upi_graph_token t = {0};
    t.new_line = from == 0;
    t.start = upi_graph_skip(text, from, &t.new_line);
    t.end = t.start;
    const char *s = text + t.start;
    if (*s == '\0') {
        t.kind = UPI_G_END;
    } else if (*s == '"') {
        up_status status = lex_quoted(text, backslash, &t, err);
        if (status != UP_OK) {
            return status;
        }
    } else if (!lex_sign(s, &t)) {
        for (int32_t size = name_character(s); size > 0;
             size = name_character(text + t.end)) {
            t.end += size;
        }
        t.kind = UPI_G_NAME;
    }
    if (t.kind == UPI_G_NAME && t.end == t.start) {
        return upi_fail_at(err, UP_E_GRAPH, "graph", text, t.start, "%s",
            s[0] == '-'   ? "an arrow is written ->, <-, <-> or --"
            : s[0] == '<' ? "an arrow is written <- or <->"
                          : "unexpected character; names with other characters than "
                            "letters, digits, _ and . stand in double quotes");
    }
    *out = t;
    return UP_OK;
}

void
upi_graph_token_text(
    const char *text, const upi_graph_token *token, bool backslash, upi_text *out)
{
    if (token->kind != UPI_G_QUOTED) {
        upi_text_add_n(out, text + token->start, token->end - token->start);
        return;
    }
    for (int32_t i = token->start + 1; i < token->end - 1; i++) {
        bool escape =
            backslash ? text[i] == '\\' && (text[i + 1] == '"' || text[i + 1] == '\\')
                      : text[i] == '"';
        i += escape ? 1 : 0;
        upi_text_add_char(out, text[i]);
    }
}
