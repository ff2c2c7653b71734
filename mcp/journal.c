/* The journal. Each answer is one line of JSON, appended by one write under a lock, so that two
 * servers on one workspace count together. A line that cannot be read is counted as such and
 * skipped: forgetting a look must not stop the work, but must not be hidden either. */
#include "journal.h"

#include "fail.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_JOURNAL = 64 << 20 };

/* Options that change how an answer is made or shown, and not what is asked. */
static bool
is_question(const up_option *o)
{
    bool shown = strcmp(o->group, "Run") == 0 || strcmp(o->group, "Output") == 0;
    return !shown && strcmp(o->name, "source") != 0;
}

/* Options that are asked of a fit, and not of the rows. */
static bool
asked_of_fit(const up_option *o)
{
    return strcmp(o->group, "Question") == 0 || strcmp(o->group, "Inference") == 0;
}

static up_status
hash_of(const json_t *object, char out[17], up_error *err)
{
    char handle[MCP_HANDLE];
    up_status status = mcp_handle_make("x", object, handle, err);
    if (status == UP_OK) {
        (void)snprintf(out, 17, "%.16s", handle + 2);
    }
    return status;
}

static json_t *
part_of(const json_t *on_rows, const up_verb *v, bool (*wanted)(const up_option *))
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *part = json_object();
    json_object_foreach(mcp_borrow(on_rows), name, value)
    {
        const up_option *o = mcp_option(v, name);
        if (part != NULL && (o == NULL || wanted(o))) {
            (void)json_object_set(part, name, value);
        }
    }
    return part;
}

/* What a fit is, but for its metrics: asking for one of them alone is no new fit. */
static bool
not_of_question(const up_option *o)
{
    return is_question(o) && !asked_of_fit(o) && strcmp(o->name, "metric") != 0;
}

static char *
names_of(const json_t *list)
{
    mcp_text t = {0};
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        mcp_text_add(&t, i > 0 ? ", " : "");
        mcp_text_add(&t, json_string_value(json_array_get(list, i)));
    }
    mcp_text_add(&t, "");
    return mcp_text_take(&t, &n);
}

up_status
mcp_family(const mcp_asked *q, const json_t *on_rows, char out[32], up_error *err)
{
    const char *itt = mcp_argument_text(on_rows, "itt");
    const char *instrument = mcp_argument_text(on_rows, "instrument");
    char hash[17];
    out[0] = '\0';
    const char *path = q->data.path;
    if (q->fitted != NULL) {
        path = json_string_value(
            json_object_get(json_object_get(q->fitted, "key"), "path"));
    }
    if (itt == NULL || path == NULL) {
        return UP_OK;
    }
    json_t *key = json_pack("{s:s, s:s, s:s}", "path", path, "itt", itt, "instrument",
        instrument != NULL ? instrument : "");
    up_status status = key != NULL ? hash_of(key, hash, err) : mcp_fail_memory(err);
    json_decref(key);
    if (status == UP_OK) {
        (void)snprintf(out, 32, "journal_%s", hash);
    }
    return status;
}

up_status
mcp_entry_make(const mcp_asked *q, const json_t *on_rows, mcp_entry *out, up_error *err)
{
    mcp_entry e = {.verb = q->verb->name};
    json_t *question = part_of(on_rows, q->verb, is_question);
    json_t *fit = part_of(on_rows, q->verb, not_of_question);
    up_status status = question != NULL && fit != NULL ? UP_OK : mcp_fail_memory(err);
    bool fit_shows = strcmp(e.verb, "effect") == 0 || strcmp(e.verb, "fit") == 0;
    if (status == UP_OK && !fit_shows) {
        /* an effect without a question is what the fit itself shows, and counts once */
        (void)json_object_set_new(question, "verb", json_string(e.verb));
    }
    status = status == UP_OK ? hash_of(question, e.specification, err) : status;
    status = status == UP_OK ? hash_of(fit, e.scope, err) : status;
    if (status == UP_OK) {
        e.metrics = names_of(json_object_get(on_rows, "metric"));
        status = e.metrics != NULL ? UP_OK : mcp_fail_memory(err);
    }
    json_decref(question);
    json_decref(fit);
    if (status == UP_OK) {
        *out = e;
    }
    return status;
}

void
mcp_entry_clear(mcp_entry *e)
{
    free(e->metrics);
    json_decref(e->segments);
    *e = (mcp_entry){0};
}

static json_t *
line_of(const mcp_entry *e)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:s, s:O?}",
        "specification", e->specification, "scope", e->scope, "verb", e->verb,
        "metrics", e->metrics, "fixed", e->fixed, "accepted", e->accepted, "bytes",
        (json_int_t)e->bytes, "rows", (json_int_t)e->rows, "fingerprint",
        e->fingerprint, "segments", e->segments);
}

static const char *
text_in(const json_t *line, const char *name)
{
    const char *s = json_string_value(json_object_get(line, name));
    return s != NULL ? s : "";
}

static bool
seen_in(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0) {
            return true;
        }
    }
    return false;
}

static void
note_new(json_t *list, const char *word)
{
    if (!seen_in(list, word)) {
        (void)json_array_append_new(list, json_string(word));
    }
}

/* Every line that can be read, in order; the others are counted. */
static json_t *
lines_of(const char *text, int64_t *damaged)
{
    json_t *lines = json_array();
    while (lines != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        json_t *line = n > 0 ? json_loadb(text, n, 0, NULL) : NULL;
        if (json_is_object(line) && text_in(line, "specification")[0] != '\0') {
            (void)json_array_append(lines, line);
        } else {
            *damaged += n > 0 ? 1 : 0;
        }
        json_decref(line);
        text += n;
        text += *text == '\n' ? 1 : 0;
    }
    return lines;
}

static void
stand(const json_t *lines, const mcp_entry *e, mcp_standing *out)
{
    json_t *specifications = json_array();
    json_t *same = json_array();
    json_t *looks = json_array();
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *one = text_in(line, "specification");
        int64_t bytes = json_integer_value(json_object_get(line, "bytes"));
        note_new(specifications, one);
        if (strcmp(one, e->specification) == 0) {
            out->repeated |= strcmp(text_in(line, "verb"), e->verb) == 0;
            out->number = out->number > 0 ? out->number
                                          : (int64_t)json_array_size(specifications);
        }
        if (strcmp(text_in(line, "metrics"), e->metrics) == 0) {
            note_new(same, one);
        }
        if (!json_is_true(json_object_get(line, "fixed"))) {
            continue;
        }
        note_new(looks, text_in(line, "fingerprint"));
        bool same_rows = strcmp(text_in(line, "fingerprint"), e->fingerprint) == 0;
        out->known |= same_rows;
        if (!same_rows && bytes != e->bytes) {
            out->earlier_bytes = bytes;
            out->earlier_rows = json_integer_value(json_object_get(line, "rows"));
        }
    }
    note_new(specifications, e->specification);
    note_new(same, e->specification);
    if (e->fixed) {
        note_new(looks, e->fingerprint);
    }
    out->tried = (int64_t)json_array_size(specifications);
    out->number = out->number > 0 ? out->number : out->tried;
    out->same_metric = (int64_t)json_array_size(same);
    out->looks = (int64_t)json_array_size(looks);
    json_decref(specifications);
    json_decref(same);
    json_decref(looks);
}

static up_status
cannot(const char *what, int number, up_error *err)
{
    return mcp_fail(err, UP_E_WRITE, "cache",
        "make room there, or start the server with another --cache DIR",
        "the journal in the cache directory cannot be %s: %s", what, strerror(number));
}

/* Opens the journal of a family and waits until no other process has it. */
static up_status
open_journal(const mcp_workspace *w, const char *family, int *out, up_error *err)
{
    char *path = mcp_workspace_file(w, family, ".jsonl");
    if (path == NULL) {
        return mcp_fail_memory(err);
    }
    int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    int failed = file < 0 ? errno : 0;
    free(path);
    while (failed == 0 && flock(file, LOCK_EX) != 0) {
        failed = errno != EINTR ? errno : 0;
    }
    if (failed != 0) {
        if (file >= 0) {
            (void)close(file);
        }
        return cannot("opened", failed, err);
    }
    *out = file;
    return UP_OK;
}

static up_status
read_lines(int file, json_t **out, int64_t *damaged, up_error *err)
{
    struct stat info;
    if (fstat(file, &info) != 0 || info.st_size < 0 || info.st_size > LARGEST_JOURNAL) {
        return cannot("read", EFBIG, err);
    }
    size_t size = (size_t)info.st_size;
    size_t done = 0;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return mcp_fail_memory(err);
    }
    while (done < size) {
        ssize_t n = pread(file, text + done, size - done, (off_t)done);
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    text[done] = '\0';
    *out = lines_of(text, damaged);
    free(text);
    return *out != NULL ? UP_OK : mcp_fail_memory(err);
}

static up_status
append(int file, const mcp_entry *e, up_error *err)
{
    json_t *line = line_of(e);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (text == NULL) {
        return mcp_fail_memory(err);
    }
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the zero, which write() does not need */
    ssize_t written = write(file, text, n + 1);
    free(text);
    return written == (ssize_t)n + 1
               ? UP_OK
               : cannot("written", written < 0 ? errno : ENOSPC, err);
}

static up_status
refuse_peek(const mcp_standing *s, const mcp_entry *e, up_error *err)
{
    const up_verb *v = up_catalog_find(e->verb);
    bool sequential = v != NULL && mcp_option(v, "inference") != NULL;
    return mcp_fail(err, UP_E_PEEK, sequential ? "inference" : NULL,
        sequential ? "ask with --inference anytime and --planned, the size that was "
                     "planned; or --inference group with its looks"
                   : "this question has no answer that holds at every look; ask "
                     "infer_effect with --inference anytime and --planned",
        "an answer for one look was given on %lld rows, and now the data have %lld: "
        "this would be look %lld at intervals that hold for one",
        (long long)s->earlier_rows, (long long)e->rows, (long long)s->looks);
}

static up_status
work(const mcp_workspace *w, const char *family, const mcp_entry *e, bool write_it,
    mcp_standing *out, up_error *err)
{
    int file = -1;
    json_t *lines = NULL;
    mcp_standing s = {0};
    up_status status = open_journal(w, family, &file, err);
    if (status != UP_OK) {
        return status;
    }
    status = read_lines(file, &lines, &s.damaged, err);
    if (status == UP_OK) {
        stand(lines, e, &s);
        bool peek = e->fixed && s.earlier_bytes > 0 && !s.known && !e->accepted;
        if (write_it && peek) {
            status = refuse_peek(&s, e, err);
        } else if (write_it) {
            status = append(file, e, err);
        }
    }
    json_decref(lines);
    (void)close(file); /* gives the lock back */
    if (status == UP_OK) {
        *out = s;
    }
    return status;
}

up_status
mcp_journal_look(const mcp_workspace *w, const char *family, const mcp_entry *e,
    mcp_standing *out, up_error *err)
{
    return work(w, family, e, false, out, err);
}

up_status
mcp_journal_add(const mcp_workspace *w, const char *family, const mcp_entry *e,
    mcp_standing *out, up_error *err)
{
    return work(w, family, e, true, out, err);
}

up_status
mcp_journal_segments(const mcp_workspace *w, const char *family, const char *scope,
    json_t **out, up_error *err)
{
    int file = -1;
    int64_t damaged = 0;
    json_t *lines = NULL;
    json_t *found = json_array();
    up_status status =
        found != NULL ? open_journal(w, family, &file, err) : mcp_fail_memory(err);
    if (status == UP_OK) {
        status = read_lines(file, &lines, &damaged, err);
        (void)close(file);
    }
    for (size_t i = 0; status == UP_OK && i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const json_t *segments = json_object_get(line, "segments");
        bool same = strcmp(text_in(line, "scope"), scope) == 0;
        for (size_t k = 0; same && k < json_array_size(segments); k++) {
            const char *one = json_string_value(json_array_get(segments, k));
            note_new(found, one != NULL ? one : "");
        }
    }
    json_decref(lines);
    if (status != UP_OK) {
        json_decref(found);
        return status;
    }
    *out = found;
    return UP_OK;
}
