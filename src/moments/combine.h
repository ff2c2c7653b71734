/* Tables of ranges to one table, the same bits for any order of arrival. */
#ifndef UPI_COMBINE_H
#define UPI_COMBINE_H

#include "moments/table.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct upi_child {
    int64_t number;
    upi_table *table;
} upi_child;

/* The tables of UPI_FAN consecutive children, absorbed in the order of their numbers. */
typedef struct upi_node {
    int level;
    int64_t index;
    int64_t next;     /* number of the child to be absorbed next */
    upi_table *table; /* what was absorbed so far, or NULL */
    upi_child *waiting;
    int64_t n_waiting, capacity;
    bool busy; /* a worker absorbs into it */
} upi_node;

enum { UPI_FAN = 64 };

typedef struct upi_combiner {
    pthread_mutex_t lock;
    bool locks;
    upi_node **node;
    int64_t n_nodes, capacity;
    int64_t max_groups;
    atomic_bool over; /* a table has more groups than that */
} upi_combiner;

void upi_combiner_make(upi_combiner *c, int64_t max_groups);
void upi_combiner_free(upi_combiner *c);
/* Takes the finished table of a range. Callable from all workers at once. */
up_status upi_combiner_add(
    upi_combiner *c, int64_t range, upi_table *table, up_error *err);
/* After the last range: the table of all rows, or NULL if there was none. */
up_status upi_combiner_finish(upi_combiner *c, upi_table **out, up_error *err);

#endif
