/* From a model and a graph to a mediation, in order: options, mechanism, segments, systems, scores,
 * rows, inference, sensitivity, words (arXiv 2604.24116 sec. 5; docs/mediation.md). Segments are
 * read by the room of effects, so that conditions mean the same here as there. */
#include "base/opts.h"
#include "effect/effect.h"
#include "why/mediation.h"

#include <math.h>
#include <string.h>

/* ---- options ---- */

static up_status
check_range(int64_t value, int64_t most, const char *field, up_error *err)
{
    return value >= 0 && value <= most
               ? UP_OK
               : upi_fail(err, UP_E_ARGUMENT, field, "%s is %lld, outside 0 to %lld",
                     field, (long long)value, (long long)most);
}

static up_status
resolve_options(up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    o->level = o->level == 0 ? 0.95 : o->level;
    if (!(o->level > 0 && o->level < 1)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "level",
            "level is %g, but a confidence level lies between 0 and 1", o->level);
        return upi_fix(err, "level 0.95 is 95 percent");
    }
    UP_TRY(check_range(o->interval, UP_MEDIATE_BOOTSTRAP, "interval", err));
    UP_TRY(check_range(o->order, UP_MEDIATE_DIRECT_LAST, "order", err));
    UP_TRY(check_range(o->draws, UP_MEDIATE_MOST_DRAWS, "draws", err));
    if (o->draws == 0) {
        o->draws = o->interval == UP_MEDIATE_MONTE_CARLO ? 20000 : 1000;
    }
    if (o->draws < 100) {
        status = upi_fail(err, UP_E_ARGUMENT, "draws",
            "%lld draws are too few for an interval: at least 100",
            (long long)o->draws);
        goto out;
    }
    if (o->n_where < 0 || (o->n_where > 0 && o->where == NULL)) {
        status = upi_fail(err, UP_E_ARGUMENT, "where",
            "the list is missing, or its length is negative");
    }
out:
    return status;
}

static up_status
check_moments(const up_model *model, const up_mediate_opts *o, up_error *err)
{
    const up_moments *m = model->moments;
    if (m->form == UPI_MEAN && m->m2 == NULL) {
        (void)upi_fail(err, UP_E_NEEDS_ROWS, "cluster",
            "the moments do not hold how the metrics move together within clusters");
        return upi_fix(err, "build them with cross = 1 ('upshot fit ... --graph ...')");
    }
    if (o->interval == UP_MEDIATE_BOOTSTRAP && m->ways == 2) {
        (void)upi_fail(err, UP_E_ARGUMENT, "interval",
            "the bootstrap resamples one way of clustering, and there are two");
        return upi_fix(err, "ask for the delta or Monte Carlo interval");
    }
    return UP_OK;
}

/* ---- segments ---- */

static up_status
one_system(up_mediation *m, const up_moments *moments, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&m->stack.system, 1, err));
    m->stack.n_systems = 1;
    UP_TRY(UP_NEW(&m->stack.system[0].in, moments->n_groups, err));
    memset(m->stack.system[0].in, 1, (size_t)moments->n_groups);
out:
    return status;
}

/* The sets of cells that the same question about effects has. */
static up_status
read_segments(
    up_mediation *m, const up_model *model, const up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    up_effects *e = NULL;
    const up_moments *moments = model->moments;
    const char *metric = m->h.name[m->h.n];
    if (o->n_where == 0 && o->by == NULL && o->over_time == 0) {
        return one_system(m, moments, err);
    }
    UP_TRY(up_infer_effect(model,
        UP_EFFECT_OPTS(.where = o->where, .n_where = o->n_where, .by = o->by,
            .over_time = o->over_time, .against = o->against,
            .estimand = model->design.iv ? UP_ESTIMAND_ITT : UP_ESTIMAND_DEFAULT,
            .scale = UP_SCALE_ABSOLUTE, .metrics = &metric, .n_metrics = 1),
        &e, err));
    UP_TRY(upi_notes_append(&m->notes, &e->notes, err));
    UP_TRY(UP_NEW(&m->stack.system, e->n_sets, err));
    for (int64_t k = 0; k < e->n_sets; k++) {
        const upi_subset *set = &e->sets[k];
        upi_system *s = &m->stack.system[m->stack.n_systems++];
        UP_TRY(UP_NEW(&s->in, moments->n_groups, err));
        UP_TRY(upi_strdup_to(&s->segment, set->segment, err));
        UP_TRY(upi_strdup_to(&s->period, set->period, err));
        for (int64_t g = 0; g < moments->n_groups; g++) {
            s->in[g] = upi_subset_has(set, e->cells->of_group[g]) ? 1 : 0;
        }
    }
out:
    up_effects_free(e);
    return status;
}

static bool
systems_overlap(const upi_stack *s, int64_t n_groups)
{
    for (int64_t g = 0; g < n_groups; g++) {
        int in = 0;
        for (int64_t k = 0; k < s->n_systems; k++) {
            in += s->system[k].in[g];
        }
        if (in > 1) {
            return true;
        }
    }
    return false;
}

/* ---- the stack ---- */

enum { MOST_PARAMS = 3000, FEWEST_BLOCKS = 200 };
static const int64_t block_memory = INT64_C(48) << 20;

static up_status
plan_blocks(up_mediation *m, const up_model *model, up_error *err)
{
    up_status status = UP_OK;
    upi_blocks_gram *b = &m->stack.blocks;
    int64_t n = m->h.n_columns;
    if (m->opts.interval != UP_MEDIATE_BOOTSTRAP) {
        return UP_OK;
    }
    b->packed = n * (n + 1) / 2;
    int64_t each = m->stack.n_systems * b->packed;
    int64_t fits = block_memory / (int64_t)sizeof(double) / each;
    if (fits < FEWEST_BLOCKS) {
        (void)upi_fail(err, UP_E_ARGUMENT, "interval",
            "the bootstrap of %lld systems with %lld columns needs too much memory",
            (long long)m->stack.n_systems, (long long)n);
        return upi_fix(err, "ask for fewer segments, or for the Monte Carlo interval");
    }
    b->n_blocks = fits < UPI_MOST_BLOCKS ? fits : UPI_MOST_BLOCKS;
    if (model->moments->ways > 0 && model->n_clusters[0] < b->n_blocks) {
        b->n_blocks = model->n_clusters[0];
    }
    UP_TRY(UP_NEW(&b->gram, b->n_blocks * each, err));
out:
    return status;
}

static up_status
build_stack(up_mediation *m, const up_model *model, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_stack *s = &m->stack;
    s->h = &m->h;
    if (s->n_systems * m->h.n_params > MOST_PARAMS) {
        (void)upi_fail(err, UP_E_ARGUMENT, "by",
            "%lld segments with %lld coefficients each are more than %d in all",
            (long long)s->n_systems, (long long)m->h.n_params, MOST_PARAMS);
        return upi_fix(err, "ask for fewer segments at a time");
    }
    for (int64_t k = 0; k < s->n_systems; k++) {
        UP_TRY(upi_system_build(&m->h, &s->system[k], err));
    }
    m->overlap =
        model->opts.vcov == UP_VCOV_IID && systems_overlap(s, model->moments->n_groups);
    UP_TRY(plan_blocks(m, model, err));
    UP_TRY(upi_stack_scores(s, run, err));
out:
    return status;
}

up_status
up_mediate_effect(const up_model *model, const up_graph *graph,
    const up_mediate_opts *opts, const up_run *run, up_mediation **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_mediation *m = NULL;
    if (model == NULL || graph == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, model == NULL ? "model" : "graph",
            "a model, a graph and a place for the result are needed");
    }
    UP_TRY(UP_NEW(&m, 1, err));
    UP_TRY(upi_opts_copy(&m->opts, sizeof m->opts, opts, err));
    UP_TRY(resolve_options(&m->opts, err));
    UP_TRY(upi_peek_check(
        model, m->opts.planned, m->opts.accept_peek != 0, &m->notes, err));
    UP_TRY(upi_mechanism_make(model, graph, &m->opts, &m->h, err));
    UP_TRY(check_moments(model, &m->opts, err));
    UP_TRY(read_segments(m, model, &m->opts, err));
    UP_TRY(build_stack(m, model, run, err));
    UP_TRY(upi_mediated_rows(m, err));
    UP_TRY(upi_mediated_infer(m, run, err));
    UP_TRY(upi_mediated_sensitivity(m, &m->opts, err));
    UP_TRY(upi_mediation_describe(m, model, err));
    *out = m;
    m = NULL;
out:
    up_mediation_free(m);
    return status;
}

/* ---- what an experiment needs ---- */

static up_status
add_metric(up_experiment *e, const char *name, up_error *err)
{
    up_status status = UP_OK;
    upi_expr *column = NULL;
    char *text = NULL;
    if (upi_experiment_metric(e, name) >= 0) {
        return UP_OK;
    }
    UP_TRY(upi_expr_column(name, &column, err));
    UP_TRY(upi_expr_text(column, &text, err));
    UP_TRY(up_experiment_add_metric(e, text, err));
out:
    upi_expr_free(column);
    upi_free(text);
    return status;
}

/* The component of a metric as text in parentheses. */
static up_status
add_factor(const up_experiment *e, const char *name, upi_text *t, up_error *err)
{
    up_status status = UP_OK;
    char *text = NULL;
    int64_t metric = upi_experiment_metric(e, name);
    if (metric < 0) {
        (void)upi_fail(err, UP_E_MEDIATION, "interaction",
            "the interaction names '%s', which is no node between the arm and the "
            "outcome",
            name);
        return upi_fix(err, "use the arm and the mediators of the graph");
    }
    UP_TRY(upi_expr_text(e->components[e->metrics[metric].component].expr, &text, err));
    bool condition = e->metrics[metric].kind == UPI_METRIC_PROPORTION;
    upi_text_addf(t, condition ? "if(%s, 1, 0)" : "(%s)", text);
out:
    upi_free(text);
    return status;
}

/* "a:b" = (a) * (b), with a before b in causal order. */
static up_status
add_product(up_experiment *e, const up_graph *g, const char *arm,
    const char *interaction, up_error *err)
{
    up_status status = UP_OK;
    char *a = NULL;
    char *b = NULL;
    char *to = NULL;
    upi_text name = {0};
    upi_text t = {0};
    int64_t order[UP_GRAPH_MOST_NODES];
    int64_t n = up_graph_order(g, order, UP_GRAPH_MOST_NODES);
    UP_TRY(upi_interaction_split(interaction, &a, &b, &to, err));
    if (strcmp(a, arm) == 0 || strcmp(b, arm) == 0) {
        goto out;
    }
    const char *first = a;
    const char *second = b;
    for (int64_t i = n - 1; i >= 0; i--) {
        if (strcmp(up_graph_name(g, order[i]), a) == 0) {
            break;
        }
        if (strcmp(up_graph_name(g, order[i]), b) == 0) {
            first = b;
            second = a;
            break;
        }
    }
    const char *swap = first;
    first = second;
    second = swap;
    upi_text_addf(&name, "%s:%s", first, second);
    if (!name.failed && upi_experiment_metric(e, name.s) >= 0) {
        goto out;
    }
    upi_text_addf(&t, "\"%s\" = ", name.failed ? "" : name.s);
    UP_TRY(add_factor(e, first, &t, err));
    upi_text_add(&t, " * ");
    UP_TRY(add_factor(e, second, &t, err));
    UP_TRY(name.failed || t.failed ? upi_fail_memory(err, 64) : UP_OK);
    UP_TRY(up_experiment_add_metric(e, t.s, err));
out:
    upi_free(a);
    upi_free(b);
    upi_free(to);
    upi_text_free(&name);
    upi_text_free(&t);
    return status;
}

up_status
up_experiment_add_graph(
    up_experiment *e, const up_graph *g, const up_mediate_opts *opts, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_mediate_opts o = {0};
    int64_t arm = -1;
    if (e == NULL || g == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, e == NULL ? "experiment" : "graph",
            "an experiment and a graph are needed");
    }
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    UP_TRY(upi_graph_arm_node(e, g, &arm, err));
    for (int64_t i = 0; i < up_graph_nodes(g); i++) {
        const char *name = up_graph_name(g, i);
        bool metric =
            i != arm && up_graph_is_latent(g, i) == 0 && !upi_is_covariate(e, name);
        UP_TRY(metric ? add_metric(e, name, err) : UP_OK);
    }
    for (int64_t i = 0; i < o.n_interactions && o.interactions != NULL; i++) {
        UP_TRY(add_product(e, g, up_graph_name(g, arm), o.interactions[i], err));
    }
out:
    return status;
}

/* ---- accessors ---- */

int64_t
up_mediation_count(const up_mediation *m)
{
    return m->n_rows;
}

up_mediated
up_mediation_get(const up_mediation *m, int64_t i)
{
    if (i >= 0 && i < m->n_rows) {
        return m->rows[i].value;
    }
    double none = (double)NAN;
    return (up_mediated){.metric = "",
        .path = "",
        .arm = "",
        .against = "",
        .segment = "",
        .period = "",
        .confounded = "",
        .estimate = none,
        .std_error = none,
        .df = none,
        .p_value = none,
        .ci_low = none,
        .ci_high = none,
        .share = none,
        .rho_zero = none,
        .r2_residual_zero = none,
        .r2_total_zero = none,
        .rho = none};
}

const char *
up_mediation_estimand(const up_mediation *m)
{
    return m->estimand;
}

int64_t
up_mediation_assumptions(const up_mediation *m)
{
    return m->n_assumptions;
}

const char *
up_mediation_assumption(const up_mediation *m, int64_t i)
{
    return i >= 0 && i < m->n_assumptions ? m->assumptions[i] : "";
}

int64_t
up_mediation_notes(const up_mediation *m)
{
    return m->notes.n;
}

up_note
up_mediation_note(const up_mediation *m, int64_t i)
{
    return i >= 0 && i < m->notes.n ? m->notes.items[i] : (up_note){0};
}

const char *
up_mediate_kind_name(int64_t kind)
{
    static const char *const names[] = {"total", "direct", "indirect", "path", "first",
        "through", "misfit", "proportion", "edge", "sensitivity", "missing"};
    return kind >= 0 && kind <= UP_MEDIATE_MISSING ? names[kind] : "";
}

void
up_mediation_free(up_mediation *m)
{
    if (m == NULL) {
        return;
    }
    for (int64_t i = 0; i < m->n_rows; i++) {
        upi_free(m->rows[i].path);
        upi_free(m->rows[i].paths);
        upi_free(m->rows[i].gradient);
    }
    for (int64_t k = 0; k < m->stack.n_systems; k++) {
        upi_system_free(&m->stack.system[k]);
    }
    for (int64_t i = 0; i < m->n_assumptions; i++) {
        upi_free(m->assumptions[i]);
    }
    upi_free(m->rows);
    upi_free(m->stack.system);
    upi_free(m->stack.cov);
    upi_free(m->stack.blocks.gram);
    upi_free(m->assumptions);
    upi_free(m->estimand);
    upi_notes_free(&m->notes);
    upi_mechanism_free(&m->h);
    upi_free(m);
}
