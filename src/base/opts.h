/* Options by size: an older or newer caller's struct is copied into ours. */
#ifndef UPI_OPTS_H
#define UPI_OPTS_H

#include <upshot/status.h>

/* Copies min(size) bytes of *theirs (which starts with size_t struct_size) over *ours,
 * zeroing the rest; non-zero bytes beyond our size are UP_E_OPTIONS_TOO_NEW. theirs NULL
 * = all zero. struct_size 0 or not a multiple of 8 is UP_E_ARGUMENT. */
up_status upi_opts_copy(void *ours, size_t our_size, const void *theirs, up_error *err);

#endif
