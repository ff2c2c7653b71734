/* Rows that a caller lends under a name: a table in the memory of a host program, asked for
 * as "@frame". What is opened by the name has fields of its own and hands every scan on, so
 * that whoever opened it closes it like any other source and the owner keeps the rows. */
#include "engine/source.h"

static up_status
lent_scan(up_source *s, const upi_scan *scan, const upi_sink *sink, const up_run *run,
    up_error *err)
{
    return upi_source_scan(s->self, scan, sink, run, err);
}

static void
lent_cancel(up_source *s)
{
    up_source *owner = s->self;
    if (owner->ops->cancel != NULL) {
        owner->ops->cancel(owner);
    }
}

static const upi_engine_ops lent_ops = {
    .name = "lent", .scan = lent_scan, .cancel = lent_cancel};

const up_named_source *
upi_source_lent(const up_run *run, const char *name)
{
    for (int64_t i = 0; name != NULL && i < run->n_sources; i++) {
        if (strcmp(run->sources[i].name, name) == 0) {
            return &run->sources[i];
        }
    }
    return NULL;
}

up_status
upi_lent_open(up_source *owner, const char *name, up_source **out, up_error *err)
{
    up_status status = UP_OK;
    up_source *s = NULL;
    UP_TRY(UP_NEW(&s, 1, err));
    s->ops = &lent_ops;
    s->self = owner;
    s->n_rows = owner->n_rows;
    s->fingerprint = owner->fingerprint;
    UP_TRY(upi_strdup_to(&s->name, name, err));
    UP_TRY(UP_NEW(&s->fields, owner->n_fields, err));
    for (int64_t i = 0; i < owner->n_fields; i++) {
        s->n_fields = i + 1;
        UP_TRY(upi_field_copy(&owner->fields[i], &s->fields[i], err));
    }
    *out = s;
    s = NULL;
out:
    up_source_free(s);
    return status;
}
