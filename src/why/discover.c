/* A graph proposed from the moments of an experiment.
 *
 * The PC algorithm (pc.c) runs once on the correlations of all rows, and once on those of each
 * resample: 1,024 blocks of rows drawn with replacement, their Gram matrices added up. How
 * often an edge comes back says how much it hangs on the rows at hand; it is not the
 * probability that the edge is real. */
#include "base/opts.h"
#include "num/rng.h"
#include "why/pc.h"
#include "why/tiers.h"

#include <upshot/discover.h>

#include <math.h>
#include <string.h>

enum { MOST_RESAMPLES = 100000 };

struct up_discovery {
    up_graph *graph;
    up_found_edge *edge;
    int64_t n_edges;
    int64_t tests;
    double n;
    upi_notes notes;
};

typedef struct search {
    upi_scatter scatter;
    upi_background known;
    upi_pc_in in;
    upi_pc_out *found, *again; /* large, so not on the stack */
    int32_t *joined, *same;    /* (d, d) resamples that join i and j; in the same way */
    int64_t resamples;         /* that gave a graph */
} search;

static up_status
check_options(const up_discover_opts *o, up_error *err)
{
    if (!(o->alpha > 0 && o->alpha < 1)) {
        return upi_fail(
            err, UP_E_ARGUMENT, "alpha", "alpha is %g, not between 0 and 1", o->alpha);
    }
    if (o->max_given < 0 || o->bootstrap < -1 || o->bootstrap > MOST_RESAMPLES ||
        o->orient < UP_ORIENT_MAJORITY || o->orient > UP_ORIENT_CONSERVATIVE) {
        return upi_fail(err, UP_E_ARGUMENT,
            o->max_given < 0                                     ? "max_given"
            : o->bootstrap < -1 || o->bootstrap > MOST_RESAMPLES ? "bootstrap"
                                                                 : "orient",
            "the value is out of range");
    }
    return UP_OK;
}

/* 1: i -> j, -1: j -> i, 0: no direction. */
static int
direction(const upi_pc_out *o, int64_t i, int64_t j)
{
    return upi_set_has(&o->to[i], j) ? 1 : upi_set_has(&o->to[j], i) ? -1 : 0;
}

static void
compare(search *s)
{
    int64_t d = s->in.d;
    for (int64_t i = 0; i < d; i++) {
        for (int64_t j = i + 1; j < d; j++) {
            if (!upi_set_has(&s->again->near[i], j)) {
                continue;
            }
            bool same = upi_set_has(&s->found->near[i], j) &&
                        direction(s->again, i, j) == direction(s->found, i, j);
            s->joined[i * d + j]++;
            s->same[i * d + j] += same ? 1 : 0;
        }
    }
}

static up_status
resample(search *s, int64_t n, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    int32_t *times = NULL;
    double *corr = NULL;
    int64_t blocks = s->scatter.n_blocks;
    int64_t d = s->in.d;
    upi_pc_in in = s->in;
    UP_TRY(UP_NEW(&times, blocks, err));
    UP_TRY(UP_NEW(&corr, d * d, err));
    in.corr = corr;
    for (int64_t r = 0; r < n; r++) {
        if (run != NULL && run->should_stop != NULL &&
            run->should_stop(run->user) != 0) {
            status = upi_fail(err, UP_E_STOPPED, NULL, "stopped on request");
            goto out;
        }
        upi_rng rng = upi_rng_make(
            run != NULL ? run->seed : 0, UPI_STREAM_DISCOVER, (uint64_t)r, 0);
        for (int64_t b = 0; b < blocks; b++) {
            times[b] = 0;
        }
        for (int64_t b = 0; b < blocks; b++) {
            times[upi_rng_below(&rng, blocks)]++;
        }
        if (upi_scatter_correlate(&s->scatter, times, corr)) {
            upi_pc_run(&in, s->again);
            compare(s);
            s->resamples++;
        }
    }
out:
    upi_free(times);
    upi_free(corr);
    return status;
}

static up_status
add_edge(const search *s, int64_t i, int64_t j, up_discovery *out, up_error *err)
{
    int64_t d = s->in.d;
    int way = direction(s->found, i, j);
    int64_t from = way < 0 ? j : i;
    int64_t to = way < 0 ? i : j;
    double n = s->resamples > 0 ? (double)s->resamples : (double)NAN;
    out->edge[out->n_edges++] = (up_found_edge){.from = out->graph->name[from],
        .to = out->graph->name[to],
        .directed = way != 0,
        .frequency = s->joined[i * d + j] / n,
        .direction_frequency = s->same[i * d + j] / n,
        .correlation = s->scatter.corr[i + j * d],
        .p_value = s->found->p[i * d + j]};
    return upi_graph_join(
        out->graph, from, to, way != 0 ? UP_EDGE_DIRECTED : UP_EDGE_UNDIRECTED, err);
}

static up_status
add_notes(const search *s, const up_discover_opts *o, up_discovery *out, up_error *err)
{
    up_status status = UP_OK;
    const upi_pc_out *found = s->found;
    UP_TRY(upi_notes_add(&out->notes, UP_N_HYPOTHESIS, NULL, (double)found->tests,
        o->alpha, err,
        "a hypothesis from %lld tests at level %g: it assumes that no cause is missing "
        "from the columns and that every independence has a reason in the graph; "
        "triples left ambiguous: %lld; edges wanted both ways: %lld",
        (long long)found->tests, o->alpha, (long long)found->ambiguous,
        (long long)found->conflicts));
    if (found->cut) {
        UP_TRY(upi_notes_add(&out->notes, UP_N_APPROXIMATE, "max_given",
            (double)found->tests, (double)UPI_PC_TESTS, err,
            "the search stopped after %lld tests, before larger sets of columns were "
            "tried: give max_given a bound, or fewer columns",
            (long long)found->tests));
    }
    if (s->scatter.clusters > 0) {
        UP_TRY(upi_notes_add(&out->notes, UP_N_APPROXIMATE, "cluster", s->scatter.n,
            (double)NAN, err,
            "each of the %lld clusters counts as one observation in the tests, which "
            "finds fewer edges rather than more",
            (long long)s->scatter.clusters));
    } else if (s->scatter.weighted) {
        UP_TRY(upi_notes_add(&out->notes, UP_N_APPROXIMATE, "weight", s->scatter.n,
            (double)NAN, err,
            "the weighted rows count as %.0f observations in the tests (Kish)",
            s->scatter.n));
    }
    if (o->bootstrap < 0) {
        UP_TRY(upi_notes_add(&out->notes, UP_N_NO_FREQUENCIES, NULL, (double)NAN,
            (double)NAN, err,
            "without resamples nothing is said of how much each edge hangs on the rows "
            "at hand"));
    }
out:
    return status;
}

static up_status
add_nodes(const search *s, up_discovery *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_graph_new(&out->graph, err));
    for (int64_t i = 0; i < s->in.d; i++) {
        int64_t node = -1;
        const char *name = s->scatter.column[i].name;
        UP_TRY(upi_graph_node(out->graph, name, (int64_t)strlen(name), &node, err));
    }
out:
    return status;
}

static up_status
add_edges(const search *s, up_discovery *out, up_error *err)
{
    up_status status = UP_OK;
    int64_t d = s->in.d;
    UP_TRY(UP_NEW(&out->edge, d * d, err));
    for (int64_t i = 0; i < d; i++) {
        upi_set near = s->found->near[i];
        for (int64_t j = upi_set_next(&near, i + 1); j >= 0 && status == UP_OK;
             j = upi_set_next(&near, j + 1)) {
            status = add_edge(s, i, j, out, err);
        }
    }
out:
    return status;
}

static up_status
report(const search *s, const up_discover_opts *o, up_discovery *out, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(add_nodes(s, out, err));
    UP_TRY(add_edges(s, out, err));
    UP_TRY(upi_graph_finish(out->graph, err));
    out->tests = s->found->tests;
    out->n = s->scatter.n;
    UP_TRY(add_notes(s, o, out, err));
out:
    return status;
}

static up_status
prepare(const up_moments *m, const up_discover_opts *o, const up_run *run, search *s,
    up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_scatter_make(m, NULL, o->bootstrap > 0, run, &s->scatter, err));
    int64_t d = s->scatter.d;
    if (d < 2) {
        (void)upi_fail(
            err, UP_E_ARGUMENT, "metrics", "a graph needs at least two columns");
        goto fail;
    }
    UP_TRY(upi_background_make(&s->scatter, o->tiers, &s->known, err));
    s->in = (upi_pc_in){.d = d,
        .corr = s->scatter.corr,
        .n = s->scatter.n,
        .alpha = o->alpha,
        .most = o->max_given > 0 ? o->max_given : -1,
        .conservative = o->orient == UP_ORIENT_CONSERVATIVE,
        .never = s->known.never,
        .always = s->known.always,
        .after = s->known.after};
    UP_TRY(UP_NEW(&s->found, 1, err));
    UP_TRY(UP_NEW(&s->again, 1, err));
    UP_TRY(UP_NEW(&s->joined, d * d, err));
    UP_TRY(UP_NEW(&s->same, d * d, err));
out:
    return status;
fail:
    return upi_fix(err, "add metrics and numeric covariates");
}

up_status
up_discover(const up_moments *m, const up_discover_opts *opts, const up_run *run,
    up_discovery **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_discover_opts o;
    up_discovery *d = NULL;
    search *s = NULL;
    if (m == NULL || out == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "moments", "no moments were given");
    }
    UP_TRY(upi_opts_copy(&o, sizeof o, opts, err));
    o.alpha = o.alpha == 0 ? 0.01 : o.alpha;
    o.bootstrap = o.bootstrap == 0 ? 200 : o.bootstrap;
    UP_TRY(check_options(&o, err));
    UP_TRY(UP_NEW(&s, 1, err));
    UP_TRY(prepare(m, &o, run, s, err));
    upi_pc_run(&s->in, s->found);
    if (o.bootstrap > 0) {
        UP_TRY(resample(s, o.bootstrap, run, err));
    }
    UP_TRY(UP_NEW(&d, 1, err));
    UP_TRY(report(s, &o, d, err));
    *out = d;
    d = NULL;
out:
    if (s != NULL) {
        upi_scatter_free(&s->scatter);
        upi_free(s->found);
        upi_free(s->again);
        upi_free(s->joined);
        upi_free(s->same);
    }
    upi_free(s);
    up_discovery_free(d);
    return status;
}

int64_t
up_discovery_edges(const up_discovery *d)
{
    return d != NULL ? d->n_edges : 0;
}

up_found_edge
up_discovery_edge(const up_discovery *d, int64_t i)
{
    const double none = (double)NAN;
    if (d == NULL || i < 0 || i >= d->n_edges) {
        return (up_found_edge){"", "", 0, none, none, none, none};
    }
    return d->edge[i];
}

const up_graph *
up_discovery_graph(const up_discovery *d)
{
    return d != NULL ? d->graph : NULL;
}

int64_t
up_discovery_tests(const up_discovery *d)
{
    return d != NULL ? d->tests : 0;
}

double
up_discovery_n(const up_discovery *d)
{
    return d != NULL ? d->n : (double)NAN;
}

int64_t
up_discovery_notes(const up_discovery *d)
{
    return d != NULL ? d->notes.n : 0;
}

up_note
up_discovery_note(const up_discovery *d, int64_t i)
{
    return d != NULL && i >= 0 && i < d->notes.n ? d->notes.items[i] : (up_note){0};
}

void
up_discovery_free(up_discovery *d)
{
    if (d == NULL) {
        return;
    }
    up_graph_free(d->graph);
    upi_free(d->edge);
    upi_notes_free(&d->notes);
    upi_free(d);
}
