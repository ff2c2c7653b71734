/* `upshot explain`: finds the page of a code and sets it for a terminal. */
#include "catalog/explain.h"

#include "catalog/paragraph.h"
#include "catalog/verbs.h"

#include <string.h>

enum { WIDTH = 80, MOST_CODES = 128 };

static const upi_page *
page_at(int64_t i)
{
    for (const upi_page *p = upi_status_pages; p->code != NULL; p++) {
        if (i-- == 0) {
            return p;
        }
    }
    for (const upi_page *p = upi_note_pages; p->code != NULL; p++) {
        if (i-- == 0) {
            return p;
        }
    }
    return NULL;
}

const char *
upi_explain_code(int64_t i)
{
    const upi_page *p = page_at(i);
    return p != NULL ? p->code : NULL;
}

/* The sentence of the list in which the code was declared. */
static const char *
sentence(const char *code)
{
#define STATUS(name, number, exit_code, text)                                          \
    if (strcmp(code, #name) == 0) {                                                    \
        return text;                                                                   \
    }
#define NOTE(name, number, text)                                                       \
    if (strcmp(code, #name) == 0) {                                                    \
        return text;                                                                   \
    }
    UP_STATUS_LIST(STATUS)
    UP_NOTE_LIST(NOTE)
#undef STATUS
#undef NOTE
    return "";
}

static int
exit_code(const char *code)
{
#define STATUS(name, number, exit_status, text)                                        \
    if (strcmp(code, #name) == 0) {                                                    \
        return exit_status;                                                            \
    }
    UP_STATUS_LIST(STATUS)
#undef STATUS
    return -1;
}

static void
add_part(upi_text *t, const char *heading, const char *text)
{
    if (text[0] != '\0') {
        upi_text_addf(t, "\n%s\n  ", heading);
        upi_paragraph(t, text, 2, 2, WIDTH);
    }
}

static void
add_page(upi_text *t, const upi_page *p)
{
    upi_text_addf(t, "%s: ", p->code);
    upi_paragraph(t, sentence(p->code), 2, (int)strlen(p->code) + 2, WIDTH);
    add_part(t, "What it means", p->means);
    add_part(t, "Why it matters", p->matters);
    add_part(t, "Where the line is", p->threshold);
    add_part(t, "What to do", p->todo);
    if (exit_code(p->code) >= 0) {
        upi_text_addf(t, "\nExit status %d\n", exit_code(p->code));
    }
}

static void
add_list(upi_text *t)
{
    int widest = 0;
    upi_text_add(t, "Statuses (E_), warnings (W_) and notes (N_)\n");
    for (int64_t i = 0; page_at(i) != NULL; i++) {
        int length = (int)strlen(page_at(i)->code);
        widest = length > widest ? length : widest;
    }
    for (int64_t i = 0; page_at(i) != NULL; i++) {
        const char *code = page_at(i)->code;
        upi_text_addf(t, "  %s", code);
        upi_spaces(t, widest + 2 - (int)strlen(code));
        upi_paragraph(t, sentence(code), widest + 4, widest + 4, WIDTH);
    }
}

static up_status
refuse(const char *code, up_error *err)
{
    const char *codes[MOST_CODES];
    int64_t n = 0;
    while (n < MOST_CODES && page_at(n) != NULL) {
        codes[n] = page_at(n)->code;
        n++;
    }
    (void)upi_fail(err, UP_E_USAGE, "code", "there is no code '%s'", code);
    const char *near = upi_text_nearest(code, codes, n);
    if (near != NULL) {
        return upi_fix(err, "did you mean %s?", near);
    }
    return upi_fix(err, "'upshot explain' lists the codes");
}

up_status
up_catalog_explain(const char *code, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    if (code == NULL) {
        add_list(&t);
    } else {
        const upi_page *page = NULL;
        for (int64_t i = 0; page_at(i) != NULL; i++) {
            if (strcmp(page_at(i)->code, code) == 0) {
                page = page_at(i);
            }
        }
        if (page == NULL) {
            status = refuse(code, err);
            goto out;
        }
        add_page(&t, page);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}
