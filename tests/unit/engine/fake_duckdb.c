/* A library with DuckDB's version function and nothing else. */
const char *duckdb_library_version(void);

__attribute__((visibility("default"))) const char *
duckdb_library_version(void)
{
    return FAKE_VERSION;
}
