/* Do units follow their assignment, and does the instrument move the treatment enough? */
#include "check/check.h"

#include <math.h>

/* Rows with instrument level z, and those of them with treatment level d. */
static double
share_of(const upi_crosstab *t, int64_t z, int64_t d)
{
    double all = 0.0;
    for (int64_t k = 0; k < t->n_treatment; k++) {
        all += (double)t->count[z + k * t->n_instrument];
    }
    if (all == 0.0) {
        return NAN;
    }
    return (double)t->count[z + d * t->n_instrument] / all;
}

/* The smallest share of compliers among the arms: P(D = d | Z = z) - P(D = d | control), d
 * being the treatment of arm z. With as many levels on both sides the treatment of an arm is
 * the one in its place; otherwise only "any treatment" can be compared. */
static double
complier_share(const upi_crosstab *t, int64_t *worst)
{
    bool paired = t->n_instrument == t->n_treatment;
    double smallest = INFINITY;
    int64_t rank = 0;
    *worst = t->control_instrument;
    for (int64_t z = 0; z < t->n_instrument; z++) {
        if (z == t->control_instrument) {
            continue;
        }
        int64_t d = rank + (rank >= t->control_treatment ? 1 : 0);
        rank++;
        double here = 0.0;
        if (paired) {
            here = share_of(t, z, d) - share_of(t, t->control_instrument, d);
        } else {
            here = share_of(t, t->control_instrument, t->control_treatment) -
                   share_of(t, z, t->control_treatment);
        }
        if (here < smallest) {
            smallest = here;
            *worst = z;
        }
    }
    return smallest;
}

up_status
upi_check_compliance(const up_model *m, up_checks *c, up_error *err)
{
    up_status status = UP_OK;
    upi_finding f = {"compliance", UPI_PASSED, NAN, UPI_COMPLIANCE_WARN, ""};
    upi_crosstab t = {0};
    int64_t *count = NULL;
    int64_t worst = 0;
    const up_moments *mo = m->moments;
    int64_t key = mo->instrument >= 0 ? mo->instrument : mo->arm;
    UP_TRY(upi_moments_crosstab(mo, &t, &count, err));
    if (t.same_column) {
        UP_TRY(upi_checks_skip(c, f.name, err,
            "no treated role: every unit is taken to have received its arm"));
        goto out;
    }
    f.number = complier_share(&t, &worst);
    if (!(f.number >= UPI_COMPLIANCE_WARN)) {
        f.verdict = UPI_WARNED;
        f.code = "W_COMPLIANCE";
    }
    const char *label =
        worst < mo->keys[key].n_levels ? mo->keys[key].label[worst] : "";
    if (f.number < 0.0) {
        UP_TRY(upi_checks_put(c, &f, err,
            "units assigned to '%s' receive its treatment less often than control (by "
            "%.1f%%): check that the columns are not exchanged",
            label, -100.0 * f.number));
        goto out;
    }
    const char *paired =
        t.n_instrument == t.n_treatment ? "" : ", with more arms than treatments";
    UP_TRY(upi_checks_put(c, &f, err,
        "%s compliance%s: %.1f%% of units are compliers in the arm with the fewest, "
        "'%s'",
        upi_compliance_name(m->design.compliance), paired, 100.0 * f.number, label));
out:
    upi_free(count);
    return status;
}

up_status
upi_check_first_stage(const up_model *m, up_checks *c, up_error *err)
{
    upi_finding f = {
        "first stage", UPI_PASSED, m->first_stage_f, UPI_FIRST_STAGE_WARN, ""};
    if (!m->design.iv) {
        return upi_checks_skip(
            c, f.name, err, "no instrument is needed: compliance is full");
    }
    if (f.number >= UPI_FIRST_STAGE_WARN) {
        return upi_checks_put(
            c, &f, err, "the robust F of the instrument is %.4g", f.number);
    }
    bool hopeless = !(f.number >= UPI_FIRST_STAGE_FAIL);
    f.verdict = hopeless ? UPI_FAILED : UPI_WARNED;
    f.threshold = hopeless ? UPI_FIRST_STAGE_FAIL : UPI_FIRST_STAGE_WARN;
    f.code = hopeless ? "E_WEAK_INSTRUMENT" : "W_WEAK_INSTRUMENT";
    return upi_checks_put(c, &f, err,
        "the robust F of the instrument is %.4g: %s; report the effect of assignment "
        "(itt), or the Anderson-Rubin (Fieller) set instead of the interval",
        f.number,
        hopeless ? "the effect on compliers is not bounded by the data"
                 : "the interval of the effect on compliers may mislead");
}
