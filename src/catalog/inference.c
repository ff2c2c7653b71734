/* The options of inference, margins and adjustment, from a request to up_effect_opts.
 *
 * A margin is written as the claim about the effect that is to be shown:
 *
 *   latency <= 2%   the effect is at most 2 % of the baseline: non-inferior, lower is better
 *   sales >= -0.5   it is at least -0.5: non-inferior, higher is better
 *   sales >= 2%     it is at least 2 %: superior by a margin
 *   sales within 3% it is between -3 % and 3 %: equivalent */
#include "catalog/inference.h"

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- margins ---- */

static up_status
refuse_margin(const char *text, const char *why, up_error *err)
{
    (void)upi_fail(
        err, UP_E_ARGUMENT, "margin", "margin '%.200s' is not valid: %s", text, why);
    return upi_fix(err,
        "say what is to be shown of the effect: 'latency <= 2%%', 'sales >= -0.5', "
        "'sales within 3%%'");
}

/* Where the comparison stands, the last one in the text: names may hold others. */
static const char *
find_sign(const char *text, const char **value, int *sign)
{
    static const struct {
        const char *word;
        int sign;
    } signs[] = {{"<=", -1}, {">=", 1}, {" within ", 0}, {"<", -1}, {">", 1}};
    const char *found = NULL;
    for (size_t k = 0; k < sizeof signs / sizeof signs[0]; k++) {
        const char *at = text;
        for (at = strstr(at, signs[k].word); at != NULL;
             at = strstr(at + 1, signs[k].word)) {
            if (found == NULL || at > found) {
                found = at;
                *value = at + strlen(signs[k].word);
                *sign = signs[k].sign;
            }
        }
    }
    return found;
}

static int64_t
trimmed(const char **s, const char *end)
{
    while (*s < end && (**s == ' ' || **s == '\t')) {
        (*s)++;
    }
    while (end > *s && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return end - *s;
}

up_status
upi_margin_read(const char *text, up_margin *out, char **name, up_error *err)
{
    const char *value = NULL;
    int sign = 0;
    const char *at = find_sign(text, &value, &sign);
    if (at == NULL) {
        return refuse_margin(text, "it has no <=, >= or within", err);
    }
    const char *metric = text;
    int64_t length = trimmed(&metric, at);
    int64_t digits = trimmed(&value, value + strlen(value));
    *out = (up_margin){0};
    if (length == 0) {
        return refuse_margin(text, "it names no metric", err);
    }
    if (digits > 0 && value[digits - 1] == '%') {
        out->relative = 1;
        digits = trimmed(&value, value + digits - 1);
    }
    double x = 0;
    if (!upi_double_parse(value, digits, &x) || !isfinite(x) || x == 0) {
        return refuse_margin(text, "the margin is not a number other than 0", err);
    }
    if (sign == 0 && x < 0) {
        return refuse_margin(text, "what is within a margin has one above 0", err);
    }
    out->kind = sign == 0              ? UP_MARGIN_EQUIVALENCE
                : (double)sign * x > 0 ? UP_MARGIN_SUPERIORITY
                                       : UP_MARGIN_NONINFERIORITY;
    out->better = sign < 0 ? UP_BETTER_LOWER : UP_BETTER_HIGHER;
    out->margin = fabs(x) / (out->relative ? 100 : 1);
    *name = upi_strndup(metric, (size_t)length);
    out->metric = *name;
    return *name != NULL ? UP_OK : upi_fail_memory(err, (size_t)length);
}

void
upi_margin_text(const up_effect *e, char *out, size_t size)
{
    char digits[UPI_DOUBLE_CHARS];
    bool superior = e->margin_kind == UP_MARGIN_SUPERIORITY;
    bool lower = e->margin_better == UP_BETTER_LOWER;
    const char *word = e->margin_kind == UP_MARGIN_EQUIVALENCE ? "within"
                       : lower                                 ? "<="
                                                               : ">=";
    bool minus = e->margin_kind != UP_MARGIN_EQUIVALENCE && superior == lower;
    upi_double_text_digits(e->margin * (e->margin_relative ? 100 : 1), 6, digits);
    (void)snprintf(out, size, "%s %s%s%s", word, minus ? "-" : "", digits,
        e->margin_relative ? "%" : "");
}

const char *
upi_decision_name(int64_t decision)
{
    static const char *const names[] = {
        "none", "increase", "decrease", "non_inferior", "equivalent", "superior"};
    return decision >= 0 && decision < (int64_t)(sizeof names / sizeof names[0])
               ? names[decision]
               : "none";
}

/* ---- options ---- */

static up_status
read_margins(const upi_value *v, upi_inference *out, up_effect_opts *o, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&out->margins, v->n, err));
    UP_TRY(UP_NEW(&out->names, v->n, err));
    out->n_margins = v->n;
    for (int64_t i = 0; i < v->n; i++) {
        UP_TRY(upi_margin_read(v->text[i], &out->margins[i], &out->names[i], err));
    }
    o->margins = out->margins;
    o->n_margins = v->n;
out:
    return status;
}

up_status
upi_inference_read(
    const upi_request *q, upi_inference *out, up_effect_opts *o, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *family = upi_request_value(q, "family");
    *out = (upi_inference){0};
    o->inference = upi_request_integer(q, "inference");
    o->sides = upi_request_integer(q, "sides");
    o->planned = upi_request_planned(q);
    o->mixture =
        upi_request_value(q, "mixture")->given ? upi_request_number(q, "mixture") : 0;
    o->spending = upi_request_integer(q, "spending");
    o->spending_parameter = upi_request_value(q, "spending-parameter")->given
                                ? upi_request_number(q, "spending-parameter")
                                : 0;
    o->interval = upi_request_integer(q, "interval");
    o->adjust = upi_request_integer(q, "adjust");
    o->family = (const char *const *)family->text;
    o->n_family = family->n;
    UP_TRY(upi_request_numbers(q, "information", "0.25,0.5", &out->information, err));
    o->information = out->information;
    o->n_information = upi_request_value(q, "information")->n;
    UP_TRY(read_margins(upi_request_value(q, "margin"), out, o, err));
out:
    if (status != UP_OK) {
        upi_inference_clear(out);
    }
    return status;
}

void
upi_inference_clear(upi_inference *i)
{
    for (int64_t k = 0; i->names != NULL && k < i->n_margins; k++) {
        upi_free(i->names[k]);
    }
    upi_free(i->names);
    upi_free(i->margins);
    upi_free(i->information);
    *i = (upi_inference){0};
}

void
upi_inference_json(const upi_request *q, upi_json *j)
{
    static const char *const words[] = {"inference", "sides", "interval", "adjust"};
    static const char *const lists[] = {"information", "family", "margin"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        upi_json_put_string(j, words[k], upi_request_text(q, words[k]));
    }
    if (upi_request_value(q, "planned")->given) {
        upi_json_put_double(j, "planned", upi_request_number(q, "planned"));
    }
    if (upi_request_value(q, "mixture")->given) {
        upi_json_put_double(j, "mixture", upi_request_number(q, "mixture"));
    }
    if (upi_request_integer(q, "inference") == UP_INFERENCE_GROUP) {
        upi_json_put_string(j, "spending", upi_request_text(q, "spending"));
        if (upi_request_value(q, "spending-parameter")->given) {
            upi_json_put_double(
                j, "spending_parameter", upi_request_number(q, "spending-parameter"));
        }
    }
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        if (upi_request_value(q, lists[k])->n > 0) {
            upi_json_put_list(j, lists[k], upi_request_value(q, lists[k]));
        }
    }
}
