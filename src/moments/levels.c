/* The shared list of values of each key. A worker asks it only for a value it meets for the
 * first time, so one lock is enough. Codes depend on the order of arrival, hence on threads;
 * finish.c replaces them by the place of the value in sorted order. */
#include "moments/levels.h"

#include "expr/calendar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Codes 1 and 2 of an indicator are false and true from the start. */
static up_status
add_flags(upi_dict *d, up_error *err)
{
    up_status status = UP_OK;
    upi_cell no = upi_cell_integer(0), yes = upi_cell_integer(1);
    UP_TRY(upi_dict_add(d, &no, 1, err));
    UP_TRY(upi_dict_add(d, &yes, 2, err));
out:
    return status;
}

up_status
upi_levels_make(const upi_plan *p, upi_levels *out, up_error *err)
{
    up_status status = UP_OK;
    upi_levels l = {.plan = p};
    UP_TRY(UP_NEW(&l.dict, p->n_keys, err));
    UP_TRY(UP_NEW(&l.too_many, p->n_keys, err));
    for (int64_t k = 0; k < p->n_keys; k++) {
        UP_TRY(upi_dict_init(&l.dict[k], p->keys[k].type, err));
        bool indicator = p->keys[k].role == UPI_KEY_MISSING;
        UP_TRY(indicator ? add_flags(&l.dict[k], err) : UP_OK);
    }
    out->plan = p;
    out->dict = l.dict;
    out->too_many = l.too_many;
    atomic_init(&out->over, false);
    out->frozen = false;
    out->locks = pthread_mutex_init(&out->lock, NULL) == 0;
    return UP_OK;
out:
    upi_levels_free(&l);
    return status;
}

void
upi_levels_free(upi_levels *l)
{
    for (int64_t k = 0; l->dict != NULL && k < l->plan->n_keys; k++) {
        upi_dict_free(&l->dict[k]);
    }
    upi_free(l->dict);
    upi_free(l->too_many);
    if (l->locks) {
        (void)pthread_mutex_destroy(&l->lock);
    }
    l->dict = NULL;
    l->too_many = NULL;
    l->locks = false;
}

static up_status
learn(upi_levels *l, int64_t key, const upi_cell *cell, int32_t *code, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan_key *k = &l->plan->keys[key];
    *code = upi_dict_find(&l->dict[key], cell);
    if (*code >= 0) {
        return UP_OK;
    }
    if (l->frozen) {
        char *label = NULL;
        UP_TRY(upi_cell_label(k->type, cell, &label, err));
        (void)upi_fail(err, UP_E_SOURCE, k->name,
            "'%s' has the value '%s', which was not there in the first pass", k->name,
            label);
        upi_free(label);
        return upi_fix(err, "keep the data unchanged while it is analysed");
    }
    if (l->dict[key].n >= k->limit) {
        l->too_many[key] = true;
        atomic_store(&l->over, true);
        *code = 1;
        return UP_OK;
    }
    *code = (int32_t)l->dict[key].n + 1;
    UP_TRY(upi_dict_add(&l->dict[key], cell, *code, err));
out:
    return status;
}

up_status
upi_levels_learn(
    upi_levels *l, int64_t key, const upi_cell *cell, int32_t *code, up_error *err)
{
    (void)pthread_mutex_lock(&l->lock);
    up_status status = learn(l, key, cell, code, err);
    (void)pthread_mutex_unlock(&l->lock);
    return status;
}

static bool
comes_before(const upi_dict *d, int32_t a, int32_t b)
{
    return upi_cell_compare(d->type, &d->cell[a - 1], &d->cell[b - 1]) < 0;
}

/* Restores the heap order below place i. */
static void
sift(const upi_dict *d, int32_t *order, int64_t i, int64_t n)
{
    for (int64_t child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && comes_before(d, order[child], order[child + 1])) {
            child++;
        }
        if (!comes_before(d, order[i], order[child])) {
            return;
        }
        int32_t swap = order[i];
        order[i] = order[child];
        order[child] = swap;
        i = child;
    }
}

up_status
upi_levels_order(const upi_levels *l, int64_t key, int32_t **order, up_error *err)
{
    up_status status = UP_OK;
    const upi_dict *d = &l->dict[key];
    int32_t *made = NULL;
    UP_TRY(UP_NEW(&made, d->n, err));
    for (int64_t i = 0; i < d->n; i++) {
        made[i] = (int32_t)i + 1;
    }
    for (int64_t i = d->n / 2 - 1; i >= 0; i--) {
        sift(d, made, i, d->n);
    }
    for (int64_t n = d->n - 1; n > 0; n--) {
        int32_t swap = made[0];
        made[0] = made[n];
        made[n] = swap;
        sift(d, made, 0, n);
    }
    *order = made;
out:
    return status;
}

static void
date_text(int64_t days, char *out, size_t size)
{
    upi_civil c = upi_civil_from_days(days);
    (void)snprintf(out, size, "%04" PRId64 "-%02d-%02d", c.year, c.month, c.day);
}

static void
time_text(int64_t micros, char *out, size_t size)
{
    char day[40];
    int64_t days = upi_days_of_micros(micros);
    int64_t rest = micros - days * UPI_DAY_MICROS;
    date_text(days, day, sizeof day);
    int64_t second = rest / 1000000;
    int at = snprintf(out, size, "%sT%02d:%02d:%02d", day, (int)(second / 3600),
        (int)(second / 60 % 60), (int)(second % 60));
    if (rest % 1000000 != 0 && at > 0 && (size_t)at < size) {
        (void)snprintf(out + at, size - (size_t)at, ".%06d", (int)(rest % 1000000));
    }
}

static up_status
copy_text(const upi_str *s, char **out, up_error *err)
{
    up_status status = UP_OK;
    uint32_t n = upi_str_length(s);
    char *copy = NULL;
    UP_TRY(UP_NEW(&copy, (int64_t)n + 1, err));
    memcpy(copy, upi_str_data(s), n);
    *out = copy;
out:
    return status;
}

int64_t
upi_key_level(const upi_key *key, const char *label)
{
    for (int64_t l = 0; label != NULL && l < key->n_levels; l++) {
        if (strcmp(key->label[l], label) == 0) {
            return l;
        }
    }
    return -1;
}

up_status
upi_cell_label(upi_type type, const upi_cell *cell, char **out, up_error *err)
{
    up_status status = UP_OK;
    char text[80] = "";
    int64_t x = (int64_t)cell->word[0];
    switch (type) {
    case UPI_STR:
        return copy_text(&cell->text, out, err);
    case UPI_F64:
        upi_double_text(upi_cell_to_double(*cell), text);
        break;
    case UPI_BOOL:
        (void)snprintf(text, sizeof text, "%s", x != 0 ? "true" : "false");
        break;
    case UPI_DATE:
        date_text(x, text, sizeof text);
        break;
    case UPI_TIME:
        time_text(x, text, sizeof text);
        break;
    default:
        (void)snprintf(text, sizeof text, "%" PRId64, x);
        break;
    }
    UP_TRY(upi_strdup_to(out, text, err));
out:
    return status;
}

double
upi_cell_number(upi_type type, const upi_cell *cell)
{
    if (type == UPI_STR) {
        return NAN;
    }
    return type == UPI_F64 ? upi_cell_to_double(*cell) : (double)(int64_t)cell->word[0];
}

int
upi_cell_compare(upi_type type, const upi_cell *a, const upi_cell *b)
{
    if (type == UPI_STR) {
        uint32_t na = upi_str_length(&a->text), nb = upi_str_length(&b->text);
        int order =
            memcmp(upi_str_data(&a->text), upi_str_data(&b->text), na < nb ? na : nb);
        return order != 0 ? order : (na > nb) - (na < nb);
    }
    if (type == UPI_F64) {
        double x = upi_cell_to_double(*a), y = upi_cell_to_double(*b);
        return (x > y) - (x < y);
    }
    int64_t x = (int64_t)a->word[0], y = (int64_t)b->word[0];
    return (x > y) - (x < y);
}
