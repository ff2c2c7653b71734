/* Looks effects up in a truth file. A condition may be written in several ways, so texts are
 * compared without blanks and quotes; a cumulative effect is the sum of the periods up to
 * it. What the file does not have is NaN, never a guess. */
#include "catalog/truth.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct upi_truth {
    json_t *root;
};

up_status
upi_truth_read(const char *path, upi_truth **out, up_error *err)
{
    up_status status = UP_OK;
    upi_truth *t = NULL;
    json_error_t where;
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
    upi_truth_free(t);
    return status;
}

void
upi_truth_free(upi_truth *t)
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
upi_truth_find(const upi_truth *t, const up_effect *e, bool cumulative)
{
    double sum = 0;
    bool found = false;
    size_t i = 0;
    json_t *row = NULL;
    bool upto = cumulative && e->period[0] != '\0';
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
upi_truth_path(const upi_truth *t, const char *arm, const char *segment,
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
