/* The true effects of the simulated store. The effect of arm k on a metric is
 *
 *   E[w T] / E[w] * (total coefficient of the metric),   T = modifier + week + economy,
 *
 * with w = 1 for everyone (ate), and w = share of compliers for those who follow their
 * assignment (late); the effect of assignment (itt) is E[share of compliers * T]. Cell,
 * week and economy are independent, so each expectation is made of exact sums. The
 * total coefficient on sales adds the direct path and those through searches, views and
 * both (methods/core.md 1.4). Nothing here looks at a row. */
#include "base/json.h"
#include "sim/shop.h"

#include <math.h>
#include <stdio.h>

/* A part of the population: everyone unless one of the levels is given. */
typedef struct part {
    int64_t device, loyalty, economy, week; /* -1 = all */
} part;

typedef enum estimand { ATE, ITT, LATE } estimand;

typedef struct path_effects {
    double direct, searches, views, serial;
} path_effects;

static bool
in_part(const upi_shop *s, const part *a, int64_t cell)
{
    return (a->device < 0 || cell % 3 == a->device) &&
           (a->loyalty < 0 || cell / 3 % s->n_loyalty == a->loyalty);
}

static double
economy_mean(const part *a, double (*f)(int64_t))
{
    if (a->economy >= 0) {
        return f(a->economy);
    }
    double sum = 0;
    for (int64_t m = 0; m < UPI_SHOP_ECONOMIES; m++) {
        sum += upi_shop_economy_share[m] * f(m);
    }
    return sum;
}

static double
week_mean(const upi_shop *s, const part *a, int64_t arm)
{
    if (a->week >= 0) {
        return upi_shop_week_add(s, arm, a->week);
    }
    double sum = 0;
    for (int64_t t = 0; t < s->o.weeks; t++) {
        sum += upi_shop_week_add(s, arm, t);
    }
    return sum / (double)s->o.weeks;
}

static double
season_mean(const upi_shop *s, const part *a)
{
    if (a->week >= 0) {
        return upi_shop_season(a->week);
    }
    double sum = 0;
    for (int64_t t = 0; t < s->o.weeks; t++) {
        sum += upi_shop_season(t);
    }
    return sum / (double)s->o.weeks;
}

/* E[T of arm k] in the part under the weights of the estimand. */
static double
treatment_mean(const upi_shop *s, const part *a, int64_t arm, estimand e)
{
    double total = 0;
    double weighted = 0;
    double everyone = 0;
    double common = week_mean(s, a, arm) + economy_mean(a, upi_shop_economy_add);
    for (int64_t i = 0; i < s->o.segments; i++) {
        if (in_part(s, a, i)) {
            const upi_shop_cell *c = &s->cell[i];
            double w = e == ATE ? 1 : c->type_share[UPI_SHOP_COMPLIER];
            total += c->share * w * (c->modifier[arm] + common);
            weighted += c->share * w;
            everyone += c->share;
        }
    }
    return total / (e == LATE ? weighted : everyone);
}

static path_effects
paths(const upi_shop *s, int64_t arm)
{
    const upi_shop_arm *k = &s->arm[arm];
    return (path_effects){.direct = k->sales,
        .searches = k->searches * upi_shop_sales_per_search,
        .views = k->views * upi_shop_sales_per_view,
        .serial = k->searches * upi_shop_views_per_search * upi_shop_sales_per_view};
}

static double
total_coefficient(const upi_shop *s, int64_t arm, upi_shop_metric metric)
{
    const upi_shop_arm *k = &s->arm[arm];
    path_effects p = paths(s, arm);
    switch (metric) {
    case UPI_SHOP_SEARCHES:
        return k->searches;
    case UPI_SHOP_VIEWS:
        return k->views + upi_shop_views_per_search * k->searches;
    case UPI_SHOP_SALES:
        return p.direct + p.searches + p.views + p.serial;
    case UPI_SHOP_ORDERS:
        return k->converted * upi_shop_orders_per_converted;
    case UPI_SHOP_CONVERTED:
        return k->converted;
    case UPI_SHOP_LATENCY:
        return k->latency;
    case UPI_SHOP_METRICS:
        break;
    }
    return NAN;
}

/* E[metric when everyone receives control | cell, type], without season and economy. */
static double
cell_baseline(const upi_shop *s, const upi_shop_cell *c, upi_shop_type type,
    upi_shop_metric metric)
{
    double searches = c->searches;
    double views = c->views + upi_shop_views_per_search * searches;
    switch (metric) {
    case UPI_SHOP_SEARCHES:
        return searches;
    case UPI_SHOP_VIEWS:
        return views;
    case UPI_SHOP_SALES:
        return c->sales + upi_shop_type_sales(s, type) +
               upi_shop_sales_per_search * searches + upi_shop_sales_per_view * views;
    case UPI_SHOP_ORDERS:
        return c->converted * upi_shop_orders_per_converted;
    case UPI_SHOP_CONVERTED:
        return c->converted;
    case UPI_SHOP_LATENCY:
        return c->latency;
    case UPI_SHOP_METRICS:
        break;
    }
    return NAN;
}

/* The mean without the arm: of everyone who receives control (ate), of everyone who is
 * assigned to control (itt), of compliers who receive control (late). */
static double
baseline(const upi_shop *s, const part *a, upi_shop_metric metric, estimand e)
{
    double total = 0;
    double weight = 0;
    double always = 0;
    double taken[UPI_SHOP_ARMS] = {0};
    double common[UPI_SHOP_ARMS] = {0};
    for (int64_t k = 1; k < s->o.arms; k++) {
        taken[k] = total_coefficient(s, k, metric) / (double)(s->o.arms - 1);
        common[k] = week_mean(s, a, k) + economy_mean(a, upi_shop_economy_add);
    }
    for (int64_t i = 0; i < s->o.segments; i++) {
        if (!in_part(s, a, i)) {
            continue;
        }
        const upi_shop_cell *c = &s->cell[i];
        for (int type = 0; type < UPI_SHOP_TYPES; type++) {
            if (e != LATE || type == UPI_SHOP_COMPLIER) {
                double w = c->share * c->type_share[type];
                total += w * cell_baseline(s, c, (upi_shop_type)type, metric);
                weight += w;
            }
        }
        for (int64_t k = 1; k < s->o.arms; k++) {
            always += c->share * c->type_share[UPI_SHOP_ALWAYS] * taken[k] *
                      (c->modifier[k] + common[k]);
        }
    }
    double mean = total / weight;
    if (metric == UPI_SHOP_SALES) {
        mean += season_mean(s, a) + economy_mean(a, upi_shop_economy_sales);
    }
    if (e == ITT) {
        mean += always / weight;
    }
    return mean;
}

static void
part_texts(const part *a, char segment[64], char period[16])
{
    segment[0] = '\0';
    period[0] = '\0';
    if (a->device >= 0) {
        (void)snprintf(segment, 64, "device = '%s'", upi_shop_device_names[a->device]);
    } else if (a->loyalty >= 0) {
        (void)snprintf(
            segment, 64, "loyalty = '%s'", upi_shop_loyalty_names[a->loyalty]);
    } else if (a->economy >= 0) {
        (void)snprintf(segment, 64, "economy = %d", (int)upi_shop_economy[a->economy]);
    }
    if (a->week >= 0) {
        (void)snprintf(period, 16, "%d", (int)(a->week + 1));
    }
}

static void
put_effects(upi_json *j, const upi_shop *s, const part *a, upi_shop_metric metric,
    estimand e, const char *name)
{
    char segment[64];
    char period[16];
    part_texts(a, segment, period);
    double base = baseline(s, a, metric, e);
    for (int64_t k = 1; k < s->o.arms; k++) {
        double effect = total_coefficient(s, k, metric) * treatment_mean(s, a, k, e);
        upi_json_object(j);
        upi_json_put_string(j, "metric", upi_shop_metric_names[metric]);
        upi_json_put_string(j, "arm", upi_shop_arm_names[k]);
        upi_json_put_string(j, "against", "control");
        upi_json_put_string(j, "segment", segment);
        upi_json_put_string(j, "period", period);
        upi_json_put_string(j, "estimand", name);
        upi_json_put_double(j, "effect", effect);
        upi_json_put_double(j, "baseline", base);
        upi_json_put_double(j, "relative", effect / base);
        upi_json_object_end(j);
    }
}

/* Then the effect on the treated is that on compliers. Where probabilities of assignment vary,
 * the treated are compliers in other proportions. */
static bool
treated_are_compliers(const upi_shop *s)
{
    return s->o.noncompliance == 1 && s->o.adaptive == 0;
}

static void
put_part(upi_json *j, const upi_shop *s, const part *a)
{
    for (int metric = 0; metric < UPI_SHOP_METRICS; metric++) {
        put_effects(j, s, a, (upi_shop_metric)metric, ATE, "ate");
        put_effects(j, s, a, (upi_shop_metric)metric, ITT, "itt");
        if (s->o.noncompliance != 0) {
            put_effects(j, s, a, (upi_shop_metric)metric, LATE, "late");
        }
        if (treated_are_compliers(s)) {
            put_effects(j, s, a, (upi_shop_metric)metric, LATE, "att");
        }
    }
}

static bool
part_has_cells(const upi_shop *s, const part *a)
{
    for (int64_t i = 0; i < s->o.segments; i++) {
        if (in_part(s, a, i)) {
            return true;
        }
    }
    return false;
}

/* Every part the truth speaks of: all, by device, loyalty, economy, week, device and week. */
static void
each_part(const upi_shop *s, void (*visit)(upi_json *, const upi_shop *, const part *),
    upi_json *j)
{
    part all = {-1, -1, -1, -1};
    visit(j, s, &all);
    for (int64_t v = 0; v < UPI_SHOP_DEVICES; v++) {
        part a = {v, -1, -1, -1};
        if (part_has_cells(s, &a)) {
            visit(j, s, &a);
        }
    }
    for (int64_t v = 0; v < s->n_loyalty; v++) {
        part a = {-1, v, -1, -1};
        if (part_has_cells(s, &a)) {
            visit(j, s, &a);
        }
    }
    for (int64_t v = 0; v < UPI_SHOP_ECONOMIES; v++) {
        part a = {-1, -1, v, -1};
        visit(j, s, &a);
    }
    for (int64_t t = 0; s->o.weeks > 1 && t < s->o.weeks; t++) {
        part a = {-1, -1, -1, t};
        visit(j, s, &a);
        for (int64_t v = 0; v < UPI_SHOP_DEVICES; v++) {
            part b = {v, -1, -1, t};
            if (part_has_cells(s, &b)) {
                visit(j, s, &b);
            }
        }
    }
}

/* One path from an arm to sales, in a segment. */
typedef struct path_row {
    const char *arm, *segment, *estimand;
} path_row;

static void
put_path(upi_json *j, const path_row *row, const char *path, double x)
{
    upi_json_object(j);
    upi_json_put_string(j, "arm", row->arm);
    upi_json_put_string(j, "segment", row->segment);
    upi_json_put_string(j, "estimand", row->estimand);
    upi_json_put_string(j, "path", path);
    upi_json_put_double(j, "effect", x);
    upi_json_object_end(j);
}

/* An arm acts on searches, views and sales by the same factor, so that its mean scales every
 * path: on everyone who receives the arm, or, diluted by noncompliance, who is assigned to it. */
static void
put_paths_of(upi_json *j, const upi_shop *s, const part *a, estimand e,
    const char *name, const char *segment)
{
    for (int64_t k = 1; k < s->o.arms; k++) {
        const path_row row = {upi_shop_arm_names[k], segment, name};
        path_effects p = paths(s, k);
        double t = treatment_mean(s, a, k, e);
        put_path(j, &row, "direct", p.direct * t);
        put_path(j, &row, "searches", p.searches * t);
        put_path(j, &row, "views", p.views * t);
        put_path(j, &row, "searches > views", p.serial * t);
        put_path(j, &row, "total", (p.direct + p.searches + p.views + p.serial) * t);
    }
}

static void
put_paths(upi_json *j, const upi_shop *s, const part *a)
{
    char segment[64];
    char period[16];
    part_texts(a, segment, period);
    if (period[0] != '\0') {
        return;
    }
    put_paths_of(j, s, a, ATE, "ate", segment);
    put_paths_of(j, s, a, ITT, "itt", segment);
}

static void
put_design(upi_json *j, const upi_shop *s)
{
    static const char *const compliance[] = {"full", "one-sided", "two-sided"};
    upi_json_key(j, "design");
    upi_json_object(j);
    upi_json_put_int(j, "units", s->o.units);
    upi_json_put_int(j, "arms", s->o.arms);
    upi_json_put_int(j, "weeks", s->o.weeks);
    upi_json_put_int(j, "clusters", s->o.clusters);
    upi_json_put_string(j, "compliance", compliance[s->o.noncompliance]);
    upi_json_put_bool(j, "adaptive", s->o.adaptive != 0);
    upi_json_put_int(j, "covariates", s->o.covariates);
    upi_json_put_int(j, "segments", s->o.segments);
    upi_json_object_end(j);
}

up_status
upi_shop_truth(const upi_shop *s, upi_text *out, up_error *err)
{
    upi_json j;
    upi_json_start(&j, out, 1, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "truth", "shop");
    upi_json_put_int(&j, "seed", (int64_t)s->seed);
    put_design(&j, s);
    upi_json_put_string(&j, "about",
        "expectations over the population that the rows are drawn from; effects of "
        "receiving (ate, late, att) or of being assigned to (itt) an arm instead of "
        "control");
    upi_json_key(&j, "effects");
    upi_json_array(&j);
    each_part(s, put_part, &j);
    upi_json_array_end(&j);
    upi_json_put_string(&j, "mediation_of", "sales");
    upi_json_key(&j, "mediation");
    upi_json_array(&j);
    each_part(s, put_paths, &j);
    upi_json_array_end(&j);
    upi_json_object_end(&j);
    upi_text_add_char(out, '\n');
    if (out->failed) {
        return upi_fail_memory(err, (size_t)out->length);
    }
    return UP_OK;
}
