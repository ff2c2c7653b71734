/* Roles for columns, with reasons. A score orders the columns of a role; it is no probability: 0.7 and
 * above the name says it and the values agree, 0.5 one of the two, below neither plainly. What is
 * chosen makes up the analysis that is proposed. */
#include "check/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PER_ROLE = 3,
    METRICS = 8,
    COVARIATES = 12,
    CHOSEN_METRICS = 3,
    CHOSEN_COVARIATES = 6
};

#define UPI_NOT_BY_CHANCE 1e-3
#define LAST_NUMBER       0.45

typedef struct candidate {
    int64_t column;
    double score;
    bool chosen;
    upi_text reason;
} candidate;

typedef struct list {
    candidate *items; /* (n_columns) one per column at most */
    int64_t n;
} list;

typedef struct work {
    up_audit *a;
    const upi_audit_scan *scan;
    list list;
} work;

const upi_sample *
upi_audit_id(const upi_audit_scan *scan, int64_t column)
{
    for (int64_t k = 0; k < scan->n_ids; k++) {
        if (scan->ids[k] == column) {
            return &scan->id[k];
        }
    }
    return NULL;
}

const upi_proposed *
upi_audit_proposed(const up_audit *a, const char *role, int64_t column)
{
    for (int64_t i = 0; i < a->n; i++) {
        const upi_proposed *p = &a->items[i];
        bool same = strcmp(p->value.role, role) == 0;
        if (same && p->value.chosen != 0 && (column < 0 || p->column == column)) {
            return p;
        }
    }
    return NULL;
}

bool
upi_repeats_one_arm(const upi_repeats *r)
{
    return (double)r->crossing <= 0.02 * (double)r->repeated;
}

/* ---- lists ---- */

static candidate *
propose(work *w, int64_t column, double score)
{
    candidate *c = &w->list.items[w->list.n++];
    *c = (candidate){.column = column, .score = score};
    return c;
}

static int
compare_candidates(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->column > y->column) - (x->column < y->column);
}

/* Hands the list over as proposals of a role, the best first, and empties it. */
static up_status
hand_over(work *w, const char *role, int64_t most, up_error *err)
{
    up_status status = UP_OK;
    up_audit *a = w->a;
    qsort(w->list.items, (size_t)w->list.n, sizeof *w->list.items, compare_candidates);
    for (int64_t i = 0; i < w->list.n && i < most; i++) {
        candidate *c = &w->list.items[i];
        char *reason = NULL;
        UP_TRY(upi_text_take(&c->reason, &reason, err));
        status = UP_RESERVE(&a->items, &a->capacity, a->n + 1, err);
        if (status != UP_OK) {
            upi_free(reason);
            goto out;
        }
        a->items[a->n++] = (upi_proposed){.value = {.role = role,
                                              .column = a->names[c->column],
                                              .score = c->score > 1 ? 1 : c->score,
                                              .chosen = c->chosen,
                                              .reason = reason},
            .column = c->column,
            .reason = reason};
    }
out:
    for (int64_t i = 0; i < w->list.n; i++) {
        upi_text_free(&w->list.items[i].reason);
    }
    w->list.n = 0;
    return status;
}

/* Chooses the best of those not chosen yet, where it reaches the bound. */
static void
choose_best(list *l, double bound)
{
    candidate *best = NULL;
    for (int64_t i = 0; i < l->n; i++) {
        candidate *c = &l->items[i];
        if (!c->chosen && c->score >= bound &&
            (best == NULL || c->score > best->score)) {
            best = c;
        }
    }
    if (best != NULL) {
        best->chosen = true;
    }
}

static void
say_name(upi_text *t, bool declared, int fit)
{
    upi_text_add(t, declared   ? "declared"
                    : fit == 3 ? "its name says so"
                    : fit == 2 ? "its name hints at it"
                    : fit == 1 ? "a part of its name hints at it"
                               : "by its values");
}

/* ---- arms ---- */

static void
say_labels(upi_text *t, const upi_audit_column *c, int64_t rows)
{
    enum { SHOWN = 4 };
    upi_text_addf(t, "; %lld labels: ", (long long)c->n_levels);
    for (int64_t i = 0; i < c->n_levels && i < SHOWN; i++) {
        upi_text_addf(t, "%s'%s' %.3g %%", i > 0 ? ", " : "", c->levels[i].text,
            100 * (double)c->levels[i].count / (double)rows);
    }
    upi_text_add(t, c->n_levels > SHOWN ? ", ..." : "");
}

static up_status
propose_arm(work *w, up_error *err)
{
    const up_audit *a = w->a;
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        bool declared = j == a->declared.arm;
        double score = declared ? 1 : upi_audit_arm_score(c);
        if (score == 0) {
            continue;
        }
        bool even = c->levels[0].count * 2 <= c->levels[c->n_levels - 1].count * 3;
        candidate *k = propose(w, j, declared ? 1 : score + (even ? 0.05 : 0));
        k->chosen = j == a->roles.arm && (declared || k->score >= 0.4);
        int fit = c->fit[UPI_WORD_ARM];
        say_name(&k->reason, declared, fit);
        say_labels(&k->reason, c, a->n_rows);
    }
    return hand_over(w, "itt", PER_ROLE, err);
}

/* Rows whose level is the most common one of their arm, and whether every arm has a level of its own. */
static double
following(const upi_audit_scan *scan, const upi_audit_test *t, bool *own)
{
    uint64_t taken = 0;
    int64_t follow = 0;
    int64_t all = 0;
    *own = true;
    for (int64_t arm = 0; arm < scan->n_arms; arm++) {
        int64_t best = 0;
        for (int64_t k = 0; k < t->n_levels; k++) {
            int64_t n = t->rows[k * scan->n_arms + arm];
            all += n;
            best = n > t->rows[best * scan->n_arms + arm] ? k : best;
        }
        follow += t->rows[best * scan->n_arms + arm];
        *own = *own && (taken >> best & 1) == 0;
        taken |= UINT64_C(1) << best;
    }
    return all > 0 ? (double)follow / (double)all : 0;
}

static up_status
propose_treated(work *w, up_error *err)
{
    const up_audit *a = w->a;
    for (int64_t k = 0; k < w->scan->n_tests; k++) {
        const upi_audit_test *t = &w->scan->tests[k];
        const upi_audit_column *c = &a->columns[t->column];
        upi_audit_difference d;
        bool declared = t->column == a->declared.treated;
        bool own = false;
        if (t->n_levels < 2 || !(c->fit[UPI_WORD_TREATED] > 1 || declared) ||
            !upi_audit_compare(w->scan, t, &d)) {
            continue;
        }
        double share = following(w->scan, t, &own);
        bool moved = d.p < UPI_NOT_BY_CHANCE;
        candidate *to = propose(w, t->column, declared ? 1 : moved ? 0.75 : 0.2);
        say_name(&to->reason, declared, c->fit[UPI_WORD_TREATED]);
        if (share >= 1 && own) {
            upi_text_addf(&to->reason,
                "; it follows '%s' in every row: full compliance, so that it is not "
                "needed",
                a->names[a->roles.arm]);
        } else {
            upi_text_addf(&to->reason,
                "; %.3g %% of the rows have the most common value of their arm: %s",
                100 * share,
                moved ? "not all units got what they were assigned to"
                      : "the arm hardly moves it");
            to->chosen = declared || moved;
        }
    }
    return hand_over(w, "treated", PER_ROLE, err);
}

static up_status
propose_propensity(work *w, up_error *err)
{
    const up_audit *a = w->a;
    int64_t j = a->roles.propensity;
    if (j < 0) {
        return UP_OK;
    }
    double worst = 0;
    for (int64_t arm = 0; arm < w->scan->n_arms; arm++) {
        double sum = (double)w->scan->arm_weight[arm] / UPI_AUDIT_WEIGHT;
        worst = fmax(worst, fabs(sum / (double)a->n_rows - 1));
    }
    const upi_audit_column *c = &a->columns[j];
    bool declared = j == a->declared.propensity;
    bool fits = w->scan->n_arms > 0 && worst < 0.1;
    bool varies = c->info.distinct > 1;
    candidate *k = propose(w, j, declared ? 1 : !varies ? 0.3 : fits ? 0.9 : 0.4);
    k->chosen = varies && (declared || fits);
    say_name(&k->reason, declared, c->fit[UPI_WORD_PROPENSITY]);
    if (!varies) {
        upi_text_add(
            &k->reason, "; it is the same for all rows, so that it is not needed");
    } else if (w->scan->n_arms > 0) {
        upi_text_addf(&k->reason,
            "; sums of 1/p by arm are within %.2g %% of the rows, %s", 100 * worst,
            fits ? "as those of the arm's own probability are"
                 : "too far for the probability of the own arm");
    }
    return hand_over(w, "propensity", 1, err);
}

/* Strata and weights say so by their name alone; which of them is one is known to who made them. */
static up_status
propose_named(work *w, const char *role, upi_word word, up_error *err)
{
    const up_audit *a = w->a;
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        bool few = c->n_levels >= 2 && c->n_levels <= UPI_LEVELS;
        bool positive = c->info.min > 0 && c->info.distinct > 1;
        bool fits = word == UPI_WORD_WEIGHT ? positive : few;
        if (!c->usable || j == a->roles.arm || c->metric || !fits || c->fit[word] < 2) {
            continue;
        }
        candidate *k = propose(w, j, c->fit[word] == 3 ? 0.6 : 0.4);
        say_name(&k->reason, false, c->fit[word]);
        upi_text_add(&k->reason, "; the values cannot tell");
    }
    return hand_over(w, role, PER_ROLE, err);
}

/* ---- units, clusters, time ---- */

static void
say_repeats(upi_text *t, const upi_audit_scan *scan, const upi_repeats *r)
{
    double each = (double)r->rows / (double)(r->units > 0 ? r->units : 1);
    if (r->repeated == 0) {
        upi_text_add(t, "; one row each");
    } else {
        upi_text_addf(t, "; %.0f of them%s with %.3g rows each on average", r->all,
            r->whole ? "" : " (about)", each);
    }
    if (scan->n_arms > 0 && r->repeated > 0) {
        upi_text_addf(t,
            upi_repeats_one_arm(r)
                ? "%s"
                : "%s; %.3g %% of those with several rows are in several arms",
            upi_repeats_one_arm(r) ? ", each in one arm" : "",
            100 * (double)r->crossing / (double)r->repeated);
    }
}

static up_status
propose_cluster(work *w, up_error *err)
{
    const up_audit *a = w->a;
    double fewest = (double)INFINITY;
    candidate *best = NULL;
    for (int64_t k = 0; k < w->scan->n_ids; k++) {
        int64_t j = w->scan->ids[k];
        const upi_audit_column *c = &a->columns[j];
        upi_repeats r;
        bool declared = j == a->declared.cluster;
        upi_sample_count(&w->scan->id[k], &r);
        bool groups = r.repeated > 0 && (double)r.rows > 1.02 * (double)r.units;
        bool constant = w->scan->n_arms > 0 && upi_repeats_one_arm(&r) && r.all >= 4;
        if (!declared && !(groups && constant)) {
            continue;
        }
        int fit = c->fit[UPI_WORD_CLUSTER];
        candidate *to = propose(w, j,
            declared                ? 1
            : fit > 1               ? 0.85
            : j == w->a->roles.unit ? 0.8
                                    : 0.5);
        say_name(&to->reason, declared, fit);
        say_repeats(&to->reason, w->scan, &r);
        /* The coarsest level at which arms are whole is the one at which they were assigned. */
        bool coarser = r.all < 0.97 * fewest;
        if (declared || (to->score > 0.7 && coarser && a->declared.cluster < 0)) {
            best = to;
            fewest = r.all;
        }
    }
    if (best != NULL) {
        best->chosen = true;
        best->score = fmax(best->score, 0.9);
    }
    return hand_over(w, "cluster", PER_ROLE, err);
}

static up_status
propose_unit(work *w, up_error *err)
{
    const up_audit *a = w->a;
    for (int64_t k = 0; k < w->scan->n_ids; k++) {
        int64_t j = w->scan->ids[k];
        const upi_audit_column *c = &a->columns[j];
        upi_repeats r;
        upi_sample_count(&w->scan->id[k], &r);
        bool declared = j == a->declared.unit;
        int fit = c->fit[UPI_WORD_UNIT];
        bool cluster = c->fit[UPI_WORD_CLUSTER] > 1;
        double score = fit == 3 ? 0.9 : fit == 2 ? 0.8 : r.repeated == 0 ? 0.5 : 0.3;
        score = cluster ? score / 3 : score;
        score = w->scan->n_arms > 0 && !upi_repeats_one_arm(&r) ? score / 2 : score;
        candidate *to = propose(w, j, declared ? 1 : score);
        say_name(&to->reason, declared, fit);
        say_repeats(&to->reason, w->scan, &r);
    }
    choose_best(&w->list, 0.4);
    return hand_over(w, "unit", PER_ROLE, err);
}

static up_status
propose_times(work *w, const char *role, double (*score)(const upi_audit_column *),
    int64_t declared, up_error *err)
{
    const up_audit *a = w->a;
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        double s = j == declared ? 1 : score(c);
        if (s == 0) {
            continue;
        }
        candidate *k = propose(w, j, s);
        say_name(&k->reason, j == declared, c->fit[UPI_WORD_TIME]);
        upi_text_addf(&k->reason, "; %s, %lld distinct values", c->info.type,
            (long long)c->info.distinct);
    }
    choose_best(&w->list, 0.5);
    return hand_over(w, role, PER_ROLE, err);
}

/* ---- metrics and covariates ---- */

static bool
has_role(const up_audit *a, int64_t column)
{
    for (int64_t i = 0; i < a->n; i++) {
        const up_proposal *p = &a->items[i].value;
        if (a->items[i].column == column && (p->score >= 0.5 || p->chosen != 0)) {
            return true;
        }
    }
    return column == a->roles.propensity;
}

static double
metric_score(const up_audit *a, int64_t j)
{
    static const double by_name[] = {0.3, 0.4, 0.7, 0.8};
    const upi_audit_column *c = &a->columns[j];
    bool number = c->type == UPI_F64 || c->type == UPI_I64 || c->type == UPI_BOOL;
    if (c->metric) {
        return 1;
    }
    if (!c->usable || !number || c->info.distinct < 2 || upi_audit_is_before(c) ||
        upi_audit_is_identifier(a, j) || has_role(a, j)) {
        return 0;
    }
    return by_name[c->fit[UPI_WORD_OUTCOME]] + (c->fit[UPI_WORD_AFTER] > 1 ? 0.05 : 0);
}

static up_status
propose_metrics(work *w, up_error *err)
{
    const up_audit *a = w->a;
    bool named = false;
    bool declared = false;
    for (int64_t j = 0; j < a->n_columns; j++) {
        double score = metric_score(a, j);
        declared = declared || a->columns[j].metric;
        named = named || score >= 0.7;
        if (score == 0) {
            continue;
        }
        candidate *k = propose(w, j, score);
        say_name(&k->reason, score == 1, a->columns[j].fit[UPI_WORD_OUTCOME]);
        upi_text_addf(&k->reason, "; %s with mean %.4g", a->columns[j].info.type,
            a->columns[j].info.mean);
    }
    if (!named && w->list.n > 0) { /* outcomes stand behind what was known before */
        w->list.items[w->list.n - 1].score = LAST_NUMBER;
    }
    for (int i = 0; i < (declared ? METRICS : CHOSEN_METRICS); i++) {
        choose_best(&w->list, declared ? 1 : named ? 0.7 : LAST_NUMBER);
    }
    return hand_over(w, "metric", METRICS, err);
}

static double
covariate_score(const work *w, int64_t j, upi_audit_difference *d)
{
    const up_audit *a = w->a;
    const upi_audit_column *c = &a->columns[j];
    const upi_audit_test *t = upi_audit_test_of(w->scan, j);
    bool known = upi_audit_is_before(c);
    bool differs = t != NULL && upi_audit_compare(w->scan, t, d);
    *d = differs ? *d : (upi_audit_difference){.p = (double)NAN};
    if (c->covariate) {
        return 1;
    }
    if (!c->usable || c->metric || c->info.distinct < 2 || has_role(a, j) ||
        upi_audit_is_date(c) || upi_audit_is_identifier(a, j)) {
        return 0;
    }
    if (c->type == UPI_STR && (c->n_levels < 2 || c->n_levels > UPI_AUDIT_LEVELS)) {
        return 0;
    }
    if (known) {
        return c->fit[UPI_WORD_PRE] > 1 ? 0.9 : 0.7;
    }
    bool level =
        c->type == UPI_STR && c->fit[UPI_WORD_OUTCOME] < 2 && a->roles.arm >= 0;
    return level && !(d->p < UPI_NOT_BY_CHANCE) ? 0.5 : 0;
}

static up_status
propose_covariates(work *w, up_error *err)
{
    const up_audit *a = w->a;
    int64_t chosen = 0;
    for (int64_t j = 0; j < a->n_columns; j++) {
        const upi_audit_column *c = &a->columns[j];
        upi_audit_difference d = {.p = (double)NAN};
        double score = covariate_score(w, j, &d);
        if (score == 0) {
            continue;
        }
        candidate *k = propose(w, j, score);
        bool pre = c->fit[UPI_WORD_PRE] > 1;
        upi_text_add(&k->reason, c->covariate   ? "declared"
                                 : pre          ? "its name says it is from before"
                                 : score >= 0.7 ? "its name is that of an attribute"
                                                : "labels, not of an outcome by name");
        bool affected = d.p < UPI_AUDIT_AFFECTED;
        if (!isnan(d.p)) {
            upi_text_addf(&k->reason, "; %s by '%s' (p = %.2g)",
                affected                  ? "it differs"
                : d.p < UPI_NOT_BY_CHANCE ? "it differs somewhat"
                                          : "no difference is seen",
                a->columns[a->roles.arm].info.name, d.p);
        }
        k->chosen = !affected && chosen < CHOSEN_COVARIATES;
        chosen += k->chosen;
    }
    return hand_over(w, "covariates", COVARIATES, err);
}

up_status
upi_audit_propose(up_audit *a, const upi_audit_scan *scan, up_error *err)
{
    up_status status = UP_OK;
    work w = {.a = a, .scan = scan};
    UP_TRY(UP_NEW(&w.list.items, a->n_columns, err));
    UP_TRY(propose_arm(&w, err));
    UP_TRY(propose_treated(&w, err));
    UP_TRY(propose_propensity(&w, err));
    UP_TRY(propose_named(&w, "instrument", UPI_WORD_INSTRUMENT, err));
    UP_TRY(propose_cluster(&w, err));
    UP_TRY(propose_unit(&w, err));
    UP_TRY(propose_times(&w, "time", upi_audit_time_score, a->declared.time, err));
    UP_TRY(propose_named(&w, "strata", UPI_WORD_STRATA, err));
    UP_TRY(propose_named(&w, "weight", UPI_WORD_WEIGHT, err));
    UP_TRY(propose_times(
        &w, "assigned-at", upi_audit_assigned_score, a->declared.assigned_at, err));
    UP_TRY(propose_metrics(&w, err));
    UP_TRY(propose_covariates(&w, err));
out:
    upi_free(w.list.items);
    return status;
}

bool
upi_audit_regroup(const up_audit *a, upi_audit_scan *scan)
{
    const upi_proposed *cluster = upi_audit_proposed(a, "cluster", -1);
    if (cluster == NULL || cluster->column == scan->group) {
        return false;
    }
    scan->group = cluster->column;
    return true;
}
