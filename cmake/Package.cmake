# The shared library, its headers, and what lets others find it.
include(CMakePackageConfigHelpers)

set(UPSHOT_HEADERS adaptive arrow assign audit bayes catalog chart check discover
    effects experiment graph mediate model moments monitor note policy power project
    rank run sequential simulate source status truth upshot value version)
list(TRANSFORM UPSHOT_HEADERS PREPEND include/upshot/)
list(TRANSFORM UPSHOT_HEADERS APPEND .h)

add_library(upshot SHARED)
add_library(upshot::upshot ALIAS upshot)
target_sources(upshot PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${UPSHOT_HEADERS})
target_link_libraries(upshot PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,upshot_core>" upshot_flags)
# Boost marks its exception types visible; the map keeps all but the public functions inside.
target_link_options(upshot PRIVATE
  LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)
set_target_properties(upshot PROPERTIES
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map
  LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  INSTALL_RPATH "$ORIGIN")
target_compile_features(upshot INTERFACE c_std_17)

install(TARGETS upshot EXPORT upshot-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS)
install(EXPORT upshot-targets NAMESPACE upshot::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/upshot)
configure_package_config_file(cmake/upshot-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/upshot-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/upshot)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/upshot-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/upshot-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/upshot-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/upshot)
file(RELATIVE_PATH UPSHOT_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/upshot.pc.in ${CMAKE_CURRENT_BINARY_DIR}/upshot.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/upshot.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What teaches an agent to use it.
install(DIRECTORY skills/analyze-experiment DESTINATION ${CMAKE_INSTALL_DATADIR}/upshot/skills)

# DuckDB goes beside the library, in a directory of its own, where the loader looks.
install(FILES ${UPSHOT_DUCKDB_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR}/upshot)
