/* Assignment: exact probabilities by counting over many seeds, exact counts, SHA-1 vectors,
 * order of rows, clusters, strata, re-randomisation, refusals. */
#include "num/dist.h"
#include "plan/assignment.h"
#include "plan/sha1.h"
#include "up_test.h"

#include <upshot/upshot.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1200 };

typedef struct units {
    int64_t n;
    int64_t id[MOST], village[MOST];
    const char *name[MOST], *region[MOST];
    char text[MOST][16];
    double age[MOST], spend[MOST];
    uint8_t member[MOST];
    up_source *source;
    up_column columns[7];
} units;

/* Unit i is called u<i>; villages of 5; regions in runs. */
static void
make_units(units *u, int64_t n, int64_t first)
{
    static const char *const regions[] = {"north", "south", "west"};
    up_error err = UP_ERROR_INIT;
    u->n = n;
    for (int64_t j = 0; j < n; j++) {
        int64_t i = (first + j) % n;
        u->id[j] = i;
        (void)snprintf(u->text[j], sizeof u->text[j], "u%d", (int)i);
        u->name[j] = u->text[j];
        u->village[j] = i / 5;
        u->region[j] = regions[i / 5 % 3];
        u->age[j] = 20 + (double)(i * 37 % 60);
        u->spend[j] = (double)(i * i % 101);
        u->member[j] = i % 4 == 0;
    }
    memset(u->columns, 0, sizeof u->columns);
    u->columns[0] = (up_column){.name = "id", .i64 = u->id};
    u->columns[1] = (up_column){.name = "name", .text = u->name};
    u->columns[2] = (up_column){.name = "village", .i64 = u->village};
    u->columns[3] = (up_column){.name = "region", .text = u->region};
    u->columns[4] = (up_column){.name = "age", .f64 = u->age};
    u->columns[5] = (up_column){.name = "spend", .f64 = u->spend};
    u->columns[6] = (up_column){.name = "member", .boolean = u->member};
    assert_ok(up_source_from_columns_borrow(u->columns, 7, n, &u->source, &err), &err);
}

static up_assignment *
assign(const units *u, const up_assign_opts *o, uint64_t seed)
{
    up_error err = UP_ERROR_INIT;
    up_assignment *a = NULL;
    assert_ok(up_assign(u->source, o, UP_RUN(.seed = seed), &a, &err), &err);
    return a;
}

static up_status
try_assign(const units *u, const up_assign_opts *o, up_error *err)
{
    up_assignment *a = NULL;
    up_status status = up_assign(u->source, o, NULL, &a, err);
    if (status != UP_OK) {
        assert_null(a);
    }
    up_assignment_free(a);
    return status;
}

static int64_t
arm_index(const up_assignment *a, int64_t i)
{
    up_assigned one = up_assignment_get(a, i);
    for (int64_t k = 0; k < up_assignment_arms(a); k++) {
        if (strcmp(up_assignment_arm(a, k).arm, one.arm) == 0) {
            return k;
        }
    }
    return -1;
}

static void
test_sha1(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } known[] = {{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"The quick brown fox jumps over the lazy dog",
            "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t digest[UPI_SHA1_BYTES];
        char hex[2 * UPI_SHA1_BYTES + 1];
        int64_t n = (int64_t)strlen(known[i].text);
        upi_piece pieces[] = {
            {known[i].text, n / 2}, {known[i].text + n / 2, n - n / 2}};
        upi_sha1(pieces, 2, digest);
        for (int b = 0; b < UPI_SHA1_BYTES; b++) {
            (void)snprintf(hex + 2 * b, 3, "%02x", digest[b]);
        }
        assert_string_equal(hex, known[i].digest);
    }
    static char million[1000000];
    memset(million, 'a', sizeof million);
    uint8_t digest[UPI_SHA1_BYTES];
    upi_piece piece = {million, sizeof million};
    upi_sha1(&piece, 1, digest);
    assert_int_equal(
        digest[0], 0x34); /* 34aa973c d4c4daa4 f61eeb2b dbad2731 6534016f */
    assert_int_equal(digest[19], 0x6f);
}

static void
test_counts_are_exact(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 100, 0);
    const char *arms[] = {"control", "a", "b"};
    const double shares[] = {0.5, 0.29, 0.21};
    const up_assign_opts *o =
        UP_ASSIGN_OPTS(.unit = "id", .arms = arms, .n_arms = 3, .shares = shares);
    for (uint64_t seed = 0; seed < 20; seed++) {
        up_assignment *a = assign(&u, o, seed);
        assert_int_equal(up_assignment_arm(a, 0).units, 50);
        assert_int_equal(up_assignment_arm(a, 1).units, 29);
        assert_int_equal(up_assignment_arm(a, 2).units, 21);
        up_assignment_free(a);
    }
    up_source_free(u.source);
}

/* 7 units, 3 arms of unequal shares: over many seeds each unit gets each arm as often as its share
 * says, and all 7!/(...) ways of dealing are as likely. */
static void
test_probabilities_by_counting(void **state)
{
    (void)state;
    enum { N = 7, SEEDS = 20000 };
    static units u;
    make_units(&u, N, 0);
    const char *arms[] = {"c", "a", "b"};
    const double shares[] = {0.5, 0.3, 0.2};
    int64_t got[N][3] = {{0}};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        up_assignment *a = assign(&u,
            UP_ASSIGN_OPTS(.unit = "name", .arms = arms, .n_arms = 3, .shares = shares),
            seed);
        for (int64_t i = 0; i < N; i++) {
            got[i][arm_index(a, i)]++;
        }
        up_assignment_free(a);
    }
    for (int64_t i = 0; i < N; i++) {
        for (int64_t k = 0; k < 3; k++) {
            double p = shares[k];
            double z = ((double)got[i][k] - SEEDS * p) / sqrt(SEEDS * p * (1 - p));
            assert_true(fabs(z) < 4.5);
        }
    }
    up_source_free(u.source);
}

/* Four units in two halves: the six ways are equally likely (chi-square, 5 degrees). */
static void
test_all_ways_equally_likely(void **state)
{
    (void)state;
    enum { SEEDS = 12000 };
    static units u;
    make_units(&u, 4, 0);
    int64_t ways[16] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        up_assignment *a = assign(&u, UP_ASSIGN_OPTS(.unit = "id"), seed);
        int64_t way = 0;
        for (int64_t i = 0; i < 4; i++) {
            way = 2 * way + arm_index(a, i);
        }
        ways[way]++;
        up_assignment_free(a);
    }
    double chi = 0;
    int64_t seen = 0;
    for (int w = 0; w < 16; w++) {
        double e = SEEDS / 6.0;
        seen += ways[w] > 0;
        chi += ways[w] > 0 ? ((double)ways[w] - e) * ((double)ways[w] - e) / e : 0;
    }
    assert_int_equal(seen, 6);
    assert_true(upi_chisq_sf(chi, 5) > 1e-4);
    up_source_free(u.source);
}

static void
test_order_and_threads(void **state)
{
    (void)state;
    static units u, v;
    make_units(&u, 1001, 0);
    make_units(&v, 1001, 400);
    const char *strata[] = {"region", "member"};
    const char *covariates[] = {"age", "spend > 50"};
    const up_assign_opts all[] = {
        *UP_ASSIGN_OPTS(.unit = "id"),
        *UP_ASSIGN_OPTS(.unit = "id", .strata = strata, .n_strata = 2),
        *UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_BERNOULLI),
        *UP_ASSIGN_OPTS(.unit = "id", .cluster = "village"),
        *UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_HASH, .salt = "x"),
        *UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_RERANDOMISED,
            .covariates = covariates, .n_covariates = 2, .accept = 0.2),
    };
    for (size_t m = 0; m < sizeof all / sizeof all[0]; m++) {
        up_assignment *a = assign(&u, &all[m], 5);
        up_assignment *b = assign(&v, &all[m], 5);
        up_assignment *other = assign(&u, &all[m], 6);
        int64_t differs = 0;
        for (int64_t i = 0; i < 1001; i++) {
            int64_t j = (i - 400 + 1001) % 1001;
            assert_string_equal(
                up_assignment_get(a, i).unit, up_assignment_get(b, j).unit);
            assert_string_equal(
                up_assignment_get(a, i).arm, up_assignment_get(b, j).arm);
            differs += strcmp(up_assignment_get(a, i).arm,
                           up_assignment_get(other, i).arm) != 0;
        }
        assert_true(all[m].method == UP_ASSIGN_HASH ? differs == 0 : differs > 300);
        up_assignment_free(a);
        up_assignment_free(b);
        up_assignment_free(other);
    }
    up_source_free(u.source);
    up_source_free(v.source);
}

static void
test_strata_and_clusters(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 300, 0);
    const char *strata[] = {"region"};
    up_assignment *a =
        assign(&u, UP_ASSIGN_OPTS(.unit = "id", .strata = strata, .n_strata = 1), 3);
    for (int r = 0; r < 3; r++) {
        int64_t in_control = 0;
        int64_t all = 0;
        for (int64_t i = 0; i < 300; i++) {
            bool here = i / 5 % 3 == r;
            all += here;
            in_control += here && arm_index(a, i) == 0;
        }
        assert_int_equal(2 * in_control, all);
    }
    up_assignment_free(a);
    a = assign(&u,
        UP_ASSIGN_OPTS(.unit = "id", .cluster = "village", .strata = strata,
            .n_strata = 1),
        3);
    for (int64_t i = 1; i < 300; i++) {
        if (i % 5 != 0) {
            assert_int_equal(arm_index(a, i), arm_index(a, i - 1));
        }
    }
    assert_int_equal(up_assignment_arm(a, 0).clusters, 30);
    assert_string_equal(up_assignment_get(a, 7).cluster, "1");
    up_assignment_free(a);
    const char *fine[] = {"id"};
    a = assign(&u, UP_ASSIGN_OPTS(.unit = "id", .strata = fine, .n_strata = 1), 3);
    assert_int_equal(up_assignment_notes(a), 1);
    assert_int_equal(up_assignment_note(a, 0).code, UP_N_SMALL_STRATA);
    assert_close(up_assignment_get(a, 0).propensity, 0.5, 0, 0);
    up_assignment_free(a);
    up_source_free(u.source);
}

/* Python: int(hashlib.sha1(b'shop.button.u7').hexdigest()[:15], 16) / 0xFFFFFFFFFFFFFFF */
static void
test_hash(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        double u;
    } known[] = {{"u0", 0.43560230388874915}, {"u7", 0.22566243290644925},
        {"42", 0.9910101344443879}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        upi_piece pieces[] = {
            {"shop.button.", 12}, {known[i].unit, (int64_t)strlen(known[i].unit)}};
        assert_close(upi_sha1_fraction(pieces, 2), known[i].u, 1e-15, 0);
    }
    static units u;
    make_units(&u, MOST, 0);
    const up_assign_opts *o = UP_ASSIGN_OPTS(.unit = "name", .method = UP_ASSIGN_HASH,
        .salt = "shop.button", .layer = "home", .from = 0.25, .to = 0.75);
    const up_assign_opts *rest = UP_ASSIGN_OPTS(.unit = "name",
        .method = UP_ASSIGN_HASH, .salt = "other", .layer = "home", .from = 0.75);
    up_assignment *a = assign(&u, o, 1);
    up_assignment *b = assign(&u, rest, 1);
    up_error err = UP_ERROR_INIT;
    int64_t n = up_assignment_count(a);
    assert_true(n > 520 && n < 680);
    assert_int_equal(up_assignment_note(a, 0).code, UP_N_OUTSIDE_LAYER);
    for (int64_t i = 0; i < n; i++) {
        int64_t arm = -2;
        assert_ok(up_assign_unit(o, up_assignment_get(a, i).unit, &arm, &err), &err);
        assert_int_equal(arm, arm_index(a, i));
        assert_ok(up_assign_unit(rest, up_assignment_get(a, i).unit, &arm, &err), &err);
        assert_int_equal(arm, -1);
    }
    up_assignment_free(a);
    up_assignment_free(b);
    up_source_free(u.source);
}

static void
test_rerandomised(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 200, 0);
    const char *covariates[] = {"age", "spend", "member", "age + spend"};
    const up_assign_opts *o =
        UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_RERANDOMISED,
            .covariates = covariates, .n_covariates = 4, .accept = 0.05);
    double total_draws = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        up_assignment *a = assign(&u, o, seed);
        double threshold = 0;
        int64_t draws = 0;
        double m = up_assignment_imbalance(a, &threshold, &draws);
        /* age + spend repeats the others: three columns, one comparison */
        assert_close(threshold, upi_chisq_quantile(0.05, 3), 1e-12, 0);
        assert_true(m <= threshold && draws >= 1);
        total_draws += (double)draws;
        if (seed == 0) {
            /* Morgan & Rubin's distance from its definition, one covariate at a time */
            double mean[2] = {0}, n[2] = {0};
            for (int64_t i = 0; i < 200; i++) {
                mean[arm_index(a, i)] += u.age[i];
                n[arm_index(a, i)]++;
            }
            double d = mean[0] / n[0] - mean[1] / n[1];
            assert_true(fabs(d) < 3); /* sd of age is 17: chance alone gives 2.5 */
            assert_close(up_assignment_get(a, 0).propensity, 0.5, 0, 0);
        }
        up_assignment_free(a);
    }
    assert_true(total_draws / 40 > 10 && total_draws / 40 < 35); /* 1/0.05 = 20 */
    const double shares[] = {0.25, 0.75};
    up_assignment *a = assign(&u,
        UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_RERANDOMISED,
            .covariates = covariates, .n_covariates = 2, .accept = 0.3,
            .shares = shares, .probability_draws = 200),
        1);
    double sum = 0;
    for (int64_t i = 0; i < 200; i++) {
        double p = up_assignment_get(a, i).propensity;
        sum += arm_index(a, i) == 0 ? p : 1 - p;
        assert_true(p > 0 && p < 1);
    }
    assert_close(sum / 200, 0.25, 0, 0.02);
    up_assignment_free(a);
    up_source_free(u.source);
}

/* One covariate: the distance is n0 n1/n (difference)^2 / variance. */
static void
test_distance(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 60, 0);
    const char *covariates[] = {"spend"};
    const double shares[] = {0.3, 0.7};
    up_assignment *a = assign(&u,
        UP_ASSIGN_OPTS(.unit = "id", .covariates = covariates, .n_covariates = 1,
            .shares = shares),
        9);
    double mean = 0, ss = 0, arm[2] = {0};
    for (int64_t i = 0; i < 60; i++) {
        mean += u.spend[i] / 60;
        arm[arm_index(a, i)] += u.spend[i];
    }
    for (int64_t i = 0; i < 60; i++) {
        ss += (u.spend[i] - mean) * (u.spend[i] - mean);
    }
    double d = arm[0] / 18 - arm[1] / 42;
    assert_close(up_assignment_imbalance(a, NULL, NULL),
        18.0 * 42 / 60 * d * d / (ss / 59), 1e-10, 0);
    up_assignment_free(a);
    up_source_free(u.source);
}

static void
test_refusals(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 20, 0);
    const char *strata[] = {"id"};
    const char *text[] = {"region"};
    const char *constant[] = {"age > 1000"};
    const char *same[] = {"a", "a"};
    const double bad[] = {0.5, 0.6};
    const struct {
        up_assign_opts o;
        up_status status;
        const char *field;
    } cases[] = {
        {*UP_ASSIGN_OPTS(.method = 0), UP_E_ARGUMENT, "unit"},
        {*UP_ASSIGN_OPTS(.unit = "village"), UP_E_UNIT, "village"},
        {*UP_ASSIGN_OPTS(.unit = "nobody"), UP_E_COLUMN, "nobody"},
        {*UP_ASSIGN_OPTS(.unit = "age"), UP_E_TYPE, "unit"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = 9), UP_E_ARGUMENT, "method"},
        {*UP_ASSIGN_OPTS(.unit = "id", .arms = same), UP_E_ARGUMENT, "arms"},
        {*UP_ASSIGN_OPTS(.unit = "id", .n_arms = 3), UP_E_ARGUMENT, "arms"},
        {*UP_ASSIGN_OPTS(.unit = "id", .shares = bad), UP_E_ARGUMENT, "shares"},
        {*UP_ASSIGN_OPTS(.unit = "id", .salt = "x"), UP_E_ARGUMENT, "salt"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_HASH), UP_E_ARGUMENT,
            "salt"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_HASH, .salt = "x",
             .layer = "x"),
            UP_E_ARGUMENT, "layer"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_HASH, .salt = "x",
             .layer = "y", .from = 0.8, .to = 0.2),
            UP_E_ARGUMENT, "from"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_BERNOULLI, .strata = text,
             .n_strata = 1),
            UP_E_ARGUMENT, "strata"},
        {*UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_RERANDOMISED), UP_E_ARGUMENT,
            "covariates"},
        {*UP_ASSIGN_OPTS(.unit = "id", .covariates = text, .n_covariates = 1),
            UP_E_TYPE, "covariates"},
        {*UP_ASSIGN_OPTS(.unit = "id", .covariates = constant, .n_covariates = 1),
            UP_E_NO_VARIATION, "covariates"},
        {*UP_ASSIGN_OPTS(.unit = "id", .cluster = "village", .strata = strata,
             .n_strata = 1),
            UP_E_CLUSTER, "id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        up_error err = UP_ERROR_INIT;
        assert_fails(try_assign(&u, &cases[i].o, &err), cases[i].status, &err);
        assert_string_equal(err.field, cases[i].field);
    }
    const char *age[] = {"age", "spend", "member"};
    up_error err = UP_ERROR_INIT;
    assert_fails(
        try_assign(&u,
            UP_ASSIGN_OPTS(.unit = "id", .method = UP_ASSIGN_RERANDOMISED,
                .covariates = age, .n_covariates = 3, .accept = 1e-12, .max_draws = 20),
            &err),
        UP_E_PLAN, &err);
    u.age[3] = INFINITY;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        try_assign(&u,
            UP_ASSIGN_OPTS(.unit = "id", .covariates = age, .n_covariates = 1), &err),
        UP_E_NOT_FINITE, &err);
    u.age[3] = NAN;
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        try_assign(&u,
            UP_ASSIGN_OPTS(.unit = "id", .covariates = age, .n_covariates = 1), &err),
        UP_E_MISSING, &err);
    up_source_free(u.source);
}

/* What is written can be read as an experiment, and its design passes the checks. */
static void
test_write(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 400, 0);
    up_error err = UP_ERROR_INIT;
    char path[64];
    (void)snprintf(path, sizeof path, "assign-%d.csv", (int)getpid());
    const double shares[] = {0.25, 0.75};
    up_assignment *a = assign(
        &u, UP_ASSIGN_OPTS(.unit = "id", .cluster = "village", .shares = shares), 1);
    assert_ok(up_assignment_write(a, path, NULL, &err), &err);
    FILE *f = fopen(path, "rb");
    char line[80];
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "id,village,arm,propensity\n");
    int64_t rows = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        char wanted[80];
        up_assigned one = up_assignment_get(a, rows++);
        (void)snprintf(wanted, sizeof wanted, "%s,%s,%s,%g\n", one.unit, one.cluster,
            one.arm, one.propensity);
        assert_string_equal(line, wanted);
    }
    (void)fclose(f);
    assert_int_equal(rows, 400);
    assert_int_equal(remove(path), 0);
    assert_fails(up_assignment_write(a, "x.txt", NULL, &err), UP_E_WRITE, &err);
    up_assignment_free(a);
    up_source_free(u.source);
}

static up_status
sweep(void *ctx, up_error *err)
{
    const char *strata[] = {"region"};
    const char *covariates[] = {"age", "spend"};
    return try_assign(ctx,
        UP_ASSIGN_OPTS(.unit = "name", .cluster = "village", .strata = strata,
            .n_strata = 1, .covariates = covariates, .n_covariates = 2, .accept = 0.9,
            .method = UP_ASSIGN_RERANDOMISED),
        err);
}

static void
test_memory(void **state)
{
    (void)state;
    static units u;
    make_units(&u, 30, 0);
    up_sweep_memory(sweep, &u);
    up_source_free(u.source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_counts_are_exact),
        cmocka_unit_test(test_probabilities_by_counting),
        cmocka_unit_test(test_all_ways_equally_likely),
        cmocka_unit_test(test_order_and_threads),
        cmocka_unit_test(test_strata_and_clusters),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_rerandomised),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
