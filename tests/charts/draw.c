/* Draws the answer of a command line of the program: draw OUT KIND SCALE WORD... writes the
 * specification to OUT. KIND "-" is the default kind; SCALE is a number of up_chart_scale. */
#include <upshot/chart.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static up_status
draw(const char *kind, long scale, int argc, const char *const *argv, char **out,
    up_error *err)
{
    up_command *command = NULL;
    up_result *result = NULL;
    int64_t n = 0;
    up_status status = up_command_parse(argc, argv, &command, err);
    if (status == UP_OK) {
        const up_argument *arguments = up_command_arguments(command, &n);
        status =
            up_call(up_command_get(command)->verb, arguments, n, NULL, &result, err);
    }
    if (status == UP_OK) {
        status = up_result_chart(result, strcmp(kind, "-") == 0 ? NULL : kind,
            UP_CHART_OPTS(.scale = scale), out, err);
    }
    up_result_free(result);
    up_command_free(command);
    return status;
}

int
main(int argc, char **argv)
{
    up_error err = UP_ERROR_INIT;
    char *text = NULL;
    if (argc < 5) {
        return 2;
    }
    up_status status = draw(argv[2], strtol(argv[3], NULL, 10), argc - 4,
        (const char *const *)argv + 4, &text, &err);
    if (status != UP_OK) {
        (void)fprintf(stderr, "%s %s: %s\n%s\n", up_status_name(status), err.field,
            err.message, err.fix);
        return 1;
    }
    FILE *f = fopen(argv[1], "wb");
    bool written = f != NULL && fputs(text, f) >= 0;
    written = f != NULL && fclose(f) == 0 && written;
    up_text_free(text);
    return written ? 0 : 1;
}
