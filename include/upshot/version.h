/** @file
 *  The version of the library and how it was built. */
#ifndef UPSHOT_VERSION_H
#define UPSHOT_VERSION_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Gives the version, "major.minor.patch".
 *  @return static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_version(void);

/** Gives the compiler, the build type and the libraries in one line.
 *  @return static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
