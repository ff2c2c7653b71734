/* Distributions: the single adapter to Boost.Math (and the only C++ of the library). Errors are
 * values, never exceptions: a bad argument gives NaN, an overflow infinity. Tails are computed
 * as complements, so that no 1 - p is ever formed. */
#include "num/dist.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/lambert_w.hpp>
#include <boost/math/special_functions/owens_t.hpp>
#include <cmath>
#include <limits>

namespace
{

namespace bp = boost::math::policies;
using quiet = bp::policy<bp::domain_error<bp::ignore_error>,
    bp::pole_error<bp::ignore_error>, bp::overflow_error<bp::ignore_error>,
    bp::underflow_error<bp::ignore_error>, bp::denorm_error<bp::ignore_error>,
    bp::evaluation_error<bp::ignore_error>, bp::rounding_error<bp::ignore_error>,
    bp::indeterminate_result_error<bp::ignore_error>, bp::discrete_quantile<bp::real>>;
/* All work in double: for draws, of which there are many. */
using hasty = bp::normalise<quiet, bp::promote_double<false>>::type;

using normal = boost::math::normal_distribution<double, quiet>;
using student = boost::math::students_t_distribution<double, quiet>;
using chisq = boost::math::chi_squared_distribution<double, quiet>;
using fisher = boost::math::fisher_f_distribution<double, quiet>;
using beta = boost::math::beta_distribution<double, quiet>;
using binomial = boost::math::binomial_distribution<double, quiet>;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/* Runs f; whatever is thrown (memory, a series that does not end) becomes NaN. */
template <class F>
double
guarded(F f) noexcept
{
    try {
        return f();
    } catch (...) {
        return nan_value;
    }
}

bool
positive(double x)
{
    return x > 0 && !std::isinf(x);
}

bool
inside(double p)
{
    return p > 0 && p < 1;
}

} // namespace

extern "C" {

double
upi_normal_cdf(double x)
{
    return upi_normal_sf(-x);
}

double
upi_normal_sf(double x)
{
    if (std::isnan(x)) {
        return nan_value;
    }
    return guarded(
        [=] { return boost::math::erfc(x * 0.70710678118654752440L, quiet()) * 0.5L; });
}

double
upi_normal_quantile(double p)
{
    if (!inside(p)) {
        return nan_value;
    }
    return guarded([=] { return quantile(normal(), p); });
}

double
upi_normal_pdf(double x)
{
    return 0.39894228040143267794 * std::exp(-0.5 * x * x);
}

double
upi_t_cdf(double x, double df)
{
    return upi_t_sf(-x, df);
}

double
upi_t_sf(double x, double df)
{
    if (std::isnan(x) || !(df > 0)) {
        return nan_value;
    }
    if (std::isinf(df)) {
        return upi_normal_sf(x);
    }
    if (std::isinf(x)) {
        return x > 0 ? 0 : 1;
    }
    if (std::fabs(x) < 1) {
        /* Near the middle Boost rounds 1 - x*x/df before it takes a root of it. */
        return guarded([=] {
            double z = x * x / (df + x * x);
            double half = 0.5 * boost::math::ibeta(0.5, 0.5 * df, z, quiet());
            return 0.5 - std::copysign(half, x);
        });
    }
    return guarded([=] { return cdf(complement(student(df), x)); });
}

double
upi_t_two_sided(double t, double df)
{
    return 2 * upi_t_sf(std::fabs(t), df);
}

double
upi_t_quantile(double p, double df)
{
    if (!inside(p) || !(df > 0)) {
        return nan_value;
    }
    if (std::isinf(df)) {
        return upi_normal_quantile(p);
    }
    return guarded([=] { return quantile(student(df), p); });
}

double
upi_t_draw(double p, double df)
{
    if (!inside(p) || !(df > 0)) {
        return nan_value;
    }
    if (std::isinf(df)) {
        return upi_normal_quantile(p);
    }
    return guarded([=] {
        return quantile(boost::math::students_t_distribution<double, hasty>(df), p);
    });
}

double
upi_chisq_draw(double p, double df)
{
    if (!inside(p) || !positive(df)) {
        return nan_value;
    }
    return guarded([=] {
        return quantile(boost::math::chi_squared_distribution<double, hasty>(df), p);
    });
}

double
upi_chisq_sf(double x, double df)
{
    if (std::isnan(x) || !positive(df)) {
        return nan_value;
    }
    if (x <= 0 || std::isinf(x)) {
        return x > 0 ? 0 : 1;
    }
    return guarded([=] { return cdf(complement(chisq(df), x)); });
}

double
upi_chisq_quantile(double p, double df)
{
    if (!inside(p) || !positive(df)) {
        return nan_value;
    }
    return guarded([=] { return quantile(chisq(df), p); });
}

double
upi_f_sf(double x, double df1, double df2)
{
    if (std::isnan(x) || !positive(df1) || !(df2 > 0)) {
        return nan_value;
    }
    if (x <= 0 || std::isinf(x)) {
        return x > 0 ? 0 : 1;
    }
    if (std::isinf(df2)) {
        return upi_chisq_sf(x * df1, df1);
    }
    return guarded([=] { return cdf(complement(fisher(df1, df2), x)); });
}

double
upi_f_quantile(double p, double df1, double df2)
{
    if (!inside(p) || !positive(df1) || !(df2 > 0)) {
        return nan_value;
    }
    if (std::isinf(df2)) {
        return upi_chisq_quantile(p, df1) / df1;
    }
    return guarded([=] { return quantile(fisher(df1, df2), p); });
}

double
upi_beta_cdf(double x, double a, double b)
{
    if (std::isnan(x) || !positive(a) || !positive(b)) {
        return nan_value;
    }
    if (x <= 0 || x >= 1) {
        return x >= 1 ? 1 : 0;
    }
    return guarded([=] { return cdf(beta(a, b), x); });
}

double
upi_beta_quantile(double p, double a, double b)
{
    if (!inside(p) || !positive(a) || !positive(b)) {
        return nan_value;
    }
    return guarded([=] { return quantile(beta(a, b), p); });
}

double
upi_binomial_cdf(double k, double n, double p)
{
    if (std::isnan(k) || !(n >= 0) || std::isinf(n) || !(p >= 0 && p <= 1)) {
        return nan_value;
    }
    k = std::floor(k);
    if (k < 0) {
        return 0;
    }
    if (k >= n) {
        return 1;
    }
    return guarded([=] { return cdf(binomial(n, p), k); });
}

double
upi_binomial_two_sided(double k, double n, double p)
{
    if (!(k >= 0 && k <= n) || k != std::floor(k) || n != std::floor(n) ||
        std::isinf(n) || !(p >= 0 && p <= 1)) {
        return nan_value;
    }
    if (p == 0 || p == 1) {
        return k == n * p ? 1 : 0;
    }
    return guarded([=] {
        binomial d(n, p);
        /* Outcomes within rounding of the same likelihood count as equally likely. */
        double bar = pdf(d, k) * (1 + 1e-7);
        double mean = n * p;
        if (k == mean) {
            return 1.0;
        }
        bool low = k < mean;
        /* On the far side likelihood falls away from the mean: find the first outcome,
         * going outwards, that is no likelier than k, by bisection. */
        double near = low ? std::ceil(mean) : std::floor(mean);
        double far = low ? n + 1 : -1;
        if (pdf(d, near) <= bar) {
            far = near;
        }
        while (std::fabs(far - near) > 1) {
            double middle = std::floor(0.5 * (near + far));
            (pdf(d, middle) <= bar ? far : near) = middle;
        }
        double lower = low ? k : far;
        double upper = low ? far : k;
        double below = lower >= 0 ? cdf(d, lower) : 0;
        double above = upper <= n ? 1 : 0;
        if (upper > 0 && upper <= n) {
            above = cdf(complement(d, upper - 1));
        }
        double total = below + above;
        return total < 1 ? total : 1.0;
    });
}

double
upi_ln_gamma(double x)
{
    return x > 0 ? guarded([=] { return boost::math::lgamma(x, quiet()); }) : nan_value;
}

double
upi_owens_t(double h, double a)
{
    if (std::isnan(h) || std::isnan(a)) {
        return nan_value;
    }
    return guarded([=] { return boost::math::owens_t(h, a, quiet()); });
}

double
upi_lambert_wm1(double x)
{
    if (!(x < 0) || x < -0.36787944117144233) {
        return nan_value;
    }
    return guarded([=] { return boost::math::lambert_wm1(x, quiet()); });
}

} /* extern "C" */
