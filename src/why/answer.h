/* The answer to a question, while it is put together. */
#ifndef UPI_ANSWER_H
#define UPI_ANSWER_H

#include "why/graph.h"

struct up_answer {
    const up_graph *g; /* borrowed: names */
    bool verdict, complete;
    char *text;
    up_finding *item; /* texts and lists are owned */
    int64_t n, capacity;
};

up_status upi_answer_new(const up_graph *g, up_answer **out, up_error *err);
/* Takes the text, which becomes empty; a failed text is UP_E_NO_MEMORY. */
up_status upi_answer_say(up_answer *a, upi_text *t, up_error *err);
/* Adds a finding and takes its text. */
typedef struct upi_draft {
    const char *kind; /* a literal */
    bool holds;
    const int64_t *nodes;
    int64_t n_nodes;
    const upi_set *given; /* NULL = nothing */
} upi_draft;
up_status upi_answer_add(up_answer *a, upi_draft d, upi_text *t, up_error *err);
up_status upi_answer_add_set(up_answer *a, const char *kind, const upi_set *nodes,
    const upi_set *given, upi_text *t, up_error *err);
/* "a", "a and b", "a, b and c"; "nothing". */
void upi_set_text(const up_graph *g, const upi_set *s, upi_text *t);

#endif
