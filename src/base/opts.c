/* Options by size, after Linux's openat2: the size a caller was compiled with is the version
 * of its struct. Members it does not have are zero, which is the default; members we do not
 * have must be zero, for else we would ignore what it asks for. */
#include "base/opts.h"

#include "base/error.h"

#include <string.h>

/* Far above any options struct; a larger size is garbage, and must not be read through. */
enum { LARGEST = 4096 };

up_status
upi_opts_copy(void *ours, size_t our_size, const void *theirs, up_error *err)
{
    UP_ASSERT(our_size >= sizeof(size_t) && our_size % 8 == 0);
    size_t size = our_size;
    if (theirs != NULL) {
        memcpy(&size, theirs, sizeof size);
        if (size == 0 || size % 8 != 0 || size > LARGEST) {
            return upi_fail(err, UP_E_ARGUMENT, "struct_size",
                "the options have struct_size %zu, which no version of them has", size);
        }
        const unsigned char *bytes = theirs;
        for (size_t i = our_size; i < size; i++) {
            if (bytes[i] != 0) {
                return upi_fail(err, UP_E_OPTIONS_TOO_NEW, "struct_size",
                    "an option at byte %zu is set, but this version knows %zu bytes of "
                    "options",
                    i, our_size);
            }
        }
    }
    memset(ours, 0, our_size);
    if (theirs != NULL) {
        memcpy(ours, theirs, size < our_size ? size : our_size);
    }
    memcpy(ours, &our_size, sizeof our_size);
    return UP_OK;
}
