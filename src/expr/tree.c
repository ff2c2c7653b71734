/* Building, copying and freeing of trees, and the error that points into the text. */
#include "expr/tree.h"

#include <stdarg.h>
#include <stdio.h>

static const upi_function functions[] = {{"if", UPI_OP_IF, 3, 3},
    {"coalesce", UPI_OP_COALESCE, 1, -1}, {"least", UPI_OP_LEAST, 1, -1},
    {"greatest", UPI_OP_GREATEST, 1, -1}, {"abs", UPI_OP_ABS, 1, 1},
    {"ln", UPI_OP_LN, 1, 1}, {"exp", UPI_OP_EXP, 1, 1}, {"floor", UPI_OP_FLOOR, 1, 1},
    {"year", UPI_OP_YEAR, 1, 1}, {"month", UPI_OP_MONTH, 1, 1},
    {"day", UPI_OP_DAY, 1, 1}, {"week", UPI_OP_WEEK, 1, 1},
    {"weekday", UPI_OP_WEEKDAY, 1, 1}, {"hour", UPI_OP_HOUR, 1, 1},
    {"date", UPI_OP_DATE, 1, 1}};

enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

const upi_function *
upi_function_find(const char *name, uint32_t length)
{
    for (int i = 0; i < N_FUNCTIONS; i++) {
        const char *f = functions[i].name;
        if (strlen(f) != length) {
            continue;
        }
        uint32_t k = 0;
        while (k < length && (name[k] == f[k] || (name[k] >= 'A' && name[k] <= 'Z' &&
                                                     name[k] - 'A' + 'a' == f[k]))) {
            k++;
        }
        if (k == length) {
            return &functions[i];
        }
    }
    return NULL;
}

const char *
upi_function_name(upi_op op)
{
    for (int i = 0; i < N_FUNCTIONS; i++) {
        if (functions[i].op == op) {
            return functions[i].name;
        }
    }
    return NULL;
}

const char *
upi_function_nearest(const char *name)
{
    const char *names[N_FUNCTIONS];
    for (int i = 0; i < N_FUNCTIONS; i++) {
        names[i] = functions[i].name;
    }
    return upi_text_nearest(name, names, N_FUNCTIONS);
}

const char *
upi_op_sign(upi_op op)
{
    switch (op) {
    case UPI_OP_NEG:
    case UPI_OP_SUB:
        return "-";
    case UPI_OP_ADD:
        return "+";
    case UPI_OP_MUL:
        return "*";
    case UPI_OP_DIV:
        return "/";
    case UPI_OP_MOD:
        return "%";
    case UPI_OP_EQ:
        return "=";
    case UPI_OP_NE:
        return "!=";
    case UPI_OP_LT:
        return "<";
    case UPI_OP_LE:
        return "<=";
    case UPI_OP_GT:
        return ">";
    case UPI_OP_GE:
        return ">=";
    case UPI_OP_IN:
        return "in";
    case UPI_OP_BETWEEN:
        return "between";
    case UPI_OP_IS_NULL:
        return "is null";
    case UPI_OP_NOT:
        return "not";
    case UPI_OP_AND:
        return "and";
    case UPI_OP_OR:
        return "or";
    default:
        return upi_function_name(op);
    }
}

up_status
upi_pool_add(upi_expr *e, const char *s, int64_t n, int32_t *at, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&e->pool, &e->pool_capacity, e->n_pool + n + 1, err));
    memcpy(e->pool + e->n_pool, s, (size_t)n);
    e->pool[e->n_pool + n] = '\0';
    *at = (int32_t)e->n_pool;
    e->n_pool += n + 1;
out:
    return status;
}

up_status
upi_node_add(upi_expr *e, upi_op op, int32_t at, int32_t *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&e->nodes, &e->nodes_capacity, e->n_nodes + 1, err));
    e->nodes[e->n_nodes] = (upi_node){.op = op,
        .height = 1,
        .first = UPI_NO_NODE,
        .last = UPI_NO_NODE,
        .next = UPI_NO_NODE,
        .at = at,
        .type = UPI_TYPE_NULL,
        .as = UPI_TYPE_NULL,
        .column = -1};
    *out = (int32_t)e->n_nodes;
    e->n_nodes++;
out:
    return status;
}

up_status
upi_node_adopt(upi_expr *e, int32_t parent, int32_t child, up_error *err)
{
    upi_node *p = &e->nodes[parent];
    if (p->first == UPI_NO_NODE) {
        p->first = child;
    } else {
        e->nodes[p->last].next = child;
    }
    p->last = child;
    e->nodes[child].next = UPI_NO_NODE;
    p->n_args++;
    if (p->height <= e->nodes[child].height) {
        p->height = e->nodes[child].height + 1;
    }
    if (p->height > UPI_EXPR_DEPTH) {
        return upi_fail_at(err, UP_E_EXPRESSION, "expression", e->source, p->at,
            "nested more than %d deep", UPI_EXPR_DEPTH);
    }
    return UP_OK;
}

up_status
upi_expr_column(const char *name, upi_expr **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_expr *e = NULL;
    int32_t node = 0;
    size_t n = strlen(name);
    if (n == 0 || n > UPI_EXPR_BYTES || !upi_utf8_valid(name, n)) {
        status = upi_fail(err, UP_E_EXPRESSION, "column",
            n == 0               ? "empty column name"
            : n > UPI_EXPR_BYTES ? "the name of a column has more than 64 KiB"
                                 : "the name of a column is not valid UTF-8");
        goto out;
    }
    UP_TRY(UP_NEW(&e, 1, err));
    UP_TRY(upi_node_add(e, UPI_OP_COLUMN, 0, &node, err));
    e->nodes[node].quoted = true;
    e->nodes[node].length = (uint32_t)n;
    UP_TRY(upi_pool_add(e, name, (int64_t)n, &e->nodes[node].text, err));
    e->root = node;
    *out = e;
    e = NULL;
out:
    upi_expr_free(e);
    return status;
}

up_status
upi_expr_copy(const upi_expr *e, upi_expr **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_expr *copy = NULL;
    UP_TRY(UP_NEW(&copy, 1, err));
    copy->root = e->root;
    copy->bound = e->bound;
    copy->n_schema = e->n_schema;
    UP_TRY(UP_NEW(&copy->nodes, e->n_nodes, err));
    copy->n_nodes = copy->nodes_capacity = e->n_nodes;
    memcpy(copy->nodes, e->nodes, (size_t)e->n_nodes * sizeof *e->nodes);
    UP_TRY(UP_NEW(&copy->pool, e->n_pool + 1, err));
    copy->n_pool = e->n_pool;
    copy->pool_capacity = e->n_pool + 1;
    if (e->n_pool > 0) {
        memcpy(copy->pool, e->pool, (size_t)e->n_pool);
    }
    if (e->source != NULL) {
        UP_TRY(upi_strdup_to(&copy->source, e->source, err));
    }
    *out = copy;
    copy = NULL;
out:
    upi_expr_free(copy);
    return status;
}

void
upi_expr_free(upi_expr *e)
{
    if (e == NULL) {
        return;
    }
    upi_free(e->nodes);
    upi_free(e->pool);
    upi_free(e->source);
    upi_free(e);
}

const char *
upi_expr_bare_column(const upi_expr *e)
{
    const upi_node *root = &e->nodes[e->root];
    return root->op == UPI_OP_COLUMN ? upi_node_text(e, root) : NULL;
}

up_status
upi_expr_columns(
    const upi_expr *e, up_status (*visit)(void *ctx, const char *name), void *ctx)
{
    /* Columns are added to the array as they are read, so that its order is the order of
     * the text. */
    for (int64_t i = 0; i < e->n_nodes; i++) {
        const upi_node *node = &e->nodes[i];
        bool seen = node->op != UPI_OP_COLUMN;
        for (int64_t k = 0; k < i && !seen; k++) {
            seen = e->nodes[k].op == UPI_OP_COLUMN &&
                   e->nodes[k].length == node->length &&
                   strcmp(upi_node_text(e, &e->nodes[k]), upi_node_text(e, node)) == 0;
        }
        if (seen) {
            continue;
        }
        up_status status = visit(ctx, upi_node_text(e, node));
        if (status != UP_OK) {
            return status;
        }
    }
    return UP_OK;
}

int64_t
upi_character_at(const char *text, int64_t byte)
{
    int64_t n = 1;
    for (int64_t i = 0; i < byte; i++) {
        n += ((unsigned char)text[i] & 0xC0U) != 0x80U;
    }
    return n;
}

static bool
inside_character(char c)
{
    return ((unsigned char)c & 0xC0U) == 0x80U;
}

static char
visible(char c)
{
    if ((unsigned char)c < 0x20 || c == 0x7F) {
        return ' ';
    }
    return c;
}

/* The text around the byte `at`, cut to what fits, and a caret below it. */
static void
show_caret(up_error *err, const char *text, int64_t at)
{
    enum { BEFORE = 60, AFTER = 40 };
    int64_t length = (int64_t)strlen(text);
    int64_t from = at > BEFORE ? at - BEFORE : 0;
    int64_t to = length - at > AFTER ? at + AFTER : length;
    while (from > 0 && inside_character(text[from])) {
        from--;
    }
    while (to < length && inside_character(text[to])) {
        to++;
    }
    char before[BEFORE + 16];
    char after[AFTER + 16];
    int64_t n = 0;
    for (int64_t i = from; i < at; i++) {
        before[n++] = visible(text[i]);
    }
    before[n] = '\0';
    n = 0;
    for (int64_t i = at; i < to; i++) {
        after[n++] = visible(text[i]);
    }
    after[n] = '\0';
    /* Written here, because upi_fix keeps to one line and this takes two. */
    int indent = upi_utf8_width(before) + (from > 0 ? 3 : 0);
    (void)snprintf(err->fix, sizeof err->fix, "%s%s%s%s\n%*s^", from > 0 ? "..." : "",
        before, after, to < length ? "..." : "", indent, "");
}

up_status
upi_fail_at(up_error *err, up_status status, const char *field, const char *text,
    int64_t at, const char *fmt, ...)
{
    char message[400];
    va_list args;
    va_start(args, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started two lines above */
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (text == NULL) {
        return upi_fail(err, status, field, "%s", message);
    }
    (void)upi_fail(err, status, field, "%s at column %lld", message,
        (long long)upi_character_at(text, at));
    if (err != NULL) {
        show_caret(err, text, at);
    }
    return status;
}
