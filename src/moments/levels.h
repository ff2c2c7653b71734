/* The values that all workers have met, by key. */
#ifndef UPI_LEVELS_H
#define UPI_LEVELS_H

#include "moments/dictionary.h"
#include "moments/plan.h"

#include <pthread.h>
#include <stdatomic.h>

/* Codes start at 1 in the order of arrival; 0 says the value is missing. */
typedef struct upi_levels {
    const upi_plan *plan;
    upi_dict *dict;   /* (n_keys) */
    bool *too_many;   /* (n_keys) more values than the key's limit */
    atomic_bool over; /* some key has too many */
    bool frozen;      /* a value that is not there means that the rows changed */
    bool locks;       /* the lock is made */
    pthread_mutex_t lock;
} upi_levels;

up_status upi_levels_make(const upi_plan *p, upi_levels *out, up_error *err);
void upi_levels_free(upi_levels *l);
/* The code of a value that a worker has not met. Any code where the key has too many. */
up_status upi_levels_learn(
    upi_levels *l, int64_t key, const upi_cell *cell, int32_t *code, up_error *err);

/* The codes of a key in the order of their values; the caller frees order (dict[key].n). */
up_status upi_levels_order(
    const upi_levels *l, int64_t key, int32_t **order, up_error *err);

/* The text of a value, for people and as a label. The caller frees it. */
up_status upi_cell_label(
    upi_type type, const upi_cell *cell, char **out, up_error *err);
/* The value as a number; NaN for text. */
double upi_cell_number(upi_type type, const upi_cell *cell);
/* Numbers ascending, false before true, text by bytes. */
int upi_cell_compare(upi_type type, const upi_cell *a, const upi_cell *b);

#endif
