/* Scores are martingale differences, so that the mixture of Waudby-Smith et al. (2021) holds at
 * every look: radius and p-value of seq/, with the precision tuned to the rows planned. */
#include "decide/anytime.h"

#include "seq/anytime.h"

void
upi_adaptive_anytime(
    double z, double n, double planned, double alpha, double *radius, double *p)
{
    double g = upi_av_mixture(planned, alpha, UPI_TWO_SIDED);
    double r = g / (g + n);
    *radius = upi_av_radius_normal(r, alpha, UPI_TWO_SIDED);
    *p = upi_av_p(upi_av_log_e_normal(z, r, UPI_TWO_SIDED));
}
