/* Why is a column text? Looks for its first value that is not a number. This reads rows, so it
 * is done only when a column of text was asked for as a number and the refusal needs a reason.
 * One worker reads, so that rows are met in their order and the look ends at the first. */
#include "engine/source.h"

#include <stdio.h>
#include <strings.h>

typedef struct search {
    upi_odd_value *found;
} search;

static bool
is_number(const char *s, int64_t n)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    double x = 0;
    while (n > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        n--;
    }
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t')) {
        n--;
    }
    bool sign = n > 0 && (*s == '-' || *s == '+');
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (n - sign == (int64_t)length &&
            strncasecmp(s + sign, words[i], length) == 0) {
            return true;
        }
    }
    return upi_double_parse(s, n, &x);
}

static up_status
begin(void *ctx, int n_workers, up_error *err)
{
    (void)ctx;
    (void)n_workers;
    (void)err;
    return UP_OK;
}

static up_status
look(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    (void)worker;
    (void)range;
    upi_odd_value *f = ((search *)ctx)->found;
    const upi_column *c = &b->columns[0];
    for (int64_t i = 0; i < b->n; i++) {
        f->row++;
        if (!upi_valid(c, i)) {
            continue;
        }
        const upi_str *s = (const upi_str *)c->data + i;
        uint32_t n = upi_str_length(s);
        if (is_number(upi_str_data(s), n)) {
            f->numbers++;
            continue;
        }
        char text[sizeof f->value];
        (void)snprintf(
            text, sizeof text, "%.*s", (int)(n < 60 ? n : 60), upi_str_data(s));
        upi_line_copy(f->value, sizeof f->value, text);
        f->found = true;
        return upi_fail(err, UP_E_STOPPED, NULL, "found");
    }
    return UP_OK;
}

static up_status
end(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)ctx;
    (void)worker;
    (void)range;
    (void)err;
    return UP_OK;
}

up_status
upi_source_odd_value(
    up_source *s, const upi_expr *column, upi_odd_value *out, up_error *err)
{
    up_run run = {.struct_size = sizeof run, .threads = 1};
    int as = UPI_STR;
    upi_scan scan = {1, &column, &as, NULL};
    memset(out, 0, sizeof *out);
    search state = {out};
    upi_sink sink = {&state, begin, look, end};
    up_error story = UP_ERROR_INIT;
    up_status status = upi_source_scan(s, &scan, &sink, &run, &story);
    if (status == UP_OK || out->found) {
        return UP_OK;
    }
    if (err != NULL) {
        *err = story;
    }
    return status;
}
