/* Making and freeing an experiment. It is an assembly of named expressions; the files beside
 * this one say what may enter it. Only the schema of the source is read here, never rows. */
#include "design/build.h"

#include <string.h>

void
up_experiment_free(up_experiment *e)
{
    if (e == NULL) {
        return;
    }
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        upi_variable_free(&e->roles[i]);
    }
    for (int64_t i = 0; i < e->n_covariates; i++) {
        upi_variable_free(&e->covariates[i].v);
    }
    for (int64_t i = 0; i < e->n_segments; i++) {
        upi_variable_free(&e->segments[i]);
    }
    for (int64_t i = 0; i < e->n_components; i++) {
        upi_variable_free(&e->components[i]);
    }
    for (int64_t i = 0; i < e->n_metrics; i++) {
        upi_free(e->metrics[i].name);
    }
    for (int64_t i = 0; i < e->n_post; i++) {
        upi_free(e->post[i]);
    }
    for (int64_t i = 0; i < e->n_split; i++) {
        upi_free(e->split_labels[i]);
    }
    upi_variable_free(&e->filter);
    upi_free(e->covariates);
    upi_free(e->segments);
    upi_free(e->components);
    upi_free(e->metrics);
    upi_free(e->post);
    upi_free(e->control);
    upi_free(e->split_labels);
    upi_free(e->split_shares);
    upi_free(e);
}

up_status
up_experiment_new(
    up_source *source, const up_roles *roles, up_experiment **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_experiment *e = NULL;
    if (source == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "source",
            "the source or the place for the result is NULL");
    }
    UP_TRY(UP_NEW(&e, 1, err));
    e->source = source;
    UP_TRY(upi_experiment_set_roles(e, roles, err));
    *out = e;
    e = NULL;
out:
    up_experiment_free(e);
    return status;
}

int64_t
upi_experiment_metric(const up_experiment *e, const char *name)
{
    for (int64_t i = 0; i < e->n_metrics; i++) {
        if (strcmp(e->metrics[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}
