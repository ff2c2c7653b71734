/* Rows compressed once into sufficient statistics; a capsule is such moments in a file. */
#ifndef UPSHOT_MOMENTS_H
#define UPSHOT_MOMENTS_H

#include <upshot/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_moments up_moments;

/** How rows were compressed. */
enum up_layout {
    UP_LAYOUT_AUTO = 0,
    UP_LAYOUT_GROUPS = 1,   /**< one record per distinct row of roles and discrete covariates */
    UP_LAYOUT_CLUSTERS = 2, /**< the same within each cluster */
    UP_LAYOUT_STREAM = 3    /**< continuous covariates: a triangular factor per record, and a second
                                 pass over the rows for robust covariances */
};

typedef struct up_moments_opts {
    size_t struct_size;
    int64_t layout;      /**< enum up_layout; a layout that cannot hold the design is UP_E_ARGUMENT */
    int64_t max_groups;  /**< records above which a number is no longer treated as discrete; 0 = 200,000 */
    int64_t max_levels;  /**< distinct values above which a numeric covariate is continuous; 0 = 64 */
} up_moments_opts;

#define UP_MOMENTS_OPTS(...) (&(up_moments_opts){.struct_size = sizeof(up_moments_opts), __VA_ARGS__})

/** Compresses the rows of an experiment in one pass.
 *  @return UP_OK; UP_E_EMPTY; UP_E_MISSING (counts by column and arm); UP_E_NOT_FINITE (column, arm);
 *          UP_E_ARMS; UP_E_UNIT (repeated units without clusters); UP_E_CLUSTER (a cluster in two arms
 *          under assigned_by_cluster); UP_E_PROPENSITY (outside (0,1]); UP_E_STOPPED; UP_E_SOURCE
 *  @par Cost one pass over the rows; memory grows with the distinct records, not with the rows
 *  @par Source Wong et al. (2021), "You Only Compress Once", arXiv 2102.11297 */
UP_API up_status up_moments_build(up_experiment *e, const up_moments_opts *opts, const up_run *run,
    up_moments **out, up_error *err) UP_MUST_USE;

/** Adds b's rows to a's: the same moments as one pass over both (to rounding; the same bits for
 *  the same order of merges). UP_E_CAPSULE if the designs differ (names what differs). */
UP_API up_status up_moments_merge(const up_moments *a, const up_moments *b, up_moments **out, up_error *err) UP_MUST_USE;

/** Writes a capsule: one Parquet file with metadata, atomically. */
UP_API up_status up_moments_save(const up_moments *m, const char *path, const up_run *run, up_error *err) UP_MUST_USE;
/** Reads a capsule; UP_E_CAPSULE if it is truncated, altered or from an unknown version. */
UP_API up_status up_moments_load(const char *path, up_moments **out, up_error *err) UP_MUST_USE;
/** 1 if the file is a capsule. */
UP_API int up_moments_is_capsule(const char *path);

UP_API int64_t up_moments_rows(const up_moments *m);   /**< rows analysed */
UP_API int64_t up_moments_groups(const up_moments *m); /**< records they were compressed to */
UP_API const char *up_moments_layout(const up_moments *m); /**< "groups", "clusters" or "stream", and why */
UP_API void up_moments_free(up_moments *m);

#ifdef __cplusplus
}
#endif
#endif
