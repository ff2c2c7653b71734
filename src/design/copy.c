/* A deep copy of an experiment without its source: moments outlive the rows they came from. */
#include "design/build.h"

#include <string.h>

static up_status
copy_lists(const up_experiment *e, up_experiment *c, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&c->covariates, e->n_covariates, err));
    for (; c->n_covariates < e->n_covariates; c->n_covariates++) {
        int64_t i = c->n_covariates;
        UP_TRY(upi_variable_copy(&e->covariates[i].v, &c->covariates[i].v, err));
        c->covariates[i].factor = e->covariates[i].factor;
        c->covariates[i].strata = e->covariates[i].strata;
    }
    UP_TRY(UP_NEW(&c->segments, e->n_segments, err));
    for (; c->n_segments < e->n_segments; c->n_segments++) {
        int64_t i = c->n_segments;
        UP_TRY(upi_variable_copy(&e->segments[i], &c->segments[i], err));
    }
    UP_TRY(UP_NEW(&c->components, e->n_components, err));
    for (; c->n_components < e->n_components; c->n_components++) {
        int64_t i = c->n_components;
        UP_TRY(upi_variable_copy(&e->components[i], &c->components[i], err));
    }
    UP_TRY(UP_NEW(&c->metrics, e->n_metrics, err));
    for (; c->n_metrics < e->n_metrics; c->n_metrics++) {
        upi_metric m = e->metrics[c->n_metrics];
        UP_TRY(upi_strdup_to(&m.name, e->metrics[c->n_metrics].name, err));
        c->metrics[c->n_metrics] = m;
    }
out:
    return status;
}

static up_status
copy_rest(const up_experiment *e, up_experiment *c, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&c->post, e->n_post, err));
    for (; c->n_post < e->n_post; c->n_post++) {
        UP_TRY(upi_strdup_to(&c->post[c->n_post], e->post[c->n_post], err));
    }
    if (e->control != NULL) {
        UP_TRY(upi_strdup_to(&c->control, e->control, err));
    }
    if (e->n_split > 0) {
        UP_TRY(UP_NEW(&c->split_labels, e->n_split, err));
        UP_TRY(UP_NEW(&c->split_shares, e->n_split, err));
    }
    for (; c->n_split < e->n_split; c->n_split++) {
        int64_t i = c->n_split;
        UP_TRY(upi_strdup_to(&c->split_labels[i], e->split_labels[i], err));
        c->split_shares[i] = e->split_shares[i];
    }
    c->missing = e->missing;
    c->assigned_by_cluster = e->assigned_by_cluster;
out:
    return status;
}

up_status
upi_experiment_copy(const up_experiment *e, up_experiment **out, up_error *err)
{
    up_status status = UP_OK;
    up_experiment *c = NULL;
    UP_TRY(UP_NEW(&c, 1, err));
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        UP_TRY(upi_variable_copy(&e->roles[i], &c->roles[i], err));
    }
    UP_TRY(upi_variable_copy(&e->filter, &c->filter, err));
    UP_TRY(copy_lists(e, c, err));
    UP_TRY(copy_rest(e, c, err));
    *out = c;
    c = NULL;
out:
    up_experiment_free(c);
    return status;
}
