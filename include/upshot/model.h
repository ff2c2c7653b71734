/** @file
 *  From moments to a fitted model: one weighted two-stage least squares with a sandwich
 * covariance, of which OLS, clusters, encouragement and adaptive designs are special cases. */
#ifndef UPSHOT_MODEL_H
#define UPSHOT_MODEL_H

#include <upshot/moments.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A fitted model. Opaque; calls on one model from several threads are safe. */
typedef struct up_model up_model;

/** The covariance of the coefficients; docs/methods.md eqs. 7-11. */
enum up_vcov {
    /** HC2 without clusters; with clusters CR2, or CR1S when every arm has at
     *  least 2,000 clusters; CR1S with two ways of clustering */
    UP_VCOV_AUTO = 0,
    /** one variance for all rows */
    UP_VCOV_IID = 1,
    /** White: squared residuals as they are */
    UP_VCOV_HC0 = 2,
    /** n/(n-p) */
    UP_VCOV_HC1 = 3,
    /** squared residuals over 1 - leverage */
    UP_VCOV_HC2 = 4,
    /** squared residuals over (1 - leverage)^2 */
    UP_VCOV_HC3 = 5,
    /** sums of scores by cluster as they are */
    UP_VCOV_CR0 = 6,
    /** G/(G-1) */
    UP_VCOV_CR1 = 7,
    /** G/(G-1) (n-1)/(n-p) */
    UP_VCOV_CR1S = 8,
    /** Bell and McCaffrey, with Satterthwaite degrees of freedom */
    UP_VCOV_CR2 = 9,
    /** residuals of a cluster times (I - H)^-1 */
    UP_VCOV_CR3 = 10
};

/** Whether effects may differ with the covariates. */
enum up_interactions {
    UP_INTERACT_FULL = 0, /**< every covariate times every arm (Lin 2013) */
    UP_INTERACT_NONE = 1  /**< main effects only */
};

/** How to fit. Zero is the default everywhere. */
typedef struct up_linear_opts {
    /** set by UP_LINEAR_OPTS() */
    size_t struct_size;
    /** enum up_vcov */
    int64_t vcov;
    /** enum up_interactions */
    int64_t interactions;
    /** 1: leave the covariates out of the model */
    int64_t no_covariates;
    /** relative length below which a column repeats the others; 0 = 1e-10 */
    double rank_tolerance;
} up_linear_opts;

/** Options for one call: UP_LINEAR_OPTS(.vcov = UP_VCOV_HC3). */
#define UP_LINEAR_OPTS(...)                                                            \
    (&(up_linear_opts){.struct_size = sizeof(up_linear_opts), __VA_ARGS__})

/** Fits all metrics at once.
 *
 *  Regressors are [f, D f] and instruments [f, Z f], where f = (1, covariates, time), D the
 *  arm received and Z the arm assigned (one column per arm but the control). D = Z is least
 *  squares. Weights are analytic weight times (share of the arm / propensity).
 *
 *  @param[in]  m    borrowed: must outlive the model. In the stream layout a robust covariance
 *                   reads the rows a second time, or uses the second pass that the capsule
 *                   holds
 *  @param[in]  opts NULL for defaults
 *  @param[in]  run  threads, progress, stopping; NULL for defaults
 *  @param[out] out  the model; free with up_model_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_SINGULAR (names the column); UP_E_NEEDS_ROWS; UP_E_CLUSTER (one
 *          cluster, or one in an arm); UP_E_NO_VARIATION (constant outcome is a note, constant
 *          instrument an error); UP_E_ARMS; UP_E_ESTIMAND; UP_E_ARGUMENT (a covariance that
 *          does not fit the design: clusters need CR, rows need HC); UP_E_OPTIONS_TOO_NEW;
 *          UP_E_STOPPED; UP_E_NO_MEMORY
 *  @par Assumes rows (or clusters) independent; with Z, exclusion and monotonicity
 *  @par Cost    O(G p^2), G groups, p columns
 *  @par Source  arXiv 2604.24116 eqs. 1-7; White (1980), MacKinnon & White (1985) eq. 12,
 *               Bell & McCaffrey (2002), Lin (2013), Wong et al. (2021)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_fit_linear(up_moments *m, const up_linear_opts *opts,
    const up_run *run, up_model **out, up_error *err) UP_MUST_USE;

/** Gives the number of columns kept in the model.
 *  @param[in] m the model
 *  @return columns; those that repeat others are left out, with a note
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_model_coefs(const up_model *m);

/** Gives the name of a column of the model.
 *  @param[in] m the model
 *  @param[in] j column, from 0
 *  @return e.g. "device=mobile:arm=b"; NULL where j is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_coef_name(const up_model *m, int64_t j);

/** Gives a coefficient.
 *  @param[in] m         the model
 *  @param[in] component of a metric, see up_model_component()
 *  @param[in] j         column, from 0
 *  @return in the unit of the component per unit of the column; NaN where out of range
 *  @par Assumes as up_fit_linear()
 *  @par Cost    O(1)
 *  @par Source  arXiv 2604.24116 eqs. 3-5
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_coef(const up_model *m, int64_t component, int64_t j);

/** Gives the standard error of a coefficient under the covariance of the model.
 *  @param[in] m         the model
 *  @param[in] component of a metric
 *  @param[in] j         column, from 0
 *  @return in the unit of the coefficient; NaN where out of range
 *  @par Assumes as up_fit_linear()
 *  @par Cost    O(1)
 *  @par Source  see up_model_vcov() and docs/methods.md
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_std_error(const up_model *m, int64_t component, int64_t j);

/** Gives the degrees of freedom of the t statistic of a coefficient.
 *  @param[in] m         the model
 *  @param[in] component of a metric
 *  @param[in] j         column, from 0
 *  @return Satterthwaite's for CR2, rows less columns for iid and HC, clusters less 1 for the
 *          other CR; NaN where out of range or when memory ran out
 *  @par Assumes for CR2: rows of equal variance (times 1 / weight) and no correlation, the
 *               working model under which they are exact
 *  @par Cost    CR2: O(G p^2) the first time a coefficient is asked for; else O(1)
 *  @par Source  Bell & McCaffrey (2002); docs/methods.md eq. 11
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_df(const up_model *m, int64_t component, int64_t j);

/** Gives the number of components: one for a metric, two for a ratio of two sums.
 *  @param[in] m the model
 *  @return components; two metrics that share one have it once
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_model_components(const up_model *m);

/** Gives the name of a component.
 *  @param[in] m the model
 *  @param[in] c component, from 0
 *  @return text that lives as long as the moments; NULL where c is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_component(const up_model *m, int64_t c);

/** Gives the number of rows that the model rests on.
 *  @param[in] m the model
 *  @return rows, not groups
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_model_rows(const up_model *m);

/** Gives the number of clusters of the first way.
 *  @param[in] m the model
 *  @return clusters; 0 without clusters
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_model_clusters(const up_model *m);

/** Gives the name of the covariance, as resolved.
 *  @param[in] m the model
 *  @return e.g. "HC2"; never "auto"; static text
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_vcov(const up_model *m);

/** Says in words what the design identifies by default, and why.
 *  @param[in] m the model
 *  @return text that lives as long as m
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_model_estimand(const up_model *m);

/** Gives the robust F statistic of the instrument in the first stage of the first treatment.
 *  @param[in] m the model
 *  @return Wald statistic over its degrees of freedom; infinite when assignment decides
 *          treatment; NaN without an instrument
 *  @par Assumes rows (or clusters) independent
 *  @par Cost    O(1)
 *  @par Source  Staiger & Stock (1997) for the bound of 10
 *  @since 0.1 @par Stability experimental */
UP_API double up_model_first_stage_f(const up_model *m);

/** Gives the number of notes.
 *  @param[in] m the model
 *  @return notes, those of the moments among them
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_model_notes(const up_model *m);

/** Gives a note.
 *  @param[in] m the model
 *  @param[in] i from 0
 *  @return the note by value; an empty one where i is out of range
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_model_note(const up_model *m, int64_t i);

/** Frees a model. Effects inferred from it must be freed before.
 *  @param[in] m may be NULL
 *  @par Cost O(equations)
 *  @since 0.1 @par Stability experimental */
UP_API void up_model_free(up_model *m);

#ifdef __cplusplus
}
#endif
#endif
