/* SQL text in, Arrow stream out. Chunks of the engine become Arrow batches one by one; no
 * result is ever held as a whole. */
#include "engine/duckdb.h"

#include <errno.h>

typedef struct query_stream {
    upi_stream stream;
    duckdb_arrow_options options;
    up_error err;
} query_stream;

/* True (and the message kept) when DuckDB reports a failure. */
static bool
failed_with(query_stream *q, duckdb_error_data data)
{
    const upi_duck *api = q->stream.db->api;
    bool bad = data != NULL && api->error_data_has_error(data);
    if (bad) {
        (void)upi_fail(&q->err, UP_E_ENGINE, NULL, "%s", api->error_data_message(data));
    }
    if (data != NULL) {
        api->destroy_error_data(&data);
    }
    return bad;
}

static int
stream_schema(struct ArrowArrayStream *s, struct ArrowSchema *out)
{
    query_stream *q = s->private_data;
    const upi_duck *api = q->stream.db->api;
    idx_t n = api->column_count(&q->stream.result);
    int answer = EIO;
    up_error *err = &q->err;
    up_status status = UP_OK;
    duckdb_logical_type *types = NULL;
    const char **names = NULL;
    UP_TRY(UP_NEW(&types, (int64_t)n, err));
    UP_TRY(UP_NEW(&names, (int64_t)n, err));
    for (idx_t i = 0; i < n; i++) {
        types[i] = api->column_logical_type(&q->stream.result, i);
        names[i] = api->column_name(&q->stream.result, i);
    }
    memset(out, 0, sizeof *out);
    if (!failed_with(q, api->to_arrow_schema(q->options, types, names, n, out))) {
        answer = 0;
    }
out:
    for (idx_t i = 0; types != NULL && names != NULL && i < n; i++) {
        api->destroy_logical_type(&types[i]);
    }
    upi_free(types);
    upi_free(names);
    return status == UP_E_NO_MEMORY ? ENOMEM : answer;
}

static int
stream_next(struct ArrowArrayStream *s, struct ArrowArray *out)
{
    query_stream *q = s->private_data;
    duckdb_data_chunk chunk = NULL;
    memset(out, 0, sizeof *out);
    if (upi_stream_next(&q->stream, "the query", &chunk, &q->err) != UP_OK) {
        return EIO;
    }
    if (chunk == NULL) {
        return 0;
    }
    bool bad =
        failed_with(q, q->stream.db->api->data_chunk_to_arrow(q->options, chunk, out));
    q->stream.db->api->destroy_data_chunk(&chunk);
    return bad ? EIO : 0;
}

static const char *
stream_error(struct ArrowArrayStream *s)
{
    query_stream *q = s->private_data;
    return q->err.status != UP_OK ? q->err.message : NULL;
}

static void
stream_release(struct ArrowArrayStream *s)
{
    query_stream *q = s->private_data;
    if (q != NULL) {
        if (q->options != NULL) {
            q->stream.db->api->destroy_arrow_options(&q->options);
        }
        upi_stream_close(&q->stream);
        upi_free(q);
    }
    s->private_data = NULL;
    s->release = NULL;
}

up_status
upi_duckdb_query(
    up_source *s, const char *sql, struct ArrowArrayStream *out, up_error *err)
{
    upi_duckdb *d = s->self;
    up_status status = UP_OK;
    query_stream *q = NULL;
    UP_TRY(UP_NEW(&q, 1, err));
    UP_TRY(upi_stream_open(&q->stream, &d->db, sql, "the query", err));
    q->options = d->db.api->result_get_arrow_options(&q->stream.result);
    *out = (struct ArrowArrayStream){.get_schema = stream_schema,
        .get_next = stream_next,
        .get_last_error = stream_error,
        .release = stream_release,
        .private_data = q};
    q = NULL;
out:
    if (q != NULL) {
        upi_stream_close(&q->stream);
        upi_free(q);
    }
    return status;
}
