/* An experiment as one JSON object, for capsules and results. Expressions are written as their
 * canonical text with the type they had over the source; keys stand in a fixed order, so that
 * equal experiments have equal bytes. The text is read back by json_read.c. */
#include "base/json.h"
#include "design/build.h"

static const char *
missing_name(int64_t missing)
{
    static const char *const names[] = {"refuse", "drop", "indicator"};
    return missing >= 0 && missing <= UP_MISSING_INDICATOR ? names[missing] : names[0];
}

static up_status
put_variable(upi_json *j, const upi_variable *v, up_error *err)
{
    up_status status = UP_OK;
    char *text = NULL;
    UP_TRY(upi_expr_text(v->expr, &text, err));
    upi_json_put_string(j, "expression", text);
    upi_json_put_string(j, "type", upi_type_name(v->type));
out:
    upi_free(text);
    return status;
}

/* A member that is an object, left out when the variable is not used. */
static up_status
put_member(upi_json *j, const char *key, const upi_variable *v, up_error *err)
{
    up_status status = UP_OK;
    if (v->expr != NULL) {
        upi_json_key(j, key);
        upi_json_object(j);
        UP_TRY(put_variable(j, v, err));
        upi_json_object_end(j);
    }
out:
    return status;
}

static up_status
put_roles(upi_json *j, const up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    upi_json_key(j, "roles");
    upi_json_object(j);
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        UP_TRY(put_member(j, upi_role_name(i), &e->roles[i], err));
    }
    upi_json_object_end(j);
    UP_TRY(put_member(j, "filter", &e->filter, err));
out:
    return status;
}

static up_status
put_variables(
    upi_json *j, const char *key, const upi_variable *v, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    upi_json_key(j, key);
    upi_json_array(j);
    for (int64_t i = 0; i < n; i++) {
        upi_json_object(j);
        UP_TRY(put_variable(j, &v[i], err));
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
out:
    return status;
}

static up_status
put_covariates(upi_json *j, const up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    upi_json_key(j, "covariates");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_covariates; i++) {
        upi_json_object(j);
        UP_TRY(put_variable(j, &e->covariates[i].v, err));
        upi_json_put_bool(j, "factor", e->covariates[i].factor);
        upi_json_put_bool(j, "strata", e->covariates[i].strata);
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
out:
    return status;
}

static void
put_metrics(upi_json *j, const up_experiment *e)
{
    upi_json_key(j, "metrics");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_metrics; i++) {
        const upi_metric *m = &e->metrics[i];
        upi_json_object(j);
        upi_json_put_string(j, "name", m->name);
        upi_json_put_string(j, "kind", upi_metric_kind_name(m->kind));
        upi_json_put_int(j, "component", m->component);
        if (m->kind == UPI_METRIC_RATIO) {
            upi_json_put_int(j, "denominator", m->denominator);
        }
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_rest(upi_json *j, const up_experiment *e)
{
    upi_json_key(j, "post");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_post; i++) {
        upi_json_string(j, e->post[i]);
    }
    upi_json_array_end(j);
    if (e->control != NULL) {
        upi_json_put_string(j, "control", e->control);
    }
    if (e->n_split > 0) {
        upi_json_key(j, "split");
        upi_json_array(j);
        for (int64_t i = 0; i < e->n_split; i++) {
            upi_json_object(j);
            upi_json_put_string(j, "arm", e->split_labels[i]);
            upi_json_put_double(j, "share", e->split_shares[i]);
            upi_json_object_end(j);
        }
        upi_json_array_end(j);
    }
    upi_json_put_string(j, "missing", missing_name(e->missing));
    upi_json_put_bool(j, "assigned_by_cluster", e->assigned_by_cluster);
}

up_status
upi_experiment_to_json(const up_experiment *e, upi_text *out, up_error *err)
{
    up_status status = UP_OK;
    upi_json j;
    upi_json_start(&j, out, 0, 0);
    upi_json_object(&j);
    UP_TRY(put_roles(&j, e, err));
    UP_TRY(put_covariates(&j, e, err));
    UP_TRY(put_variables(&j, "segments", e->segments, e->n_segments, err));
    UP_TRY(put_variables(&j, "components", e->components, e->n_components, err));
    put_metrics(&j, e);
    put_rest(&j, e);
    upi_json_object_end(&j);
    if (out->failed) {
        status = upi_fail_memory(err, (size_t)out->length);
    }
out:
    return status;
}
