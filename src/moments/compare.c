/* Whether two moments can be merged, and if not, what differs. The designs are held against
 * each other as JSON, member by member, so that nothing that belongs to a design can be
 * forgotten here. */
#include "moments/merge.h"

#include <jansson.h>
#include <string.h>

static up_status
load(const up_experiment *e, json_t **out, up_error *err)
{
    up_status status = UP_OK;
    upi_text text = {0};
    char *json = NULL;
    UP_TRY(upi_experiment_to_json(e, &text, err));
    UP_TRY(upi_text_take(&text, &json, err));
    *out = json_loads(json, 0, NULL);
    if (*out == NULL) {
        status = upi_fail(err, UP_E_INTERNAL, NULL, "an experiment that is not JSON");
    }
out:
    upi_free(json);
    upi_text_free(&text);
    return status;
}

static up_status
differ(up_error *err, const char *what)
{
    (void)upi_fail(err, UP_E_CAPSULE, what, "the designs differ in '%s'", what);
    return upi_fix(
        err, "merge moments of the same experiment, declared in the same way");
}

static up_status
compare_designs(const up_moments *a, const up_moments *b, up_error *err)
{
    up_status status = UP_OK;
    json_t *x = NULL, *y = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    UP_TRY(load(a->experiment, &x, err));
    UP_TRY(load(b->experiment, &y, err));
    json_object_foreach(x, key, value)
    {
        if (!json_equal(value, json_object_get(y, key))) {
            status = differ(err, key);
            goto out;
        }
    }
    json_object_foreach(y, key, value)
    {
        if (json_object_get(x, key) == NULL) {
            status = differ(err, key);
            goto out;
        }
    }
out:
    json_decref(x);
    json_decref(y);
    return status;
}

static bool
is_continuous(const up_moments *m, int64_t covariate)
{
    for (int64_t i = 0; i < m->nx; i++) {
        if (m->x_covariate[i] == covariate) {
            return true;
        }
    }
    return false;
}

static up_status
compare_keys(const up_moments *a, const up_moments *b, up_error *err)
{
    for (int64_t k = 0; k < a->n_keys; k++) {
        const upi_key *key = &a->keys[k];
        int64_t other = upi_moments_key(b, key->role, key->index);
        if (other < 0 && key->role != UPI_KEY_MISSING) {
            return differ(err, key->name);
        }
        if (other >= 0 && b->keys[other].type != key->type) {
            return upi_fail(err, UP_E_CAPSULE, key->name,
                "'%s' is of type %s in one and %s in "
                "the other",
                key->name, upi_type_name(key->type),
                upi_type_name(b->keys[other].type));
        }
    }
    return UP_OK;
}

int64_t
upi_moments_key(const up_moments *m, upi_key_role role, int64_t index)
{
    for (int64_t k = 0; k < m->n_keys; k++) {
        if (m->keys[k].role == role && m->keys[k].index == index) {
            return k;
        }
    }
    return -1;
}

up_status
upi_moments_comparable(const up_moments *a, const up_moments *b, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(compare_designs(a, b, err));
    for (int64_t i = 0; i < a->experiment->n_covariates; i++) {
        if (is_continuous(a, i) != is_continuous(b, i)) {
            const char *name = a->experiment->covariates[i].v.name;
            (void)upi_fail(err, UP_E_CAPSULE, name,
                "'%s' was compressed as a continuous covariate in one and by its "
                "values in the "
                "other",
                name);
            return upi_fix(
                err, "build both with layout=stream, or with the same max_levels");
        }
    }
    if (a->form != b->form || a->row_weighted != b->row_weighted ||
        a->ways != b->ways) {
        (void)upi_fail(err, UP_E_CAPSULE, "layout", "the layouts differ: %s; %s",
            a->layout_reason, b->layout_reason);
        return upi_fix(err, "build both with the same layout");
    }
    UP_TRY(compare_keys(a, b, err));
    UP_TRY(compare_keys(b, a, err));
out:
    return status;
}
