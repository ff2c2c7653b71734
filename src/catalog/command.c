/* Splits a command line by the catalog. Only names and shapes are checked here, so that one
 * place (request.c) judges values, whichever door they came through. */
#include "catalog/input.h"
#include "catalog/options.h"
#include "catalog/overwrite.h"
#include "catalog/verbs.h"

#include <string.h>

struct up_command {
    up_command_settings settings;
    const up_verb *verb;
    upi_arguments arguments;
    char *verb_name, *topic, *output;
    bool options_ended;
    int64_t n_positional;
};

static bool
own_verb(const char *name)
{
    return strcmp(name, "help") == 0 || strcmp(name, "man") == 0 ||
           strcmp(name, "completion") == 0;
}

static up_status
refuse_value(const char *name, const char *value, up_error *err)
{
    (void)upi_fail(err, UP_E_USAGE, name,
        "--%s is a switch and takes no value, but '%s' was given", name, value);
    return upi_fix(err, "write --%s alone", name);
}

/* Switches of the program; false when the name is not one of them. */
static bool
set_switch(up_command *c, const char *name)
{
    up_command_settings *s = &c->settings;
    struct {
        const char *name;
        int64_t *to;
        int64_t value;
    } known[] = {{"json", &s->json, 1}, {"full", &s->full, 1}, {"csv", &s->csv, 1},
        {"ascii", &s->ascii, 1}, {"color", &s->color, 1}, {"no-color", &s->color, -1},
        {"quiet", &s->quiet, 1}, {"progress", &s->progress, 1}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (upi_option_same(known[i].name, name)) {
            *known[i].to = known[i].value;
            return true;
        }
    }
    return false;
}

/* --help speaks of the verb before it, if there is one. */
static up_status
ask_for_help(up_command *c, up_error *err)
{
    upi_free(c->topic);
    c->topic = NULL;
    c->settings.verb = "help";
    return c->verb != NULL ? upi_strdup_to(&c->topic, c->verb->name, err) : UP_OK;
}

static up_status
set_output(up_command *c, const char *path, up_error *err)
{
    if (c->output != NULL) {
        (void)upi_fail(err, UP_E_USAGE, "output", "--output is given twice");
        (void)upi_fix(err, "give --output once");
        return UP_E_USAGE;
    }
    return upi_strdup_to(&c->output, path, err);
}

static up_status
take_global(up_command *c, const up_option *o, const char *value, up_error *err)
{
    if (o->type == UP_OPTION_FLAG && value != NULL) {
        return refuse_value(o->name, value, err);
    }
    if (set_switch(c, o->name)) {
        return UP_OK;
    }
    if (strcmp(o->name, "help") == 0) {
        return ask_for_help(c, err);
    }
    if (strcmp(o->name, "version") == 0) {
        c->settings.verb = "version";
        return UP_OK;
    }
    if (strcmp(o->name, "output") == 0) {
        return set_output(c, value, err);
    }
    return upi_input_read(value, &c->arguments, err);
}

/* The option a name stands for, of the verb or of the program. */
static const up_option *
find_option(const up_command *c, const char *name, bool *global)
{
    const up_option *o =
        c->verb != NULL ? upi_option_find(c->verb->options, name) : NULL;
    *global = false;
    if (o == NULL) {
        *global = true;
        o = upi_option_find(up_catalog_globals(), name);
    }
    return o;
}

static up_status
refuse_unknown(const up_command *c, const char *name, up_error *err)
{
    if (c->verb != NULL) {
        return upi_fail_unknown_option(c->verb, name, err);
    }
    (void)upi_fail(
        err, UP_E_USAGE, name, "--%s stands before the verb or is not an option", name);
    return upi_fix(err, "write the verb first: upshot VERB --%s; 'upshot help'", name);
}

/* One word that begins with "--"; *used is set when the next word was its value. */
static up_status
take_option(
    up_command *c, const char *word, const char *next, bool *used, up_error *err)
{
    up_status status = UP_OK;
    char *name = NULL;
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const char *value = equals != NULL ? equals + 1 : NULL;
    bool global = false;
    name = upi_strndup(word, n);
    if (name == NULL) {
        return upi_fail_memory(err, n + 1);
    }
    const up_option *o = find_option(c, name, &global);
    if (o == NULL) {
        status = refuse_unknown(c, name, err);
        goto out;
    }
    if (o->type == UP_OPTION_FLAG && !global) {
        UP_TRY(value != NULL ? refuse_value(o->name, value, err) : UP_OK);
        value = "true";
    } else if (o->type != UP_OPTION_FLAG && value == NULL) {
        if (next == NULL || strncmp(next, "--", 2) == 0) {
            (void)upi_fail(err, UP_E_USAGE, o->name, "--%s needs a value", o->name);
            (void)upi_fix(err, "e.g. --%s %s", o->name, o->example);
            status = UP_E_USAGE;
            goto out;
        }
        value = next;
        *used = true;
    }
    if (global) {
        status = take_global(c, o, value, err);
    } else {
        status = upi_arguments_add(&c->arguments, o->name, value, err);
    }
out:
    upi_free(name);
    return status;
}

static up_status
take_verb(up_command *c, const char *word, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_strdup_to(&c->verb_name, word, err));
    if (!own_verb(word)) {
        UP_TRY(upi_catalog_require_page(word, &c->verb, err));
    }
    if (c->settings.verb == NULL) {
        c->settings.verb = c->verb_name;
    }
out:
    return status;
}

static up_status
take_topic(up_command *c, const char *word, up_error *err)
{
    if (c->topic != NULL) {
        (void)upi_fail(err, UP_E_USAGE, NULL, "'%s' is one word too many", word);
        return upi_fix(err, "upshot %s takes one word", c->verb_name);
    }
    return upi_strdup_to(&c->topic, word, err);
}

static up_status
take_positional(up_command *c, const char *word, up_error *err)
{
    int64_t seen = 0;
    for (const up_option *o = c->verb->options; o->name != NULL; o++) {
        if (o->positional != 0 && seen++ == c->n_positional) {
            c->n_positional +=
                o->type == UP_OPTION_LIST ? 0 : 1; /* a list takes the rest */
            return upi_arguments_add(&c->arguments, o->name, word, err);
        }
    }
    (void)upi_fail(err, UP_E_USAGE, NULL, "'%s' is one word too many", word);
    return upi_fix(err,
        "options begin with --; 'upshot help %s' lists them; quote words that belong "
        "together",
        c->verb->name);
}

/* A word that is no option: the verb, the topic of help, or the next positional. */
static up_status
take_word(up_command *c, const char *word, up_error *err)
{
    if (c->verb_name == NULL) {
        return take_verb(c, word, err);
    }
    return c->verb == NULL ? take_topic(c, word, err) : take_positional(c, word, err);
}

static up_status
take_short(up_command *c, const char *word, up_error *err)
{
    if (strcmp(word, "-h") == 0) {
        return take_global(c, upi_option_find(up_catalog_globals(), "help"), NULL, err);
    }
    if (strcmp(word, "-V") == 0) {
        return take_global(
            c, upi_option_find(up_catalog_globals(), "version"), NULL, err);
    }
    (void)upi_fail(err, UP_E_USAGE, word, "there is no option %s", word);
    return upi_fix(err, "options are words: --json, --output FILE; 'upshot help'");
}

/* The word at argv[i] and, if it has one, its value; *used tells which. */
static up_status
take(up_command *c, const char *word, const char *next, bool *used, up_error *err)
{
    if (c->options_ended || word[0] != '-' || word[1] == '\0') {
        return take_word(c, word, err);
    }
    if (strcmp(word, "--") == 0) {
        c->options_ended = true;
        return UP_OK;
    }
    if (word[1] != '-') {
        return take_short(c, word, err);
    }
    return take_option(c, word + 2, next, used, err);
}

/* An option of the program that a request (--input) holds. */
static up_status
take_from_request(up_command *c, const up_option *o, const char *value, up_error *err)
{
    bool alone = strcmp(o->name, "input") == 0 || strcmp(o->name, "help") == 0 ||
                 strcmp(o->name, "version") == 0;
    if (alone) {
        (void)upi_fail(err, UP_E_USAGE, o->name,
            "'%s' belongs on the command line and not into a request", o->name);
        return upi_fix(err, "write --%s on the command line", o->name);
    }
    if (o->type != UP_OPTION_FLAG) {
        return take_global(c, o, value, err);
    }
    if (strcmp(value, "false") == 0) {
        return UP_OK;
    }
    return take_global(c, o, strcmp(value, "true") == 0 ? NULL : value, err);
}

static up_status
take_requests(up_command *c, up_error *err)
{
    for (int64_t i = 0; i < c->arguments.n;) {
        const up_argument *a = &c->arguments.items[i];
        bool global = false;
        const up_option *o = find_option(c, a->name, &global);
        if (o == NULL || !global) {
            i++;
            continue;
        }
        up_status status = take_from_request(c, o, a->value, err);
        if (status != UP_OK) {
            return status;
        }
        upi_arguments_remove(&c->arguments, i);
    }
    return UP_OK;
}

/* The answer must replace no file that the verb reads or writes. */
static up_status
check_output(const up_command *c, up_error *err)
{
    for (int64_t i = 0; i < c->arguments.n; i++) {
        const up_argument *a = &c->arguments.items[i];
        const up_option *o =
            c->verb != NULL ? upi_option_find(c->verb->options, a->name) : NULL;
        if (o == NULL || o->type != UP_OPTION_PATH) {
            continue;
        }
        up_status status = upi_refuse_own_source(a->value, c->output, "output", err);
        if (status != UP_OK) {
            return status;
        }
    }
    return UP_OK;
}

/* What up_call() would have judged. The answers of a server are not for a file. */
static up_status
check_own(const up_command *c, up_error *err)
{
    const char *name = c->verb->name;
    if (c->output != NULL || c->settings.csv != 0) {
        const char *option = c->output != NULL ? "output" : "csv";
        (void)upi_fail(err, UP_E_USAGE, option, "%s has no --%s", name, option);
        return upi_fix(err, "'upshot help %s' lists its options", name);
    }
    upi_request q = {0};
    up_status status =
        upi_request_make(c->verb, c->arguments.items, c->arguments.n, &q, err);
    upi_request_clear(&q);
    return status;
}

static up_status
finish(up_command *c, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(take_requests(c, err));
    UP_TRY(check_output(c, err));
    if (c->settings.json != 0 && c->settings.csv != 0) {
        (void)upi_fail(err, UP_E_USAGE, "csv", "--json and --csv exclude each other");
        (void)upi_fix(err, "choose one of them");
        return UP_E_USAGE;
    }
    if (c->settings.verb == NULL) {
        c->settings.verb = "help";
    }
    if (c->verb != NULL && upi_verb_is_own(c->verb) &&
        strcmp(c->settings.verb, c->verb->name) == 0) {
        UP_TRY(check_own(c, err));
    }
    c->settings.topic = c->topic;
    c->settings.output = c->output;
out:
    return status;
}

up_status
up_command_parse(int argc, const char *const *argv, up_command **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_command *c = NULL;
    UP_TRY(UP_NEW(&c, 1, err));
    for (int i = 0; i < argc; i++) {
        bool used = false;
        UP_TRY(take(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err));
        i += used ? 1 : 0;
    }
    UP_TRY(finish(c, err));
    *out = c;
    c = NULL;
out:
    up_command_free(c);
    return status;
}

const up_command_settings *
up_command_get(const up_command *c)
{
    return &c->settings;
}

const up_argument *
up_command_arguments(const up_command *c, int64_t *n)
{
    *n = c->arguments.n;
    return c->arguments.items;
}

void
up_command_free(up_command *c)
{
    if (c == NULL) {
        return;
    }
    upi_arguments_clear(&c->arguments);
    upi_free(c->verb_name);
    upi_free(c->topic);
    upi_free(c->output);
    upi_free(c);
}
