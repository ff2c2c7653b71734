/* Sums depend on the order of summation, and workers finish ranges in any order. So the order
 * is fixed by a tree over range numbers: a node takes up its 64 children in the order of their
 * numbers, and becomes a child of the node above when the last one is in. A child that comes
 * early waits. Children that never come (ranges without rows) are passed over at the end. The
 * shape of the tree depends on the numbers alone, so the bits do too, whatever the engine
 * does; and few tables wait, because a node whose turn has come keeps one table only. */
#include "moments/combine.h"

void
upi_combiner_make(upi_combiner *c, int64_t max_groups)
{
    c->node = NULL;
    c->n_nodes = 0;
    c->capacity = 0;
    c->max_groups = max_groups;
    atomic_init(&c->over, false);
    c->locks = pthread_mutex_init(&c->lock, NULL) == 0;
}

static void
node_free(upi_node *node)
{
    for (int64_t i = 0; i < node->n_waiting; i++) {
        upi_table_free(node->waiting[i].table);
    }
    upi_free(node->waiting);
    upi_table_free(node->table);
    upi_free(node);
}

void
upi_combiner_free(upi_combiner *c)
{
    for (int64_t i = 0; i < c->n_nodes; i++) {
        node_free(c->node[i]);
    }
    upi_free(c->node);
    c->node = NULL;
    c->n_nodes = 0;
    if (c->locks) {
        (void)pthread_mutex_destroy(&c->lock);
    }
    c->locks = false;
}

static up_status
find_node(upi_combiner *c, int level, int64_t index, upi_node **out, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < c->n_nodes; i++) {
        if (c->node[i]->level == level && c->node[i]->index == index) {
            *out = c->node[i];
            return UP_OK;
        }
    }
    UP_TRY(UP_RESERVE(&c->node, &c->capacity, c->n_nodes + 1, err));
    upi_node *node = NULL;
    UP_TRY(UP_NEW(&node, 1, err));
    node->level = level;
    node->index = index;
    c->node[c->n_nodes++] = node;
    *out = node;
out:
    return status;
}

/* Puts a table among those that wait, kept in the order of their numbers. The table is freed
 * where that fails. */
static up_status
put(upi_combiner *c, int level, int64_t number, upi_table *table, up_error *err)
{
    up_status status = UP_OK;
    upi_node *node = NULL;
    UP_TRY(find_node(c, level, number / UPI_FAN, &node, err));
    int64_t child = number % UPI_FAN;
    UP_TRY(UP_RESERVE(&node->waiting, &node->capacity, node->n_waiting + 1, err));
    int64_t at = node->n_waiting;
    while (at > 0 && node->waiting[at - 1].number > child) {
        node->waiting[at] = node->waiting[at - 1];
        at--;
    }
    node->waiting[at] = (upi_child){child, table};
    node->n_waiting++;
    table = NULL;
    if (child < node->next || (at > 0 && node->waiting[at - 1].number == child)) {
        status = upi_fail(err, UP_E_INTERNAL, NULL,
            "a range of rows was reported twice by the engine");
    }
out:
    upi_table_free(table);
    return status;
}

static upi_child
take_first(upi_node *node)
{
    upi_child child = node->waiting[0];
    node->n_waiting--;
    for (int64_t i = 0; i < node->n_waiting; i++) {
        node->waiting[i] = node->waiting[i + 1];
    }
    return child;
}

/* Absorbs one table; the caller owns the node. The table is freed. */
static up_status
absorb(upi_combiner *c, upi_node *node, upi_table *table, up_error *err)
{
    up_status status = UP_OK;
    if (node->table == NULL) {
        node->table = table;
        table = NULL;
    } else {
        UP_TRY(upi_table_consume(node->table, table, err));
    }
    if (node->table->n > c->max_groups) {
        atomic_store(&c->over, true);
    }
out:
    upi_table_free(table);
    return status;
}

static upi_node *
find_ready(const upi_combiner *c)
{
    for (int64_t i = 0; i < c->n_nodes; i++) {
        upi_node *node = c->node[i];
        if (!node->busy && node->n_waiting > 0 &&
            node->waiting[0].number == node->next) {
            return node;
        }
    }
    return NULL;
}

static void
remove_node(upi_combiner *c, upi_node *node)
{
    for (int64_t i = 0; i < c->n_nodes; i++) {
        if (c->node[i] == node) {
            c->node[i] = c->node[--c->n_nodes];
            break;
        }
    }
    node_free(node);
}

/* Hands a node's table to the node above. */
static up_status
rise(upi_combiner *c, upi_node *node, up_error *err)
{
    up_status status = UP_OK;
    upi_table *table = node->table;
    int level = node->level + 1;
    int64_t number = node->index;
    node->table = NULL;
    remove_node(c, node);
    if (table != NULL) {
        status = put(c, level, number, table, err);
    }
    return status;
}

/* Absorbs the child whose turn it is. The lock is open meanwhile; nobody else touches a busy
 * node but to put children into its list. */
static up_status
advance(upi_combiner *c, upi_node *node, up_error *err)
{
    up_status status = UP_OK;
    upi_child child = take_first(node);
    node->busy = true;
    (void)pthread_mutex_unlock(&c->lock);
    status = absorb(c, node, child.table, err);
    (void)pthread_mutex_lock(&c->lock);
    node->busy = false;
    node->next = child.number + 1;
    return status == UP_OK && node->next == UPI_FAN ? rise(c, node, err) : status;
}

up_status
upi_combiner_add(upi_combiner *c, int64_t range, upi_table *table, up_error *err)
{
    up_status status = UP_OK;
    (void)pthread_mutex_lock(&c->lock);
    UP_TRY(put(c, 1, range, table, err));
    for (upi_node *node = find_ready(c); node != NULL; node = find_ready(c)) {
        UP_TRY(advance(c, node, err));
    }
out:
    (void)pthread_mutex_unlock(&c->lock);
    return status;
}

/* The lowest node, of those the first: all below and before it are done. */
static upi_node *
lowest(const upi_combiner *c)
{
    upi_node *best = c->node[0];
    for (int64_t i = 1; i < c->n_nodes; i++) {
        upi_node *node = c->node[i];
        if (node->level < best->level ||
            (node->level == best->level && node->index < best->index)) {
            best = node;
        }
    }
    return best;
}

static up_status
absorb_all(upi_combiner *c, upi_node *node, up_error *err)
{
    up_status status = UP_OK;
    while (node->n_waiting > 0) {
        upi_child child = take_first(node);
        UP_TRY(absorb(c, node, child.table, err));
    }
out:
    return status;
}

up_status
upi_combiner_finish(upi_combiner *c, upi_table **out, up_error *err)
{
    up_status status = UP_OK;
    *out = NULL;
    while (c->n_nodes > 0) {
        upi_node *node = lowest(c);
        UP_TRY(absorb_all(c, node, err));
        if (c->n_nodes == 1) {
            *out = node->table;
            node->table = NULL;
            remove_node(c, node);
            return UP_OK;
        }
        UP_TRY(rise(c, node, err));
    }
out:
    return status;
}
