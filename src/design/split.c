/* The expected split of the arms: "control=0.5,a=0.25,b=0.25". Labels may stand in quotes; the
 * last '=' outside quotes separates the share, so that labels may contain one. The shares have
 * to add up to 1: nothing is rescaled silently, because a forgotten arm looks just the same. */
#include "design/build.h"
#include "design/syntax.h"

#include <math.h>
#include <string.h>

/* Shares are typed by people: 0.333, 0.333, 0.334 is fine, 0.33 three times is not. */
static const double SPLIT_TOLERANCE = 1e-6;

up_status
upi_split_check(char *const *labels, const double *shares, int64_t n, up_error *err)
{
    double sum = 0.0;
    int64_t positive = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(shares[i] >= 0.0) || shares[i] > 1.0) {
            return upi_fail(err, UP_E_ARGUMENT, "expected_split",
                "the share %.6g of '%s' is not between 0 and 1", shares[i], labels[i]);
        }
        for (int64_t j = 0; j < i; j++) {
            if (strcmp(labels[i], labels[j]) == 0) {
                return upi_fail(err, UP_E_ARGUMENT, "expected_split",
                    "the arm '%s' stands twice in the split", labels[i]);
            }
        }
        sum += shares[i];
        positive += shares[i] > 0.0 ? 1 : 0;
    }
    if (positive < 2) {
        return upi_fail(err, UP_E_ARGUMENT, "expected_split",
            "a split needs at least two arms with a share above 0, not %lld",
            (long long)positive);
    }
    if (fabs(sum - 1.0) > SPLIT_TOLERANCE) {
        (void)upi_fail(err, UP_E_ARGUMENT, "expected_split",
            "the shares add up to %.9g, not to 1", sum);
        (void)upi_fix(err, "name every arm, e.g. control=0.5,a=0.25,b=0.25");
        return UP_E_ARGUMENT;
    }
    return UP_OK;
}

/* The byte of the last '=' outside quotes, or -1. A label's quotes are at its ends only, so
 * everything behind the closing quote is searched. */
static int64_t
last_equals(upi_span t)
{
    for (int64_t i = t.n - 1; i >= 0; i--) {
        if (t.s[i] == '=') {
            return i;
        }
        if (t.s[i] == '\'' || t.s[i] == '"' || t.s[i] == '`') {
            break;
        }
    }
    return -1;
}

static up_status
read_item(upi_span item, char **label, double *share, up_error *err)
{
    up_status status = UP_OK;
    int64_t at = last_equals(item);
    upi_span name = {item.s, at > 0 ? at : 0};
    upi_span number = {item.s + at + 1, item.n - at - 1};
    name = upi_span_trim(name);
    number = upi_span_trim(number);
    bool opened = name.n > 0 && strchr("'\"`", name.s[0]) != NULL;
    bool closed = name.n > 1 && name.s[name.n - 1] == name.s[0];
    if (at < 0 || name.n == 0 || (opened && !closed) ||
        !upi_double_parse(number.s, number.n, share)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "expected_split",
            "'%.*s' is not of the form arm=share", (int)(item.n < 200 ? item.n : 200),
            item.s);
        (void)upi_fix(err, "write e.g. control=0.5,a=0.25,b=0.25");
        return UP_E_ARGUMENT;
    }
    UP_TRY(upi_span_name(name, label, err));
out:
    return status;
}

up_status
upi_experiment_set_split(up_experiment *e, const char *text, up_error *err)
{
    up_status status = UP_OK;
    int64_t labels_capacity = 0;
    int64_t shares_capacity = 0;
    upi_span left = upi_span_of(text);
    bool more = true;
    while (more) {
        int64_t comma = upi_span_comma(left);
        upi_span item = {left.s, comma < 0 ? left.n : comma};
        UP_TRY(UP_RESERVE(&e->split_labels, &labels_capacity, e->n_split + 1, err));
        UP_TRY(UP_RESERVE(&e->split_shares, &shares_capacity, e->n_split + 1, err));
        UP_TRY(read_item(upi_span_trim(item), &e->split_labels[e->n_split],
            &e->split_shares[e->n_split], err));
        e->n_split++;
        more = comma >= 0;
        left = (upi_span){left.s + comma + 1, left.n - comma - 1};
    }
    UP_TRY(upi_split_check(e->split_labels, e->split_shares, e->n_split, err));
out:
    return status;
}
