/* What writing and reading of capsules share: the columns of the file, in order. */
#ifndef UPI_CAPSULE_H
#define UPI_CAPSULE_H

#include "moments/build.h"

#define UPI_CAPSULE_KEY      "upshot.capsule"  /* the description, JSON */
#define UPI_CAPSULE_CHECKSUM "upshot.checksum" /* of the description, hexadecimal */
enum { UPI_CAPSULE_FORMAT = 1 };

/* One column; exactly one of the pointers is set. The value of group g stands at
 * [g * stride + offset]. */
typedef struct upi_capsule_column {
    char name[32];
    upi_type type; /* UPI_I64 or UPI_F64 */
    int32_t *code;
    uint64_t *id;
    int64_t *count;
    double *number;
    int64_t stride, offset;
} upi_capsule_column;

typedef struct upi_capsule_columns {
    upi_capsule_column *items;
    int64_t n, capacity;
} upi_capsule_columns;

/* The columns of moments whose arrays are there; they point into m. */
up_status upi_capsule_list(
    const up_moments *m, upi_capsule_columns *out, up_error *err);
void upi_capsule_columns_free(upi_capsule_columns *c);
/* Checksum of all group arrays. */
uint64_t upi_capsule_checksum(const up_moments *m);
/* Doubles per group of robust->k. */
int64_t upi_robust_stride(const upi_robust *r);
const char *upi_key_role_name(upi_key_role role);
const char *upi_form_name(upi_form form);

#endif
