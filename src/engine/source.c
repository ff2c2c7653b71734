/* The public handle of a source and what every engine shares: finding columns by name. */
#include "engine/source.h"

#include "engine/duckdb.h"

up_status
up_source_open(const char *name, const up_run *run, up_source **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_run settings;
    if (name == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, name == NULL ? "name" : "out",
            "a source needs a name and a place to put it");
    }
    UP_TRY(upi_run_read(&settings, run, err));
    UP_TRY(upi_duckdb_open(name, &settings, out, err));
out:
    return status;
}

up_status
upi_run_read(up_run *out, const up_run *run, up_error *err)
{
    static const up_run defaults = {.struct_size = sizeof(up_run)};
    up_status status = UP_OK;
    if (run == NULL) {
        *out = defaults;
        return UP_OK;
    }
    UP_TRY(upi_opts_copy(out, sizeof *out, run, err));
    out->struct_size = sizeof *out;
    if (out->threads < 0 || out->threads > 1024) {
        status = upi_fail(err, UP_E_ARGUMENT, "threads",
            "threads is %lld, not between 0 and 1024", (long long)out->threads);
    } else if (out->memory_limit_bytes < 0) {
        status = upi_fail(err, UP_E_ARGUMENT, "memory_limit_bytes",
            "memory_limit_bytes is %lld, below 0", (long long)out->memory_limit_bytes);
    }
out:
    return status;
}

void
upi_source_drop_fields(up_source *s)
{
    for (int64_t i = 0; i < s->n_fields; i++) {
        upi_free(s->fields[i].name);
        upi_free(s->fields[i].native_type);
    }
    upi_free(s->fields);
    s->fields = NULL;
    s->n_fields = 0;
}

void
up_source_free(up_source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->ops != NULL && source->ops->close != NULL) {
        source->ops->close(source);
    }
    upi_source_drop_fields(source);
    upi_free(source->name);
    upi_free(source);
}

int64_t
upi_source_find(const up_source *s, const char *column)
{
    for (int64_t i = 0; i < s->n_fields; i++) {
        if (strcmp(s->fields[i].name, column) == 0) {
            return i;
        }
    }
    return -1;
}

static up_status
unknown_column(const up_source *s, const char *column, up_error *err)
{
    enum { SHOWN = 6 };
    const char **names = NULL;
    up_status status = UP_NEW(&names, s->n_fields, err);
    if (status != UP_OK) {
        return status;
    }
    for (int64_t i = 0; i < s->n_fields; i++) {
        names[i] = s->fields[i].name;
    }
    const char *nearest = upi_text_nearest(column, names, s->n_fields);
    (void)upi_fail(err, UP_E_COLUMN, column, "there is no column %s in %s", column,
        s->name != NULL ? s->name : "the data");
    if (nearest != NULL) {
        status = upi_fix(err, "did you mean %s?", nearest);
    } else {
        upi_text list = {0};
        for (int64_t i = 0; i < s->n_fields && i < SHOWN; i++) {
            upi_text_addf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
        }
        status = upi_fix(err, "the columns are %s%s", list.s != NULL ? list.s : "",
            s->n_fields > SHOWN ? ", ..." : "");
        upi_text_free(&list);
    }
    upi_free(names);
    return status;
}

up_status
upi_source_require(
    const up_source *s, const char *column, int64_t *index, up_error *err)
{
    int64_t found = upi_source_find(s, column);
    if (found < 0) {
        return unknown_column(s, column, err);
    }
    *index = found;
    return UP_OK;
}

up_status
upi_source_scan(up_source *s, const upi_scan *scan, const upi_sink *sink,
    const up_run *run, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_run settings;
    UP_TRY(upi_run_read(&settings, run, err));
    UP_TRY(s->ops->scan(s, scan, sink, &settings, err));
out:
    return status;
}
