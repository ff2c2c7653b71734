/* Are there units with more than one row? */
#ifndef UPI_UNITS_H
#define UPI_UNITS_H

#include "base/base.h"

#include <pthread.h>

/* The set of units met, exact up to `limit` units; beyond that of every second, fourth, ...
 * unit by hash. A unit that repeats is found if it is in the final sample. */
typedef struct upi_units {
    pthread_mutex_t lock;
    bool locks;
    uint64_t *slot; /* hash of the unit; 0 = free */
    int64_t n_slots, n, limit;
    int level;      /* units whose hash begins with `level` zero bits are kept */
    uint64_t worst; /* least hash of a unit that repeats; UINT64_MAX = none */
    char example[64];
} upi_units;

up_status upi_units_make(upi_units *u, int64_t limit, up_error *err);
void upi_units_free(upi_units *u);
/* Adds n units by hash. *row is the place of a unit that repeats and that is a better example
 * than the one there is, or -1: then upi_units_example is to be called. */
up_status upi_units_add(
    upi_units *u, int64_t n, const uint64_t *hash, int64_t *row, up_error *err);
void upi_units_example(upi_units *u, uint64_t hash, const char *text);
/* A unit of the final sample repeats. The same answer for any order of rows. */
bool upi_units_repeat(const upi_units *u);

#endif
