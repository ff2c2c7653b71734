/* The anytime-valid inference of one estimate from scores; kept apart since the names of seq/
 * and design/ overlap. */
#ifndef UPI_DECIDE_ANYTIME_H
#define UPI_DECIDE_ANYTIME_H

/* z = estimate / error from n units, tuned to `planned` units: the multiplier of the standard
 * error, and the p-value. */
void upi_adaptive_anytime(
    double z, double n, double planned, double alpha, double *radius, double *p);

#endif
