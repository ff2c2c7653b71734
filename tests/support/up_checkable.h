/* A fitted model as the checks see one, compressed here row by row from
 * tests/oracle/check/data.csv: nothing of moments/ or fit/ makes it. */
#ifndef UP_CHECKABLE_H
#define UP_CHECKABLE_H

#include "fit/model.h"

#include <upshot/check.h>

enum { UP_CHECK_ROWS = 720 };

/* Which column is the arm, and which roles there are. */
typedef struct up_checkable_opts {
    enum { UP_ARM_TWO, UP_ARM_THREE, UP_ARM_BY_CLUSTER } arm;
    bool clusters, treated, propensity,
        swapped; /* swapped: e is P(arm 1) in every row */
    bool no_covariates;
    int64_t first_rows; /* use this many rows of the file; 0 = all */
} up_checkable_opts;

typedef struct up_checkable {
    up_model model;
    up_moments moments;
    up_experiment experiment;
    upi_key keys[5];
    upi_base base[4];
    double share[3];
} up_checkable;

/* Fills *c, which stays where it is until up_checkable_free(). */
void up_checkable_make(const up_checkable_opts *opts, up_checkable *c);
void up_checkable_free(up_checkable *c);

/* Runs the checks and returns the one of that name; text is copied to the buffer. */
up_check_result up_checkable_run(
    const up_checkable *c, const char *name, char text[512]);

/* A number of expected.json, e.g. "balance_two.f". */
double up_check_expected(const char *path);

#endif
