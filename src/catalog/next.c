/* The commands that a result suggests, written so that they can be pasted into a shell. */
#include "catalog/pipeline.h"
#include "catalog/verbs.h"

#include <string.h>

void
upi_shell_word(upi_text *t, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_./,:=+@%-";
    if (word[0] != '\0' && strspn(word, safe) == strlen(word)) {
        upi_text_add(t, word);
        return;
    }
    upi_text_add_char(t, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            upi_text_add(t, "'\\''");
        } else {
            upi_text_add_char(t, *word);
        }
    }
    upi_text_add_char(t, '\'');
}

static void
add_option(upi_text *t, const up_option *o, const upi_value *v)
{
    if (o->type == UP_OPTION_FLAG) {
        if (v->integer != 0) {
            upi_text_addf(t, " --%s", o->name);
        }
        return;
    }
    if (o->commas != 0) {
        upi_text joined = {0};
        for (int64_t k = 0; k < v->n; k++) {
            upi_text_addf(&joined, "%s%s", k > 0 ? "," : "", v->text[k]);
        }
        upi_text_addf(t, " --%s ", o->name);
        upi_shell_word(t, joined.s != NULL ? joined.s : "");
        t->failed |= joined.failed;
        upi_text_free(&joined);
        return;
    }
    for (int64_t k = 0; k < v->n; k++) {
        upi_text_addf(t, " --%s ", o->name);
        upi_shell_word(t, v->text[k]);
    }
}

/* What was overridden once has to be overridden again, where the verb can be. */
static void
add_accepted(upi_text *t, const upi_request *q, const up_verb *to)
{
    const up_option *o = upi_option_find(to->options, "accept");
    if (o == NULL || upi_option_find(q->verb->options, "accept") == NULL) {
        return;
    }
    const upi_value *v = upi_request_value(q, "accept");
    for (int64_t k = 0; k < v->n; k++) {
        if (strstr(o->choices, v->text[k]) != NULL) {
            upi_text_addf(t, " --accept %s", v->text[k]);
        }
    }
}

up_status
upi_next_command(const upi_request *q, const char *verb, const char *source, bool roles,
    char **out, up_error *err)
{
    upi_text t = {0};
    const up_verb *to = up_catalog_find(verb);
    upi_text_addf(&t, "upshot %s ", verb);
    upi_shell_word(&t, source);
    for (int64_t i = 0; roles && i < q->n_options; i++) {
        const up_option *o = &q->verb->options[i];
        bool design =
            strcmp(o->group, "Design") == 0 || strcmp(o->group, "Metrics") == 0;
        if (design && q->value[i].given &&
            upi_option_find(to->options, o->name) != NULL) {
            add_option(&t, o, &q->value[i]);
        }
    }
    add_accepted(&t, q, to);
    return upi_text_take(&t, out, err);
}

up_status
upi_next_again(const upi_request *q, const upi_pipeline *p, const char *more,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    upi_text t = {0};
    const char *source = upi_request_text(q, "source");
    if (strcmp(source, "-") == 0) {
        return UP_OK;
    }
    UP_TRY(upi_next_command(q, q->verb->name, source, !p->capsule, &next, err));
    upi_text_add(&t, next);
    for (int64_t i = 0; i < q->n_options; i++) {
        const up_option *o = &q->verb->options[i];
        bool metric = p->capsule && strcmp(o->group, "Metrics") == 0;
        bool asks = strcmp(o->group, "Question") == 0 ||
                    strcmp(o->group, "Inference") == 0 || metric;
        if (asks && q->value[i].given) {
            add_option(&t, o, &q->value[i]);
        }
    }
    upi_text_add(&t, more);
    upi_free(next);
    next = NULL;
    UP_TRY(upi_text_take(&t, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_text_free(&t);
    upi_free(next);
    return status;
}

up_status
upi_next_roles(const upi_request *q, const upi_pipeline *p, const char *verb,
    up_result *r, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    const char *source = upi_request_text(q, "source");
    if (strcmp(source, "-") == 0) {
        return UP_OK;
    }
    UP_TRY(upi_next_command(q, verb, source, !p->capsule, &next, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", next));
out:
    upi_free(next);
    return status;
}
