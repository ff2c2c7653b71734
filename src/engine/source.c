/* The public handle of a source and what every engine shares: finding columns by name. */
#include "engine/source.h"

#include "engine/duckdb.h"

#include <stdlib.h>
#include <strings.h>

/* Every failure to read names what was read and says what to do. */
static void
complete_story(const char *name, up_error *err)
{
    if (err == NULL || (err->status != UP_E_SOURCE && err->status != UP_E_EMPTY)) {
        return;
    }
    if (err->field[0] == '\0' && name != NULL) {
        const char *slash = strrchr(name, '/');
        bool fits = strlen(name) < sizeof err->field;
        upi_line_copy(
            err->field, sizeof err->field, fits || slash == NULL ? name : slash + 1);
    }
    if (err->fix[0] == '\0') {
        (void)upi_fix(err, "%s",
            err->status == UP_E_EMPTY
                ? "give data with at least one row"
                : "check the path, and that the file is whole, "
                  "readable and of the kind that its ending says");
    }
}

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
    const up_named_source *lent = upi_source_lent(&settings, name);
    if (lent != NULL && lent->source != NULL) {
        UP_TRY(upi_lent_open(lent->source, name, out, err));
    } else {
        UP_TRY(upi_duckdb_open(lent != NULL ? lent->path : name, &settings, out, err));
    }
out:
    complete_story(name, err);
    return status;
}

static up_status
check_lent(const up_run *run, up_error *err)
{
    bool good = run->n_sources >= 0 && (run->n_sources == 0 || run->sources != NULL);
    for (int64_t i = 0; good && i < run->n_sources; i++) {
        const up_named_source *s = &run->sources[i];
        good = s->name != NULL && (s->source != NULL) != (s->path != NULL);
    }
    return good ? UP_OK
                : upi_fail(err, UP_E_ARGUMENT, "sources",
                      "of %lld sources that are lent, each needs a name, and rows or a "
                      "path",
                      (long long)run->n_sources);
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
    } else {
        status = check_lent(out, err);
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

up_status
upi_field_copy(const upi_field *from, upi_field *to, up_error *err)
{
    up_status status = UP_OK;
    to->type = from->type;
    to->refused = from->refused;
    UP_TRY(upi_strdup_to(&to->name, from->name, err));
    UP_TRY(upi_strdup_to(&to->native_type, from->native_type, err));
out:
    return status;
}

int64_t
up_source_columns(const up_source *source)
{
    return source != NULL ? source->n_fields : 0;
}

const char *
up_source_column(const up_source *source, int64_t i)
{
    return i >= 0 && i < up_source_columns(source) ? source->fields[i].name : NULL;
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

typedef struct place {
    const char *name;
    int64_t column;
} place;

static int
compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = strcasecmp(x->name, y->name);
    return order != 0 ? order : (x->column > y->column) - (x->column < y->column);
}

up_status
upi_names_refuse_equal(const char *subject, up_status status, int64_t n,
    const char *const *names, up_error *err)
{
    place *places = NULL;
    up_status made = UP_NEW(&places, n, err);
    if (made != UP_OK) {
        return made;
    }
    up_status answer = UP_OK;
    for (int64_t i = 0; i < n; i++) {
        places[i] = (place){names[i], i};
    }
    qsort(places, (size_t)n, sizeof *places, compare_places);
    for (int64_t i = 1; answer == UP_OK && i < n; i++) {
        const place *a = &places[i - 1], *b = &places[i];
        if (a->name[0] != '\0' && strcasecmp(a->name, b->name) == 0) {
            answer = upi_fail(err, status, b->name,
                "%s: columns %lld and %lld have one name, '%s' and '%s'", subject,
                (long long)a->column + 1, (long long)b->column + 1, a->name, b->name);
            (void)upi_fix(err,
                "rename one of them; capital letters do not tell columns "
                "apart");
        }
    }
    upi_free(places);
    return answer;
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
    complete_story(s->name, err);
    return status;
}
