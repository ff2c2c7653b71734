/* Spending functions of Lan & DeMets (1983), Biometrika 70, 659, for one side at level a and the
 * fraction t of the planned information:
 *   O'Brien-Fleming type     2 - 2 Phi( z_{1-a/2} / sqrt(t) )
 *   Pocock type              a ln( 1 + (e-1) t )
 *   Hwang, Shih & DeCani     a (1 - exp(-gamma t)) / (1 - exp(-gamma))      (1990, Stat. Med. 9)
 *   power (Kim & DeMets)     a t^rho                                        (1987, Biometrika 74)
 * Trap avoided: 1 - Phi of a large argument, and 1 - exp of a small one, have no digits left. */
#include "seq/spending.h"

#include "base/base.h"
#include "num/dist.h"
#include "seq/anytime.h"

#include <math.h>

typedef struct family {
    const char *name;
    double usual, low, high; /* of the parameter; usual 0: the family has none */
} family;

static const family families[] = {
    [UP_SPENDING_OBRIEN_FLEMING] = {"O'Brien-Fleming type", 0, 0, 0},
    [UP_SPENDING_POCOCK] = {"Pocock type", 0, 0, 0},
    [UP_SPENDING_HWANG_SHIH_DECANI] = {"Hwang-Shih-DeCani", -4, -40, 40},
    [UP_SPENDING_POWER] = {"power", 3, 0.05, 50},
    [UP_SPENDING_WANG_TSIATIS] = {"Wang-Tsiatis", 0, -1, 0.8},
};

double
upi_spending_parameter(int64_t spending, double parameter)
{
    return parameter == 0 ? families[spending].usual : parameter;
}

up_status
upi_spending_check(int64_t spending, double parameter, const char *field, up_error *err)
{
    if (spending < 0 || spending > UP_SPENDING_WANG_TSIATIS) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "there is no spending function number %lld", (long long)spending);
    }
    const family *f = &families[spending];
    if (f->low == f->high && parameter != 0) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "the %s spending function has no parameter, but %g was given", f->name,
            parameter);
    }
    if (!(parameter == 0 || (parameter >= f->low && parameter <= f->high))) {
        return upi_fail(err, UP_E_ARGUMENT, field,
            "the parameter of %s is %g; it has to be from %g to %g", f->name, parameter,
            f->low, f->high);
    }
    return UP_OK;
}

static double
one_side(int64_t spending, double parameter, double alpha, double t)
{
    switch (spending) {
    case UP_SPENDING_POCOCK:
        return alpha * log1p(1.71828182845904523536 * t);
    case UP_SPENDING_HWANG_SHIH_DECANI:
        return alpha * expm1(-parameter * t) / expm1(-parameter);
    case UP_SPENDING_POWER:
        return alpha * pow(t, parameter);
    default:
        return 2 * upi_normal_sf(-upi_normal_quantile(alpha / 2) / sqrt(t));
    }
}

double
upi_spent(int64_t spending, double parameter, double alpha, int64_t sides, double t)
{
    if (t >= 1) {
        return alpha;
    }
    double p = upi_spending_parameter(spending, parameter);
    return sides == UP_TWO_SIDED ? 2 * one_side(spending, p, alpha / 2, t)
                                 : one_side(spending, p, alpha, t);
}
