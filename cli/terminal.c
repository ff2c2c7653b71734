/* What the terminal can show, from the environment: width, characters, colours. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *
variable(const char *name)
{
    const char *s = getenv(name);
    return s != NULL ? s : "";
}

static int
width_of(int file)
{
    struct winsize size;
    if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    int columns =
        atoi(variable("COLUMNS")); /* NOLINT(cert-err34-c): 0 when it is none */
    return columns >= 40 && columns <= 500 ? columns : 80;
}

/* The first of the three variables that is set decides, as for the C library. */
static bool
locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *s = variable(names[i]);
        if (s[0] != '\0') {
            const char *dot = strchr(s, '.');
            return dot != NULL && (strncasecmp(dot + 1, "utf-8", 5) == 0 ||
                                      strncasecmp(dot + 1, "utf8", 4) == 0);
        }
    }
    return false;
}

static bool
wants_color(const up_command_settings *s)
{
    const char *force = variable("CLICOLOR_FORCE");
    if (s->color != 0) {
        return s->color > 0;
    }
    if (variable("NO_COLOR")[0] != '\0') {
        return false;
    }
    if (force[0] != '\0' && strcmp(force, "0") != 0) {
        return true;
    }
    return s->output == NULL && isatty(STDOUT_FILENO) == 1 &&
           strcmp(variable("TERM"), "dumb") != 0 && variable("TERM")[0] != '\0' &&
           strcmp(variable("CLICOLOR"), "0") != 0;
}

cli_terminal
cli_terminal_look(const up_command_settings *s)
{
    bool dumb = strcmp(variable("TERM"), "dumb") == 0;
    return (cli_terminal){.width = width_of(STDOUT_FILENO),
        .unicode = s->ascii == 0 && !dumb && locale_is_utf8(),
        .color = wants_color(s),
        .progress = s->quiet == 0 &&
                    (s->progress != 0 || (isatty(STDERR_FILENO) == 1 && !dumb))};
}
