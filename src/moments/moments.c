/* What moments say of themselves, and their end. */
#include "moments/moments.h"

int64_t
up_moments_rows(const up_moments *m)
{
    return m != NULL ? m->n_rows : 0;
}

int64_t
up_moments_groups(const up_moments *m)
{
    return m != NULL ? m->n_groups : 0;
}

const char *
up_moments_layout(const up_moments *m)
{
    return m != NULL ? m->layout_reason : "";
}

static void
key_free(upi_key *k)
{
    for (int64_t i = 0; k->label != NULL && i < k->n_levels; i++) {
        upi_free(k->label[i]);
    }
    upi_free(k->label);
    upi_free(k->number);
    upi_free(k->integer);
    upi_free(k->name);
}

void
up_moments_free(up_moments *m)
{
    if (m == NULL) {
        return;
    }
    up_experiment_free(m->experiment);
    upi_free(m->layout_reason);
    for (int64_t k = 0; m->keys != NULL && k < m->n_keys; k++) {
        key_free(&m->keys[k]);
    }
    upi_free(m->keys);
    upi_free(m->x_covariate);
    upi_free(m->code);
    upi_free(m->cluster[0]);
    upi_free(m->cluster[1]);
    upi_free(m->n);
    upi_free(m->mean);
    upi_free(m->m2);
    upi_free(m->tri);
    if (m->robust != NULL) {
        upi_free(m->robust->model);
        upi_free(m->robust->k);
        upi_free(m->robust);
    }
    for (int64_t i = 0; m->counted_name != NULL && i < m->n_counted; i++) {
        upi_free(m->counted_name[i]);
    }
    upi_free(m->counted_name);
    upi_free(m->missing);
    upi_notes_free(&m->notes);
    upi_free(m);
}
