/* The rows against the truth: the truth is summed over the model's cells, the rows are
 * drawn; they meet only here. Estimates are differences of means (weighted by propensities
 * where those vary), whose standard errors follow from the sample. */
#include "sim/shop.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 2048, COLUMNS = 18 };

typedef struct block {
    double f64[COLUMNS][BLOCK];
    int64_t i64[COLUMNS][BLOCK];
    uint8_t boolean[COLUMNS][BLOCK];
    upi_str text[COLUMNS][BLOCK];
    upi_out_column column[COLUMNS];
} block;

static block *
make_block(const upi_out_field *fields)
{
    block *b = upi_calloc(1, sizeof *b);
    assert_non_null(b);
    for (int j = 0; j < COLUMNS; j++) {
        b->column[j].data = fields[j].type == UPI_F64   ? (void *)b->f64[j]
                            : fields[j].type == UPI_STR ? (void *)b->text[j]
                            : fields[j].type == UPI_I64 ? (void *)b->i64[j]
                                                        : (void *)b->boolean[j];
    }
    return b;
}

static bool
is(const upi_str *s, const char *name)
{
    size_t n = strlen(name);
    return upi_str_length(s) == n && memcmp(upi_str_data(s), name, n) == 0;
}

static int
arm_of(const upi_str *s)
{
    for (int k = 0; k < UPI_SHOP_ARMS; k++) {
        if (is(s, upi_shop_arm_names[k])) {
            return k;
        }
    }
    fail_msg("an arm without a name");
    return 0;
}

/* Weighted sums of a value by arm. */
typedef struct tally {
    double w[UPI_SHOP_ARMS], wy[UPI_SHOP_ARMS], wwyy[UPI_SHOP_ARMS];
} tally;

static double
difference(const tally *t, int k, double *se)
{
    double m0 = t->wy[0] / t->w[0];
    double mk = t->wy[k] / t->w[k];
    /* A generous variance: second moments about zero would be far too wide, so values are
     * tallied about a centre near their mean. */
    *se = sqrt(t->wwyy[0]) / t->w[0] + sqrt(t->wwyy[k]) / t->w[k];
    return mk - m0;
}

typedef struct sample {
    tally by_metric[UPI_SHOP_METRICS];
    tally by_device[UPI_SHOP_DEVICES]; /* sales */
    tally by_week[8];
    tally by_economy[UPI_SHOP_ECONOMIES];
    tally complied[1]; /* 1 if the assigned arm was received and it is not control */
    double rows;
    bool seen_other_treatment, seen_treated_control;
    int64_t households;
} sample;

static void
add(tally *t, int arm, double weight, double y, double center)
{
    t->w[arm] += weight;
    t->wy[arm] += weight * y;
    t->wwyy[arm] += weight * weight * (y - center) * (y - center);
}

static void
take(sample *to, const block *b, int64_t i)
{
    static const double center[UPI_SHOP_METRICS] = {14, 21, 60, 0.35, 0.2, 150};
    int arm = arm_of(&b->text[3][i]);
    int received = arm_of(&b->text[4][i]);
    double w = 1 / b->f64[5][i];
    double y[UPI_SHOP_METRICS] = {(double)b->i64[12][i], (double)b->i64[13][i],
        b->f64[14][i], (double)b->i64[15][i], (double)b->boolean[16][i], b->f64[17][i]};
    assert_true(b->f64[5][i] > 0 && b->f64[5][i] < 1);
    assert_true(y[0] >= 0 && y[1] >= 0 && y[5] > 0);
    assert_true((y[3] > 0) == (y[4] > 0));
    for (int m = 0; m < UPI_SHOP_METRICS; m++) {
        add(&to->by_metric[m], arm, w, y[m], center[m]);
    }
    for (int d = 0; d < UPI_SHOP_DEVICES; d++) {
        if (is(&b->text[6][i], upi_shop_device_names[d])) {
            add(&to->by_device[d], arm, w, y[2], 60);
        }
    }
    for (int e = 0; e < UPI_SHOP_ECONOMIES; e++) {
        if (b->i64[11][i] == upi_shop_economy[e]) {
            add(&to->by_economy[e], arm, w, y[2], 60);
        }
    }
    add(&to->by_week[b->i64[2][i] - 1], arm, w, y[2], 60);
    add(&to->complied[0], arm, w, received == arm ? 1 : 0, 0.5);
    to->seen_other_treatment |= received != arm;
    to->seen_treated_control |= arm == 0 && received != 0;
    to->rows += 1;
    if (b->i64[1][i] > to->households) {
        to->households = b->i64[1][i];
    }
}

static sample *
draw(const up_shop_opts *opts, uint64_t seed)
{
    up_error err = UP_ERROR_INIT;
    upi_shop shop = {0};
    upi_shop_writer *writer = NULL;
    int64_t n = 0;
    assert_ok(upi_shop_make(opts, UP_RUN(.seed = seed), &shop, &err), &err);
    assert_ok(upi_shop_writer_make(&shop, &writer, &err), &err);
    block *b = make_block(upi_shop_writer_fields(writer, &n));
    sample *out = upi_calloc(1, sizeof *out);
    assert_non_null(out);
    int64_t rows = upi_shop_rows(&shop);
    for (int64_t first = 0; first < rows; first += BLOCK) {
        int64_t k = rows - first < BLOCK ? rows - first : BLOCK;
        assert_ok(upi_shop_fill(writer, first, k, b->column, &err), &err);
        for (int64_t i = 0; i < k; i++) {
            take(out, b, i);
        }
    }
    upi_free(b);
    upi_shop_writer_free(writer);
    upi_shop_clear(&shop);
    return out;
}

static json_t *
truth_of(const up_shop_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    upi_shop shop = {0};
    upi_text text = {0};
    json_error_t where;
    assert_ok(upi_shop_make(opts, NULL, &shop, &err), &err);
    assert_ok(upi_shop_truth(&shop, &text, &err), &err);
    json_t *j = json_loads(text.s, 0, &where);
    assert_non_null(j);
    upi_text_free(&text);
    upi_shop_clear(&shop);
    return j;
}

static double
look_up(json_t *truth, const char *metric, const char *arm, const char *segment,
    const char *period, const char *estimand)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(truth, "effects"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "metric")), metric) == 0 &&
            strcmp(json_string_value(json_object_get(row, "arm")), arm) == 0 &&
            strcmp(json_string_value(json_object_get(row, "segment")), segment) == 0 &&
            strcmp(json_string_value(json_object_get(row, "period")), period) == 0 &&
            strcmp(json_string_value(json_object_get(row, "estimand")), estimand) ==
                0) {
            return json_number_value(json_object_get(row, "effect"));
        }
    }
    fail_msg("no truth for %s %s %s %s %s", metric, arm, segment, period, estimand);
    return 0;
}

/* Households and weeks correlate rows of a unit: the standard error grows at most by the
 * square root of the rows that belong together. */
static void
compare(const tally *t, int arms, json_t *truth, const char *metric,
    const char *segment, const char *period, double inflate)
{
    for (int k = 1; k < arms; k++) {
        double se = 0;
        double estimate = difference(t, k, &se);
        double expected =
            look_up(truth, metric, upi_shop_arm_names[k], segment, period, "itt");
        assert_close(estimate, expected, 0, 4 * se * inflate);
        /* The test would be empty if the interval held everything. */
        assert_true(se > 0 && se * inflate < 0.5);
    }
}

static void
rows_agree(const up_shop_opts *opts, double inflate)
{
    char text[64];
    sample *s = draw(opts, 7);
    json_t *truth = truth_of(opts);
    int arms = (int)(opts->arms == 0 ? 2 : opts->arms);
    for (int m = 0; m < UPI_SHOP_METRICS; m++) {
        compare(
            &s->by_metric[m], arms, truth, upi_shop_metric_names[m], "", "", inflate);
    }
    for (int d = 0; d < UPI_SHOP_DEVICES; d++) {
        (void)snprintf(text, sizeof text, "device = '%s'", upi_shop_device_names[d]);
        compare(&s->by_device[d], arms, truth, "sales", text, "", inflate);
    }
    for (int e = 0; e < UPI_SHOP_ECONOMIES; e++) {
        (void)snprintf(text, sizeof text, "economy = %d", (int)upi_shop_economy[e]);
        compare(&s->by_economy[e], arms, truth, "sales", text, "", inflate);
    }
    for (int64_t t = 0; opts->weeks > 1 && t < opts->weeks; t++) {
        (void)snprintf(text, sizeof text, "%d", (int)(t + 1));
        compare(&s->by_week[t], arms, truth, "sales", "", text, inflate);
    }
    json_decref(truth);
    upi_free(s);
}

static void
test_plain(void **state)
{
    (void)state;
    rows_agree(UP_SHOP_OPTS(.units = 200000), 1);
}

static void
test_arms_weeks_adaptive(void **state)
{
    (void)state;
    rows_agree(
        UP_SHOP_OPTS(.units = 100000, .arms = 4, .weeks = 4, .adaptive = 1), 1.5);
}

static void
test_households(void **state)
{
    (void)state;
    rows_agree(UP_SHOP_OPTS(.units = 200000, .clusters = 40000, .adaptive = 1), 1.5);
    sample *s = draw(UP_SHOP_OPTS(.units = 5000, .clusters = 50), 1);
    assert_int_equal(s->households, 50);
    upi_free(s);
}

static void
test_compliance(void **state)
{
    (void)state;
    for (int64_t kind = 1; kind <= 2; kind++) {
        up_shop_opts *o = UP_SHOP_OPTS(.units = 200000, .arms = 3,
            .noncompliance = kind, .adaptive = 1);
        rows_agree(o, 1);
        sample *s = draw(o, 3);
        assert_true(s->seen_other_treatment);
        assert_int_equal(s->seen_treated_control, kind == 2);
        /* The effect of assignment over the share of compliers is the LATE; that share is
         * those who follow minus those who would have the arm anyway. */
        json_t *truth = truth_of(o);
        double late = look_up(truth, "sales", "diverse", "", "", "late");
        double itt = look_up(truth, "sales", "diverse", "", "", "itt");
        double ate = look_up(truth, "sales", "diverse", "", "", "ate");
        double follow = s->complied[0].wy[1] / s->complied[0].w[1];
        double anyway = kind == 2 ? 1 - s->complied[0].wy[0] / s->complied[0].w[0] : 0;
        assert_close(itt / (follow - anyway / 2), late, 0.02, 0);
        assert_true(fabs(ate - late) > 0.005);
        json_decref(truth);
        upi_free(s);
    }
}

/* With one-sided noncompliance those treated are compliers; where probabilities of assignment
 * vary they are a selection of them. */
static void
test_treated(void **state)
{
    (void)state;
    for (int64_t kind = 0; kind <= 2; kind++) {
        for (int64_t adaptive = 0; adaptive <= 1; adaptive++) {
            json_t *truth = truth_of(UP_SHOP_OPTS(.units = 100, .noncompliance = kind,
                .adaptive = adaptive));
            double att = 0;
            double late = 0;
            int64_t rows = 0;
            size_t i = 0;
            json_t *e = NULL;
            json_array_foreach(json_object_get(truth, "effects"), i, e)
            {
                const char *name = json_string_value(json_object_get(e, "estimand"));
                double value = json_number_value(json_object_get(e, "effect"));
                rows += strcmp(name, "att") == 0;
                att += strcmp(name, "att") == 0 ? value : 0;
                late += strcmp(name, "late") == 0 ? value : 0;
            }
            bool told = kind == 1 && adaptive == 0;
            assert_int_equal(rows > 0, told);
            assert_close(att, told ? late : 0, 1e-15, 0);
            json_decref(truth);
        }
    }
}

static void
test_paths_sum_to_total(void **state)
{
    (void)state;
    static const char *const estimands[] = {"ate", "itt"};
    json_t *truth = truth_of(UP_SHOP_OPTS(.arms = 3, .noncompliance = 1));
    for (int kind = 0; kind < 2; kind++) {
        double sum = 0;
        double total = 0;
        size_t i;
        json_t *row;
        json_array_foreach(json_object_get(truth, "mediation"), i, row)
        {
            const char *name = json_string_value(json_object_get(row, "estimand"));
            const char *arm = json_string_value(json_object_get(row, "arm"));
            const char *path = json_string_value(json_object_get(row, "path"));
            double x = json_number_value(json_object_get(row, "effect"));
            if (strcmp(arm, "diverse") == 0 && strcmp(name, estimands[kind]) == 0 &&
                json_string_length(json_object_get(row, "segment")) == 0) {
                bool all = strcmp(path, "total") == 0;
                total += all ? x : 0;
                sum += all ? 0 : x;
            }
        }
        assert_close(sum, total, 1e-14, 0);
        assert_close(total, look_up(truth, "sales", "diverse", "", "", estimands[kind]),
            1e-14, 0);
    }
    json_decref(truth);
}

/* A row depends on the seed and its index alone: not on where the block begins, nor on how
 * many units follow. */
static void
test_rows_stand_alone(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    upi_shop small = {0};
    upi_shop large = {0};
    upi_shop_writer *one = NULL;
    upi_shop_writer *two = NULL;
    int64_t n = 0;
    assert_ok(upi_shop_make(UP_SHOP_OPTS(.units = 100, .weeks = 3), UP_RUN(.seed = 5),
                  &small, &err),
        &err);
    assert_ok(upi_shop_make(UP_SHOP_OPTS(.units = 1000, .weeks = 3), UP_RUN(.seed = 5),
                  &large, &err),
        &err);
    assert_ok(upi_shop_writer_make(&small, &one, &err), &err);
    assert_ok(upi_shop_writer_make(&large, &two, &err), &err);
    block *a = make_block(upi_shop_writer_fields(one, &n));
    block *b = make_block(upi_shop_writer_fields(two, &n));
    assert_int_equal(n, COLUMNS);
    assert_ok(upi_shop_fill(one, 0, 300, a->column, &err), &err);
    assert_ok(upi_shop_fill(two, 200, 100, b->column, &err), &err);
    for (int j = 0; j < COLUMNS; j++) {
        assert_memory_equal(&a->f64[j][200], &b->f64[j][0], 100 * sizeof(double));
        assert_memory_equal(&a->i64[j][200], &b->i64[j][0], 100 * sizeof(int64_t));
        assert_memory_equal(&a->boolean[j][200], &b->boolean[j][0], 100);
        assert_memory_equal(&a->text[j][200], &b->text[j][0], 100 * sizeof(upi_str));
    }
    upi_free(a);
    upi_free(b);
    upi_shop_writer_free(one);
    upi_shop_writer_free(two);
    upi_shop_clear(&small);
    upi_shop_clear(&large);
}

static void
test_segments(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    for (int64_t segments = 1; segments <= 1000; segments += 37) {
        upi_shop shop = {0};
        double total = 0;
        assert_ok(
            upi_shop_make(UP_SHOP_OPTS(.segments = segments), NULL, &shop, &err), &err);
        for (int64_t i = 0; i < segments; i++) {
            total += shop.cell[i].share;
            assert_true(shop.cell[i].share > 0);
            for (int t = 0; t < UPI_SHOP_TYPES; t++) {
                assert_true(shop.cell[i].type_share[t] >= 0);
            }
        }
        assert_close(total, 1, 1e-12, 0);
        assert_close(shop.country_limit[shop.n_country - 1], 1, 1e-12, 0);
        upi_shop_clear(&shop);
    }
}

static void
test_refusals(void **state)
{
    (void)state;
    upi_shop shop = {0};
    const up_shop_opts *bad[] = {UP_SHOP_OPTS(.units = -1), UP_SHOP_OPTS(.arms = 9),
        UP_SHOP_OPTS(.arms = 1), UP_SHOP_OPTS(.weeks = 521),
        UP_SHOP_OPTS(.units = 10, .clusters = 11), UP_SHOP_OPTS(.noncompliance = 3),
        UP_SHOP_OPTS(.adaptive = 2), UP_SHOP_OPTS(.covariates = 1001),
        UP_SHOP_OPTS(.segments = 1001)};
    const char *fields[] = {"units", "arms", "arms", "weeks", "clusters",
        "noncompliance", "adaptive", "covariates", "segments"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(upi_shop_make(bad[i], NULL, &shop, &err), UP_E_ARGUMENT, &err);
        assert_string_equal(err.field, fields[i]);
    }
    up_error err = UP_ERROR_INIT;
    assert_fails(up_simulate_shop("", NULL, NULL, NULL, &err), UP_E_ARGUMENT, &err);
}

static up_status
make_all(void *ctx, up_error *err)
{
    (void)ctx;
    up_status status = UP_OK;
    upi_shop shop = {0};
    upi_shop_writer *writer = NULL;
    upi_text text = {0};
    UP_TRY(upi_shop_make(UP_SHOP_OPTS(.covariates = 2), NULL, &shop, err));
    UP_TRY(upi_shop_writer_make(&shop, &writer, err));
    UP_TRY(upi_shop_truth(&shop, &text, err));
out:
    upi_text_free(&text);
    upi_shop_writer_free(writer);
    upi_shop_clear(&shop);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_sweep_memory(make_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_arms_weeks_adaptive),
        cmocka_unit_test(test_households),
        cmocka_unit_test(test_compliance),
        cmocka_unit_test(test_treated),
        cmocka_unit_test(test_paths_sum_to_total),
        cmocka_unit_test(test_rows_stand_alone),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
