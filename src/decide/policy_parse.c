/* A policy from JSON that may come from anywhere: every member has its type, range and size
 * checked, features have to be those of the inputs, the covariance has to be one, and the
 * checksum has to be that of the policy written again. */
#include "decide/policy.h"
#include "num/matrix.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static up_status
damaged(up_error *err, const char *member, const char *what)
{
    (void)upi_fail(err, UP_E_POLICY, member, "the policy's '%s' %s", member, what);
    return upi_fix(err, "make the policy again with 'upshot policy'");
}

static up_status
check_members(
    json_t *o, const char *where, const char *const *known, int64_t n, up_error *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(o)) {
        return damaged(err, where, "is not an object");
    }
    json_object_foreach(o, key, value)
    {
        int64_t i = 0;
        while (i < n && strcmp(known[i], key) != 0) {
            i++;
        }
        if (i == n) {
            return damaged(err, where, "has a member that this version does not know");
        }
    }
    return UP_OK;
}

static up_status
read_number(const json_t *o, const char *name, double low, double high, double *out,
    up_error *err)
{
    const json_t *v = json_object_get(o, name);
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= low && x <= high)) {
        return damaged(err, name, "is not a number in its range");
    }
    *out = x;
    return UP_OK;
}

static up_status
read_integer(const json_t *o, const char *name, int64_t low, int64_t high, int64_t *out,
    up_error *err)
{
    const json_t *v = json_object_get(o, name);
    int64_t x = (int64_t)json_integer_value(v);
    if (!json_is_integer(v) || x < low || x > high) {
        return damaged(err, name, "is not a whole number in its range");
    }
    *out = x;
    return UP_OK;
}

static up_status
read_bool(const json_t *o, const char *name, bool *out, up_error *err)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_boolean(v)) {
        return damaged(err, name, "is neither true nor false");
    }
    *out = json_is_true(v);
    return UP_OK;
}

/* The index of the text among the n choices. */
static up_status
read_choice(const json_t *o, const char *name, const char *const *choices, int64_t n,
    int64_t *out, up_error *err)
{
    const char *s = json_string_value(json_object_get(o, name));
    for (int64_t i = 0; s != NULL && i < n; i++) {
        if (strcmp(s, choices[i]) == 0) {
            *out = i;
            return UP_OK;
        }
    }
    return damaged(err, name, "is none of the words it may be");
}

static up_status
copy_text(const json_t *v, const char *name, char **out, up_error *err)
{
    const char *s = json_string_value(v);
    if (s == NULL || strlen(s) > 4096) {
        return damaged(err, name, "is not a text, or too long");
    }
    return upi_strdup_to(out, s, err);
}

static up_status
read_hex(const json_t *o, const char *name, uint64_t *out, up_error *err)
{
    const char *s = json_string_value(json_object_get(o, name));
    if (s == NULL || strlen(s) != 16 || strspn(s, "0123456789abcdef") != 16) {
        return damaged(err, name, "is not a number of 16 hexadecimal digits");
    }
    *out = strtoull(s, NULL, 16);
    return UP_OK;
}

/* (n) finite numbers. */
static up_status
read_numbers(const json_t *o, const char *name, int64_t n, double *out, up_error *err)
{
    const json_t *list = json_object_get(o, name);
    if (!json_is_array(list) || (int64_t)json_array_size(list) != n) {
        return damaged(err, name, "does not have the length it must have");
    }
    for (int64_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        out[i] = json_number_value(v);
        if (!json_is_number(v) || !(fabs(out[i]) < 1e300)) {
            return damaged(err, name, "holds what is not a finite number");
        }
    }
    return UP_OK;
}

static bool
twice(char *const *text, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        if (strcmp(text[j], text[n]) == 0) {
            return true;
        }
    }
    return false;
}

/* Distinct texts; *n counts those that have been made. */
static up_status
read_texts(const json_t *list, const char *name, int64_t low, int64_t high,
    char ***text, int64_t *n, up_error *err)
{
    up_status status = UP_OK;
    int64_t size = (int64_t)json_array_size(list);
    if (!json_is_array(list) || size < low || size > high) {
        return damaged(err, name, "is not a list of the length it may have");
    }
    UP_TRY(UP_NEW(text, size, err));
    for (int64_t i = 0; i < size; i++) {
        UP_TRY(copy_text(json_array_get(list, (size_t)i), name, &(*text)[i], err));
        *n = i + 1;
        if (twice(*text, i)) {
            return damaged(err, name, "names something twice");
        }
    }
out:
    return status;
}

static up_status
read_settings(const json_t *o, up_policy *p, up_error *err)
{
    static const char *const algorithms[] = {
        "thompson", "argmax", "top-two", "tempered"};
    static const char *const unknown[] = {"refuse", "base"};
    static const char *const estimands[] = {"ate", "itt"};
    up_status status = UP_OK;
    bool minimize = false;
    int64_t estimand = 0;
    UP_TRY(read_choice(o, "algorithm", algorithms, 4, &p->algorithm, err));
    UP_TRY(read_choice(o, "unknown", unknown, 2, &p->unknown, err));
    UP_TRY(read_choice(o, "estimand", estimands, 2, &estimand, err));
    UP_TRY(read_texts(json_object_get(o, "arms"), "arms", 2, UPI_POLICY_ARMS, &p->arm,
        &p->n_arms, err));
    p->n_contrasts = p->n_arms - 1;
    UP_TRY(read_number(o, "floor", 0, 1 / (double)p->n_arms, &p->floor, err));
    UP_TRY(read_number(o, "beta", 1e-12, 1, &p->beta, err));
    UP_TRY(read_number(o, "power", 1e-12, 100, &p->power, err));
    UP_TRY(copy_text(json_object_get(o, "salt"), "salt", &p->salt, err));
    UP_TRY(read_integer(o, "draws", 64, UPI_POLICY_DRAWS, &p->draws, err));
    UP_TRY(read_hex(o, "seed", &p->seed, err));
    UP_TRY(copy_text(json_object_get(o, "metric"), "metric", &p->metric, err));
    UP_TRY(read_bool(o, "minimize", &minimize, err));
    UP_TRY(read_integer(o, "rows", 0, INT64_MAX, &p->rows, err));
    UP_TRY(read_hex(o, "fingerprint", &p->fingerprint, err));
    p->minimize = minimize ? 1 : 0;
    p->itt = estimand == 1;
out:
    return status;
}

static up_status
read_input(json_t *o, upi_policy_input *in, up_error *err)
{
    static const char *const known[] = {"name", "missing", "levels", "center"};
    up_status status = UP_OK;
    const json_t *levels = json_object_get(o, "levels");
    in->number = in->absent = -1;
    UP_TRY(check_members(o, "inputs", known, 4, err));
    UP_TRY(copy_text(json_object_get(o, "name"), "inputs", &in->name, err));
    UP_TRY(read_bool(o, "missing", &in->missing, err));
    if (levels == NULL) {
        UP_TRY(read_number(o, "center", -1e300, 1e300, &in->center, err));
        goto out;
    }
    if (json_object_get(o, "center") != NULL) {
        return damaged(err, "inputs", "has both levels and a center");
    }
    UP_TRY(read_texts(
        levels, "levels", 1, UPI_POLICY_PARAMETERS, &in->label, &in->n_levels, err));
    UP_TRY(UP_NEW(&in->level, in->n_levels, err));
    for (int64_t l = 0; l < in->n_levels; l++) {
        in->level[l] = -1;
    }
out:
    return status;
}

static up_status
read_inputs(const json_t *o, up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    const json_t *list = json_object_get(o, "inputs");
    int64_t n = (int64_t)json_array_size(list);
    if (!json_is_array(list) || n > UPI_POLICY_INPUTS) {
        return damaged(err, "inputs", "is not a list of the length it may have");
    }
    UP_TRY(UP_NEW(&p->input, n, err));
    for (int64_t i = 0; i < n; i++) {
        p->n_inputs = i + 1;
        UP_TRY(read_input(json_array_get(list, (size_t)i), &p->input[i], err));
        for (int64_t k = 0; k < i; k++) {
            if (strcmp(p->input[k].name, p->input[i].name) == 0) {
                return damaged(err, "inputs", "names a covariate twice");
            }
        }
    }
out:
    return status;
}

/* Where the feature is pointed to from its input; NULL when it cannot be one of it. */
static int64_t *
feature_slot(up_policy *p, const upi_feature *f)
{
    upi_policy_input *in = &p->input[f->input];
    if (f->kind == UPI_FEATURE_LEVEL && f->level >= 0 && f->level < in->n_levels) {
        return &in->level[f->level];
    }
    if (f->kind == UPI_FEATURE_NUMBER && in->n_levels == 0 && f->level < 0) {
        return &in->number;
    }
    bool missing = f->kind == UPI_FEATURE_MISSING && in->missing && f->level < 0;
    return missing ? &in->absent : NULL;
}

/* The input and the level of feature i, and the way from there to it. */
static up_status
read_place(const json_t *o, up_policy *p, int64_t i, upi_feature *f, up_error *err)
{
    up_status status = UP_OK;
    int64_t *slot = NULL;
    UP_TRY(read_integer(o, "input", 0, p->n_inputs - 1, &f->input, err));
    if (json_object_get(o, "level") != NULL) {
        UP_TRY(read_integer(o, "level", 0, INT32_MAX, &f->level, err));
    }
    slot = feature_slot(p, f);
    if (slot == NULL || *slot >= 0) {
        return damaged(err, "features", "does not fit the inputs");
    }
    *slot = i;
out:
    return status;
}

static up_status
read_feature(json_t *o, up_policy *p, int64_t i, up_error *err)
{
    static const char *const known[] = {
        "kind", "input", "level", "average", "supported"};
    static const char *const kinds[] = {"one", "level", "number", "missing"};
    up_status status = UP_OK;
    upi_feature f = {.input = -1, .level = -1};
    bool supported = false;
    int64_t kind = 0;
    UP_TRY(check_members(o, "features", known, 5, err));
    UP_TRY(read_choice(o, "kind", kinds, 4, &kind, err));
    f.kind = (upi_feature_kind)kind;
    UP_TRY(read_number(o, "average", -1e300, 1e300, &p->average[i], err));
    UP_TRY(read_bool(o, "supported", &supported, err));
    p->unsupported[i] = supported ? 0 : 1;
    if ((f.kind == UPI_FEATURE_ONE) != (i == 0)) {
        return damaged(err, "features", "does not begin with the constant");
    }
    if (i > 0) {
        UP_TRY(read_place(o, p, i, &f, err));
    }
    p->feature[i] = f;
out:
    return status;
}

static up_status
read_features(const json_t *o, up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    const json_t *list = json_object_get(o, "features");
    int64_t n = (int64_t)json_array_size(list);
    if (!json_is_array(list) || n < 1 || n * p->n_contrasts > UPI_POLICY_PARAMETERS) {
        return damaged(err, "features", "is not a list of the length it may have");
    }
    p->n_features = n;
    UP_TRY(UP_NEW(&p->feature, n, err));
    UP_TRY(UP_NEW(&p->average, n, err));
    UP_TRY(UP_NEW(&p->unsupported, n, err));
    for (int64_t i = 0; i < n; i++) {
        UP_TRY(read_feature(json_array_get(list, (size_t)i), p, i, err));
    }
    for (int64_t i = 0; i < p->n_inputs; i++) {
        if (p->input[i].n_levels == 0 && p->input[i].number < 0) {
            return damaged(err, "features", "lacks the number of an input");
        }
    }
out:
    return status;
}

/* Rounding may leave eigenvalues a little below 0. */
static up_status
read_covariance(const json_t *o, up_policy *p, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = p->n_contrasts * p->n_features;
    double *packed = NULL;
    double *copy = NULL;
    double *values = NULL;
    UP_TRY(UP_NEW(&packed, n * (n + 1) / 2, err));
    UP_TRY(UP_NEW(&copy, n * n, err));
    UP_TRY(UP_NEW(&values, n, err));
    UP_TRY(UP_NEW(&p->covariance, n * n, err));
    UP_TRY(read_numbers(o, "covariance", n * (n + 1) / 2, packed, err));
    for (int64_t c = 0, at = 0; c < n; c++) {
        for (int64_t r = 0; r <= c; r++) {
            p->covariance[r + c * n] = p->covariance[c + r * n] = packed[at++];
        }
    }
    memcpy(copy, p->covariance, (size_t)(n * n) * sizeof *copy);
    UP_TRY(upi_eigen_sym(n, copy, n, values, err));
    if (!(values[0] >= -1e-7 * fabs(values[n - 1]))) {
        status = damaged(err, "covariance", "is not the covariance of anything");
    }
out:
    upi_free(packed);
    upi_free(copy);
    upi_free(values);
    return status;
}

static up_status
check_sum(const json_t *o, const up_policy *p, up_error *err)
{
    static const char member[] = ",\"checksum\":";
    up_status status = UP_OK;
    uint64_t told = 0;
    upi_text t = {0};
    UP_TRY(read_hex(o, "checksum", &told, err));
    upi_policy_write(p, &t);
    if (t.failed) {
        status = upi_fail_memory(err, (size_t)t.length);
        goto out;
    }
    /* What stands before the checksum: its member has a fixed length, and ends the text. */
    int64_t n = t.length - (int64_t)(sizeof member - 1) - 19;
    if (n < 0 || upi_hash_bytes(t.s, (size_t)n, 0) != told) {
        status = damaged(err, "checksum", "is not that of its content");
    }
out:
    upi_text_free(&t);
    return status;
}

static up_status
read_policy(json_t *o, up_policy *p, up_error *err)
{
    static const char *const known[] = {"format", "version", "algorithm", "floor",
        "beta", "power", "unknown", "salt", "draws", "seed", "metric", "minimize",
        "estimand", "rows", "fingerprint", "arms", "inputs", "features", "mean",
        "covariance", "checksum"};
    static const char *const format[] = {"upshot policy"};
    up_status status = UP_OK;
    int64_t unused = 0;
    if (!json_is_object(o)) {
        return damaged(err, "format", "is not there: this is not a policy");
    }
    UP_TRY(read_choice(o, "format", format, 1, &unused, err));
    UP_TRY(read_integer(o, "version", 1, 1, &unused, err));
    UP_TRY(check_members(
        o, "policy", known, (int64_t)(sizeof known / sizeof known[0]), err));
    UP_TRY(read_settings(o, p, err));
    UP_TRY(read_inputs(o, p, err));
    UP_TRY(read_features(o, p, err));
    UP_TRY(UP_NEW(&p->mean, p->n_contrasts * p->n_features, err));
    UP_TRY(read_numbers(o, "mean", p->n_contrasts * p->n_features, p->mean, err));
    UP_TRY(read_covariance(o, p, err));
    UP_TRY(check_sum(o, p, err));
    UP_TRY(upi_policy_prepare(p, err));
out:
    return status;
}

up_status
up_policy_parse(const char *json, int64_t n, up_policy **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_policy *p = NULL;
    json_t *root = NULL;
    json_error_t where;
    if (json == NULL || out == NULL || n < 0) {
        return upi_fail(err, UP_E_ARGUMENT, out == NULL ? "out" : "json",
            "an argument that is required is missing");
    }
    root = json_loadb(json, (size_t)n, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL) {
        status = upi_fail(err, UP_E_POLICY, "policy", "not a policy: line %d: %s",
            where.line, where.text);
        goto out;
    }
    UP_TRY(UP_NEW(&p, 1, err));
    UP_TRY(read_policy(root, p, err));
    *out = p;
    p = NULL;
out:
    json_decref(root);
    up_policy_free(p);
    return status;
}
