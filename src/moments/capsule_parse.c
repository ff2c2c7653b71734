/* The description of a capsule to moments without groups. The file may come from anywhere, so
 * every member is checked for type and range, and the keys are held against the experiment. */
#include "moments/capsule_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

up_status
upi_capsule_damaged(
    const upi_capsule_reader *r, up_error *err, const char *member, const char *what)
{
    (void)upi_fail(
        err, UP_E_CAPSULE, member, "%s: the capsule's '%s' %s", r->path, member, what);
    return upi_fix(err, "make the capsule again from the rows");
}

static up_status
get_int(const upi_capsule_reader *r, json_t *object, const char *member, int64_t low,
    int64_t high, int64_t *out, up_error *err)
{
    json_t *value = json_object_get(object, member);
    if (!json_is_integer(value)) {
        return upi_capsule_damaged(r, err, member, "is not an integer");
    }
    *out = json_integer_value(value);
    if (*out < low || *out > high) {
        return upi_capsule_damaged(r, err, member, "is out of range");
    }
    return UP_OK;
}

static up_status
get_string(const upi_capsule_reader *r, json_t *object, const char *member,
    const char **out, up_error *err)
{
    *out = json_string_value(json_object_get(object, member));
    return *out != NULL ? UP_OK : upi_capsule_damaged(r, err, member, "is not text");
}

static up_status
get_array(const upi_capsule_reader *r, json_t *object, const char *member, json_t **out,
    up_error *err)
{
    *out = json_object_get(object, member);
    return json_is_array(*out) ? UP_OK
                               : upi_capsule_damaged(r, err, member, "is not a list");
}

static up_status
get_hex(const upi_capsule_reader *r, json_t *object, const char *member, uint64_t *out,
    up_error *err)
{
    up_status status = UP_OK;
    const char *text = NULL;
    UP_TRY(get_string(r, object, member, &text, err));
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) {
        return upi_capsule_damaged(
            r, err, member, "is not a number of 16 hexadecimal digits");
    }
    *out = strtoull(text, NULL, 16);
out:
    return status;
}

/* The value of one level. */
static bool
read_cell(upi_type type, json_t *value, upi_cell *out)
{
    if (type == UPI_STR) {
        if (!json_is_string(value) || json_string_length(value) > UINT32_MAX) {
            return false;
        }
        *out = (upi_cell){.text = upi_str_make(json_string_value(value),
                              (uint32_t)json_string_length(value))};
        return true;
    }
    if (type == UPI_F64) {
        *out = upi_cell_double(json_number_value(value));
        return json_is_number(value);
    }
    *out = upi_cell_integer(json_integer_value(value));
    return json_is_integer(value) &&
           (type != UPI_BOOL || (json_integer_value(value) & ~INT64_C(1)) == 0);
}

static up_status
read_levels(const upi_capsule_reader *r, json_t *object, upi_key *key, up_error *err)
{
    up_status status = UP_OK;
    json_t *levels = NULL;
    UP_TRY(get_array(r, object, "levels", &levels, err));
    int64_t n = (int64_t)json_array_size(levels);
    UP_TRY(upi_key_room(key, n + 1, err));
    upi_cell before = {.word = {0, 0}};
    for (int64_t i = 0; i < n; i++) {
        upi_cell cell;
        if (!read_cell(key->type, json_array_get(levels, (size_t)i), &cell)) {
            status = upi_capsule_damaged(
                r, err, "levels", "holds a value of the wrong type");
            goto out;
        }
        if (i > 0 && upi_cell_compare(key->type, &before, &cell) >= 0) {
            status = upi_capsule_damaged(r, err, "levels", "is not in order");
            goto out;
        }
        before = cell;
        UP_TRY(upi_key_add(key, &cell, err));
    }
    if (json_is_true(json_object_get(object, "missing_level"))) {
        UP_TRY(upi_key_add_missing(key, err));
    }
out:
    return status;
}

static bool
find_name(const char *name, const char *(*name_of)(int), int n, int *out)
{
    for (*out = 0; *out < n; (*out)++) {
        if (strcmp(name, name_of(*out)) == 0) {
            return true;
        }
    }
    return false;
}

static const char *
role_name(int i)
{
    return upi_key_role_name((upi_key_role)i);
}

static const char *
type_name(int i)
{
    return upi_type_name((upi_type)i);
}

static const char *
form_name(int i)
{
    return upi_form_name((upi_form)i);
}

/* The variable of the experiment that a key must be of; NULL = there is none. */
static const upi_variable *
variable_of(const up_experiment *e, upi_key_role role, int64_t index)
{
    static const int roles[] = {[UPI_KEY_ARM] = UPI_ROLE_ARM,
        [UPI_KEY_TREATED] = UPI_ROLE_TREATED,
        [UPI_KEY_INSTRUMENT] = UPI_ROLE_INSTRUMENT,
        [UPI_KEY_PROPENSITY] = UPI_ROLE_PROPENSITY,
        [UPI_KEY_WEIGHT] = UPI_ROLE_WEIGHT,
        [UPI_KEY_TIME] = UPI_ROLE_TIME};
    if (role <= UPI_KEY_TIME) {
        const upi_variable *v = &e->roles[roles[role]];
        return v->expr != NULL && index == 0 ? v : NULL;
    }
    int64_t n = role == UPI_KEY_SEGMENT ? e->n_segments : e->n_covariates;
    if (index < 0 || index >= n) {
        return NULL;
    }
    return role == UPI_KEY_SEGMENT ? &e->segments[index] : &e->covariates[index].v;
}

static up_status
read_key(upi_capsule_reader *r, json_t *object, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    const char *role = NULL, *type = NULL;
    int role_number = 0, type_number = 0;
    upi_key *key = &m->keys[m->n_keys];
    UP_TRY(get_string(r, object, "role", &role, err));
    UP_TRY(get_string(r, object, "type", &type, err));
    if (!find_name(role, role_name, UPI_KEY_MISSING + 1, &role_number) ||
        !find_name(type, type_name, UPI_TIME + 1, &type_number)) {
        status = upi_capsule_damaged(r, err, "keys", "has an unknown role or type");
        goto out;
    }
    *key = (upi_key){.role = (upi_key_role)role_number,
        .type = (upi_type)type_number,
        .missing_level = -1};
    m->n_keys++;
    UP_TRY(get_int(r, object, "index", 0, INT32_MAX, &key->index, err));
    const upi_variable *v = variable_of(m->experiment, key->role, key->index);
    for (int64_t k = 0; k < m->n_keys - 1; k++) {
        if (m->keys[k].role == key->role && m->keys[k].index == key->index) {
            v = NULL;
        }
    }
    if (v == NULL) {
        status = upi_capsule_damaged(r, err, "keys", "does not fit its experiment");
        goto out;
    }
    UP_TRY(upi_strdup_to(&key->name, v->name, err));
    UP_TRY(read_levels(r, object, key, err));
out:
    return status;
}

static int64_t
find_key(const up_moments *m, upi_key_role role)
{
    for (int64_t k = 0; k < m->n_keys; k++) {
        if (m->keys[k].role == role) {
            return k;
        }
    }
    return -1;
}

static up_status
read_keys(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    json_t *keys = NULL;
    UP_TRY(get_array(r, r->root, "keys", &keys, err));
    UP_TRY(UP_NEW(&m->keys, (int64_t)json_array_size(keys), err));
    for (size_t k = 0; k < json_array_size(keys); k++) {
        UP_TRY(read_key(r, json_array_get(keys, k), err));
    }
    m->arm = find_key(m, UPI_KEY_ARM);
    m->treated = find_key(m, UPI_KEY_TREATED);
    m->instrument = find_key(m, UPI_KEY_INSTRUMENT);
    m->propensity = find_key(m, UPI_KEY_PROPENSITY);
    m->weight = find_key(m, UPI_KEY_WEIGHT);
    m->time = find_key(m, UPI_KEY_TIME);
    if (m->arm < 0 || m->keys[m->arm].n_levels < 2) {
        status = upi_capsule_damaged(r, err, "keys", "has no arms");
        goto out;
    }
    /* A treatment that is also the instrument is one key. */
    const upi_variable *roles = m->experiment->roles;
    if (m->instrument < 0 && m->treated >= 0 &&
        roles[UPI_ROLE_INSTRUMENT].expr != NULL &&
        strcmp(roles[UPI_ROLE_INSTRUMENT].name, roles[UPI_ROLE_TREATED].name) == 0) {
        m->instrument = m->treated;
    }
out:
    return status;
}

static up_status
read_missing(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    json_t *counted = NULL, *missing = NULL;
    const char *name = NULL;
    m->n_arms = m->keys[m->arm].n_levels;
    UP_TRY(get_array(r, r->root, "counted", &counted, err));
    int64_t n = (int64_t)json_array_size(counted);
    UP_TRY(UP_NEW(&m->counted_name, n, err));
    UP_TRY(UP_NEW(&m->missing, n * m->n_arms, err));
    for (int64_t c = 0; c < n; c++) {
        json_t *object = json_array_get(counted, (size_t)c);
        UP_TRY(get_string(r, object, "name", &name, err));
        UP_TRY(get_array(r, object, "missing", &missing, err));
        if ((int64_t)json_array_size(missing) != m->n_arms) {
            status = upi_capsule_damaged(r, err, "missing", "does not fit the arms");
            goto out;
        }
        UP_TRY(upi_strdup_to(&m->counted_name[c], name, err));
        m->n_counted++;
        for (int64_t a = 0; a < m->n_arms; a++) {
            json_t *value = json_array_get(missing, (size_t)a);
            if (!json_is_integer(value) || json_integer_value(value) < 0) {
                status =
                    upi_capsule_damaged(r, err, "missing", "is not a list of counts");
                goto out;
            }
            m->missing[c * m->n_arms + a] = json_integer_value(value);
        }
    }
out:
    return status;
}

static up_status
read_continuous(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    json_t *list = NULL;
    UP_TRY(get_array(r, r->root, "continuous", &list, err));
    UP_TRY(UP_NEW(&m->x_covariate, (int64_t)json_array_size(list), err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *value = json_array_get(list, i);
        int64_t x = json_integer_value(value);
        if (!json_is_integer(value) || x < 0 || x >= m->experiment->n_covariates ||
            (i > 0 && x <= m->x_covariate[i - 1])) {
            status = upi_capsule_damaged(
                r, err, "continuous", "is not a list of covariates");
            goto out;
        }
        m->x_covariate[i] = x;
        m->nx++;
    }
out:
    return status;
}

static up_status
read_robust(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    json_t *object = json_object_get(r->root, "robust");
    const char *model = NULL;
    if (object == NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&m->robust, 1, err));
    UP_TRY(get_string(r, object, "model", &model, err));
    UP_TRY(upi_strdup_to(&m->robust->model, model, err));
    UP_TRY(get_int(r, object, "vcov", 0, 100, &m->robust->vcov, err));
    UP_TRY(get_int(r, object, "equations", 1, 10000, &m->robust->n_equations, err));
    m->robust->n_pairs = m->robust->n_equations * (m->robust->n_equations + 1) / 2;
    m->robust->width = (1 + m->nx) * (2 + m->nx) / 2;
out:
    return status;
}

/* Capsules that the library wrote, and those of earlier programs, do not have it. */
static up_status
read_fitted(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    upi_fit_options *f = &r->m->fitted;
    json_t *object = json_object_get(r->root, "fit");
    if (object == NULL) {
        return UP_OK;
    }
    UP_TRY(get_int(r, object, "vcov", 0, 100, &f->vcov, err));
    UP_TRY(get_int(r, object, "interactions", 0, 1, &f->interactions, err));
    UP_TRY(get_int(r, object, "no_covariates", 0, 1, &f->no_covariates, err));
    json_t *tolerance = json_object_get(object, "rank_tolerance");
    f->rank_tolerance = json_number_value(tolerance);
    if (!json_is_number(tolerance) ||
        !(f->rank_tolerance >= 0 && f->rank_tolerance < 1)) {
        return upi_capsule_damaged(r, err, "rank_tolerance", "is out of range");
    }
    f->known = true;
out:
    return status;
}

static up_status
read_shape(upi_capsule_reader *r, up_error *err)
{
    up_status status = UP_OK;
    up_moments *m = r->m;
    const char *design = NULL, *form = NULL;
    int form_number = 0;
    UP_TRY(get_string(r, r->root, "experiment", &design, err));
    UP_TRY(upi_experiment_from_json(design, &m->experiment, err));
    UP_TRY(get_string(r, r->root, "form", &form, err));
    if (!find_name(form, form_name, UPI_GRAM + 1, &form_number)) {
        status = upi_capsule_damaged(r, err, "form", "is unknown");
        goto out;
    }
    m->form = (upi_form)form_number;
    m->ny = m->experiment->n_components;
    m->row_weighted = json_is_true(json_object_get(r->root, "row_weighted"));
    UP_TRY(get_int(r, r->root, "ways", 0, 2, &m->ways, err));
    UP_TRY(get_int(r, r->root, "groups", 1, INT32_MAX - 1, &r->groups, err));
    UP_TRY(get_int(r, r->root, "rows", 1, INT64_MAX / 4, &m->n_rows, err));
    UP_TRY(get_int(r, r->root, "read", m->n_rows, INT64_MAX / 4, &m->n_read, err));
    m->n_dropped = m->n_read - m->n_rows;
    UP_TRY(get_int(r, r->root, "without_arm", 0, m->n_dropped, &m->n_no_arm, err));
    UP_TRY(get_hex(r, r->root, "fingerprint", &m->fingerprint, err));
    UP_TRY(get_hex(r, r->root, "checksum", &r->checksum, err));
    UP_TRY(read_continuous(r, err));
    bool clusters = m->experiment->roles[UPI_ROLE_CLUSTER].expr != NULL;
    bool cluster2 = m->experiment->roles[UPI_ROLE_CLUSTER2].expr != NULL;
    bool means =
        m->ways > 0 && (m->form == UPI_TRI || (m->form == UPI_MEAN && m->nx > 0));
    if (m->ny == 0 || means || (m->form == UPI_GRAM && m->ways == 0) ||
        (m->form != UPI_TRI && m->ways == 0 && m->nx > 0) ||
        (m->row_weighted && m->form != UPI_TRI) ||
        m->ways != (clusters ? 1 : 0) + (cluster2 ? 1 : 0)) {
        status = upi_capsule_damaged(r, err, "form", "does not fit its experiment");
    }
out:
    return status;
}

up_status
upi_capsule_parse(upi_capsule_reader *r, const char *json, up_error *err)
{
    up_status status = UP_OK;
    json_error_t story;
    int64_t format = 0;
    r->root = json_loads(json, JSON_REJECT_DUPLICATES, &story);
    if (!json_is_object(r->root)) {
        return upi_capsule_damaged(r, err, UPI_CAPSULE_KEY, "is not a JSON object");
    }
    UP_TRY(get_int(r, r->root, "format", 0, INT64_MAX, &format, err));
    if (format != UPI_CAPSULE_FORMAT) {
        const char *version = json_string_value(json_object_get(r->root, "upshot"));
        (void)upi_fail(err, UP_E_CAPSULE, "format",
            "%s: the capsule has format %" PRId64
            " (upshot %.20s), this version reads %d",
            r->path, format, version != NULL ? version : "?", UPI_CAPSULE_FORMAT);
        return upi_fix(
            err, "read it with that version, or make it again from the rows");
    }
    UP_TRY(read_shape(r, err));
    UP_TRY(read_keys(r, err));
    UP_TRY(read_missing(r, err));
    UP_TRY(read_robust(r, err));
    UP_TRY(read_fitted(r, err));
out:
    return status;
}
