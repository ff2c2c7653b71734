/* The questions, one function each. */
#ifndef UPI_ASK_H
#define UPI_ASK_H

#include "why/answer.h"
#include "why/causal.h"

enum { UPI_ASK_MOST = 64 };

typedef struct upi_ask {
    const up_graph *g;
    int64_t x, y, most;
    upi_set given;
    bool all;
} upi_ask;

up_status upi_ask_separated(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_adjustment(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_valid(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_instruments(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_front_door(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_forbidden(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_implications(const upi_ask *q, up_answer *a, up_error *err);
up_status upi_ask_identified(const upi_ask *q, up_answer *a, up_error *err);

/* A path that is open given z, with what opens it. */
void upi_say_open_path(const up_graph *g, const upi_path *p, upi_set z, upi_text *t);

#endif
