/* The C door of the sameness test: one request through up_call(), its answer as JSON to standard
 * output. Usage: call compact|full|stream VERB [NAME VALUE]...; `stream` answers line by line from
 * standard input. */
#include <upshot/upshot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t
read_some(void *user, char *buffer, int64_t capacity)
{
    (void)user;
    return (int64_t)fread(buffer, 1, (size_t)capacity, stdin);
}

static int
write_some(void *user, const char *text, int64_t n)
{
    (void)user;
    return fwrite(text, 1, (size_t)n, stdout) == (size_t)n ? 0 : -1;
}

static int
tell_failure(const char *verb, const up_error *failure)
{
    char *text = NULL;
    up_error err = UP_ERROR_INIT;
    if (up_error_json(verb, failure, &text, &err) == UP_OK) {
        (void)fputs(text, stdout);
    }
    up_text_free(text);
    return up_status_exit_code(failure->status);
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    up_result *result = NULL;
    int code = 0;
    if (argc < 3) {
        return 70;
    }
    int64_t n = (argc - 3) / 2;
    up_argument *arguments = calloc((size_t)n + 1, sizeof *arguments);
    if (arguments == NULL) {
        return 71;
    }
    for (int64_t i = 0; i < n; i++) {
        arguments[i] = (up_argument){argv[3 + 2 * i], argv[4 + 2 * i]};
    }
    if (strcmp(argv[1], "stream") == 0) {
        up_stream io = {.read = read_some, .write = write_some};
        code = up_call_stream(argv[2], arguments, n, NULL, &io, &err) != UP_OK
                   ? tell_failure(argv[2], &err)
               : io.failed > 0 ? up_status_exit_code(UP_E_CONTEXT)
                               : 0;
    } else if (up_call(argv[2], arguments, n, NULL, &result, &err) != UP_OK) {
        code = tell_failure(argv[2], &err);
    } else {
        const char *text = up_result_json(result, strcmp(argv[1], "full") == 0);
        code = text != NULL ? up_result_exit_code(result) : 72;
        (void)fputs(text != NULL ? text : "", stdout);
    }
    up_result_free(result);
    free(arguments);
    return code;
}
