/* Checks of the design, as rows of `check` and as notes beside every effect. A check whose
 * failure would mislead withholds the numbers, until its code is accepted. */
#include "catalog/graph_text.h"
#include "catalog/pipeline.h"

#include <upshot/discover.h>
#include <upshot/effects.h>

#include <math.h>
#include <string.h>

/* The warning that travels with a number when the check behind a refusal failed. */
static bool
note_of(const char *code, up_note_code *out)
{
    static const struct {
        const char *refusal;
        up_note_code note;
    } same[] = {{"E_SRM", UP_W_SRM}, {"E_CLUSTER", UP_W_FEW_CLUSTERS},
        {"E_WEAK_INSTRUMENT", UP_W_WEAK_INSTRUMENT}, {"E_ARMS", UP_W_SMALL_ARM},
        {"E_BALANCE", UP_W_BALANCE}, {"E_PROPENSITY", UP_W_PROPENSITY_SHARES}};
#define NOTE(name, number, text)                                                       \
    if (strcmp(code, #name) == 0) {                                                    \
        *out = UP_##name;                                                              \
        return true;                                                                   \
    }
    UP_NOTE_LIST(NOTE)
#undef NOTE
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (strcmp(code, same[i].refusal) == 0) {
            *out = same[i].note;
            return true;
        }
    }
    return false;
}

static bool
noted(const upi_notes *notes, up_note_code code)
{
    for (int64_t i = 0; i < notes->n; i++) {
        if (notes->items[i].code == code) {
            return true;
        }
    }
    return false;
}

/* The failures that withhold numbers, with what to do; those that explain others first. */
static const struct {
    const char *code;
    up_status status;
    const char *fix;
} refusals[] = {
    {"E_PROPENSITY", UP_E_PROPENSITY,
        "give the probability, known by design, of what the unit was assigned to"},
    {"E_SRM", UP_E_SRM,
        "find where rows were lost, or give --expected-split if the plan was another"},
    {"E_BALANCE", UP_E_BALANCE,
        "leave out the covariates that treatment can change (--post names them); if "
        "the "
        "shares of the arms differ between units by design, give --strata or "
        "--propensity"},
    {"E_WEAK_INSTRUMENT", UP_E_WEAK_INSTRUMENT,
        "ask for --estimand itt, or for --interval ar, which holds for any strength"},
};

/* Which of them a finding is; -1 = none. The effect of assignment needs no instrument, and
 * Anderson-Rubin sets none that is strong. */
static int
refusal_of(const upi_request *q, const up_check_result *c)
{
    bool any = upi_request_has(q, "estimand") &&
               upi_request_integer(q, "estimand") == UP_ESTIMAND_ITT;
    any = any || (upi_request_has(q, "interval") &&
                     upi_request_integer(q, "interval") == UP_INTERVAL_AR);
    for (int i = 0; i < (int)(sizeof refusals / sizeof refusals[0]); i++) {
        bool needed = !(any && refusals[i].status == UP_E_WEAK_INSTRUMENT);
        if (c->verdict == 2 && needed && strcmp(c->code, refusals[i].code) == 0) {
            return i;
        }
    }
    return -1;
}

up_status
upi_pipeline_graph(const upi_pipeline *p, const upi_request *q,
    const up_effect_opts *effect, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    const char *text = upi_request_text(q, "graph");
    up_graph *g = NULL;
    char *how = NULL;
    if (text == NULL) {
        return UP_OK;
    }
    UP_TRY(upi_graph_read(text, &g, err));
    UP_TRY(up_graph_guard(g, p->model, effect, &how, err));
    UP_TRY(upi_notes_add(&r->notes, UP_N_GRAPH, "graph", (double)NAN, (double)NAN, err,
        "The graph is taken as it is. By it %s.", how));
out:
    upi_free(how);
    up_graph_free(g);
    return status;
}

up_status
upi_pipeline_guard(upi_pipeline *p, const upi_request *q, up_error *err)
{
    up_status status = UP_OK;
    upi_text codes = {0};
    up_check_result worst = {.verdict = 0};
    int first = -1;
    if (p->graph != NULL) {
        UP_TRY(up_graph_guard(p->graph, p->model, NULL, NULL, err));
    }
    UP_TRY(up_check(p->model, &p->checks, err));
    for (int64_t i = 0; i < up_checks_count(p->checks); i++) {
        up_check_result c = up_checks_get(p->checks, i);
        int k = refusal_of(q, &c);
        if (k < 0 || upi_request_accepts(q, c.code)) {
            continue;
        }
        upi_text_addf(&codes, "%s%s", first >= 0 ? "," : "", c.code);
        if (first < 0 || k < first) {
            first = k;
            worst = c;
        }
    }
    if (first >= 0) {
        status = upi_fail(err, refusals[first].status, worst.name, "%s", worst.text);
        (void)upi_fix(err, "%s; --accept %s shows the numbers all the same",
            refusals[first].fix, codes.failed ? worst.code : codes.s);
    }
out:
    upi_text_free(&codes);
    return status;
}

static up_status
note_check(const upi_request *q, up_result *r, const up_check_result *c, up_error *err)
{
    up_note_code code = UP_N_APPROXIMATE;
    bool spoke = c->verdict == 1 || c->verdict == 2;
    if (refusal_of(q, c) >= 0) {
        return upi_notes_add(&r->notes, UP_N_OVERRIDE, c->code, c->number, c->threshold,
            err, "%s was accepted: %s", c->code, c->text);
    }
    r->check_failed |= c->verdict == 2;
    if (!spoke || !note_of(c->code, &code) || noted(&r->notes, code)) {
        return UP_OK;
    }
    return upi_notes_add(
        &r->notes, code, c->name, c->number, c->threshold, err, "%s", c->text);
}

up_status
upi_pipeline_checks(
    const upi_pipeline *p, const upi_request *q, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < up_checks_count(p->checks); i++) {
        up_check_result c = up_checks_get(p->checks, i);
        UP_TRY(note_check(q, r, &c, err));
    }
out:
    return status;
}
