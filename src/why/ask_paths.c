/* Separation and independences in words: which paths there are, and what blocks each. */
#include "why/ask.h"

typedef struct listing {
    const upi_ask *q;
    up_answer *a;
    up_status status;
    up_error *err;
} listing;

void
upi_say_open_path(const up_graph *g, const upi_path *p, upi_set z, upi_text *t)
{
    int64_t opener = -1;
    int64_t collider = upi_path_opened(g, p, z, &opener);
    upi_path_text(g, p, t);
    if (collider >= 0) {
        upi_text_add(t, ", opened by ");
        upi_graph_add_name(t, g->name[opener], UP_GRAPH_TEXT);
        upi_text_add(
            t, opener == collider ? ", where two arrows meet" : ", an effect of ");
        if (opener != collider) {
            upi_graph_add_name(t, g->name[collider], UP_GRAPH_TEXT);
            upi_text_add(t, ", where two arrows meet");
        }
    }
}

static bool
add_path(void *ctx, const upi_path *path)
{
    listing *l = ctx;
    const up_graph *g = l->q->g;
    upi_text t = {0};
    bool collider = false;
    if (l->a->n >= l->q->most) {
        l->a->complete = false;
        return false;
    }
    int64_t at = upi_path_blocked(g, path, l->q->given, &collider);
    if (at < 0) {
        upi_say_open_path(g, path, l->q->given, &t);
        upi_text_add(&t, ": open");
    } else {
        upi_path_text(g, path, &t);
        upi_text_add(&t, ": blocked at ");
        upi_graph_add_name(&t, g->name[at], UP_GRAPH_TEXT);
        upi_text_add(&t, collider
                             ? ", where two arrows meet; neither it nor an effect of "
                               "it is conditioned on"
                             : ", which is conditioned on");
    }
    l->status = upi_answer_add(l->a,
        (upi_draft){"path", at < 0, path->node, path->n, &l->q->given}, &t, l->err);
    return l->status == UP_OK;
}

up_status
upi_ask_separated(const upi_ask *q, up_answer *a, up_error *err)
{
    listing l = {q, a, UP_OK, err};
    upi_text t = {0};
    upi_path open;
    bool ended = upi_graph_each_path(q->g, q->x, q->y, add_path, &l);
    if (l.status != UP_OK) {
        return l.status;
    }
    a->complete = a->complete && ended;
    a->verdict = upi_graph_separated(q->g, q->x, q->y, q->given);
    upi_graph_add_name(&t, q->g->name[q->x], UP_GRAPH_TEXT);
    upi_text_add(&t, " and ");
    upi_graph_add_name(&t, q->g->name[q->y], UP_GRAPH_TEXT);
    upi_text_add(&t, a->verdict ? " are independent" : " may depend on each other");
    if (!upi_set_empty(&q->given)) {
        upi_text_add(&t, " given ");
        upi_set_text(q->g, &q->given, &t);
    }
    if (a->verdict) {
        upi_text_add(
            &t, a->n == 0 ? ": no path joins them" : ": every path is blocked");
    } else {
        upi_graph_open_path(q->g, q->x, q->y, q->given, &open);
        upi_text_add(&t, ": open is ");
        upi_say_open_path(q->g, &open, q->given, &t);
    }
    return upi_answer_say(a, &t, err);
}

static up_status
add_independence(
    const up_graph *g, int64_t first, int64_t second, up_answer *a, up_error *err)
{
    upi_set given = {{0}};
    bool found = false;
    const int64_t pair[2] = {first, second};
    up_status status = upi_implication(g, first, second, &given, &found, err);
    if (status != UP_OK || !found) {
        return status;
    }
    upi_text t = {0};
    upi_graph_add_name(&t, g->name[first], UP_GRAPH_TEXT);
    upi_text_add(&t, " is independent of ");
    upi_graph_add_name(&t, g->name[second], UP_GRAPH_TEXT);
    if (!upi_set_empty(&given)) {
        upi_text_add(&t, " given ");
        upi_set_text(g, &given, &t);
    }
    return upi_answer_add(
        a, (upi_draft){"independence", true, pair, 2, &given}, &t, err);
}

up_status
upi_ask_implications(const upi_ask *q, up_answer *a, up_error *err)
{
    const up_graph *g = q->g;
    upi_text t = {0};
    for (int64_t j = 1; j < g->n; j++) {
        for (int64_t i = 0; i < j; i++) {
            int64_t first = g->order[i];
            int64_t second = g->order[j];
            bool joined = upi_set_has(&g->children[first], second) ||
                          upi_set_has(&g->spouses[first], second);
            if (joined || upi_set_has(&g->latent, first) ||
                upi_set_has(&g->latent, second)) {
                continue;
            }
            if (a->n >= q->most) {
                a->complete = false;
                break;
            }
            up_status status = add_independence(g, first, second, a, err);
            if (status != UP_OK) {
                return status;
            }
        }
    }
    a->verdict = a->n > 0;
    if (a->n == 0) {
        upi_text_add(
            &t, "the graph implies no independence: data cannot speak against it");
    } else {
        upi_text_addf(&t,
            "the graph implies %lld independence%s that data can speak against",
            (long long)a->n, a->n == 1 ? "" : "s");
    }
    return upi_answer_say(a, &t, err);
}
