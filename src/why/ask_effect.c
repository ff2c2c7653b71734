/* Questions about the effect of a treatment on an outcome, answered in words. */
#include "why/ask.h"

static void
say_name(const up_graph *g, int64_t node, upi_text *t)
{
    upi_graph_add_name(t, g->name[node], UP_GRAPH_TEXT);
}

static void
say_effect(const upi_ask *q, upi_text *t)
{
    upi_text_add(t, "the effect of ");
    say_name(q->g, q->x, t);
    upi_text_add(t, " on ");
    say_name(q->g, q->y, t);
}

/* A path that no measured node can block. */
static void
say_why_not(const upi_effect_query *e, upi_text *t)
{
    upi_path open;
    upi_set ends = upi_set_or(upi_set_of(e->x), upi_set_of(e->y));
    upi_set most = upi_set_and(upi_graph_ancestors(e->g, ends), e->allowed);
    upi_graph_open_path(&e->rest, e->x, e->y, most, &open);
    upi_text_add(t, "no measured nodes that may be adjusted for block ");
    upi_path_text(e->g, &open, t);
}

static up_status
list_adjustments(const upi_ask *q, const upi_effect_query *e, upi_sets *sets,
    up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY((q->all ? upi_graph_all_separators : upi_graph_minimal_separators)(
        &e->rest, q->x, q->y, e->allowed, q->most, sets, err));
    a->complete = a->complete && sets->complete;
    for (int64_t k = 0; k < sets->n; k++) {
        upi_text t = {0};
        upi_text_add(&t, "adjust for ");
        upi_set_text(q->g, &sets->item[k], &t);
        UP_TRY(upi_answer_add_set(
            a, "adjustment", &sets->item[k], &sets->item[k], &t, err));
    }
out:
    return status;
}

up_status
upi_ask_adjustment(const upi_ask *q, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_effect_query e;
    upi_sets sets = {0};
    upi_text t = {0};
    upi_effect_query_make(q->g, q->x, q->y, &e);
    UP_TRY(list_adjustments(q, &e, &sets, a, err));
    a->verdict = sets.n > 0;
    if (!a->verdict) {
        upi_text_add(&t, "no set of measured nodes gives ");
        say_effect(q, &t);
        upi_text_add(&t, ": ");
        say_why_not(&e, &t);
    } else {
        say_effect(q, &t);
        upi_text_add(&t, " is what is left after adjusting for ");
        upi_set_text(q->g, &sets.item[0], &t);
        if (sets.n > 1) {
            upi_text_addf(&t, "; there are %lld%s %ssets", (long long)sets.n,
                sets.complete ? "" : " or more", q->all ? "" : "minimal ");
        }
    }
    UP_TRY(upi_answer_say(a, &t, err));
out:
    upi_text_free(&t);
    upi_sets_free(&sets);
    return status;
}

/* Why v may never be adjusted for: it is on a causal path, or an effect of one that is. */
static void
say_forbidden(const upi_effect_query *e, int64_t v, upi_text *t)
{
    upi_path path;
    upi_path rest;
    say_name(e->g, v, t);
    if (upi_set_has(&e->on_path, v)) {
        upi_graph_causal_path(e->g, e->x, v, &path);
        upi_graph_causal_path(e->g, v, e->y, &rest);
        upi_text_add(t, " is on a path of the effect, ");
        upi_path_text(e->g, &path, t);
        for (int64_t k = 1; k < rest.n; k++) {
            upi_text_add(t, " -> ");
            say_name(e->g, rest.node[k], t);
        }
        upi_text_add(t, ": adjusting for it takes part of the effect away");
        return;
    }
    upi_set above = upi_set_and(e->on_path, upi_graph_ancestors(e->g, upi_set_of(v)));
    upi_set others = above;
    upi_set_drop(&others, e->y);
    int64_t source = upi_set_next(upi_set_empty(&others) ? &above : &others, 0);
    upi_graph_causal_path(e->g, source, v, &path);
    upi_text_add(t, source == e->y
                        ? " is an effect of the outcome, "
                        : " is an effect of what is on a path of the effect, ");
    upi_path_text(e->g, &path, t);
    upi_text_add(t, ": adjusting for it distorts the effect");
}

up_status
upi_ask_valid(const upi_ask *q, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_effect_query e;
    upi_path open;
    upi_text t = {0};
    upi_effect_query_make(q->g, q->x, q->y, &e);
    upi_set bad = upi_set_and(q->given, e.forbidden);
    a->verdict = upi_adjustment_valid(&e, q->given);
    for (int64_t v = upi_set_next(&bad, 0); v >= 0; v = upi_set_next(&bad, v + 1)) {
        say_forbidden(&e, v, &t);
        UP_TRY(upi_answer_add(a, (upi_draft){"problem", true, &v, 1, NULL}, &t, err));
    }
    upi_graph_open_path(&e.rest, q->x, q->y, q->given, &open);
    if (open.n > 0) {
        upi_text_add(&t, "this path is open and not part of the effect: ");
        upi_say_open_path(q->g, &open, q->given, &t);
        UP_TRY(upi_answer_add(
            a, (upi_draft){"problem", true, open.node, open.n, NULL}, &t, err));
    }
    upi_text_add(&t, "adjusting for ");
    upi_set_text(q->g, &q->given, &t);
    upi_text_add(&t, a->verdict ? " gives " : " does not give ");
    say_effect(q, &t);
    for (int64_t k = 0; k < a->n && k < 1; k++) {
        upi_text_addf(&t, ": %s", a->item[k].text);
    }
    UP_TRY(upi_answer_say(a, &t, err));
out:
    upi_text_free(&t);
    return status;
}

static up_status
list_instruments(
    const upi_ask *q, const upi_effect_query *e, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_set nodes;
    upi_set given[UP_GRAPH_MOST_NODES];
    UP_TRY(upi_instruments(e, q->most, &nodes, given, err));
    for (int64_t z = upi_set_next(&nodes, 0); z >= 0; z = upi_set_next(&nodes, z + 1)) {
        upi_text t = {0};
        say_name(q->g, z, &t);
        upi_text_add(&t, " is an instrument for ");
        say_name(q->g, q->x, &t);
        if (!upi_set_empty(&given[z])) {
            upi_text_add(&t, " given ");
            upi_set_text(q->g, &given[z], &t);
        }
        UP_TRY(upi_answer_add(
            a, (upi_draft){"instrument", true, &z, 1, &given[z]}, &t, err));
    }
out:
    return status;
}

/* "N things of the kind" in the sentence of an answer that is a list. */
static up_status
say_count(
    const upi_ask *q, up_answer *a, const char *one, const char *many, up_error *err)
{
    upi_text t = {0};
    a->verdict = a->n > 0;
    if (a->n == 0) {
        upi_text_addf(&t, "there is no %s for ", one);
    } else {
        upi_text_addf(&t, "%lld%s %s for ", (long long)a->n,
            a->complete ? "" : " or more", a->n == 1 ? one : many);
    }
    say_effect(q, &t);
    for (int64_t k = 0; k < a->n && k < 1; k++) {
        upi_text_addf(&t, "; the first: %s", a->item[k].text);
    }
    return upi_answer_say(a, &t, err);
}

up_status
upi_ask_instruments(const upi_ask *q, up_answer *a, up_error *err)
{
    upi_effect_query e;
    upi_effect_query_make(q->g, q->x, q->y, &e);
    up_status status = list_instruments(q, &e, a, err);
    return status == UP_OK ? say_count(q, a, "instrument", "instruments", err) : status;
}

static up_status
list_front_doors(
    const upi_ask *q, const upi_effect_query *e, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_sets sets = {0};
    UP_TRY(upi_front_doors(e, q->most, &sets, err));
    a->complete = a->complete && sets.complete;
    for (int64_t k = 0; k < sets.n; k++) {
        upi_text t = {0};
        upi_set_text(q->g, &sets.item[k], &t);
        upi_text_add(&t, upi_set_count(&sets.item[k]) == 1 ? " carries" : " carry");
        upi_text_add(&t, " all of the effect, and nothing else joins the steps");
        UP_TRY(upi_answer_add_set(a, "front door", &sets.item[k], NULL, &t, err));
    }
out:
    upi_sets_free(&sets);
    return status;
}

up_status
upi_ask_front_door(const upi_ask *q, up_answer *a, up_error *err)
{
    upi_effect_query e;
    upi_effect_query_make(q->g, q->x, q->y, &e);
    up_status status = list_front_doors(q, &e, a, err);
    return status == UP_OK ? say_count(q, a, "front-door set", "front-door sets", err)
                           : status;
}

/* Adding v to a set that was right makes it wrong, or v comes after treatment. */
static void
say_harm(const upi_effect_query *e, int64_t v, const upi_set *base, upi_text *t)
{
    upi_set below = upi_graph_descendants(e->g, upi_set_of(e->x));
    upi_set with = upi_set_or(*base, upi_set_of(v));
    if (upi_set_has(&e->forbidden, v)) {
        say_forbidden(e, v, t);
        return;
    }
    if (!upi_adjustment_valid(e, with)) {
        upi_path open;
        upi_graph_open_path(&e->rest, e->x, e->y, with, &open);
        say_name(e->g, v, t);
        upi_text_add(t, " opens a path that is closed without it: ");
        upi_say_open_path(e->g, &open, with, t);
        return;
    }
    if (upi_set_has(&below, v)) {
        say_name(e->g, v, t);
        upi_text_add(t,
            " is an effect of the treatment: adjusting for it cannot help, and "
            "harms where the graph is not complete");
    }
}

up_status
upi_ask_forbidden(const upi_ask *q, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_effect_query e;
    upi_sets sets = {0};
    const upi_set none = {{0}};
    upi_effect_query_make(q->g, q->x, q->y, &e);
    UP_TRY(upi_graph_minimal_separators(
        &e.rest, q->x, q->y, e.allowed, q->most, &sets, err));
    upi_set known = upi_graph_observed(q->g);
    for (int64_t v = upi_set_next(&known, 0); v >= 0; v = upi_set_next(&known, v + 1)) {
        upi_text t = {0};
        if (v == q->x || v == q->y) {
            continue;
        }
        if (sets.n > 0 || upi_set_has(&e.forbidden, v)) {
            say_harm(&e, v, sets.n > 0 ? &sets.item[0] : &none, &t);
        }
        if (t.length == 0 && !t.failed) {
            upi_text_free(&t);
            continue;
        }
        UP_TRY(upi_answer_add(a, (upi_draft){"forbidden", true, &v, 1, NULL}, &t, err));
    }
    UP_TRY(say_count(q, a, "forbidden control", "forbidden controls", err));
out:
    upi_sets_free(&sets);
    return status;
}

up_status
upi_ask_identified(const upi_ask *q, up_answer *a, up_error *err)
{
    up_status status = UP_OK;
    upi_effect_query e;
    upi_sets sets = {0};
    upi_text t = {0};
    upi_effect_query_make(q->g, q->x, q->y, &e);
    if (upi_set_empty(&e.on_path)) {
        a->verdict = true;
        say_effect(q, &t);
        upi_text_add(&t, " is zero: no path of arrows leads from one to the other");
        UP_TRY(upi_answer_say(a, &t, err));
        goto out;
    }
    UP_TRY(list_adjustments(q, &e, &sets, a, err));
    UP_TRY(list_instruments(q, &e, a, err));
    UP_TRY(list_front_doors(q, &e, a, err));
    a->verdict = a->n > 0;
    say_effect(q, &t);
    if (a->n == 0) {
        upi_text_add(
            &t, " is not identified by adjustment, an instrument or a front door: ");
        say_why_not(&e, &t);
    } else if (sets.n > 0 && upi_set_empty(&sets.item[0])) {
        upi_text_add(&t,
            " is identified without adjustment: only paths of the effect are "
            "open");
    } else {
        upi_text_addf(&t, " is identified by %s: %s", a->item[0].kind, a->item[0].text);
    }
    UP_TRY(upi_answer_say(a, &t, err));
out:
    upi_text_free(&t);
    upi_sets_free(&sets);
    return status;
}
