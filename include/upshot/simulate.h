/* The online store of the paper, at any size, with the true effects. */
#ifndef UPSHOT_SIMULATE_H
#define UPSHOT_SIMULATE_H

#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_shop_opts {
    size_t struct_size;
    int64_t units;        /**< units (shoppers); 0 = 10,000 */
    int64_t arms;         /**< 2..8 with the control; 0 = 2 */
    int64_t weeks;        /**< rows per unit (a weekly panel); 0 = 1 */
    int64_t clusters;     /**< 0 = assignment by unit; else shoppers live in this many households,
                               assigned together */
    int64_t noncompliance;/**< 0 none, 1 one-sided, 2 two-sided */
    int64_t adaptive;     /**< 1: propensities vary with the segment, and are in the file */
    int64_t covariates;   /**< extra continuous pre-treatment covariates; 0 = none besides the usual */
    int64_t segments;     /**< combinations of the discrete covariates; 0 = 12, up to 1,000 */
} up_shop_opts;

#define UP_SHOP_OPTS(...) (&(up_shop_opts){.struct_size = sizeof(up_shop_opts), __VA_ARGS__})

/** Writes the rows (.parquet or .csv) and, beside them, the truth as JSON.
 *  Columns: shopper, household, week, arm, treated, propensity, device, country, loyalty (discrete),
 *  spend_before, visits_before (continuous), economy (macro indicator), searches, views, sales,
 *  orders, converted, latency.
 *  @param[in] truth_path NULL = rows_path with .truth.json
 *  @return UP_OK; UP_E_ARGUMENT; UP_E_WRITE; UP_E_STOPPED
 *  @par Cost O(rows); memory does not grow */
UP_API up_status up_simulate_shop(const char *rows_path, const char *truth_path,
    const up_shop_opts *opts, const up_run *run, up_error *err) UP_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
