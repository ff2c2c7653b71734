/* Signals for a server. The handler notes the signal and writes a byte into a pipe: a flag
 * alone would be missed when the signal comes between the look at it and the wait for input. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t bell = -1;

static void
on_signal(int number)
{
    int kept = errno;
    if (caught != 0) {
        _exit(128 + number);
    }
    caught = number;
    (void)!write((int)bell, "", 1);
    errno = kept;
}

static void
set_up(int file)
{
    (void)fcntl(file, F_SETFD, FD_CLOEXEC);
    (void)fcntl(file, F_SETFL, O_NONBLOCK);
}

int
mcp_signals_catch(void)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    set_up(ends[0]);
    set_up(ends[1]);
    bell = ends[1];
    struct sigaction action = {0};
    (void)sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    /* A reader that is gone is reported by write(). */
    action.sa_handler = SIG_IGN; /* NOLINT(performance-no-int-to-ptr) */
    (void)sigaction(SIGPIPE, &action, NULL);
    return ends[0];
}

int
mcp_signals_caught(void)
{
    return caught;
}
