/* The version and how the library was built, put together by the compiler, so that the text is
 * a constant. */
#include "up_config.h"

#include <upshot/version.h>

#include <boost/version.hpp>

#if defined(__has_include)
#if __has_include(<openblas_config.h>)
#include <openblas_config.h>
#endif
#endif

#ifdef OPENBLAS_VERSION
#define BLAS_NAME OPENBLAS_VERSION
#else
#define BLAS_NAME " OpenBLAS "
#endif

const char *
up_version(void)
{
    return UP_VERSION_STRING;
}

const char *
up_build_info(void)
{
    return "upshot " UP_VERSION_STRING ", " UP_BUILD_COMPILER ", " UP_BUILD_TYPE
           ", LAPACKE on" BLAS_NAME "(serial), Boost.Math " BOOST_LIB_VERSION
           ", sanitizers: '" UP_BUILD_SANITIZE "'";
}
