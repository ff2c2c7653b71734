/* Assignment of units to arms: options, the draw of the method, counts and notes. What is
 * randomised is the cluster where there is one. Every draw depends on the seed and the
 * identifiers alone; docs/planning.md eqs. 10-13. */
#include "base/base.h"
#include "base/opts.h"
#include "plan/assignment.h"

#include <math.h>
#include <string.h>

static up_status
need(bool ok, const char *field, const char *what, up_error *err)
{
    return ok ? UP_OK : upi_fail(err, UP_E_ARGUMENT, field, "%s", what);
}

static up_status
read_arms(const up_assign_opts *o, up_assignment *a, up_error *err)
{
    static const char *const usual[] = {"control", "treatment"};
    up_status status = UP_OK;
    double total = 0;
    UP_TRY(need(o->n_arms >= 2 && o->n_arms <= UPI_ASSIGN_ARMS, "arms",
        "there are 2 to 64 arms", err));
    UP_TRY(need(o->arms != NULL || o->n_arms == 2, "arms",
        "more than two arms need their labels", err));
    a->n_arms = o->n_arms;
    for (int64_t k = 0; k < o->n_arms; k++) {
        const char *label = o->arms != NULL ? o->arms[k] : usual[k % 2];
        UP_TRY(need(
            label != NULL && label[0] != '\0', "arms", "an arm has no label", err));
        UP_TRY(upi_strdup_to(&a->label[k], label, err));
        for (int64_t j = 0; j < k; j++) {
            if (strcmp(a->label[j], label) == 0) {
                status = upi_fail(
                    err, UP_E_ARGUMENT, "arms", "two arms are called '%s'", label);
                goto out;
            }
        }
        a->share[k] = o->shares != NULL ? o->shares[k] : 1 / (double)o->n_arms;
        UP_TRY(need(a->share[k] > 0 && a->share[k] < 1, "shares",
            "the share of an arm is above 0 and below 1", err));
        total += a->share[k];
    }
    if (!(fabs(total - 1) < 1e-9)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "shares", "the shares add up to %g", total);
        status = upi_fix(err, "let them add up to 1");
    }
out:
    return status;
}

static up_status
check_hash(const up_assign_opts *o, up_error *err)
{
    up_status status = UP_OK;
    if (o->salt == NULL || o->salt[0] == '\0') {
        return upi_fail(err, UP_E_ARGUMENT, "salt",
            "assignment by hash needs a salt, e.g. the name of the experiment");
    }
    if (o->layer != NULL && strcmp(o->layer, o->salt) == 0) {
        return upi_fail(err, UP_E_ARGUMENT, "layer",
            "the layer and the salt are the same text, so that arms would not be "
            "independent of the layer");
    }
    UP_TRY(need(o->layer != NULL || (o->from == 0 && o->to == 1), "layer",
        "a part of a layer needs the layer's name", err));
    UP_TRY(need(o->from >= 0 && o->from < o->to && o->to <= 1, "from",
        "the part of a layer runs from 0 to 1, its start before its end", err));
out:
    return status;
}

static up_status
check_opts(const up_assign_opts *o, up_error *err)
{
    up_status status = UP_OK;
    bool hash = o->method == UP_ASSIGN_HASH;
    bool again = o->method == UP_ASSIGN_RERANDOMISED;
    UP_TRY(need(o->method >= UP_ASSIGN_COMPLETE && o->method <= UP_ASSIGN_HASH,
        "method", "there is no such method", err));
    UP_TRY(need(
        o->n_strata >= 0 && o->n_covariates >= 0, "strata", "a count is below 0", err));
    UP_TRY(need(o->n_strata == 0 || o->method == UP_ASSIGN_COMPLETE || again, "strata",
        "strata go with complete and re-randomised assignment; the others assign each "
        "unit on its own",
        err));
    UP_TRY(need(!again || o->n_covariates > 0, "covariates",
        "re-randomisation needs covariates to balance", err));
    UP_TRY(need(o->accept > 0 && o->accept < 1, "accept",
        "the share of draws accepted is above 0 and below 1", err));
    UP_TRY(need(o->max_draws > 0, "max_draws", "at least one draw is made", err));
    UP_TRY(need(o->probability_draws >= 0 && o->probability_draws <= 1000000,
        "probability_draws", "there are 0 to 1,000,000 such draws", err));
    UP_TRY(need(hash || (o->salt == NULL && o->layer == NULL), "salt",
        "a salt or a layer goes with assignment by hash", err));
    if (hash) {
        UP_TRY(check_hash(o, err));
    }
out:
    return status;
}

static up_status
resolve(const up_assign_opts *opts, up_assign_opts *o, up_assignment *a, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_opts_copy(o, sizeof *o, opts, err));
    o->n_arms = o->n_arms == 0 ? 2 : o->n_arms;
    o->accept = o->accept == 0 ? 0.01 : o->accept;
    o->max_draws = o->max_draws == 0 ? 100000 : o->max_draws;
    o->to = o->to == 0 ? 1 : o->to;
    UP_TRY(read_arms(o, a, err));
out:
    return status;
}

static void
draw_hash(up_assignment *a, const up_assign_opts *o)
{
    const upi_ids *items = upi_items(a);
    for (int64_t i = 0; i < items->n; i++) {
        int64_t end = i + 1 < items->n ? items->start[i + 1] : items->n_bytes;
        int64_t k = upi_draw_hash(
            o, a->share, a->n_arms, upi_ids_text(items, i), end - items->start[i] - 1);
        a->arm[i] = (uint8_t)(k < 0 ? UPI_OUTSIDE : k);
    }
}

static up_status
draw_complete(up_assignment *a, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    upi_draw_item *scratch = NULL;
    UP_TRY(UP_NEW(&scratch, upi_items(a)->n, err));
    upi_draw_complete(a, run != NULL ? run->seed : 0, 0, scratch, a->arm);
out:
    upi_free(scratch);
    return status;
}

static int64_t
item_of(const up_assignment *a, int64_t unit)
{
    return a->cluster_of != NULL ? a->cluster_of[unit] : unit;
}

/* Counts by arm, and which units are inside the layer. */
static up_status
count(up_assignment *a, up_error *err)
{
    up_status status = UP_OK;
    int64_t outside = 0;
    for (int64_t i = 0; i < a->units.n; i++) {
        uint8_t k = a->arm[item_of(a, i)];
        outside += k == UPI_OUTSIDE;
        a->arm_units[k % UPI_ASSIGN_ARMS] += k != UPI_OUTSIDE;
    }
    for (int64_t i = 0; a->cluster_of != NULL && i < a->clusters.n; i++) {
        a->arm_clusters[a->arm[i] % UPI_ASSIGN_ARMS] += a->arm[i] != UPI_OUTSIDE;
    }
    a->n_shown = a->units.n - outside;
    if (outside == 0) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&a->shown, a->n_shown, err));
    for (int64_t i = 0, j = 0; i < a->units.n; i++) {
        if (a->arm[item_of(a, i)] != UPI_OUTSIDE) {
            a->shown[j++] = i;
        }
    }
    UP_TRY(upi_notes_add(&a->notes, UP_N_OUTSIDE_LAYER, NULL, (double)outside,
        (double)NAN, err, "%lld of %lld units lie outside the part of the layer.",
        (long long)outside, (long long)a->units.n));
out:
    return status;
}

static up_status
note_strata(up_assignment *a, up_error *err)
{
    up_status status = UP_OK;
    int64_t *size = NULL;
    int64_t small = 0;
    if (a->stratum_of == NULL) {
        return UP_OK;
    }
    UP_TRY(UP_NEW(&size, a->strata.n, err));
    for (int64_t i = 0; i < upi_items(a)->n; i++) {
        size[a->stratum_of[i]]++;
    }
    for (int64_t s = 0; s < a->strata.n; s++) {
        small += size[s] < a->n_arms;
    }
    if (small > 0) {
        UP_TRY(upi_notes_add(&a->notes, UP_N_SMALL_STRATA, "strata", (double)small,
            (double)a->n_arms, err,
            "%lld of %lld strata have fewer %s than there are arms, so that not every "
            "arm is in them. The probabilities stay exact.",
            (long long)small, (long long)a->strata.n,
            a->cluster_of != NULL ? "clusters" : "units"));
    }
out:
    upi_free(size);
    return status;
}

static up_status
draw(up_assignment *a, const up_assign_opts *o, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&a->arm, upi_items(a)->n, err));
    if (a->p > 0) {
        UP_TRY(upi_balance_prepare(a, err));
    }
    switch (o->method) {
    case UP_ASSIGN_BERNOULLI:
        upi_draw_bernoulli(a, run != NULL ? run->seed : 0, a->arm);
        break;
    case UP_ASSIGN_RERANDOMISED:
        UP_TRY(upi_rerandomise(a, o, run, err));
        break;
    case UP_ASSIGN_HASH:
        draw_hash(a, o);
        break;
    default:
        UP_TRY(draw_complete(a, run, err));
        break;
    }
    UP_TRY(count(a, err));
    if (a->p > 0 && o->method != UP_ASSIGN_RERANDOMISED && a->shown == NULL) {
        a->imbalance = upi_balance_distance(a, a->arm);
    }
    UP_TRY(note_strata(a, err));
out:
    return status;
}

up_status
up_assign(up_source *source, const up_assign_opts *opts, const up_run *run,
    up_assignment **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_assignment *a = NULL;
    up_assign_opts o;
    UP_TRY(need(source != NULL && out != NULL, "source", "source or out is NULL", err));
    UP_TRY(UP_NEW(&a, 1, err));
    a->imbalance = NAN;
    a->threshold = NAN;
    UP_TRY(resolve(opts, &o, a, err));
    UP_TRY(check_opts(&o, err));
    UP_TRY(need(o.unit != NULL, "unit", "the column of the identifier is needed", err));
    UP_TRY(upi_assign_read(source, &o, run, a, err));
    UP_TRY(draw(a, &o, run, err));
    *out = a;
    a = NULL;
out:
    up_assignment_free(a);
    return status;
}

up_status
up_assign_unit(
    const up_assign_opts *opts, const char *identifier, int64_t *arm, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    up_assignment *a = NULL;
    up_assign_opts o;
    if (identifier == NULL || arm == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "identifier", "identifier or arm is NULL");
    }
    UP_TRY(UP_NEW(&a, 1, err));
    UP_TRY(resolve(opts, &o, a, err));
    UP_TRY(check_hash(&o, err));
    *arm =
        upi_draw_hash(&o, a->share, a->n_arms, identifier, (int64_t)strlen(identifier));
out:
    up_assignment_free(a);
    return status;
}
