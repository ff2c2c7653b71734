/* What the pass over the rows looks at, chosen by names, types and the description: the arm, the
 * propensity, identifiers, covariates to compare by arm, and what is independent. */
#include "check/audit.h"

#include <math.h>
#include <string.h>

enum { MOST_ARMS = 20, FEWEST_GROUPS = 40 };

bool
upi_audit_is_date(const upi_audit_column *c)
{
    return c->usable && (c->type == UPI_DATE || c->type == UPI_TIME);
}

static bool
is_number(const upi_audit_column *c)
{
    return c->usable && (c->type == UPI_F64 || c->type == UPI_I64);
}

/* Labels: text, truth values, whole numbers. */
static bool
is_label(const upi_audit_column *c)
{
    return c->usable &&
           (c->type == UPI_STR || c->type == UPI_I64 || c->type == UPI_BOOL ||
               (c->type == UPI_F64 && c->n_levels == 2 && c->info.min == 0 &&
                   c->info.max == 1));
}

double
upi_audit_arm_score(const upi_audit_column *c)
{
    static const double by_name[] = {0, 0.2, 0.5, 0.7};
    int fit = c->fit[UPI_WORD_ARM];
    int labels = 0;
    bool other = c->fit[UPI_WORD_ATTRIBUTE] > 1 || c->fit[UPI_WORD_PRE] > 1 ||
                 c->fit[UPI_WORD_OUTCOME] > 1 || c->fit[UPI_WORD_AFTER] > 1;
    if (!is_label(c) || c->n_levels < 2 || c->n_levels > MOST_ARMS || c->metric ||
        c->covariate) {
        return 0;
    }
    double score = fit < 2 && other ? 0 : by_name[fit];
    if (score < 0.3 && c->fit[UPI_WORD_TREATED] > 1) {
        score = 0.3;
    }
    if (score < 0.35 && c->fit[UPI_WORD_INSTRUMENT] > 1) {
        score = 0.35;
    }
    for (int64_t i = 0; i < c->n_levels; i++) {
        labels += upi_label_of_arm(c->levels[i].text);
    }
    score += labels > 0 && c->type == UPI_STR ? 0.2 : 0;
    return score > 0 && !(score <= 0.2 && labels == 0) ? score : 0;
}

bool
upi_audit_is_before(const upi_audit_column *c)
{
    return c->covariate ||
           (c->fit[UPI_WORD_AFTER] < 2 &&
               (c->fit[UPI_WORD_PRE] > 1 || c->fit[UPI_WORD_ATTRIBUTE] > 1));
}

bool
upi_audit_is_identifier(const up_audit *a, int64_t column)
{
    const upi_audit_column *c = &a->columns[column];
    bool whole = c->type == UPI_I64 || (c->type == UPI_F64 && c->info.max < 9e15 &&
                                           c->info.min == floor(c->info.min));
    double share = (double)c->info.distinct / (double)(a->n_rows > 0 ? a->n_rows : 1);
    bool named = upi_name_ends_in_id(c->info.name) || c->fit[UPI_WORD_UNIT] > 1;
    if (!c->usable || !(c->type == UPI_STR || whole) || c->info.distinct < 10) {
        return false;
    }
    if (c->type == UPI_F64) {
        return named && share > 0.9;
    }
    return named || (share > 0.95 && a->n_rows >= 50 && !upi_audit_is_before(c) &&
                        c->fit[UPI_WORD_OUTCOME] < 2);
}

static bool
is_group(const upi_audit_column *c)
{
    return c->usable && (c->type == UPI_STR || c->type == UPI_I64) &&
           c->info.distinct >= 10;
}

static int
id_score(const up_audit *a, int64_t j)
{
    const upi_audit_column *c = &a->columns[j];
    bool group = is_group(c);
    int score = upi_audit_is_identifier(a, j) ? 2 : 0;
    score += group && c->fit[UPI_WORD_CLUSTER] > 1 ? 2 : 0;
    score += c->fit[UPI_WORD_UNIT] > 1 && (group || score > 0) ? 1 : 0;
    return j == a->declared.unit || j == a->declared.cluster ? 9 : score;
}

static void
choose_ids(const up_audit *a, upi_audit_scan *scan)
{
    for (int want = 9; want > 0; want--) {
        for (int64_t j = 0; j < a->n_columns && scan->n_ids < UPI_AUDIT_IDS; j++) {
            if (id_score(a, j) == want && j != a->roles.arm && j != a->roles.time &&
                !a->columns[j].metric) {
                scan->ids[scan->n_ids++] = j;
            }
        }
    }
}

static int64_t
named_propensity(const up_audit *a)
{
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        if (is_number(c) && c->fit[UPI_WORD_PROPENSITY] > 1 && c->info.min > 0 &&
            c->info.max <= 1) {
            return j;
        }
    }
    return -1;
}

double
upi_audit_time_score(const upi_audit_column *c)
{
    static const double by_name[] = {0, 0, 0.6, 0.8};
    bool date = upi_audit_is_date(c);
    if (!(date || (c->usable && c->type == UPI_I64)) || c->info.distinct < 2 ||
        upi_audit_is_before(c) || c->metric || c->fit[UPI_WORD_OUTCOME] > 1 ||
        c->fit[UPI_WORD_ASSIGNED] > 1) {
        return 0;
    }
    return date ? 0.5 + by_name[c->fit[UPI_WORD_TIME]] / 2
                : by_name[c->fit[UPI_WORD_TIME]];
}

double
upi_audit_assigned_score(const upi_audit_column *c)
{
    bool fits = c->fit[UPI_WORD_ASSIGNED] > 1 && upi_audit_is_date(c);
    return fits ? 0.8 : 0;
}

/* The column with the highest score above `least`; -1 = none. */
static int64_t
best_of(const up_audit *a, double (*score)(const upi_audit_column *), double least)
{
    int64_t best = -1;
    double most = least;
    for (int64_t j = 0; j < a->n_columns; j++) {
        double s = score(&a->columns[j]);
        if (s > most) {
            most = s;
            best = j;
        }
    }
    return best;
}

/* A unit by name; where there are several, the one with the most values. */
static int64_t
named_unit(const up_audit *a)
{
    int64_t best = -1;
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        bool fits = c->fit[UPI_WORD_UNIT] > 1 && upi_audit_is_identifier(a, j) &&
                    c->fit[UPI_WORD_CLUSTER] < 2 && !c->metric;
        if (fits && (best < 0 || c->info.distinct > a->columns[best].info.distinct)) {
            best = j;
        }
    }
    return best;
}

/* What is taken to be independent: declared clusters; those with a name of clusters, of which there
 * are enough; units; rows. */
static int64_t
choose_group(const up_audit *a, const upi_audit_scan *scan)
{
    int64_t best = -1;
    if (a->declared.cluster >= 0) {
        return a->declared.cluster;
    }
    for (int64_t k = 0; k < scan->n_ids; k++) {
        const upi_audit_column *c = &a->columns[scan->ids[k]];
        bool fits = c->fit[UPI_WORD_CLUSTER] > 1 && c->info.distinct >= FEWEST_GROUPS;
        if (fits && (best < 0 || c->info.distinct < a->columns[best].info.distinct)) {
            best = scan->ids[k];
        }
    }
    return best >= 0 ? best : a->roles.unit;
}

static int
how_compared(const up_audit *a, int64_t j)
{
    const upi_audit_column *c = &a->columns[j];
    bool few = c->n_levels >= 2 && c->n_levels <= UPI_AUDIT_LEVELS;
    bool received = c->fit[UPI_WORD_TREATED] > 0 || j == a->declared.treated;
    if (!c->usable || j == a->roles.arm || c->metric || j == a->roles.propensity) {
        return UPI_COMPARE_NOT;
    }
    if (received && few && is_label(c) && !c->covariate) {
        return UPI_COMPARE_LEVELS;
    }
    if (is_number(c) || c->type == UPI_BOOL) {
        bool varies = c->info.sd > 0 && isfinite(c->info.sd);
        return varies && upi_audit_is_before(c) ? UPI_COMPARE_VALUES : UPI_COMPARE_NOT;
    }
    return few && c->type == UPI_STR ? UPI_COMPARE_LEVELS : UPI_COMPARE_NOT;
}

up_status
upi_audit_choose(up_audit *a, upi_audit_scan *scan, int *compared, up_error *err)
{
    upi_audit_roles *r = &a->roles;
    *r = a->declared;
    r->arm = r->arm >= 0 ? r->arm : best_of(a, upi_audit_arm_score, 0);
    r->propensity = r->propensity >= 0 ? r->propensity : named_propensity(a);
    r->time = r->time >= 0 ? r->time : best_of(a, upi_audit_time_score, 0.4);
    r->assigned_at = r->assigned_at >= 0 ? r->assigned_at
                                         : best_of(a, upi_audit_assigned_score, 0.4);
    r->unit = r->unit >= 0 ? r->unit : named_unit(a);
    if (r->arm >= 0 && a->columns[r->arm].n_levels < 2) {
        const upi_audit_column *c = &a->columns[r->arm];
        (void)upi_fail(err, UP_E_ARMS, c->info.name,
            "'%s' has %lld distinct values, which is %s for an arm", c->info.name,
            (long long)c->info.distinct, c->info.distinct < 2 ? "too few" : "too many");
        return upi_fix(err,
            "name the column of the assigned arm, or leave --itt out to look for it");
    }
    choose_ids(a, scan);
    scan->columns = a->columns;
    scan->n_columns = a->n_columns;
    scan->n_arms = r->arm >= 0 ? a->columns[r->arm].n_levels : 0;
    scan->roles = *r;
    scan->group = choose_group(a, scan);
    scan->compared = compared;
    for (int64_t j = 0; j < a->n_columns; j++) {
        compared[j] = r->arm >= 0 ? how_compared(a, j) : UPI_COMPARE_NOT;
    }
    return UP_OK;
}
