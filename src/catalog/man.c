/* Man pages from the catalog, in the man macros of roff. A line that begins with a dot or
 * an apostrophe would be a request and a backslash an escape, so texts are escaped. */
#include "catalog/verbs.h"

#include <string.h>

/* A text inside a paragraph: hyphens of options stay hyphens. */
static void
add_escaped(upi_text *out, const char *s)
{
    bool line_begins = true;
    for (; *s != '\0'; s++) {
        if (line_begins && (*s == '.' || *s == '\'')) {
            upi_text_add(out, "\\&");
        }
        line_begins = *s == '\n';
        switch (*s) {
        case '\\':
            upi_text_add(out, "\\e");
            break;
        case '-':
            upi_text_add(out, "\\-");
            break;
        case '\'':
            upi_text_add(out, "\\(aq");
            break;
        case '`':
            upi_text_add(out, "\\(ga");
            break;
        case '^':
            upi_text_add(out, "\\(ha");
            break;
        case '~':
            upi_text_add(out, "\\(ti");
            break;
        case '"':
            upi_text_add(out, "\\(dq");
            break;
        default:
            upi_text_add_char(out, *s);
        }
    }
}

/* The choices a|b|c as words, so that a line may break between them. */
static void
add_choices(upi_text *out, const char *choices)
{
    for (const char *c = choices; *c != '\0'; c++) {
        char one[] = {*c, '\0'};
        add_escaped(out, *c == '|' ? ", " : one);
    }
}

/* Paragraphs separated by an empty line. */
static void
add_paragraphs(upi_text *out, const char *s)
{
    while (*s != '\0') {
        const char *end = strstr(s, "\n\n");
        size_t n = end != NULL ? (size_t)(end - s) : strlen(s);
        char *part = upi_strndup(s, n);
        if (part == NULL) {
            out->failed = true;
            return;
        }
        add_escaped(out, part);
        upi_free(part);
        upi_text_add_char(out, '\n');
        s += n;
        if (end != NULL) {
            upi_text_add(out, ".PP\n");
            s += 2;
        }
    }
}

static void
add_title(upi_text *out, const char *name, const char *summary)
{
    upi_text_addf(
        out, ".TH \"%s\" 1 \"\" \"upshot %s\" \"Upshot\"\n", name, up_version());
    upi_text_add(out, ".SH NAME\n");
    add_escaped(out, name);
    upi_text_add(out, " \\- ");
    add_escaped(out, summary);
    upi_text_add_char(out, '\n');
}

static void
add_option(upi_text *out, const up_option *o)
{
    upi_text_add(out, ".TP\n");
    if (o->positional != 0) {
        upi_text_addf(out, "\\fI%s\\fR\n", o->value);
    } else {
        upi_text_add(out, "\\fB\\-\\-");
        add_escaped(out, o->name);
        upi_text_add(out, "\\fR");
        if (o->type != UP_OPTION_FLAG) {
            upi_text_addf(out, " \\fI%s\\fR", o->value);
        }
        upi_text_add_char(out, '\n');
    }
    add_escaped(out, o->doc);
    if (o->choices != NULL) {
        upi_text_add(out, " One of ");
        add_choices(out, o->choices);
        upi_text_add_char(out, '.');
    }
    if (o->fallback != NULL && o->type != UP_OPTION_FLAG) {
        upi_text_add(out, " Default: ");
        add_escaped(out, o->fallback);
        upi_text_add_char(out, '.');
    }
    upi_text_add_char(out, '\n');
}

static void
add_examples(upi_text *out, const char *const *examples)
{
    upi_text_add(out, ".SH EXAMPLES\n");
    for (int64_t i = 0; examples[i] != NULL; i++) {
        upi_text_add(out, i > 0 ? ".PP\n.nf\n" : ".nf\n");
        add_escaped(out, examples[i]);
        upi_text_add(out, "\n.fi\n");
    }
}

static void
add_verb_page(upi_text *out, const up_verb *v)
{
    char name[64];
    upi_line_copy(name, sizeof name, "upshot-");
    upi_line_copy(name + 7, sizeof name - 7, v->name);
    add_title(out, name, v->summary);
    upi_text_addf(out, ".SH SYNOPSIS\n.B upshot %s\n", v->name);
    for (const up_option *o = v->options; o->name != NULL; o++) {
        if (o->positional != 0) {
            upi_text_addf(out, ".RI %s%s%s\n", o->required != 0 ? "" : "[ ", o->value,
                o->required != 0 ? "" : " ]");
        }
    }
    upi_text_add(out, ".RI [ options ]\n");
    add_examples(out, v->examples);
    upi_text_add(out, ".SH DESCRIPTION\n");
    add_paragraphs(out, v->doc);
    upi_text_add(out, ".SH OPTIONS\n");
    for (const up_option *o = v->options; o->name != NULL; o++) {
        add_option(out, o);
    }
    if (!upi_verb_is_own(v)) {
        upi_text_add(out, ".SS Of the program\n");
        for (const up_option *o = up_catalog_globals(); o->name != NULL; o++) {
            add_option(out, o);
        }
    }
    upi_text_add(out, ".SH REFUSALS\n");
    for (int64_t i = 0; v->refusals[i] != NULL; i++) {
        add_escaped(out, v->refusals[i]);
        upi_text_add(out, v->refusals[i + 1] != NULL ? ",\n" : ".\n");
    }
    upi_text_add(out, ".SH SEE ALSO\n.BR upshot (1)\n");
}

static void
add_overview(upi_text *out)
{
    add_title(out, "upshot", "experiment data into decisions a business can defend");
    upi_text_add(out, ".SH SYNOPSIS\n.B upshot\n.I verb\n.RI [ options ]\n");
    upi_text_add(out, ".SH VERBS\n");
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        const up_verb *v = upi_catalog_page(i);
        upi_text_addf(out, ".TP\n\\fB%s\\fR\n", v->name);
        add_escaped(out, v->summary);
        upi_text_addf(out, "; see\n.BR upshot\\-%s (1)\n", v->name);
    }
    upi_text_add(out, ".SH EXIT STATUS\n");
    static const char *const codes[][2] = {{"0", "done"}, {"1", "an internal failure"},
        {"2", "the command line or the request is not valid"},
        {"3", "data cannot be read, or output cannot be written"},
        {"4", "refused, with the reason and what to do"},
        {"5", "done, but a check failed and --strict was given"},
        {"130", "interrupted"}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        upi_text_addf(out, ".TP\n.B %s\n", codes[i][0]);
        add_escaped(out, codes[i][1]);
        upi_text_add_char(out, '\n');
    }
    upi_text_add(out, ".SH ENVIRONMENT\n.TP\n.B UPSHOT_DUCKDB\n"
                      "Path of the DuckDB library.\n"
                      ".TP\n.B UPSHOT_OUTPUT\n"
                      "json: as if --json were given with every verb.\n"
                      ".TP\n.BR NO_COLOR , \" CLICOLOR_FORCE\"\n"
                      "No colours; colours always.\n");
}

up_status
up_catalog_man(const char *verb, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    const up_verb *v = NULL;
    if (verb == NULL) {
        add_overview(&t);
    } else {
        UP_TRY(upi_catalog_require_page(verb, &v, err));
        add_verb_page(&t, v);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}
