/* The version of the library and how it was built. */
#ifndef UPSHOT_VERSION_H
#define UPSHOT_VERSION_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version, "major.minor.patch". */
UP_API const char *up_version(void);
/** Compiler, build type and libraries, one line. */
UP_API const char *up_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
