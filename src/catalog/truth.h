/* The true effects that a simulation wrote, to be printed beside estimates. */
#ifndef UPI_TRUTH_H
#define UPI_TRUTH_H

#include "base/base.h"

#include <upshot/effects.h>

typedef struct upi_truth upi_truth;

up_status upi_truth_read(const char *path, upi_truth **out, up_error *err);
/* The true value of an effect; NaN when the file has none. */
double upi_truth_find(const upi_truth *t, const up_effect *e, bool cumulative);
/* The true effect of an arm against control by a path; NaN when the file has none. path: "direct",
 * "total", or mediators with " > " between. */
double upi_truth_path(const upi_truth *t, const char *arm, const char *segment,
    const char *estimand, const char *path);
void upi_truth_free(upi_truth *t);

#endif
