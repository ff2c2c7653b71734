/* Checks of the design, as rows of `check` and as notes beside every effect. */
#include "catalog/pipeline.h"

#include <upshot/check.h>

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
        {"E_PROPENSITY", UP_W_PROPENSITY_SHARES}};
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

static up_status
note_check(up_result *r, const up_check_result *c, up_error *err)
{
    up_note_code code = UP_N_APPROXIMATE;
    bool spoke = c->verdict == 1 || c->verdict == 2;
    if (!spoke || !note_of(c->code, &code) || noted(&r->notes, code)) {
        return UP_OK;
    }
    return upi_notes_add(
        &r->notes, code, c->name, c->number, c->threshold, err, "%s", c->text);
}

up_status
upi_pipeline_checks(const upi_pipeline *p, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    up_checks *checks = NULL;
    UP_TRY(up_check(p->model, &checks, err));
    for (int64_t i = 0; i < up_checks_count(checks); i++) {
        up_check_result c = up_checks_get(checks, i);
        r->check_failed |= c.verdict == 2;
        UP_TRY(note_check(r, &c, err));
    }
out:
    up_checks_free(checks);
    return status;
}
