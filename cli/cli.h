/* The program around the library: the terminal, the streams, the signals. It sees public
 * headers only and holds no statistics. */
#ifndef UP_CLI_H
#define UP_CLI_H

#include <upshot/catalog.h>

#include <stdbool.h>

/* What the standard streams can show. */
typedef struct cli_terminal {
    int width;
    bool unicode, color, progress;
} cli_terminal;

cli_terminal cli_terminal_look(const up_command_settings *s);

/* Catches interrupts: the first asks the library to stop, the second ends the program. */
void cli_signals_catch(void);
int cli_should_stop(void *user);

/* A bar on standard error, from 100 ms on. */
void cli_progress_start(bool shown, bool unicode);
void cli_progress(void *user, double fraction);
void cli_progress_clear(void);

/* Verbs that answer line by line, unless what they ask about was given as an option. */
bool cli_streams(const up_command *c);
up_status cli_stream(const up_command *c, int *exit_code, up_error *err);

/* The agent's door, `upshot mcp`: serves until its input ends or a signal comes. */
bool cli_serves(const up_command *c);
up_status cli_serve(const up_command *c, int *exit_code, up_error *err);

/* Writes to a file at once or not at all; path NULL is standard output. A reader that has
 * gone away is no failure. */
up_status cli_write(const char *path, const char *text, up_error *err);

/* Fails with the fields of an error; the library's own way is not public. */
up_status cli_fail(up_error *err, up_status status, const char *field,
    const char *message, const char *fix);

#endif
