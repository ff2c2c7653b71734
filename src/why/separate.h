/* m-separation, open paths, and minimal separating sets. */
#ifndef UPI_SEPARATE_H
#define UPI_SEPARATE_H

#include "why/graph.h"

/* The nodes that are joined to x by a path that is open given z; z's nodes are never among
 * them. */
upi_set upi_graph_reach(const up_graph *g, int64_t x, upi_set z);
bool upi_graph_separated(const up_graph *g, int64_t x, int64_t y, upi_set z);

/* A path: the nodes, and the edge between each and the next as it stands in the text. */
enum { UPI_HOP_RIGHT, UPI_HOP_LEFT, UPI_HOP_BOTH };
typedef struct upi_path {
    int64_t n; /* nodes */
    int64_t node[UP_GRAPH_MOST_NODES];
    int8_t hop[UP_GRAPH_MOST_NODES]; /* (n - 1) */
} upi_path;

/* A shortest open path from x to y given z; n = 0 when z separates them. */
void upi_graph_open_path(
    const up_graph *g, int64_t x, int64_t y, upi_set z, upi_path *out);
/* Calls visit for each path without repeated nodes, until it answers false. Returns false when
 * it gave up after a fixed number of steps. */
bool upi_graph_each_path(const up_graph *g, int64_t x, int64_t y,
    bool (*visit)(void *ctx, const upi_path *path), void *ctx);
/* The node at which z blocks the path, -1 when the path is open; *collider tells how. */
int64_t upi_path_blocked(
    const up_graph *g, const upi_path *p, upi_set z, bool *collider);
/* The collider of an open path that only z opens, -1 when there is none; *opener is the node
 * of z that does. */
int64_t upi_path_opened(
    const up_graph *g, const upi_path *p, upi_set z, int64_t *opener);
void upi_path_text(const up_graph *g, const upi_path *p, upi_text *t);
/* A shortest path along the arrows; n = 0 when there is none. */
void upi_graph_causal_path(const up_graph *g, int64_t x, int64_t y, upi_path *out);

/* The minimal sets within `allowed` that separate x and y, at most `most`, the smaller first
 * among those found. UP_E_NO_MEMORY. *complete = false when there are more. */
typedef struct upi_sets {
    upi_set *item;
    int64_t n, capacity;
    bool complete;
} upi_sets;
up_status upi_graph_minimal_separators(const up_graph *g, int64_t x, int64_t y,
    upi_set allowed, int64_t most, upi_sets *out, up_error *err);
/* All sets within `allowed` that separate x and y, at most `most`. */
up_status upi_graph_all_separators(const up_graph *g, int64_t x, int64_t y,
    upi_set allowed, int64_t most, upi_sets *out, up_error *err);
up_status upi_sets_add(upi_sets *s, upi_set item, up_error *err);
void upi_sets_free(upi_sets *s);

#endif
