/* Distributions, behind one C header; the single adapter to Boost.Math is dist.cc.
 * Relative error at most 1e-12 where the result is a normal number (tests/oracle/dist: 618
 * points with 50 digits). Arguments outside the domain give NaN, an infinite number of degrees
 * of freedom the limit. Tails are computed as tails; where a cdf is near 1, the error is
 * relative to it, so ask for the sf. */
#ifndef UPI_DIST_H
#define UPI_DIST_H

#ifdef __cplusplus
extern "C" {
#endif

double upi_normal_cdf(double x);
double upi_normal_sf(double x);
double upi_normal_quantile(double p); /* p in (0,1) */
double upi_normal_pdf(double x);
double upi_t_cdf(
    double x, double df); /* df > 0, may be fractional; df = +inf is the normal */
double upi_t_sf(double x, double df);
double upi_t_two_sided(double t, double df); /* P(|T| > |t|) */
double upi_t_quantile(double p, double df);
double upi_chisq_sf(double x, double df);
double upi_chisq_quantile(double p, double df);
/* Quantiles for draws, of which there are many: ten times as fast, and good to 1e-13 where those
 * above are good to the last digits. */
double upi_t_draw(double p, double df);
double upi_chisq_draw(double p, double df);
double upi_f_sf(double x, double df1, double df2);
double upi_f_quantile(double p, double df1, double df2);
double upi_beta_cdf(double x, double a, double b);
double upi_beta_quantile(double p, double a, double b);
double upi_binomial_cdf(double k, double n, double p);
double upi_binomial_two_sided(
    double k, double n, double p); /* sum of all outcomes no likelier than k */
double upi_ln_gamma(double x);     /* x > 0 */
double upi_owens_t(double h, double a);
double upi_lambert_wm1(double x); /* lower branch, x in [-1/e, 0) */

#ifdef __cplusplus
}
#endif
#endif
