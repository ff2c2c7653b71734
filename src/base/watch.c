/* The two callbacks of a run as plain memory: a host looks at the fraction and writes the
 * wish to stop while the call goes on, so that no thread of ours ever enters the host. Both
 * members are read and written whole, in whatever order the machine likes. */
#include <upshot/run.h>

void
up_watch_progress(void *watch, double fraction)
{
    up_watch *w = watch;
    __atomic_store(&w->fraction, &fraction, __ATOMIC_RELAXED);
}

int
up_watch_should_stop(void *watch)
{
    const up_watch *w = watch;
    return __atomic_load_n(&w->stop, __ATOMIC_RELAXED) != 0;
}
