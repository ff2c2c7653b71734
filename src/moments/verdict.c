/* What the rows do not allow, said with counts by column and arm and with the next step. All
 * rows are read before anything is refused, so that the counts are whole and the answer does
 * not depend on which thread found the first fault. */
#include "moments/build.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_COLUMNS = 5, MOST_ARMS = 4 };

/* "3 missing in control, 7 in b" for one counted column. */
static up_status
describe_arms(const upi_pass *pass, const int64_t *count, const int32_t *order,
    const char *what, upi_text *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_dict *arms = &pass->levels.dict[pass->plan->arm];
    int64_t shown = 0, rest = 0;
    char *label = NULL;
    for (int64_t i = 0; i < arms->n; i++) {
        int64_t n = count[order[i]];
        if (n == 0) {
            continue;
        }
        if (shown == MOST_ARMS) {
            rest += n;
            continue;
        }
        UP_TRY(upi_cell_label(arms->type, &arms->cell[order[i] - 1], &label, err));
        upi_text_addf(out,
            shown == 0 ? "%" PRId64 " %s in %.40s" : ", %" PRId64 "%s in %.40s", n,
            shown == 0 ? what : "", label);
        upi_free(label);
        label = NULL;
        shown++;
    }
    if (rest > 0) {
        upi_text_addf(out, ", %" PRId64 " in other arms", rest);
    }
    if (count[0] > 0) {
        upi_text_addf(out,
            shown == 0 ? "%" PRId64 " %s without an arm"
                       : ", %" PRId64 "%s without an arm",
            count[0], shown == 0 ? what : "");
    }
out:
    upi_free(label);
    return status;
}

static bool
any_in(const int64_t *count)
{
    for (int64_t a = 0; a < UPI_ARM_CODES; a++) {
        if (count[a] > 0) {
            return true;
        }
    }
    return false;
}

/* "sales: 3 missing in control, 7 in b; spend: ..." of the columns that `chosen` allows. */
static up_status
describe(const upi_pass *pass, const int64_t *counts, const bool *chosen,
    const char *what, upi_text *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    int32_t *order = NULL;
    int64_t shown = 0, rest = 0;
    UP_TRY(upi_levels_order(&pass->levels, p->arm, &order, err));
    for (int64_t c = 0; c < p->n_counted; c++) {
        const int64_t *count = counts + c * UPI_ARM_CODES;
        if (!chosen[c] || !any_in(count)) {
            continue;
        }
        if (shown == MOST_COLUMNS) {
            rest++;
            continue;
        }
        upi_text_addf(out, "%s%.60s: ", shown > 0 ? "; " : "", p->counted[c]);
        UP_TRY(describe_arms(pass, count, order, what, out, err));
        shown++;
    }
    if (rest > 0) {
        upi_text_addf(out, "; and %" PRId64 " more columns", rest);
    }
out:
    upi_free(order);
    return status;
}

/* Refuses when a chosen column has counts. */
static up_status
refuse(const upi_pass *pass, const int64_t *counts, const bool *chosen,
    up_status wanted, const char *what, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    upi_text text = {0};
    char *story = NULL;
    int64_t first = 0;
    while (first < p->n_counted &&
           !(chosen[first] && any_in(counts + first * UPI_ARM_CODES))) {
        first++;
    }
    if (first == p->n_counted) {
        return UP_OK;
    }
    UP_TRY(describe(pass, counts, chosen, what, &text, err));
    UP_TRY(upi_text_take(&text, &story, err));
    status = upi_fail(err, wanted, p->counted[first], "%s", story);
out:
    upi_free(story);
    upi_text_free(&text);
    return status;
}

/* Columns whose missing values no policy keeps: under the indicator policy all but the
 * covariates. */
static void
choose_refused(const upi_plan *p, bool *chosen)
{
    for (int64_t j = 0; j < p->n_columns; j++) {
        const upi_plan_column *c = &p->columns[j];
        if (c->counted >= 0) {
            chosen[c->counted] = !c->own_level && c->missing_key < 0;
        }
    }
}

static up_status
refuse_missing(const upi_pass *pass, bool *chosen, up_error *err)
{
    const upi_plan *p = pass->plan;
    if (p->e->missing == UP_MISSING_DROP) {
        return UP_OK;
    }
    choose_refused(p, chosen);
    up_status status =
        refuse(pass, pass->missing, chosen, UP_E_MISSING, "missing", err);
    if (status != UP_E_MISSING) {
        return status;
    }
    bool covariates = false;
    for (int64_t j = 0; j < p->n_columns; j++) {
        const upi_plan_column *c = &p->columns[j];
        bool covariate =
            (c->use == UPI_USE_KEY && p->keys[c->index].role == UPI_KEY_COVARIATE) ||
            (c->use == UPI_USE_VALUE && c->index < p->nx);
        covariates = covariates ||
                     (covariate && any_in(pass->missing + c->counted * UPI_ARM_CODES));
    }
    return upi_fix(err, covariates && p->e->missing == UP_MISSING_REFUSE
                            ? "--missing drop leaves these rows out; --missing "
                              "indicator keeps rows with a missing covariate"
                            : "--missing drop leaves these rows out");
}

static up_status
refuse_odd(const upi_pass *pass, int which, up_error *err)
{
    const upi_odd *odd = &pass->odd[which];
    if (odd->n == 0) {
        return UP_OK;
    }
    const upi_variable *v =
        &pass->plan->e->roles[which == 0 ? UPI_ROLE_WEIGHT : UPI_ROLE_PROPENSITY];
    char low[UPI_DOUBLE_CHARS], high[UPI_DOUBLE_CHARS];
    upi_double_text(odd->low, low);
    upi_double_text(odd->high, high);
    (void)upi_fail(err, which == 0 ? UP_E_WEIGHT : UP_E_PROPENSITY, v->name,
        "'%s' has %" PRId64 " values %s, from %s to %s", v->name, odd->n,
        which == 0 ? "that are not above 0" : "outside (0, 1)", low, high);
    return which == 0
               ? upi_fix(err, "leave those rows out: --filter '%.80s > 0'", v->name)
               : upi_fix(
                     err, "give the probability of the arm each row was assigned to");
}

up_status
upi_verdict_rows(const upi_pass *pass, up_error *err)
{
    up_status status = UP_OK;
    const upi_plan *p = pass->plan;
    bool *chosen = NULL;
    if (pass->n_read == 0) {
        bool filter = p->e->filter.expr != NULL;
        const char *source = p->e->source->name;
        (void)upi_fail(err, UP_E_EMPTY,
            filter           ? "filter"
            : source != NULL ? source
                             : "source",
            filter ? "no row passes the filter" : "the source has no rows");
        return filter ? upi_fix(err, "check the filter: %s", p->e->filter.name)
                      : upi_fix(err, "give data with at least one row");
    }
    UP_TRY(UP_NEW(&chosen, p->n_counted, err));
    memset(chosen, 1, (size_t)p->n_counted * sizeof *chosen);
    status = refuse(pass, pass->infinite, chosen, UP_E_NOT_FINITE, "infinite", err);
    if (status == UP_E_NOT_FINITE) {
        (void)upi_fix(err, "repair the values, or leave the rows out with a filter");
    }
    UP_TRY(status);
    UP_TRY(refuse_missing(pass, chosen, err));
    UP_TRY(refuse_odd(pass, 1, err));
    UP_TRY(refuse_odd(pass, 0, err));
    if (p->unit && upi_units_repeat(&pass->units)) {
        const char *name = p->e->roles[UPI_ROLE_UNIT].name;
        (void)upi_fail(err, UP_E_UNIT, name,
            "'%s' says that unit '%s' has more than one row", name,
            pass->units.example);
        status =
            upi_fix(err, "declare --cluster %.80s, or make one row per unit", name);
    }
out:
    upi_free(chosen);
    return status;
}

/* An arm that has rows but none left is worth more than a silent disappearance. */
static up_status
check_empty_arms(const up_moments *m, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *arm = &m->keys[m->arm];
    int64_t *n = NULL;
    UP_TRY(UP_NEW(&n, arm->n_levels, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        n[upi_moments_code(m, g, m->arm)] += m->n[g];
    }
    for (int64_t a = 0; a < arm->n_levels; a++) {
        if (n[a] == 0) {
            (void)upi_fail(err, UP_E_ARMS, arm->name,
                "no row of arm '%s' is without missing values", arm->label[a]);
            status = upi_fix(
                err, "leave the arm out with a filter, or look at its missing values");
            break;
        }
    }
out:
    upi_free(n);
    return status;
}

static up_status
check_arms(const up_moments *m, up_error *err)
{
    const upi_key *arm = &m->keys[m->arm];
    if (m->n_rows == 0) {
        (void)upi_fail(err, UP_E_EMPTY, "missing",
            "all %" PRId64 " rows have missing values and were left out", m->n_read);
        return upi_fix(err, "look at the missing values with describe");
    }
    if (arm->n_levels < 2) {
        (void)upi_fail(err, UP_E_ARMS, arm->name, "all rows are in one arm: '%s'",
            arm->n_levels == 1 ? arm->label[0] : "");
        return upi_fix(
            err, "'%s' must hold at least two arms; check the filter", arm->name);
    }
    return check_empty_arms(m, err);
}

/* Rows whose key has a value out of range. */
static up_status
check_key(const up_moments *m, int64_t key, bool propensity, up_error *err)
{
    if (key < 0) {
        return UP_OK;
    }
    const upi_key *k = &m->keys[key];
    upi_odd odd = {0, 0, 0};
    for (int64_t g = 0; g < m->n_groups; g++) {
        double x = k->number[upi_moments_code(m, g, key)];
        if (!(x > 0) || (propensity && x >= 1)) {
            odd.low = odd.n == 0 ? x : fmin(odd.low, x);
            odd.high = odd.n == 0 ? x : fmax(odd.high, x);
            odd.n += m->n[g];
        }
    }
    upi_plan plan = {.e = m->experiment};
    upi_pass pass = {.plan = &plan};
    pass.odd[propensity ? 1 : 0] = odd;
    return refuse_odd(&pass, propensity ? 1 : 0, err);
}

up_status
upi_verdict_finite(const up_moments *m, up_error *err)
{
    int64_t nv = m->nx + m->ny, pairs = nv * (nv + 1) / 2, w = (nv + 1) * (nv + 2) / 2;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double sum = 0;
        for (int64_t j = 0; m->mean != NULL && j < nv; j++) {
            sum += m->mean[g * nv + j] * 0;
        }
        for (int64_t j = 0; m->m2 != NULL && j < pairs; j++) {
            sum += m->m2[g * pairs + j] * 0;
        }
        for (int64_t j = 0; m->tri != NULL && j < w; j++) {
            sum += m->tri[g * w + j] * 0;
        }
        if (sum != 0) {
            (void)upi_fail(err, UP_E_NOT_FINITE, NULL,
                "values are so large that their squares are not finite numbers");
            return upi_fix(err, "divide the metric or covariate by a constant");
        }
    }
    return UP_OK;
}

/* Looking for the text of a cluster whose hash is known: only when it is needed for a message. */
typedef struct label_search {
    uint64_t id;
    pthread_mutex_t lock;
    char text[64];
} label_search;

static up_status
look_for_label(void *ctx, int worker, int64_t range, const upi_batch *b, up_error *err)
{
    (void)worker;
    (void)range;
    (void)err;
    label_search *search = ctx;
    for (int64_t i = 0; i < b->n; i++) {
        if (!upi_valid(&b->columns[0], i) ||
            upi_cluster_id(&b->columns[0], i) != search->id) {
            continue;
        }
        const upi_str *s = (const upi_str *)b->columns[0].data + i;
        uint32_t n = upi_str_length(s);
        char text[64];
        (void)snprintf(
            text, sizeof text, "%.*s", (int)(n < 60 ? n : 60), upi_str_data(s));
        (void)pthread_mutex_lock(&search->lock);
        memcpy(search->text, text, sizeof text);
        (void)pthread_mutex_unlock(&search->lock);
        break;
    }
    return UP_OK;
}

static up_status
begin_nothing(void *ctx, int n_workers, up_error *err)
{
    (void)ctx;
    (void)n_workers;
    (void)err;
    return UP_OK;
}

static up_status
end_nothing(void *ctx, int worker, int64_t range, up_error *err)
{
    (void)ctx;
    (void)worker;
    (void)range;
    (void)err;
    return UP_OK;
}

static up_status
find_label(const up_moments *m, label_search *search, const up_run *run, up_error *err)
{
    const upi_variable *v = &m->experiment->roles[UPI_ROLE_CLUSTER];
    if (m->rows == NULL && v->type == UPI_STR) {
        (void)snprintf(search->text, sizeof search->text,
            "the one with hash %016" PRIx64, search->id);
        return UP_OK;
    }
    if (v->type != UPI_STR) {
        (void)snprintf(
            search->text, sizeof search->text, "%" PRId64, (int64_t)search->id);
        return UP_OK;
    }
    const upi_expr *column = m->rows->roles[UPI_ROLE_CLUSTER].expr;
    int as = -1;
    upi_scan scan = {1, &column, &as, m->rows->filter.expr};
    upi_sink sink = {search, begin_nothing, look_for_label, end_nothing};
    if (pthread_mutex_init(&search->lock, NULL) != 0) {
        return upi_fail_memory(err, sizeof search->lock);
    }
    up_status status = upi_source_scan(m->rows->source, &scan, &sink, run, err);
    (void)pthread_mutex_destroy(&search->lock);
    return status;
}

static up_status
check_clusters(const up_moments *m, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    if (!m->experiment->assigned_by_cluster || m->ways == 0) {
        return UP_OK;
    }
    const uint64_t *id = m->cluster[0];
    int64_t mixed = 0, first = -1;
    for (int64_t g = 0, start = 0; g < m->n_groups; g++) {
        if (id[g] != id[start]) {
            start = g;
        }
        bool differs =
            upi_moments_code(m, g, m->arm) != upi_moments_code(m, start, m->arm);
        bool counted = first >= 0 && id[first] == id[g];
        if (differs && !counted) {
            mixed++;
            first = g;
        }
    }
    if (mixed == 0) {
        return UP_OK;
    }
    label_search search = {.id = id[first]};
    UP_TRY(find_label(m, &search, run, err));
    const char *name = m->experiment->roles[UPI_ROLE_CLUSTER].name;
    (void)upi_fail(err, UP_E_CLUSTER, name,
        "assignment was by cluster, but %" PRId64
        " values of '%s' are in more than one arm, "
        "e.g. '%s'",
        mixed, name, search.text);
    status = upi_fix(err, "leave out --assigned-by-cluster, or repair the assignment");
out:
    return status;
}

up_status
upi_verdict_groups(const up_moments *m, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(check_arms(m, err));
    UP_TRY(check_key(m, m->propensity, true, err));
    UP_TRY(check_key(m, m->weight, false, err));
    UP_TRY(upi_verdict_finite(m, err));
    UP_TRY(check_clusters(m, run, err));
out:
    return status;
}
