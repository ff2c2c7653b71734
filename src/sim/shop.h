/* The structural model of the simulated store. All numbers of the model stand in tables
 * that the rows and the truth both read, so that the two cannot drift apart. */
#ifndef UPI_SHOP_H
#define UPI_SHOP_H

#include "base/base.h"
#include "engine/write.h"
#include "num/rng.h"

#include <upshot/simulate.h>

enum {
    UPI_SHOP_ARMS = 8,
    UPI_SHOP_ECONOMIES = 3,
    UPI_SHOP_DEVICES = 3,
    UPI_SHOP_COUNTRIES = 334
};

/* How a shopper answers an assignment. */
typedef enum upi_shop_type {
    UPI_SHOP_COMPLIER, /* takes the arm it was assigned to */
    UPI_SHOP_NEVER,    /* always gets control */
    UPI_SHOP_ALWAYS,   /* always gets one and the same arm, not control */
    UPI_SHOP_TYPES
} upi_shop_type;

typedef enum upi_shop_metric {
    UPI_SHOP_SEARCHES,
    UPI_SHOP_VIEWS,
    UPI_SHOP_SALES,
    UPI_SHOP_ORDERS,
    UPI_SHOP_CONVERTED,
    UPI_SHOP_LATENCY,
    UPI_SHOP_METRICS
} upi_shop_metric;

/* One combination of device, loyalty and country. */
typedef struct upi_shop_cell {
    double share;                   /* of the population */
    double searches, views, sales;  /* intercepts of the three equations */
    double converted, latency;      /* means under control */
    double modifier[UPI_SHOP_ARMS]; /* of the effects of arm k */
    double type_share[UPI_SHOP_TYPES];
    double propensity[UPI_SHOP_ARMS]; /* probability of being assigned to arm k */
} upi_shop_cell;

/* Effects of an arm where it acts by 1. */
typedef struct upi_shop_arm {
    double searches, views, sales; /* direct, equation by equation */
    double converted, latency;
    double
        trend; /* the effect times 1 + trend * u, u from -1 (first week) to 1 (last) */
} upi_shop_arm;

typedef struct upi_shop {
    up_shop_opts o; /* resolved: no zero stands for a default */
    uint64_t seed;
    int64_t n_loyalty, n_country;
    upi_shop_cell
        *cell; /* (o.segments): s = (country * n_loyalty + loyalty) * 3 + device */
    double *country_limit; /* (n_country) cumulative shares */
    double *cell_limit;    /* (o.segments) cumulative shares within the country */
    upi_shop_arm arm[UPI_SHOP_ARMS];
} upi_shop;

/* Coefficients that are the same for everyone: V on S, Y on S, Y on V; orders per converted
 * shopper. */
extern const double upi_shop_views_per_search, upi_shop_sales_per_search,
    upi_shop_sales_per_view, upi_shop_orders_per_converted;
extern const char *const upi_shop_arm_names[UPI_SHOP_ARMS];
extern const char *const upi_shop_device_names[UPI_SHOP_DEVICES];
extern const char *const upi_shop_loyalty_names[4];
extern const char *const upi_shop_metric_names[UPI_SHOP_METRICS];
extern const int64_t upi_shop_economy[UPI_SHOP_ECONOMIES];
extern const double upi_shop_economy_share[UPI_SHOP_ECONOMIES];

void upi_shop_country_name(int64_t country, char out[8]);

up_status upi_shop_make(
    const up_shop_opts *opts, const up_run *run, upi_shop *out, up_error *err);
void upi_shop_clear(upi_shop *s);

/* What week and economy add to the cell's modifier: an arm acts by the sum of the three. */
double upi_shop_week_add(
    const upi_shop *s, int64_t arm, int64_t week); /* week from 0 */
double upi_shop_economy_add(int64_t level);
/* What the week, the economy and the type add to sales. */
double upi_shop_season(int64_t week);
double upi_shop_economy_sales(int64_t level);
double upi_shop_type_sales(const upi_shop *s, upi_shop_type type);
/* Latency is a level times a skewed noise whose mean is known: exp(a z) and E exp(a z). */
double upi_shop_latency_noise(double z);
double upi_shop_latency_noise_mean(void);

int64_t upi_shop_rows(const upi_shop *s);

/* rows.parquet -> rows.truth.json */
up_status upi_shop_truth_path(const char *rows, char **out, up_error *err);
/* The truth as one JSON object. */
up_status upi_shop_truth(const upi_shop *s, upi_text *out, up_error *err);
/* The rows, by blocks: make a writer, hand upi_shop_fill with it to upi_write_rows. */
typedef struct upi_shop_writer upi_shop_writer;
up_status upi_shop_writer_make(const upi_shop *s, upi_shop_writer **out, up_error *err);
void upi_shop_writer_free(upi_shop_writer *w);
const upi_out_field *upi_shop_writer_fields(const upi_shop_writer *w, int64_t *n);
up_status upi_shop_fill(
    void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err);

#endif
