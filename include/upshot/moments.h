/** @file
 *  Rows compressed once into sufficient statistics; a capsule is such moments in a file. */
#ifndef UPSHOT_MOMENTS_H
#define UPSHOT_MOMENTS_H

#include <upshot/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sufficient statistics of an experiment. Opaque. */
typedef struct up_moments up_moments;

/** How rows were compressed. */
enum up_layout {
    /** the cheapest that is exact */
    UP_LAYOUT_AUTO = 0,
    /** one record per distinct row of roles and discrete covariates */
    UP_LAYOUT_GROUPS = 1,
    /** the same within each cluster */
    UP_LAYOUT_CLUSTERS = 2,
    /** continuous covariates: a triangular factor per record, and a second pass
     *  over the rows for robust covariances */
    UP_LAYOUT_STREAM = 3
};

/** How to compress. Zero is the default everywhere. */
typedef struct up_moments_opts {
    /** set by UP_MOMENTS_OPTS() */
    size_t struct_size;
    /** enum up_layout; a layout that cannot hold the design is UP_E_ARGUMENT */
    int64_t layout;
    /** records above which a number is no longer treated as discrete; 0 = 200,000, and with
     *  clusters as many as 256 MiB hold */
    int64_t max_groups;
    /** distinct values above which a numeric covariate is continuous; 0 = 64 */
    int64_t max_levels;
    /** 1: with clusters, also keep how the metrics vary together within each, which mediation
     *  needs; without clusters that is always kept */
    int64_t cross;
} up_moments_opts;

/** Options for one call: UP_MOMENTS_OPTS(.layout = UP_LAYOUT_GROUPS). */
#define UP_MOMENTS_OPTS(...)                                                           \
    (&(up_moments_opts){.struct_size = sizeof(up_moments_opts), __VA_ARGS__})

/** Compresses the rows of an experiment in one pass.
 *
 *  @param[in]  e    borrowed; has at least one metric
 *  @param[in]  opts NULL for defaults
 *  @param[in]  run  threads, progress, stopping; NULL for defaults
 *  @param[out] out  the moments; free with up_moments_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_EMPTY; UP_E_MISSING (counts by column and arm); UP_E_NOT_FINITE
 *          (column, arm); UP_E_ARMS; UP_E_UNIT (repeated units without clusters);
 *          UP_E_CLUSTER (a cluster in two arms under assigned_by_cluster); UP_E_PROPENSITY
 *          (not between 0 and 1); UP_E_WEIGHT (not above 0); UP_E_ARGUMENT (a layout that
 *          cannot hold the design);
 *          UP_E_STOPPED; UP_E_SOURCE; UP_E_NO_MEMORY
 *  @par Assumes nothing statistical: what is lost cannot change a linear model
 *  @par Cost    one pass over the rows (a further one when a number turns out to have too
 *               many values to be discrete); memory grows with the distinct records
 *  @par Source  Wong et al. (2021), "You Only Compress Once", arXiv 2102.11297; Chan, Golub &
 *               LeVeque (1983), the pairwise rule, for the merge; Demmel et al. (2012) for
 *               the QR
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_moments_build(up_experiment *e, const up_moments_opts *opts,
    const up_run *run, up_moments **out, up_error *err) UP_MUST_USE;

/** Adds b's rows to a's: the same moments as one pass over both (to rounding; the same bits
 *  for the same order of merges). The second pass of a fit is not carried over.
 *
 *  @param[in]  a   moments of the same experiment
 *  @param[in]  b   moments of the same experiment
 *  @param[out] out new moments; free with up_moments_free()
 *  @param[out] err the story of a failure; may be NULL
 *  @return UP_OK; UP_E_CAPSULE if the designs differ (names what differs); UP_E_ARGUMENT;
 *          UP_E_NO_MEMORY
 *  @par Assumes no unit is in both
 *  @par Cost    O(groups of a and b)
 *  @par Source  Chan, Golub & LeVeque (1983), the pairwise rule; docs/methods.md eq. 6
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_moments_merge(const up_moments *a, const up_moments *b,
    up_moments **out, up_error *err) UP_MUST_USE;

/** Writes a capsule: one Parquet file with metadata, atomically.
 *
 *  @param[in]  m    moments; with the second pass of the fit, if there was one
 *  @param[in]  path ends in .parquet; an existing file is replaced only when all is written
 *  @param[in]  run  NULL for defaults
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_WRITE; UP_E_ENGINE; UP_E_NO_MEMORY
 *  @par Cost O(groups)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_moments_save(const up_moments *m, const char *path,
    const up_run *run, up_error *err) UP_MUST_USE;

/** Reads a capsule. Nothing in the file is trusted: shapes, codes, order and checksums are
 *  checked.
 *
 *  @param[in]  path a file that up_moments_save() wrote
 *  @param[out] out  the moments; free with up_moments_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_CAPSULE if it is truncated, altered, from an unknown version, or no
 *          capsule; UP_E_ENGINE; UP_E_ARGUMENT; UP_E_NO_MEMORY
 *  @par Cost O(groups)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_moments_load(
    const char *path, up_moments **out, up_error *err) UP_MUST_USE;

/** Tells whether a file is a capsule, by its first bytes and its metadata.
 *  @param[in] path may be NULL
 *  @return 1 if it is, else 0
 *  @par Cost the footer of the file
 *  @since 0.1 @par Stability experimental */
UP_API int up_moments_is_capsule(const char *path);

/** Gives the number of rows analysed.
 *  @param[in] m may be NULL
 *  @return rows; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_moments_rows(const up_moments *m);

/** Gives the number of records that the rows were compressed to.
 *  @param[in] m may be NULL
 *  @return records; 0 for NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_moments_groups(const up_moments *m);

/** Says in words how the rows were compressed, and why so.
 *  @param[in] m the moments
 *  @return a text that starts with "groups", "clusters" or "stream" and lives as long as m
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_moments_layout(const up_moments *m);

/** Frees moments. Models fitted from them must be freed before.
 *  @param[in] m may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_moments_free(up_moments *m);

#ifdef __cplusplus
}
#endif
#endif
