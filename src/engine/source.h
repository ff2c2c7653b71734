/* What the files of this room share about sources. */
#ifndef UPI_SOURCE_H
#define UPI_SOURCE_H

#include "base/opts.h"
#include "engine/engine.h"

/* A caller's run as our struct, with defaults for NULL. UP_E_ARGUMENT, UP_E_OPTIONS_TOO_NEW. */
up_status upi_run_read(up_run *out, const up_run *run, up_error *err);

void upi_source_drop_fields(up_source *s);
/* UP_E_NO_MEMORY; what was copied by then is in *to. */
up_status upi_field_copy(const upi_field *from, upi_field *to, up_error *err);

/* What the caller lends under this name; NULL = nothing. The run was read by upi_run_read(). */
const up_named_source *upi_source_lent(const up_run *run, const char *name);
/* A source of its own over lent rows, which closes nothing but itself. */
up_status upi_lent_open(
    up_source *owner, const char *name, up_source **out, up_error *err);

/* Fails with `status` when two of n names are equal but for capital letters. */
up_status upi_names_refuse_equal(const char *subject, up_status status, int64_t n,
    const char *const *names, up_error *err);

#endif
