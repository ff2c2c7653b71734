/* What is known before the search: time. */
#ifndef UPI_TIERS_H
#define UPI_TIERS_H

#include "why/scatter.h"

typedef struct upi_background {
    upi_set never[UPI_SCATTER_MOST];  /* nodes that are not joined to i */
    upi_set always[UPI_SCATTER_MOST]; /* the other arms of an arm */
    upi_set after[UPI_SCATTER_MOST];  /* nodes later than i */
} upi_background;

/* From the roles of the columns and the text of the tiers, which may be NULL. */
up_status upi_background_make(
    const upi_scatter *s, const char *tiers, upi_background *out, up_error *err);

#endif
