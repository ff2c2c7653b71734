/* Verbs that answer line by line: standard input to standard output. Reads come back as soon as
 * there is something, so that an interactive caller has its answers at once. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t
read_some(void *user, char *buffer, int64_t capacity)
{
    (void)user;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, (size_t)capacity);
        if (n >= 0 || errno != EINTR || cli_should_stop(NULL) != 0) {
            return (int64_t)n;
        }
    }
}

static int
write_some(void *user, const char *text, int64_t n)
{
    (void)user;
    while (n > 0) {
        ssize_t written = write(STDOUT_FILENO, text, (size_t)n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 && errno == EPIPE ? 1 : -1;
        }
        text += written;
        n -= (int64_t)written;
    }
    return 0;
}

bool
cli_streams(const up_command *c)
{
    int64_t n = 0;
    const up_command_settings *s = up_command_get(c);
    const up_verb *verb = up_catalog_find(s->verb);
    const up_argument *a = up_command_arguments(c, &n);
    if (verb == NULL || verb->stream == NULL) {
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        if (strcmp(a[i].name, verb->stream) == 0) {
            return false;
        }
    }
    return true;
}

up_status
cli_stream(const up_command *c, int *exit_code, up_error *err)
{
    int64_t n = 0;
    const up_command_settings *s = up_command_get(c);
    const up_argument *a = up_command_arguments(c, &n);
    up_stream io = {.read = read_some, .write = write_some};
    const up_run *run = UP_RUN(.should_stop = cli_should_stop);
    if (s->output != NULL || s->csv != 0) {
        return cli_fail(err, UP_E_USAGE, s->output != NULL ? "output" : "csv",
            "decisions go to standard output, one JSON object per line",
            "leave the option out, and write '> FILE'");
    }
    up_status status = up_call_stream(s->verb, a, n, run, &io, err);
    if (status == UP_OK && io.failed > 0) {
        *exit_code = up_status_exit_code(UP_E_CONTEXT);
        if (s->quiet == 0) {
            (void)fprintf(stderr,
                "upshot: %lld of %lld lines could not be answered; they have \"ok\": "
                "false\n",
                (long long)io.failed, (long long)io.lines);
        }
    }
    return status;
}
