/* From moments to a fitted model: one weighted two-stage least squares with a sandwich
 * covariance, of which OLS, clusters, encouragement and adaptive designs are special cases. */
#ifndef UPSHOT_MODEL_H
#define UPSHOT_MODEL_H

#include <upshot/moments.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct up_model up_model;

enum up_vcov {
    UP_VCOV_AUTO = 0, /**< HC2 without clusters; with clusters CR2, or CR1S when every arm has at
                           least 2,000 clusters; CR1S with two ways of clustering */
    UP_VCOV_IID = 1,
    UP_VCOV_HC0 = 2,
    UP_VCOV_HC1 = 3,
    UP_VCOV_HC2 = 4,
    UP_VCOV_HC3 = 5,
    UP_VCOV_CR0 = 6,
    UP_VCOV_CR1 = 7,  /**< G/(G-1) */
    UP_VCOV_CR1S = 8, /**< G/(G-1) (n-1)/(n-p) */
    UP_VCOV_CR2 = 9,  /**< Bell and McCaffrey, with Satterthwaite degrees of freedom */
    UP_VCOV_CR3 = 10
};

enum up_interactions {
    UP_INTERACT_FULL = 0, /**< every covariate times every arm (Lin 2013) */
    UP_INTERACT_NONE = 1  /**< main effects only */
};

typedef struct up_linear_opts {
    size_t struct_size;
    int64_t vcov;         /**< enum up_vcov */
    int64_t interactions; /**< enum up_interactions */
    int64_t no_covariates;/**< 1: leave the covariates out of the model */
    double rank_tolerance;/**< relative length below which a column repeats the others; 0 = 1e-10 */
} up_linear_opts;

#define UP_LINEAR_OPTS(...) (&(up_linear_opts){.struct_size = sizeof(up_linear_opts), __VA_ARGS__})

/** Fits all metrics at once.
 *
 *  Regressors are [f, D f] and instruments [f, Z f], where f = (1, covariates, time), D the arm
 *  received and Z the arm assigned (one column per arm but the control). D = Z is least squares.
 *  Weights are analytic weight times (share of the arm / propensity).
 *  @param[in] m borrowed: must outlive the model. In the stream layout a robust covariance reads
 *               the rows a second time, or uses the second pass that the capsule holds
 *  @return UP_OK; UP_E_SINGULAR (names the column); UP_E_NEEDS_ROWS; UP_E_CLUSTER (one cluster);
 *          UP_E_NO_VARIATION (constant outcome is a note, constant instrument an error);
 *          UP_E_ARGUMENT (a covariance that does not fit the design: clusters need CR, rows need HC)
 *  @par Assumes rows (or clusters) independent; with Z, exclusion and monotonicity
 *  @par Cost    O(G p^2), G groups, p columns
 *  @par Source  arXiv 2604.24116 eqs. 1-7; White (1980), MacKinnon & White (1985) eq. 12,
 *               Bell & McCaffrey (2002), Lin (2013), Wong et al. (2021) */
UP_API up_status up_fit_linear(up_moments *m, const up_linear_opts *opts, const up_run *run,
    up_model **out, up_error *err) UP_MUST_USE;

UP_API int64_t up_model_coefs(const up_model *m);               /**< number of columns kept */
UP_API const char *up_model_coef_name(const up_model *m, int64_t j); /**< e.g. "device=mobile:arm=b" */
/** Coefficient and standard error of metric component c (see up_model_component). */
UP_API double up_model_coef(const up_model *m, int64_t component, int64_t j);
UP_API double up_model_std_error(const up_model *m, int64_t component, int64_t j);
UP_API double up_model_df(const up_model *m, int64_t component, int64_t j);
UP_API int64_t up_model_components(const up_model *m);
UP_API const char *up_model_component(const up_model *m, int64_t c);
UP_API int64_t up_model_rows(const up_model *m);
UP_API int64_t up_model_clusters(const up_model *m);            /**< 0 without clusters */
UP_API const char *up_model_vcov(const up_model *m);            /**< resolved, e.g. "HC2" */
UP_API const char *up_model_estimand(const up_model *m);        /**< default estimand in words */
UP_API double up_model_first_stage_f(const up_model *m);        /**< robust F of the instrument; NaN without one */
UP_API int64_t up_model_notes(const up_model *m);
UP_API up_note up_model_note(const up_model *m, int64_t i);
UP_API void up_model_free(up_model *m);

#ifdef __cplusplus
}
#endif
#endif
