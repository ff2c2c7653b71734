/* Monte Carlo of the graph room: the size of the test of an implied independence, for
 * independent rows and in clusters, and how often the search finds the joined pairs of the
 * store. UPSHOT_REPLICATES sets the number of replicates. */
#include "store.h"

#include <math.h>
#include <string.h>

static int64_t
replicates(void)
{
    const char *s = getenv("UPSHOT_REPLICATES");
    return s != NULL ? strtoll(s, NULL, 10) : 400;
}

/* The bound of a binomial count: mean and 4 standard deviations. */
static double
slack(double p, double n)
{
    return 4 * sqrt(p * (1 - p) / n);
}

/* `other` is independent of sales: one implied independence, tested at 5 %. */
static double
share_rejected(int64_t household)
{
    int64_t n = replicates();
    double rejected = 0;
    up_error err = UP_ERROR_INIT;
    up_graph *g = NULL;
    assert_ok(up_graph_parse("arm -> searches; other", &g, &err), &err);
    for (int64_t k = 0; k < n; k++) {
        store_spec spec = {
            .n = 200, .household = household, .seed = 1000 + (uint64_t)k};
        store s = store_new(&spec);
        up_implications *t = NULL;
        store_open(&s, &spec);
        assert_ok(
            up_graph_test(g, s.moments, 0.05, UP_RUN(.threads = 1), &t, &err), &err);
        for (int64_t i = 0; i < up_implications_count(t); i++) {
            up_implication one = up_implications_get(t, i);
            /* the arm, which households share, and `other` */
            bool arm =
                strcmp(one.first, "arm") == 0 && strcmp(one.second, "other") == 0;
            rejected += arm && one.p_value < 0.05 ? 1 : 0;
        }
        up_implications_free(t);
        store_free(&s);
    }
    up_graph_free(g);
    return rejected / (double)n;
}

static void
size_of_the_test(void **state)
{
    (void)state;
    double n = (double)replicates();
    double rows = share_rejected(0);
    double clusters = share_rejected(2);
    print_message(
        "size of the 5%% test: %.3f with rows, %.3f with clusters\n", rows, clusters);
    assert_true(fabs(rows - 0.05) < slack(0.05, n));
    assert_true(clusters < 0.05 + slack(0.05, n)); /* never above, by design */
}

static void
finds_the_mechanism(void **state)
{
    (void)state;
    int64_t n = replicates() / 4;
    double whole = 0;
    for (int64_t k = 0; k < n; k++) {
        store_spec spec = {.n = 2000, .seed = 5000 + (uint64_t)k};
        store s = store_new(&spec);
        up_discovery *d = NULL;
        up_error err = UP_ERROR_INIT;
        store_open(&s, &spec);
        assert_ok(up_discover(s.moments,
                      UP_DISCOVER_OPTS(.alpha = 0.001, .bootstrap = -1,
                          .tiers = "searches < views < sales"),
                      UP_RUN(.threads = 1), &d, &err),
            &err);
        char *text = NULL;
        assert_ok(
            up_graph_write(up_discovery_graph(d), UP_GRAPH_TEXT, &text, &err), &err);
        whole += strcmp(text, "before -> searches; before -> sales; arm -> searches; "
                              "arm -> views; searches -> views; searches -> sales; "
                              "views -> sales; other") == 0;
        upi_free(text);
        up_discovery_free(d);
        store_free(&s);
    }
    print_message(
        "the whole graph is found in %.3f of the replicates\n", whole / (double)n);
    assert_true(whole / (double)n > 0.9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_of_the_test),
        cmocka_unit_test(finds_the_mechanism),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
