/* Shared by the files that read capsules. */
#ifndef UPI_CAPSULE_READ_H
#define UPI_CAPSULE_READ_H

#include "moments/capsule.h"

#include <jansson.h>

typedef struct upi_capsule_reader {
    const char *path;
    json_t *root;
    up_moments *m;
    upi_capsule_columns list;
    int64_t groups; /* as the description says */
    int64_t next;   /* group to be read next */
    int64_t range;
    bool disordered;
    uint64_t checksum;
} upi_capsule_reader;

/* UP_E_CAPSULE: the capsule's 'member' is not what it should be. */
up_status upi_capsule_damaged(
    const upi_capsule_reader *r, up_error *err, const char *member, const char *what);
/* Fills r->m with all but the groups. */
up_status upi_capsule_parse(upi_capsule_reader *r, const char *json, up_error *err);

#endif
