/* A warning where propensities change from period to period: if they followed the outcomes, as
 * a bandit's do, weighted least squares is biased and its intervals do not cover (Hadad et al.
 * 2021). Propensities that differ inside a period of equal arm and covariates say nothing, since
 * they hang on something else. */
#include "fit/fit.h"

#include <math.h>
#include <stdlib.h>

typedef struct place {
    const up_moments *m;
    int64_t group;
} place;

static int
compare_keys(const place *x, const place *y, int64_t key)
{
    int32_t a = upi_moments_code(x->m, x->group, key);
    int32_t b = upi_moments_code(x->m, y->group, key);
    return (a > b) - (a < b);
}

/* By arm and covariates. */
static int
compare_cells(const place *x, const place *y)
{
    const up_moments *m = x->m;
    int order = compare_keys(x, y, upi_randomised_key(m));
    for (int64_t k = 0; order == 0 && k < m->n_keys; k++) {
        bool covariate =
            m->keys[k].role == UPI_KEY_COVARIATE || m->keys[k].role == UPI_KEY_MISSING;
        order = covariate ? compare_keys(x, y, k) : 0;
    }
    return order;
}

static int
compare_places(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;
    int order = compare_cells(x, y);
    order = order != 0 ? order : compare_keys(x, y, x->m->time);
    return order != 0 ? order : compare_keys(x, y, x->m->propensity);
}

/* Over the places of one cell, sorted by time: 1 where each period has one propensity and they
 * differ between periods. */
static bool
adapts(const place *list, int64_t n)
{
    bool differs = false;
    for (int64_t i = 1; i < n; i++) {
        bool other = compare_keys(&list[i - 1], &list[i], list->m->propensity) != 0;
        bool later = compare_keys(&list[i - 1], &list[i], list->m->time) != 0;
        if (other && !later) {
            return false;
        }
        differs = differs || other;
    }
    return differs;
}

up_status
upi_note_adapting(up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    place *list = NULL;
    bool found = false;
    if (m->time < 0 || m->propensity < 0) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&list, m->n_groups, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        list[g] = (place){m, g};
    }
    qsort(list, (size_t)m->n_groups, sizeof *list, compare_places);
    for (int64_t i = 0, n = 0; i < m->n_groups && !found; i += n) {
        for (n = 1;
             i + n < m->n_groups && compare_cells(&list[i], &list[i + n]) == 0;) {
            n++;
        }
        found = adapts(list + i, n);
    }
    if (found) {
        UP_TRY(upi_notes_add(&model->notes, UP_W_ADAPTIVE, m->keys[m->propensity].name,
            (double)NAN, (double)NAN, err,
            "The propensities change with '%s'. If they followed earlier outcomes, as "
            "a "
            "policy that learns does, these estimates are biased: use 'upshot "
            "adaptive'.",
            m->keys[m->time].name));
    }
out:
    upi_free(list);
    return status;
}
