/* The list of verbs, and finding one by its name. */
#include "catalog/options.h"
#include "catalog/verbs.h"

#include <string.h>

enum { MOST_OPTIONS = 96 };

static const up_option globals[] = {
    {.name = "json",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "Print one JSON object instead of text: 5 significant digits, at most "
               "--limit rows. The environment variable UPSHOT_OUTPUT=json makes it the "
               "default; --csv goes before it.",
        .example = "true"},
    {.name = "full",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "With --json: all rows, every digit.",
        .example = "true"},
    {.name = "csv",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "Print the rows as CSV, every digit.",
        .example = "true"},
    {.name = "output",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Program",
        .doc = "Write to a file, at once or not at all.",
        .example = "result.json"},
    {.name = "input",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Program",
        .doc = "Take options from a JSON object with the same names; - reads standard "
               "input.",
        .example = "request.json"},
    {.name = "ascii",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "Plain characters only.",
        .example = "true"},
    {.name = "color",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "Colours even where the output is not a terminal.",
        .example = "true"},
    {.name = "no-color",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "No colours.",
        .example = "true"},
    {.name = "quiet",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "No progress and no notes on standard error.",
        .example = "true"},
    {.name = "progress",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "Progress on standard error even where it is not a terminal.",
        .example = "true"},
    {.name = "help",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "This page.",
        .example = "true"},
    {.name = "version",
        .type = UP_OPTION_FLAG,
        .group = "Program",
        .doc = "The version.",
        .example = "true"},
    OPTION_END,
};

const up_option *
up_catalog_globals(void)
{
    return globals;
}

const up_verb *
up_catalog_verb(int64_t i)
{
#define VERB(name) &upi_verb_##name,
    static const up_verb *const verbs[] = {UPI_VERB_LIST(VERB)};
#undef VERB
    return i >= 0 && i < (int64_t)(sizeof verbs / sizeof verbs[0]) ? verbs[i] : NULL;
}

const up_verb *
upi_catalog_page(int64_t i)
{
    int64_t n = 0;
    while (n < i && up_catalog_verb(n) != NULL) {
        n++;
    }
    if (up_catalog_verb(n) != NULL) {
        return up_catalog_verb(i);
    }
    return i == n ? &upi_verb_mcp : NULL;
}

static const up_verb *
find_among(const up_verb *(*list)(int64_t), const char *name)
{
    for (int64_t i = 0; name != NULL && list(i) != NULL; i++) {
        if (strcmp(list(i)->name, name) == 0) {
            return list(i);
        }
    }
    return NULL;
}

const up_verb *
up_catalog_find(const char *name)
{
    return find_among(up_catalog_verb, name);
}

static up_status
require_among(const up_verb *(*list)(int64_t), const char *name, const up_verb **out,
    up_error *err)
{
    const char *names[32];
    int64_t n = 0;
    *out = find_among(list, name);
    if (*out != NULL) {
        return UP_OK;
    }
    if (find_among(upi_catalog_page, name) != NULL) {
        (void)upi_fail(err, UP_E_USAGE, "verb",
            "'%s' is a verb of the program: it takes no request and has no schema",
            name);
        return upi_fix(
            err, "upshot %s; 'upshot help %s' tells what it does", name, name);
    }
    for (; n < 32 && list(n) != NULL; n++) {
        names[n] = list(n)->name;
    }
    (void)upi_fail(
        err, UP_E_USAGE, "verb", "there is no verb '%s'", name != NULL ? name : "");
    const char *near = name != NULL ? upi_text_nearest(name, names, n) : NULL;
    if (near != NULL) {
        return upi_fix(err, "did you mean 'upshot %s'?", near);
    }
    return upi_fix(err, "'upshot help' lists the verbs");
}

up_status
upi_catalog_require(const char *name, const up_verb **out, up_error *err)
{
    return require_among(up_catalog_verb, name, out, err);
}

up_status
upi_catalog_require_page(const char *name, const up_verb **out, up_error *err)
{
    return require_among(upi_catalog_page, name, out, err);
}

up_status
upi_fail_unknown_option(const up_verb *verb, const char *name, up_error *err)
{
    const char *names[MOST_OPTIONS];
    int64_t n = 0;
    for (const up_option *o = verb->options; o->name != NULL && n < MOST_OPTIONS; o++) {
        names[n++] = o->name;
    }
    for (const up_option *o = globals; o->name != NULL && n < MOST_OPTIONS; o++) {
        names[n++] = o->name;
    }
    (void)upi_fail(err, UP_E_USAGE, name, "%s has no option --%s", verb->name, name);
    const char *near = upi_text_nearest(name, names, n);
    if (near != NULL) {
        return upi_fix(err, "did you mean --%s? 'upshot help %s' lists the options",
            near, verb->name);
    }
    return upi_fix(err, "'upshot help %s' lists the options", verb->name);
}
