/* The probability that a test, or a family of tests that share a control, rejects. */
#ifndef UPI_CHANCE_H
#define UPI_CHANCE_H

#include <upshot/power.h>

#include <stdbool.h>

/* T = (drift + X)/S, X standard normal, S = sqrt(chi-square(df)/df) (1 for df infinite).
 * P(T > critical), and where two_sided also T < -critical. */
double upi_chance(double drift, double df, double critical, bool two_sided);

/* Two one-sided tests: P(T_low > critical and T_high > critical), where T_low and T_high have
 * the drifts low and high and share X with opposite signs. */
double upi_chance_equivalence(double low, double high, double df, double critical);

/* Comparisons with one control: X_k = loading_k X_0 + sqrt(1 - loading_k^2) Y_k. */
typedef struct upi_family {
    int64_t n;
    double drift[UP_POWER_ARMS], critical[UP_POWER_ARMS], loading[UP_POWER_ARMS];
    double df;
    bool two_sided;
} upi_family;
/* P(at least one rejects) and P(all reject). */
double upi_chance_any(const upi_family *f);
double upi_chance_all(const upi_family *f);
/* The critical value, the same for all, with P(at least one rejects) = alpha without effects. */
double upi_dunnett_critical(const upi_family *f, double alpha);

#endif
