/** @file
 *  Effects as data come in: every look at an experiment, one after the other. */
#ifndef UPSHOT_MONITOR_H
#define UPSHOT_MONITOR_H

#include <upshot/effects.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The looks at one experiment so far. Opaque. */
typedef struct up_monitor up_monitor;

/** One effect at one look. */
typedef struct up_monitor_row {
    /** the look, from 1 */
    int64_t look;
    /** what the caller called it */
    const char *label;
    /** the effect at this look, by the inference asked for: interval, p-value, e-value and
     *  decision hold over all looks */
    up_effect effect;
    /** units so far (clusters where there are clusters) over the planned ones; NaN when the size
     *  is not planned */
    double information;
    /** ends of the interval that holds for one look at a size fixed in advance. Not valid here:
     *  shown to be compared with */
    double fixed_low;
    /** upper end */
    double fixed_high;
    /** what all intervals so far have in common; NaN both when they have nothing in common */
    double running_low;
    /** upper end */
    double running_high;
    /** the smallest p-value so far */
    double running_p;
    /** the largest logarithm of an e-value so far; NaN unless anytime */
    double running_log_e;
    /** 1: the intervals so far have nothing in common */
    int64_t empty;
    /** enum up_decision by what they have in common; once made it stays */
    int64_t decision;
} up_monitor_row;

/** Starts a monitor.
 *
 *  The mixture or the spending function is fixed here, before any data: `planned` (or `mixture`) is
 *  needed for anytime-valid inference. For group-sequential inference `information` may hold all
 *  looks of the plan as fractions; without it the information at a look is its units over
 *  `planned`.
 *
 *  @param[in]  opts the question asked at every look, with inference anytime or group; what it
 *                   points to must live as long as the monitor. `over_time` is not for looks
 *  @param[out] out  free with up_monitor_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (fixed inference, no planned size, over_time);
 *          UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Assumes that the plan did not depend on the data
 *  @par Cost    O(1)
 *  @par Source  docs/sequential.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_monitor_new(
    const up_effect_opts *opts, up_monitor **out, up_error *err) UP_MUST_USE;

/** Looks: infers the effects of a model of all data so far.
 *
 *  @param[in,out] m     the monitor
 *  @param[in]     model of all rows up to this look; borrowed for the call
 *  @param[in]     label of the look, e.g. a date; NULL = its number
 *  @param[out]    err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_LOOKS (no more rows than at the look before, or more looks than the plan
 *          has); else the failure of up_infer_effect(). A look that fails is not counted
 *  @par Assumes what up_monitor_assumption() lists, at every look
 *  @par Cost    that of up_infer_effect(), twice
 *  @par Source  Lindon et al. (2022); Howard et al. (2021) for running intersections;
 *               docs/sequential.md
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_monitor_look(
    up_monitor *m, const up_model *model, const char *label, up_error *err) UP_MUST_USE;

/** Gives the number of looks.
 *  @param[in] m the monitor
 *  @return looks that were taken
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_monitor_looks(const up_monitor *m);

/** Gives the number of rows: effects of all looks.
 *  @param[in] m the monitor
 *  @return rows, in the order of the looks
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_monitor_count(const up_monitor *m);

/** Gives one row.
 *  @param[in] m the monitor
 *  @param[in] i from 0; must be in range
 *  @return by value; its texts live as long as m
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_monitor_row up_monitor_get(const up_monitor *m, int64_t i);

/** Says how the effects of the last look were inferred.
 *  @param[in] m the monitor
 *  @return by value; all 0 before the first look
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_inference_used up_monitor_inference(const up_monitor *m);

/** Says in words what is estimated.
 *  @param[in] m the monitor
 *  @return lives as long as m; "" before the first look
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_monitor_estimand(const up_monitor *m);

/** Gives the number of assumptions of the last look.
 *  @param[in] m the monitor
 *  @return assumptions
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_monitor_assumptions(const up_monitor *m);

/** Gives one assumption.
 *  @param[in] m the monitor
 *  @param[in] i from 0
 *  @return a sentence that lives as long as m; NULL behind the last
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_monitor_assumption(const up_monitor *m, int64_t i);

/** Gives the number of notes: of the looks as a path, and of the last look.
 *  @param[in] m the monitor
 *  @return notes
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int64_t up_monitor_notes(const up_monitor *m);

/** Gives one note.
 *  @param[in] m the monitor
 *  @param[in] i from 0; must be in range
 *  @return by value
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API up_note up_monitor_note(const up_monitor *m, int64_t i);

/** Frees a monitor.
 *  @param[in] m may be NULL
 *  @par Cost O(rows)
 *  @since 0.1 @par Stability experimental */
UP_API void up_monitor_free(up_monitor *m);

#ifdef __cplusplus
}
#endif
#endif
