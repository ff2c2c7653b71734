/* A look at intervals of a fixed horizon before the horizon. Their promise is for one look, at the
 * size that was planned: who looks before and stops when the result pleases has more false alarms
 * than the level says (Armitage, McPherson and Rowe 1969: 14 % at five looks for 5 %). So a size that
 * was planned is held against the units that have arrived, and the effects are refused before it.
 * Trap avoided: rows that were left out for missing values have arrived all the same. */
#include "effect/effect.h"

/* Units that have arrived: clusters where there are clusters, else rows with an arm. */
static double
arrived(const up_model *model)
{
    const up_moments *m = model->moments;
    int64_t clusters = up_model_clusters(model);
    return clusters > 0 ? (double)clusters
                        : (double)(m->n_rows + m->n_dropped - m->n_no_arm);
}

up_status
upi_peek_check(
    const up_model *model, double planned, bool accept, upi_notes *notes, up_error *err)
{
    const char *unit = model->moments->ways > 0 ? "clusters" : "rows";
    double n = arrived(model);
    if (!(n < planned)) {
        return UP_OK;
    }
    if (accept) {
        return upi_notes_add(notes, UP_N_OVERRIDE, "E_PEEK", n, planned, err,
            "E_PEEK was accepted: this is a look at %.0f of the %.15g %s planned. The "
            "intervals hold for one look, at the size planned; whoever stops here "
            "because of what they show has more false alarms than the level says.",
            n, planned, unit);
    }
    (void)upi_fail(err, UP_E_PEEK, "planned",
        "%.0f %s have arrived of the %.15g planned (%.3g %%): intervals and p-values "
        "of a fixed horizon hold for one look, at the size planned, and this look "
        "comes before it",
        n, unit, planned, 100 * n / planned);
    return upi_fix(err,
        "wait for the rest, or ask 'upshot effect' with --inference anytime --planned "
        "%.15g, whose intervals hold at every look; --accept E_PEEK shows the numbers "
        "all the same",
        planned);
}
