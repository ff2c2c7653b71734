/* Help from the catalog: the overview, and the page of a verb with its examples first. */
#include "catalog/paragraph.h"
#include "catalog/verbs.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_WIDTH = 80, LEAST_WIDTH = 40, MOST_WIDTH = 100, OPTION_COLUMN = 8 };

static int
page_width(int width)
{
    if (width <= 0) {
        return DEFAULT_WIDTH;
    }
    return width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : width;
}

static void
add_choices_and_default(upi_text *t, const up_option *o)
{
    if (o->choices != NULL) {
        upi_text_addf(t, " One of %s.", o->choices);
    }
    if (o->fallback != NULL && o->type != UP_OPTION_FLAG) {
        upi_text_addf(t, " Default: %s.", o->fallback);
    }
}

static void
add_option(upi_text *out, const up_option *o, int width)
{
    upi_text doc = {0};
    upi_text_add(&doc, o->doc);
    add_choices_and_default(&doc, o);
    if (o->positional != 0) {
        upi_text_addf(out, "  %s", o->value);
    } else {
        upi_text_addf(out, "  --%s", o->name);
        if (o->type != UP_OPTION_FLAG) {
            upi_text_addf(out, " %s", o->value);
        }
    }
    upi_text_add_char(out, '\n');
    upi_spaces(out, OPTION_COLUMN);
    upi_paragraph(out, doc.s != NULL ? doc.s : "", OPTION_COLUMN, OPTION_COLUMN, width);
    out->failed |= doc.failed;
    upi_text_free(&doc);
}

/* The options of one table under their headings, each heading once, in the order in which
 * they first appear. */
static void
add_options(upi_text *out, const up_option *options, int width)
{
    for (const up_option *o = options; o->name != NULL; o++) {
        bool seen = false;
        for (const up_option *before = options; before < o; before++) {
            seen |= strcmp(before->group, o->group) == 0;
        }
        if (seen) {
            continue;
        }
        upi_text_addf(out, "\n%s\n", o->group);
        for (const up_option *p = o; p->name != NULL; p++) {
            if (strcmp(p->group, o->group) == 0) {
                add_option(out, p, width);
            }
        }
    }
}

static void
add_usage(upi_text *out, const up_verb *v)
{
    upi_text_addf(out, "  upshot %s", v->name);
    bool more = false;
    for (const up_option *o = v->options; o->name != NULL; o++) {
        if (o->positional != 0) {
            upi_text_addf(out, o->required != 0 ? " %s" : " [%s]", o->value);
        } else {
            more = true;
        }
    }
    upi_text_add(out, more ? " [options]\n" : "\n");
}

static void
add_verb_page(upi_text *out, const up_verb *v, int width)
{
    upi_text_addf(out, "upshot %s - ", v->name);
    upi_paragraph(out, v->summary, 4, (int)strlen(v->name) + 10, width);
    upi_text_add(out, "\nExamples\n");
    for (int64_t i = 0; v->examples[i] != NULL; i++) {
        upi_text_add(out, "  ");
        upi_paragraph(out, v->examples[i], 6, 2, width);
    }
    upi_text_add(out, "\nUsage\n");
    add_usage(out, v);
    upi_text_add_char(out, '\n');
    upi_paragraph(out, v->doc, 0, 0, width);
    add_options(out, v->options, width);
    if (!upi_verb_is_own(v)) {
        add_options(out, up_catalog_globals(), width);
    }
    upi_text_add(out, "\nRefusals\n  ");
    upi_text list = {0};
    for (int64_t i = 0; v->refusals[i] != NULL; i++) {
        upi_text_addf(&list, "%s%s", i > 0 ? ", " : "", v->refusals[i]);
    }
    upi_paragraph(out, list.s != NULL ? list.s : "", 2, 2, width);
    out->failed |= list.failed;
    upi_text_free(&list);
    upi_text_add(out, "  'upshot explain CODE' tells what each means.\n");
}

static void
add_summary(upi_text *out, const up_verb *v, int width)
{
    upi_text_addf(out, "  %s", v->name);
    upi_spaces(out, 11 - (int)strlen(v->name));
    upi_paragraph(out, v->summary, 13, 13, width);
}

static void
add_overview(upi_text *out, int width)
{
    int64_t i = 0;
    upi_text_addf(out, "upshot %s - ", up_version());
    upi_paragraph(out, "what changed, for whom, and can it be trusted", 4, 20, width);
    upi_text_add(out, "\nExamples\n"
                      "  upshot simulate shop shop.parquet\n"
                      "  upshot describe shop.parquet\n"
                      "  upshot check shop.parquet --itt arm --metric sales\n"
                      "  upshot effect shop.parquet --itt arm --metric sales "
                      "--covariates device\n"
                      "\nVerbs\n");
    for (; up_catalog_verb(i) != NULL; i++) {
        add_summary(out, up_catalog_verb(i), width);
    }
    upi_text_add(out, "\nFor agents\n");
    for (; upi_catalog_page(i) != NULL; i++) {
        add_summary(out, upi_catalog_page(i), width);
    }
    upi_text_add(out, "\n'upshot help VERB' shows the options of a verb. Every verb "
                      "takes --json,\n"
                      "which UPSHOT_OUTPUT=json in the environment makes the default.\n"
                      "Exit status: 0 done, 1 internal, 2 usage, 3 data or output, "
                      "4 refused,\n"
                      "5 a check failed and --strict was given, 130 interrupted.\n");
}

up_status
up_catalog_help(const char *verb, int width, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    const up_verb *v = NULL;
    int columns = page_width(width);
    if (verb == NULL) {
        add_overview(&t, columns);
    } else {
        UP_TRY(upi_catalog_require_page(verb, &v, err));
        add_verb_page(&t, v, columns);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}

void
up_text_free(char *text)
{
    upi_free(text);
}
