/* The part of DuckDB's C API that is used, as one table of functions that is filled at run
 * time: the program starts, and memory sources work, without the library. */
#ifndef UPI_DUCKDB_LOAD_H
#define UPI_DUCKDB_LOAD_H

#include "base/base.h"
#include "base/column.h"

#include <duckdb.h>

#define UPI_DUCK_FUNCTIONS(X)                                                          \
    X(library_version)                                                                 \
    X(vector_size)                                                                     \
    X(create_config)                                                                   \
    X(set_config)                                                                      \
    X(destroy_config)                                                                  \
    X(open_ext)                                                                        \
    X(close)                                                                           \
    X(connect)                                                                         \
    X(disconnect)                                                                      \
    X(interrupt)                                                                       \
    X(query_progress)                                                                  \
    X(query)                                                                           \
    X(destroy_result)                                                                  \
    X(result_error)                                                                    \
    X(result_error_type)                                                               \
    X(column_count)                                                                    \
    X(column_name)                                                                     \
    X(column_logical_type)                                                             \
    X(result_get_arrow_options)                                                        \
    X(destroy_arrow_options)                                                           \
    X(to_arrow_schema)                                                                 \
    X(data_chunk_to_arrow)                                                             \
    X(error_data_has_error)                                                            \
    X(error_data_message)                                                              \
    X(destroy_error_data)                                                              \
    X(prepare)                                                                         \
    X(prepare_error)                                                                   \
    X(destroy_prepare)                                                                 \
    X(pending_prepared_streaming)                                                      \
    X(pending_error)                                                                   \
    X(destroy_pending)                                                                 \
    X(execute_pending)                                                                 \
    X(fetch_chunk)                                                                     \
    X(destroy_data_chunk)                                                              \
    X(data_chunk_get_size)                                                             \
    X(data_chunk_set_size)                                                             \
    X(data_chunk_get_vector)                                                           \
    X(data_chunk_get_column_count)                                                     \
    X(vector_get_data)                                                                 \
    X(vector_get_validity)                                                             \
    X(vector_ensure_validity_writable)                                                 \
    X(vector_assign_string_element_len)                                                \
    X(free)                                                                            \
    X(create_logical_type)                                                             \
    X(destroy_logical_type)                                                            \
    X(create_aggregate_function)                                                       \
    X(destroy_aggregate_function)                                                      \
    X(aggregate_function_set_name)                                                     \
    X(aggregate_function_add_parameter)                                                \
    X(aggregate_function_set_return_type)                                              \
    X(aggregate_function_set_functions)                                                \
    X(aggregate_function_set_special_handling)                                         \
    X(aggregate_function_set_extra_info)                                               \
    X(aggregate_function_get_extra_info)                                               \
    X(aggregate_function_set_error)                                                    \
    X(register_aggregate_function)                                                     \
    X(create_table_function)                                                           \
    X(destroy_table_function)                                                          \
    X(table_function_set_name)                                                         \
    X(table_function_set_extra_info)                                                   \
    X(table_function_set_bind)                                                         \
    X(table_function_set_init)                                                         \
    X(table_function_set_function)                                                     \
    X(register_table_function)                                                         \
    X(bind_get_extra_info)                                                             \
    X(bind_add_result_column)                                                          \
    X(bind_set_cardinality)                                                            \
    X(init_set_max_threads)                                                            \
    X(function_get_extra_info)                                                         \
    X(function_set_error)

typedef struct upi_duck {
#define UPI_DUCK_POINTER(name)                                                         \
    __typeof__(duckdb_##name) *name; /* NOLINT(bugprone-macro-parentheses) */
    UPI_DUCK_FUNCTIONS(UPI_DUCK_POINTER)
#undef UPI_DUCK_POINTER
} upi_duck;

/* The table, filled at the first successful call and shared by the whole process.
 * UP_E_ENGINE when the library is not found, too old or too new. */
up_status upi_duck_load(const upi_duck **out, up_error *err);

/* The type of a vector that holds values of ours. */
static inline duckdb_type
upi_duckdb_type(upi_type type)
{
    switch (type) {
    case UPI_F64:
        return DUCKDB_TYPE_DOUBLE;
    case UPI_I64:
        return DUCKDB_TYPE_BIGINT;
    case UPI_BOOL:
        return DUCKDB_TYPE_BOOLEAN;
    case UPI_DATE:
        return DUCKDB_TYPE_DATE;
    case UPI_TIME:
        return DUCKDB_TYPE_TIMESTAMP;
    default:
        return DUCKDB_TYPE_VARCHAR;
    }
}

#endif
