/* Rows to moments. A covariate that is a number starts as a key. If it has too many distinct
 * values, or the groups become too many, the pass is repeated with it as a continuous
 * covariate; as a rule this shows in the first thousand rows. What is continuous in the end
 * depends on the data alone: keys with too many values first, and only when none is left are
 * covariates taken out of the keys because of the number of groups; with clusters only where
 * memory asks for it. */
#include "moments/build.h"

#include "base/opts.h"
#include "design/build.h"

#include <inttypes.h>
#include <string.h>

/* Numbers with more levels than this are the first to leave the keys. */
enum { FEW_LEVELS = 12 };

static up_status
refuse_levels(const upi_plan_key *k, up_error *err)
{
    const char *what = k->role == UPI_KEY_ARM || k->role == UPI_KEY_TREATED ||
                               k->role == UPI_KEY_INSTRUMENT
                           ? "arm"
                       : k->role == UPI_KEY_TIME ? "period"
                       : k->role == UPI_KEY_COVARIATE
                           ? "categorical covariate"
                           : "weight or propensity with clusters";
    (void)upi_fail(err, UP_E_ARGUMENT, k->name,
        "'%s' has more than %" PRId64
        " distinct values; as a %s it looks like an identifier",
        k->name, k->limit, what);
    return upi_fix(err, k->role == UPI_KEY_COVARIATE
                            ? "leave it out, or group its values"
                            : "check the name of the column");
}

/* Keys with too many levels become continuous. */
static up_status
choose_by_levels(const upi_pass *pass, upi_choice *choice, up_error *err)
{
    const upi_plan *p = pass->plan;
    for (int64_t k = 0; k < p->n_keys; k++) {
        const upi_plan_key *key = &p->keys[k];
        if (!pass->levels.too_many[k]) {
            continue;
        }
        bool number =
            key->role == UPI_KEY_COVARIATE && !p->e->covariates[key->index].factor;
        if (number) {
            choice->continuous[key->index] = true;
        } else if (key->role == UPI_KEY_WEIGHT && p->shape.ways == 0) {
            choice->scaled[0] = true;
        } else if (key->role == UPI_KEY_PROPENSITY && p->shape.ways == 0) {
            choice->scaled[1] = true;
        } else {
            return refuse_levels(key, err);
        }
    }
    return UP_OK;
}

/* Takes every number with more than `few` levels out of the keys; false if there is none. */
static bool
release_numbers(const upi_pass *pass, upi_choice *choice, int64_t few)
{
    bool any = false;
    const upi_plan *p = pass->plan;
    for (int64_t k = 0; k < p->n_keys; k++) {
        const upi_plan_key *key = &p->keys[k];
        if (key->role == UPI_KEY_COVARIATE && !p->e->covariates[key->index].factor &&
            pass->levels.dict[k].n > few) {
            choice->continuous[key->index] = true;
            any = true;
        }
    }
    return any;
}

/* limited: the caller gave the number of groups. */
static up_status
choose_by_groups(const upi_pass *pass, bool limited, upi_choice *choice, up_error *err)
{
    const upi_plan *p = pass->plan;
    if (release_numbers(pass, choice, FEW_LEVELS)) {
        return UP_OK;
    }
    /* With clusters a number of few levels is continuous only where that was asked for: it is
     * the clusters that make the groups many, and its segments would be lost. */
    if ((p->shape.ways == 0 || limited) && release_numbers(pass, choice, 1)) {
        return UP_OK;
    }
    if (p->shape.ways > 0) {
        choice->unlimited = true;
        return UP_OK;
    }
    if (p->propensity >= 0 && pass->levels.dict[p->propensity].n > FEW_LEVELS) {
        choice->scaled[1] = true;
        return UP_OK;
    }
    if (p->weight >= 0 && pass->levels.dict[p->weight].n > 1) {
        choice->scaled[0] = true;
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_ARGUMENT, "covariates",
        "the roles and categorical covariates make more than %" PRId64 " distinct rows",
        p->max_groups);
    return upi_fix(err, "leave out a covariate, group its values, or raise max_groups");
}

/* One pass under a choice. *out stays NULL when the choice was changed instead. */
static up_status
attempt(up_experiment *e, const up_moments_opts *opts, upi_choice *choice,
    const up_run *run, up_moments **out, up_error *err)
{
    up_status status = UP_OK;
    upi_plan plan = {0};
    upi_pass pass = {0};
    upi_table *table = NULL;
    UP_TRY(upi_plan_make(e, opts, choice, &plan, err));
    UP_TRY(upi_pass_make(&plan, &pass, err));
    UP_TRY(upi_pass_run(&pass, run, err));
    if (atomic_load(&pass.levels.over)) {
        UP_TRY(choose_by_levels(&pass, choice, err));
        goto out;
    }
    UP_TRY(upi_verdict_rows(&pass, err));
    if (!atomic_load(&pass.combiner.over)) {
        UP_TRY(upi_combiner_finish(&pass.combiner, &table, err));
    }
    if (atomic_load(&pass.combiner.over)) {
        UP_TRY(choose_by_groups(&pass, opts->max_groups > 0, choice, err));
        goto out;
    }
    UP_TRY(upi_finish(&pass, e, table, out, err));
out:
    upi_table_free(table);
    upi_pass_free(&pass);
    upi_plan_free(&plan);
    return status;
}

static up_status
read_options(const up_moments_opts *opts, up_moments_opts *out, up_error *err)
{
    up_status status = UP_OK;
    if (opts == NULL) {
        *out = (up_moments_opts){.struct_size = sizeof *out};
        return UP_OK;
    }
    UP_TRY(upi_opts_copy(out, sizeof *out, opts, err));
    if (out->layout < UP_LAYOUT_AUTO || out->layout > UP_LAYOUT_STREAM) {
        status = upi_fail(err, UP_E_ARGUMENT, "layout",
            "layout is %" PRId64 ", not 0 to 3", out->layout);
    } else if (out->max_groups < 0) {
        status = upi_fail(err, UP_E_ARGUMENT, "max_groups",
            "max_groups is %" PRId64 ", below 0", out->max_groups);
    } else if (out->max_levels < 0 || out->max_levels > 1000000) {
        status = upi_fail(err, UP_E_ARGUMENT, "max_levels",
            "max_levels is %" PRId64 ", not between 0 and 1,000,000", out->max_levels);
    }
out:
    return status;
}

static up_status
check_experiment(const up_experiment *e, up_error *err)
{
    if (e == NULL || e->source == NULL) {
        return upi_fail(
            err, UP_E_ARGUMENT, "experiment", "an experiment with rows is needed");
    }
    if (e->n_components == 0) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "metric", "no metric was added to the experiment");
        return upi_fix(err, "add at least one metric");
    }
    return UP_OK;
}

static up_status
build(up_experiment *e, const up_moments_opts *own, const up_run *run, up_moments **out,
    up_error *err)
{
    up_status status = UP_OK;
    upi_choice choice = {0};
    UP_TRY(UP_NEW(&choice.continuous, e->n_covariates, err));
    for (int64_t i = 0; i < e->n_covariates; i++) {
        choice.continuous[i] =
            own->layout == UP_LAYOUT_STREAM && !e->covariates[i].factor;
    }
    while (*out == NULL) {
        UP_TRY(attempt(e, own, &choice, run, out, err));
    }
out:
    upi_free(choice.continuous);
    return status;
}

up_status
up_moments_build(up_experiment *e, const up_moments_opts *opts, const up_run *run,
    up_moments **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_moments_opts own;
    up_moments *m = NULL;
    UP_TRY(check_experiment(e, err));
    if (out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "out", "a place for the moments is needed");
    }
    UP_TRY(read_options(opts, &own, err));
    UP_TRY(build(e, &own, run, &m, err));
    UP_TRY(upi_verdict_groups(m, run, err));
    *out = m;
    m = NULL;
out:
    up_moments_free(m);
    return status;
}

/* One arm, and one metric that is constant: the pass has to have them. */
static up_status
as_population(
    const up_experiment *like, up_source *source, up_experiment **out, up_error *err)
{
    up_status status = UP_OK;
    up_experiment *e = NULL;
    UP_TRY(up_experiment_new(source,
        UP_ROLES(.intent_to_treat = "'the target'", .missing = like->missing), &e,
        err));
    const upi_variable *cluster = &like->roles[UPI_ROLE_CLUSTER];
    up_error absent = UP_ERROR_INIT;
    if (cluster->name != NULL) {
        status = upi_variable_make(
            e, "cluster", cluster->name, &e->roles[UPI_ROLE_CLUSTER], &absent);
        UP_TRY(status == UP_E_COLUMN ? UP_OK : status);
    }
    for (int64_t i = 0; i < like->n_covariates; i++) {
        const upi_covariate *c = &like->covariates[i];
        upi_text text = {0};
        bool number = !c->factor && c->v.type == UPI_BOOL;
        const char *form = c->factor ? "factor(%s)" : number ? "numeric(%s)" : "%s";
        upi_text_addf(&text, form, c->v.name);
        status = text.failed ? upi_fail_memory(err, 0)
                             : up_experiment_add_covariate(e, text.s, err);
        upi_text_free(&text);
        UP_TRY(status);
    }
    for (int64_t i = 0; i < like->n_segments; i++) {
        UP_TRY(up_experiment_add_segment(e, like->segments[i].name, err));
    }
    UP_TRY(UP_NEW(&e->components, 1, err));
    e->n_components = 1;
    UP_TRY(upi_variable_make(e, "metric", "1", &e->components[0], err));
    *out = e;
    e = NULL;
out:
    up_experiment_free(e);
    return status;
}

up_status
upi_moments_census(const up_experiment *like, up_source *source, const up_run *run,
    up_moments **out, up_error *err)
{
    up_status status = UP_OK;
    up_experiment *e = NULL;
    up_moments *m = NULL;
    up_moments_opts own = {.struct_size = sizeof own};
    UP_TRY(as_population(like, source, &e, err));
    UP_TRY(build(e, &own, run, &m, err));
    m->rows = NULL; /* the experiment that reads them ends here */
    if (m->n_rows == 0) {
        status = upi_fail(err, UP_E_EMPTY, "target",
            "no row of the target is left to read its covariates from");
        goto out;
    }
    UP_TRY(upi_verdict_finite(m, err));
    *out = m;
    m = NULL;
out:
    up_moments_free(m);
    up_experiment_free(e);
    return status;
}
