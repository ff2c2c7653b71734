/* Reading a belief: TARGET ~ normal(MEAN, SCALE) [for METRIC]. The target ends at the first
 * "~ normal(", since names of coefficients may hold anything else, brackets and colons too. */
#include "fit/prior.h"

#include <math.h>
#include <string.h>

enum { LONGEST_PRIOR = 4096 };

typedef struct piece {
    const char *s;
    int64_t n;
} piece;

static piece
trim(piece p)
{
    while (p.n > 0 && (p.s[0] == ' ' || p.s[0] == '\t')) {
        p.s++;
        p.n--;
    }
    while (p.n > 0 && (p.s[p.n - 1] == ' ' || p.s[p.n - 1] == '\t')) {
        p.n--;
    }
    return p;
}

/* Takes the word, if p starts with it. */
static bool
skip_word(piece *p, const char *word)
{
    int64_t n = (int64_t)strlen(word);
    if (p->n < n || strncmp(p->s, word, (size_t)n) != 0) {
        return false;
    }
    p->s += n;
    p->n -= n;
    *p = trim(*p);
    return true;
}

static bool
ends_with(piece *p, const char *end)
{
    int64_t n = (int64_t)strlen(end);
    if (p->n < n || strncmp(p->s + p->n - n, end, (size_t)n) != 0) {
        return false;
    }
    p->n -= n;
    *p = trim(*p);
    return true;
}

static up_status
take(piece p, char **out, up_error *err)
{
    *out = upi_strndup(p.s, (size_t)p.n);
    return *out != NULL ? UP_OK : upi_fail_memory(err, (size_t)p.n + 1);
}

static up_status
refuse(const char *text, const char *why, up_error *err)
{
    (void)upi_fail(err, UP_E_PRIOR, "prior", "the prior '%s' %s", text, why);
    return upi_fix(err,
        "write e.g. 'effect ~ normal(0, 5%%)' or 'arm=b ~ normal(0, 0.1) for sales'");
}

/* ---- numbers ---- */

static up_status
read_numbers(const char *text, piece mean, piece scale, upi_prior *out, up_error *err)
{
    bool part = ends_with(&mean, "%");
    if (ends_with(&scale, "%")) {
        out->unit = UPI_PRIOR_RELATIVE;
    } else if (ends_with(&scale, "sd")) {
        out->unit = UPI_PRIOR_RESIDUAL;
    }
    if (!upi_double_parse(mean.s, mean.n, &out->mean)) {
        return refuse(text, "has a mean that is not a number", err);
    }
    if (!upi_double_parse(scale.s, scale.n, &out->scale)) {
        return refuse(text, "has a scale that is not a number", err);
    }
    bool relative = out->unit == UPI_PRIOR_RELATIVE;
    if (part != relative && (part || out->mean != 0)) {
        return refuse(text, "gives one of mean and scale in %, the other not", err);
    }
    if (relative && out->target != NULL) {
        return refuse(text, "is in %, which only effects have", err);
    }
    out->mean /= relative ? 100 : 1;
    out->scale /= relative ? 100 : 1;
    if (!(out->scale > 0) || !(out->scale * out->scale > 0) ||
        !isfinite(out->scale * out->scale)) {
        return refuse(text, "has a scale that is not a number above 0", err);
    }
    return UP_OK;
}

/* ---- targets ---- */

static up_status
read_target(const char *text, piece target, upi_prior *out, up_error *err)
{
    piece rest = target;
    if (target.n == 0) {
        return refuse(text, "does not say what it is about", err);
    }
    if (!skip_word(&rest, "effect") || (rest.n > 0 && rest.s[0] != '(')) {
        return take(target, &out->target, err);
    }
    if (rest.n == 0) {
        return UP_OK;
    }
    if (rest.s[rest.n - 1] != ')') {
        return refuse(text, "has a bracket that is not closed", err);
    }
    piece arm = trim((piece){rest.s + 1, rest.n - 2});
    return arm.n > 0 ? take(arm, &out->arm, err) : refuse(text, "names no arm", err);
}

/* Splits at the first "~ normal (": head before, tail behind the bracket. */
static bool
split(piece all, piece *head, piece *tail)
{
    for (int64_t i = 0; i < all.n; i++) {
        piece rest = trim((piece){all.s + i + 1, all.n - i - 1});
        if (all.s[i] == '~' && skip_word(&rest, "normal") && skip_word(&rest, "(")) {
            *head = trim((piece){all.s, i});
            *tail = rest;
            return true;
        }
    }
    return false;
}

static up_status
parse(const char *text, upi_prior *out, up_error *err)
{
    up_status status = UP_OK;
    piece head = {0};
    piece tail = {0};
    if (!split(trim((piece){text, (int64_t)strlen(text)}), &head, &tail)) {
        return refuse(text, "is not of the form TARGET ~ normal(MEAN, SCALE)", err);
    }
    const char *close = memchr(tail.s, ')', (size_t)tail.n);
    const char *comma = memchr(tail.s, ',', (size_t)tail.n);
    if (close == NULL || comma == NULL || comma > close) {
        return refuse(text, "needs two numbers in brackets, mean and scale", err);
    }
    piece mean = trim((piece){tail.s, comma - tail.s});
    piece scale = trim((piece){comma + 1, close - comma - 1});
    piece rest = trim((piece){close + 1, tail.s + tail.n - close - 1});
    UP_TRY(read_target(text, head, out, err));
    UP_TRY(read_numbers(text, mean, scale, out, err));
    if (rest.n > 0) {
        const char *before = rest.s;
        bool known = skip_word(&rest, "for") && rest.n > 0 && rest.s > before + 3;
        UP_TRY(known
                   ? take(rest, &out->metric, err)
                   : refuse(text,
                         "goes on after the bracket, but not with 'for METRIC'", err));
    }
out:
    return status;
}

up_status
upi_prior_parse(const char *text, upi_prior *out, up_error *err)
{
    upi_prior p = {0};
    if (text == NULL || strlen(text) > LONGEST_PRIOR ||
        !upi_utf8_valid(text, strlen(text))) {
        return upi_fail(err, UP_E_PRIOR, "prior",
            "a prior is missing, longer than %d bytes, or not UTF-8", LONGEST_PRIOR);
    }
    up_status status = parse(text, &p, err);
    if (status != UP_OK) {
        upi_prior_free(&p);
        return status;
    }
    *out = p;
    return UP_OK;
}

void
upi_prior_free(upi_prior *p)
{
    upi_free(p->target);
    upi_free(p->arm);
    upi_free(p->metric);
    *p = (upi_prior){0};
}
