/* Outputs that would replace what was read. */
#ifndef UPI_OVERWRITE_H
#define UPI_OVERWRITE_H

#include "base/base.h"

#include <upshot/status.h>

/* UP_E_USAGE when the file to be written is (one of) the source, by its name or through links.
 * The source may be a glob or file::table; option is what names the output. Either may be
 * NULL. */
up_status upi_refuse_own_source(
    const char *source, const char *to, const char *option, up_error *err);
/* UP_E_WRITE when the file is there already. */
up_status upi_refuse_existing(const char *to, const char *option, up_error *err);

#endif
