/* What a graph says of the effect of x on y: which sets may be adjusted for, which instruments
 * and front doors there are. */
#ifndef UPI_CAUSAL_H
#define UPI_CAUSAL_H

#include "why/separate.h"

/* One effect in one graph. */
typedef struct upi_effect_query {
    const up_graph *g;
    int64_t x, y;
    upi_set on_path;   /* nodes on paths along arrows from x to y, y too, x not */
    upi_set forbidden; /* on_path and all their effects */
    upi_set allowed;   /* measured, not forbidden, not x or y */
    up_graph rest; /* g without the first arrows of those paths: what is not causal */
} upi_effect_query;
/* Borrows g. */
void upi_effect_query_make(
    const up_graph *g, int64_t x, int64_t y, upi_effect_query *out);

/* True when adjusting for z gives the effect (adjustment criterion). */
bool upi_adjustment_valid(const upi_effect_query *q, upi_set z);

/* The instruments: each node with a smallest set found that makes it one. */
up_status upi_instruments(const upi_effect_query *q, int64_t most, upi_set *nodes,
    upi_set given[UP_GRAPH_MOST_NODES], up_error *err);

/* Sets on the front door, at most `most`; minimal. complete = false: there may be more. */
up_status upi_front_doors(
    const upi_effect_query *q, int64_t most, upi_sets *out, up_error *err);
/* For measured nodes a and b, b later in the order: the set given which the graph makes them independent.
 * The parents of b where they do, else a smallest set. *found = false when there is none. */
up_status upi_implication(const up_graph *g, int64_t a, int64_t b, upi_set *given,
    bool *found, up_error *err);

#endif
