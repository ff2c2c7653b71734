/* What an assignment says, and writing it. */
#include "plan/assignment.h"

#include "engine/write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t
up_assignment_count(const up_assignment *a)
{
    return a != NULL ? a->n_shown : 0;
}

static int64_t
unit_of(const up_assignment *a, int64_t i)
{
    return a->shown != NULL ? a->shown[i] : i;
}

static double
propensity(const up_assignment *a, int64_t item)
{
    return a->probability != NULL ? a->probability[item] : a->share[a->arm[item]];
}

up_assigned
up_assignment_get(const up_assignment *a, int64_t i)
{
    if (i < 0 || i >= a->n_shown) {
        return (up_assigned){"", "", "", (double)NAN};
    }
    int64_t unit = unit_of(a, i);
    bool clusters = a->cluster_of != NULL;
    int64_t item = clusters ? a->cluster_of[unit] : unit;
    return (up_assigned){upi_ids_text(&a->units, unit),
        clusters ? upi_ids_text(&a->clusters, item) : "", a->label[a->arm[item]],
        propensity(a, item)};
}

int64_t
up_assignment_arms(const up_assignment *a)
{
    return a != NULL ? a->n_arms : 0;
}

up_assigned_arm
up_assignment_arm(const up_assignment *a, int64_t k)
{
    if (k < 0 || k >= a->n_arms) {
        return (up_assigned_arm){"", (double)NAN, 0, 0};
    }
    return (up_assigned_arm){
        a->label[k], a->share[k], a->arm_units[k], a->arm_clusters[k]};
}

double
up_assignment_imbalance(const up_assignment *a, double *threshold, int64_t *draws)
{
    if (threshold != NULL) {
        *threshold = a->threshold;
    }
    if (draws != NULL) {
        *draws = a->draws;
    }
    return a->imbalance;
}

int64_t
up_assignment_notes(const up_assignment *a)
{
    return a->notes.n;
}

up_note
up_assignment_note(const up_assignment *a, int64_t i)
{
    return i >= 0 && i < a->notes.n ? a->notes.items[i] : (up_note){0};
}

/* An identifier as the column wants it. */
static void
put_id(const upi_ids *ids, int64_t i, bool integer, upi_out_column *to, int64_t row)
{
    const char *s = upi_ids_text(ids, i);
    if (integer) {
        ((int64_t *)to->data)[row] = strtoll(s, NULL, 10);
        return;
    }
    int64_t end = i + 1 < ids->n ? ids->start[i + 1] : ids->n_bytes;
    ((upi_str *)to->data)[row] = upi_str_make(s, (uint32_t)(end - ids->start[i] - 1));
}

static up_status
fill(void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err)
{
    (void)err;
    const up_assignment *a = ctx;
    for (int64_t i = 0; i < n; i++) {
        int64_t unit = unit_of(a, first + i);
        int64_t item = unit;
        int64_t c = 0;
        put_id(&a->units, unit, a->unit_integer, &columns[c++], i);
        if (a->cluster_of != NULL) {
            item = a->cluster_of[unit];
            put_id(&a->clusters, item, a->cluster_integer, &columns[c++], i);
        }
        const char *arm = a->label[a->arm[item]];
        ((upi_str *)columns[c++].data)[i] = upi_str_make(arm, (uint32_t)strlen(arm));
        ((double *)columns[c].data)[i] = propensity(a, item);
    }
    return UP_OK;
}

up_status
up_assignment_write(
    const up_assignment *a, const char *path, const up_run *run, up_error *err)
{
    UP_GUARD(err);
    upi_out_field fields[4];
    int64_t n = 0;
    if (a == NULL || path == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "path", "assignment or path is NULL");
    }
    fields[n++] = (upi_out_field){a->unit_name, a->unit_integer ? UPI_I64 : UPI_STR};
    if (a->cluster_of != NULL) {
        fields[n++] =
            (upi_out_field){a->cluster_name, a->cluster_integer ? UPI_I64 : UPI_STR};
    }
    fields[n++] = (upi_out_field){"arm", UPI_STR};
    fields[n++] = (upi_out_field){"propensity", UPI_F64};
    for (int64_t j = 0; j < n - 2; j++) {
        if (strcmp(fields[j].name, "arm") == 0 ||
            strcmp(fields[j].name, "propensity") == 0 ||
            (j > 0 && strcmp(fields[j].name, fields[0].name) == 0)) {
            (void)upi_fail(err, UP_E_ARGUMENT, "unit",
                "two columns of the answer would be called '%s'", fields[j].name);
            return upi_fix(err, "rename the column of the source");
        }
    }
    union {
        const up_assignment *shown;
        void *ctx;
    } u = {.shown = a};
    upi_write w = {.path = path,
        .fields = fields,
        .n_fields = n,
        .n_rows = a->n_shown,
        .fill = fill,
        .ctx = u.ctx};
    return upi_write_rows(&w, run, err);
}

void
up_assignment_free(up_assignment *a)
{
    if (a == NULL) {
        return;
    }
    upi_ids_clear(&a->units);
    upi_ids_clear(&a->clusters);
    upi_ids_clear(&a->strata);
    upi_free(a->unit_name);
    upi_free(a->cluster_name);
    upi_free(a->cluster_of);
    upi_free(a->stratum_of);
    upi_free(a->x);
    upi_free(a->arm);
    upi_free(a->probability);
    upi_free(a->shown);
    for (int64_t k = 0; k < a->n_arms; k++) {
        upi_free(a->label[k]);
    }
    upi_notes_free(&a->notes);
    upi_free(a);
}
