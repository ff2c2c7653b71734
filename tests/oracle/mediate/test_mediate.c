/* Paths, totals, misfits and Fieller's sets against R and against published numbers: every case of
 * expected.json, which make.R made, goes through the public functions from the rows. */
#include "up_test.h"

#include <upshot/mediate.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *
text(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static int64_t
vcov_of(const char *name)
{
    static const char *const names[] = {
        "auto", "iid", "hc0", "hc1", "hc2", "hc3", "cr0", "cr1", "cr1s", "cr2", "cr3"};
    for (int64_t v = 0; v < 11; v++) {
        if (strcmp(names[v], name) == 0) {
            return v;
        }
    }
    fail_msg("unknown covariance %s", name);
    return 0;
}

static int64_t
find_row(const up_mediation *m, const json_t *row)
{
    for (int64_t i = 0; i < up_mediation_count(m); i++) {
        up_mediated r = up_mediation_get(m, i);
        if (strcmp(up_mediate_kind_name(r.kind), text(row, "kind")) == 0 &&
            strcmp(r.path, text(row, "path")) == 0 &&
            strcmp(r.arm, text(row, "arm")) == 0) {
            return i;
        }
    }
    fail_msg("no row %s '%s'", text(row, "kind"), text(row, "path"));
    return -1;
}

static void
check_rows(const json_t *c, const up_mediation *m, double rtol)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(c, "rows"), i, row)
    {
        up_mediated r = up_mediation_get(m, find_row(m, row));
        double se = r.std_error;
        assert_close(r.estimate, json_number_value(json_object_get(row, "estimate")),
            rtol, rtol * (isfinite(se) ? se : 1) + 1e-13);
        if (json_object_get(row, "low") != NULL) {
            assert_close(
                r.ci_low, json_number_value(json_object_get(row, "low")), rtol, 0);
            assert_close(
                r.ci_high, json_number_value(json_object_get(row, "high")), rtol, 0);
        } else {
            assert_close(
                se, json_number_value(json_object_get(row, "std_error")), rtol, 1e-12);
        }
    }
}

static up_status
add_covariates(const json_t *c, up_experiment *e, up_error *err)
{
    char list[128];
    (void)snprintf(
        list, sizeof list, "%s", text(c, "covariates") ? text(c, "covariates") : "");
    for (char *at = list; *at != '\0';) {
        size_t n = strcspn(at, ",");
        bool last = at[n] == '\0';
        at[n] = '\0';
        up_status status = up_experiment_add_covariate(e, at, err);
        if (status != UP_OK) {
            return status;
        }
        at += last ? n : n + 1;
    }
    return UP_OK;
}

static void
check_case(const json_t *c, double rtol)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *e = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_graph *graph = NULL;
    up_mediation *m = NULL;
    char name[128];
    char path[1024];
    const char *interactions[8];
    const json_t *list = json_object_get(c, "interactions");
    bool lcg = strcmp(text(c, "data"), "lcg_mediation.csv") == 0;
    (void)snprintf(path, sizeof path, "treatment arm; %s", text(c, "graph"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        interactions[i] = json_string_value(json_array_get(list, i));
    }
    int64_t n = (int64_t)json_array_size(list);
    if (json_is_string(list)) {
        interactions[0] = json_string_value(list);
        n = 1;
    }
    const up_mediate_opts *o = UP_MEDIATE_OPTS(.outcome = text(c, "outcome"),
        .interactions = interactions, .n_interactions = n,
        .order = json_integer_value(json_object_get(c, "order")));
    assert_ok(up_graph_parse(path, &graph, &err), &err);
    (void)snprintf(name, sizeof name, "oracle/mediate/%s", text(c, "data"));
    assert_ok(up_source_open(up_test_data(name), NULL, &source, &err), &err);
    assert_ok(up_experiment_new(source,
                  UP_ROLES(.intent_to_treat = lcg ? "t" : "arm",
                      .cluster = text(c, "cluster"), .weight = text(c, "weight"),
                      .propensity = text(c, "propensity")),
                  &e, &err),
        &err);
    assert_ok(add_covariates(c, e, &err), &err);
    assert_ok(up_experiment_add_graph(e, graph, o, &err), &err);
    assert_ok(
        up_moments_build(e, UP_MOMENTS_OPTS(.cross = 1), NULL, &moments, &err), &err);
    assert_ok(
        up_fit_linear(moments,
            UP_LINEAR_OPTS(.vcov = vcov_of(text(c, "vcov")),
                .interactions = json_integer_value(json_object_get(c, "full")) == 1
                                    ? UP_INTERACT_FULL
                                    : UP_INTERACT_NONE),
            NULL, &model, &err),
        &err);
    assert_ok(up_mediate_effect(model, graph, o, NULL, &m, &err), &err);
    up_model_free(model);
    up_moments_free(moments);
    up_graph_free(graph);
    check_rows(c, m, rtol);
    up_mediation_free(m);
    up_experiment_free(e);
    up_source_free(source);
}

static void
test_cases(void **state)
{
    (void)state;
    json_error_t where;
    json_t *root =
        json_load_file(up_test_data("oracle/mediate/expected.json"), 0, &where);
    assert_non_null(root);
    double rtol = json_number_value(json_object_get(root, "rtol"));
    size_t i = 0;
    json_t *c = NULL;
    json_array_foreach(json_object_get(root, "cases"), i, c)
    {
        print_message("%s\n", text(c, "name"));
        check_case(c, rtol);
    }
    assert_true(i > 20);
    json_decref(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
