/* An experiment from JSON. The text may come from anywhere (a capsule that was sent by
 * someone), so nothing in it is trusted: every member has its type checked, unknown members
 * and repeated keys are refused, indices are held against the lists they point into, and
 * expressions go through the same parser and rules as those of a user. Every refusal is
 * UP_E_CAPSULE and says which member is at fault. */
#include "design/build.h"

#include <jansson.h>
#include <string.h>

static up_status
damaged(up_error *err, const char *member, const char *what)
{
    return upi_fail(
        err, UP_E_CAPSULE, member, "the experiment's '%s' %s", member, what);
}

/* Every key of the object is one of the n allowed. */
static up_status
check_keys(json_t *object, const char *member, const char *const *allowed, int64_t n,
    up_error *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        return damaged(err, member, "is not an object");
    }
    json_object_foreach(object, key, value)
    {
        int64_t i = 0;
        while (i < n && strcmp(allowed[i], key) != 0) {
            i++;
        }
        if (i == n) {
            return upi_fail(err, UP_E_CAPSULE, member,
                "the experiment's '%s' has a member '%s', which this version does not "
                "know",
                member, key);
        }
    }
    return UP_OK;
}

static up_status
read_type(json_t *value, const char *member, upi_type *out, up_error *err)
{
    const char *name = json_string_value(value);
    for (int t = UPI_F64; name != NULL && t <= UPI_TIME; t++) {
        if (strcmp(upi_type_name((upi_type)t), name) == 0) {
            *out = (upi_type)t;
            return UP_OK;
        }
    }
    return damaged(err, member, "has no known type");
}

/* A variable: its text is parsed again and so names itself. A broken expression is a broken
 * capsule; the parser's message stays. */
static up_status
read_variable(json_t *object, const char *member, upi_variable *out, up_error *err)
{
    static const char *const keys[] = {"expression", "type", "factor", "strata"};
    const up_experiment unbound = {0};
    up_status status = UP_OK;
    upi_variable made = {0};
    upi_type type = UPI_F64;
    UP_TRY(check_keys(object, member, keys, 4, err));
    UP_TRY(read_type(json_object_get(object, "type"), member, &type, err));
    const char *text = json_string_value(json_object_get(object, "expression"));
    if (text == NULL) {
        return damaged(err, member, "has no expression");
    }
    UP_TRY(upi_variable_make(&unbound, member, text, &made, err));
    made.type = type;
    *out = made;
out:
    if (status != UP_OK && status != UP_E_NO_MEMORY && status != UP_E_CAPSULE) {
        status = upi_fail(err, UP_E_CAPSULE, member,
            "the experiment's '%s' has a broken expression: %s", member,
            err == NULL ? "" : err->message);
    }
    return status;
}

static up_status
read_text(json_t *value, const char *member, char **out, up_error *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0') {
        return damaged(err, member, "is not a text");
    }
    return upi_strdup_to(out, text, err);
}

static up_status
read_role(json_t *roles, int i, up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    json_t *role = json_object_get(roles, upi_role_name(i));
    if (role != NULL) {
        UP_TRY(read_variable(role, upi_role_name(i), &e->roles[i], err));
        UP_TRY(upi_role_check_type(i, &e->roles[i], err));
    }
out:
    return status;
}

static up_status
read_roles(json_t *root, up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    const char *names[UPI_ROLE_COUNT];
    json_t *roles = json_object_get(root, "roles");
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        names[i] = upi_role_name(i);
    }
    UP_TRY(check_keys(roles, "roles", names, UPI_ROLE_COUNT, err));
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        UP_TRY(read_role(roles, i, e, err));
    }
    if (e->roles[UPI_ROLE_ARM].expr == NULL) {
        return damaged(err, "roles", "have no intent_to_treat");
    }
    json_t *filter = json_object_get(root, "filter");
    if (filter != NULL) {
        UP_TRY(read_variable(filter, "filter", &e->filter, err));
        if (e->filter.type != UPI_BOOL) {
            return damaged(err, "filter", "is not a condition");
        }
    }
    UP_TRY(upi_roles_check(e, err));
out:
    return status;
}

/* The n-th list of the object, which must be an array; its length goes to *n. */
static up_status
get_array(json_t *root, const char *member, json_t **out, int64_t *n, up_error *err)
{
    json_t *array = json_object_get(root, member);
    if (!json_is_array(array)) {
        return damaged(err, member, "is not a list");
    }
    *out = array;
    *n = (int64_t)json_array_size(array);
    return UP_OK;
}

static up_status
read_covariates(json_t *root, up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    json_t *list = NULL;
    int64_t n = 0;
    UP_TRY(get_array(root, "covariates", &list, &n, err));
    e->covariates = upi_calloc(n, sizeof *e->covariates);
    if (e->covariates == NULL) {
        return upi_fail_memory(err, (size_t)n * sizeof *e->covariates);
    }
    for (int64_t i = 0; i < n; i++) {
        upi_covariate *c = &e->covariates[i];
        json_t *item = json_array_get(list, (size_t)i);
        UP_TRY(read_variable(item, "covariates", &c->v, err));
        e->n_covariates++;
        json_t *factor = json_object_get(item, "factor");
        json_t *strata = json_object_get(item, "strata");
        if (!json_is_boolean(factor) || !json_is_boolean(strata)) {
            return damaged(err, "covariates", "do not say whether they are factors");
        }
        c->factor = json_is_true(factor);
        c->strata = json_is_true(strata);
        bool number =
            c->v.type == UPI_F64 || c->v.type == UPI_I64 || c->v.type == UPI_BOOL;
        if (!c->factor && !number) {
            return damaged(err, "covariates", "have a number that is not one");
        }
    }
out:
    return status;
}

static up_status
read_variables(
    json_t *root, const char *member, upi_variable **out, int64_t *n_out, up_error *err)
{
    up_status status = UP_OK;
    json_t *list = NULL;
    int64_t n = 0;
    UP_TRY(get_array(root, member, &list, &n, err));
    upi_variable *made = upi_calloc(n, sizeof *made);
    if (made == NULL) {
        return upi_fail_memory(err, (size_t)n * sizeof *made);
    }
    *out = made;
    for (int64_t i = 0; i < n; i++) {
        json_t *item = json_array_get(list, (size_t)i);
        UP_TRY(read_variable(item, member, &made[i], err));
        *n_out = i + 1;
    }
out:
    return status;
}

static up_status
read_index(json_t *value, int64_t n, int64_t *out, up_error *err)
{
    json_int_t i = json_integer_value(value);
    if (!json_is_integer(value) || i < 0 || i >= n) {
        return damaged(err, "metrics", "point to a component that is not there");
    }
    *out = i;
    return UP_OK;
}

static up_status
read_metric(json_t *item, const up_experiment *e, upi_metric *m, up_error *err)
{
    static const char *const keys[] = {"name", "kind", "component", "denominator"};
    up_status status = UP_OK;
    UP_TRY(check_keys(item, "metrics", keys, 4, err));
    const char *name = json_string_value(json_object_get(item, "name"));
    if (name != NULL && upi_experiment_metric(e, name) >= 0) {
        return damaged(err, "metrics", "have the same name twice");
    }
    const char *kind = json_string_value(json_object_get(item, "kind"));
    int k = UPI_METRIC_MEAN;
    while (kind != NULL && k <= UPI_METRIC_RATIO &&
           strcmp(kind, upi_metric_kind_name((upi_metric_kind)k)) != 0) {
        k++;
    }
    if (kind == NULL || k > UPI_METRIC_RATIO) {
        return damaged(err, "metrics", "have no known kind");
    }
    m->kind = (upi_metric_kind)k;
    m->denominator = -1;
    int64_t n = e->n_components;
    UP_TRY(read_index(json_object_get(item, "component"), n, &m->component, err));
    json_t *denominator = json_object_get(item, "denominator");
    if ((m->kind == UPI_METRIC_RATIO) != (denominator != NULL)) {
        return damaged(
            err, "metrics", "have a denominator exactly when they are ratios");
    }
    if (denominator != NULL) {
        UP_TRY(read_index(denominator, n, &m->denominator, err));
    }
    UP_TRY(read_text(json_object_get(item, "name"), "metrics", &m->name, err));
out:
    return status;
}

static up_status
read_metrics(json_t *root, up_experiment *e, up_error *err)
{
    up_status status = UP_OK;
    json_t *list = NULL;
    int64_t n = 0;
    UP_TRY(read_variables(root, "components", &e->components, &e->n_components, err));
    for (int64_t i = 0; i < e->n_components; i++) {
        upi_type t = e->components[i].type;
        if (t != UPI_F64 && t != UPI_I64 && t != UPI_BOOL) {
            return damaged(err, "components", "have one that is not a number");
        }
    }
    UP_TRY(get_array(root, "metrics", &list, &n, err));
    e->metrics = upi_calloc(n, sizeof *e->metrics);
    if (e->metrics == NULL) {
        return upi_fail_memory(err, (size_t)n * sizeof *e->metrics);
    }
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(read_metric(json_array_get(list, (size_t)i), e, &e->metrics[i], err));
        e->n_metrics = i + 1;
    }
out:
    return status;
}

static up_status
read_split(json_t *root, up_experiment *e, up_error *err)
{
    static const char *const keys[] = {"arm", "share"};
    up_status status = UP_OK;
    json_t *list = NULL;
    int64_t n = 0;
    if (json_object_get(root, "split") == NULL) {
        return UP_OK;
    }
    UP_TRY(get_array(root, "split", &list, &n, err));
    UP_TRY(UP_NEW(&e->split_labels, n, err));
    UP_TRY(UP_NEW(&e->split_shares, n, err));
    for (int64_t i = 0; i < n; i++) {
        json_t *item = json_array_get(list, (size_t)i);
        UP_TRY(check_keys(item, "split", keys, 2, err));
        json_t *share = json_object_get(item, "share");
        if (!json_is_number(share)) {
            return damaged(err, "split", "has a share that is not a number");
        }
        UP_TRY(
            read_text(json_object_get(item, "arm"), "split", &e->split_labels[i], err));
        e->split_shares[i] = json_number_value(share);
        e->n_split = i + 1;
    }
    UP_TRY(upi_split_check(e->split_labels, e->split_shares, n, err));
out:
    return status;
}

static up_status
read_rest(json_t *root, up_experiment *e, up_error *err)
{
    static const char *const missing[] = {"refuse", "drop", "indicator"};
    up_status status = UP_OK;
    json_t *list = NULL;
    int64_t n = 0;
    UP_TRY(get_array(root, "post", &list, &n, err));
    e->post = upi_calloc(n, sizeof *e->post);
    if (e->post == NULL) {
        return upi_fail_memory(err, (size_t)n * sizeof *e->post);
    }
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(read_text(json_array_get(list, (size_t)i), "post", &e->post[i], err));
        e->n_post = i + 1;
    }
    json_t *control = json_object_get(root, "control");
    if (control != NULL) {
        const char *label = json_string_value(control);
        if (label == NULL) {
            return damaged(err, "control", "is not a text");
        }
        UP_TRY(upi_strdup_to(&e->control, label, err));
    }
    const char *way = json_string_value(json_object_get(root, "missing"));
    e->missing = -1;
    for (int64_t i = 0; way != NULL && i <= UP_MISSING_INDICATOR; i++) {
        e->missing = strcmp(way, missing[i]) == 0 ? i : e->missing;
    }
    if (e->missing < 0) {
        return damaged(err, "missing", "is not known");
    }
    json_t *by_cluster = json_object_get(root, "assigned_by_cluster");
    if (!json_is_boolean(by_cluster)) {
        return damaged(err, "assigned_by_cluster", "is not true or false");
    }
    e->assigned_by_cluster = json_is_true(by_cluster);
out:
    return status;
}

static up_status
read_root(json_t *root, up_experiment *e, up_error *err)
{
    static const char *const keys[] = {"roles", "filter", "covariates", "segments",
        "components", "metrics", "post", "control", "split", "missing",
        "assigned_by_cluster"};
    up_status status = UP_OK;
    int64_t n_keys = (int64_t)(sizeof keys / sizeof keys[0]);
    UP_TRY(check_keys(root, "object", keys, n_keys, err));
    UP_TRY(read_rest(root, e, err));
    UP_TRY(read_roles(root, e, err));
    UP_TRY(read_covariates(root, e, err));
    UP_TRY(read_variables(root, "segments", &e->segments, &e->n_segments, err));
    for (int64_t i = 0; i < e->n_segments; i++) {
        if (e->segments[i].type != UPI_BOOL) {
            return damaged(err, "segments", "have one that is not a condition");
        }
    }
    UP_TRY(read_metrics(root, e, err));
    UP_TRY(read_split(root, e, err));
out:
    return status;
}

up_status
upi_experiment_from_json(const char *json, up_experiment **out, up_error *err)
{
    up_status status = UP_OK;
    up_experiment *e = NULL;
    json_error_t at;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL) {
        return upi_fail(err, UP_E_CAPSULE, "experiment",
            "the experiment is not valid JSON: %s at byte %d", at.text, at.position);
    }
    UP_TRY(UP_NEW(&e, 1, err));
    UP_TRY(read_root(root, e, err));
    *out = e;
    e = NULL;
out:
    if (status != UP_OK && status != UP_E_NO_MEMORY && status != UP_E_CAPSULE) {
        /* A rule of roles or splits that was broken: the message stays, the status says
         * where the text came from. */
        status = upi_fail(err, UP_E_CAPSULE, err == NULL ? NULL : err->field, "%s",
            err == NULL ? "" : err->message);
    }
    json_decref(root);
    up_experiment_free(e);
    return status;
}
