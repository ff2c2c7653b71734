/* What a careful analyst would say beside the numbers: the estimand in words, the assumptions
 * it rests on, and the notes. */
#include "effect/effect.h"
#include "effect/target.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MANY_INTERVALS = 20 };

/* ---- words ---- */

static const char *
estimand_words(const up_effects *e)
{
    bool iv = e->model->design.iv;
    switch (e->estimand) {
    case UPI_ITT:
        return iv ? "intent to treat: the effect of being assigned to the arm, whether "
                    "or "
                    "not the treatment was received"
                  : "intent to treat; all units comply, so it is the average treatment "
                    "effect";
    case UPI_LATE:
        return iv ? "local average treatment effect: the effect of the treatment on "
                    "compliers, units whose treatment follows their assignment"
                  : "effect on compliers; all units comply, so it is the average "
                    "treatment effect";
    case UPI_ATT:
        return iv ? "average effect on the treated: no unit of the control arm is "
                    "treated, "
                    "so the treated of the arm are the compliers"
                  : "average effect on the units that were in the arm";
    default:
        return iv ? "average treatment effect on everyone, by averaging the effects on "
                    "compliers with given covariates over all units"
                  : "average treatment effect; all units comply, so it is the effect "
                    "of "
                    "the assignment";
    }
}

/* The estimand of a target is that of the target. */
static void
add_population(up_effects *e)
{
    size_t n = strlen(e->estimand_text);
    (void)snprintf(e->estimand_text + n, sizeof e->estimand_text - n, "%s%s",
        e->target != NULL ? "; in the target population" : "",
        e->forward != NULL ? "; carried forward in time by a rule" : "");
}

static void
assume(up_effects *e, const char *text)
{
    e->assumptions[e->n_assumptions++] = text;
}

static void
list_assumptions(up_effects *e)
{
    const up_model *m = e->model;
    assume(e, m->design.propensity_varies
                  ? "randomisation: arms were assigned with the stated propensities"
                  : "randomisation: arms were assigned by chance");
    assume(
        e, m->design.block
               ? "no interference between clusters, and one version of each arm (SUTVA)"
               : "no interference between units, and one version of each arm (SUTVA)");
    if (m->design.block) {
        assume(e, "clusters are independent of one another");
    }
    if (m->design.iv && e->estimand != UPI_ITT) {
        assume(
            e, "exclusion: assignment acts on the outcome through the treatment only");
        if (m->design.compliance == UPI_COMPLIANCE_TWO_SIDED ||
            m->moments->keys[m->inst_key].n_levels !=
                m->moments->keys[m->treat_key].n_levels) {
            assume(e, "monotonicity: no unit does the opposite of its assignment");
        }
        assume(e, "relevance: assignment moves the treatment");
        if (upi_model_varies(m, m->treat_control == 0 ? 1 : 0)) {
            assume(
                e, "effects and compliance are linear in the covariates of the model");
        } else {
            assume(e, "the effect is the same for units with other covariates, or the "
                      "propensity does not vary");
        }
    }
    if (m->design.iv && e->estimand == UPI_ATE) {
        assume(e,
            "conditional effect ignorability: given the covariates, compliers and "
            "others have the same average effect");
        assume(e,
            "compliance positivity: compliers exist at all values of the covariates");
    }
    if (m->posterior != NULL) {
        assume(e, "the prior was stated without a look at these data");
        assume(e, m->posterior->kind == UP_POSTERIOR_NIG
                      ? "residuals are normal, independent and of one variance"
                      : "given the truth, the estimates are normal with the robust "
                        "covariance, as in large samples");
    }
    if (e->opts.population == UP_POPULATION_SUPER) {
        assume(
            e, e->target != NULL
                   ? "units are a random sample of the experiment's population"
                   : "units are a sample of the population the effect is stated for");
    }
    if (e->target != NULL) {
        assume(e,
            "transport: given the covariates of the model, effects are the same in "
            "the target; nothing else that changes effects differs there");
    }
    if (e->forward != NULL) {
        assume(e, upi_forward_assumption(e->forward));
    }
    if (e->rule.inference == UP_INFERENCE_ANYTIME) {
        assume(e, "the mixture was fixed before the first look");
    } else if (e->rule.inference == UP_INFERENCE_GROUP) {
        assume(e, "the spending function was fixed before the first look, and no look "
                  "was timed by the effects seen");
    }
}

/* ---- notes ---- */

static up_status
note_estimand(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    const up_model *m = e->model;
    bool effect_on_some = e->estimand == UPI_LATE || e->estimand == UPI_ATT;
    if (m->design.iv && effect_on_some) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_ESTIMAND_LATE, "estimand", (double)NAN,
            (double)NAN, err,
            "The estimate is the effect on compliers; units that do not follow their "
            "assignment may react otherwise."));
    }
    if (m->design.iv && e->estimand == UPI_ATE) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_ESTIMAND_ATE, "estimand",
            e->least_compliance, (double)NAN, err,
            "The effect on everyone rests on conditional effect ignorability (given "
            "the "
            "covariates, those who do not comply would react as compliers do) and on "
            "compliance positivity: the least compliance in a cell is %.3g. Without "
            "them "
            "the effect on everyone is only bounded.",
            e->least_compliance));
    }
out:
    return status;
}

static up_status
note_segments(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    if (e->n_small > 0) {
        const upi_subset *s = &e->sets[e->small_set];
        const up_moments *m = e->model->moments;
        const char *field = s->segment[0] != '\0' ? s->segment : s->period;
        UP_TRY(upi_notes_add(&e->notes, UP_W_SMALL_SEGMENT, field,
            (double)e->small_rows, UPI_FEW_ROWS, err,
            "%lld arm%s in segments or periods %s fewer than %d rows; the fewest, "
            "%lld, "
            "are in arm '%s' of '%s'.",
            (long long)e->n_small, e->n_small > 1 ? "s" : "",
            e->n_small > 1 ? "have" : "has", UPI_FEW_ROWS, (long long)e->small_rows,
            m->keys[e->model->inst_key].label[e->small_arm], field));
    }
out:
    return status;
}

static up_status
note_extrapolated(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    if (e->n_extrapolated > 0) {
        const up_model *m = e->model;
        const upi_term *term = e->extrapolated;
        const char *name = m->base[term->base].name;
        const char *arm =
            term->level >= 0 ? m->moments->keys[e->key].label[term->level] : "any arm";
        UP_TRY(upi_notes_add(&e->notes, UP_N_APPROXIMATE, name,
            (double)e->n_extrapolated, (double)NAN, err,
            "%lld of %lld effects are extrapolated: the rows of arm '%s' do not tell "
            "its "
            "effect at '%s', so that it is taken from other rows.",
            (long long)e->n_extrapolated, (long long)e->n_rows, arm, name));
    }
out:
    return status;
}

/* One note per metric on the kind of its relative intervals. */
static up_status
note_relative(up_effects *e, int64_t from, int64_t to, up_error *err)
{
    up_status status = UP_OK;
    int64_t choice = 0;
    int64_t unbounded = 0;
    const char *metric = e->rows[from].value.metric;
    for (int64_t i = from; i < to; i++) {
        choice += e->rows[i].choice;
        unbounded += e->rows[i].unbounded;
    }
    if (choice > 0) {
        UP_TRY(upi_notes_add(&e->notes, UP_W_RELATIVE_CHOICE, metric, (double)choice, 0,
            err,
            "For %lld of %lld relative effects the Fieller, delta and log-ratio "
            "intervals "
            "do not agree on whether 0 is inside.",
            (long long)choice, (long long)(to - from)));
    }
    if (unbounded > 0) {
        UP_TRY(upi_notes_add(&e->notes, UP_W_RELATIVE_UNBOUNDED, metric,
            (double)unbounded, 0, err,
            "For %lld of %lld relative effects the baseline cannot be told from 0, so "
            "that "
            "the set of plausible ratios is unbounded.",
            (long long)unbounded, (long long)(to - from)));
    }
out:
    return status;
}

/* Information that was stated, where a planned size tells what it amounts to, against the size. All
 * of it at more than that size is the last look of a plan that ran over. */
static up_status
note_information(up_effects *e, const char *unit, up_error *err)
{
    const upi_rule *r = &e->rule;
    int64_t clusters = up_model_clusters(e->model);
    double size = (double)(clusters > 0 ? clusters : up_model_rows(e->model));
    double last = r->information[r->plan.n_looks - 1];
    double off = size / (last * r->planned);
    if (isnan(off) || (off >= 0.8 && off <= 1.25) || (last >= 1 && off > 1)) {
        return UP_OK;
    }
    return upi_notes_add(&e->notes, UP_W_INFORMATION, "information", size,
        last * r->planned, err,
        "There are %.6g %s, but the information stated is %.4g %% of the %.6g planned, "
        "which is %.6g. Bounds hold for looks at the information stated.",
        size, unit, 100 * last, r->planned, last * r->planned);
}

/* What the intervals promise about looks. */
static up_status
note_rule(up_effects *e, up_error *err)
{
    const upi_rule *r = &e->rule;
    const char *unit = e->model->moments->ways > 0 ? "clusters" : "rows";
    double level = 100 * e->opts.level;
    if (r->inference == UP_INFERENCE_ANYTIME && isnan(r->planned)) {
        return upi_notes_add(&e->notes, UP_N_ANYTIME, "mixture", r->mixture,
            (double)NAN, err,
            "The %g %% intervals and p-values hold at every look, whenever it is "
            "taken, "
            "provided that the mixture precision g = %.6g was fixed before the first.",
            level, r->mixture);
    }
    if (r->inference == UP_INFERENCE_ANYTIME) {
        return upi_notes_add(&e->notes, UP_N_ANYTIME, "planned", r->planned,
            (double)NAN, err,
            "The %g %% intervals and p-values hold at every look, whenever it is "
            "taken. "
            "They are shortest at the %.6g %s planned (mixture precision g = %.6g), "
            "which have to stay the same at all looks; segments smaller than that pay "
            "with wider intervals.",
            level, r->planned, unit, r->mixture);
    }
    if (r->inference == UP_INFERENCE_GROUP) {
        int64_t looks = r->plan.n_looks;
        up_status status = note_information(e, unit, err);
        if (status != UP_OK) {
            return status;
        }
        return upi_notes_add(&e->notes, UP_N_GROUP_SEQUENTIAL, "information",
            r->information[looks - 1], (double)NAN, err,
            "Look %lld, at %.4g %% of the planned information: the %g %% intervals "
            "hold "
            "together with those of the looks stated, with %.6g standard errors "
            "(normal "
            "scale). When to look must not depend on the effects seen.",
            (long long)looks, 100 * r->information[looks - 1], level, r->first_bound);
    }
    return upi_notes_add(&e->notes, UP_N_FIXED_HORIZON, "", e->opts.level, (double)NAN,
        err,
        "The %g %% intervals hold for one look at a sample size fixed in advance; "
        "looking again as data come in makes false alarms likelier. Inference anytime "
        "or group allows it.",
        level);
}

static const char *
adjust_words(int64_t adjust)
{
    static const char *const words[] = {"", "by Bonferroni: all intervals hold at once",
        "by Holm: the chance of any false decision is bounded",
        "by Hochberg: the chance of any false decision is bounded under positive "
        "dependence",
        "by Hommel: the chance of any false decision is bounded under positive "
        "dependence",
        "by Benjamini-Hochberg: the expected share of false decisions among those made "
        "is bounded under positive dependence",
        "by Benjamini-Yekutieli: the expected share of false decisions among those "
        "made "
        "is bounded",
        "by e-BH: the expected share of false decisions among those made is bounded at "
        "any look",
        "by max-t: all intervals hold at once",
        "by max-t, step down: the chance of any false decision is bounded"};
    return words[adjust];
}

/* There is more than one segment, so that one of them may be picked for what it shows. */
static bool
has_segments(const up_effects *e)
{
    for (int64_t i = 1; i < e->n_rows; i++) {
        if (strcmp(e->rows[i].value.segment, e->rows[0].value.segment) != 0) {
            return true;
        }
    }
    return false;
}

/* The chance of a false finding is that of independent comparisons: no more than this for what is
 * positively dependent, as segments of one experiment are. */
static up_status
note_many(up_effects *e, up_error *err)
{
    double alpha = 1 - e->opts.level;
    double any = 1 - pow(e->opts.level, (double)e->n_rows);
    bool segments = has_segments(e);
    bool fixed = e->opts.inference == UP_INFERENCE_FIXED &&
                 e->opts.interval == UP_INTERVAL_WALD && e->opts.n_margins == 0 &&
                 e->n_rows <= UPI_MOST_MAX_T;
    if (e->model->posterior != NULL ||
        (e->n_rows <= MANY_INTERVALS && !(segments && e->n_rows > 1))) {
        return UP_OK;
    }
    return upi_notes_add(&e->notes, UP_N_MANY_COMPARISONS, segments ? "segment" : "",
        (double)e->n_rows, segments ? 1 : MANY_INTERVALS, err,
        "%lld intervals are shown and each holds on its own: were there no effect at "
        "all, at least one would miss 0 with a chance of about %.0f %%, and %.1f would "
        "on average. Do not pick one of them: 'upshot effect' with --adjust %s answers "
        "them together.",
        (long long)e->n_rows, 100 * any, (double)e->n_rows * alpha,
        fixed ? "max-t" : "holm");
}

/* How many comparisons there are, and what was done about it. */
static up_status
note_comparisons(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    if (e->opts.adjust != UP_ADJUST_NONE) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_ADJUSTED, "adjust",
            (double)e->most_compared, (double)NAN, err,
            "Adjusted %s. %lld famil%s, the largest of %lld comparisons; the family is "
            "what was asked for here, and has to be declared before looking.",
            adjust_words(e->opts.adjust), (long long)e->n_families,
            e->n_families == 1 ? "y" : "ies", (long long)e->most_compared));
    } else {
        UP_TRY(note_many(e, err));
    }
    if (e->opts.interval == UP_INTERVAL_AR) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_ANDERSON_RUBIN, "interval", (double)NAN,
            (double)NAN, err,
            "Intervals are Anderson-Rubin sets: right for any strength of the "
            "instrument, and unbounded or in two pieces where it is weak. The p-value "
            "is that of the assignment; relative effects are left out.%s",
            e->off_ratio ? " The sets are of the ratio of the average effects of the "
                           "assignment, which here is not quite the estimate shown."
                         : ""));
    }
out:
    return status;
}

static up_status
note_level(up_effects *e, up_error *err)
{
    if (e->model->posterior != NULL) {
        return upi_notes_add(&e->notes, UP_N_CREDIBLE, "posterior", e->opts.level,
            (double)NAN, err,
            "The %g %% intervals are credible intervals of the %s posterior; the prior "
            "is %s. "
            "There are no p-values: read the probability that the effect is above 0.",
            100 * e->opts.level, up_model_posterior(e->model),
            up_model_prior(e->model));
    }
    return note_rule(e, err);
}

static up_status
note_intervals(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    if (e->averaged && e->target == NULL) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_SUPERPOPULATION, "population", (double)NAN,
            (double)NAN, err,
            "Standard errors include the variance of the covariate averages: the "
            "effects "
            "are those of the population the units come from."));
    }
    if (e->averaged && e->model->moments->row_weighted) {
        UP_TRY(upi_notes_add(&e->notes, UP_N_APPROXIMATE, "weight", (double)NAN,
            (double)NAN, err,
            "Weights or propensities differ from row to row and were not kept one by "
            "one: "
            "the variance of the covariate averages uses their mean in each record."));
    }
    UP_TRY(note_level(e, err));
    UP_TRY(note_comparisons(e, err));
out:
    return status;
}

up_status
upi_effects_describe(up_effects *e, up_error *err)
{
    up_status status = UP_OK;
    (void)snprintf(e->estimand_text, sizeof e->estimand_text, "%s", estimand_words(e));
    add_population(e);
    list_assumptions(e);
    UP_TRY(upi_notes_append(&e->notes, &e->model->notes, err));
    UP_TRY(note_estimand(e, err));
    UP_TRY(note_intervals(e, err));
    UP_TRY(note_segments(e, err));
    UP_TRY(note_extrapolated(e, err));
    for (int64_t i = 0; i < e->n_rows;) {
        int64_t end = i;
        while (end < e->n_rows &&
               strcmp(e->rows[end].value.metric, e->rows[i].value.metric) == 0) {
            end++;
        }
        UP_TRY(note_relative(e, i, end, err));
        i = end;
    }
out:
    return status;
}
