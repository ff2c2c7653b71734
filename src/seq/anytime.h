/* Anytime-valid inference: e-values of a mixture, their p-values, and the radius of a confidence
 * sequence in standard errors. The three are one rule: the e-value at the radius is 1/alpha.
 *
 * r = g/(g+n) in (0, 1]: g > 0 is the precision of the mixture, fixed before the first look, n
 * what information is counted in (rows; clusters where there are clusters). E-values are natural
 * logarithms, so that they never overflow. An argument outside its domain gives NaN. */
#ifndef UPI_ANYTIME_H
#define UPI_ANYTIME_H

#include <upshot/sequential.h>

#include <stdint.h>

/* Exact, for the t statistic of one coefficient with nu > 0 degrees of freedom; nu = infinity is
 * the normal form below. sides is an enum up_sides. */
double upi_av_log_e_t(double t, double nu, double r, int64_t sides);
/* Exact, for the F statistic of d coefficients. With a robust covariance d F is the Wald
 * statistic. */
double upi_av_log_e_f(double f, double d, double nu, double r);
/* Asymptotic, for an estimate over its (robust) standard error. */
double upi_av_log_e_normal(double z, double r, int64_t sides);
/* Asymptotic, for the Wald statistic w of d coefficients. */
double upi_av_log_e_wald(double w, double d, double r);

/* min(1, 1/E) */
double upi_av_p(double log_e);

/* The multiplier of the standard error at which E = 1/alpha. One-sided: the finite end lies this
 * many standard errors from the estimate. Infinite while no statistic can reach 1/alpha (very
 * small nu). alpha in (0, 1). */
double upi_av_radius_t(double nu, double r, double alpha, int64_t sides);
double upi_av_radius_normal(double r, double alpha, int64_t sides);
/* The largest Wald statistic inside the confidence region of d coefficients. */
double upi_av_region_wald(double d, double r, double alpha);

/* The mixture precision g that makes the interval shortest at `planned` units, by the closed form
 * for large n; one-sided with 2 alpha in the place of alpha. Uses no data. */
double upi_av_mixture(double planned, double alpha, int64_t sides);

#endif
