/* Converts columns between types and puts batches together. Every engine's values pass
 * through here, so that a column has one text form and one numeric form whatever it was read
 * from: 1.0 is "1" in a Parquet file, a CSV file and an array alike. */
#include "engine/scan.h"
#include "expr/calendar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOT = UPI_VALUE_TEXT, VALIDITY_WORDS = UPI_BATCH_ROWS / 64 };

size_t
upi_type_size(upi_type type)
{
    switch (type) {
    case UPI_BOOL:
        return sizeof(uint8_t);
    case UPI_STR:
        return sizeof(upi_str);
    default:
        return sizeof(int64_t);
    }
}

/* Dates and times already have the representation of integers. */
static bool
in_place(upi_type from, upi_type to)
{
    return from == to || (to == UPI_I64 && (from == UPI_DATE || from == UPI_TIME));
}

static up_status
lane_make(upi_lane *lane, up_error *err)
{
    up_status status = UP_OK;
    if (in_place(lane->from, lane->to)) {
        return UP_OK;
    }
    char *values = NULL;
    UP_TRY(UP_NEW(&values, UPI_BATCH_ROWS * (int64_t)upi_type_size(lane->to), err));
    lane->values = values;
    UP_TRY(UP_NEW(&lane->validity, VALIDITY_WORDS, err));
    if (lane->to == UPI_STR) {
        UP_TRY(UP_NEW(&lane->text, (int64_t)UPI_BATCH_ROWS * SLOT, err));
    }
out:
    return status;
}

up_status
upi_lanes_make(const upi_bound_scan *scan, upi_lanes *out, up_error *err)
{
    up_status status = UP_OK;
    upi_lanes l = {.n = scan->n};
    UP_TRY(UP_NEW(&l.lane, l.n, err));
    UP_TRY(UP_NEW(&l.columns, l.n, err));
    UP_TRY(UP_NEW(&l.pieces, l.n, err));
    for (int64_t i = 0; i < l.n; i++) {
        l.lane[i].from = scan->natural[i];
        l.lane[i].to = (upi_type)scan->as[i];
        UP_TRY(lane_make(&l.lane[i], err));
    }
    *out = l;
    memset(&l, 0, sizeof l);
out:
    upi_lanes_free(&l);
    return status;
}

void
upi_lanes_free(upi_lanes *l)
{
    for (int64_t i = 0; l->lane != NULL && i < l->n; i++) {
        upi_free(l->lane[i].values);
        upi_free(l->lane[i].text);
        upi_free(l->lane[i].validity);
        upi_free(l->lane[i].cut);
        upi_free(l->lane[i].cut_text);
        upi_free(l->lane[i].cut_validity);
    }
    upi_free(l->lane);
    upi_free(l->columns);
    upi_free(l->pieces);
    memset(l, 0, sizeof *l);
}

static double
number_at(const upi_column *c, int64_t i)
{
    switch (c->type) {
    case UPI_F64:
        return ((const double *)c->data)[i];
    case UPI_BOOL:
        return (double)((const uint8_t *)c->data)[i];
    default:
        return (double)((const int64_t *)c->data)[i];
    }
}

static int
date_text(int64_t days, char *out, size_t size)
{
    if (days <= -UPI_DAYS_LIMIT || days >= UPI_DAYS_LIMIT) {
        return snprintf(out, size, "%s", days < 0 ? "-infinity" : "infinity");
    }
    upi_civil c = upi_civil_from_days(days);
    return snprintf(out, size, "%04lld-%02d-%02d", (long long)c.year, c.month, c.day);
}

static int
time_text(int64_t micros, char *out, size_t size)
{
    int64_t days = upi_days_of_micros(micros);
    int64_t rest = micros - days * UPI_DAY_MICROS;
    int n = date_text(days, out, size);
    int64_t seconds = rest / 1000000;
    n += snprintf(out + n, size - (size_t)n, " %02d:%02d:%02d", (int)(seconds / 3600),
        (int)(seconds / 60 % 60), (int)(seconds % 60));
    if (rest % 1000000 != 0) {
        n += snprintf(out + n, size - (size_t)n, ".%06d", (int)(rest % 1000000));
        while (out[n - 1] == '0') {
            out[--n] = '\0';
        }
    }
    return n;
}

upi_str
upi_value_text(const upi_column *c, int64_t i, char *slot)
{
    int n = 0;
    switch (c->type) {
    case UPI_F64:
        /* Adding 0 turns -0 into 0: two texts for one value would be two levels. */
        upi_double_text(((const double *)c->data)[i] + 0.0, slot);
        n = (int)strlen(slot);
        break;
    case UPI_BOOL:
        n = snprintf(
            slot, SLOT, "%s", ((const uint8_t *)c->data)[i] ? "true" : "false");
        break;
    case UPI_DATE:
        n = date_text(((const int64_t *)c->data)[i], slot, SLOT);
        break;
    case UPI_TIME:
        n = time_text(((const int64_t *)c->data)[i], slot, SLOT);
        break;
    default:
        n = snprintf(slot, SLOT, "%lld", (long long)((const int64_t *)c->data)[i]);
        break;
    }
    return upi_str_make(slot, (uint32_t)n);
}

static up_status
refuse(const upi_lane *lane, const upi_column *c, int64_t i, const char *name,
    up_error *err)
{
    char slot[SLOT];
    upi_str s =
        c->type == UPI_STR ? ((const upi_str *)c->data)[i] : upi_value_text(c, i, slot);
    int n = upi_str_length(&s) < 80 ? (int)upi_str_length(&s) : 80;
    return upi_fail(err, UP_E_TYPE, name, "%s holds %.*s, which is not %s",
        name != NULL ? name : "an expression", n, upi_str_data(&s),
        lane->to == UPI_BOOL  ? "true or false, 1 or 0"
        : lane->to == UPI_I64 ? "a whole number"
                              : "a number");
}

static bool
text_to_int(const upi_str *s, int64_t *out)
{
    char digits[24];
    uint32_t n = upi_str_length(s);
    if (n == 0 || n >= sizeof digits) {
        return false;
    }
    memcpy(digits, upi_str_data(s), n);
    digits[n] = '\0';
    for (uint32_t i = digits[0] == '-' || digits[0] == '+'; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
    }
    const char *first = digits[0] == '-' || digits[0] == '+' ? digits + 1 : digits;
    while (*first == '0' && first[1] != '\0') {
        first++;
    }
    if (*first == '\0' || strlen(first) > 19 ||
        (strlen(first) == 19 && strcmp(first, "9223372036854775807") > 0)) {
        return false;
    }
    *out = strtoll(digits, NULL, 10);
    return true;
}

/* One value; false when it does not convert. */
static bool
convert_one(upi_lane *lane, const upi_column *c, int64_t i, bool *missing)
{
    double x = 0;
    switch (lane->to) {
    case UPI_STR:
        *missing = c->type == UPI_F64 && isnan(number_at(c, i));
        ((upi_str *)lane->values)[i] = upi_value_text(c, i, lane->text + i * SLOT);
        return true;
    case UPI_F64:
        if (c->type != UPI_STR) {
            ((double *)lane->values)[i] = number_at(c, i);
            return true;
        }
        return upi_double_parse(upi_str_data((const upi_str *)c->data + i),
            upi_str_length((const upi_str *)c->data + i), (double *)lane->values + i);
    case UPI_I64:
        if (c->type == UPI_STR) {
            return text_to_int(
                (const upi_str *)c->data + i, (int64_t *)lane->values + i);
        }
        x = number_at(c, i);
        *missing = isnan(x);
        if (*missing) {
            return true;
        }
        if (x != floor(x) || fabs(x) > 9007199254740992.0) {
            return false;
        }
        ((int64_t *)lane->values)[i] = (int64_t)x;
        return true;
    case UPI_BOOL:
        x = number_at(c, i);
        *missing = isnan(x);
        ((uint8_t *)lane->values)[i] = x == 1;
        return *missing || x == 0 || x == 1;
    case UPI_DATE:
        ((int64_t *)lane->values)[i] =
            upi_days_of_micros(((const int64_t *)c->data)[i]);
        return true;
    case UPI_TIME:
        ((int64_t *)lane->values)[i] =
            upi_micros_of_days(((const int64_t *)c->data)[i]);
        return true;
    default:
        return false;
    }
}

/* The common case without a branch per row. */
static bool
convert_fast(upi_lane *lane, const upi_column *c, int64_t n)
{
    if (lane->to != UPI_F64 || c->type != UPI_I64) {
        return false;
    }
    const int64_t *from = c->data;
    double *to = lane->values;
    for (int64_t i = 0; i < n; i++) {
        to[i] = (double)from[i];
    }
    return true;
}

static up_status
convert_column(upi_lane *lane, const upi_column *c, int64_t n, const char *name,
    upi_column *out, up_error *err)
{
    out->type = lane->to;
    if (lane->values == NULL) {
        out->data = c->data;
        out->validity = c->validity;
        return UP_OK;
    }
    out->data = lane->values;
    out->validity = c->validity;
    if (convert_fast(lane, c, n)) {
        return UP_OK;
    }
    memset(lane->validity, 0, VALIDITY_WORDS * sizeof *lane->validity);
    out->validity = lane->validity;
    for (int64_t i = 0; i < n; i++) {
        bool missing = false;
        if (!upi_valid(c, i)) {
            continue;
        }
        if (!convert_one(lane, c, i, &missing)) {
            return refuse(lane, c, i, name, err);
        }
        if (!missing) {
            lane->validity[i >> 6] |= (uint64_t)1 << (i & 63);
        }
    }
    return UP_OK;
}

up_status
upi_lanes_convert(upi_lanes *l, const upi_bound_scan *scan, const upi_column *natural,
    int64_t n, up_error *err)
{
    for (int64_t i = 0; i < l->n; i++) {
        const char *name = upi_expr_bare_column(scan->columns[i]);
        up_status status =
            convert_column(&l->lane[i], &natural[i], n, name, &l->columns[i], err);
        if (status != UP_OK) {
            return status;
        }
    }
    return UP_OK;
}

static up_status
cut_make(upi_lane *lane, up_error *err)
{
    if (lane->cut_validity != NULL) {
        return UP_OK;
    }
    up_status status = UP_OK;
    char *values = NULL;
    UP_TRY(UP_NEW(&values, UPI_BATCH_ROWS * (int64_t)upi_type_size(lane->to), err));
    upi_free(lane->cut);
    lane->cut = values;
    if (lane->text != NULL && lane->cut_text == NULL) {
        UP_TRY(UP_NEW(&lane->cut_text, (int64_t)UPI_BATCH_ROWS * SLOT, err));
    }
    UP_TRY(UP_NEW(&lane->cut_validity, VALIDITY_WORDS, err));
out:
    return status;
}

static void
set_valid(uint64_t *validity, int64_t i, bool valid)
{
    uint64_t bit = (uint64_t)1 << (i & 63);
    validity[i >> 6] = valid ? validity[i >> 6] | bit : validity[i >> 6] & ~bit;
}

/* Numbers as text stand in slots that the next conversion overwrites: long ones move to
 * slots of the batch under way. */
static void
keep_text(upi_lane *lane, int64_t at, int64_t n)
{
    upi_str *s = lane->cut;
    for (int64_t i = at; lane->cut_text != NULL && i < at + n; i++) {
        uint32_t length = upi_str_length(&s[i]);
        if (length > 12) {
            char *slot = lane->cut_text + i * SLOT;
            memcpy(slot, upi_str_data(&s[i]), length);
            s[i] = upi_str_make(slot, length);
        }
    }
}

up_status
upi_lanes_append(upi_lanes *l, int64_t at, int64_t first, int64_t n, up_error *err)
{
    for (int64_t j = 0; j < l->n; j++) {
        up_status status = cut_make(&l->lane[j], err);
        if (status != UP_OK) {
            return status;
        }
        const upi_column *c = &l->columns[j];
        size_t size = upi_type_size(c->type);
        memcpy((char *)l->lane[j].cut + (size_t)at * size,
            (const char *)c->data + (size_t)first * size, (size_t)n * size);
        keep_text(&l->lane[j], at, n);
        for (int64_t i = 0; i < n; i++) {
            set_valid(l->lane[j].cut_validity, at + i, upi_valid(c, first + i));
        }
    }
    return UP_OK;
}

up_status
upi_lanes_append_kept(
    upi_lanes *l, const upi_column *keep, int64_t n, int64_t *kept, up_error *err)
{
    uint16_t rows[UPI_BATCH_ROWS] = {0};
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        rows[m] = (uint16_t)i;
        m += upi_valid(keep, i) && ((const uint8_t *)keep->data)[i];
    }
    *kept = m;
    for (int64_t j = 0; j < l->n; j++) {
        up_status status = cut_make(&l->lane[j], err);
        if (status != UP_OK) {
            return status;
        }
        const upi_column *c = &l->columns[j];
        size_t size = upi_type_size(c->type);
        for (int64_t i = 0; i < m; i++) {
            memcpy((char *)l->lane[j].cut + (size_t)i * size,
                (const char *)c->data + (size_t)rows[i] * size, size);
            set_valid(l->lane[j].cut_validity, i, upi_valid(c, rows[i]));
        }
    }
    return UP_OK;
}

upi_batch
upi_lanes_whole(const upi_lanes *l, int64_t n)
{
    return (upi_batch){n, l->n, l->columns};
}

upi_batch
upi_lanes_cut(const upi_lanes *l, int64_t n)
{
    for (int64_t j = 0; j < l->n; j++) {
        l->pieces[j] =
            (upi_column){l->lane[j].to, l->lane[j].cut, l->lane[j].cut_validity};
    }
    return (upi_batch){n, l->n, l->pieces};
}
