/* A context from JSON: one flat object with "unit" and the inputs of the policy. Labels are
 * texts, whole numbers or booleans, as they stood in the data; null and an absent member are
 * missing. Other members are passed over. */
#include "catalog/context_json.h"

#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

up_status
upi_served_make(const up_policy *p, upi_served *out, up_error *err)
{
    up_status status = UP_OK;
    upi_served s = {0};
    UP_TRY(UP_NEW(&s.context, up_policy_inputs(p), err));
    UP_TRY(UP_NEW(&s.probability, up_policy_arms(p), err));
    *out = s;
    s = (upi_served){0};
out:
    upi_served_clear(&s);
    return status;
}

void
upi_served_clear(upi_served *s)
{
    upi_free(s->context);
    upi_free(s->probability);
    *s = (upi_served){0};
}

/* A scalar as the text of a label; false for anything else. */
static bool
label_text(const json_t *v, char *out, size_t size)
{
    char number[UPI_DOUBLE_CHARS];
    const char *s = NULL;
    if (json_is_string(v)) {
        s = json_string_value(v);
    } else if (json_is_boolean(v)) {
        s = json_is_true(v) ? "true" : "false";
    } else if (json_is_integer(v)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        s = number;
    } else if (json_is_real(v)) {
        upi_double_text(json_real_value(v), number);
        s = number;
    }
    if (s == NULL || strlen(s) >= size) {
        return false;
    }
    memcpy(out, s, strlen(s) + 1);
    return true;
}

static up_status
read_unit(const json_t *root, upi_served *s, up_error *err)
{
    const json_t *v = json_object_get(root, "unit");
    bool scalar = json_is_string(v) || json_is_integer(v);
    if (!scalar || !label_text(v, s->unit, sizeof s->unit) || s->unit[0] == '\0') {
        (void)upi_fail(err, UP_E_CONTEXT, "unit",
            v == NULL ? "the context has no unit"
                      : "the unit is not a text of 1 to 255 bytes or a whole number");
        return upi_fix(err, "e.g. {\"unit\": \"u1\", ...}");
    }
    return UP_OK;
}

static up_status
read_input(
    const up_policy *p, const json_t *root, int64_t i, upi_served *s, up_error *err)
{
    char label[4097];
    up_policy_input_info in = up_policy_input(p, i);
    const json_t *v = json_object_get(root, in.name);
    s->context[i] = (double)NAN;
    if (v == NULL || json_is_null(v)) {
        return UP_OK;
    }
    if (in.n_levels == 0) {
        if (!json_is_number(v)) {
            (void)upi_fail(err, UP_E_CONTEXT, in.name, "'%s' is not a number", in.name);
            return upi_fix(err, "write it without quotes");
        }
        s->context[i] = json_number_value(v);
        return UP_OK;
    }
    if (!label_text(v, label, sizeof label)) {
        (void)upi_fail(err, UP_E_CONTEXT, in.name, "'%s' is not a label", in.name);
        return upi_fix(err, "give a text, a number or a boolean");
    }
    s->context[i] = (double)up_policy_level(p, i, label);
    return UP_OK;
}

up_status
upi_serve_json(
    const up_policy *p, const char *json, int64_t n, upi_served *out, up_error *err)
{
    up_status status = UP_OK;
    json_error_t where;
    json_t *root = json_loadb(json, (size_t)n, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(root)) {
        (void)upi_fail(err, UP_E_CONTEXT, "context", "not a JSON object%s%s",
            root == NULL ? ": " : "", root == NULL ? where.text : "");
        status = upi_fix(err, "e.g. {\"unit\": \"u1\", \"device\": \"mobile\"}");
        goto out;
    }
    UP_TRY(read_unit(root, out, err));
    for (int64_t i = 0; i < up_policy_inputs(p); i++) {
        UP_TRY(read_input(p, root, i, out, err));
    }
    UP_TRY(up_policy_decide(
        p, out->context, out->unit, &out->decision, out->probability, err));
out:
    json_decref(root);
    return status;
}

/* Names of our own members come before those of inputs. */
static bool
is_own(const char *name)
{
    static const char *const own[] = {
        "unit", "arm", "propensity", "base", "probabilities", "ok", "line"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(own[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
write_input(upi_json *j, const up_policy *p, int64_t i, double x)
{
    up_policy_input_info in = up_policy_input(p, i);
    if (is_own(in.name)) {
        return;
    }
    upi_json_key(j, in.name);
    if (in.n_levels == 0) {
        upi_json_double(j, x);
    } else {
        upi_json_string(
            j, isnan(x) ? NULL : up_policy_level_label(p, i, (int64_t)floor(x)));
    }
}

void
upi_served_write(const up_policy *p, const upi_served *s, upi_text *to)
{
    upi_json j;
    upi_json_start(&j, to, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "unit", s->unit);
    for (int64_t i = 0; i < up_policy_inputs(p); i++) {
        write_input(&j, p, i, s->context[i]);
    }
    upi_json_put_string(&j, "arm", up_policy_arm(p, s->decision.arm));
    upi_json_put_double(&j, "propensity", s->decision.propensity);
    upi_json_put_bool(&j, "base", s->decision.base != 0);
    upi_json_key(&j, "probabilities");
    upi_json_object(&j);
    for (int64_t k = 0; k < up_policy_arms(p); k++) {
        upi_json_put_double(&j, up_policy_arm(p, k), s->probability[k]);
    }
    upi_json_object_end(&j);
    upi_json_object_end(&j);
    upi_text_add_char(to, '\n');
}
