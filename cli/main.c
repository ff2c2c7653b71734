/* The program: a command line through the catalog, its answer to standard output, everything
 * else to standard error. What it can do is written in the catalog, not here. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_given(int argc, const char *const *argv, const char *word)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* UPSHOT_OUTPUT=json stands for --json where --csv is not given. Another word is refused: the
 * reader of the output expects what it asked for. */
static up_status
read_environment(bool *json, up_error *err)
{
    const char *s = getenv("UPSHOT_OUTPUT");
    *json = s != NULL && strcmp(s, "json") == 0;
    if (s == NULL || *json || s[0] == '\0' || strcmp(s, "text") == 0) {
        return UP_OK;
    }
    return cli_fail(err, UP_E_USAGE, "UPSHOT_OUTPUT",
        "the environment variable UPSHOT_OUTPUT is neither json nor text",
        "set it to json, or unset it");
}

/* One line, and what to do. A fix of several lines shows a text and a caret below it. */
static void
print_failure(const up_error *e)
{
    bool named = strncmp(e->message, e->field, strlen(e->field)) == 0;
    (void)fprintf(stderr, "upshot: %s%s%s: %s\n", up_status_name(e->status),
        named ? "" : " ", named ? "" : e->field, e->message);
    const char *line = e->fix;
    const char *lead = strchr(line, '\n') == NULL ? "  Do: " : "  ";
    while (*line != '\0') {
        size_t n = strcspn(line, "\n");
        (void)fprintf(stderr, "%s%.*s\n", lead, (int)n, line);
        line += n;
        line += *line == '\n' ? 1 : 0;
    }
}

static int
report_failure(const char *verb, const up_error *e, bool json)
{
    cli_progress_clear();
    print_failure(e);
    if (json) {
        up_error again = UP_ERROR_INIT;
        char *text = NULL;
        if (up_error_json(verb, e, &text, &again) == UP_OK) {
            (void)cli_write(NULL, text, &again);
        }
        up_text_free(text);
    }
    return up_status_exit_code(e->status);
}

/* help, man and completion: texts of the catalog that need no request. */
static up_status
print_page(const up_command_settings *s, int width, up_error *err)
{
    char *text = NULL;
    up_status status = UP_OK;
    if (strcmp(s->verb, "man") == 0) {
        status = up_catalog_man(s->topic, &text, err);
    } else if (strcmp(s->verb, "completion") == 0) {
        status = up_catalog_completion(s->topic, &text, err);
    } else {
        status = up_catalog_help(s->topic, width, &text, err);
    }
    if (status == UP_OK) {
        status = cli_write(s->output, text, err);
    }
    up_text_free(text);
    return status;
}

static const char *
result_as_text(
    up_result *r, const up_command_settings *s, const cli_terminal *terminal, bool json)
{
    if (s->csv != 0) {
        return up_result_csv(r);
    }
    if (json) {
        return up_result_json(r, (int)s->full);
    }
    return up_result_text(r, terminal->width, terminal->unicode, terminal->color);
}

static up_status
run_verb(const up_command *c, bool json, int *exit_code, up_error *err)
{
    const up_command_settings *s = up_command_get(c);
    cli_terminal terminal = cli_terminal_look(s);
    int64_t n = 0;
    const up_argument *arguments = up_command_arguments(c, &n);
    up_result *result = NULL;
    const up_run *run =
        UP_RUN(.progress = cli_progress, .should_stop = cli_should_stop);
    cli_progress_start(terminal.progress, terminal.unicode);
    up_status status = up_call(s->verb, arguments, n, run, &result, err);
    cli_progress_clear();
    if (status == UP_OK) {
        const char *text = result_as_text(result, s, &terminal, json);
        status = text != NULL ? cli_write(s->output, text, err)
                              : cli_fail(err, UP_E_NO_MEMORY, "", "memory ran out", "");
        *exit_code = up_result_exit_code(result);
    }
    up_result_free(result);
    return status;
}

static bool
is_page(const char *verb)
{
    return strcmp(verb, "help") == 0 || strcmp(verb, "man") == 0 ||
           strcmp(verb, "completion") == 0;
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_command *command = NULL;
    int exit_code = 0;
    const char *const *words = (const char *const *)argv + 1;
    int n = argc > 0 ? argc - 1 : 0;
    /* A line that is not valid has no verb yet but the one that it begins with. */
    const char *verb = n > 0 && words[0][0] != '-' ? words[0] : "";
    bool json = false;
    cli_signals_catch();
    up_status status = read_environment(&json, &err);
    /* How a failure is told, even one of the command line itself. */
    json = is_given(n, words, "--json") || (json && !is_given(n, words, "--csv"));
    if (status == UP_OK) {
        status = up_command_parse(n, words, &command, &err);
    }
    if (status == UP_OK) {
        const up_command_settings *s = up_command_get(command);
        verb = s->verb;
        /* A request from --input may ask for a format as well. */
        json = s->json != 0 || (json && s->csv == 0);
        if (is_page(verb)) {
            status = print_page(s, cli_terminal_look(s).width, &err);
        } else if (cli_serves(command)) {
            status = cli_serve(command, &exit_code, &err);
        } else if (cli_streams(command)) {
            status = cli_stream(command, &exit_code, &err);
        } else {
            status = run_verb(command, json, &exit_code, &err);
        }
    }
    if (status != UP_OK) {
        exit_code = report_failure(verb, &err, json);
    }
    up_command_free(command);
    return exit_code;
}
