/** @file
 *  The online store of the paper, at any size, with the true effects. */
#ifndef UPSHOT_SIMULATE_H
#define UPSHOT_SIMULATE_H

#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How large the store is and how its experiment was run. Zero is the default everywhere. */
typedef struct up_shop_opts {
    /** set by UP_SHOP_OPTS() */
    size_t struct_size;
    /** units (shoppers); 0 = 10,000 */
    int64_t units;
    /** 2..8 with the control; 0 = 2 */
    int64_t arms;
    /** rows per unit (a weekly panel); 0 = 1 */
    int64_t weeks;
    /** 0 = assignment by unit; else shoppers live in this many households,
     *  assigned together */
    int64_t clusters;
    /** 0 none, 1 one-sided, 2 two-sided */
    int64_t noncompliance;
    /** 1: propensities vary with the segment, and are in the file */
    int64_t adaptive;
    /** extra continuous pre-treatment covariates; 0 = none besides the usual */
    int64_t covariates;
    /** combinations of the discrete covariates; 0 = 12, up to 1,000 */
    int64_t segments;
} up_shop_opts;

/** Options of the store for one call: UP_SHOP_OPTS(.units = 1000). */
#define UP_SHOP_OPTS(...)                                                              \
    (&(up_shop_opts){.struct_size = sizeof(up_shop_opts), __VA_ARGS__})

/** Writes the rows (.parquet or .csv) and, beside them, the truth as JSON.
 *  Columns: shopper, household, week, arm, treated, propensity, device, country, loyalty
 *  (discrete), spend_before, visits_before (continuous), economy (macro indicator), searches,
 *  views, sales, orders, converted, latency; then c1, c2, ... where covariates are asked for.
 *
 *  @param[in]  rows_path  ends in .parquet, .csv or .csv.gz
 *  @param[in]  truth_path NULL = rows_path with .truth.json
 *  @param[in]  opts       NULL for defaults
 *  @param[in]  run        its seed decides every value; NULL for defaults
 *  @param[out] err        the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (field names the option); UP_E_WRITE; UP_E_ENGINE;
 *          UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Assumes the truth is summed over the cells of the model, it is not an estimate
 *  @par Cost    O(rows); memory does not grow
 *  @par Source  arXiv 2604.24116 sec. 4 (the store)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_simulate_shop(const char *rows_path, const char *truth_path,
    const up_shop_opts *opts, const up_run *run, up_error *err) UP_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
