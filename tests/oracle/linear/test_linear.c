/* Every covariance of the linear model against R: expected.json holds the design of each case, how to
 * compress it, and the numbers with their source; make.R made it. */
#include "fit_helper.h"
#include "up_test.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 12 };

typedef struct design {
    csv_spec spec;
    csv_key keys[MOST];
    const char *x[MOST], *y[MOST];
    char path[4096];
} design;

static const char *
text(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static upi_key_role
role_of(const char *s)
{
    static const struct {
        const char *name;
        upi_key_role role;
    } roles[] = {{"arm", UPI_KEY_ARM}, {"treated", UPI_KEY_TREATED},
        {"covariate", UPI_KEY_COVARIATE}, {"factor", UPI_KEY_COVARIATE},
        {"weight", UPI_KEY_WEIGHT}, {"propensity", UPI_KEY_PROPENSITY},
        {"time", UPI_KEY_TIME}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(roles[i].name, s) == 0) {
            return roles[i].role;
        }
    }
    fail_msg("unknown role %s", s);
    return UPI_KEY_ARM;
}

static void
read_names(const json_t *o, const char *name, const char **out)
{
    const json_t *list = json_object_get(o, name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        assert_true(i + 1 < MOST);
        out[i] = json_string_value(json_array_get(list, i));
    }
}

static void
read_design(const json_t *c, design *d)
{
    memset(d, 0, sizeof *d);
    (void)snprintf(d->path, sizeof d->path, "%s/%s", up_test_data("oracle/linear"),
        text(c, "data"));
    const json_t *keys = json_object_get(c, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        assert_true(i + 1 < MOST);
        const json_t *key = json_array_get(keys, i);
        const char *role = json_string_value(json_array_get(key, 1));
        d->keys[i] = (csv_key){.column = json_string_value(json_array_get(key, 0)),
            .role = role_of(role),
            .factor = strcmp(role, "factor") == 0};
    }
    read_names(c, "x", d->x);
    read_names(c, "y", d->y);
    d->spec = (csv_spec){.path = d->path,
        .keys = d->keys,
        .x = d->x,
        .y = d->y,
        .cluster = text(c, "cluster"),
        .cluster2 = text(c, "cluster2"),
        .control = text(c, "control"),
        .row_weight = text(c, "row_weight"),
        .row_propensity = text(c, "row_propensity")};
    d->spec.form = d->x[0] == NULL           ? UPI_MEAN
                   : d->spec.cluster != NULL ? UPI_GRAM
                                             : UPI_TRI;
}

static int64_t
vcov_of(const char *name)
{
    for (int64_t v = UP_VCOV_IID; v <= UP_VCOV_CR3; v++) {
        const char *own = v == UP_VCOV_IID ? "IID" : upi_vcov_name(v);
        if (strcmp(own, name) == 0) {
            return v;
        }
    }
    fail_msg("unknown covariance %s", name);
    return 0;
}

static void
check_value(const up_model *m, const json_t *v, double rtol)
{
    const json_t *f = json_object_get(v, "first_stage_f");
    if (f != NULL) {
        assert_close(up_model_first_stage_f(m), json_number_value(f), rtol, 0);
        return;
    }
    int64_t e = json_integer_value(json_object_get(v, "equation"));
    const json_t *other = json_object_get(v, "covariance");
    if (other != NULL) {
        int64_t e2 = json_integer_value(json_object_get(v, "equation2"));
        double scale = fit_coefficient(m, e, text(v, "name")).std_error *
                       fit_coefficient(m, e2, text(v, "name2")).std_error;
        assert_close(fit_covariance(m, e, text(v, "name"), e2, text(v, "name2")),
            json_number_value(other), 0, rtol * scale);
        return;
    }
    fit_value own = fit_coefficient(m, e, text(v, "name"));
    /* a coefficient near 0 is as exact as its standard error lets it matter */
    assert_close(own.value, json_number_value(json_object_get(v, "value")), rtol,
        rtol * own.std_error);
    assert_close(
        own.std_error, json_number_value(json_object_get(v, "std_error")), rtol, 0);
    const json_t *df = json_object_get(v, "df");
    if (df != NULL) {
        assert_close(own.df, json_number_value(df), rtol, 0);
    }
}

static void
check_case(const json_t *c, double rtol)
{
    design d;
    read_design(c, &d);
    csv_fixture *f = csv_moments_new(&d.spec);
    up_model *m = fit_new(f,
        UP_LINEAR_OPTS(.vcov = vcov_of(text(c, "vcov")),
            .interactions = json_integer_value(json_object_get(c, "interactions")),
            .no_covariates = json_integer_value(json_object_get(c, "no_covariates"))),
        NULL);
    const json_t *values = json_object_get(c, "values");
    assert_true(json_array_size(values) > 0);
    for (size_t i = 0; i < json_array_size(values); i++) {
        check_value(m, json_array_get(values, i), rtol);
    }
    up_model_free(m);
    csv_moments_free(f);
}

static void
against_r(void **state)
{
    (void)state;
    json_error_t problem;
    json_t *all =
        json_load_file(up_test_data("oracle/linear/expected.json"), 0, &problem);
    assert_non_null(all);
    double rtol = json_number_value(json_object_get(all, "rtol"));
    const json_t *cases = json_object_get(all, "cases");
    assert_true(json_array_size(cases) > 100);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        print_message(
            "%s, %s (%s)\n", text(c, "name"), text(c, "vcov"), text(c, "source"));
        check_case(c, rtol);
    }
    json_decref(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_r)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
