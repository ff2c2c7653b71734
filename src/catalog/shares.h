/* Values of options that several handlers of designs read. */
#ifndef UPI_SHARES_H
#define UPI_SHARES_H

#include "catalog/request.h"

/* The list of numbers of --shares; *out is NULL when it was not given; free with upi_free. */
up_status upi_shares_read(
    const upi_request *q, int64_t n_arms, double **out, up_error *err);
/* "0.5" or "2%"; *relative tells which, and a percentage comes as a fraction. 0 when not given. */
up_status upi_amount_read(
    const upi_request *q, const char *name, double *out, bool *relative, up_error *err);

#endif
