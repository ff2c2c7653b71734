/* Which conditions have to be kept with the compressed rows. */
#ifndef UPI_SEGMENTS_H
#define UPI_SEGMENTS_H

#include "catalog/request.h"

#include <upshot/experiment.h>

/* Hands each text of an option of the request to `add`. */
up_status upi_add_each(const upi_request *q, const char *name, up_experiment *e,
    up_status (*add)(up_experiment *, const char *, up_error *), up_error *err);

/* Adds the segments of the request, and each of its --where conditions that the groups could
 * not answer: those on a continuous covariate. Call after the covariates. */
up_status upi_segments_add(const upi_request *q, up_experiment *e, up_error *err);

#endif
