/* Text of a graph to the graph: one parser for the three syntaxes, which differ in their
 * frame, their attributes, and how statements end.
 *
 *     statement = group (arrow group)* [attributes]      group = name | { name* }
 *
 * In the own syntax two names side by side on a line are refused: `page views -> sales` would
 * otherwise be read as a node `page` and an arrow from `views`. */
#include "expr/tree.h"
#include "why/graph.h"
#include "why/graph_lex.h"

#include <string.h>

typedef enum syntax { OWN, DOT, DAGITTY } syntax;

/* An arrow of the statement at hand; its edges are added when its attributes are known. */
typedef struct step {
    upi_set from, to;
    upi_graph_token_kind arrow;
    int32_t at;
} step;

typedef struct attributes {
    bool latent, treatment, outcome, both, back, none;
} attributes;

typedef struct parser {
    const char *text;
    syntax syntax;
    upi_graph_token t; /* the token at hand */
    up_graph *g;
    step *steps;
    int64_t n_steps, step_capacity;
} parser;

static up_status
fail_here(const parser *p, up_error *err, const char *message)
{
    return upi_fail_at(err, UP_E_GRAPH, "graph", p->text, p->t.start, "%s", message);
}

static up_status
advance(parser *p, up_error *err)
{
    return upi_graph_lex(p->text, p->t.end, p->syntax != OWN, &p->t, err);
}

/* The token after the one at hand; END where it is none. */
static upi_graph_token
peek(const parser *p)
{
    upi_graph_token next = {0};
    if (upi_graph_lex(p->text, p->t.end, p->syntax != OWN, &next, NULL) != UP_OK) {
        next.kind = UPI_G_END;
    }
    return next;
}

static bool
is_name(const upi_graph_token *t)
{
    return t->kind == UPI_G_NAME || t->kind == UPI_G_QUOTED;
}

static bool
is_arrow(const upi_graph_token *t)
{
    return t->kind >= UPI_G_RIGHT && t->kind <= UPI_G_LINE;
}

/* The token at hand is this word, not in quotes. */
static bool
is_word(const parser *p, const char *word)
{
    size_t n = strlen(word);
    return p->t.kind == UPI_G_NAME && (size_t)(p->t.end - p->t.start) == n &&
           strncmp(p->text + p->t.start, word, n) == 0;
}

static up_status
read_node(parser *p, int64_t *out, up_error *err)
{
    up_status status = UP_OK;
    upi_text name = {0};
    char *s = NULL;
    int32_t at = p->t.start;
    upi_graph_token_text(p->text, &p->t, p->syntax != OWN, &name);
    UP_TRY(upi_text_take(&name, &s, err));
    status = upi_graph_node(p->g, s, (int64_t)strlen(s), out, err);
    if (status == UP_E_GRAPH) {
        status = upi_fail_at(err, UP_E_GRAPH, "graph", p->text, at,
            "more than %d nodes", UP_GRAPH_MOST_NODES);
        goto out;
    }
    UP_TRY(status);
    UP_TRY(advance(p, err));
out:
    upi_text_free(&name);
    upi_free(s);
    return status;
}

/* A name among those in braces, or a sign between them. */
static up_status
read_member(parser *p, upi_set *group, up_error *err)
{
    up_status status = UP_OK;
    int64_t node = -1;
    if (p->t.kind == UPI_G_COMMA || p->t.kind == UPI_G_SEMICOLON) {
        return advance(p, err);
    }
    if (!is_name(&p->t)) {
        return fail_here(p, err, "braces hold names of nodes only");
    }
    if (is_word(p, "subgraph") && p->syntax == DOT) {
        return fail_here(p, err, "subgraphs are not read");
    }
    UP_TRY(read_node(p, &node, err));
    upi_set_add(group, node);
out:
    return status;
}

/* A name, or names in braces. */
static up_status
read_group(parser *p, upi_set *out, up_error *err)
{
    up_status status = UP_OK;
    upi_set group = {{0}};
    int64_t node = -1;
    if (is_name(&p->t)) {
        status = read_node(p, &node, err);
        *out = status == UP_OK ? upi_set_of(node) : group;
        return status;
    }
    if (p->t.kind != UPI_G_OPEN) {
        return fail_here(p, err, "a node is expected here");
    }
    UP_TRY(advance(p, err));
    while (p->t.kind != UPI_G_CLOSE) {
        UP_TRY(read_member(p, &group, err));
    }
    if (upi_set_empty(&group)) {
        return fail_here(p, err, "the braces hold no node");
    }
    UP_TRY(advance(p, err));
    *out = group;
out:
    return status;
}

/* The bytes of the attribute value that starts at `at`: in quotes, in angle brackets, or up to
 * a space or sign. Returns its end, 0 when it does not end. */
static int32_t
value_end(const char *text, int32_t at)
{
    int32_t depth = 0;
    if (text[at] == '"') {
        for (at++; text[at] != '"'; at++) {
            at += text[at] == '\\' && text[at + 1] != '\0' ? 1 : 0;
            if (text[at] == '\0') {
                return 0;
            }
        }
        return at + 1;
    }
    if (text[at] == '<') {
        do {
            depth += text[at] == '<' ? 1 : text[at] == '>' ? -1 : 0;
            if (text[at] == '\0') {
                return 0;
            }
            at++;
        } while (depth > 0);
        return at;
    }
    return at + (int32_t)strcspn(text + at, " \t\r\n,;[]");
}

static bool
same(const char *s, int32_t n, const char *word)
{
    return (size_t)n == strlen(word) && strncmp(s, word, (size_t)n) == 0;
}

static up_status
take_attribute(
    const parser *p, int32_t name[2], int32_t value[2], attributes *a, up_error *err)
{
    const char *s = p->text + name[0];
    int32_t n = name[1] - name[0];
    bool quoted = value[1] > value[0] + 1 && p->text[value[0]] == '"';
    const char *v = p->text + value[0] + (quoted ? 1 : 0);
    int32_t nv = value[1] - value[0] - (quoted ? 2 : 0);
    if (p->syntax == DAGITTY) {
        bool selected = same(s, n, "selected") || same(s, n, "s");
        a->latent |= same(s, n, "latent") || same(s, n, "unobserved") ||
                     same(s, n, "l") || same(s, n, "u");
        a->treatment |=
            same(s, n, "exposure") || same(s, n, "source") || same(s, n, "e");
        a->outcome |= same(s, n, "outcome") || same(s, n, "target") || same(s, n, "o");
        return selected ? upi_fail_at(err, UP_E_GRAPH, "graph", p->text, name[0],
                              "graphs with selected nodes are not read")
                        : UP_OK;
    }
    if (same(s, n, "dir")) {
        a->both |= same(v, nv, "both");
        a->back |= same(v, nv, "back");
        a->none |= same(v, nv, "none");
    } else if (same(s, n, "role")) {
        a->treatment |= same(v, nv, "treatment");
        a->outcome |= same(v, nv, "outcome");
    } else if (same(s, n, "latent")) {
        a->latent |= nv == 0 || same(v, nv, "true");
    }
    return UP_OK;
}

/* One list in brackets; the token at hand is its opening one. */
static up_status
read_attributes(parser *p, attributes *a, up_error *err)
{
    const char *text = p->text;
    bool ignored = false;
    int32_t at = upi_graph_skip(text, p->t.end, &ignored);
    while (text[at] != ']') {
        int32_t name[2] = {at, 0};
        int32_t value[2] = {0, 0};
        name[1] = text[at] == '"' ? value_end(text, at)
                                  : at + (int32_t)strcspn(text + at, " \t\r\n=,;[]");
        if (name[1] <= at) {
            return upi_fail_at(err, UP_E_GRAPH, "graph", text, p->t.start,
                "the attributes in [ ] do not end, or one has no name");
        }
        at = upi_graph_skip(text, name[1], &ignored);
        if (text[at] == '=') {
            value[0] = upi_graph_skip(text, at + 1, &ignored);
            value[1] = value_end(text, value[0]);
            if (value[1] <= value[0]) {
                return upi_fail_at(err, UP_E_GRAPH, "graph", text, at,
                    "an attribute without a value, or one that does not end");
            }
            at = upi_graph_skip(text, value[1], &ignored);
        }
        up_status status = take_attribute(p, name, value, a, err);
        if (status != UP_OK) {
            return status;
        }
        while (text[at] == ',' || text[at] == ';') {
            at = upi_graph_skip(text, at + 1, &ignored);
        }
    }
    p->t.end = at + 1;
    return advance(p, err);
}

static up_status
add_step(parser *p, const step *s, const attributes *a, up_error *err)
{
    bool left = (s->arrow == UPI_G_LEFT) != (a->back && s->arrow != UPI_G_BOTH);
    int64_t kind = s->arrow == UPI_G_BOTH || a->both   ? UP_EDGE_BIDIRECTED
                   : s->arrow == UPI_G_LINE || a->none ? UP_EDGE_UNDIRECTED
                                                       : UP_EDGE_DIRECTED;
    upi_set from = left ? s->to : s->from;
    upi_set to = left ? s->from : s->to;
    for (int64_t i = upi_set_next(&from, 0); i >= 0; i = upi_set_next(&from, i + 1)) {
        for (int64_t j = upi_set_next(&to, 0); j >= 0; j = upi_set_next(&to, j + 1)) {
            up_status status = upi_graph_join(p->g, i, j, kind, err);
            if (status == UP_E_GRAPH) {
                char message[400];
                upi_line_copy(message, sizeof message, err->message);
                return upi_fail_at(
                    err, UP_E_GRAPH, "graph", p->text, s->at, "%s", message);
            }
            if (status != UP_OK) {
                return status;
            }
        }
    }
    return UP_OK;
}

static void
mark(parser *p, upi_set nodes, const attributes *a)
{
    const upi_set none = {{0}};
    p->g->latent = upi_set_or(p->g->latent, a->latent ? nodes : none);
    p->g->treatment = upi_set_or(p->g->treatment, a->treatment ? nodes : none);
    p->g->outcome = upi_set_or(p->g->outcome, a->outcome ? nodes : none);
}

/* group (arrow group)* [attributes] */
static up_status
read_chain(parser *p, up_error *err)
{
    up_status status = UP_OK;
    attributes a = {0};
    upi_set group;
    p->n_steps = 0;
    UP_TRY(read_group(p, &group, err));
    while (is_arrow(&p->t)) {
        step s = {.from = group, .arrow = p->t.kind, .at = p->t.start};
        if (p->syntax == DOT && s.arrow != UPI_G_RIGHT) {
            return fail_here(p, err, "in a digraph every edge is written ->");
        }
        UP_TRY(advance(p, err));
        UP_TRY(read_group(p, &group, err));
        s.to = group;
        UP_TRY(UP_RESERVE(&p->steps, &p->step_capacity, p->n_steps + 1, err));
        p->steps[p->n_steps++] = s;
    }
    if (p->t.kind == UPI_G_ATTRIBUTES && p->syntax == OWN) {
        return fail_here(p, err,
            "attributes in [ ] belong to DOT and dagitty; write 'latent u', 'treatment "
            "T' "
            "or 'outcome Y'");
    }
    while (p->t.kind == UPI_G_ATTRIBUTES) {
        UP_TRY(read_attributes(p, &a, err));
    }
    if (p->n_steps == 0) {
        mark(p, group, &a);
    }
    for (int64_t k = 0; k < p->n_steps; k++) {
        UP_TRY(add_step(p, &p->steps[k], &a, err));
    }
out:
    return status;
}

/* `latent u, v` and the like; the token at hand is the word. */
static up_status
read_marks(parser *p, const attributes *a, up_error *err)
{
    up_status status = advance(p, err);
    bool more = true;
    while (more && status == UP_OK) {
        int64_t node = -1;
        if (!is_name(&p->t)) {
            return fail_here(p, err, "a node is expected here");
        }
        UP_TRY(read_node(p, &node, err));
        mark(p, upi_set_of(node), a);
        bool comma = p->t.kind == UPI_G_COMMA;
        more = comma || (is_name(&p->t) && !p->t.new_line);
        status = comma ? advance(p, err) : status;
    }
out:
    return status;
}

static up_status
read_own_statement(parser *p, up_error *err)
{
    upi_graph_token next = peek(p);
    attributes a = {.latent = is_word(p, "latent"),
        .treatment = is_word(p, "treatment"),
        .outcome = is_word(p, "outcome")};
    bool word = a.latent || a.treatment || a.outcome;
    if (p->t.kind == UPI_G_SEMICOLON) {
        return advance(p, err);
    }
    up_status status = word && is_name(&next) && !next.new_line ? read_marks(p, &a, err)
                                                                : read_chain(p, err);
    if (status != UP_OK || p->t.kind == UPI_G_END || p->t.kind == UPI_G_SEMICOLON ||
        p->t.new_line) {
        return status;
    }
    return fail_here(p, err,
        p->t.kind == UPI_G_COMMA ? "write several nodes in braces: {a b} -> c"
                                 : "an arrow, a semicolon or a new line is expected "
                                   "here; a name with spaces "
                                   "stands in double quotes");
}

static up_status
read_framed_statement(parser *p, up_error *err)
{
    up_status status = UP_OK;
    upi_graph_token next = peek(p);
    attributes ignored = {0};
    if (p->t.kind == UPI_G_END) {
        return fail_here(p, err, "the closing brace } is missing");
    }
    if (p->t.kind == UPI_G_SEMICOLON || p->t.kind == UPI_G_COMMA) {
        return advance(p, err);
    }
    if (is_name(&p->t) && next.kind == UPI_G_EQUALS) {
        bool new_line = false;
        int32_t value = upi_graph_skip(p->text, next.end, &new_line);
        int32_t end = value_end(p->text, value);
        if (end <= value) {
            return fail_here(p, err, "an attribute without a value");
        }
        p->t.end = end;
        return advance(p, err);
    }
    if (p->syntax == DOT && is_word(p, "subgraph")) {
        return fail_here(p, err, "subgraphs are not read");
    }
    if (p->syntax == DOT && next.kind == UPI_G_ATTRIBUTES &&
        (is_word(p, "graph") || is_word(p, "node") || is_word(p, "edge"))) {
        UP_TRY(advance(p, err));
        UP_TRY(read_attributes(p, &ignored, err));
        return UP_OK;
    }
    UP_TRY(read_chain(p, err));
out:
    return status;
}

/* { statements } and nothing behind; the token at hand is the opening brace. */
static up_status
read_frame(parser *p, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(advance(p, err));
    while (p->t.kind != UPI_G_CLOSE) {
        UP_TRY(read_framed_statement(p, err));
    }
    UP_TRY(advance(p, err));
    if (p->t.kind != UPI_G_END) {
        return fail_here(p, err, "the graph ended at the closing brace before this");
    }
out:
    return status;
}

/* Which syntax it is: `word {` or `word name {`. Moves to the brace where there is a frame. */
static up_status
read_head(parser *p, bool *framed, up_error *err)
{
    static const struct {
        const char *word;
        syntax syntax;
        const char *refusal;
    } heads[] = {{"digraph", DOT, NULL}, {"dag", DAGITTY, NULL},
        {"pdag", DAGITTY, NULL},
        {"graph", DOT,
            "an undirected graph says nothing of causes: write digraph and arrows"},
        {"mag", DAGITTY, "ancestral graphs (mag) are not read: write a dag"},
        {"pag", DAGITTY, "ancestral graphs (pag) are not read: write a dag"}};
    up_status status = UP_OK;
    parser look = *p;
    *framed = false;
    if (is_word(&look, "strict") && peek(&look).kind == UPI_G_NAME) {
        UP_TRY(advance(&look, err));
    }
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (!is_word(&look, heads[i].word)) {
            continue;
        }
        look.syntax = heads[i].syntax;
        upi_graph_token next = peek(&look);
        if (is_name(&next)) {
            look.t = next;
            next = peek(&look);
        }
        if (next.kind != UPI_G_OPEN) {
            continue;
        }
        if (heads[i].refusal != NULL) {
            return fail_here(p, err, heads[i].refusal);
        }
        look.t = next;
        *p = look;
        *framed = true;
        break;
    }
out:
    return status;
}

static up_status
read_graph(parser *p, up_error *err)
{
    up_status status = UP_OK;
    bool framed = false;
    UP_TRY(upi_graph_lex(p->text, 0, false, &p->t, err));
    UP_TRY(read_head(p, &framed, err));
    if (framed) {
        UP_TRY(read_frame(p, err));
    }
    while (!framed && p->t.kind != UPI_G_END) {
        UP_TRY(read_own_statement(p, err));
    }
    UP_TRY(upi_graph_finish(p->g, err));
out:
    return status;
}

up_status
up_graph_parse(const char *text, up_graph **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    parser p = {.text = text, .syntax = OWN};
    if (text == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "graph", "no graph was given");
    }
    size_t length = strnlen(text, UPI_GRAPH_TEXT_BYTES + 1);
    if (length > UPI_GRAPH_TEXT_BYTES) {
        return upi_fail(
            err, UP_E_GRAPH, "graph", "the text of the graph is longer than 1 MiB");
    }
    if (!upi_utf8_valid(text, length)) {
        return upi_fail(err, UP_E_GRAPH, "graph", "the text of the graph is not UTF-8");
    }
    UP_TRY(upi_graph_new(&p.g, err));
    UP_TRY(read_graph(&p, err));
    *out = p.g;
    p.g = NULL;
out:
    upi_free(p.steps);
    up_graph_free(p.g);
    return status;
}
