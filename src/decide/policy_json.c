/* A policy as JSON, and as a file. The checksum is the hash of the canonical text: members in
 * fixed order, shortest doubles, no blanks. Reading writes the policy again and compares, so
 * that blanks may differ but no number. */
#include "base/file.h"
#include "base/json.h"
#include "decide/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
put_texts(upi_json *j, const char *key, char *const *text, int64_t n)
{
    upi_json_key(j, key);
    upi_json_array(j);
    for (int64_t i = 0; i < n; i++) {
        upi_json_string(j, text[i]);
    }
    upi_json_array_end(j);
}

static void
put_numbers(upi_json *j, const char *key, const double *x, int64_t n)
{
    upi_json_key(j, key);
    upi_json_array(j);
    for (int64_t i = 0; i < n; i++) {
        upi_json_double(j, x[i]);
    }
    upi_json_array_end(j);
}

static void
put_inputs(upi_json *j, const up_policy *p)
{
    upi_json_key(j, "inputs");
    upi_json_array(j);
    for (int64_t i = 0; i < p->n_inputs; i++) {
        const upi_policy_input *in = &p->input[i];
        upi_json_object(j);
        upi_json_put_string(j, "name", in->name);
        upi_json_put_bool(j, "missing", in->missing);
        if (in->n_levels > 0) {
            put_texts(j, "levels", in->label, in->n_levels);
        } else {
            upi_json_put_double(j, "center", in->center);
        }
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_features(upi_json *j, const up_policy *p)
{
    static const char *const kinds[] = {"one", "level", "number", "missing"};
    upi_json_key(j, "features");
    upi_json_array(j);
    for (int64_t i = 0; i < p->n_features; i++) {
        const upi_feature *f = &p->feature[i];
        upi_json_object(j);
        upi_json_put_string(j, "kind", kinds[f->kind]);
        if (f->input >= 0) {
            upi_json_put_int(j, "input", f->input);
        }
        if (f->level >= 0) {
            upi_json_put_int(j, "level", f->level);
        }
        upi_json_put_double(j, "average", p->average[i]);
        upi_json_put_bool(j, "supported", p->unsupported[i] == 0);
        upi_json_object_end(j);
    }
    upi_json_array_end(j);
}

static void
put_covariance(upi_json *j, const up_policy *p)
{
    int64_t n = p->n_contrasts * p->n_features;
    upi_json_key(j, "covariance");
    upi_json_array(j);
    for (int64_t c = 0; c < n; c++) {
        for (int64_t r = 0; r <= c; r++) {
            upi_json_double(j, p->covariance[r + c * n]);
        }
    }
    upi_json_array_end(j);
}

static void
put_hex(upi_json *j, const char *key, uint64_t x)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)x);
    upi_json_put_string(j, key, text);
}

void
upi_policy_write(const up_policy *p, upi_text *to)
{
    upi_json j;
    upi_text body = {0};
    upi_json_start(&j, &body, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "format", "upshot policy");
    upi_json_put_int(&j, "version", 1);
    upi_json_put_string(&j, "algorithm", upi_policy_algorithm_name(p->algorithm));
    upi_json_put_double(&j, "floor", p->floor);
    upi_json_put_double(&j, "beta", p->beta);
    upi_json_put_double(&j, "power", p->power);
    upi_json_put_string(
        &j, "unknown", p->unknown == UP_POLICY_BASE ? "base" : "refuse");
    upi_json_put_string(&j, "salt", p->salt);
    upi_json_put_int(&j, "draws", p->draws);
    put_hex(&j, "seed", p->seed);
    upi_json_put_string(&j, "metric", p->metric);
    upi_json_put_bool(&j, "minimize", p->minimize != 0);
    upi_json_put_string(&j, "estimand", p->itt ? "itt" : "ate");
    upi_json_put_int(&j, "rows", p->rows);
    put_hex(&j, "fingerprint", p->fingerprint);
    put_texts(&j, "arms", p->arm, p->n_arms);
    put_inputs(&j, p);
    put_features(&j, p);
    put_numbers(&j, "mean", p->mean, p->n_contrasts * p->n_features);
    put_covariance(&j, p);
    uint64_t sum = body.s != NULL ? upi_hash_bytes(body.s, (size_t)body.length, 0) : 0;
    put_hex(&j, "checksum", sum);
    upi_json_object_end(&j);
    upi_text_add_n(to, body.s != NULL ? body.s : "", body.length);
    to->failed = to->failed || body.failed;
    upi_text_free(&body);
}

up_status
up_policy_json(const up_policy *p, char **json, up_error *err)
{
    UP_GUARD(err);
    upi_text t = {0};
    if (p == NULL || json == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, p == NULL ? "policy" : "json",
            "an argument that is required is NULL");
    }
    upi_policy_write(p, &t);
    return upi_text_take(&t, json, err);
}

/* ---- files ---- */

up_status
up_policy_save(const up_policy *p, const char *path, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    if (p == NULL || path == NULL || path[0] == '\0') {
        return upi_fail(err, UP_E_ARGUMENT, p == NULL ? "policy" : "path",
            p == NULL ? "an argument that is required is NULL" : "no path was given");
    }
    upi_policy_write(p, &t);
    upi_text_add_char(&t, '\n');
    if (t.failed) {
        status = upi_fail_memory(err, (size_t)t.length);
        goto out;
    }
    UP_TRY(upi_file_write(path, t.s, (size_t)t.length, "path", err));
out:
    upi_text_free(&t);
    return status;
}

enum { MOST_BYTES = 64 * 1024 * 1024 };

up_status
up_policy_load(const char *path, up_policy **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    char buffer[8192];
    FILE *f = NULL;
    if (path == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, path == NULL ? "path" : "out",
            "an argument that is required is NULL");
    }
    f = fopen(path, "rb");
    if (f == NULL) {
        (void)upi_fail(err, UP_E_SOURCE, "policy", "%s cannot be read", path);
        status = upi_fix(err, "'upshot policy SOURCE ... --save FILE' writes a policy");
        goto out;
    }
    for (size_t n = fread(buffer, 1, sizeof buffer, f); n > 0 && t.length < MOST_BYTES;
         n = fread(buffer, 1, sizeof buffer, f)) {
        upi_text_add_n(&t, buffer, (int64_t)n);
    }
    if (t.failed) {
        status = upi_fail_memory(err, MOST_BYTES);
        goto out;
    }
    if (ferror(f) != 0) {
        status = upi_fail(err, UP_E_SOURCE, "policy", "%s cannot be read", path);
        goto out;
    }
    status = up_policy_parse(t.s != NULL ? t.s : "", t.length, out, err);
out:
    if (f != NULL) {
        (void)fclose(f);
    }
    upi_text_free(&t);
    return status;
}
