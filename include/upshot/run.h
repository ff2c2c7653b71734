/* How a long call runs: threads, memory, seed, progress, stopping. */
#ifndef UPSHOT_RUN_H
#define UPSHOT_RUN_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** NULL wherever a `const up_run *` is taken means all defaults. Every member is 8 bytes
 *  and members are only appended; struct_size is the version. */
typedef struct up_run {
    size_t struct_size;         /**< sizeof(up_run), set by UP_RUN() */
    int64_t threads;            /**< worker threads; 0 = all cores */
    uint64_t seed;              /**< of every random number; 0 is the default seed */
    int64_t memory_limit_bytes; /**< for the engine; 0 = 96 MiB for a file */
    const char *
        spill_directory; /**< where the engine may spill; NULL = the system's temporary directory */
    void (*progress)(void *user,
        double fraction); /**< called on the calling thread; NULL = silent */
    int (*should_stop)(void *
            user); /**< non-zero stops the call with UP_E_STOPPED; may be called from a worker */
    void *user; /**< handed to the callbacks */
} up_run;

/** Options of a run for one call: UP_RUN(.threads = 2). */
#define UP_RUN(...) (&(up_run){.struct_size = sizeof(up_run), __VA_ARGS__})

#ifdef __cplusplus
}
#endif
#endif
