/* Segments as sets of cells: conditions, levels of `by` and periods combined, with what every
 * set holds: rows by arm, independent units, and the text a reader sees. A set without rows
 * in an arm that is compared is refused by name; a level of `by` is left out with a note, as
 * long as another one is left. */
#include "effect/effect.h"
#include "expr/expr.h"

#include <math.h>
#include <string.h>

/* ---- the text of a segment ---- */

static bool
is_expression(const up_experiment *x, const upi_key *key)
{
    const upi_expr *expr = NULL;
    if (key->role == UPI_KEY_COVARIATE && key->index < x->n_covariates) {
        expr = x->covariates[key->index].v.expr;
    } else if (key->role == UPI_KEY_SEGMENT && key->index < x->n_segments) {
        expr = x->segments[key->index].expr;
    }
    return expr != NULL && upi_expr_bare_column(expr) == NULL;
}

static void
add_literal(const upi_key *key, int64_t level, upi_text *out)
{
    const char *label = key->label[level];
    if (key->type == UPI_STR) {
        upi_text_add_char(out, '\'');
        for (const char *s = label; *s != '\0'; s++) {
            upi_text_add(out, *s == '\'' ? "'" : "");
            upi_text_add_char(out, *s);
        }
        upi_text_add_char(out, '\'');
    } else if (key->type == UPI_DATE) {
        upi_text_addf(out, "date('%s')", label);
    } else {
        upi_text_add(out, label);
    }
}

/* "device = 'mobile'": a condition that can be asked for again. */
static up_status
add_level(const up_effects *e, int64_t k, int64_t level, upi_text *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_key *key = &e->model->moments->keys[k];
    upi_expr *column = NULL;
    char *name = NULL;
    bool expression = is_expression(e->model->moments->experiment, key);
    if (expression) {
        UP_TRY(upi_strdup_to(&name, key->name, err));
    } else {
        UP_TRY(upi_expr_column(key->name, &column, err));
        UP_TRY(upi_expr_text(column, &name, err));
    }
    if (level == key->missing_level) {
        upi_text_addf(out, expression ? "(%s) is null" : "%s is null", name);
    } else if (expression && key->type == UPI_BOOL) {
        upi_text_addf(out, key->number[level] != 0 ? "%s" : "not (%s)", name);
    } else {
        upi_text_addf(out, expression ? "(%s) = " : "%s = ", name);
        add_literal(key, level, out);
    }
out:
    upi_expr_free(column);
    upi_free(name);
    return status;
}

static bool
has_or(const char *text)
{
    return strstr(text, " or ") != NULL || strstr(text, " OR ") != NULL ||
           strstr(text, "||") != NULL;
}

static up_status
segment_text(const up_effects *e, const upi_question *q, int64_t segment, char **out,
    up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    upi_text_add(&t, "");
    if (q->n_where > 0) {
        const char *where = e->opts.where[segment / q->n_levels];
        bool join = q->by >= 0;
        upi_text_addf(&t, join && has_or(where) ? "(%s)" : "%s", where);
        upi_text_add(&t, join ? " and " : "");
    }
    if (q->by >= 0) {
        UP_TRY(add_level(e, q->by, q->level[segment % q->n_levels], &t, err));
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}

/* ---- cells of the sets ---- */

static int64_t
key_place(const upi_population *p, int64_t key)
{
    for (int64_t i = 0; i < p->n_keys; i++) {
        if (p->key[i] == key) {
            return i;
        }
    }
    return -1;
}

static up_status
make_sets(up_effects *e, const upi_question *q, int64_t blocks, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = e->model->moments;
    int64_t words = (e->cells->n + 63) / 64;
    e->n_sets = blocks * q->n_segments * q->n_periods;
    UP_TRY(UP_NEW(&e->sets, e->n_sets, err));
    for (int64_t i = 0; i < e->n_sets; i++) {
        upi_subset *s = &e->sets[i];
        int64_t period = i % q->n_periods;
        int64_t segment = i / q->n_periods % q->n_segments;
        s->period = e->opts.over_time ? m->keys[m->time].label[period] : "";
        UP_TRY(UP_NEW(&s->bits, words, err));
        UP_TRY(segment_text(e, q, segment, &s->segment, err));
    }
out:
    return status;
}

static void
put_cell(up_effects *e, int64_t set, int64_t cell)
{
    e->sets[set].bits[cell >> 6] |= (uint64_t)1 << (cell & 63);
}

/* The cells of one condition, to the sets of its levels, periods and arms. */
static void
fill_condition(up_effects *e, const upi_question *q, int64_t where, const uint8_t *hit)
{
    const upi_population *p = e->cells;
    int64_t block = q->n_segments * q->n_periods;
    int64_t by = q->by >= 0 ? key_place(p, q->by) : -1;
    int64_t time = e->opts.over_time ? key_place(p, e->model->moments->time) : -1;
    int64_t arm = e->treated_only ? key_place(p, e->model->treat_key) : -1;
    for (int64_t c = 0; c < p->n; c++) {
        const int32_t *code = p->code + c * p->n_keys;
        int64_t level = by >= 0 ? q->place[code[by]] : 0;
        if (!hit[c] || level < 0) {
            continue;
        }
        int64_t segment = where * q->n_levels + level;
        int64_t set = segment * q->n_periods + (time >= 0 ? code[time] : 0);
        put_cell(e, set, c);
        if (arm >= 0) {
            put_cell(e, set + (1 + code[arm]) * block, c);
        }
    }
}

static up_status
fill_sets(up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    uint8_t *hit = NULL;
    UP_TRY(UP_NEW(&hit, e->cells->n, err));
    memset(hit, 1, (size_t)e->cells->n);
    if (q->n_where == 0) {
        fill_condition(e, q, 0, hit);
    }
    for (int64_t w = 0; w < q->n_where; w++) {
        UP_TRY(upi_condition_test(&q->where[w], e->cells, hit, err));
        fill_condition(e, q, w, hit);
    }
out:
    upi_free(hit);
    return status;
}

/* ---- what a set holds ---- */

int64_t
upi_count_units(const upi_spread *s, const upi_subset *set)
{
    double n = 0;
    for (int64_t i = 0; i < s->n_units; i++) {
        for (int64_t k = s->start[i]; k < s->start[i + 1]; k++) {
            if (upi_subset_has(set, s->cell[k])) {
                n += s->count[i];
                break;
            }
        }
    }
    return (int64_t)n;
}

static void
measure_set(up_effects *e, upi_subset *set, int64_t *by_arm)
{
    const upi_population *p = e->cells;
    memset(by_arm, 0, (size_t)p->n_arms * sizeof *by_arm);
    set->rows = 0;
    int64_t weighed = 0; /* rows that the averages run over */
    for (int64_t c = 0; c < p->n; c++) {
        if (upi_subset_has(set, c)) {
            for (int64_t a = 0; a < p->n_arms; a++) {
                by_arm[a] += p->rows[c * p->n_arms + a];
                set->rows += p->rows[c * p->n_arms + a];
                weighed += p->s[c * p->width] != 0 ? p->rows[c * p->n_arms + a] : 0;
            }
        }
    }
    bool clustered = e->model->moments->ways > 0;
    for (int w = 0; w < p->n_ways; w++) {
        if (p->spread[w].target) {
            set->factor[w] = 1;
            continue;
        }
        double n = (double)(clustered ? upi_count_units(&p->spread[w], set) : weighed);
        set->factor[w] = n > 1 ? sqrt(n / (n - 1)) : 1;
        if (clustered && w == 0) {
            set->clusters = (int64_t)n;
        }
    }
}

static void
name_set(const upi_subset *s, upi_text *out)
{
    if (s->segment[0] == '\0' && s->period[0] == '\0') {
        upi_text_add(out, "everyone");
    }
    upi_text_add(out, s->segment);
    if (s->period[0] != '\0') {
        upi_text_addf(out, "%speriod %s", s->segment[0] != '\0' ? ", " : "", s->period);
    }
}

bool
upi_arm_needed(const up_effects *e, const upi_question *q, int64_t arm)
{
    if (e->key != e->model->inst_key) {
        return true;
    }
    bool needed = arm == q->against;
    for (int64_t i = 0; i < q->n_arms; i++) {
        needed = needed || arm == q->arm[i];
    }
    return needed;
}

static up_status
check_set(up_effects *e, const upi_question *q, int64_t index, const int64_t *by_arm,
    up_error *err)
{
    const upi_subset *s = &e->sets[index];
    const upi_key *key = &e->model->moments->keys[e->model->inst_key];
    for (int64_t a = 0; a < e->cells->n_arms; a++) {
        if (!upi_arm_needed(e, q, a)) {
            continue;
        }
        if (by_arm[a] == 0) {
            upi_text name = {0};
            name_set(s, &name);
            const char *text = name.failed ? s->segment : name.s;
            if (s->rows == 0) {
                (void)upi_fail(
                    err, UP_E_NO_VARIATION, "where", "no rows are in '%s'", text);
            } else {
                (void)upi_fail(err, UP_E_NO_VARIATION, "where",
                    "'%s' has no rows in arm '%s'", text, key->label[a]);
            }
            (void)upi_fix(err, "ask for segments that hold rows of every arm");
            upi_text_free(&name);
            return UP_E_NO_VARIATION;
        }
        bool part = s->segment[0] != '\0' || s->period[0] != '\0';
        if (part && by_arm[a] < UPI_FEW_ROWS) {
            if (e->n_small == 0 || by_arm[a] < e->small_rows) {
                e->small_set = index;
                e->small_arm = a;
                e->small_rows = by_arm[a];
            }
            e->n_small++;
        }
    }
    return UP_OK;
}

/* ---- levels of `by` that cannot be answered ---- */

static bool
lacks_an_arm(const up_effects *e, const upi_question *q, const int64_t *by_arm)
{
    for (int64_t a = 0; a < e->cells->n_arms; a++) {
        if (by_arm[a] == 0 && upi_arm_needed(e, q, a)) {
            return true;
        }
    }
    return false;
}

/* A target may have no part in a set. */
static bool
lacks_weight(const up_effects *e, const upi_subset *set)
{
    const upi_population *p = e->cells;
    for (int64_t q = 0; q < p->n; q++) {
        if (upi_subset_has(set, q) && p->s[q * p->width] != 0) {
            return false;
        }
    }
    return true;
}

/* Rows of each level, and whether some set of it lacks an arm. */
static up_status
look_at_levels(
    up_effects *e, const upi_question *q, int64_t *rows, bool *lacks, up_error *err)
{
    up_status status = UP_OK;
    int64_t *by_arm = NULL;
    UP_TRY(UP_NEW(&by_arm, e->cells->n_arms, err));
    for (int64_t i = 0; i < q->n_segments * q->n_periods; i++) {
        int64_t level = i / q->n_periods % q->n_levels;
        measure_set(e, &e->sets[i], by_arm);
        rows[level] += e->sets[i].rows;
        lacks[level] =
            lacks[level] || lacks_an_arm(e, q, by_arm) || lacks_weight(e, &e->sets[i]);
    }
out:
    upi_free(by_arm);
    return status;
}

static up_status
note_left_out(up_effects *e, const upi_question *q, const int64_t *rows,
    const bool *lacks, up_error *err)
{
    enum { SHOWN = 6 };
    up_status status = UP_OK;
    const upi_key *key = &e->model->moments->keys[q->by];
    upi_text names = {0};
    int64_t n = 0;
    int64_t all = 0;
    for (int64_t l = 0; l < q->n_levels; l++) {
        if (lacks[l]) {
            all += rows[l];
            if (n++ < SHOWN) {
                upi_text_addf(&names, "%s'%.30s' (%lld row%s)", n > 1 ? ", " : "",
                    key->label[q->level[l]], (long long)rows[l],
                    rows[l] == 1 ? "" : "s");
            }
        }
    }
    UP_TRY(upi_notes_add(&e->notes, UP_W_SMALL_SEGMENT, key->name, (double)all,
        (double)NAN, err, "Left out, because an arm%s has no rows there%s: %s%s.",
        e->target != NULL ? " or the target" : "",
        q->n_periods > 1 ? " in some period" : "", names.failed ? "" : names.s,
        n > SHOWN ? ", ..." : ""));
out:
    upi_text_free(&names);
    return status;
}

/* Takes the levels that lack an arm out of the question, unless none would be left: then they
 * are refused by name later. *changed when the sets must be made again. */
static up_status
leave_levels_out(up_effects *e, upi_question *q, bool *changed, up_error *err)
{
    up_status status = UP_OK;
    int64_t *rows = NULL;
    bool *lacks = NULL;
    int64_t kept = 0;
    UP_TRY(UP_NEW(&rows, q->n_levels, err));
    UP_TRY(UP_NEW(&lacks, q->n_levels, err));
    UP_TRY(look_at_levels(e, q, rows, lacks, err));
    for (int64_t l = 0; l < q->n_levels; l++) {
        kept += !lacks[l];
    }
    *changed = kept > 0 && kept < q->n_levels;
    if (!*changed) {
        goto out;
    }
    UP_TRY(note_left_out(e, q, rows, lacks, err));
    kept = 0;
    for (int64_t l = 0; l < q->n_levels; l++) {
        int64_t code = q->level[l];
        q->place[code] = lacks[l] ? -1 : kept;
        if (!lacks[l]) {
            q->level[kept++] = code;
        }
    }
    q->n_segments = q->n_segments / q->n_levels * kept;
    q->n_levels = kept;
out:
    upi_free(rows);
    upi_free(lacks);
    return status;
}

static void
free_sets(up_effects *e)
{
    for (int64_t i = 0; e->sets != NULL && i < e->n_sets; i++) {
        upi_free(e->sets[i].bits);
        upi_free(e->sets[i].segment);
    }
    upi_free(e->sets);
    e->sets = NULL;
    e->n_sets = 0;
}

up_status
upi_sets_build(up_effects *e, upi_question *q, up_error *err)
{
    up_status status = UP_OK;
    int64_t *by_arm = NULL;
    int64_t levels = e->model->moments->keys[e->model->treat_key].n_levels;
    int64_t blocks = e->treated_only ? 1 + levels : 1;
    bool again = false;
    UP_TRY(UP_NEW(&by_arm, e->cells->n_arms, err));
    UP_TRY(make_sets(e, q, blocks, err));
    UP_TRY(fill_sets(e, q, err));
    UP_TRY(q->by >= 0 ? leave_levels_out(e, q, &again, err) : UP_OK);
    if (again) {
        free_sets(e);
        UP_TRY(make_sets(e, q, blocks, err));
        UP_TRY(fill_sets(e, q, err));
    }
    int64_t everyone = q->n_segments * q->n_periods;
    for (int64_t i = 0; i < e->n_sets; i++) {
        measure_set(e, &e->sets[i], by_arm);
        UP_TRY(i < everyone ? check_set(e, q, i, by_arm, err) : UP_OK);
    }
out:
    upi_free(by_arm);
    return status;
}
