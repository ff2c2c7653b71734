/* The tree of an expression, shared by the files of this room. Nodes stand in one array and
 * refer to one another by index, so that copying and freeing need no recursion; names and
 * texts stand in one pool. The height of a tree is limited when it is built, so that the
 * walks over it may be recursive. */
#ifndef UPI_EXPR_TREE_H
#define UPI_EXPR_TREE_H

#include "expr/expr.h"

enum {
    UPI_EXPR_DEPTH = 200,
    UPI_EXPR_BYTES = 65536,
    UPI_TYPE_NULL = -1, /* of a node that is null on every row and fits every type */
    UPI_NO_NODE = -1
};

typedef enum upi_op {
    UPI_OP_COLUMN,
    UPI_OP_NUMBER,
    UPI_OP_INTEGER,
    UPI_OP_STRING,
    UPI_OP_BOOL,
    UPI_OP_NULL,
    UPI_OP_NEG,
    UPI_OP_ADD,
    UPI_OP_SUB,
    UPI_OP_MUL,
    UPI_OP_DIV,
    UPI_OP_MOD,
    UPI_OP_EQ,
    UPI_OP_NE,
    UPI_OP_LT,
    UPI_OP_LE,
    UPI_OP_GT,
    UPI_OP_GE,
    UPI_OP_IN,
    UPI_OP_BETWEEN,
    UPI_OP_IS_NULL,
    UPI_OP_NOT,
    UPI_OP_AND,
    UPI_OP_OR,
    UPI_OP_IF,
    UPI_OP_COALESCE,
    UPI_OP_LEAST,
    UPI_OP_GREATEST,
    UPI_OP_ABS,
    UPI_OP_LN,
    UPI_OP_EXP,
    UPI_OP_FLOOR,
    UPI_OP_YEAR,
    UPI_OP_MONTH,
    UPI_OP_DAY,
    UPI_OP_WEEK,
    UPI_OP_WEEKDAY,
    UPI_OP_HOUR,
    UPI_OP_DATE
} upi_op;

typedef struct upi_node {
    upi_op op;
    int height;          /* 1 for a leaf */
    int32_t first, last; /* children, UPI_NO_NODE = none */
    int32_t next;        /* sibling */
    int32_t n_args;
    int32_t at;      /* byte of the source text where the node's own sign stands */
    int32_t text;    /* name or string: where it starts in the pool (NUL-terminated) */
    uint32_t length; /* its bytes */
    double f64;      /* UPI_OP_NUMBER */
    int64_t i64;     /* UPI_OP_INTEGER, UPI_OP_BOOL; bound dates and timestamps */
    bool quoted;     /* a name that stood in quotes */
    /* found by bind */
    int type; /* upi_type or UPI_TYPE_NULL */
    int as;   /* the common type of the operands of a comparison and the like */
    bool may_nan, may_inf;
    int64_t column; /* index in the schema */
} upi_node;

struct upi_expr {
    upi_node *nodes;
    int64_t n_nodes, nodes_capacity;
    char *pool;
    int64_t n_pool, pool_capacity;
    char *source; /* the text it was read from, for carets; NULL = none */
    int32_t root;
    bool bound;
    int64_t n_schema; /* columns of the schema it was bound to */
};

typedef struct upi_function {
    const char *name;
    upi_op op;
    int min_args, max_args; /* max -1 = any number */
} upi_function;

const upi_function *upi_function_find(const char *name, uint32_t length);
const char *upi_function_name(upi_op op); /* NULL = not a function */
const char *upi_function_nearest(const char *name);
const char *upi_op_sign(upi_op op); /* "+", "and", ... or the function's name */

static inline const char *
upi_node_text(const upi_expr *e, const upi_node *node)
{
    return e->pool + node->text;
}

static inline bool
upi_op_is_literal(upi_op op)
{
    return op >= UPI_OP_NUMBER && op <= UPI_OP_NULL;
}

/* Appends n bytes and a NUL to the pool. */
up_status upi_pool_add(
    upi_expr *e, const char *s, int64_t n, int32_t *at, up_error *err);
/* A node without children. */
up_status upi_node_add(upi_expr *e, upi_op op, int32_t at, int32_t *out, up_error *err);
/* Makes child the last child of parent; UP_E_EXPRESSION when the tree becomes too high. */
up_status upi_node_adopt(upi_expr *e, int32_t parent, int32_t child, up_error *err);

/* Position of a byte in characters, from 1. */
int64_t upi_character_at(const char *text, int64_t byte);
/* Sets the error and a fix that shows the text with a caret below the byte `at`. The
 * message gets " at column N" behind it. text NULL = no position, no fix. */
up_status upi_fail_at(up_error *err, up_status status, const char *field,
    const char *text, int64_t at, const char *fmt, ...) UP_PRINTF(6, 7);

#endif
