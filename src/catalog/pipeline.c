/* From a request to a fitted model. The order is the one of the paper: source, experiment,
 * metrics, moments, model. A capsule enters at the moments and brings its own roles. */
#include "catalog/pipeline.h"

#include "catalog/graph_text.h"
#include "catalog/segments.h"
#include "catalog/verbs.h"
#include "engine/source.h"
#include "moments/moments.h"

#include <upshot/bayes.h>
#include <upshot/mediate.h>
#include <upshot/power.h>

#include <string.h>

/* Options that describe rows; a capsule has been told already. */
static const char *const row_options[] = {"itt", "treated", "propensity", "instrument",
    "cluster", "cluster2", "unit", "time", "strata", "weight", "control",
    "expected-split", "filter", "missing", "assigned-by-cluster", "covariates", "post",
    "segment", "layout"};

static up_status
refuse_with_capsule(const upi_request *q, const char *name, up_error *err)
{
    if (!upi_request_value(q, name)->given) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_USAGE, name,
        "--%s cannot be given with a capsule, which brings its own design", name);
    return upi_fix(err, "leave --%s out, or run 'upshot fit' on the rows again", name);
}

static up_status
load_capsule(const upi_request *q, const char *path, upi_pipeline *p, up_error *err)
{
    up_status status = UP_OK;
    p->capsule = true;
    for (size_t i = 0; i < sizeof row_options / sizeof row_options[0]; i++) {
        UP_TRY(refuse_with_capsule(q, row_options[i], err));
    }
    if (!upi_request_has(q, "where")) { /* the question is what to compress */
        UP_TRY(refuse_with_capsule(q, "metric", err));
        UP_TRY(p->graph != NULL ? refuse_with_capsule(q, "graph", err) : UP_OK);
    }
    UP_TRY(up_moments_load(path, &p->moments, err));
out:
    return status;
}

static up_status
require(const upi_request *q, const char *name, const char *what, up_error *err)
{
    if (upi_request_value(q, name)->given) {
        return UP_OK;
    }
    (void)upi_fail(
        err, UP_E_USAGE, name, "upshot %s needs --%s: %s", q->verb->name, name, what);
    return upi_fix(err, "e.g. %s", q->verb->examples[0]);
}

/* --over COLUMN stands for --time COLUMN --over-time; looks by a column need it as the time. */
static up_status
time_column(const upi_request *q, const char **out, up_error *err)
{
    const char *time = upi_request_text(q, "time");
    const char *name = upi_request_has(q, "looks-by") ? "looks-by" : "over";
    const char *over = upi_request_has(q, name) ? upi_request_text(q, name) : NULL;
    if (time != NULL && over != NULL && strcmp(time, over) != 0) {
        (void)upi_fail(
            err, UP_E_USAGE, name, "--%s is '%s' but --time is '%s'", name, over, time);
        return upi_fix(err, "give one of them");
    }
    *out = time != NULL ? time : over;
    return UP_OK;
}

static up_status
make_experiment(const upi_request *q, upi_pipeline *p, up_error *err)
{
    up_status status = UP_OK;
    const char *time = NULL;
    UP_TRY(time_column(q, &time, err));
    const up_roles *roles =
        UP_ROLES(.intent_to_treat =
                     p->history != NULL ? UP_POWER_SPLIT : upi_request_text(q, "itt"),
            .treated = upi_request_text(q, "treated"),
            .propensity = upi_request_text(q, "propensity"),
            .instrument = upi_request_text(q, "instrument"),
            .cluster = upi_request_text(q, "cluster"),
            .cluster2 = upi_request_text(q, "cluster2"),
            .unit = upi_request_text(q, "unit"), .time = time,
            .strata = upi_request_text(q, "strata"),
            .weight = upi_request_text(q, "weight"),
            .control = upi_request_text(q, "control"),
            .expected_split = upi_request_text(q, "expected-split"),
            .filter = upi_request_text(q, "filter"),
            .missing = upi_request_integer(q, "missing"),
            .assigned_by_cluster = upi_request_flag(q, "assigned-by-cluster"));
    UP_TRY(up_experiment_new(p->source, roles, &p->experiment, err));
    UP_TRY(upi_add_each(q, "post", p->experiment, up_experiment_mark_post, err));
    UP_TRY(upi_add_each(q, "metric", p->experiment, up_experiment_add_metric, err));
    UP_TRY(
        upi_add_each(q, "covariates", p->experiment, up_experiment_add_covariate, err));
    if (p->graph != NULL) {
        const upi_value *products = upi_request_value(q, "interaction");
        UP_TRY(up_experiment_add_graph(p->experiment, p->graph,
            UP_MEDIATE_OPTS(.interactions = (const char *const *)products->text,
                .n_interactions = products->n),
            err));
    }
    UP_TRY(upi_segments_add(q, p->experiment, err));
out:
    return status;
}

static up_status
split_history(const upi_request *q, const up_run *run, upi_pipeline *p, up_error *err)
{
    up_status status = UP_OK;
    up_source *both = NULL;
    UP_TRY(up_power_split(p->source, upi_request_text(q, "cluster"), run, &both, err));
    p->history = p->source;
    p->source = both;
out:
    return status;
}

static up_status
read_rows(const upi_request *q, const up_run *run, bool may_split, upi_pipeline *p,
    up_error *err)
{
    up_status status = UP_OK;
    bool split = may_split && !upi_request_value(q, "itt")->given;
    if (!split) {
        UP_TRY(require(q, "itt", "the column of the assigned arm", err));
    }
    if (p->graph == NULL) {
        UP_TRY(require(q, "metric", "what is measured", err));
    }
    UP_TRY(up_source_open(upi_request_text(q, "source"), run, &p->source, err));
    if (split) {
        UP_TRY(split_history(q, run, p, err));
    }
    UP_TRY(make_experiment(q, p, err));
    UP_TRY(up_moments_build(p->experiment,
        UP_MOMENTS_OPTS(.layout = upi_request_integer(q, "layout"),
            .cross = p->graph != NULL ? 1 : 0),
        run, &p->moments, err));
out:
    return status;
}

/* What the request does not say is as it was when the capsule was made. */
static up_linear_opts
model_options(const upi_request *q, const up_moments *m)
{
    const upi_fit_options *stored = &m->fitted;
    up_linear_opts o = *UP_LINEAR_OPTS(.vcov = upi_request_integer(q, "vcov"),
        .interactions = upi_request_integer(q, "interactions"),
        .no_covariates = upi_request_flag(q, "no-covariates"));
    if (!stored->known) {
        return o;
    }
    if (!upi_request_value(q, "vcov")->given) {
        o.vcov = stored->vcov;
    }
    if (!upi_request_value(q, "interactions")->given) {
        o.interactions = stored->interactions;
    }
    if (!upi_request_value(q, "no-covariates")->given) {
        o.no_covariates = stored->no_covariates;
    }
    o.rank_tolerance = stored->rank_tolerance;
    return o;
}

const char *
upi_pipeline_interactions(const upi_pipeline *p)
{
    return p->linear.interactions == UP_INTERACT_NONE ? "none" : "full";
}

/* --posterior and --prior; a verb need not have them. */
static up_status
fit_model(const upi_request *q, const up_run *run, upi_pipeline *p, up_error *err)
{
    enum { NONE, ROBUST, NIG };
    if (!upi_request_has(q, "posterior")) {
        return up_fit_linear(p->moments, &p->linear, run, &p->model, err);
    }
    const upi_value *prior = upi_request_value(q, "prior");
    int64_t kind = upi_request_integer(q, "posterior");
    double shape = upi_request_number(q, "prior-shape");
    double rate = upi_request_number(q, "prior-rate");
    if (kind == NONE && !prior->given && shape + rate == 0) {
        return up_fit_linear(p->moments, &p->linear, run, &p->model, err);
    }
    return up_fit_bayes(p->moments,
        UP_BAYES_OPTS(.kind = kind == NIG ? UP_POSTERIOR_NIG : UP_POSTERIOR_ROBUST,
            .priors = (const char *const *)prior->text, .n_priors = prior->n,
            .shape = shape, .rate = rate, .linear = &p->linear),
        run, &p->model, err);
}

void
upi_pipeline_prior_json(const upi_pipeline *p, const upi_request *q, upi_json *j)
{
    if (*up_model_posterior(p->model) == '\0') {
        return;
    }
    upi_json_put_string(j, "posterior", up_model_posterior(p->model));
    upi_json_put_list(j, "prior", upi_request_value(q, "prior"));
    upi_json_put_double(j, "prior_shape", upi_request_number(q, "prior-shape"));
    upi_json_put_double(j, "prior_rate", upi_request_number(q, "prior-rate"));
}

const char *
upi_pipeline_capsule(const up_run *run, const char *source)
{
    const up_named_source *lent = upi_source_lent(run, source);
    const char *path = lent != NULL ? lent->path : source;
    return up_moments_is_capsule(path) != 0 ? path : NULL;
}

static up_status
read_source(const upi_request *q, const char *source, const up_run *run, bool may_split,
    upi_pipeline *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    bool mechanism = upi_request_has(q, "interaction"); /* see OPTIONS_GRAPH */
    if (mechanism && upi_request_text(q, "graph") != NULL) {
        UP_TRY(upi_graph_read(upi_request_text(q, "graph"), &p.graph, err));
    }
    const char *capsule = upi_pipeline_capsule(run, source);
    if (capsule != NULL) {
        UP_TRY(load_capsule(q, capsule, &p, err));
    } else {
        UP_TRY(read_rows(q, run, may_split, &p, err));
    }
    p.linear = model_options(q, p.moments);
    *out = p;
    p = (upi_pipeline){0};
out:
    upi_pipeline_clear(&p);
    return status;
}

up_status
upi_pipeline_read(const upi_request *q, const char *source, const up_run *run,
    upi_pipeline *out, up_error *err)
{
    return read_source(q, source, run, false, out, err);
}

up_status
upi_pipeline_fit(
    const upi_request *q, const up_run *run, upi_pipeline *p, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(fit_model(q, run, p, err));
    p->moments->fitted = (upi_fit_options){.known = true,
        .vcov = p->linear.vcov,
        .interactions = p->linear.interactions,
        .no_covariates = p->linear.no_covariates,
        .rank_tolerance = p->linear.rank_tolerance};
out:
    return status;
}

static up_status
pipeline(const upi_request *q, const up_run *run, bool may_split, upi_pipeline *out,
    up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    UP_TRY(read_source(q, upi_request_text(q, "source"), run, may_split, &p, err));
    UP_TRY(upi_pipeline_fit(q, run, &p, err));
    *out = p;
    p = (upi_pipeline){0};
out:
    upi_pipeline_clear(&p);
    return status;
}

/* --over COLUMN with a capsule must name the time it was made with. */
up_status
upi_pipeline_over(const upi_pipeline *p, const upi_request *q, up_error *err)
{
    const char *over = upi_request_text(q, "over");
    const upi_variable *time = &p->moments->experiment->roles[UPI_ROLE_TIME];
    if (!p->capsule || over == NULL) {
        return UP_OK;
    }
    if (time->name == NULL) {
        (void)upi_fail(
            err, UP_E_NEEDS_ROWS, "over", "the capsule was made without a time");
        return upi_fix(err, "run 'upshot fit' on the rows with --time %s --save", over);
    }
    if (strcmp(time->name, over) != 0) {
        (void)upi_fail(err, UP_E_NEEDS_ROWS, "over",
            "the time of the capsule is '%s', not '%s'", time->name, over);
        return upi_fix(err, "give --over-time, or run 'upshot fit' on the rows");
    }
    return UP_OK;
}

up_status
upi_pipeline_run(
    const upi_request *q, const up_run *run, upi_pipeline *out, up_error *err)
{
    return pipeline(q, run, false, out, err);
}

up_status
upi_pipeline_history(
    const upi_request *q, const up_run *run, upi_pipeline *out, up_error *err)
{
    return pipeline(q, run, true, out, err);
}

void
upi_pipeline_clear(upi_pipeline *p)
{
    up_checks_free(p->checks);
    up_graph_free(p->graph);
    up_model_free(p->model);
    up_moments_free(p->moments);
    up_experiment_free(p->experiment);
    up_source_free(p->source);
    up_source_free(p->history);
    *p = (upi_pipeline){0};
}

/* "96MB" to bytes; a number alone is bytes. */
static up_status
read_memory(const char *text, int64_t *out, up_error *err)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"B", 1}, {"KB", 1024}, {"MB", 1048576}, {"GB", 1073741824},
        {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {"", 1}, {"K", 1024},
        {"M", 1048576}, {"G", 1073741824}};
    size_t n = strspn(text, "0123456789.");
    double x = 0;
    if (n > 0 && upi_double_parse(text, (int64_t)n, &x)) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            double bytes = x * units[i].bytes;
            if (strcmp(text + n, units[i].unit) == 0 && bytes >= 1 && bytes < 1e15) {
                *out = (int64_t)bytes;
                return UP_OK;
            }
        }
    }
    (void)upi_fail(err, UP_E_USAGE, "memory", "--memory cannot be '%s'", text);
    return upi_fix(err, "give a number and a unit: --memory 256MB");
}

up_status
upi_run_options(const upi_request *q, const up_run *run, up_run *out, up_error *err)
{
    up_status status = UP_OK;
    up_run r;
    UP_TRY(upi_run_read(&r, run, err));
    if (!upi_request_has(q, "threads")) {
        *out = r;
        return UP_OK;
    }
    if (upi_request_value(q, "threads")->given) {
        r.threads = upi_request_integer(q, "threads");
    }
    if (upi_request_value(q, "seed")->given) {
        r.seed = (uint64_t)upi_request_integer(q, "seed");
    }
    if (upi_request_text(q, "spill") != NULL) {
        r.spill_directory = upi_request_text(q, "spill");
    }
    if (upi_request_text(q, "memory") != NULL) {
        UP_TRY(read_memory(upi_request_text(q, "memory"), &r.memory_limit_bytes, err));
    }
    *out = r;
out:
    return status;
}
