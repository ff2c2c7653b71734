/* Interrupts. The handler only sets a flag, which the library asks for; a second interrupt
 * ends the program at once, for the case that a call does not come to its next question. */
#include "cli.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
    (void)number;
    if (interrupted != 0) {
        _exit(130);
    }
    interrupted = 1;
}

void
cli_signals_catch(void)
{
    struct sigaction action = {0};
    action.sa_handler = on_interrupt;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    /* A closed pipe is reported by write(), where it can be told from other failures. */
    action.sa_handler = SIG_IGN; /* NOLINT(performance-no-int-to-ptr) */
    (void)sigaction(SIGPIPE, &action, NULL);
}

int
cli_should_stop(void *user)
{
    (void)user;
    return interrupted;
}
