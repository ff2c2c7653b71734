/* A verb that answers line by line: lines in, lines out, in memory that does not grow. What has
 * been answered is written before the next read, which may wait; so an interactive caller has
 * each answer at once, and a pipe is served in large pieces. */
#include "base/json.h"
#include "catalog/context_json.h"
#include "catalog/request.h"
#include "catalog/verbs.h"

#include <string.h>

enum { CHUNK = 65536, MOST_LINE = 1 << 20 };

typedef struct session {
    const up_policy *policy;
    up_stream *io;
    const up_run *run;
    upi_served served;
    upi_text line; /* the part of a line that came before */
    upi_text out;
    bool too_long, reader_gone;
} session;

static void
write_failure(session *s, const up_error *e)
{
    upi_json j;
    upi_json_start(&j, &s->out, 0, 0);
    upi_json_object(&j);
    upi_json_put_int(&j, "line", s->io->lines);
    upi_json_put_bool(&j, "ok", false);
    upi_json_put_string(&j, "code", up_status_name(e->status));
    upi_json_put_string(&j, "field", e->field);
    upi_json_put_string(&j, "message", e->message);
    upi_json_put_string(&j, "fix", e->fix);
    upi_json_object_end(&j);
    upi_text_add_char(&s->out, '\n');
    s->io->failed++;
}

static bool
is_blank(const char *text, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (strchr(" \t\r", text[i]) == NULL || text[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* Answers one line. A lack of memory ends the stream, all else is told in its place. */
static up_status
answer(session *s, const char *text, int64_t n, up_error *err)
{
    up_error own = UP_ERROR_INIT;
    up_status status = UP_OK;
    s->io->lines++;
    if (s->too_long) {
        status = upi_fail(&own, UP_E_CONTEXT, "context",
            "the line is longer than %d bytes", MOST_LINE);
    } else if (is_blank(text, n)) {
        return UP_OK;
    } else {
        status = upi_serve_json(s->policy, text, n, &s->served, &own);
    }
    if (status == UP_E_NO_MEMORY) {
        *err = own;
        return status;
    }
    if (status == UP_OK) {
        upi_served_write(s->policy, &s->served, &s->out);
    } else {
        write_failure(s, &own);
    }
    return s->out.failed ? upi_fail_memory(err, CHUNK) : UP_OK;
}

static up_status
flush(session *s, up_error *err)
{
    int64_t n = s->out.length;
    int outcome = n > 0 ? s->io->write(s->io->user, s->out.s, n) : 0;
    upi_text_clear(&s->out);
    s->reader_gone = s->reader_gone || outcome > 0;
    return outcome < 0
               ? upi_fail(err, UP_E_WRITE, "output", "the decisions cannot be written")
               : UP_OK;
}

static void
keep(session *s, const char *text, int64_t n)
{
    s->too_long = s->too_long || s->line.length + n > MOST_LINE;
    if (!s->too_long) {
        upi_text_add_n(&s->line, text, n);
    }
}

/* A line that ends here, of which a part may have come before. */
static up_status
end_line(session *s, const char *text, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    if (s->line.length == 0 && !s->too_long) {
        return answer(s, text, n, err);
    }
    keep(s, text, n);
    if (s->line.failed) {
        return upi_fail_memory(err, (size_t)n);
    }
    status = answer(s, s->line.s != NULL ? s->line.s : "", s->line.length, err);
    upi_text_clear(&s->line);
    s->too_long = false;
    return status;
}

/* The lines of a piece; what follows the last newline is kept for the next. */
static up_status
take(session *s, const char *text, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    while (n > 0 && !s->reader_gone) {
        const char *end = memchr(text, '\n', (size_t)n);
        if (end == NULL) {
            keep(s, text, n);
            return s->line.failed ? upi_fail_memory(err, (size_t)n) : UP_OK;
        }
        UP_TRY(end_line(s, text, end - text, err));
        UP_TRY(s->out.length > (int64_t)4 * CHUNK ? flush(s, err) : UP_OK);
        n -= end + 1 - text;
        text = end + 1;
    }
out:
    return status;
}

static bool
should_stop(const up_run *run)
{
    return run != NULL && run->should_stop != NULL && run->should_stop(run->user) != 0;
}

static up_status
serve(session *s, char *buffer, up_error *err)
{
    up_status status = UP_OK;
    for (;;) {
        UP_TRY(flush(s, err));
        if (s->reader_gone) {
            return UP_OK;
        }
        int64_t n = s->io->read(s->io->user, buffer, CHUNK);
        if (should_stop(s->run)) {
            return upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
        }
        if (n < 0) {
            return upi_fail(err, UP_E_SOURCE, "input", "the contexts cannot be read");
        }
        if (n == 0) {
            break;
        }
        UP_TRY(take(s, buffer, n, err));
    }
    if (s->line.length > 0 || s->too_long) {
        UP_TRY(answer(s, s->line.s != NULL ? s->line.s : "", s->line.length, err));
    }
    UP_TRY(flush(s, err));
out:
    return status;
}

static up_status
start(const upi_request *q, const up_run *run, up_stream *io, up_error *err)
{
    up_status status = UP_OK;
    up_policy *policy = NULL;
    session s = {.io = io, .run = run};
    char *buffer = NULL;
    UP_TRY(up_policy_load(upi_request_text(q, "policy"), &policy, err));
    s.policy = policy;
    UP_TRY(upi_served_make(policy, &s.served, err));
    UP_TRY(UP_NEW(&buffer, CHUNK, err));
    UP_TRY(serve(&s, buffer, err));
out:
    upi_free(buffer);
    upi_text_free(&s.line);
    upi_text_free(&s.out);
    upi_served_clear(&s.served);
    up_policy_free(policy);
    return status;
}

up_status
up_call_stream(const char *verb, const up_argument *arguments, int64_t n_arguments,
    const up_run *run, up_stream *io, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    const up_verb *v = NULL;
    upi_request q = {0};
    if (io == NULL || io->read == NULL || io->write == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "io", "there is nothing to read or write");
    }
    io->lines = io->failed = 0;
    UP_TRY(upi_catalog_require(verb, &v, err));
    if (v->stream == NULL) {
        (void)upi_fail(
            err, UP_E_USAGE, "verb", "'%s' does not answer line by line", v->name);
        status = upi_fix(err, "call it with up_call()");
        goto out;
    }
    UP_TRY(upi_request_make(v, arguments, n_arguments, &q, err));
    UP_TRY(start(&q, run, io, err));
out:
    upi_request_clear(&q);
    return status;
}
