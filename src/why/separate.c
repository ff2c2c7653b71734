/* m-separation by reachability, and paths in words.
 *
 * A path is blocked by z at a node that is not a collider and in z, or at a collider of which
 * neither it nor an effect is in z (Pearl 2009, def. 1.2.3; with <-> Richardson 2003). Whether
 * a node can be passed depends on the two edges at it alone, so a search over (node, how it was
 * entered) finds all that is reachable in time linear in the edges (Geiger, Verma & Pearl 1990,
 * "Bayes ball"). A shortest such walk never repeats a node: cutting a loop out leaves it open. */
#include "why/separate.h"

#include <string.h>

enum { ENTRIES = 2 * UP_GRAPH_MOST_NODES, PATH_STEPS = 200000 };

/* An entry is node * 2 + 1 when the last edge has its head at the node, node * 2 else. */
typedef struct ball {
    const up_graph *g;
    upi_set z, above;      /* above: z and its causes */
    int32_t from[ENTRIES]; /* the entry before; -1 = not reached; -2 = the start */
    int8_t hop[ENTRIES];
    int32_t queue[ENTRIES];
    int64_t n_queue;
} ball;

static void
push(ball *b, int32_t from, upi_set nodes, bool head, int8_t hop)
{
    for (int64_t i = upi_set_next(&nodes, 0); i >= 0; i = upi_set_next(&nodes, i + 1)) {
        int32_t entry = (int32_t)(2 * i + (head ? 1 : 0));
        if (b->from[entry] == -1) {
            b->from[entry] = from;
            b->hop[entry] = hop;
            b->queue[b->n_queue++] = entry;
        }
    }
}

static void
roll(ball *b, int64_t x)
{
    const up_graph *g = b->g;
    for (int i = 0; i < ENTRIES; i++) {
        b->from[i] = -1;
    }
    b->from[2 * x] = -2;
    b->from[2 * x + 1] = -2;
    b->n_queue = 0;
    push(b, (int32_t)(2 * x), g->children[x], true, UPI_HOP_RIGHT);
    push(b, (int32_t)(2 * x), g->parents[x], false, UPI_HOP_LEFT);
    push(b, (int32_t)(2 * x), g->spouses[x], true, UPI_HOP_BOTH);
    for (int64_t k = 0; k < b->n_queue; k++) {
        int32_t entry = b->queue[k];
        int64_t v = entry / 2;
        bool head = entry % 2 == 1;
        bool given = upi_set_has(&b->z, v);
        if (!given) {
            push(b, entry, g->children[v], true, UPI_HOP_RIGHT);
        }
        if (head ? upi_set_has(&b->above, v) : !given) {
            push(b, entry, g->parents[v], false, UPI_HOP_LEFT);
            push(b, entry, g->spouses[v], true, UPI_HOP_BOTH);
        }
    }
}

upi_set
upi_graph_reach(const up_graph *g, int64_t x, upi_set z)
{
    ball b = {.g = g, .z = z, .above = upi_graph_ancestors(g, z)};
    upi_set reached = {{0}};
    roll(&b, x);
    for (int64_t k = 0; k < b.n_queue; k++) {
        upi_set_add(&reached, b.queue[k] / 2);
    }
    return upi_set_minus(reached, z);
}

bool
upi_graph_separated(const up_graph *g, int64_t x, int64_t y, upi_set z)
{
    upi_set reached = upi_graph_reach(g, x, z);
    return !upi_set_has(&reached, y);
}

void
upi_graph_open_path(const up_graph *g, int64_t x, int64_t y, upi_set z, upi_path *out)
{
    ball b = {.g = g, .z = z, .above = upi_graph_ancestors(g, z)};
    int32_t back[UP_GRAPH_MOST_NODES];
    int64_t n = 0;
    out->n = 0;
    roll(&b, x);
    int64_t k = 0;
    while (k < b.n_queue && b.queue[k] / 2 != y) {
        k++;
    }
    if (k == b.n_queue || upi_set_has(&z, y)) {
        return;
    }
    for (int32_t entry = b.queue[k]; entry != 2 * x; entry = b.from[entry]) {
        back[n++] = entry;
    }
    out->n = n + 1;
    out->node[0] = x;
    for (int64_t i = 0; i < n; i++) {
        out->node[i + 1] = back[n - 1 - i] / 2;
        out->hop[i] = b.hop[back[n - 1 - i]];
    }
}

typedef struct walk {
    const up_graph *g;
    int64_t y, steps;
    upi_set on;
    upi_path path;
    bool (*visit)(void *ctx, const upi_path *path);
    void *ctx;
    bool stop;
} walk;

static void walk_on(walk *w);

static void
take_hop(walk *w, upi_set nodes, int8_t hop)
{
    for (int64_t i = upi_set_next(&nodes, 0); i >= 0 && !w->stop;
         i = upi_set_next(&nodes, i + 1)) {
        if (upi_set_has(&w->on, i)) {
            continue;
        }
        w->path.hop[w->path.n - 1] = hop;
        w->path.node[w->path.n++] = i;
        if (++w->steps > PATH_STEPS) {
            w->stop = true;
        } else if (i == w->y) {
            w->stop = !w->visit(w->ctx, &w->path);
        } else {
            upi_set_add(&w->on, i);
            walk_on(w); /* at most as deep as there are nodes */
            upi_set_drop(&w->on, i);
        }
        w->path.n--;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): one level per node of the path */
static void
walk_on(walk *w)
{
    int64_t v = w->path.node[w->path.n - 1];
    take_hop(w, w->g->children[v], UPI_HOP_RIGHT);
    take_hop(w, w->g->parents[v], UPI_HOP_LEFT);
    take_hop(w, w->g->spouses[v], UPI_HOP_BOTH);
}

bool
upi_graph_each_path(const up_graph *g, int64_t x, int64_t y,
    bool (*visit)(void *ctx, const upi_path *path), void *ctx)
{
    walk w = {.g = g, .y = y, .on = upi_set_of(x), .visit = visit, .ctx = ctx};
    w.path.n = 1;
    w.path.node[0] = x;
    walk_on(&w);
    return w.steps <= PATH_STEPS;
}

static bool
is_collider(const upi_path *p, int64_t k)
{
    return p->hop[k - 1] != UPI_HOP_LEFT && p->hop[k] != UPI_HOP_RIGHT;
}

int64_t
upi_path_blocked(const up_graph *g, const upi_path *p, upi_set z, bool *collider)
{
    upi_set above = upi_graph_ancestors(g, z);
    for (int64_t k = 1; k < p->n - 1; k++) {
        *collider = is_collider(p, k);
        if (*collider ? !upi_set_has(&above, p->node[k])
                      : upi_set_has(&z, p->node[k])) {
            return p->node[k];
        }
    }
    return -1;
}

int64_t
upi_path_opened(const up_graph *g, const upi_path *p, upi_set z, int64_t *opener)
{
    for (int64_t k = 1; k < p->n - 1; k++) {
        if (is_collider(p, k)) {
            upi_set below =
                upi_set_and(z, upi_graph_descendants(g, upi_set_of(p->node[k])));
            *opener =
                upi_set_has(&z, p->node[k]) ? p->node[k] : upi_set_next(&below, 0);
            return p->node[k];
        }
    }
    return -1;
}

void
upi_path_text(const up_graph *g, const upi_path *p, upi_text *t)
{
    static const char *const arrows[] = {" -> ", " <- ", " <-> "};
    for (int64_t k = 0; k < p->n; k++) {
        upi_text_add(t, k > 0 ? arrows[p->hop[k - 1]] : "");
        upi_graph_add_name(t, g->name[p->node[k]], UP_GRAPH_TEXT);
    }
}

void
upi_graph_causal_path(const up_graph *g, int64_t x, int64_t y, upi_path *out)
{
    int64_t from[UP_GRAPH_MOST_NODES];
    int64_t queue[UP_GRAPH_MOST_NODES];
    int64_t n = 1;
    upi_set seen = upi_set_of(x);
    queue[0] = x;
    out->n = 0;
    for (int64_t k = 0; k < n && !upi_set_has(&seen, y); k++) {
        upi_set fresh = upi_set_minus(g->children[queue[k]], seen);
        seen = upi_set_or(seen, fresh);
        for (int64_t i = upi_set_next(&fresh, 0); i >= 0;
             i = upi_set_next(&fresh, i + 1)) {
            from[i] = queue[k];
            queue[n++] = i;
        }
    }
    if (!upi_set_has(&seen, y)) {
        return;
    }
    for (int64_t v = y; v != x; v = from[v]) {
        out->n++;
    }
    int64_t k = out->n++;
    for (int64_t v = y; k > 0; v = from[v], k--) {
        out->node[k] = v;
        out->hop[k - 1] = UPI_HOP_RIGHT;
    }
    out->node[0] = x;
}
