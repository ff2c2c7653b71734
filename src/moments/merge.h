/* Shared by the files of a merge. */
#ifndef UPI_MERGE_H
#define UPI_MERGE_H

#include "moments/build.h"

/* UP_E_CAPSULE naming what differs. */
up_status upi_moments_comparable(
    const up_moments *a, const up_moments *b, up_error *err);
/* The key of a role, -1 if there is none. */
int64_t upi_moments_key(const up_moments *m, upi_key_role role, int64_t index);

#endif
