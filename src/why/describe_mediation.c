/* What a mediation says about itself: the estimand, one assumption per edge, and notes with the
 * numbers. Mediators were not randomised; that and every edge set to zero is said each time. */
#include "why/mediation.h"

#include <math.h>
#include <string.h>

static up_status
take_line(upi_text *t, char **out, up_error *err)
{
    up_status status = upi_text_take(t, out, err);
    upi_text_free(t);
    return status;
}

static up_status
assume(up_mediation *m, upi_text *t, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(
        &m->assumptions, &m->assumption_capacity, m->n_assumptions + 1, err));
    UP_TRY(upi_text_take(t, &m->assumptions[m->n_assumptions], err));
    m->n_assumptions++;
out:
    upi_text_free(t);
    return status;
}

static up_status
write_estimand(up_mediation *m, const up_model *model, up_error *err)
{
    const upi_mechanism *h = &m->h;
    upi_text t = {0};
    upi_text_addf(&t, "the effect of %s '%s' on %s, split by path: ",
        model->design.iv ? "assignment to" : "the arm", h->arm_name, h->name[h->n]);
    if (!h->interacted) {
        upi_text_add(&t, "each path is the product of the coefficients along it");
    } else {
        upi_text_addf(&t,
            "each path is what switching it on adds, %s; covariates at their averages",
            m->opts.order == UP_MEDIATE_DIRECT_FIRST
                ? "the direct path first, then shorter before longer"
                : "longer paths before shorter, the direct path last");
    }
    return take_line(&t, &m->estimand, err);
}

static up_status
assume_edge(up_mediation *m, int64_t k, int64_t j, up_error *err)
{
    const char *const *name = (const char *const *)m->h.name;
    upi_text t = {0};
    upi_text_addf(&t,
        "%s and %s have no unmeasured cause in common, and none that the arm changes, "
        "but what "
        "the equation of %s holds (sequential ignorability)",
        name[k], name[j], name[j]);
    return assume(m, &t, err);
}

static up_status
assume_edges(up_mediation *m, up_error *err)
{
    up_status status = UP_OK;
    int64_t n = m->h.n + 1;
    for (int64_t i = 0; i < n * n; i++) {
        UP_TRY(m->h.edge[i] ? assume_edge(m, i % n, i / n, err) : UP_OK);
    }
out:
    return status;
}

static void
list_missing(const upi_mechanism *h, upi_text *t, int64_t *n)
{
    for (int64_t j = 0; j <= h->n; j++) {
        for (int64_t k = -1; k < j; k++) {
            bool there = k < 0 ? h->from_arm[j] : h->edge[j * (h->n + 1) + k];
            if (there) {
                continue;
            }
            upi_text_addf(t, "%s%s -> %s", *n > 0 ? ", " : "",
                k < 0 ? h->arm_name : h->name[k], h->name[j]);
            ++*n;
        }
    }
}

static up_status
write_assumptions(up_mediation *m, const up_model *model, up_error *err)
{
    up_status status = UP_OK;
    const upi_mechanism *h = &m->h;
    upi_text t = {0};
    upi_text_addf(&t, "'%s' was assigned at random%s", h->arm_name,
        model->share != NULL ? ", with the propensities stated" : "");
    UP_TRY(assume(m, &t, err));
    upi_text_addf(&t, "every equation is linear, and additive in the covariates%s",
        h->interacted ? " but for the interactions asked for" : "");
    UP_TRY(assume(m, &t, err));
    if (!h->interacted) {
        upi_text_add(&t,
            "a mediator acts alike under every arm, and whatever the other "
            "mediators are");
        UP_TRY(assume(m, &t, err));
    }
    UP_TRY(assume_edges(m, err));
    int64_t n = 0;
    upi_text_add(&t, "these edges are zero: ");
    list_missing(h, &t, &n);
    if (n > 0) {
        UP_TRY(assume(m, &t, err));
    }
out:
    upi_text_free(&t);
    return status;
}

/* ---- notes ---- */

static up_status
note_zero_edges(up_mediation *m, up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    int64_t n = 0;
    list_missing(&m->h, &t, &n);
    if (n > 0 && !t.failed) {
        UP_TRY(
            upi_notes_add(&m->notes, UP_N_ZERO_EDGES, "graph", (double)n, (double)NAN,
                err, "the graph sets %lld edges to zero: %s", (long long)n, t.s));
    }
out:
    upi_text_free(&t);
    return status;
}

static up_status
note_row(up_mediation *m, const upi_mediated_row *row, up_error *err)
{
    const up_mediated *v = &row->value;
    if (v->kind == UP_MEDIATE_MISSING && v->p_value < 0.05 / (double)m->n_missing) {
        return upi_notes_add(&m->notes, UP_W_MISSING_EDGE, v->path, v->p_value,
            0.05 / (double)m->n_missing, err,
            "the data contradict the graph: %s%s%s is set to zero but would be %.4g "
            "(standard "
            "error %.4g); the split over the paths is wrong without it",
            v->path, v->arm[0] != '\0' ? " of " : "", v->arm, v->estimate,
            v->std_error);
    }
    if (v->kind == UP_MEDIATE_MISFIT && v->std_error > 0 && v->p_value < 0.05) {
        return upi_notes_add(&m->notes, UP_W_MISFIT, v->arm, v->p_value, 0.05, err,
            "the paths of '%s' leave %.4g of the total effect unexplained (standard "
            "error "
            "%.4g): an edge or a path is missing from the graph",
            v->arm, v->estimate, v->std_error);
    }
    if (v->kind == UP_MEDIATE_PROPORTION && v->shape != 0) {
        return upi_notes_add(&m->notes, UP_W_PROPORTION, v->arm, v->estimate,
            (double)NAN, err,
            "the share of the effect of '%s' that is mediated has no bounded interval: "
            "its "
            "total effect may be 0",
            v->arm);
    }
    if (v->kind == UP_MEDIATE_PROPORTION && (v->estimate < 0 || v->estimate > 1)) {
        return upi_notes_add(&m->notes, UP_W_OPPOSITE_PATHS, v->arm, v->estimate,
            (double)NAN, err,
            "paths of '%s' work against each other: indirect / total is %.3g, which is "
            "no share",
            v->arm, v->estimate);
    }
    return UP_OK;
}

static up_status
note_binary(up_mediation *m, const up_experiment *e, const char *name, up_error *err)
{
    int64_t metric = upi_experiment_metric(e, name);
    if (metric < 0 || e->metrics[metric].kind != UPI_METRIC_PROPORTION) {
        return UP_OK;
    }
    return upi_notes_add(&m->notes, UP_N_LINEAR_PROBABILITY, name, (double)NAN,
        (double)NAN, err,
        "'%s' is a condition: its equation is a linear probability model, and paths "
        "are "
        "averages of differences in probability",
        name);
}

static up_status
write_notes(up_mediation *m, const up_model *model, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_notes_append(&m->notes, &model->moments->notes, err));
    UP_TRY(upi_notes_append(&m->notes, &model->notes, err));
    UP_TRY(upi_notes_add(&m->notes, UP_N_NOT_RANDOMISED, "graph", (double)NAN,
        (double)NAN, err,
        "mediators were not randomised: only the total effect rests on the experiment, "
        "the split "
        "rests on the graph and on sequential ignorability"));
    if (model->design.iv) {
        UP_TRY(upi_notes_add(&m->notes, UP_W_RECEIVED, "treated", (double)NAN,
            (double)NAN, err,
            "not all units take the arm they are assigned to: what they take moves "
            "mediators and outcome together, and the graph leaves it out, so the paths "
            "are biased; the total effect is not"));
    }
    UP_TRY(note_zero_edges(m, err));
    for (int64_t j = 0; j <= m->h.n; j++) {
        UP_TRY(note_binary(m, model->moments->experiment, m->h.name[j], err));
    }
    if (m->h.interacted) {
        UP_TRY(upi_notes_add(&m->notes, UP_N_DECOMPOSITION, "interaction", (double)NAN,
            (double)NAN, err,
            "with interactions the split depends on the order in which paths are "
            "switched on: %s; "
            "averages of covariates are taken as known",
            m->opts.order == UP_MEDIATE_DIRECT_FIRST
                ? "the direct path first, indirect ones as they act with the arm"
                : "indirect paths as they act without the arm, the direct path last"));
    }
    for (int64_t i = 0; i < m->n_rows; i++) {
        m->n_missing += m->rows[i].value.kind == UP_MEDIATE_MISSING ? 1 : 0;
    }
    for (int64_t i = 0; i < m->n_rows; i++) {
        UP_TRY(note_row(m, &m->rows[i], err));
    }
out:
    return status;
}

up_status
upi_mediation_describe(up_mediation *m, const up_model *model, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(write_estimand(m, model, err));
    UP_TRY(write_assumptions(m, model, err));
    UP_TRY(write_notes(m, model, err));
out:
    return status;
}
