# Moments built from a CSV file, for the tests of rooms that take moments: link
# upshot_csv_moments (LIBS of up_test), and upshot_fit_helper for fitting them.
if(NOT TARGET upshot_csv_moments)
  add_library(upshot_csv_moments OBJECT ${PROJECT_SOURCE_DIR}/tests/support/csv_moments.c)
  target_link_libraries(upshot_csv_moments PUBLIC upshot_test_support PRIVATE upshot_flags)
  add_library(upshot_fit_helper OBJECT ${PROJECT_SOURCE_DIR}/tests/support/fit_helper.c)
  target_link_libraries(upshot_fit_helper PUBLIC upshot_test_support PRIVATE upshot_flags)
endif()
