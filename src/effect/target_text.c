/* What a caller says of a target, as text: "device=mobile:0.7,desktop:0.3" are the shares of
 * the levels of a categorical covariate, "spend_before=55" the mean of a number. Names of
 * covariates and labels may hold any sign, so that a name is found by what the model has and a
 * share stands behind the last colon. Shares have to add up to 1: nothing is rescaled
 * silently, because a forgotten level, or percents, look just the same. */
#include "design/syntax.h"
#include "effect/target.h"

#include <math.h>
#include <string.h>

static const double share_tolerance = 1e-6;

void
upi_wish_free(const up_model *m, upi_wish *w)
{
    for (int64_t k = 0; w->share != NULL && k < m->moments->n_keys; k++) {
        upi_free(w->share[k]);
    }
    upi_free(w->share);
    upi_free(w->mean);
    *w = (upi_wish){0};
}

/* ---- the name in front of '=' ---- */

/* The bytes of t that the name takes, as it is, in quotes or as factor(name); 0 = it does not
 * start with it. */
static int64_t
name_length(upi_span t, const char *name)
{
    int64_t n = (int64_t)strlen(name);
    upi_span inside;
    for (int64_t i = 0; i < t.n; i++) {
        bool end = t.s[i] == '=' && (i == 0 || strchr("<>!=", t.s[i - 1]) == NULL) &&
                   (i + 1 >= t.n || t.s[i + 1] != '=');
        if (!end) {
            continue;
        }
        upi_span own = upi_span_trim((upi_span){t.s, i});
        if (upi_span_call(own, "factor", &inside) ||
            upi_span_call(own, "numeric", &inside)) {
            own = inside;
        }
        bool quoted = own.n == n + 2 && strchr("'\"`", own.s[0]) != NULL &&
                      own.s[n + 1] == own.s[0];
        const char *from = quoted ? own.s + 1 : own.s;
        if ((quoted || own.n == n) && memcmp(from, name, (size_t)n) == 0) {
            return i;
        }
    }
    return 0;
}

static up_status
refuse_form(upi_span t, const char *field, const char *example, up_error *err)
{
    (void)upi_fail(err, UP_E_ARGUMENT, field, "'%.*s' is not of the form %s",
        (int)(t.n < 200 ? t.n : 200), t.s, example);
    return upi_fix(err, "write e.g. %s",
        strcmp(field, "to") == 0 ? "device=mobile:0.7,desktop:0.3" : "spend_before=55");
}

static void
list_covariates(const up_experiment *x, up_error *err)
{
    upi_text names = {0};
    for (int64_t i = 0; i < x->n_covariates; i++) {
        upi_text_addf(&names, "%s%s", i > 0 ? ", " : "", x->covariates[i].v.name);
    }
    if (!names.failed && names.s != NULL) {
        (void)upi_fix(
            err, "a target is told by the covariates of the model: %s", names.s);
    }
    upi_text_free(&names);
}

/* The covariate that the text starts with, and what stands behind the '='. */
static up_status
read_name(const up_model *m, const char *text, const char *field, int64_t *covariate,
    upi_span *rest, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *x = m->moments->experiment;
    upi_span t = upi_span_of(text);
    char *name = NULL;
    int64_t n = 0;
    *covariate = -1;
    for (int64_t i = 0; i < x->n_covariates && m->opts.no_covariates == 0; i++) {
        int64_t length = name_length(t, x->covariates[i].v.name);
        if (length > n) {
            n = length;
            *covariate = i;
        }
    }
    if (*covariate >= 0) {
        *rest = upi_span_trim((upi_span){t.s + n + 1, t.n - n - 1});
        return UP_OK;
    }
    upi_span first;
    if (!upi_span_definition(t, &first, rest)) {
        return refuse_form(t, field,
            strcmp(field, "to") == 0 ? "covariate=level:share,..." : "covariate=mean",
            err);
    }
    UP_TRY(upi_span_name(first, &name, err));
    status = upi_condition_refuse(m, text, name, err);
    list_covariates(x, err);
out:
    upi_free(name);
    return status;
}

/* ---- shares ---- */

static int64_t
factor_key(const up_model *m, int64_t covariate)
{
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *b = &m->base[j];
        if (b->kind == UPI_BASE_LEVEL && !b->time) {
            const upi_key *k = &m->moments->keys[b->key];
            if (k->role == UPI_KEY_COVARIATE && k->index == covariate &&
                b->level != k->missing_level) {
                return b->key;
            }
        }
    }
    return -1;
}

static void
list_levels(const upi_key *k, upi_text *t)
{
    enum { SHOWN = 8 };
    for (int64_t l = 0; l < k->n_levels && l < SHOWN; l++) {
        upi_text_addf(t, "%s%s", l > 0 ? ", " : "", k->label[l]);
    }
    if (k->n_levels > SHOWN) {
        upi_text_addf(t, " and %lld more", (long long)(k->n_levels - SHOWN));
    }
}

static up_status
refuse_level(const upi_key *k, const char *label, up_error *err)
{
    upi_text names = {0};
    list_levels(k, &names);
    (void)upi_fail(err, UP_E_SUPPORT, k->name,
        "the target has '%s' for %s, which no row of the experiment has", label,
        k->name);
    if (!names.failed) {
        (void)upi_fix(err, "levels of %s: %s", k->name, names.s);
    }
    upi_text_free(&names);
    return UP_E_SUPPORT;
}

static up_status
read_share(const upi_key *k, upi_span item, double *share, up_error *err)
{
    up_status status = UP_OK;
    char *label = NULL;
    double x = 0;
    int64_t colon = item.n - 1;
    while (colon > 0 && item.s[colon] != ':') {
        colon--;
    }
    upi_span number = upi_span_trim((upi_span){item.s + colon + 1, item.n - colon - 1});
    if (colon <= 0 || !upi_double_parse(number.s, number.n, &x)) {
        return refuse_form(item, "to", "level:share", err);
    }
    UP_TRY(upi_span_name(upi_span_trim((upi_span){item.s, colon}), &label, err));
    int64_t l = upi_key_level(k, label);
    if (!(x >= 0) || !isfinite(x)) {
        status = upi_fail(err, UP_E_ARGUMENT, "to",
            "the share %g of '%s' is not between 0 and 1", x, label);
    } else if (l < 0) {
        status = x > 0 ? refuse_level(k, label, err) : UP_OK;
    } else if (!isnan(share[l])) {
        status = upi_fail(
            err, UP_E_ARGUMENT, "to", "'%s' stands twice in the shares", label);
    } else {
        share[l] = x;
    }
out:
    upi_free(label);
    return status;
}

static up_status
check_shares(const upi_key *k, double *share, up_error *err)
{
    double sum = 0;
    for (int64_t l = 0; l < k->n_levels; l++) {
        share[l] = isnan(share[l]) ? 0 : share[l];
        sum += share[l];
    }
    if (fabs(sum - 1) > share_tolerance) {
        (void)upi_fail(err, UP_E_ARGUMENT, "to",
            "the shares of %s add up to %.9g, not to 1", k->name, sum);
        if (sum > 1.5) {
            return upi_fix(err,
                "give fractions; the number of units they were counted from is the "
                "size of the target");
        }
        return upi_fix(err, "name every level the target has, with its fraction");
    }
    for (int64_t l = 0; l < k->n_levels; l++) {
        share[l] /= sum;
    }
    return UP_OK;
}

static up_status
read_shares(const up_model *m, const char *text, upi_wish *w, up_error *err)
{
    up_status status = UP_OK;
    int64_t covariate = -1;
    upi_span rest;
    UP_TRY(read_name(m, text, "to", &covariate, &rest, err));
    const char *name = m->moments->experiment->covariates[covariate].v.name;
    int64_t key = factor_key(m, covariate);
    if (key < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "to",
            "'%s' enters the model as a number, which has no shares", name);
        status = upi_fix(err, "give its mean, or make factor(%s) the covariate", name);
        goto out;
    }
    const upi_key *k = &m->moments->keys[key];
    if (w->share[key] != NULL) {
        status = upi_fail(err, UP_E_ARGUMENT, "to", "'%s' has shares already", name);
        goto out;
    }
    UP_TRY(UP_NEW(&w->share[key], k->n_levels, err));
    for (int64_t l = 0; l < k->n_levels; l++) {
        w->share[key][l] = (double)NAN;
    }
    for (bool more = true; more;) {
        int64_t comma = upi_span_comma(rest);
        upi_span item = {rest.s, comma < 0 ? rest.n : comma};
        UP_TRY(read_share(k, upi_span_trim(item), w->share[key], err));
        more = comma >= 0;
        rest = more ? (upi_span){rest.s + comma + 1, rest.n - comma - 1} : rest;
    }
    UP_TRY(check_shares(k, w->share[key], err));
    w->n_shares++;
out:
    return status;
}

/* ---- means ---- */

static int64_t
number_base(const up_model *m, int64_t covariate)
{
    for (int64_t j = 0; j < m->n_base; j++) {
        const upi_base *b = &m->base[j];
        bool x = b->kind == UPI_BASE_X && m->moments->x_covariate[b->x] == covariate;
        bool number =
            b->kind == UPI_BASE_NUMBER && m->moments->keys[b->key].index == covariate;
        if (x || number) {
            return j;
        }
    }
    return -1;
}

static up_status
read_mean(const up_model *m, const char *text, upi_wish *w, up_error *err)
{
    up_status status = UP_OK;
    int64_t covariate = -1;
    upi_span rest;
    double x = 0;
    UP_TRY(read_name(m, text, "means", &covariate, &rest, err));
    const char *name = m->moments->experiment->covariates[covariate].v.name;
    int64_t base = number_base(m, covariate);
    if (base < 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "means",
            "'%s' is categorical in the model, which has no mean", name);
        status = upi_fix(err, "give the shares of its levels");
        goto out;
    }
    if (!upi_double_parse(rest.s, rest.n, &x)) {
        return refuse_form(upi_span_of(text), "means", "covariate=mean", err);
    }
    if (!isnan(w->mean[base])) {
        return upi_fail(err, UP_E_ARGUMENT, "means", "'%s' has a mean already", name);
    }
    w->mean[base] = x - m->base[base].center;
    w->n_means++;
out:
    return status;
}

up_status
upi_wish_read(const up_model *m, const up_project_opts *o, upi_wish *w, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&w->share, m->moments->n_keys, err));
    UP_TRY(UP_NEW(&w->mean, m->n_base, err));
    for (int64_t j = 0; j < m->n_base; j++) {
        w->mean[j] = (double)NAN;
    }
    for (int64_t i = 0; i < o->n_to + o->n_means; i++) {
        bool to = i < o->n_to;
        const char *text = to ? o->to[i] : o->means[i - o->n_to];
        if (text == NULL) {
            return upi_fail(
                err, UP_E_ARGUMENT, to ? "to" : "means", "a text is missing");
        }
        UP_TRY(to ? read_shares(m, text, w, err) : read_mean(m, text, w, err));
    }
out:
    return status;
}
