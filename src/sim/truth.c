/* Looks effects up in a truth file. A condition may be written in several ways, so texts are
 * compared without blanks and quotes; a cumulative effect is the sum of the periods up to
 * it. What the file does not have is NaN, never a guess. */
#include "base/base.h"

#include <upshot/truth.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct up_truth {
    json_t *root;
};

up_status
up_truth_open(const char *path, up_truth **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_truth *t = NULL;
    json_error_t where;
    if (path == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, path == NULL ? "path" : "out",
            "an argument that is required is NULL");
    }
    UP_TRY(UP_NEW(&t, 1, err));
    t->root = json_load_file(path, 0, &where);
    if (!json_is_array(json_object_get(t->root, "effects"))) {
        (void)upi_fail(err, UP_E_SOURCE, "truth", "%s is not a truth file%s%s", path,
            t->root == NULL ? ": " : "", t->root == NULL ? where.text : "");
        status = upi_fix(err, "'upshot simulate shop FILE' writes one beside the rows");
        goto out;
    }
    *out = t;
    t = NULL;
out:
    up_truth_free(t);
    return status;
}

void
up_truth_free(up_truth *t)
{
    if (t != NULL) {
        json_decref(t->root);
    }
    upi_free(t);
}

static char
next_plain(const char **s)
{
    while (**s == ' ' || **s == '\'' || **s == '"' || **s == '`') {
        (*s)++;
    }
    return **s;
}

static bool
same_text(const char *a, const char *b)
{
    for (;;) {
        char x = next_plain(&a);
        char y = next_plain(&b);
        if (x != y) {
            return false;
        }
        if (x == '\0') {
            return true;
        }
        a++;
        b++;
    }
}

static const char *
text_of(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s != NULL ? s : "";
}

/* The row is of the effect but for its period. */
static bool
row_matches(const json_t *row, const up_effect *e)
{
    return strcmp(text_of(row, "metric"), e->metric) == 0 &&
           strcmp(text_of(row, "arm"), e->arm) == 0 &&
           strcmp(text_of(row, "against"), e->against) == 0 &&
           same_text(text_of(row, "segment"), e->segment) &&
           strcmp(text_of(row, "estimand"), e->estimand) == 0;
}

double
up_truth_effect(const up_truth *t, const up_effect *e, int64_t cumulative)
{
    double sum = 0;
    bool found = false;
    size_t i = 0;
    json_t *row = NULL;
    bool upto = cumulative != 0 && e->period[0] != '\0';
    double last = upto ? strtod(e->period, NULL) : 0;
    json_array_foreach(json_object_get(t->root, "effects"), i, row)
    {
        const char *period = text_of(row, "period");
        bool wanted = upto ? period[0] != '\0' && strtod(period, NULL) <= last
                           : same_text(period, e->period);
        if (wanted && row_matches(row, e)) {
            sum += json_number_value(json_object_get(row, "effect"));
            found = true;
        }
    }
    return found ? sum : (double)NAN;
}

double
up_truth_path(const up_truth *t, const char *arm, const char *segment,
    const char *estimand, const char *path)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(t->root, "mediation"), i, row)
    {
        if (strcmp(text_of(row, "arm"), arm) == 0 &&
            same_text(text_of(row, "segment"), segment) &&
            strcmp(text_of(row, "estimand"), estimand) == 0 &&
            strcmp(text_of(row, "path"), path) == 0) {
            return json_number_value(json_object_get(row, "effect"));
        }
    }
    return (double)NAN;
}

/* Where only the shares of the levels d of one covariate change, the effect of assignment is the
 * sum of share_d itt_d. That on compliers is the same over the sum of share_d C_d, with
 * C_d = itt_d / late_d the share of compliers. */
double
up_truth_projected(const up_truth *t, const up_effects *effects, int64_t i)
{
    up_effect e = up_effects_get(effects, i);
    const char *covariate = NULL;
    bool late = strcmp(e.estimand, "late") == 0 || strcmp(e.estimand, "att") == 0;
    double above = 0;
    double below = 0;
    double share = 0;
    if (e.segment[0] != '\0' || e.period[0] != '\0') {
        return (double)NAN;
    }
    for (int64_t k = 0; k < up_effects_target_rows(effects); k++) {
        up_target_row row = up_effects_target_row(effects, k);
        char condition[256];
        if (isnan(row.target)) {
            continue;
        }
        bool other = covariate != NULL && strcmp(covariate, row.covariate) != 0;
        if (other || row.level[0] == '\0') {
            return (double)NAN;
        }
        covariate = row.covariate;
        (void)snprintf(
            condition, sizeof condition, "%s = '%s'", row.covariate, row.level);
        up_effect part = e;
        part.segment = condition;
        double own = up_truth_effect(t, &part, 0);
        part.estimand = late ? "itt" : e.estimand;
        double effect = up_truth_effect(t, &part, 0);
        above += row.target * effect;
        below += row.target * (late ? effect / own : 1);
        share += row.target;
    }
    return covariate != NULL && fabs(share - 1) < 1e-9 ? above / below : (double)NAN;
}
