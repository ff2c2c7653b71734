/* The pass over the rows. Every sum is of integers (weights and values are rounded to a grid that is
 * fixed by the description), so that the order in which workers add does not matter. */
#include "base/pool.h"
#include "check/audit.h"
#include "engine/tally.h"
#include "expr/calendar.h"

#include <math.h>
#include <string.h>

enum { MOST_COLUMNS = 2048, CODES = 256, MOST_WEIGHT = 1024, MOST_SPREAD = 64 };

/* ---- what stands for a missing value ---- */

bool
upi_sentinel_number(int i, double *value)
{
    static const double numbers[] = {
        -1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999};
    bool is = i < (int)(sizeof numbers / sizeof numbers[0]);
    *value = is ? numbers[i] : 0;
    return is;
}

bool
upi_sentinel_day(int i, int64_t *day)
{
    static const int dates[][3] = {{1, 1, 1}, {1900, 1, 1}, {1970, 1, 1},
        {2099, 12, 31}, {2100, 1, 1}, {2999, 12, 31}, {9999, 12, 31}};
    bool is = i < (int)(sizeof dates / sizeof dates[0]);
    *day = is ? upi_days_from_civil(dates[i][0], dates[i][1], dates[i][2]) : 0;
    return is;
}

const char *
upi_sentinel_word(int i)
{
    static const char *const words[UPI_AUDIT_WORDS] = {"", "-", "--", "?", ".", "n/a",
        "na", "#n/a", "nan", "null", "(null)", "none", "unknown", "undefined",
        "missing", "not available"};
    return i < UPI_AUDIT_WORDS ? words[i] : NULL;
}

int
upi_sentinel_word_of(const char *s, size_t n)
{
    while (n > 0 && s[0] == ' ') {
        s++;
        n--;
    }
    while (n > 0 && s[n - 1] == ' ') {
        n--;
    }
    for (int i = 0; n <= 13 && i < UPI_AUDIT_WORDS; i++) {
        const char *word = upi_sentinel_word(i);
        size_t k = 0;
        while (k < n && word[k] != '\0' &&
               (s[k] >= 'A' && s[k] <= 'Z' ? s[k] + 32 : s[k]) == word[k]) {
            k++;
        }
        if (k == n && word[n] == '\0') {
            return i;
        }
    }
    return -1;
}

/* Its smallest or largest value is one of those numbers. */
static bool
has_odd_end(const upi_audit_column *c)
{
    double value = 0;
    bool hit = false;
    bool number = c->type == UPI_F64 || c->type == UPI_I64;
    for (int i = 0; number && upi_sentinel_number(i, &value); i++) {
        hit = hit || c->info.min == value || c->info.max == value;
    }
    return hit;
}

/* ---- what the workers share ---- */

/* From the hash of a value to its place among the levels. */
typedef struct codes {
    uint64_t hash[CODES]; /* 0 = free */
    int code[CODES];
} codes;

typedef struct worker {
    upi_audit_scan found;
    int64_t range, offset;
    uint64_t hash[UPI_BATCH_ROWS], row[UPI_BATCH_ROWS], arm_hash[UPI_BATCH_ROWS],
        unit[UPI_BATCH_ROWS];
    int64_t assigned[UPI_BATCH_ROWS]; /* microseconds; INT64_MIN = not known */
    int arm[UPI_BATCH_ROWS], group[UPI_BATCH_ROWS];
    uint64_t weight[UPI_BATCH_ROWS];
} worker;

typedef struct pass {
    const upi_audit_scan *scan;
    int64_t *field; /* (n_columns) place in the batch, -1 = not read */
    codes *level;   /* (n_columns) of the columns compared by level; the arm too */
    bool *odd;      /* (n_columns) may hold values that stand for missing ones */
    int n_workers;
    worker **workers;
} pass;

static void
codes_make(codes *c, const upi_level *levels, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t at = levels[i].hash % CODES;
        while (c->hash[at] != 0) {
            at = (at + 1) % CODES;
        }
        c->hash[at] = levels[i].hash;
        c->code[at] = (int)i;
    }
}

static int
code_of(const codes *c, uint64_t hash)
{
    uint64_t at = hash % CODES;
    while (hash != 0 && c->hash[at] != 0) {
        if (c->hash[at] == hash) {
            return c->code[at];
        }
        at = (at + 1) % CODES;
    }
    return -1;
}

/* ---- what is found, made and added up ---- */

static up_status
found_make(const upi_audit_scan *plan, upi_audit_scan *to, up_error *err)
{
    up_status status = UP_OK;
    *to = (upi_audit_scan){
        .columns = plan->columns, .n_columns = plan->n_columns, .n_arms = plan->n_arms};
    UP_TRY(UP_NEW(&to->arm_rows, plan->n_arms, err));
    UP_TRY(UP_NEW(&to->arm_weight, plan->n_arms, err));
    UP_TRY(UP_NEW(&to->odd, plan->n_columns, err));
    UP_TRY(UP_NEW(&to->dates, plan->n_columns, err));
    UP_TRY(UP_NEW(&to->tests, UPI_AUDIT_TESTS, err));
    for (int64_t j = 0; j < plan->n_columns; j++) {
        to->odd[j].low = (double)INFINITY;
        to->odd[j].high = -(double)INFINITY;
        if (plan->compared[j] == UPI_COMPARE_NOT || to->n_tests == UPI_AUDIT_TESTS) {
            continue;
        }
        upi_audit_test *t = &to->tests[to->n_tests++];
        t->column = j;
        t->n_levels =
            plan->compared[j] == UPI_COMPARE_LEVELS ? plan->columns[j].n_levels : 0;
        int64_t rows = (t->n_levels > 0 ? t->n_levels : 1) * plan->n_arms;
        UP_TRY(UP_NEW(&t->rows, rows, err));
        UP_TRY(UP_NEW(&t->cells, rows * UPI_AUDIT_GROUPS, err));
    }
out:
    return status;
}

static void
found_clear(upi_audit_scan *s)
{
    for (int64_t k = 0; s->tests != NULL && k < s->n_tests; k++) {
        upi_free(s->tests[k].cells);
        upi_free(s->tests[k].rows);
    }
    upi_free(s->tests);
    upi_free(s->arm_rows);
    upi_free(s->arm_weight);
    upi_free(s->odd);
    upi_free(s->dates);
    for (int k = 0; k < UPI_AUDIT_IDS; k++) {
        upi_sample_free(&s->id[k]);
    }
    upi_sample_free(&s->by_time);
    upi_sample_free(&s->whole_rows);
    s->arm_rows = NULL;
    s->arm_weight = NULL;
    s->tests = NULL;
    s->odd = NULL;
    s->dates = NULL;
    s->n_tests = s->rows = 0;
}

void
upi_audit_scan_clear(upi_audit_scan *scan)
{
    found_clear(scan);
}

static void
add_columns(upi_audit_scan *to, const upi_audit_scan *from)
{
    for (int64_t j = 0; j < to->n_columns; j++) {
        upi_audit_odd *odd = &to->odd[j];
        for (int i = 0; i < UPI_AUDIT_WORDS; i++) {
            odd->count[i] += from->odd[j].count[i];
        }
        odd->rest += from->odd[j].rest;
        odd->low = fmin(odd->low, from->odd[j].low);
        odd->high = fmax(odd->high, from->odd[j].high);
        to->dates[j].before += from->dates[j].before;
        to->dates[j].after += from->dates[j].after;
        to->dates[j].same += from->dates[j].same;
        to->dates[j].late += from->dates[j].late;
    }
}

static up_status
found_add(upi_audit_scan *to, const upi_audit_scan *from, up_error *err)
{
    up_status status = UP_OK;
    to->rows += from->rows;
    for (int64_t a = 0; a < to->n_arms; a++) {
        to->arm_rows[a] += from->arm_rows[a];
        to->arm_weight[a] += from->arm_weight[a];
    }
    for (int64_t k = 0; k < to->n_tests; k++) {
        upi_audit_test *t = &to->tests[k];
        int64_t n = (t->n_levels > 0 ? t->n_levels : 1) * to->n_arms;
        for (int64_t i = 0; i < n; i++) {
            t->rows[i] += from->tests[k].rows[i];
        }
        for (int64_t i = 0; i < n * UPI_AUDIT_GROUPS; i++) {
            t->cells[i].w += from->tests[k].cells[i].w;
            t->cells[i].wx += from->tests[k].cells[i].wx;
        }
    }
    add_columns(to, from);
    for (int k = 0; k < UPI_AUDIT_IDS; k++) {
        UP_TRY(upi_sample_merge(&to->id[k], &from->id[k], err));
    }
    UP_TRY(upi_sample_merge(&to->by_time, &from->by_time, err));
    UP_TRY(upi_sample_merge(&to->whole_rows, &from->whole_rows, err));
out:
    return status;
}

/* ---- one batch ---- */

static const upi_column *
column_at(const pass *p, const upi_batch *b, int64_t j)
{
    return j >= 0 && p->field[j] >= 0 ? &b->columns[p->field[j]] : NULL;
}

static void
hash_column(const upi_column *c, int64_t n, uint64_t *out)
{
    for (int64_t i = 0; i < n; i++) {
        out[i] = upi_tally_hash(c, i);
    }
}

static bool
number_at(const upi_column *c, int64_t i, double *x)
{
    *x = !upi_valid(c, i)      ? (double)NAN
         : c->type == UPI_F64  ? ((const double *)c->data)[i]
         : c->type == UPI_BOOL ? (double)((const uint8_t *)c->data)[i]
         : c->type == UPI_STR  ? (double)NAN
                               : (double)((const int64_t *)c->data)[i];
    return isfinite(*x);
}

/* Arm, random group and weight of every row, and what it was assigned at. */
static void
read_roles(const pass *p, worker *w, int64_t range, const upi_batch *b)
{
    const upi_audit_scan *s = p->scan;
    const upi_column *arm = column_at(p, b, s->roles.arm);
    const upi_column *group = column_at(p, b, s->group);
    const upi_column *weight = column_at(p, b, s->roles.propensity);
    const upi_column *assigned = column_at(p, b, s->roles.assigned_at);
    w->offset = w->range == range ? w->offset : 0;
    w->range = range;
    for (int64_t i = 0; i < b->n; i++) {
        uint64_t h = group != NULL ? upi_tally_hash(group, i) : 0;
        double x = 1;
        w->row[i] = 0;
        w->arm_hash[i] = arm != NULL ? upi_tally_hash(arm, i) : 0;
        w->arm[i] = arm != NULL ? code_of(&p->level[s->roles.arm], w->arm_hash[i]) : -1;
        h = h != 0 ? h : upi_hash_u64((uint64_t)range << 32 ^ (uint64_t)w->offset);
        w->group[i] = (int)(upi_hash_u64(h + 1) % UPI_AUDIT_GROUPS);
        if (weight != NULL) {
            x = number_at(weight, i, &x) && x > 0 ? fmin(1 / x, MOST_WEIGHT) : 0;
        }
        w->weight[i] = (uint64_t)(x * UPI_AUDIT_WEIGHT + 0.5);
        w->assigned[i] = INT64_MIN;
        if (assigned != NULL && upi_valid(assigned, i)) {
            int64_t v = ((const int64_t *)assigned->data)[i];
            w->assigned[i] = assigned->type == UPI_DATE ? upi_micros_of_days(v) : v;
        }
        if (w->arm[i] >= 0) {
            w->found.arm_rows[w->arm[i]]++;
            w->found.arm_weight[w->arm[i]] += w->weight[i];
        }
        w->offset++;
    }
    w->found.rows += b->n;
}

static void
add_values(const pass *p, worker *w, upi_audit_test *t, const upi_column *c, int64_t n)
{
    const up_column_info *info = &p->scan->columns[t->column].info;
    double scale = info->sd > 0 ? UPI_AUDIT_VALUE / info->sd : 0;
    const double most = UPI_AUDIT_VALUE * MOST_SPREAD;
    for (int64_t i = 0; i < n; i++) {
        double x = 0;
        if (w->arm[i] < 0 || !number_at(c, i, &x)) {
            continue;
        }
        double z = fmax(fmin((x - info->mean) * scale, most), -most);
        upi_audit_cell *cell = &t->cells[w->arm[i] * UPI_AUDIT_GROUPS + w->group[i]];
        t->rows[w->arm[i]]++;
        cell->w += w->weight[i];
        cell->wx += w->weight[i] * (uint64_t)(int64_t)floor(z + 0.5);
    }
}

static void
add_levels(const pass *p, worker *w, upi_audit_test *t, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int level = w->arm[i] < 0 ? -1 : code_of(&p->level[t->column], w->hash[i]);
        if (level >= 0) {
            int64_t at = level * p->scan->n_arms + w->arm[i];
            t->rows[at]++;
            t->cells[at * UPI_AUDIT_GROUPS + w->group[i]].w += w->weight[i];
        }
    }
}

static void
add_rest(upi_audit_odd *odd, double x)
{
    odd->rest++;
    odd->low = x < odd->low ? x : odd->low;
    odd->high = x > odd->high ? x : odd->high;
}

static void
look_for_odd(upi_audit_odd *odd, const upi_column *c, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int found = -1;
        double x = 0;
        double value = 0;
        if (!upi_valid(c, i)) {
            continue;
        }
        if (c->type == UPI_STR) {
            const upi_str *s = (const upi_str *)c->data + i;
            found = upi_sentinel_word_of(upi_str_data(s), upi_str_length(s));
        } else if (c->type == UPI_DATE || c->type == UPI_TIME) {
            int64_t v = ((const int64_t *)c->data)[i];
            int64_t own = c->type == UPI_DATE ? v : upi_days_of_micros(v);
            int64_t day = 0;
            x = (double)own;
            for (int k = 0; found < 0 && upi_sentinel_day(k, &day); k++) {
                found = own == day ? k : -1;
            }
        } else if (number_at(c, i, &x)) {
            for (int k = 0; found < 0 && upi_sentinel_number(k, &value); k++) {
                found = x == value ? k : -1;
            }
        } else {
            continue;
        }
        if (found >= 0) {
            odd->count[found]++;
        } else {
            add_rest(odd, x);
        }
    }
}

static void
look_at_dates(const pass *p, worker *w, int64_t j, const upi_column *c, int64_t n)
{
    const upi_audit_scan *s = p->scan;
    upi_audit_dates *to = &w->found.dates[j];
    bool days =
        c->type == UPI_DATE || (s->roles.assigned_at >= 0 &&
                                   s->columns[s->roles.assigned_at].type == UPI_DATE);
    for (int64_t i = 0; i < n; i++) {
        if (!upi_valid(c, i)) {
            continue;
        }
        int64_t v = ((const int64_t *)c->data)[i];
        int64_t day = c->type == UPI_DATE ? v : upi_days_of_micros(v);
        to->late += s->has_as_of && day > s->as_of;
        if (w->assigned[i] == INT64_MIN) {
            continue;
        }
        int64_t then = days ? upi_days_of_micros(w->assigned[i]) : w->assigned[i];
        int64_t own = days ? day : v;
        to->before += own < then;
        to->after += own > then;
        to->same += own == then;
    }
}

static up_status
count_ids(worker *w, int64_t k, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; status == UP_OK && i < n; i++) {
        if (w->hash[i] != 0) {
            status = upi_sample_add(&w->found.id[k], w->hash[i], w->arm_hash[i], err);
        }
    }
    return status;
}

static up_status
look_at_column(
    pass *p, worker *w, int64_t j, const upi_column *c, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    const upi_audit_scan *s = p->scan;
    hash_column(c, n, w->hash);
    for (int64_t i = 0; i < n; i++) {
        w->row[i] = (w->row[i] ^ w->hash[i]) * UINT64_C(0x9e3779b97f4a7c15);
        w->row[i] ^= w->row[i] >> 32;
    }
    for (int64_t k = 0; k < w->found.n_tests; k++) {
        upi_audit_test *t = &w->found.tests[k];
        if (t->column == j && t->n_levels > 0) {
            add_levels(p, w, t, n);
        } else if (t->column == j) {
            add_values(p, w, t, c, n);
        }
    }
    if (p->odd[j]) {
        look_for_odd(&w->found.odd[j], c, n);
    }
    if (c->type == UPI_DATE || c->type == UPI_TIME) {
        look_at_dates(p, w, j, c, n);
    }
    for (int64_t k = 0; k < s->n_ids; k++) {
        UP_TRY(s->ids[k] == j ? count_ids(w, k, n, err) : UP_OK);
    }
    if (j == s->roles.unit) {
        memcpy(w->unit, w->hash, sizeof w->unit);
    }
out:
    return status;
}

/* Units in a period, and rows as a whole. */
static up_status
look_at_rows(pass *p, worker *w, const upi_batch *b, up_error *err)
{
    up_status status = UP_OK;
    const upi_audit_scan *s = p->scan;
    const upi_column *time = column_at(p, b, s->roles.time);
    for (int64_t i = 0; s->n_ids > 0 && i < b->n; i++) {
        UP_TRY(upi_sample_add(
            &w->found.whole_rows, upi_hash_u64(w->row[i]), w->arm_hash[i], err));
    }
    for (int64_t i = 0; time != NULL && s->roles.unit >= 0 && i < b->n; i++) {
        uint64_t hash =
            upi_hash_u64(w->unit[i] ^ upi_hash_u64(upi_tally_hash(time, i)));
        UP_TRY(w->unit[i] != 0
                   ? upi_sample_add(&w->found.by_time, hash, w->arm_hash[i], err)
                   : UP_OK);
    }
out:
    return status;
}

static up_status
pass_begin(void *ctx, int n_workers, up_error *err)
{
    pass *p = ctx;
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&p->workers, n_workers, err));
    p->n_workers = n_workers;
    for (int i = 0; i < n_workers; i++) {
        UP_TRY(UP_NEW(&p->workers[i], 1, err));
        p->workers[i]->range = -1;
        UP_TRY(found_make(p->scan, &p->workers[i]->found, err));
    }
out:
    return status;
}

static up_status
pass_batch(void *ctx, int number, int64_t range, const upi_batch *batch, up_error *err)
{
    pass *p = ctx;
    worker *w = p->workers[number];
    up_status status = UP_OK;
    read_roles(p, w, range, batch);
    for (int64_t j = 0; j < p->scan->n_columns; j++) {
        const upi_column *c = column_at(p, batch, j);
        UP_TRY(c != NULL ? look_at_column(p, w, j, c, batch->n, err) : UP_OK);
    }
    UP_TRY(look_at_rows(p, w, batch, err));
out:
    return status;
}

static up_status
pass_range_end(void *ctx, int number, int64_t range, up_error *err)
{
    (void)ctx;
    (void)number;
    (void)range;
    (void)err;
    return UP_OK;
}

static void
pass_free(pass *p)
{
    for (int i = 0; p->workers != NULL && i < p->n_workers; i++) {
        if (p->workers[i] != NULL) {
            found_clear(&p->workers[i]->found);
        }
        upi_free(p->workers[i]);
    }
    upi_free(p->workers);
    upi_free(p->field);
    upi_free(p->level);
    upi_free(p->odd);
}

static up_status
pass_make(
    const upi_audit_scan *s, pass *p, upi_expr **columns, int64_t *n, up_error *err)
{
    up_status status = UP_OK;
    p->scan = s;
    UP_TRY(UP_NEW(&p->field, s->n_columns, err));
    UP_TRY(UP_NEW(&p->level, s->n_columns, err));
    UP_TRY(UP_NEW(&p->odd, s->n_columns, err));
    for (int64_t j = 0; j < s->n_columns; j++) {
        const upi_audit_column *c = &s->columns[j];
        bool words = c->type == UPI_STR && c->n_levels == 0;
        p->field[j] = c->usable && *n < MOST_COLUMNS ? *n : -1;
        if (p->field[j] < 0) {
            continue;
        }
        p->odd[j] = words || has_odd_end(c) || upi_audit_is_date(c);
        if (j == s->roles.arm || s->compared[j] == UPI_COMPARE_LEVELS) {
            codes_make(&p->level[j], c->levels, c->n_levels);
        }
        UP_TRY(upi_expr_column(c->info.name, &columns[*n], err));
        ++*n;
    }
out:
    return status;
}

up_status
upi_audit_scan_run(
    up_source *source, upi_audit_scan *scan, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    pass p = {0};
    upi_expr **columns = NULL;
    int64_t n = 0;
    upi_audit_scan all = {0};
    found_clear(scan);
    UP_TRY(UP_NEW(&columns, scan->n_columns, err));
    UP_TRY(pass_make(scan, &p, columns, &n, err));
    upi_scan what = {.n_columns = n, .columns = (const upi_expr *const *)columns};
    upi_sink sink = {&p, pass_begin, pass_batch, pass_range_end};
    UP_TRY(n > 0 ? upi_source_scan(source, &what, &sink, run, err) : UP_OK);
    UP_TRY(found_make(scan, &all, err));
    for (int i = 0; i < p.n_workers; i++) {
        UP_TRY(found_add(&all, &p.workers[i]->found, err));
    }
    scan->rows = all.rows;
    scan->arm_rows = all.arm_rows;
    scan->arm_weight = all.arm_weight;
    scan->tests = all.tests;
    scan->n_tests = all.n_tests;
    scan->odd = all.odd;
    scan->dates = all.dates;
    memcpy(scan->id, all.id, sizeof scan->id);
    scan->by_time = all.by_time;
    scan->whole_rows = all.whole_rows;
    all = (upi_audit_scan){0};
out:
    for (int64_t i = 0; columns != NULL && i < n; i++) {
        upi_expr_free(columns[i]);
    }
    upi_free(columns);
    found_clear(&all);
    pass_free(&p);
    return status;
}
