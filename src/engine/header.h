/* What the names in a file say that the engine's own names do not. */
#ifndef UPI_HEADER_H
#define UPI_HEADER_H

#include "engine/duckdb.h"
#include "engine/files.h"

/* UP_E_SOURCE when two columns of the file have one name. */
up_status upi_header_check_names(
    upi_duckdb *d, const up_source *s, bool tab, up_error *err);
/* For a file that was read as a single column, or not at all: the first line that does not
 * have as many values as the header has names. UP_OK when there is none. */
up_status upi_header_explain(upi_duckdb *d, bool tab, up_error *err);

#endif
