/* Time tiers: "searches, views < sales", earliest first.
 *
 * The roles give an order of their own: covariates, the arm, the arm received, metrics. What
 * was randomised has no causes, so that it is not joined to covariates or other arms. A column
 * that no tier names is free among those of its role. */
#include "why/tiers.h"

#include <string.h>

static bool
same_column(const char *column, const char *name, size_t n)
{
    /* An arm with several levels is several columns, arm=a, arm=b: one name stands for all. */
    return strncmp(column, name, n) == 0 && (column[n] == '\0' || column[n] == '=');
}

static up_status
set_tier(const upi_scatter *s, const char *name, size_t n, int64_t tier, int64_t *of,
    up_error *err)
{
    const char *names[UPI_SCATTER_MOST];
    char word[128];
    bool found = false;
    for (int64_t i = 0; i < s->d; i++) {
        names[i] = s->column[i].name;
        if (!same_column(names[i], name, n)) {
            continue;
        }
        if (of[i] >= 0) {
            return upi_fail(
                err, UP_E_ARGUMENT, "tiers", "'%s' stands in two tiers", names[i]);
        }
        of[i] = tier;
        found = true;
    }
    if (found) {
        return UP_OK;
    }
    size_t kept = n < sizeof word ? n : sizeof word - 1;
    memcpy(word, name, kept);
    word[kept] = '\0';
    (void)upi_fail(err, UP_E_ARGUMENT, "tiers", "no column is called '%s'", word);
    const char *near = upi_text_nearest(word, names, s->d);
    return near != NULL ? upi_fix(err, "did you mean '%s'?", near)
                        : upi_fix(err, "columns are the arm, covariates and metrics");
}

static const char *
skip_spaces(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* One name, alone or in double quotes; *s moves behind it. */
static size_t
read_name(const char **s, const char **name)
{
    *s = skip_spaces(*s);
    if (**s == '"') {
        size_t n = strcspn(*s + 1, "\"");
        *name = *s + 1;
        *s += n + ((*s)[n + 1] == '"' ? 2 : 1);
        return n;
    }
    size_t n = strcspn(*s, ",<");
    *name = *s;
    *s += n;
    while (n > 0 && strchr(" \t\r\n", (*name)[n - 1]) != NULL) {
        n--;
    }
    return n;
}

static up_status
read_tiers(const upi_scatter *s, const char *text, int64_t *of, up_error *err)
{
    int64_t tier = 0;
    for (const char *at = text;;) {
        const char *name = NULL;
        size_t n = read_name(&at, &name);
        at = skip_spaces(at);
        if (n == 0 || (*at != '\0' && *at != ',' && *at != '<')) {
            (void)upi_fail(
                err, UP_E_ARGUMENT, "tiers", "the tiers cannot be read: %s", text);
            return upi_fix(err, "name columns from early to late: \"a, b < c\"");
        }
        up_status status = set_tier(s, name, n, tier, of, err);
        if (status != UP_OK || *at == '\0') {
            return status;
        }
        tier += *at == '<' ? 1 : 0;
        at++;
    }
}

up_status
upi_background_make(
    const upi_scatter *s, const char *tiers, upi_background *out, up_error *err)
{
    int64_t tier[UPI_SCATTER_MOST];
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < s->d; i++) {
        tier[i] = -1;
    }
    up_status status = tiers != NULL ? read_tiers(s, tiers, tier, err) : UP_OK;
    for (int64_t i = 0; status == UP_OK && i < s->d; i++) {
        for (int64_t j = 0; j < s->d; j++) {
            upi_column_class a = s->column[i].class;
            upi_column_class b = s->column[j].class;
            bool known = tier[i] >= 0 && tier[j] >= 0;
            if (a < b && known && tier[i] > tier[j]) {
                (void)upi_fail(err, UP_E_ARGUMENT, "tiers",
                    "the tiers put '%s' before '%s', which its role puts later",
                    s->column[j].name, s->column[i].name);
                return upi_fix(
                    err, "covariates come first, then the arm, then metrics");
            }
            bool arm_alone = (a == UPI_COLUMN_ARM && b <= UPI_COLUMN_ARM) ||
                             (b == UPI_COLUMN_ARM && a <= UPI_COLUMN_ARM);
            bool same_treated = a == UPI_COLUMN_TREATED && b == a &&
                                s->column[i].key == s->column[j].key;
            if (i != j && s->column[i].level >= 0 &&
                s->column[i].key == s->column[j].key) {
                upi_set_add(&out->always[i], j);
            }
            if (arm_alone || same_treated) {
                upi_set_add(&out->never[i], j);
            }
            if (a < b || (a == b && known && tier[i] < tier[j])) {
                upi_set_add(&out->after[i], j);
            }
        }
    }
    return status;
}
