/* A bar on standard error. It appears after 100 ms, so that short calls stay quiet, is drawn
 * at most ten times a second, and is wiped before anything else is printed. */
#include "cli.h"

#include <stdio.h>
#include <time.h>

enum { BAR = 30 };

static struct {
    bool shown, unicode, drawn;
    double started, last;
} bar;

static double
now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void
cli_progress_start(bool shown, bool unicode)
{
    bar.shown = shown;
    bar.unicode = unicode;
    bar.started = now();
    bar.last = 0;
}

void
cli_progress(void *user, double fraction)
{
    (void)user;
    double time = now();
    if (!bar.shown || time - bar.started < 0.1 || time - bar.last < 0.1) {
        return;
    }
    double part = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
    int full = (int)(part * BAR);
    (void)fputs("\r", stderr);
    for (int i = 0; i < BAR; i++) {
        (void)fputs(i < full ? (bar.unicode ? "\xe2\x96\x88" : "#")
                             : (bar.unicode ? "\xe2\x96\x91" : "."),
            stderr);
    }
    (void)fprintf(stderr, " %3d%%", (int)(100 * part));
    (void)fflush(stderr);
    bar.last = time;
    bar.drawn = true;
}

void
cli_progress_clear(void)
{
    if (bar.drawn) {
        (void)fprintf(stderr, "\r%*s\r", BAR + 6, "");
        (void)fflush(stderr);
        bar.drawn = false;
    }
}
