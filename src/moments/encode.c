/* Columns to codes and numbers, one column at a time, with missing and infinite values
 * counted by column and arm. A row that any counted column leaves out is marked first and
 * removed at the end, so that the loops over good rows have no branches.
 *
 * Text clusters are known by a 64-bit hash: among a million clusters two share one with
 * probability 3e-8. */
#include "moments/encode.h"

#include <math.h>
#include <string.h>

enum { ROWS = UPI_BATCH_ROWS };

up_status
upi_encoder_make(const upi_plan *p, upi_levels *l, upi_encoder **out, up_error *err)
{
    up_status status = UP_OK;
    upi_encoder *e = NULL;
    UP_TRY(UP_NEW(&e, 1, err));
    e->plan = p;
    e->levels = l;
    UP_TRY(UP_NEW(&e->cache, p->n_keys, err));
    for (int64_t k = 0; k < p->n_keys; k++) {
        UP_TRY(upi_dict_init(&e->cache[k], p->keys[k].type, err));
    }
    UP_TRY(UP_NEW(&e->code, p->n_keys * ROWS, err));
    UP_TRY(UP_NEW(&e->v, p->shape.nv * ROWS, err));
    if (p->row_weighted) {
        UP_TRY(UP_NEW(&e->weight, ROWS, err));
    }
    for (int64_t w = 0; w < p->shape.ways; w++) {
        UP_TRY(UP_NEW(&e->cluster[w], ROWS, err));
    }
    if (p->unit) {
        UP_TRY(UP_NEW(&e->unit, ROWS, err));
    }
    UP_TRY(UP_NEW(&e->row, ROWS, err));
    UP_TRY(UP_NEW(&e->bad, ROWS, err));
    UP_TRY(UP_NEW(&e->missing, p->n_counted * UPI_ARM_CODES, err));
    UP_TRY(UP_NEW(&e->infinite, p->n_counted * UPI_ARM_CODES, err));
    *out = e;
    e = NULL;
out:
    upi_encoder_free(e);
    return status;
}

void
upi_encoder_free(upi_encoder *e)
{
    if (e == NULL) {
        return;
    }
    for (int64_t k = 0; e->cache != NULL && k < e->plan->n_keys; k++) {
        upi_dict_free(&e->cache[k]);
    }
    upi_free(e->cache);
    upi_free(e->code);
    upi_free(e->v);
    upi_free(e->weight);
    upi_free(e->cluster[0]);
    upi_free(e->cluster[1]);
    upi_free(e->unit);
    upi_free(e->row);
    upi_free(e->bad);
    upi_free(e->missing);
    upi_free(e->infinite);
    upi_free(e);
}

static int32_t
arm_of(const upi_encoder *e, int64_t row)
{
    return e->code[e->plan->arm * ROWS + row];
}

static void
leave_out(upi_encoder *e, int64_t row)
{
    e->bad[row] = 1;
    e->any_bad = true;
}

static void
count_missing(upi_encoder *e, const upi_plan_column *c, int64_t row)
{
    e->missing[c->counted * UPI_ARM_CODES + arm_of(e, row)]++;
    leave_out(e, row);
}

static void
count_infinite(upi_encoder *e, const upi_plan_column *c, int64_t row)
{
    e->infinite[c->counted * UPI_ARM_CODES + arm_of(e, row)]++;
    leave_out(e, row);
}

/* Bits that are all set only in NaN and infinities. */
static inline uint64_t
not_finite(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    bits &= UINT64_C(0x7ff0000000000000);
    return bits == UINT64_C(0x7ff0000000000000);
}

/* Column i as doubles in out with a stride; null and NaN become NaN. True when some value is
 * not finite. */
static bool
numbers(const upi_column *c, int64_t n, double *out, int64_t stride)
{
    uint64_t odd = 0;
    if (c->type == UPI_F64) {
        const double *x = c->data;
        for (int64_t i = 0; i < n; i++) {
            out[i * stride] = x[i];
            odd |= not_finite(x[i]);
        }
    } else if (c->type == UPI_BOOL) {
        const uint8_t *x = c->data;
        for (int64_t i = 0; i < n; i++) {
            out[i * stride] = x[i] != 0;
        }
    } else {
        const int64_t *x = c->data;
        for (int64_t i = 0; i < n; i++) {
            out[i * stride] = (double)x[i];
        }
    }
    for (int64_t i = 0; c->validity != NULL && i < n; i++) {
        if (!upi_valid(c, i)) {
            out[i * stride] = NAN;
            odd = 1;
        }
    }
    return odd != 0;
}

static void
take_value(
    upi_encoder *e, const upi_plan_column *c, const upi_column *column, int64_t n)
{
    int64_t nv = e->plan->shape.nv;
    double *out = e->v + c->index;
    if (!numbers(column, n, out, nv)) {
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double x = out[i * nv];
        if (isnan(x) && c->missing_key >= 0) {
            e->missing[c->counted * UPI_ARM_CODES + arm_of(e, i)]++;
            e->code[c->missing_key * ROWS + i] = 2;
            out[i * nv] = 0;
        } else if (isnan(x)) {
            count_missing(e, c, i);
        } else if (isinf(x)) {
            count_infinite(e, c, i);
        }
    }
}

/* True when some of n doubles is not finite: adding 1 to an exponent of ones sets the sign. */
static bool
any_not_finite(int64_t n, const double *x)
{
    uint64_t odd = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &x[i], sizeof bits);
        odd |= (bits & UINT64_C(0x7ff0000000000000)) + UINT64_C(0x0010000000000000);
    }
    return odd >> 63 != 0;
}

/* Four columns of finite numbers that stand side by side in v: rows are written in pieces, not
 * in single numbers far apart. False when the columns are others. */
static bool
take_four(upi_encoder *e, const upi_plan_column *c, const upi_column *column, int64_t n)
{
    int64_t nv = e->plan->shape.nv;
    const double *x[4];
    for (int64_t j = 0; j < 4; j++) {
        x[j] = column[j].data;
        if (c[j].use != UPI_USE_VALUE || c[j].index != c[0].index + j ||
            c[j].type != UPI_F64 || column[j].type != UPI_F64 ||
            column[j].validity != NULL || any_not_finite(n, x[j])) {
            return false;
        }
    }
    double *out = e->v + c->index;
    for (int64_t i = 0; i < n; i++) {
        const double row[4] = {x[0][i], x[1][i], x[2][i], x[3][i]};
        memcpy(out + i * nv, row, sizeof row);
    }
    return true;
}

static void
count_odd(upi_odd *odd, double x)
{
    odd->low = odd->n == 0 || x < odd->low ? x : odd->low;
    odd->high = odd->n == 0 || x > odd->high ? x : odd->high;
    odd->n++;
}

/* The row weight is weight / propensity. */
static void
take_scale(
    upi_encoder *e, const upi_plan_column *c, const upi_column *column, int64_t n)
{
    double x[ROWS], *weight = e->weight;
    UP_ASSERT(weight != NULL);
    (void)numbers(column, n, x, 1);
    bool propensity = c->index == 1;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) {
            count_missing(e, c, i);
        } else if (isinf(x[i])) {
            count_infinite(e, c, i);
        } else if (!(x[i] > 0) || (propensity && x[i] >= 1)) {
            count_odd(&e->odd[c->index], x[i]);
            leave_out(e, i);
        } else {
            weight[i] *= propensity ? 1 / x[i] : x[i];
        }
    }
}

static up_status
code_of(upi_encoder *e, int64_t key, const upi_cell *cell, int32_t *code, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_levels_learn(e->levels, key, cell, code, err));
    if (!atomic_load(&e->levels->over)) {
        UP_TRY(upi_dict_add(&e->cache[key], cell, *code, err));
    }
out:
    return status;
}

/* A function that codes the rows of a key column of one type; 0 where the value is missing,
 * and then *gaps is set. The functions differ in how a value becomes a cell. */
#define CODES(NAME, TYPE, CELL, USABLE)                                                \
    static up_status NAME(upi_encoder *e, int64_t key, const upi_column *column,       \
        int64_t n, bool *gaps, up_error *err)                                          \
    {                                                                                  \
        up_status status = UP_OK;                                                      \
        const upi_dict *cache = &e->cache[key];                                        \
        int32_t *code = e->code + key * ROWS;                                          \
        const __typeof__(TYPE) *x = column->data;                                      \
        for (int64_t i = 0; i < n; i++) {                                              \
            bool usable = upi_valid(column, i) && (USABLE);                            \
            upi_cell cell = usable ? (CELL) : (upi_cell){.word = {0, 0}};              \
            code[i] = usable ? upi_dict_find(cache, &cell) : 0;                        \
            *gaps = *gaps || !usable;                                                  \
            UP_TRY(code[i] < 0 ? code_of(e, key, &cell, &code[i], err) : UP_OK);       \
        }                                                                              \
    out:                                                                               \
        return status;                                                                 \
    }
CODES(code_texts, upi_str, (upi_cell){.text = x[i]}, true)
CODES(code_doubles, double, upi_cell_double(x[i]), !not_finite(x[i]))
CODES(code_booleans, uint8_t, upi_cell_integer(x[i] != 0), true)
CODES(code_integers, int64_t, upi_cell_integer(x[i]), true)
#undef CODES

static up_status
take_codes(upi_encoder *e, int64_t key, const upi_column *column, int64_t n, bool *gaps,
    up_error *err)
{
    switch (column->type) {
    case UPI_STR:
        return code_texts(e, key, column, n, gaps, err);
    case UPI_F64:
        return code_doubles(e, key, column, n, gaps, err);
    case UPI_BOOL:
        return code_booleans(e, key, column, n, gaps, err);
    default:
        return code_integers(e, key, column, n, gaps, err);
    }
}

static bool
is_infinite(const upi_column *column, int64_t row)
{
    return column->type == UPI_F64 && upi_valid(column, row) &&
           isinf(((const double *)column->data)[row]);
}

/* A missing number counts as 0, and its indicator is set. */
static up_status
indicate(upi_encoder *e, const upi_plan_column *c, int64_t row, up_error *err)
{
    up_status status = UP_OK;
    upi_cell zero = c->type == UPI_F64 ? upi_cell_double(0) : upi_cell_integer(0);
    int32_t *code = e->code + c->index * ROWS + row;
    e->code[c->missing_key * ROWS + row] = 2;
    *code = upi_dict_find(&e->cache[c->index], &zero);
    if (*code < 0) {
        UP_TRY(code_of(e, c->index, &zero, code, err));
    }
out:
    return status;
}

/* What becomes of a row whose key has no value. */
static up_status
settle_gap(upi_encoder *e, const upi_plan_column *c, const upi_column *column,
    int64_t row, up_error *err)
{
    if (is_infinite(column, row)) {
        count_infinite(e, c, row);
        return UP_OK;
    }
    if (!c->own_level && c->missing_key < 0) {
        count_missing(e, c, row);
        return UP_OK;
    }
    if (c->counted >= 0) {
        e->missing[c->counted * UPI_ARM_CODES + arm_of(e, row)]++;
    }
    return c->missing_key >= 0 ? indicate(e, c, row, err) : UP_OK;
}

static up_status
take_key(upi_encoder *e, const upi_plan_column *c, const upi_column *column, int64_t n,
    up_error *err)
{
    up_status status = UP_OK;
    bool gaps = false;
    UP_TRY(take_codes(e, c->index, column, n, &gaps, err));
    const int32_t *code = e->code + c->index * ROWS;
    for (int64_t i = 0; gaps && i < n; i++) {
        UP_TRY(code[i] == 0 ? settle_gap(e, c, column, i, err) : UP_OK);
    }
out:
    return status;
}

uint64_t
upi_cluster_id(const upi_column *c, int64_t row)
{
    if (c->type == UPI_STR) {
        const upi_str *s = (const upi_str *)c->data + row;
        return upi_hash_bytes(upi_str_data(s), upi_str_length(s), 0);
    }
    if (c->type == UPI_BOOL) {
        return ((const uint8_t *)c->data)[row] != 0;
    }
    if (c->type == UPI_F64) {
        /* A whole number is the same id however the file spells it: 7 or 7.0. */
        double x = ((const double *)c->data)[row];
        return fabs(x) < 0x1p53 && x == floor(x) ? (uint64_t)(int64_t)x
                                                 : upi_cell_double(x).word[0];
    }
    return (uint64_t)((const int64_t *)c->data)[row];
}

/* Whole numbers of this size and above are rounded in a double: two ids could be one. */
static up_status
refuse_rounded(const upi_plan_column *c, double x, up_error *err)
{
    up_status status = c->use == UPI_USE_UNIT ? UP_E_UNIT : UP_E_CLUSTER;
    (void)upi_fail(err, status, c->name,
        "'%s' holds the number %.17g: ids beyond 9007199254740992 in a number column "
        "cannot be told apart",
        c->name, x);
    (void)upi_fix(err, "store them as text (in a text file with a letter before the "
                       "digits) or as 64-bit integers");
    return status;
}

static up_status
take_ids(upi_encoder *e, const upi_plan_column *c, const upi_column *column, int64_t n,
    up_error *err)
{
    uint64_t *id = c->use == UPI_USE_UNIT ? e->unit : e->cluster[c->index];
    for (int64_t i = 0; i < n; i++) {
        double x = column->type == UPI_F64 ? ((const double *)column->data)[i] : 0;
        if (fabs(x) >= 0x1p53 && upi_valid(column, i)) {
            return refuse_rounded(c, x, err);
        }
        if (!upi_valid(column, i) || isnan(x)) {
            id[i] = 0;
            count_missing(e, c, i);
            continue;
        }
        id[i] = upi_cluster_id(column, i);
        if (c->use == UPI_USE_UNIT && column->type != UPI_STR) {
            id[i] = upi_hash_u64(id[i]);
        }
    }
    return UP_OK;
}

/* Moves the rows that are left to the front. */
static void
remove_bad(upi_encoder *e, int64_t n)
{
    const upi_plan *p = e->plan;
    int64_t nv = p->shape.nv, kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (e->bad[i]) {
            continue;
        }
        e->row[kept] = (int32_t)i;
        memmove(e->v + kept * nv, e->v + i * nv, (size_t)nv * sizeof *e->v);
        kept++;
    }
    for (int64_t i = 0; i < kept; i++) {
        int64_t from = e->row[i];
        for (int64_t k = 0; k < p->n_keys; k++) {
            e->code[k * ROWS + i] = e->code[k * ROWS + from];
        }
        for (int64_t w = 0; w < p->shape.ways; w++) {
            e->cluster[w][i] = e->cluster[w][from];
        }
        if (e->weight != NULL) {
            e->weight[i] = e->weight[from];
        }
        if (e->unit != NULL) {
            e->unit[i] = e->unit[from];
        }
    }
    memset(e->bad, 0, (size_t)n);
    e->any_bad = false;
    e->n = kept;
}

static up_status
take_column(upi_encoder *e, const upi_plan_column *c, const upi_column *column,
    int64_t n, up_error *err)
{
    if (column->type != c->type) {
        return upi_fail(err, UP_E_INTERNAL, c->name, "'%s' came as %s, not %s", c->name,
            upi_type_name(column->type), upi_type_name(c->type));
    }
    switch (c->use) {
    case UPI_USE_KEY:
        return take_key(e, c, column, n, err);
    case UPI_USE_VALUE:
        take_value(e, c, column, n);
        break;
    case UPI_USE_SCALE:
        take_scale(e, c, column, n);
        break;
    default:
        return take_ids(e, c, column, n, err);
    }
    return UP_OK;
}

/* Indicators are false and row weights 1 until a column says otherwise. */
static void
begin_batch(upi_encoder *e, int64_t n)
{
    const upi_plan *p = e->plan;
    for (int64_t k = 0; k < p->n_keys; k++) {
        for (int64_t i = 0; p->keys[k].role == UPI_KEY_MISSING && i < n; i++) {
            e->code[k * ROWS + i] = 1;
        }
    }
    for (int64_t i = 0; e->weight != NULL && i < n; i++) {
        e->weight[i] = 1;
    }
    e->n_read += n;
}

up_status
upi_encoder_take(upi_encoder *e, const upi_batch *batch, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = e->plan;
    int64_t n = batch->n;
    if (n > ROWS || batch->n_columns < p->n_columns) {
        return upi_fail(err, UP_E_INTERNAL, NULL,
            "a batch of %lld rows and %lld columns", (long long)n,
            (long long)batch->n_columns);
    }
    begin_batch(e, n);
    for (int64_t j = 0; j < p->n_columns; j++) {
        if (j + 4 <= p->n_columns &&
            take_four(e, &p->columns[j], &batch->columns[j], n)) {
            j += 3;
            continue;
        }
        UP_TRY(take_column(e, &p->columns[j], &batch->columns[j], n, err));
    }
    e->n = n;
    if (e->any_bad) {
        remove_bad(e, n);
        goto out;
    }
    for (int64_t i = 0; i < n; i++) {
        e->row[i] = (int32_t)i;
    }
out:
    return status;
}
