/* The tables of the simulated store. With k the arm received, c the cell (device, loyalty,
 * country), m the economy and t the week, an arm acts by T = modifier(c, k) + week(t, k) +
 * economy(m), which a model with covariates by arms can hold, and
 *
 *   searches S = s0(c) + aS(k) T + ...               + noise
 *   views    V = v0(c) + aV(k) T + d S + ...         + noise
 *   sales    Y = y0(c) + aY(k) T + b1 S + b2 V + ... + noise
 *
 * Everything is linear in bounded noise of mean zero and every count is rounded up or down
 * by chance with the right mean, so that expectations are exact sums over the cells. */
#include "base/opts.h"
#include "sim/shop.h"

#include <math.h>
#include <stdio.h>

const double upi_shop_views_per_search = 0.6;
const double upi_shop_sales_per_search = 0.35;
const double upi_shop_sales_per_view = 0.5;
const double upi_shop_orders_per_converted = 1.6;

const char *const upi_shop_arm_names[UPI_SHOP_ARMS] = {
    "control", "diverse", "personal", "fresh", "local", "social", "visual", "express"};
const char *const upi_shop_device_names[UPI_SHOP_DEVICES] = {
    "desktop", "mobile", "tablet"};
const char *const upi_shop_loyalty_names[4] = {"new", "regular", "loyal", "vip"};
const char *const upi_shop_metric_names[UPI_SHOP_METRICS] = {
    "searches", "views", "sales", "orders", "converted", "latency"};
const int64_t upi_shop_economy[UPI_SHOP_ECONOMIES] = {80, 100, 120};
const double upi_shop_economy_share[UPI_SHOP_ECONOMIES] = {0.3, 0.5, 0.2};

static const double latency_spread = 0.35;

void
upi_shop_country_name(int64_t country, char out[8])
{
    static const char names[][3] = {
        "US", "DE", "BR", "IN", "JP", "FR", "GB", "MX", "KR", "IT", "ES", "CA"};
    int64_t known = (int64_t)(sizeof names / sizeof names[0]);
    if (country < known) {
        (void)snprintf(out, 8, "%s", names[country]);
    } else {
        (void)snprintf(out, 8, "X%03d", (int)(country % 1000));
    }
}

double
upi_shop_week_add(const upi_shop *s, int64_t arm, int64_t week)
{
    if (s->o.weeks < 2) {
        return 0;
    }
    double u = 2 * (double)week / (double)(s->o.weeks - 1) - 1;
    return s->arm[arm].trend * u;
}

double
upi_shop_economy_add(int64_t level)
{
    return 0.4 * (double)(upi_shop_economy[level] - 100) / 20;
}

double
upi_shop_season(int64_t week)
{
    return 1.5 * ((double)(week % 4) - 1.5);
}

double
upi_shop_economy_sales(int64_t level)
{
    return 4 * (double)(upi_shop_economy[level] - 100) / 20;
}

double
upi_shop_type_sales(const upi_shop *s, upi_shop_type type)
{
    static const double add[UPI_SHOP_TYPES] = {1.5, 0, 3};
    return s->o.noncompliance != 0 ? add[type] : 0;
}

/* z is the sum of four uniforms on the middles of 2^16 cells, centred and scaled to
 * variance 1 up to 2^-32; E exp(a z) is the fourth power of a geometric sum. */
double
upi_shop_latency_noise(double z)
{
    return exp(latency_spread * z);
}

double
upi_shop_latency_noise_mean(void)
{
    double a = latency_spread * sqrt(3.0);
    return pow(sinh(a / 2) / (65536 * sinh(a / 131072)), 4);
}

int64_t
upi_shop_rows(const upi_shop *s)
{
    return s->o.units * s->o.weeks;
}

static void
fill_arms(upi_shop *s)
{
    for (int64_t k = 1; k < s->o.arms; k++) {
        double j = (double)(k - 1);
        s->arm[k] = (upi_shop_arm){.searches = 0.50 - 0.06 * j,
            .views = 0.40 + 0.05 * j,
            .sales = 0.60 - 0.15 * j,
            .converted = 0.024 - 0.003 * j,
            .latency = k % 2 == 1 ? 3 : -1,
            .trend = k % 2 == 1 ? 0.4 : -0.4};
    }
}

/* What an arm does for a device and a loyalty. The order of the devices turns with the arm,
 * so that different segments have different best arms. */
static double
arm_modifier(int64_t arm, int64_t device, int64_t loyalty, int64_t country)
{
    static const double by_device[3] = {-0.4, 0.5, -0.1};
    static const double by_loyalty[4] = {0.3, 0, -0.2, -0.3};
    if (arm == 0) {
        return 0;
    }
    double sign = arm % 2 == 1 ? 1 : -1;
    return 1 + by_device[(device + arm - 1) % 3] + sign * by_loyalty[loyalty] +
           0.05 * (double)(country % 3 - 1);
}

static void
fill_propensity(const upi_shop *s, upi_shop_cell *c, int64_t key)
{
    double total = 0;
    for (int64_t k = 0; k < s->o.arms; k++) {
        c->propensity[k] =
            s->o.adaptive != 0 ? 1 + 0.75 * (double)((key * 2 + k) % 3) : 1;
        total += c->propensity[k];
    }
    for (int64_t k = 0; k < s->o.arms; k++) {
        c->propensity[k] /= total;
    }
}

static void
fill_types(const upi_shop *s, upi_shop_cell *c, int64_t device, int64_t loyalty)
{
    double complier = 1;
    double always = 0;
    if (s->o.noncompliance != 0) {
        complier = 0.45 + 0.12 * (double)device + 0.06 * (double)loyalty;
    }
    if (s->o.noncompliance == 2) {
        always = 0.05 + 0.02 * (double)loyalty;
    }
    c->type_share[UPI_SHOP_COMPLIER] = complier;
    c->type_share[UPI_SHOP_ALWAYS] = always;
    c->type_share[UPI_SHOP_NEVER] = 1 - complier - always;
}

static void
fill_cell(upi_shop *s, int64_t index)
{
    static const double device_share[3] = {0.40, 0.45, 0.15};
    static const double loyalty_share[4] = {0.4, 0.3, 0.2, 0.1};
    int64_t device = index % 3;
    int64_t loyalty = index / 3 % s->n_loyalty;
    int64_t country = index / 3 / s->n_loyalty;
    upi_shop_cell *c = &s->cell[index];
    double d = (double)device;
    double l = (double)loyalty;
    double g = (double)(country % 5);
    c->share = device_share[device] * loyalty_share[loyalty] / (1 + 0.25 * g);
    c->searches = 14 - 0.5 * d + 0.4 * l + 0.2 * g;
    c->views = 12 + 0.3 * d + 0.5 * l - 0.1 * g;
    c->sales = 45 - 2 * d + 3 * l - 0.8 * g;
    c->converted = 0.22 - 0.02 * d + 0.015 * l;
    c->latency = 120 + 25 * d + 6 * g;
    for (int64_t k = 0; k < s->o.arms; k++) {
        c->modifier[k] = arm_modifier(k, device, loyalty, country);
    }
    fill_types(s, c, device, loyalty);
    /* Households are assigned as a whole, and live in one country. */
    fill_propensity(s, c, s->o.clusters > 0 ? country : index);
}

/* Shares that sum to 1, and their running sums by country and within the country. */
static void
fill_limits(upi_shop *s)
{
    double total = 0;
    for (int64_t i = 0; i < s->o.segments; i++) {
        total += s->cell[i].share;
    }
    int64_t width = 3 * s->n_loyalty;
    double before = 0;
    for (int64_t country = 0; country < s->n_country; country++) {
        int64_t first = country * width;
        int64_t last = first + width < s->o.segments ? first + width : s->o.segments;
        double own = 0;
        for (int64_t i = first; i < last; i++) {
            s->cell[i].share /= total;
            own += s->cell[i].share;
        }
        double inside = 0;
        for (int64_t i = first; i < last; i++) {
            inside += s->cell[i].share;
            s->cell_limit[i] = inside / own;
        }
        before += own;
        s->country_limit[country] = before;
    }
}

static up_status
check_range(const char *field, int64_t value, int64_t low, int64_t high, up_error *err)
{
    if (value < low || value > high) {
        (void)upi_fail(err, UP_E_ARGUMENT, field,
            "%s is %lld, but must be %lld to %lld", field, (long long)value,
            (long long)low, (long long)high);
        return upi_fix(err, "give %s between %lld and %lld", field, (long long)low,
            (long long)high);
    }
    return UP_OK;
}

static up_status
check_opts(const up_shop_opts *o, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(check_range("units", o->units, 1, INT64_C(10000000000), err));
    UP_TRY(check_range("arms", o->arms, 2, UPI_SHOP_ARMS, err));
    UP_TRY(check_range("weeks", o->weeks, 1, 520, err));
    UP_TRY(check_range("clusters", o->clusters, 0, o->units, err));
    UP_TRY(check_range("noncompliance", o->noncompliance, 0, 2, err));
    UP_TRY(check_range("adaptive", o->adaptive, 0, 1, err));
    UP_TRY(check_range("covariates", o->covariates, 0, 1000, err));
    UP_TRY(check_range("segments", o->segments, 1, 1000, err));
out:
    return status;
}

up_status
upi_shop_make(const up_shop_opts *opts, const up_run *run, upi_shop *out, up_error *err)
{
    up_status status = UP_OK;
    upi_shop s = {0};
    UP_TRY(upi_opts_copy(&s.o, sizeof s.o, opts, err));
    s.o.struct_size = sizeof s.o;
    s.o.units = s.o.units == 0 ? 10000 : s.o.units;
    s.o.arms = s.o.arms == 0 ? 2 : s.o.arms;
    s.o.weeks = s.o.weeks == 0 ? 1 : s.o.weeks;
    s.o.segments = s.o.segments == 0 ? 12 : s.o.segments;
    UP_TRY(check_opts(&s.o, err));
    s.seed = run != NULL ? run->seed : 0;
    s.n_loyalty = s.o.segments <= 24 ? 2 : 4;
    int64_t width = 3 * s.n_loyalty;
    s.n_country = (s.o.segments + width - 1) / width;
    UP_TRY(UP_NEW(&s.cell, s.o.segments, err));
    UP_TRY(UP_NEW(&s.cell_limit, s.o.segments, err));
    UP_TRY(UP_NEW(&s.country_limit, s.n_country, err));
    fill_arms(&s);
    for (int64_t i = 0; i < s.o.segments; i++) {
        fill_cell(&s, i);
    }
    fill_limits(&s);
    *out = s;
    s = (upi_shop){0};
out:
    upi_shop_clear(&s);
    return status;
}

void
upi_shop_clear(upi_shop *s)
{
    upi_free(s->cell);
    upi_free(s->cell_limit);
    upi_free(s->country_limit);
    *s = (upi_shop){0};
}
