/* The answer as an object: a verdict, a sentence, and findings. */
#include "why/answer.h"

up_status
upi_answer_new(const up_graph *g, up_answer **out, up_error *err)
{
    up_status status = UP_NEW(out, 1, err);
    if (status == UP_OK) {
        (*out)->g = g;
        (*out)->complete = true;
    }
    return status;
}

up_status
upi_answer_say(up_answer *a, upi_text *t, up_error *err)
{
    upi_free(a->text);
    a->text = NULL;
    return upi_text_take(t, &a->text, err);
}

static up_status
copy_names(const up_graph *g, const int64_t *nodes, int64_t n, const char *const **out,
    up_error *err)
{
    const char **names = NULL;
    up_status status = UP_NEW(&names, n, err);
    for (int64_t i = 0; status == UP_OK && i < n; i++) {
        names[i] = g->name[nodes[i]];
    }
    *out = names;
    return status;
}

static int64_t
list(const upi_set *s, int64_t out[UP_GRAPH_MOST_NODES])
{
    int64_t n = 0;
    for (int64_t i = s != NULL ? upi_set_next(s, 0) : -1; i >= 0;
         i = upi_set_next(s, i + 1)) {
        out[n++] = i;
    }
    return n;
}

/* The lists are made here and const in the public struct alone. */
static void
free_list(const char *const *names)
{
    union {
        const char *const *in;
        void *out;
    } names_of = {names};
    upi_free(names_of.out);
}

up_status
upi_answer_add(up_answer *a, upi_draft d, upi_text *t, up_error *err)
{
    up_status status = UP_OK;
    int64_t condition[UP_GRAPH_MOST_NODES];
    up_finding f = {.kind = d.kind,
        .holds = d.holds,
        .n_nodes = d.n_nodes,
        .n_given = list(d.given, condition)};
    char *text = NULL;
    UP_TRY(upi_text_take(t, &text, err));
    UP_TRY(copy_names(a->g, d.nodes, d.n_nodes, &f.nodes, err));
    UP_TRY(copy_names(a->g, condition, f.n_given, &f.given, err));
    UP_TRY(UP_RESERVE(&a->item, &a->capacity, a->n + 1, err));
    f.text = text;
    a->item[a->n++] = f;
    return UP_OK;
out:
    upi_text_free(t);
    upi_free(text);
    free_list(f.nodes);
    free_list(f.given);
    return status;
}

up_status
upi_answer_add_set(up_answer *a, const char *kind, const upi_set *nodes,
    const upi_set *given, upi_text *t, up_error *err)
{
    int64_t node[UP_GRAPH_MOST_NODES];
    int64_t n = list(nodes, node);
    return upi_answer_add(a, (upi_draft){kind, true, node, n, given}, t, err);
}

void
upi_set_text(const up_graph *g, const upi_set *s, upi_text *t)
{
    int64_t node[UP_GRAPH_MOST_NODES];
    int64_t n = list(s, node);
    upi_text_add(t, n == 0 ? "nothing" : "");
    for (int64_t k = 0; k < n; k++) {
        upi_text_add(t, k == 0 ? "" : k == n - 1 ? " and " : ", ");
        upi_graph_add_name(t, g->name[node[k]], UP_GRAPH_TEXT);
    }
}

int
up_answer_verdict(const up_answer *a)
{
    return a != NULL && a->verdict ? 1 : 0;
}

const char *
up_answer_text(const up_answer *a)
{
    return a != NULL && a->text != NULL ? a->text : "";
}

int
up_answer_complete(const up_answer *a)
{
    return a != NULL && a->complete ? 1 : 0;
}

int64_t
up_answer_findings(const up_answer *a)
{
    return a != NULL ? a->n : 0;
}

up_finding
up_answer_finding(const up_answer *a, int64_t i)
{
    if (a == NULL || i < 0 || i >= a->n) {
        return (up_finding){.kind = "", .text = ""};
    }
    return a->item[i];
}

void
up_answer_free(up_answer *a)
{
    if (a == NULL) {
        return;
    }
    for (int64_t i = 0; i < a->n; i++) {
        union {
            const char *in;
            void *out;
        } text = {a->item[i].text};
        upi_free(text.out);
        free_list(a->item[i].nodes);
        free_list(a->item[i].given);
    }
    upi_free(a->item);
    upi_free(a->text);
    upi_free(a);
}
