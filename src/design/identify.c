/* From a table of assigned by received arms to what the design identifies.
 *
 * Full compliance: the arm received is the arm assigned, and the ATE is the ITT. Otherwise
 * two-stage least squares gives the effect on compliers, the LATE (Imbens & Angrist 1994).
 * When nobody assigned to control is treated, and no arm takes another arm's treatment,
 * everyone treated is a complier, so that LATE = ATT (Bloom 1984) where each arm has a treatment
 * of its own; with more arms than treatments it is an average over arms. Numbers in the text are
 * shares of rows. The trap avoided: calling the LATE of a design with cross-overs an ATT. */
#include "design/identify.h"

#include <stdio.h>

const char *
upi_estimand_name(upi_estimand e)
{
    switch (e) {
    case UPI_ITT:
        return "itt";
    case UPI_LATE:
        return "late";
    case UPI_ATT:
        return "att";
    case UPI_ATE:
        return "ate";
    case UPI_ESTIMAND_DEFAULT:
        break;
    }
    return "default";
}

const char *
upi_compliance_name(upi_compliance c)
{
    switch (c) {
    case UPI_COMPLIANCE_FULL:
        return "full";
    case UPI_COMPLIANCE_ONE_SIDED:
        return "one-sided";
    case UPI_COMPLIANCE_TWO_SIDED:
        return "two-sided";
    }
    return "";
}

static int64_t
cell(const upi_crosstab *t, int64_t z, int64_t d)
{
    return t->count[z + d * t->n_instrument];
}

/* As many levels on both sides: each arm has a treatment of its own. Otherwise all that can be
 * said of an arm is whether any treatment was received. */
static bool
paired(const upi_crosstab *t)
{
    return t->n_instrument == t->n_treatment;
}

/* The treatment level that belongs to instrument level z: control to control, the others in
 * their order. */
static int64_t
own_treatment(const upi_crosstab *t, int64_t z)
{
    if (z == t->control_instrument) {
        return t->control_treatment;
    }
    int64_t rank = z - (z > t->control_instrument ? 1 : 0);
    return rank + (rank >= t->control_treatment ? 1 : 0);
}

/* Rows by whether they follow their assignment. */
typedef struct tally {
    int64_t rows, assigned_control;
    int64_t control_treated; /* assigned to control, received a treatment */
    int64_t arm_untreated;   /* assigned to an arm, received control */
    int64_t arm_other;       /* assigned to an arm, received the treatment of another */
} tally;

static tally
count_rows(const upi_crosstab *t)
{
    tally n = {0};
    for (int64_t z = 0; z < t->n_instrument; z++) {
        bool control = z == t->control_instrument;
        for (int64_t d = 0; d < t->n_treatment; d++) {
            int64_t rows = cell(t, z, d);
            n.rows += rows;
            n.assigned_control += control ? rows : 0;
            if (paired(t) ? d == own_treatment(t, z)
                          : control == (d == t->control_treatment)) {
                continue;
            }
            if (control) {
                n.control_treated += rows;
            } else if (d == t->control_treatment) {
                n.arm_untreated += rows;
            } else {
                n.arm_other += rows;
            }
        }
    }
    return n;
}

/* Levels that hold rows, on the side of the instrument or of the treatment. */
static int64_t
levels_with_rows(const upi_crosstab *t, bool instrument, bool *control_has_rows)
{
    int64_t outer = instrument ? t->n_instrument : t->n_treatment;
    int64_t inner = instrument ? t->n_treatment : t->n_instrument;
    int64_t control = instrument ? t->control_instrument : t->control_treatment;
    int64_t found = 0;
    *control_has_rows = false;
    for (int64_t a = 0; a < outer; a++) {
        int64_t rows = 0;
        for (int64_t b = 0; b < inner; b++) {
            rows += instrument ? cell(t, a, b) : cell(t, b, a);
        }
        found += rows > 0 ? 1 : 0;
        *control_has_rows = *control_has_rows || (a == control && rows > 0);
    }
    return found;
}

static up_status
check_side(const upi_crosstab *t, bool instrument, int64_t *found, up_error *err)
{
    bool control = false;
    const char *field = instrument ? "intent_to_treat" : "treated";
    *found = levels_with_rows(t, instrument, &control);
    if (*found < 2) {
        (void)upi_fail(err, UP_E_ARMS, field,
            "%s has %lld level%s with rows; a comparison needs two", field,
            (long long)*found, *found == 1 ? "" : "s");
        (void)upi_fix(err,
            instrument ? "check the filter, and that the column holds the assigned arm"
                       : "with nobody (or everybody) treated, leave out treated and "
                         "ask for itt");
        return UP_E_ARMS;
    }
    if (!control) {
        (void)upi_fail(
            err, UP_E_ARMS, field, "the control level of %s has no rows", field);
        (void)upi_fix(err, "name the control arm with control");
        return UP_E_ARMS;
    }
    return UP_OK;
}

static upi_compliance
classify(const upi_crosstab *t, const tally *n)
{
    if (t->same_column) {
        return UPI_COMPLIANCE_FULL;
    }
    if (n->control_treated == 0 && n->arm_other == 0) {
        return n->arm_untreated == 0 && paired(t) ? UPI_COMPLIANCE_FULL
                                                  : UPI_COMPLIANCE_ONE_SIDED;
    }
    return UPI_COMPLIANCE_TWO_SIDED;
}

static double
percent(int64_t part, int64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void
write_text(const upi_crosstab *t, const tally *n, upi_design *d)
{
    int64_t arms = n->rows - n->assigned_control;
    if (d->compliance != UPI_COMPLIANCE_FULL && !paired(t)) {
        (void)snprintf(d->estimand_text, sizeof d->estimand_text,
            "LATE: a weighted average of the effects on those whose treatment follows "
            "the instrument, which has %lld levels for %lld treatments; %.1f%% of "
            "units "
            "assigned to control and %.1f%% of the others took something else",
            (long long)t->n_instrument, (long long)t->n_treatment,
            percent(n->control_treated, n->assigned_control),
            percent(n->arm_untreated, arms));
        return;
    }
    switch (d->compliance) {
    case UPI_COMPLIANCE_FULL:
        (void)snprintf(d->estimand_text, sizeof d->estimand_text,
            "ATE (= ITT): the average effect on everyone, because every unit received "
            "the arm it was assigned to");
        break;
    case UPI_COMPLIANCE_ONE_SIDED:
        (void)snprintf(d->estimand_text, sizeof d->estimand_text,
            "LATE (= ATT): the average effect on those who took the treatment; %.1f%% "
            "of "
            "units assigned to it did not, and nobody in control did",
            percent(n->arm_untreated, arms));
        break;
    case UPI_COMPLIANCE_TWO_SIDED:
        (void)snprintf(d->estimand_text, sizeof d->estimand_text,
            "LATE: the average effect on compliers, who take what they are assigned; "
            "%.1f%% of units assigned to control and %.1f%% of the others took "
            "something "
            "else",
            percent(n->control_treated, n->assigned_control),
            percent(n->arm_untreated + n->arm_other, arms));
        break;
    }
}

up_status
upi_identify(const upi_crosstab *t, upi_design *out, up_error *err)
{
    up_status status = UP_OK;
    upi_design d = {.block = t->clustered, .propensity_varies = t->propensity_varies};
    int64_t instruments = 0;
    int64_t treatments = 0;
    UP_TRY(check_side(t, true, &instruments, err));
    if (!t->same_column) {
        UP_TRY(check_side(t, false, &treatments, err));
        if (treatments > instruments) {
            status = upi_fail(err, UP_E_ESTIMAND, "treated",
                "treated has %lld levels, but only %lld were assigned: their effects "
                "cannot be told apart",
                (long long)treatments, (long long)instruments);
            (void)upi_fix(err,
                "make levels one with if(...), or leave out treated for the "
                "effect of the assignment (itt)");
            goto out;
        }
    }
    tally n = count_rows(t);
    d.compliance = classify(t, &n);
    d.iv = d.compliance != UPI_COMPLIANCE_FULL;
    d.estimand = d.iv ? UPI_LATE : UPI_ATE;
    write_text(t, &n, &d);
    *out = d;
out:
    return status;
}
