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
ask_together(const mcp_fishing *f, mcp_asked *q, const json_t *conditions,
    const char *how, up_result **result, bool *done)
{
    up_error ignored = UP_ERROR_INIT;
    up_result *r = NULL;
    json_t *before = q->arguments;
    json_t *asked = json_copy(before);
    if (asked == NULL) {
        return UP_E_NO_MEMORY;
    }
    if (conditions != NULL) {
        (void)json_object_del(asked, "by");
        (void)json_object_set(asked, "where", mcp_borrow(conditions));
    }
    (void)json_object_set_new(asked, "adjust", json_string(how));
    q->arguments = asked;
    up_status status = mcp_run_verb(f->state, q, f->run, &r, &ignored);
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

/* All conditions together by the first way that answers; *how NULL = none does. */
static up_status
adjust(const mcp_fishing *f, mcp_asked *q, const json_t *conditions, up_result **result,
    const char **how)
{
    static const char *const ways[] = {"max-t", "bonferroni", NULL};
    *how = NULL;
    for (const char *const *way = ways; *way != NULL && *how == NULL; way++) {
        bool done = false;
        up_status status = ask_together(f, q, conditions, *way, result, &done);
        if (status != UP_OK) {
            return status;
        }
        *how = done ? *way : NULL;
    }
    return UP_OK;
}

/* The conditions of the result and those that were asked before, in this order. */
static up_status
gather(const mcp_fishing *f, json_t *all, up_error *err)
{
    json_t *earlier = NULL;
    up_status status =
        mcp_journal_segments(&f->state->workspace, f->family, f->scope, &earlier, err);
    for (size_t i = 0; status == UP_OK && i < json_array_size(earlier); i++) {
        add_once(all, json_string_value(json_array_get(earlier, i)));
    }
    json_decref(earlier);
    return status;
}

up_status
mcp_fishing_guard(const mcp_fishing *f, mcp_asked *q, up_result **result, up_error *err)
{
    const char *how = NULL;
    json_t *all = mcp_segments_of(*result);
    size_t now = json_array_size(all);
    const char *given = mcp_argument_text(q->arguments, "adjust");
    up_status status = UP_OK;
    if (all == NULL) {
        return mcp_fail_memory(err);
    }
    if (now > 0 && f->family[0] != '\0') {
        status = gather(f, all, err);
    }
    size_t n = json_array_size(all);
    bool many = status == UP_OK && n > 1 && f->family[0] != '\0';
    if (many && given == NULL && n > MOST_CONDITIONS) {
        status = refuse_many(n, err);
    } else if (many && given == NULL) {
        /* differences of segments are not conditions of their own */
        bool whole = json_object_get(q->arguments, "compare_segments") != NULL;
        status = adjust(f, q, n > now && !whole ? all : NULL, result, &how);
        if (status != UP_OK) {
            status = mcp_fail(err, status, NULL, NULL, "%s", up_status_text(status));
        }
    }
    if (many && status == UP_OK && (given == NULL || strcmp(given, "none") == 0)) {
        tell(f->agent, n, now, how);
    }
    json_decref(all);
    return status;
}
