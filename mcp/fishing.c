/* The family of a fit is every condition that was asked of it, in this conversation or another.
 * Adjusting by max-t makes all their intervals hold at once; where its law is not known (a
 * sequential plan), Bonferroni's does.
 *
 * The rows of the conditions that were asked now come first, so that a bounded answer shows
 * them. What is asked is a request that the program would answer alike. */
#include "fishing.h"

#include "fail.h"
#include "journal.h"

#include <stdio.h>
#include <string.h>

/* Beyond this, intervals for all at once say little, and the question is another one. */
enum { MOST_CONDITIONS = 40 };

static void
add_once(json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0) {
            return;
        }
    }
    (void)json_array_append_new(list, json_string(word));
}

json_t *
mcp_segments_of(up_result *r)
{
    const char *text = up_result_json(r, 1);
    json_t *answer = text != NULL ? json_loads(text, 0, NULL) : NULL;
    json_t *found = answer != NULL ? json_array() : NULL;
    const json_t *rows = json_object_get(answer, "rows");
    for (size_t i = 0; found != NULL && i < json_array_size(rows); i++) {
        const char *segment =
            json_string_value(json_object_get(json_array_get(rows, i), "segment"));
        if (segment != NULL && segment[0] != '\0') {
            add_once(found, segment);
        }
    }
    json_decref(answer);
    return found;
}

static up_status
refuse_many(size_t n, up_error *err)
{
    return mcp_fail(err, UP_E_ARGUMENT, "where",
        "say how they are adjusted, e.g. --adjust bonferroni, or fit again with the "
        "segments that matter",
        "%zu conditions have been asked of this fit, and intervals that hold for all "
        "of "
        "them at once would say little",
        n);
}

/* The request for all conditions at once. *done is false where no such answer exists. */
static up_status
ask_together(const mcp_state *s, mcp_asked *q, const json_t *conditions,
    const char *how, up_run *run, up_result **result, bool *done)
{
    up_error ignored = UP_ERROR_INIT;
    up_result *r = NULL;
    json_t *before = q->arguments;
    json_t *asked = json_copy(before);
    if (asked == NULL) {
        return mcp_fail_memory(&ignored);
    }
    if (conditions != NULL) {
        (void)json_object_del(asked, "by");
        (void)json_object_set(asked, "where", (json_t *)(uintptr_t)conditions);
    }
    (void)json_object_set_new(asked, "adjust", json_string(how));
    q->arguments = asked;
    up_status status = mcp_run_verb(s, q, run, &r, &ignored);
    *done = status == UP_OK;
    q->arguments = *done ? asked : before;
    json_decref(*done ? before : asked);
    if (*done) {
        up_result_free(*result);
        *result = r;
    }
    return status == UP_E_STOPPED || status == UP_E_NO_MEMORY ? status : UP_OK;
}

static void
tell(json_t *agent, size_t all, size_t now, const char *how)
{
    char text[256];
    if (how != NULL) {
        (void)snprintf(text, sizeof text,
            "%zu conditions have been asked of this fit; the adjusted columns hold for "
            "all of them at once (%s); rows of the %zu asked now come first",
            all, how, now);
    } else {
        (void)snprintf(text, sizeof text,
            "%zu conditions have been asked of this fit and are not adjusted for one "
            "another; one of them may stand out by chance",
            all);
    }
    (void)json_object_set_new(agent, "segments",
        json_pack("{s:I, s:I, s:s?, s:s}", "asked", (json_int_t)all, "now",
            (json_int_t)now, "adjust", how, "text", text));
}

up_status
mcp_fishing_guard(const mcp_state *s, mcp_asked *q, const char *family,
    const char *scope, up_run *run, up_result **result, json_t *agent, up_error *err)
{
    static const char *const ways[] = {"max-t", "bonferroni", NULL};
    json_t *earlier = NULL;
    json_t *all = mcp_segments_of(*result);
    size_t now = json_array_size(all);
    bool done = false;
    if (all == NULL) {
        return mcp_fail_memory(err);
    }
    if (now == 0 || family[0] == '\0') {
        json_decref(all);
        return UP_OK;
    }
    up_status status =
        mcp_journal_segments(&s->workspace, family, scope, &earlier, err);
    for (size_t i = 0; status == UP_OK && i < json_array_size(earlier); i++) {
        add_once(all, json_string_value(json_array_get(earlier, i)));
    }
    size_t n = json_array_size(all);
    bool told = json_object_get(q->arguments, "adjust") != NULL;
    bool differences = json_object_get(q->arguments, "compare_segments") != NULL;
    if (status == UP_OK && n > 1 && !told && n > MOST_CONDITIONS) {
        status = refuse_many(n, err);
    }
    for (size_t i = 0; status == UP_OK && n > 1 && !told && !done && ways[i]; i++) {
        /* differences of segments are not conditions of their own */
        status = ask_together(
            s, q, n > now && !differences ? all : NULL, ways[i], run, result, &done);
        if (done) {
            tell(agent, n, now, ways[i]);
        }
    }
    if (status == UP_E_STOPPED || status == UP_E_NO_MEMORY) {
        (void)mcp_fail(err, status, NULL, NULL, "%s", up_status_text(status));
    }
    if (status == UP_OK && n > 1 && !done) {
        tell(agent, n, now, NULL);
        const char *given = mcp_argument_text(q->arguments, "adjust");
        if (given != NULL && strcmp(given, "none") != 0) {
            (void)json_object_del(agent, "segments"); /* adjusted as asked */
        }
    }
    json_decref(earlier);
    json_decref(all);
    return status;
}
