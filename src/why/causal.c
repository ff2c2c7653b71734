/* Adjustment sets, instruments and front doors.
 *
 * Adjustment (Shpitser, VanderWeele & Robins 2010; van der Zander, Liskiewicz & Textor 2019,
 * def. 4): z holds no node on a causal path from x to y and no effect of one, and separates x
 * and y in the graph without the first arrows of the causal paths.
 *
 * Instrument z given w (Brito & Pearl 2002; van der Zander, Textor & Liskiewicz 2015): neither
 * z nor w is an effect of x, w separates z and y in that same graph, and z and x are joined
 * given w. Only minimal w are tried.
 *
 * Front door m (Pearl 2009, def. 3.3.3): every causal path passes m; no back-door path from x
 * to m is open; every back-door path from m to y is blocked by x. The second condition holds
 * node by node. For the third there is a largest set, found by leaving out what violates it
 * until nothing does (Jeong, Tian & Bareinboim 2022); a node left out violates it in every
 * smaller set too, because fewer arrows are cut there. */
#include "why/causal.h"

enum { FRONT_DOOR_NODES = 14 };

static void
cut_arrow(up_graph *g, int64_t from, int64_t to)
{
    upi_set_drop(&g->children[from], to);
    upi_set_drop(&g->parents[to], from);
}

static void
cut_arrows_out(up_graph *g, upi_set of)
{
    for (int64_t i = upi_set_next(&of, 0); i >= 0; i = upi_set_next(&of, i + 1)) {
        upi_set to = g->children[i];
        for (int64_t j = upi_set_next(&to, 0); j >= 0; j = upi_set_next(&to, j + 1)) {
            cut_arrow(g, i, j);
        }
    }
}

void
upi_effect_query_make(const up_graph *g, int64_t x, int64_t y, upi_effect_query *out)
{
    upi_set below = upi_graph_descendants(g, upi_set_of(x));
    upi_set above = upi_graph_ancestors(g, upi_set_of(y));
    out->g = g;
    out->x = x;
    out->y = y;
    out->on_path = upi_set_and(below, above);
    upi_set_drop(&out->on_path, x);
    out->forbidden = upi_graph_descendants(g, out->on_path);
    out->allowed = upi_set_minus(upi_graph_observed(g), out->forbidden);
    upi_set_drop(&out->allowed, x);
    upi_set_drop(&out->allowed, y);
    out->rest = *g; /* shares names and edges, which are not touched or freed */
    upi_set first = upi_set_and(g->children[x], out->on_path);
    for (int64_t i = upi_set_next(&first, 0); i >= 0; i = upi_set_next(&first, i + 1)) {
        cut_arrow(&out->rest, x, i);
    }
}

bool
upi_adjustment_valid(const upi_effect_query *q, upi_set z)
{
    return upi_set_within(&z, &q->allowed) &&
           upi_graph_separated(&q->rest, q->x, q->y, z);
}

/* w makes z an instrument. */
static bool
is_instrument(const upi_effect_query *q, int64_t z, upi_set w)
{
    upi_set below = upi_graph_descendants(q->g, upi_set_of(q->x));
    upi_set all = upi_set_or(w, upi_set_of(z));
    upi_set seen = upi_set_and(all, upi_set_or(below, q->g->latent));
    upi_set reached = upi_graph_reach(&q->rest, z, w);
    upi_set relevant = upi_graph_reach(q->g, z, w);
    return upi_set_empty(&seen) && !upi_set_has(&w, z) && !upi_set_has(&all, q->y) &&
           !upi_set_has(&reached, q->y) && upi_set_has(&relevant, q->x);
}

up_status
upi_instruments(const upi_effect_query *q, int64_t most, upi_set *nodes,
    upi_set given[UP_GRAPH_MOST_NODES], up_error *err)
{
    up_status status = UP_OK;
    upi_sets cuts = {0};
    upi_set below = upi_graph_descendants(q->g, upi_set_of(q->x));
    upi_set usable = upi_set_minus(q->allowed, below);
    *nodes = (upi_set){{0}};
    for (int64_t z = upi_set_next(&usable, 0); z >= 0 && !upi_set_empty(&q->on_path);
         z = upi_set_next(&usable, z + 1)) {
        UP_TRY(
            upi_graph_minimal_separators(&q->rest, z, q->y, usable, most, &cuts, err));
        for (int64_t k = 0; k < cuts.n && !upi_set_has(nodes, z); k++) {
            if (is_instrument(q, z, cuts.item[k])) {
                upi_set_add(nodes, z);
                given[z] = cuts.item[k];
            }
        }
    }
out:
    upi_sets_free(&cuts);
    return status;
}

/* The nodes of m from which a back-door path to y is open given x. */
static upi_set
back_doors(const upi_effect_query *q, upi_set m)
{
    up_graph cut = *q->g;
    cut_arrows_out(&cut, m);
    return upi_set_and(m, upi_graph_reach(&cut, q->y, upi_set_of(q->x)));
}

/* The nodes to which no back-door path from x is open. */
static upi_set
unconfounded_with_x(const upi_effect_query *q)
{
    up_graph cut = *q->g;
    const upi_set none = {{0}};
    cut_arrows_out(&cut, upi_set_of(q->x));
    return upi_set_minus(upi_graph_all(q->g), upi_graph_reach(&cut, q->x, none));
}

static bool
intercepts(const upi_effect_query *q, upi_set m)
{
    upi_set reached = upi_set_of(q->x);
    for (int64_t k = 0; k < q->g->n; k++) {
        int64_t v = q->g->order[k];
        if (upi_set_has(&reached, v) && !upi_set_has(&m, v)) {
            reached = upi_set_or(reached, q->g->children[v]);
        }
    }
    return !upi_set_has(&reached, q->y);
}

static bool
is_front_door(const upi_effect_query *q, upi_set m)
{
    upi_set ends = upi_set_or(upi_set_of(q->x), upi_set_of(q->y));
    upi_set bad = upi_set_and(m, upi_set_or(ends, q->g->latent));
    upi_set clean = unconfounded_with_x(q);
    upi_set open = back_doors(q, m);
    return upi_set_empty(&bad) && upi_set_within(&m, &clean) && upi_set_empty(&open) &&
           intercepts(q, m);
}

/* Adds m unless it holds a set found before, and so is not minimal. */
static up_status
take_front_door(
    const upi_effect_query *q, upi_set m, int64_t most, upi_sets *out, up_error *err)
{
    bool minimal = intercepts(q, m);
    for (int64_t k = 0; minimal && k < out->n; k++) {
        minimal = !upi_set_within(&out->item[k], &m);
    }
    if (!minimal || !is_front_door(q, m)) {
        return UP_OK;
    }
    if (out->n >= most) {
        out->complete = false;
        return UP_OK;
    }
    return upi_sets_add(out, m, err);
}

/* Subsets of the candidates by size. */
static up_status
list_front_doors(const upi_effect_query *q, upi_set candidates, int64_t most,
    upi_sets *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t node[FRONT_DOOR_NODES];
    int64_t n = 0;
    for (int64_t i = upi_set_next(&candidates, 0); i >= 0;
         i = upi_set_next(&candidates, i + 1)) {
        node[n++] = i;
    }
    for (int64_t size = 1; size <= n; size++) {
        for (uint32_t bits = 1; status == UP_OK && bits < (1U << n); bits++) {
            upi_set m = {{0}};
            for (int64_t i = 0; i < n; i++) {
                upi_set one = ((bits >> i) & 1U) != 0 ? upi_set_of(node[i]) : m;
                m = upi_set_or(m, one);
            }
            status = upi_set_count(&m) == size ? take_front_door(q, m, most, out, err)
                                               : status;
        }
    }
    return status;
}

up_status
upi_front_doors(const upi_effect_query *q, int64_t most, upi_sets *out, up_error *err)
{
    up_status status = UP_OK;
    upi_set ends = upi_set_or(upi_set_of(q->x), upi_set_of(q->y));
    upi_set m = upi_set_minus(
        upi_set_and(unconfounded_with_x(q), upi_graph_observed(q->g)), ends);
    m = upi_set_and(m, upi_graph_ancestors(q->g, upi_set_of(q->y)));
    out->n = 0;
    out->complete = true;
    for (upi_set open = back_doors(q, m); !upi_set_empty(&open);
         open = back_doors(q, m)) {
        m = upi_set_minus(m, open);
    }
    if (upi_set_empty(&q->on_path) || !intercepts(q, m)) {
        return UP_OK;
    }
    if (upi_set_count(&m) <= FRONT_DOOR_NODES) {
        UP_TRY(list_front_doors(q, m, most, out, err));
        goto out;
    }
    out->complete = false;
    for (int64_t i = upi_set_next(&m, 0); i >= 0; i = upi_set_next(&m, i + 1)) {
        upi_set less = upi_set_minus(m, upi_set_of(i));
        m = is_front_door(q, less) ? less : m;
    }
    UP_TRY(upi_sets_add(out, m, err));
out:
    return status;
}

up_status
upi_implication(
    const up_graph *g, int64_t a, int64_t b, upi_set *given, bool *found, up_error *err)
{
    up_status status = UP_OK;
    upi_sets cuts = {0};
    upi_set known = upi_graph_observed(g);
    upi_set parents = g->parents[b];
    *found = false;
    if (upi_set_within(&parents, &known) && !upi_set_has(&parents, a) &&
        upi_graph_separated(g, a, b, parents)) {
        *given = parents;
        *found = true;
        return UP_OK;
    }
    UP_TRY(upi_graph_minimal_separators(g, a, b, known, 64, &cuts, err));
    if (cuts.n > 0) {
        *given = cuts.item[0];
        *found = true;
    }
out:
    upi_sets_free(&cuts);
    return status;
}
