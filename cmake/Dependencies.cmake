# What the library links: LAPACKE over serial OpenBLAS, jansson, threads, and the headers
# of Boost.Math and Random123. DuckDB is loaded at run time; only its header is needed here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
# For the program only: upshot mcp --http.
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent_core libevent_extra)
find_library(UPSHOT_LAPACKE lapacke REQUIRED)
find_path(UPSHOT_LAPACKE_INCLUDE lapacke.h REQUIRED)
find_library(UPSHOT_OPENBLAS NAMES openblas
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
find_library(UPSHOT_OPENBLAS NAMES openblas REQUIRED)
find_path(UPSHOT_BOOST_INCLUDE boost/math/distributions/students_t.hpp REQUIRED)
find_path(UPSHOT_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

# DuckDB: an installed one first, then the one that tools/get-duckdb put into .deps.
find_path(UPSHOT_DUCKDB_INCLUDE duckdb.h
  PATHS ${CMAKE_CURRENT_SOURCE_DIR}/.deps/duckdb REQUIRED)
find_library(UPSHOT_DUCKDB_LIBRARY duckdb
  PATHS ${CMAKE_CURRENT_SOURCE_DIR}/.deps/duckdb REQUIRED)

add_library(upshot_deps INTERFACE)
target_include_directories(upshot_deps SYSTEM INTERFACE
  ${UPSHOT_LAPACKE_INCLUDE} ${UPSHOT_BOOST_INCLUDE} ${UPSHOT_RANDOM123_INCLUDE}
  ${UPSHOT_DUCKDB_INCLUDE})
target_link_libraries(upshot_deps INTERFACE PkgConfig::JANSSON ${UPSHOT_LAPACKE}
  ${UPSHOT_OPENBLAS} Threads::Threads m ${CMAKE_DL_LIBS})
