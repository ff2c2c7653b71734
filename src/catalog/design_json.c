/* The design of a model in JSON and in words. */
#include "base/json.h"
#include "catalog/pipeline.h"
#include "fit/model.h"

#include <stdio.h>
#include <string.h>

static void
put_roles(upi_json *j, const up_experiment *e)
{
    upi_json_key(j, "roles");
    upi_json_object(j);
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        if (e->roles[i].expr != NULL || e->roles[i].name != NULL) {
            upi_json_put_string(j, upi_role_name(i), e->roles[i].name);
        }
    }
    upi_json_object_end(j);
}

static void
put_arms(upi_json *j, const up_model *m)
{
    const upi_key *key = &m->moments->keys[m->inst_key];
    upi_json_key(j, "arms");
    upi_json_array(j);
    for (int64_t k = 0; k < key->n_levels; k++) {
        upi_json_string(j, key->label[k]);
    }
    upi_json_array_end(j);
    upi_json_put_string(j, "control", key->label[m->inst_control]);
}

static void
put_lists(upi_json *j, const up_experiment *e)
{
    upi_json_key(j, "metrics");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_metrics; i++) {
        upi_json_string(j, e->metrics[i].name);
    }
    upi_json_array_end(j);
    upi_json_key(j, "covariates");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_covariates; i++) {
        upi_json_string(j, e->covariates[i].v.name);
    }
    upi_json_array_end(j);
    upi_json_key(j, "post");
    upi_json_array(j);
    for (int64_t i = 0; i < e->n_post; i++) {
        upi_json_string(j, e->post[i]);
    }
    upi_json_array_end(j);
}

/* The design as a JSON object. */
static up_status
design_text(const upi_pipeline *p, char **out, up_error *err)
{
    static const char *const policies[] = {"refuse", "drop", "indicator"};
    const up_model *m = p->model;
    const up_experiment *e = p->moments->experiment;
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    put_roles(&j, e);
    put_arms(&j, m);
    put_lists(&j, e);
    upi_json_put_string(&j, "compliance", upi_compliance_name(m->design.compliance));
    upi_json_put_bool(&j, "clustered", m->design.block);
    upi_json_put_bool(&j, "propensity_varies", m->design.propensity_varies);
    upi_json_put_bool(&j, "assigned_by_cluster", e->assigned_by_cluster);
    if (e->filter.name != NULL) {
        upi_json_put_string(&j, "filter", e->filter.name);
    }
    upi_json_put_string(&j, "missing", policies[e->missing]);
    if (e->n_split > 0) {
        upi_json_key(&j, "expected_split");
        upi_json_object(&j);
        for (int64_t i = 0; i < e->n_split; i++) {
            upi_json_put_double(&j, e->split_labels[i], e->split_shares[i]);
        }
        upi_json_object_end(&j);
    }
    upi_json_object_end(&j);
    return upi_text_take(&t, out, err);
}

/* "encouragement, clustered by household, adaptive" */
static void
add_design_words(upi_text *t, const up_model *m, const up_experiment *e)
{
    if (m->design.iv) {
        upi_text_addf(t, "encouragement design, %s noncompliance",
            upi_compliance_name(m->design.compliance));
    } else {
        upi_text_add(t, m->moments->n_arms > 2 ? "A/B/n test" : "A/B test");
    }
    if (m->design.block) {
        upi_text_addf(t, ", clustered by %s", e->roles[UPI_ROLE_CLUSTER].name);
    }
    if (m->design.propensity_varies) {
        upi_text_add(t, ", adaptive");
    }
}

static void
add_count(upi_text *t, int64_t n, const char *what)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    upi_text_add(t, "; ");
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            upi_text_add_char(t, ',');
        }
        upi_text_add_char(t, digits[i]);
    }
    upi_text_addf(t, " %s", what);
}

static up_status
set_context(const upi_pipeline *p, up_result *r, up_error *err)
{
    upi_text t = {0};
    const up_model *m = p->model;
    add_design_words(&t, m, p->moments->experiment);
    add_count(&t, up_moments_rows(p->moments), "rows");
    if (up_model_clusters(m) > 0) {
        add_count(&t, up_model_clusters(m), "clusters");
    }
    add_count(&t, m->moments->keys[m->inst_key].n_levels, "arms");
    upi_text_addf(&t, "; %s, %s",
        m->design.iv ? "two-stage least squares" : "least squares", up_model_vcov(m));
    upi_free(r->context);
    r->context = NULL;
    return upi_text_take(&t, &r->context, err);
}

up_status
upi_pipeline_note(upi_notes *to, up_note note, up_error *err)
{
    if (note.code == UP_N_LAYOUT) {
        return UP_OK;
    }
    return upi_notes_add(
        to, note.code, note.field, note.number, note.threshold, err, "%s", note.text);
}

up_status
upi_pipeline_describe(
    const upi_pipeline *p, const upi_request *q, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(set_context(p, r, err));
    UP_TRY(design_text(p, &r->design, err));
    UP_TRY(upi_strdup_to(&r->input.source, upi_request_text(q, "source"), err));
    UP_TRY(upi_strdup_to(&r->input.layout, up_moments_layout(p->moments), err));
    r->input.capsule = p->capsule;
    r->input.rows = up_moments_rows(p->moments);
    r->input.groups = up_moments_groups(p->moments);
    r->input.fingerprint = p->moments->fingerprint;
    r->has_rows = true;
    r->limit = upi_request_integer(q, "limit");
    r->strict = upi_request_flag(q, "strict");
    for (int64_t i = 0; i < up_model_notes(p->model); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_model_note(p->model, i), err));
    }
out:
    return status;
}
