/* How a long call runs: threads, memory, seed, progress, stopping. */
#ifndef UPSHOT_RUN_H
#define UPSHOT_RUN_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rows, or a file, that the caller lends under a name of its own: either source or path is
 *  set. */
typedef struct up_named_source {
    const char *name;         /**< what requests and answers call it, e.g. "@frame" */
    struct up_source *source; /**< borrowed: must outlive what is opened by the name */
    const char *path;         /**< a file, also a capsule, whose own name is not told */
} up_named_source;

/** NULL wherever a `const up_run *` is taken means all defaults. Every member is 8 bytes
 *  and members are only appended; struct_size is the version. */
typedef struct up_run {
    /** sizeof(up_run), set by UP_RUN() */
    size_t struct_size;
    /** worker threads; 0 = all cores */
    int64_t threads;
    /** of every random number; 0 is the default seed */
    uint64_t seed;
    /** for the engine; 0 = 96 MiB for a file */
    int64_t memory_limit_bytes;
    /** where the engine may spill; NULL = the system's temporary directory */
    const char *spill_directory;
    /** called on the calling thread; NULL = silent */
    void (*progress)(void *user, double fraction);
    /** non-zero stops the call with UP_E_STOPPED; may be called from a worker */
    int (*should_stop)(void *user);
    /** handed to the callbacks */
    void *user;
    /** (n_sources) what up_source_open() and every verb know by a name of the caller; a name of
     *  this list comes before a file of the same name. A source of rows in memory may be lent
     *  to several calls at the same time */
    const up_named_source *sources;
    /** 0 = none */
    int64_t n_sources;
    /** directories, ended by NULL, below which the files of a source must lie when all symbolic
     *  links are resolved; the engine then opens no file but those that the source's name
     *  stands for, also not by a view of a database. NULL = any file. Of sources only: capsules,
     *  policies and graphs are files that the caller names */
    const char *const *allowed_directories;
} up_run;

/** How a call is going, in memory that its caller can look at and write to at any time. For
 *  hosts whose own code must not be called from a worker, such as an interpreter:
 *  UP_RUN(.user = &watch, .progress = up_watch_progress, .should_stop = up_watch_should_stop). */
typedef struct up_watch {
    int64_t stop;    /**< written by the caller: non-zero stops the call */
    double fraction; /**< read by the caller: 0 to 1 */
} up_watch;

/** A progress callback that writes to an up_watch.
 *  @param[in] watch    the up_watch, as run->user
 *  @param[in] fraction 0 to 1
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_watch_progress(void *watch, double fraction);

/** A should_stop callback that reads an up_watch.
 *  @param[in] watch the up_watch, as run->user
 *  @return 1 once its member `stop` is not 0
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_watch_should_stop(void *watch);

/** Options of a run for one call: UP_RUN(.threads = 2). */
#define UP_RUN(...) (&(up_run){.struct_size = sizeof(up_run), __VA_ARGS__})

#ifdef __cplusplus
}
#endif
#endif
