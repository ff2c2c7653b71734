/* The paths of a mechanism. The graph is unrolled backwards from the outcome: every chain of arrows
 * that ends there is an entry, and a chain whose first node has an arrow from the arm is a path.
 * A path thus knows which copy of a mediator it passes through, which is what switching paths on
 * one after another needs (effect.c). Short paths come before long ones, and among equals the one
 * whose first mediator is earlier in causal order. */
#include "why/mediation.h"

#include <stdlib.h>

enum { MOST_CHAINS = 8192, MOST_SWITCHED = 512 }; /* with interactions */

static up_status
refuse_many(const upi_mechanism *h, up_error *err)
{
    (void)upi_fail(err, UP_E_MEDIATION, "graph",
        "more than %d paths lead from the arm to '%s'", UP_MEDIATE_MOST_PATHS,
        h->name[h->n]);
    return upi_fix(err, "leave mediators out, or arrows that you do not believe in");
}

static up_status
extend(upi_mechanism *h, int64_t node, int64_t next, up_error *err)
{
    up_status status = UP_OK;
    if (h->n_chains == (h->interacted ? MOST_SWITCHED : MOST_CHAINS)) {
        return refuse_many(h, err);
    }
    UP_TRY(UP_RESERVE(&h->chain, &h->chain_capacity, h->n_chains + 1, err));
    h->chain[h->n_chains++] = (upi_chain){node, next, -1};
out:
    return status;
}

static up_status
extend_by_causes(upi_mechanism *h, int64_t c, up_error *err)
{
    up_status status = UP_OK;
    int64_t j = h->chain[c].node;
    for (int64_t k = 0; k < j; k++) {
        UP_TRY(h->edge[j * (h->n + 1) + k] ? extend(h, k, c, err) : UP_OK);
    }
out:
    return status;
}

/* Entries are appended while the list is walked: every chain is extended by the causes of its
 * first node. Nodes are in causal order, so this ends. */
static up_status
unroll(upi_mechanism *h, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(extend(h, h->n, -1, err));
    for (int64_t c = 0; c < h->n_chains; c++) {
        UP_TRY(extend_by_causes(h, c, err));
    }
out:
    return status;
}

/* What qsort compares: the first mediators of a path, as far as they fit, and where it is. */
typedef struct sort_path {
    int64_t length, chain;
    int8_t node[UP_MEDIATE_MOST_MEDIATORS + 1];
} sort_path;

static int
compare_paths(const void *a, const void *b)
{
    const sort_path *x = a;
    const sort_path *y = b;
    if (x->length != y->length) {
        return x->length < y->length ? -1 : 1;
    }
    for (int64_t i = 0; i < x->length; i++) {
        if (x->node[i] != y->node[i]) {
            return x->node[i] < y->node[i] ? -1 : 1;
        }
    }
    return 0;
}

static up_status
sort_paths(upi_mechanism *h, up_error *err)
{
    up_status status = UP_OK;
    sort_path *list = NULL;
    int64_t n = 0;
    UP_TRY(UP_NEW(&list, h->n_chains, err));
    for (int64_t c = 0; c < h->n_chains; c++) {
        if (!h->from_arm[h->chain[c].node]) {
            continue;
        }
        sort_path *p = &list[n++];
        p->chain = c;
        for (int64_t at = c; at >= 0; at = h->chain[at].next) {
            p->node[p->length++] = (int8_t)h->chain[at].node;
        }
    }
    if (n > UP_MEDIATE_MOST_PATHS) {
        status = refuse_many(h, err);
        goto out;
    }
    qsort(list, (size_t)n, sizeof *list, compare_paths);
    UP_TRY(UP_NEW(&h->path, n, err));
    h->n_paths = n;
    for (int64_t i = 0; i < n; i++) {
        h->path[i] = list[i].chain;
        h->chain[list[i].chain].path = i;
    }
out:
    upi_free(list);
    return status;
}

up_status
upi_chains_build(upi_mechanism *h, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(unroll(h, err));
    UP_TRY(sort_paths(h, err));
    bool direct_only = h->n_paths == 1 && h->chain[h->path[0]].next < 0;
    if (h->n_paths == 0 || direct_only) {
        (void)upi_fail(err, UP_E_MEDIATION, "graph",
            "no path leads from the arm through a mediator to '%s'", h->name[h->n]);
        status = upi_fix(
            err, "draw one: %s -> %s -> %s", h->arm_name, h->name[0], h->name[h->n]);
    }
out:
    return status;
}

void
upi_mediated_path_text(const upi_mechanism *h, int64_t path, upi_text *out)
{
    upi_text_add(out, h->arm_name);
    for (int64_t at = h->path[path]; at >= 0; at = h->chain[at].next) {
        upi_text_addf(out, " -> %s", h->name[h->chain[at].node]);
    }
}
