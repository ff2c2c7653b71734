/* The probability that t tests reject, by integration over the estimated spread S:
 *
 *     P(T > c) = E[ 1 - Phi(c S - drift) ],   S = sqrt(chi-square(df)/df),
 *
 * the noncentral t distribution (Johnson, Kotz & Balakrishnan 1995, ch. 31). The same integral
 * serves two one-sided tests (Schuirmann 1987) and, with a second one over what the comparisons
 * with one control share, Dunnett's families (Dunnett 1955). The trap avoided: the density of S
 * has terms of the size of df that cancel, so it is written around S = 1 and the weights are
 * scaled to add up to 1; no gamma function is needed. */
#include "plan/chance.h"

#include "num/dist.h"
#include "num/root.h"

#include <math.h>

enum { HALF_NODES = 8, LEAST_PANELS = 12, MOST_PANELS = 600, FAMILY_PANELS = 5 };

/* Gauss-Legendre with 16 points on (-1, 1): the positive half. */
static const double node[HALF_NODES] = {0.095012509837637454, 0.28160355077925892,
    0.45801677765722737, 0.61787624440264377, 0.755404408355003, 0.86563120238783176,
    0.9445750230732326, 0.98940093499164994};
static const double weight[HALF_NODES] = {0.18945061045506859, 0.18260341504492361,
    0.16915651939500262, 0.14959598881657676, 0.12462897125553403, 0.095158511682492591,
    0.062253523938647706, 0.027152459411754037};

/* Above this S is 1 to the last digits of the answer. */
#define LARGEST_DF 1e12

/* What is integrated: the probability given S = s. */
typedef double (*given_spread)(double s, const void *ctx);

/* log of the density of S = 1 + d, up to a constant */
static double
log_density(double d, double df)
{
    return (df - 1) * log1p(d) - df * d * (2 + d) / 2;
}

/* The end of S beyond which less than 1e-16 lies (Wilson & Hilferty 1931). */
static double
end_of_spread(double df, double z)
{
    double v = 2 / (9 * df);
    double cube = fmax(0, 1 - v + z * sqrt(v));
    return sqrt(cube * cube * cube);
}

static double
over_spread(given_spread f, const void *ctx, double df, int panels)
{
    if (df > LARGEST_DF) {
        return f(1, ctx);
    }
    double low = end_of_spread(df, -8.5) - 1;
    double high = end_of_spread(df, 8.5) - 1;
    double half = (high - low) / (2 * panels);
    double sum = 0;
    double total = 0;
    for (int i = 0; i < 2 * HALF_NODES * panels; i++) {
        int k = i % HALF_NODES;
        double sign = i / HALF_NODES % 2 == 0 ? -1 : 1;
        int panel = i / (2 * HALF_NODES);
        double middle = low + half * (2 * panel + 1);
        double d = middle + sign * half * node[k];
        /* d > -1: nodes lie inside, and S >= 0 */
        double w = weight[k] * exp(log_density(d, df));
        sum += w * f(1 + d, ctx);
        total += w;
    }
    return fmin(1, sum / total);
}

/* Phi(c S - drift) rises within 1/c of S: the panels have to be as narrow. */
static int
panels_for(double df, double critical)
{
    if (df > LARGEST_DF) {
        return 1;
    }
    double width = end_of_spread(df, 8.5) - end_of_spread(df, -8.5);
    double n = ceil(fabs(critical) * width / 2);
    return n < LEAST_PANELS ? LEAST_PANELS : n > MOST_PANELS ? MOST_PANELS : (int)n;
}

typedef struct one_test {
    double drift, other, critical;
    bool two_sided;
} one_test;

static double
rejects(double s, const void *ctx)
{
    const one_test *t = ctx;
    double p = upi_normal_sf(t->critical * s - t->drift);
    return t->two_sided ? p + upi_normal_cdf(-t->critical * s - t->drift) : p;
}

static double
between(double s, const void *ctx)
{
    const one_test *t = ctx;
    return fmax(0, upi_normal_cdf(t->other - t->critical * s) -
                       upi_normal_cdf(t->critical * s - t->drift));
}

double
upi_chance(double drift, double df, double critical, bool two_sided)
{
    one_test t = {.drift = drift, .critical = critical, .two_sided = two_sided};
    return over_spread(rejects, &t, df, panels_for(df, critical));
}

double
upi_chance_equivalence(double low, double high, double df, double critical)
{
    /* between() has a corner where the two bounds meet; narrow panels keep its error small. */
    one_test t = {.drift = low, .other = high, .critical = critical};
    return over_spread(between, &t, df, 8 * panels_for(df, critical));
}

typedef struct family_test {
    const upi_family *f;
    bool all;
    double step;
} family_test;

static bool
same_comparison(const upi_family *f, int64_t k)
{
    return f->loading[k] == f->loading[k - 1] && f->drift[k] == f->drift[k - 1] &&
           f->critical[k] == f->critical[k - 1];
}

/* Given the shared X_0 the comparisons are independent. The trapezoidal rule is exact to rounding
 * for a smooth function times the normal density. */
static double
family_given(double s, const void *ctx)
{
    const family_test *t = ctx;
    const upi_family *f = t->f;
    double sum = 0;
    double total = 0;
    int64_t n = (int64_t)ceil(8.5 / t->step);
    for (int64_t i = -n; i <= n; i++) {
        double x = t->step * (double)i;
        double product = 1;
        double p = 0;
        for (int64_t k = 0; k < f->n; k++) {
            if (k > 0 && same_comparison(f, k)) {
                product *= t->all ? p : 1 - p;
                continue;
            }
            double own = sqrt(1 - f->loading[k] * f->loading[k]);
            one_test one = {.drift = (f->drift[k] + f->loading[k] * x) / own,
                .critical = f->critical[k] / own,
                .two_sided = f->two_sided};
            p = rejects(s, &one);
            product *= t->all ? p : 1 - p;
        }
        double w = upi_normal_pdf(x);
        sum += w * product;
        total += w;
    }
    return sum / total;
}

static double
family(const upi_family *f, bool all)
{
    double own = 1;
    double widest = 0;
    for (int64_t k = 0; k < f->n; k++) {
        own = fmin(own, sqrt(1 - f->loading[k] * f->loading[k]));
        widest = fmax(widest, fabs(f->critical[k]));
    }
    family_test t = {f, all, fmax(0.4 * own, 1e-3)};
    int panels = panels_for(f->df, widest / own);
    panels = panels == LEAST_PANELS ? FAMILY_PANELS : panels;
    return over_spread(family_given, &t, f->df, panels);
}

double
upi_chance_any(const upi_family *f)
{
    return 1 - family(f, false);
}

double
upi_chance_all(const upi_family *f)
{
    return family(f, true);
}

typedef struct dunnett {
    upi_family f;
    double alpha;
} dunnett;

static double
above_alpha(double critical, const void *ctx)
{
    dunnett d = *(const dunnett *)ctx;
    for (int64_t k = 0; k < d.f.n; k++) {
        d.f.drift[k] = 0;
        d.f.critical[k] = critical;
    }
    return upi_chance_any(&d.f) - d.alpha;
}

double
upi_dunnett_critical(const upi_family *f, double alpha)
{
    dunnett d = {*f, alpha};
    double sides = f->two_sided ? 2 : 1;
    double low = upi_t_quantile(1 - alpha / sides, f->df);
    double high = upi_t_quantile(1 - alpha / (sides * (double)f->n), f->df);
    if (f->n == 1) {
        return low;
    }
    return upi_root(above_alpha, &d, low, high);
}
