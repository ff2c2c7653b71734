/* A graph from data: what is found, what does not change it, and what is refused. */
#include "moments/moments.h"
#include "store.h"
#include "why/scatter.h"

#include <math.h>
#include <string.h>

static const char tiers[] = "searches < views < sales";

static up_discovery *
discover(const store *s, const up_discover_opts *o, const up_run *run)
{
    up_error err = UP_ERROR_INIT;
    up_discovery *d = NULL;
    assert_ok(up_discover(s->moments, o, run, &d, &err), &err);
    return d;
}

static char *
text_of(const up_discovery *d)
{
    up_error err = UP_ERROR_INIT;
    char *s = NULL;
    assert_ok(up_graph_write(up_discovery_graph(d), UP_GRAPH_TEXT, &s, &err), &err);
    return s;
}

static bool
has_edge(const up_discovery *d, const char *from, const char *to)
{
    const up_graph *g = up_discovery_graph(d);
    return up_graph_has_edge(g, up_graph_find(g, from), up_graph_find(g, to)) != 0;
}

static void
assert_store(const up_discovery *d)
{
    assert_int_equal(up_discovery_edges(d), 7);
    assert_true(has_edge(d, "arm", "searches"));
    assert_true(has_edge(d, "arm", "views"));
    assert_true(has_edge(d, "before", "searches"));
    assert_true(has_edge(d, "before", "sales"));
    assert_true(has_edge(d, "searches", "views"));
    assert_true(has_edge(d, "searches", "sales"));
    assert_true(has_edge(d, "views", "sales"));
}

/* Independent rows, in clusters, and weighted. */
static void
finds_the_store(void **state)
{
    (void)state;
    const store_spec specs[] = {{.n = 4000, .seed = 1},
        {.n = 12000, .household = 3, .seed = 2},
        {.n = 6000, .weighted = true, .seed = 3}};
    const double n[] = {4000, 4000, 0};
    for (size_t k = 0; k < 3; k++) {
        store s = store_new(&specs[k]);
        store_open(&s, &specs[k]);
        up_discovery *d = discover(&s, UP_DISCOVER_OPTS(.tiers = tiers), NULL);
        assert_store(d);
        for (int64_t i = 0; i < up_discovery_edges(d); i++) {
            up_found_edge e = up_discovery_edge(d, i);
            assert_true(e.frequency > 0.9 && e.frequency <= 1);
            assert_true(e.direction_frequency <= e.frequency);
            assert_true(e.p_value < 0.01 && fabs(e.correlation) < 1);
            assert_int_equal(e.directed, 1);
        }
        if (n[k] > 0) {
            assert_close(up_discovery_n(d), n[k], 0, 0);
        } else {
            double sum = 0;
            double sum2 = 0;
            for (int64_t i = 0; i < s.n; i++) {
                sum += s.weight[i];
                sum2 += s.weight[i] * s.weight[i];
            }
            assert_close(up_discovery_n(d), sum * sum / sum2, 1e-12, 0);
        }
        assert_int_equal(up_discovery_note(d, 0).code, UP_N_HYPOTHESIS);
        assert_int_equal(up_discovery_notes(d), k == 0 ? 1 : 2);
        assert_true(up_discovery_tests(d) > 20);
        up_discovery_free(d);
        store_free(&s);
    }
}

/* Correlations from moments against those of the columns, two-pass. */
static double
naive(const store *s, const double *a, const double *b, bool weighted)
{
    double sum[3] = {0};
    double cross[3] = {0};
    for (int64_t i = 0; i < s->n; i++) {
        double w = weighted ? s->weight[i] : 1;
        sum[0] += w;
        sum[1] += w * a[i];
        sum[2] += w * b[i];
    }
    for (int64_t i = 0; i < s->n; i++) {
        double w = weighted ? s->weight[i] : 1;
        double x = a[i] - sum[1] / sum[0];
        double y = b[i] - sum[2] / sum[0];
        cross[0] += w * x * y;
        cross[1] += w * x * x;
        cross[2] += w * y * y;
    }
    return cross[0] / sqrt(cross[1] * cross[2]);
}

static void
correlations(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        store_spec spec = {.n = 900,
            .household = (k & 1) != 0 ? 3 : 0,
            .weighted = (k & 2) != 0,
            .seed = (uint64_t)k};
        store s = store_new(&spec);
        store_open(&s, &spec);
        double *arm = calloc((size_t)s.n, sizeof *arm);
        for (int64_t i = 0; i < s.n; i++) {
            arm[i] = (double)s.arm[i];
        }
        const double *columns[] = {
            s.before, arm, s.searches, s.views, s.sales, s.other};
        up_error err = UP_ERROR_INIT;
        upi_scatter c = {0};
        bool blocks = (k & 4) != 0;
        assert_ok(upi_scatter_make(s.moments, NULL, blocks, NULL, &c, &err), &err);
        assert_int_equal(c.d, 6);
        int32_t *once = calloc((size_t)c.n_blocks + 1, sizeof *once);
        double again[36];
        for (int64_t b = 0; b < c.n_blocks; b++) {
            once[b] = 1;
        }
        assert_int_equal(c.n_blocks > 0, blocks);
        assert_true(!blocks || upi_scatter_correlate(&c, once, again));
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 6; j++) {
                double wanted = naive(&s, columns[i], columns[j], spec.weighted);
                assert_close(c.corr[i + 6 * j], wanted, 1e-10, 1e-12);
                if (blocks) { /* all blocks once are all rows */
                    assert_close(again[i + 6 * j], wanted, 1e-10, 1e-12);
                }
            }
        }
        free(once);
        free(arm);
        upi_scatter_free(&c);
        store_free(&s);
    }
}

/* The order of the metrics, the unit of one, and the number of threads change nothing. */
static void
invariances(void **state)
{
    (void)state;
    const store_spec specs[] = {{.n = 3000, .seed = 5},
        {.n = 3000, .seed = 5, .reversed = true}, {.n = 3000, .seed = 5, .scale = 1e6}};
    up_discovery *first = NULL;
    store base = store_new(&specs[0]);
    store_open(&base, &specs[0]);
    first = discover(&base, UP_DISCOVER_OPTS(.bootstrap = 50), UP_RUN(.threads = 1));
    for (size_t k = 0; k < 3; k++) {
        store s = store_new(&specs[k]);
        store_open(&s, &specs[k]);
        up_discovery *d =
            discover(&s, UP_DISCOVER_OPTS(.bootstrap = 50), UP_RUN(.threads = 4));
        assert_int_equal(up_discovery_edges(d), up_discovery_edges(first));
        for (int64_t i = 0; i < up_discovery_edges(first); i++) {
            up_found_edge a = up_discovery_edge(first, i);
            bool found = false;
            for (int64_t j = 0; j < up_discovery_edges(d); j++) {
                up_found_edge b = up_discovery_edge(d, j);
                bool same = strcmp(a.from, b.from) == 0 && strcmp(a.to, b.to) == 0;
                bool turned = strcmp(a.from, b.to) == 0 && strcmp(a.to, b.from) == 0;
                if (same || (turned && a.directed == 0)) {
                    found = true;
                    assert_int_equal(a.directed, b.directed);
                    assert_close(a.frequency, b.frequency, 0, 0);
                    assert_close(a.correlation, b.correlation, 1e-9, 1e-12);
                }
            }
            assert_true(found);
        }
        if (k == 0) { /* the same bits for any number of threads */
            char *x = text_of(first);
            char *y = text_of(d);
            assert_string_equal(x, y);
            upi_free(x);
            upi_free(y);
        }
        up_discovery_free(d);
        store_free(&s);
    }
    up_discovery_free(first);
    store_free(&base);
}

static void
three_arms(void **state)
{
    (void)state;
    const store_spec spec = {.n = 4000, .arms = 3, .seed = 6};
    store s = store_new(&spec);
    store_open(&s, &spec);
    up_discovery *d = discover(&s,
        UP_DISCOVER_OPTS(.tiers = "arm < searches < views < sales", .bootstrap = -1),
        NULL);
    const up_graph *g = up_discovery_graph(d);
    assert_true(has_edge(d, "arm=1", "searches"));
    assert_true(has_edge(d, "arm=2", "searches"));
    int64_t one = up_graph_find(g, "arm=1");
    assert_int_equal(up_graph_related(g, one, UP_PARENTS, NULL, 0), 0);
    assert_int_equal(up_graph_related(g, one, UP_NEIGHBOURS, NULL, 0), 0);
    assert_true(isnan(up_discovery_edge(d, 0).frequency));
    assert_int_equal(up_discovery_note(d, 1).code, UP_N_NO_FREQUENCIES);
    /* The column of the arm may stand in a graph as one node or as its arms. */
    up_error err = UP_ERROR_INIT;
    up_graph *own = NULL;
    assert_ok(up_graph_parse("\"arm=1\" -> searches; arm -> views", &own, &err), &err);
    assert_ok(up_graph_check(own, s.moments, &err), &err);
    up_graph_free(own);
    assert_ok(up_graph_parse("\"arm=9\" -> searches", &own, &err), &err);
    assert_fails(up_graph_check(own, s.moments, &err), UP_E_COLUMN, &err);
    up_graph_free(own);
    up_discovery_free(d);
    store_free(&s);
}

static void
refused(
    const store *s, const up_discover_opts *o, up_status status, const char *message)
{
    up_error err = UP_ERROR_INIT;
    up_discovery *d = NULL;
    assert_fails(up_discover(s->moments, o, NULL, &d, &err), status, &err);
    if (strstr(err.message, message) == NULL) {
        print_error("'%s' is not in '%s'\n", message, err.message);
        fail();
    }
    assert_null(d);
}

static int
stop(void *user)
{
    (void)user;
    return 1;
}

static void
refusals(void **state)
{
    (void)state;
    const store_spec spec = {.n = 300, .seed = 7};
    store s = store_new(&spec);
    store_open(&s, &spec);
    refused(&s, UP_DISCOVER_OPTS(.alpha = 1.5), UP_E_ARGUMENT, "alpha is 1.5");
    refused(&s, UP_DISCOVER_OPTS(.bootstrap = -2), UP_E_ARGUMENT, "out of range");
    refused(&s, UP_DISCOVER_OPTS(.orient = 2), UP_E_ARGUMENT, "out of range");
    refused(&s, UP_DISCOVER_OPTS(.max_given = -1), UP_E_ARGUMENT, "out of range");
    refused(&s, UP_DISCOVER_OPTS(.tiers = "views < vievs"), UP_E_ARGUMENT,
        "no column is called 'vievs'");
    refused(&s, UP_DISCOVER_OPTS(.tiers = "views < views"), UP_E_ARGUMENT,
        "'views' stands in two tiers");
    refused(&s, UP_DISCOVER_OPTS(.tiers = "sales < before"), UP_E_ARGUMENT,
        "the tiers put 'sales' before 'before'");
    refused(&s, UP_DISCOVER_OPTS(.tiers = "sales <"), UP_E_ARGUMENT, "cannot be read");
    refused(&s, UP_DISCOVER_OPTS(.tiers = ""), UP_E_ARGUMENT, "cannot be read");
    up_error err = UP_ERROR_INIT;
    up_discovery *d = NULL;
    assert_int_equal(up_discover(s.moments, UP_DISCOVER_OPTS(.bootstrap = 5),
                         UP_RUN(.threads = 1, .should_stop = stop), &d, &err),
        UP_E_STOPPED);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_discover(NULL, NULL, NULL, &d, &err), UP_E_ARGUMENT, &err);
    assert_int_equal(up_discovery_edges(NULL), 0);
    assert_string_equal(up_discovery_edge(NULL, 0).from, "");
    assert_null(up_discovery_graph(NULL));
    up_discovery_free(NULL);
    store_free(&s);
    /* A constant column, and one that repeats another. */
    s = store_new(&spec);
    for (int64_t i = 0; i < s.n; i++) {
        s.other[i] = 3;
    }
    store_open(&s, &spec);
    refused(&s, NULL, UP_E_NO_VARIATION, "'other' is constant");
    store_free(&s);
    s = store_new(&spec);
    for (int64_t i = 0; i < s.n; i++) {
        s.other[i] = 2 * s.sales[i] - s.views[i];
    }
    store_open(&s, &spec);
    refused(&s, NULL, UP_E_SINGULAR, "'other' is determined by");
    store_free(&s);
}

static up_status
sweep(void *ctx, up_error *err)
{
    up_status status = UP_OK;
    const store *s = ctx;
    up_discovery *d = NULL;
    up_graph *g = NULL;
    up_implications *t = NULL;
    UP_TRY(up_discover(s->moments, UP_DISCOVER_OPTS(.tiers = tiers, .bootstrap = 3),
        UP_RUN(.threads = 1), &d, err));
    UP_TRY(up_graph_parse("arm -> searches -> sales; before -> sales", &g, err));
    UP_TRY(up_graph_test(g, s->moments, 0, UP_RUN(.threads = 1), &t, err));
out:
    up_implications_free(t);
    up_graph_free(g);
    up_discovery_free(d);
    return status;
}

static void
out_of_memory(void **state)
{
    (void)state;
    const store_spec spec = {.n = 200, .household = 2, .seed = 8};
    store s = store_new(&spec);
    store_open(&s, &spec);
    up_sweep_memory(sweep, &s);
    store_free(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_store),
        cmocka_unit_test(correlations),
        cmocka_unit_test(invariances),
        cmocka_unit_test(three_arms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
