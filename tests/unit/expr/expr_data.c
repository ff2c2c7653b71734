#include "expr_data.h"

#include <math.h>

static const char *const names[DATA_COLUMNS] = {
    "x", "y", "i", "j", "b", "c", "s", "u", "d", "e", "t"};
static const upi_type types[DATA_COLUMNS] = {UPI_F64, UPI_F64, UPI_I64, UPI_I64,
    UPI_BOOL, UPI_BOOL, UPI_STR, UPI_STR, UPI_DATE, UPI_DATE, UPI_TIME};
const upi_schema data_schema = {DATA_COLUMNS, names, types};

uint64_t
data_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double
pick_double(uint64_t *state)
{
    const double special[] = {0.0, -0.0, 1, -1, 0.5, 2.5, 3, 700, 1000, -1000, 1e300,
        -1e300, 1e-300, (double)NAN, (double)INFINITY, -(double)INFINITY,
        9007199254740993.0, 0.1};
    uint64_t r = data_random(state);
    if (r % 3 != 0) {
        return special[(r >> 8) % (sizeof special / sizeof special[0])];
    }
    return (double)(int64_t)(r >> 40) / 1024.0 - 8192.0;
}

static int64_t
pick_integer(uint64_t *state)
{
    const int64_t special[] = {0, 1, -1, 2, 3, 5, 7, -7, 100, INT64_MAX, INT64_MIN,
        INT64_MAX - 1, 9007199254740993, 9007199254740992};
    uint64_t r = data_random(state);
    if (r % 3 != 0) {
        return special[(r >> 8) % (sizeof special / sizeof special[0])];
    }
    return (int64_t)(r >> 54) - 512;
}

static upi_str
pick_text(uint64_t *state)
{
    static const char *const special[] = {"", "a", "A", "b", "US", "DE", "desktop",
        "mobile", "it's", "twelve bytes", "twelve bytez", "thirteen byte",
        "thirteen bytf", "thirteen bytes and more", "thirteen bytes and less",
        "\xC3\xA9t\xC3\xA9", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "\xF0\x9F\x98\x80",
        "z", "zz", "a\nb", "\"q\"", "thi", "thirt"};
    const char *s = special[data_random(state) % (sizeof special / sizeof special[0])];
    return upi_str_make(s, (uint32_t)strlen(s));
}

static int64_t
pick_date(uint64_t *state)
{
    /* 1970-01-01, 2020-12-28, -31, 2021-01-01, -03, -04, 2024-02-29, 1969-12-31, 1900-02-28 */
    const int64_t special[] = {0, 18624, 18627, 18628, 18630, 18631, 19782, -1, -25509};
    uint64_t r = data_random(state);
    if (r % 3 == 0) {
        return special[(r >> 8) % (sizeof special / sizeof special[0])];
    }
    return (int64_t)((r >> 8) % 40000) - 10000;
}

void
data_fill(data_table *t, int64_t n, uint64_t seed)
{
    uint64_t state = seed;
    memset(t, 0, sizeof *t);
    t->n = n;
    for (int64_t k = 0; k < n; k++) {
        t->x[k] = pick_double(&state);
        t->y[k] = pick_double(&state);
        t->i[k] = pick_integer(&state);
        t->j[k] = pick_integer(&state);
        t->b[k] = data_random(&state) & 1;
        t->c[k] = data_random(&state) & 1;
        t->s[k] = pick_text(&state);
        t->u[k] = pick_text(&state);
        t->d[k] = pick_date(&state);
        t->e[k] = pick_date(&state);
        t->t[k] = pick_date(&state) * INT64_C(86400000000) +
                  (int64_t)(data_random(&state) % UINT64_C(86400000000)) *
                      (data_random(&state) % 4 != 0);
        for (int col = 0; col < DATA_COLUMNS; col++) {
            bool valid = data_random(&state) % 7 != 0;
            t->valid[col][k >> 6] |= (uint64_t)valid << (k & 63);
        }
    }
    const void *data[DATA_COLUMNS] = {
        t->x, t->y, t->i, t->j, t->b, t->c, t->s, t->u, t->d, t->e, t->t};
    for (int col = 0; col < DATA_COLUMNS; col++) {
        t->columns[col] = (upi_column){types[col], data[col], t->valid[col]};
    }
    t->batch = (upi_batch){n, DATA_COLUMNS, t->columns};
}
