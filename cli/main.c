/* The program: a command line through the catalog, its answer to standard output, everything
 * else to standard error. What it can do is written in the catalog, not here. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --json decides how a failure is told, even one of the command line itself. */
static bool
json_was_asked_for(int argc, const char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

/* One line, and what to do. A fix of several lines shows a text and a caret below it. */
static void
print_failure(const up_error *e)
{
    (void)fprintf(stderr, "upshot: %s%s%s: %s\n", up_status_name(e->status),
        e->field[0] != '\0' ? " " : "", e->field, e->message);
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
result_as_text(up_result *r, const up_command_settings *s, const cli_terminal *terminal)
{
    if (s->json != 0) {
        return up_result_json(r, (int)s->full);
    }
    if (s->csv != 0) {
        return up_result_csv(r);
    }
    return up_result_text(r, terminal->width, terminal->unicode, terminal->color);
}

static up_status
run_verb(const up_command *c, int *exit_code, up_error *err)
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
        const char *text = result_as_text(result, s, &terminal);
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
    const char *verb = "";
    const char *const *words = (const char *const *)argv + 1;
    int n = argc > 0 ? argc - 1 : 0;
    bool json = json_was_asked_for(n, words);
    cli_signals_catch();
    up_status status = up_command_parse(n, words, &command, &err);
    if (status == UP_OK) {
        const up_command_settings *s = up_command_get(command);
        verb = s->verb;
        if (is_page(verb)) {
            status = print_page(s, cli_terminal_look(s).width, &err);
        } else {
            status = run_verb(command, &exit_code, &err);
        }
    }
    if (status != UP_OK) {
        exit_code = report_failure(verb, &err, json);
    }
    up_command_free(command);
    return exit_code;
}
