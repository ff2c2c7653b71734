/* The rows of the simulated store. Each row is computed from its index alone: every random
 * number is Philox(seed; stream, week, unit or household), so that the memory does not grow
 * with the rows and a file of any size starts with the rows of a smaller one of the same
 * options. What belongs to the shopper is kept while the rows of its weeks follow. */
#include "engine/write.h"
#include "sim/shop.h"

#include <math.h>
#include <stdio.h>

enum { N_FIXED_COLUMNS = 18 };

/* What stays the same over the weeks of a shopper. */
typedef struct shopper {
    int64_t index, household, cell, country;
    int64_t assigned, received;
    upi_shop_type type;
    double taste, home; /* of the shopper, of the household; variance 1 */
    double spend_before, visits_before;
    double spend_more; /* than is usual in the cell */
    double covariates; /* what c1..ck add to sales */
} shopper;

struct upi_shop_writer {
    const upi_shop *shop;
    upi_out_field *fields;
    char (*names)[8]; /* of c1..ck */
    shopper who;
    double *c; /* (o.covariates) of the current shopper */
    upi_str arm[UPI_SHOP_ARMS], device[UPI_SHOP_DEVICES], loyalty[4];
    upi_str country[UPI_SHOP_COUNTRIES];
    double week_add[UPI_SHOP_ARMS][520];
    double latency_mean;
};

typedef upi_shop_writer writer;

/* A bounded stand-in for the normal: the sum of four uniforms of 16 bits each, mean 0
 * exactly and variance 1 up to 2^-32. One draw, and no tail that could turn a count
 * negative. */
static double
noise(upi_rng *r)
{
    uint64_t x = upi_rng_u64(r);
    int64_t sum = (int64_t)(x & 0xffff) + (int64_t)(x >> 16 & 0xffff) +
                  (int64_t)(x >> 32 & 0xffff) + (int64_t)(x >> 48);
    return ((double)sum - 131070) / 65536 * 1.7320508075688772;
}

/* Rounds to a whole number by chance, so that the mean stays what it was. */
static double
round_by_chance(double x, upi_rng *r)
{
    return floor(x + upi_rng_uniform(r));
}

static double
cents_by_chance(double x, upi_rng *r)
{
    return round_by_chance(100 * x, r) / 100;
}

/* The first index in [first, last) whose limit is above u; the last one if none is. */
static int64_t
pick(const double *limit, int64_t first, int64_t last, double u)
{
    while (first + 1 < last) {
        int64_t middle = first + (last - first - 1) / 2;
        if (u < limit[middle]) {
            last = middle + 1;
        } else {
            first = middle + 1;
        }
    }
    return first;
}

static int64_t
pick_arm(const upi_shop *s, const upi_shop_cell *c, double u)
{
    double limit = 0;
    for (int64_t k = 0; k < s->o.arms - 1; k++) {
        limit += c->propensity[k];
        if (u < limit) {
            return k;
        }
    }
    return s->o.arms - 1;
}

static void
make_covariates(writer *w, uint64_t unit)
{
    upi_rng r = upi_rng_make(w->shop->seed, UPI_STREAM_SHOP_COVARIATE, 0, unit);
    w->who.covariates = 0;
    for (int64_t j = 0; j < w->shop->o.covariates; j++) {
        w->c[j] = noise(&r);
        w->who.covariates += 1.2 / (double)(j + 1) * w->c[j];
    }
}

static void
make_shopper(writer *w, int64_t index)
{
    const upi_shop *s = w->shop;
    shopper *p = &w->who;
    upi_rng own = upi_rng_make(s->seed, UPI_STREAM_SHOP_UNIT, 0, (uint64_t)index);
    p->index = index;
    p->household = s->o.clusters > 0 ? upi_rng_below(&own, s->o.clusters) : index;
    upi_rng home =
        upi_rng_make(s->seed, UPI_STREAM_SHOP_HOUSEHOLD, 0, (uint64_t)p->household);
    int64_t width = 3 * s->n_loyalty;
    p->country = pick(s->country_limit, 0, s->n_country, upi_rng_uniform(&home));
    int64_t first = p->country * width;
    int64_t last = first + width < s->o.segments ? first + width : s->o.segments;
    p->cell = pick(s->cell_limit, first, last, upi_rng_uniform(&own));
    const upi_shop_cell *c = &s->cell[p->cell];

    p->assigned = pick_arm(s, c, upi_rng_uniform(&home));
    p->home = s->o.clusters > 0 ? noise(&home) : 0;
    p->taste = noise(&own);
    double u = upi_rng_uniform(&own);
    double always_arm = upi_rng_uniform(&own);
    if (u < c->type_share[UPI_SHOP_COMPLIER]) {
        p->type = UPI_SHOP_COMPLIER;
        p->received = p->assigned;
    } else if (u < c->type_share[UPI_SHOP_COMPLIER] + c->type_share[UPI_SHOP_ALWAYS]) {
        p->type = UPI_SHOP_ALWAYS;
        p->received = 1 + (int64_t)(always_arm * (double)(s->o.arms - 1));
    } else {
        p->type = UPI_SHOP_NEVER;
        p->received = 0;
    }
    double usual = 60 + 0.5 * (c->sales - 45);
    double habit = noise(&own);
    p->spend_before =
        cents_by_chance(usual + 12 * habit + 5 * p->home + 4 * noise(&own), &own);
    p->spend_more = p->spend_before - usual;
    p->visits_before = cents_by_chance(9 + 1.2 * habit + 0.8 * noise(&own), &own);
    make_covariates(w, (uint64_t)index);
}

/* One shopper in one week. */
typedef struct week_row {
    int64_t economy;
    double searches, views, sales, orders, latency;
    bool converted;
} week_row;

static week_row
make_week(const writer *w, int64_t week)
{
    const upi_shop *s = w->shop;
    const shopper *p = &w->who;
    const upi_shop_cell *c = &s->cell[p->cell];
    const upi_shop_arm *arm = &s->arm[p->received];
    upi_rng local = upi_rng_make(
        s->seed, UPI_STREAM_SHOP_LOCAL, (uint64_t)week, (uint64_t)p->household);
    upi_rng r =
        upi_rng_make(s->seed, UPI_STREAM_SHOP_WEEK, (uint64_t)week, (uint64_t)p->index);
    double u = upi_rng_uniform(&local);
    int64_t economy = u < upi_shop_economy_share[0]                               ? 0
                      : u < upi_shop_economy_share[0] + upi_shop_economy_share[1] ? 1
                                                                                  : 2;
    double t = c->modifier[p->received] + w->week_add[p->received][week] +
               upi_shop_economy_add(economy);
    week_row y = {.economy = upi_shop_economy[economy]};

    /* Whoever is left out of S and V must stay out of both or of Y: the paths to sales are
     * identified given spend_before, visits_before and the discrete columns. */
    double searches = c->searches + arm->searches * t + 0.8 * (p->visits_before - 9) +
                      1.5 * noise(&r);
    y.searches = round_by_chance(searches, &r);
    double views = c->views + arm->views * t + upi_shop_views_per_search * y.searches +
                   2 * noise(&r);
    y.views = round_by_chance(views, &r);
    double sales = c->sales + arm->sales * t + upi_shop_sales_per_search * y.searches +
                   upi_shop_sales_per_view * y.views + upi_shop_season(week) +
                   upi_shop_economy_sales(economy) + upi_shop_type_sales(s, p->type) +
                   0.35 * p->spend_more + 2 * p->taste + 2.5 * p->home + p->covariates +
                   5 * noise(&r);
    y.sales = cents_by_chance(sales, &r);

    double chance =
        c->converted + arm->converted * t + 0.0012 * p->spend_more + 0.008 * p->home;
    y.converted = upi_rng_uniform(&r) < chance;
    double more = upi_rng_uniform(&r);
    /* Two orders with probability 0.3 and three with 0.15 make 1.6 on average. */
    y.orders = !y.converted ? 0 : more < 0.15 ? 3 : more < 0.45 ? 2 : 1;
    double latency = c->latency + arm->latency * t +
                     60 * (upi_shop_latency_noise(noise(&r)) - w->latency_mean);
    y.latency = cents_by_chance(latency, &r);
    return y;
}

static void
put_row(const writer *w, int64_t week, int64_t i, upi_out_column *to)
{
    const upi_shop *s = w->shop;
    const shopper *p = &w->who;
    week_row y = make_week(w, week);
    ((int64_t *)to[0].data)[i] = p->index + 1;
    ((int64_t *)to[1].data)[i] = p->household + 1;
    ((int64_t *)to[2].data)[i] = week + 1;
    ((upi_str *)to[3].data)[i] = w->arm[p->assigned];
    ((upi_str *)to[4].data)[i] = w->arm[p->received];
    ((double *)to[5].data)[i] = s->cell[p->cell].propensity[p->assigned];
    ((upi_str *)to[6].data)[i] = w->device[p->cell % 3];
    ((upi_str *)to[7].data)[i] = w->country[p->country];
    ((upi_str *)to[8].data)[i] = w->loyalty[p->cell / 3 % s->n_loyalty];
    ((double *)to[9].data)[i] = p->spend_before;
    ((double *)to[10].data)[i] = p->visits_before;
    ((int64_t *)to[11].data)[i] = y.economy;
    ((int64_t *)to[12].data)[i] = (int64_t)y.searches;
    ((int64_t *)to[13].data)[i] = (int64_t)y.views;
    ((double *)to[14].data)[i] = y.sales;
    ((int64_t *)to[15].data)[i] = (int64_t)y.orders;
    ((uint8_t *)to[16].data)[i] = y.converted ? 1 : 0;
    ((double *)to[17].data)[i] = y.latency;
    for (int64_t j = 0; j < s->o.covariates; j++) {
        ((double *)to[N_FIXED_COLUMNS + j].data)[i] = w->c[j];
    }
}

up_status
upi_shop_fill(
    void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err)
{
    (void)err;
    writer *w = ctx;
    int64_t weeks = w->shop->o.weeks;
    for (int64_t i = 0; i < n; i++) {
        int64_t unit = (first + i) / weeks;
        if (unit != w->who.index) {
            make_shopper(w, unit);
        }
        put_row(w, (first + i) % weeks, i, columns);
    }
    return UP_OK;
}

static upi_str
text_of(const char *s)
{
    return upi_str_make(s, (uint32_t)strlen(s));
}

static void
fill_names(writer *w)
{
    for (int k = 0; k < UPI_SHOP_ARMS; k++) {
        w->arm[k] = text_of(upi_shop_arm_names[k]);
        for (int64_t t = 0; t < w->shop->o.weeks; t++) {
            w->week_add[k][t] = upi_shop_week_add(w->shop, k, t);
        }
    }
    for (int k = 0; k < UPI_SHOP_DEVICES; k++) {
        w->device[k] = text_of(upi_shop_device_names[k]);
    }
    for (int k = 0; k < 4; k++) {
        w->loyalty[k] = text_of(upi_shop_loyalty_names[k]);
    }
    for (int k = 0; k < UPI_SHOP_COUNTRIES; k++) {
        char name[8];
        upi_shop_country_name(k, name);
        /* At most 12 bytes stand inside the string, so that the buffer may go. */
        w->country[k] = text_of(name);
    }
}

static up_status
fill_fields(writer *w, up_error *err)
{
    static const upi_out_field fixed[N_FIXED_COLUMNS] = {{"shopper", UPI_I64},
        {"household", UPI_I64}, {"week", UPI_I64}, {"arm", UPI_STR},
        {"treated", UPI_STR}, {"propensity", UPI_F64}, {"device", UPI_STR},
        {"country", UPI_STR}, {"loyalty", UPI_STR}, {"spend_before", UPI_F64},
        {"visits_before", UPI_F64}, {"economy", UPI_I64}, {"searches", UPI_I64},
        {"views", UPI_I64}, {"sales", UPI_F64}, {"orders", UPI_I64},
        {"converted", UPI_BOOL}, {"latency", UPI_F64}};
    up_status status = UP_OK;
    int64_t k = w->shop->o.covariates;
    UP_TRY(UP_NEW(&w->fields, N_FIXED_COLUMNS + k, err));
    UP_TRY(UP_NEW(&w->names, k, err));
    memcpy(w->fields, fixed, sizeof fixed);
    for (int64_t j = 0; j < k; j++) {
        (void)snprintf(w->names[j], sizeof w->names[j], "c%d", (int)(j + 1));
        w->fields[N_FIXED_COLUMNS + j] = (upi_out_field){w->names[j], UPI_F64};
    }
out:
    return status;
}

up_status
upi_shop_writer_make(const upi_shop *s, upi_shop_writer **out, up_error *err)
{
    up_status status = UP_OK;
    writer *w = NULL;
    UP_TRY(UP_NEW(&w, 1, err));
    w->shop = s;
    w->who.index = -1;
    w->latency_mean = upi_shop_latency_noise_mean();
    UP_TRY(UP_NEW(&w->c, s->o.covariates, err));
    UP_TRY(fill_fields(w, err));
    fill_names(w);
    *out = w;
    w = NULL;
out:
    upi_shop_writer_free(w);
    return status;
}

void
upi_shop_writer_free(upi_shop_writer *w)
{
    if (w == NULL) {
        return;
    }
    upi_free(w->c);
    upi_free(w->fields);
    upi_free(w->names);
    upi_free(w);
}

const upi_out_field *
upi_shop_writer_fields(const upi_shop_writer *w, int64_t *n)
{
    *n = N_FIXED_COLUMNS + w->shop->o.covariates;
    return w->fields;
}
