/* Mediation: what is refused, sensitivity against published numbers, intervals, segments, capsules,
 * notes, and what must hold of any split (laws). The values themselves are in oracle/mediate. */
#include "mediate_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char complete[] = "treatment T; T -> {S V Y}; S -> {V Y}; V -> Y";
static const char four[] =
    "arm -> {m1 m2 m3 m4 y}; m1 -> {m2 m3 m4 y}; m2 -> {m3 m4 y}; "
    "m3 -> {m4 y}; m4 -> y";

static spec
lcg(const char *graph)
{
    static const up_roles roles = {.struct_size = sizeof roles, .intent_to_treat = "t"};
    return (spec){.data = "oracle/mediate/lcg_mediation.csv",
        .graph = graph,
        .roles = &roles,
        .covariates = {"x"},
        .interactions = UP_INTERACT_NONE,
        .vcov = UP_VCOV_HC0};
}

static spec
dag(const char *graph)
{
    static const up_roles roles = {
        .struct_size = sizeof roles, .intent_to_treat = "arm"};
    return (spec){.data = "oracle/mediate/dag.csv",
        .graph = graph,
        .roles = &roles,
        .covariates = {"device", "score"},
        .vcov = UP_VCOV_HC0};
}

static spec
clustered(const char *graph, int64_t vcov)
{
    static const up_roles roles = {
        .struct_size = sizeof roles, .intent_to_treat = "arm", .cluster = "shop"};
    spec s = dag(graph);
    s.roles = &roles;
    s.vcov = vcov;
    return s;
}

static void
refuse(spec s, const up_mediate_opts *o, up_status wanted, const char *says)
{
    up_error err = UP_ERROR_INIT;
    fixture f;
    assert_fails(fixture_try(&s, o, NULL, &f, &err), wanted, &err);
    if (strstr(err.message, says) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, says);
    }
    assert_null(f.m);
    fixture_free(&f);
}

/* ---- refusals ---- */

static void
test_refuses_graphs(void **state)
{
    (void)state;
    refuse(lcg("S -> Y"), NULL, UP_E_MEDIATION, "no node of the graph is the arm");
    refuse(lcg("t -> S; S -> V; S -> Y"), NULL, UP_E_MEDIATION, "which is the outcome");
    refuse(lcg("t -> S -> Y -> V"), UP_MEDIATE_OPTS(.outcome = "Y"), UP_E_MEDIATION,
        "has an arrow to 'V'");
    refuse(lcg("t -> S -> Y"), UP_MEDIATE_OPTS(.outcome = "Z"), UP_E_MEDIATION,
        "'Z' is not in the graph");
    refuse(lcg("t -> S -> Y; S -> t"), NULL, UP_E_GRAPH, "cycle");
    refuse(lcg("V -> t; t -> S -> Y"), NULL, UP_E_MEDIATION, "into the arm");
    refuse(lcg("t -> S -> Y; S <-> Y"), NULL, UP_E_MEDIATION, "unmeasured cause");
    refuse(lcg("t -> S -> Y; S -- V; V -> Y"), NULL, UP_E_MEDIATION, "no direction");
    refuse(lcg("latent u; t -> S -> Y; u -> S; u -> Y"), NULL, UP_E_MEDIATION,
        "was not measured");
    refuse(lcg("t -> x -> Y; t -> S -> Y"), NULL, UP_E_MEDIATION, "is a covariate");
    refuse(lcg("t -> Y"), NULL, UP_E_MEDIATION, "0 mediators");
    refuse(lcg("S -> Y; t -> Y"), NULL, UP_E_MEDIATION, "no path leads");
    refuse(lcg("t -> nothing -> Y"), NULL, UP_E_COLUMN, "nothing");
    spec ratio = lcg("t -> r -> Y");
    ratio.metrics[0] = "r = ratio(S, V)";
    refuse(ratio, NULL, UP_E_MEDIATION, "ratio of two sums");
    spec twice = lcg("t -> S; t -> S2; {S S2} -> Y");
    twice.metrics[0] = "S2 = 2 * S";
    refuse(twice, NULL, UP_E_SINGULAR, "determined by");
}

static void
test_refuses_options(void **state)
{
    (void)state;
    const char *own[] = {"S:S"};
    const char *unknown[] = {"T:Z"};
    const char *nothing[] = {"S"};
    const char *without[] = {"S:V -> S"};
    const char *before[] = {"T:S -> V", "S:V -> Y"};
    const double rho[] = {1.0};
    const char *where[] = {"S > 1"};
    refuse(lcg(complete), UP_MEDIATE_OPTS(.level = 2), UP_E_ARGUMENT, "level is 2");
    refuse(
        lcg(complete), UP_MEDIATE_OPTS(.interval = 3), UP_E_ARGUMENT, "interval is 3");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.order = -1), UP_E_ARGUMENT, "order is -1");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.draws = 7), UP_E_ARGUMENT, "too few");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.n_where = 1), UP_E_ARGUMENT, "missing");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.where = where, .n_where = 1),
        UP_E_POST_TREATMENT, "measured after treatment");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.against = "z"), UP_E_ARMS, "not an arm");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.estimand = UP_ESTIMAND_LATE), UP_E_ESTIMAND,
        "late");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.interactions = own, .n_interactions = 1),
        UP_E_ARGUMENT, "with itself");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.interactions = unknown, .n_interactions = 1),
        UP_E_MEDIATION, "names 'Z'");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.interactions = nothing, .n_interactions = 1),
        UP_E_ARGUMENT, "not an interaction");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.interactions = without, .n_interactions = 1),
        UP_E_MEDIATION, "no node of the graph has arrows from both");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.interactions = before, .n_interactions = 2),
        UP_E_MEDIATION, "behind another interaction");
    refuse(lcg(complete), UP_MEDIATE_OPTS(.rho = rho, .n_rho = 1), UP_E_ARGUMENT,
        "between -1 and 1");
    refuse(lcg(complete),
        UP_MEDIATE_OPTS(.interactions = before, .n_interactions = 1, .sensitivity = 1),
        UP_E_MEDIATION, "without interactions");
}

static void
test_refuses_designs(void **state)
{
    (void)state;
    spec means = clustered(four, UP_VCOV_CR0);
    means.covariates[1] = NULL;
    means.no_cross = true;
    refuse(means, NULL, UP_E_NEEDS_ROWS, "move together");
    static const up_roles two = {.struct_size = sizeof two,
        .intent_to_treat = "arm",
        .cluster = "shop",
        .cluster2 = "device"};
    spec ways = clustered(four, UP_VCOV_AUTO);
    ways.roles = &two;
    ways.covariates[0] = "score";
    ways.covariates[1] = NULL;
    refuse(ways, UP_MEDIATE_OPTS(.interval = UP_MEDIATE_BOOTSTRAP), UP_E_ARGUMENT,
        "one way of clustering");
}

/* ---- sensitivity ---- */

/* methods/core.md 8.5: one mediator. */
static void
test_sensitivity(void **state)
{
    (void)state;
    const double rho[] = {-.3, 0, .3};
    const double acme[] = {0.7163128807024, 0.5082978395077, 0.3002827983130};
    spec s = lcg("t -> S; t -> Y; S -> Y");
    fixture f = fixture_new(&s, UP_MEDIATE_OPTS(.rho = rho, .n_rho = 3));
    up_mediated path = row_of(f.m, UP_MEDIATE_PATH, "t -> S -> Y", "1");
    assert_close(path.rho_zero, 0.6093292123955, 1e-12, 0);
    assert_close(path.r2_residual_zero, 0.6093292123955 * 0.6093292123955, 1e-12, 0);
    assert_true(path.r2_total_zero < path.r2_residual_zero && path.r2_total_zero > 0);
    double total = row_of(f.m, UP_MEDIATE_TOTAL, "", "1").estimate;
    int found = 0;
    for (int64_t i = 0; i < up_mediation_count(f.m); i++) {
        up_mediated r = up_mediation_get(f.m, i);
        for (int k = 0; k < 3 && r.kind == UP_MEDIATE_SENSITIVITY; k++) {
            if (r.rho == rho[k]) {
                bool direct = strcmp(r.path, "t -> Y") == 0;
                assert_close(r.estimate, direct ? total - acme[k] : acme[k], 1e-11, 0);
                assert_string_equal(r.confounded, "S");
                found++;
            }
        }
    }
    assert_int_equal(found, 6);
    fixture_free(&f);
}

/* With several mediators the paths change, their sum does not; at rho_zero its path is zero. */
static void
test_sensitivity_serial(void **state)
{
    (void)state;
    spec s = lcg(complete);
    fixture f = fixture_new(&s, UP_MEDIATE_OPTS(.sensitivity = 1));
    double zero = row_of(f.m, UP_MEDIATE_PATH, "T -> S -> V -> Y", "1").rho_zero;
    double direct = row_of(f.m, UP_MEDIATE_PATH, "T -> S -> Y", "1").estimate;
    double total = row_of(f.m, UP_MEDIATE_TOTAL, "", "1").estimate;
    up_mediated edge = row_of(f.m, UP_MEDIATE_EDGE, "V -> Y", NULL);
    assert_close(edge.rho_zero, zero, 1e-15, 0);
    assert_true(isfinite(row_of(f.m, UP_MEDIATE_EDGE, "S -> V", NULL).rho_zero));
    fixture_free(&f);
    f = fixture_new(&s, UP_MEDIATE_OPTS(.rho = &zero, .n_rho = 1));
    double sum = 0;
    for (int64_t i = 0; i < up_mediation_count(f.m); i++) {
        up_mediated r = up_mediation_get(f.m, i);
        if (r.kind != UP_MEDIATE_SENSITIVITY || strcmp(r.confounded, "V") != 0) {
            continue;
        }
        sum += r.estimate;
        if (strcmp(r.path, "T -> V -> Y") == 0 ||
            strcmp(r.path, "T -> S -> V -> Y") == 0) {
            assert_close(r.estimate, 0, 0, 1e-14);
        } else if (strcmp(r.path, "T -> S -> Y") == 0) {
            assert_true(r.estimate > direct);
        }
    }
    assert_close(sum, total, 1e-12, 0);
    fixture_free(&f);
}

/* ---- intervals ---- */

static void
test_intervals_agree(void **state)
{
    (void)state;
    const int64_t kinds[] = {UP_MEDIATE_MONTE_CARLO, UP_MEDIATE_BOOTSTRAP};
    spec designs[] = {lcg(complete), clustered(four, UP_VCOV_CR0)};
    for (int d = 0; d < 2; d++) {
        fixture base = fixture_new(&designs[d], NULL);
        for (int k = 0; k < 2; k++) {
            fixture f = fixture_new(
                &designs[d], UP_MEDIATE_OPTS(.interval = kinds[k], .draws = 500));
            assert_int_equal(up_mediation_count(f.m), up_mediation_count(base.m));
            for (int64_t i = 0; i < up_mediation_count(f.m); i++) {
                up_mediated a = up_mediation_get(base.m, i);
                up_mediated b = up_mediation_get(f.m, i);
                assert_close(b.estimate, a.estimate, 0, 0);
                assert_close(b.std_error, a.std_error, 0, 0);
                if (a.kind == UP_MEDIATE_PROPORTION || !(a.std_error > 0)) {
                    continue;
                }
                assert_true(b.ci_low < b.estimate && b.estimate < b.ci_high);
                if (a.kind <= UP_MEDIATE_INDIRECT || a.kind == UP_MEDIATE_EDGE) {
                    double ratio = (b.ci_high - b.ci_low) / (a.ci_high - a.ci_low);
                    assert_close(ratio, 1, 0.3, 0); /* sums are all but normal */
                }
                assert_true((b.p_value <= 0.05) == (b.ci_low > 0 || b.ci_high < 0));
                assert_true((a.p_value <= 0.05) == (a.ci_low > 0 || a.ci_high < 0));
            }
            fixture_free(&f);
        }
        fixture_free(&base);
    }
}

/* The same bits for any number of threads and run; another seed gives others. */
static void
test_threads_and_seed(void **state)
{
    (void)state;
    spec s = dag(four);
    for (int64_t kind = 0; kind <= UP_MEDIATE_BOOTSTRAP; kind++) {
        up_error err = UP_ERROR_INIT;
        fixture f[3];
        const up_mediate_opts *o = UP_MEDIATE_OPTS(.interval = kind, .draws = 100);
        assert_ok(fixture_try(&s, o, UP_RUN(.threads = 1), &f[0], &err), &err);
        assert_ok(fixture_try(&s, o, UP_RUN(.threads = 4), &f[1], &err), &err);
        assert_ok(fixture_try(&s, o, UP_RUN(.seed = 9), &f[2], &err), &err);
        bool differs = false;
        for (int64_t i = 0; i < up_mediation_count(f[0].m); i++) {
            up_mediated a = up_mediation_get(f[0].m, i);
            up_mediated b = up_mediation_get(f[1].m, i);
            up_mediated c = up_mediation_get(f[2].m, i);
            assert_close(b.std_error, a.std_error, 0, 0);
            assert_close(b.ci_low, a.ci_low, 0, 0);
            assert_close(b.ci_high, a.ci_high, 0, 0);
            differs = differs || c.ci_low < a.ci_low || c.ci_low > a.ci_low;
        }
        assert_true(differs == (kind != UP_MEDIATE_DELTA));
        for (int i = 0; i < 3; i++) {
            fixture_free(&f[i]);
        }
    }
}

/* ---- laws ---- */

/* With every edge the paths add up to the total effect of ordinary least squares, estimate and
 * standard error, under every covariance without leverage; and so does the model of effects. */
static void
test_complete_is_total(void **state)
{
    (void)state;
    const int64_t vcov[] = {
        UP_VCOV_IID, UP_VCOV_HC0, UP_VCOV_HC2, UP_VCOV_CR0, UP_VCOV_CR1S, UP_VCOV_CR2};
    for (int v = 0; v < 6; v++) {
        up_error err = UP_ERROR_INIT;
        spec s = v < 3 ? dag(four) : clustered(four, vcov[v]);
        s.vcov = vcov[v];
        s.interactions = v % 2 == 0 ? UP_INTERACT_NONE : UP_INTERACT_FULL;
        fixture f = fixture_new(&s, NULL);
        up_effects *e = NULL;
        const char *y = "y";
        assert_ok(up_infer_effect(f.model,
                      UP_EFFECT_OPTS(.metrics = &y, .n_metrics = 1,
                          .population = UP_POPULATION_SAMPLE),
                      &e, &err),
            &err);
        for (int64_t a = 0; a < up_effects_count(e); a++) {
            up_effect total = up_effects_get(e, a);
            int64_t it = find_row(f.m, UP_MEDIATE_TOTAL, "", total.arm);
            up_mediated own = up_mediation_get(f.m, it);
            int64_t id = find_row(f.m, UP_MEDIATE_DIRECT, "arm -> y", total.arm);
            int64_t ii = find_row(f.m, UP_MEDIATE_INDIRECT, "", total.arm);
            assert_close(own.estimate, total.estimate, 1e-11, 0);
            assert_close(own.std_error, total.std_error, 1e-11, 0);
            assert_close(
                up_mediation_get(f.m, id).estimate + up_mediation_get(f.m, ii).estimate,
                total.estimate, 1e-11, 0);
            double var = up_mediation_covariance(f.m, id, id) +
                         2 * up_mediation_covariance(f.m, id, ii) +
                         up_mediation_covariance(f.m, ii, ii);
            bool exact = vcov[v] == UP_VCOV_HC0 || vcov[v] == UP_VCOV_CR0;
            assert_close(sqrt(var), total.std_error, exact ? 1e-11 : 0.03, 0);
        }
        assert_false(has_note(f.m, UP_N_ZERO_EDGES));
        up_effects_free(e);
        fixture_free(&f);
    }
}

/* The order in which the text names edges does not matter; the unit of a mediator does not matter
 * to the paths. */
static void
test_order_and_scale(void **state)
{
    (void)state;
    spec a = lcg(complete);
    spec b = lcg("treatment T; V -> Y; S -> Y; S -> V; T -> Y; T -> V; T -> S");
    spec c = lcg("treatment T; T -> {S2 V Y}; S2 -> {V Y}; V -> Y");
    c.metrics[0] = "S2 = 1000 * S + 7";
    fixture f = fixture_new(&a, NULL);
    fixture g = fixture_new(&b, NULL);
    fixture h = fixture_new(&c, NULL);
    int same = 0;
    for (int64_t i = 0; i < up_mediation_count(f.m); i++) {
        up_mediated x = up_mediation_get(f.m, i);
        up_mediated z = up_mediation_get(h.m, i);
        assert_int_equal(x.kind, z.kind);
        if (x.kind == UP_MEDIATE_EDGE) {
            continue;
        }
        up_mediated y = up_mediation_get(g.m, find_row(g.m, x.kind, x.path, x.arm));
        assert_close(y.estimate, x.estimate, 1e-12, 0);
        assert_close(y.std_error, x.std_error, 1e-12, 0);
        assert_close(z.estimate, x.estimate, 1e-10, 0);
        assert_close(z.std_error, x.std_error, 1e-10, 0);
        same++;
    }
    assert_true(same > 8);
    fixture_free(&f);
    fixture_free(&g);
    fixture_free(&h);
}

/* Against another arm: the differences of the paths where the coefficients are shared. */
static void
test_against(void **state)
{
    (void)state;
    spec s = dag(four);
    fixture f = fixture_new(&s, NULL);
    fixture g = fixture_new(&s, UP_MEDIATE_OPTS(.against = "b"));
    const char *path = "arm -> m1 -> y";
    double b = row_of(f.m, UP_MEDIATE_PATH, path, "b").estimate;
    double c = row_of(f.m, UP_MEDIATE_PATH, path, "c").estimate;
    up_mediated back = row_of(g.m, UP_MEDIATE_PATH, path, "control");
    assert_close(back.estimate, -b, 1e-12, 0);
    assert_string_equal(back.against, "b");
    assert_close(row_of(g.m, UP_MEDIATE_PATH, path, "c").estimate, c - b, 1e-12, 0);
    assert_close(
        back.std_error, row_of(f.m, UP_MEDIATE_PATH, path, "b").std_error, 1e-12, 0);
    fixture_free(&f);
    fixture_free(&g);
}

/* ---- the parallel mistake ---- */

/* Drawn as parallel, the paths still add up; the edge that is missing is reported all the same. */
static void
test_parallel_is_caught(void **state)
{
    (void)state;
    spec serial = lcg(complete);
    spec parallel = lcg("treatment T; T -> {S V Y}; {S V} -> Y");
    fixture f = fixture_new(&serial, NULL);
    fixture g = fixture_new(&parallel, NULL);
    assert_false(has_note(f.m, UP_W_MISSING_EDGE));
    assert_true(has_note(g.m, UP_W_MISSING_EDGE));
    assert_true(has_note(g.m, UP_N_ZERO_EDGES));
    assert_false(has_note(g.m, UP_W_MISFIT));
    /* the edge that the graph lacks, as the complete graph estimates it */
    up_mediated edge = row_of(f.m, UP_MEDIATE_EDGE, "S -> V", NULL);
    up_mediated missing = row_of(g.m, UP_MEDIATE_MISSING, "S -> V", NULL);
    assert_close(missing.estimate, edge.estimate, 1e-12, 0);
    assert_close(missing.std_error, edge.std_error, 1e-12, 0);
    double wrong = row_of(g.m, UP_MEDIATE_PATH, "T -> V -> Y", "1").estimate;
    double right = row_of(f.m, UP_MEDIATE_PATH, "T -> V -> Y", "1").estimate +
                   row_of(f.m, UP_MEDIATE_PATH, "T -> S -> V -> Y", "1").estimate;
    assert_close(wrong, right, 1e-12, 0);
    fixture_free(&f);
    fixture_free(&g);
    spec chain = lcg("treatment T; T -> V -> Y");
    f = fixture_new(&chain, NULL);
    assert_true(has_note(f.m, UP_W_MISFIT));
    fixture_free(&f);
}

/* ---- segments ---- */

static void
test_segments(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    spec s = dag(four);
    fixture f = fixture_new(&s, UP_MEDIATE_OPTS(.by = "device"));
    spec tv = s;
    static const up_roles only = {.struct_size = sizeof only,
        .intent_to_treat = "arm",
        .filter = "device = 'tv'"};
    tv.roles = &only;
    fixture g = fixture_new(&tv, NULL);
    int found = 0;
    for (int64_t i = 0; i < up_mediation_count(f.m); i++) {
        up_mediated r = up_mediation_get(f.m, i);
        if (strcmp(r.segment, "device = 'tv'") != 0) {
            continue;
        }
        up_mediated own = up_mediation_get(g.m, find_row(g.m, r.kind, r.path, r.arm));
        assert_close(r.estimate, own.estimate, 1e-10, 1e-13);
        assert_close(r.std_error, own.std_error, 1e-10, 0);
        assert_int_equal(r.n, own.n);
        found++;
    }
    assert_int_equal(found, up_mediation_count(g.m));
    /* independent segments */
    assert_close(
        up_mediation_covariance(f.m, 0, find_row(f.m, UP_MEDIATE_TOTAL, "", "c")),
        up_mediation_covariance(f.m, find_row(f.m, UP_MEDIATE_TOTAL, "", "c"), 0),
        1e-15, 0);
    fixture_free(&g);
    fixture_free(&f);
    const char *where[] = {"device = 'tv'", "device != 'app'"};
    f = fixture_new(&s, UP_MEDIATE_OPTS(.where = where, .n_where = 2));
    assert_true(up_mediation_covariance(f.m, 0, up_mediation_count(f.m) / 2) != 0);
    fixture_free(&f);
    spec iid = s;
    iid.vcov = UP_VCOV_IID;
    assert_ok(fixture_try(
                  &iid, UP_MEDIATE_OPTS(.where = where, .n_where = 2), NULL, &f, &err),
        &err);
    bool nan = false;
    for (int64_t i = 1; i < up_mediation_count(f.m); i++) {
        nan = nan || isnan(up_mediation_covariance(f.m, 0, i));
    }
    assert_true(nan);
    fixture_free(&f);
}

/* ---- capsules ---- */

static void
same_answers(const up_mediation *a, const up_mediation *b)
{
    assert_int_equal(up_mediation_count(a), up_mediation_count(b));
    for (int64_t i = 0; i < up_mediation_count(a); i++) {
        up_mediated x = up_mediation_get(a, i);
        up_mediated y = up_mediation_get(b, i);
        assert_close(y.estimate, x.estimate, 1e-12, 1e-15);
        assert_close(y.std_error, x.std_error, 1e-12, 0);
    }
}

static void
test_capsule(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    char path[64];
    (void)snprintf(
        path, sizeof path, "/tmp/upshot-mediate-%ld.parquet", (long)getpid());
    spec designs[] = {clustered(four, UP_VCOV_CR2), dag(four)};
    designs[0].covariates[1] =
        NULL; /* groups of clusters, made to hold cross moments */
    designs[1].vcov = UP_VCOV_IID;
    for (int d = 0; d < 2; d++) {
        fixture f = fixture_new(&designs[d], NULL);
        up_moments *loaded = NULL;
        up_moments *twice = NULL;
        up_model *model = NULL;
        up_mediation *m = NULL;
        assert_ok(up_moments_save(f.moments, path, NULL, &err), &err);
        assert_ok(up_moments_load(path, &loaded, &err), &err);
        const up_linear_opts *o = UP_LINEAR_OPTS(.vcov = designs[d].vcov);
        assert_ok(up_fit_linear(loaded, o, NULL, &model, &err), &err);
        assert_ok(up_mediate_effect(model, f.graph, NULL, NULL, &m, &err), &err);
        same_answers(f.m, m);
        up_mediation_free(m);
        m = NULL;
        up_status wanted = d == 0 ? UP_OK : UP_E_NEEDS_ROWS;
        up_status got = up_mediate_effect(model, f.graph,
            UP_MEDIATE_OPTS(.interval = UP_MEDIATE_BOOTSTRAP, .draws = 100), NULL, &m,
            &err);
        assert_int_equal(got, wanted);
        up_mediation_free(m);
        up_model_free(model);
        err = (up_error)UP_ERROR_INIT;
        /* a merge is one pass: the same rows twice leave the estimates as they are */
        assert_ok(up_moments_merge(loaded, loaded, &twice, &err), &err);
        assert_ok(up_fit_linear(twice, o, NULL, &model, &err), &err);
        assert_ok(up_mediate_effect(model, f.graph, NULL, NULL, &m, &err), &err);
        for (int64_t i = 0; i < up_mediation_count(m); i++) {
            up_mediated x = up_mediation_get(f.m, i);
            assert_close(up_mediation_get(m, i).estimate, x.estimate, 1e-10, 1e-13);
        }
        up_mediation_free(m);
        up_model_free(model);
        up_moments_free(twice);
        up_moments_free(loaded);
        fixture_free(&f);
    }
    spec rows = dag(four);
    fixture f = fixture_new(&rows, NULL);
    up_moments *loaded = NULL;
    up_model *model = NULL;
    up_mediation *m = NULL;
    assert_ok(up_moments_save(f.moments, path, NULL, &err), &err);
    assert_ok(up_moments_load(path, &loaded, &err), &err);
    assert_ok(
        up_fit_linear(loaded, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0), NULL, &model, &err),
        &err);
    assert_fails(
        up_mediate_effect(model, f.graph, NULL, NULL, &m, &err), UP_E_NEEDS_ROWS, &err);
    assert_non_null(strstr(err.fix, "iid"));
    up_model_free(model);
    up_moments_free(loaded);
    fixture_free(&f);
    (void)unlink(path);
}

/* ---- words ---- */

static void
test_words(void **state)
{
    (void)state;
    spec s = lcg("t -> big -> Y; t -> Y");
    s.metrics[0] = "big = S > 1.5";
    fixture f = fixture_new(&s, NULL);
    assert_true(has_note(f.m, UP_N_LINEAR_PROBABILITY));
    assert_true(has_note(f.m, UP_N_NOT_RANDOMISED));
    assert_non_null(strstr(up_mediation_estimand(f.m), "product of the coefficients"));
    bool said = false;
    for (int64_t i = 0; i < up_mediation_assumptions(f.m); i++) {
        said = said || strstr(up_mediation_assumption(f.m, i), "big and Y") != NULL;
    }
    assert_true(said);
    assert_string_equal(up_mediation_assumption(f.m, 99), "");
    assert_int_equal(up_mediation_note(f.m, 99).code, 0);
    assert_true(isnan(up_mediation_get(f.m, -1).estimate));
    assert_true(isnan(up_mediation_covariance(f.m, 0, 999)));
    assert_string_equal(up_mediate_kind_name(99), "");
    fixture_free(&f);
    const char *inter[] = {"t:big"};
    f = fixture_new(&s, UP_MEDIATE_OPTS(.interactions = inter, .n_interactions = 1));
    assert_true(has_note(f.m, UP_N_DECOMPOSITION));
    fixture_free(&f);
    up_error err = UP_ERROR_INIT;
    up_mediation *m = NULL;
    assert_fails(
        up_mediate_effect(NULL, NULL, NULL, NULL, &m, &err), UP_E_ARGUMENT, &err);
    up_mediation_free(NULL);
}

/* ---- memory ---- */

static up_status
mediate_body(void *ctx, up_error *err)
{
    fixture *f = ctx;
    const double rho[] = {.2};
    const char *inter[] = {"t:V"};
    up_mediation *m = NULL;
    const up_mediate_opts *o =
        f->e != NULL ? UP_MEDIATE_OPTS(.rho = rho, .n_rho = 1, .draws = 100,
                           .interval = UP_MEDIATE_MONTE_CARLO)
                     : UP_MEDIATE_OPTS(.interactions = inter, .n_interactions = 1);
    up_status status =
        up_mediate_effect(f->model, f->graph, o, UP_RUN(.threads = 1), &m, err);
    up_mediation_free(m);
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    fixture f;
    spec s = lcg("t -> {S V Y}; S -> V; V -> Y");
    s.vcov = UP_VCOV_IID;
    assert_ok(fixture_model(&s, NULL, &f, &err), &err);
    up_sweep_memory(mediate_body, &f);
    fixture other = {.model = f.model, .graph = f.graph};
    up_sweep_memory(mediate_body, &other);
    fixture_free(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refuses_graphs),
        cmocka_unit_test(test_refuses_options), cmocka_unit_test(test_refuses_designs),
        cmocka_unit_test(test_sensitivity), cmocka_unit_test(test_sensitivity_serial),
        cmocka_unit_test(test_intervals_agree), cmocka_unit_test(test_threads_and_seed),
        cmocka_unit_test(test_complete_is_total),
        cmocka_unit_test(test_order_and_scale), cmocka_unit_test(test_against),
        cmocka_unit_test(test_parallel_is_caught), cmocka_unit_test(test_segments),
        cmocka_unit_test(test_capsule), cmocka_unit_test(test_words),
        cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
