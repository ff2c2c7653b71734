/* A plan with several looks: bounds in standard errors, and what they do to size and power. */
#ifndef UPI_LOOKS_H
#define UPI_LOOKS_H

#include "plan/plan.h"
#include "seq/boundary.h"

enum { UPI_MOST_LOOKS = 50 };

typedef struct upi_looks {
    int64_t n;
    double information[UPI_MOST_LOOKS]; /* of the whole, ascending to 1 */
    double bound[UPI_MOST_LOOKS]; /* |z| (one-sided: z) above which a look rejects */
    upi_gs_walk
        walk[UPI_MOST_LOOKS]; /* each at its look: what still runs, without drift */
    bool two_sided;
    double fixed; /* bound of one look with the same alpha */
} upi_looks;

/* The looks of a plan that has several; free with upi_looks_free(). UP_E_ARGUMENT. */
up_status upi_looks_make(const upi_power_plan *p, upi_looks **out, up_error *err);
void upi_looks_free(upi_looks *l);
/* The probability that some look rejects where the last one has this drift, and the share of
 * the information that is used on average. */
void upi_looks_chance(const upi_looks *l, double drift, double *power, double *used);
/* The drift of the last look with this power; NaN where there is none below 40. */
double upi_looks_drift(const upi_looks *l, double power);
/* Units over those of one look: drift and power belong together. */
double upi_looks_inflation(const upi_looks *l, double drift, double power);

#endif
