/** @file
 *  Results as charts: complete Vega-Lite specifications with their data inside, so that every
 * door (notebook, report, program) shows the same picture and draws it with what it has. */
#ifndef UPSHOT_CHART_H
#define UPSHOT_CHART_H

#include <upshot/catalog.h>

#ifdef __cplusplus
extern "C" {
#endif

/** On which scale effects are drawn. */
enum up_chart_scale {
    /** relative where several metrics, which have units of their own, can share one axis so */
    UP_CHART_SCALE_AUTO = 0,
    UP_CHART_SCALE_ABSOLUTE = 1, /**< in the unit of the metric */
    UP_CHART_SCALE_RELATIVE = 2  /**< as a share of the mean of control */
};

/** How a chart is drawn. Zero is the default everywhere. */
typedef struct up_chart_opts {
    /** set by UP_CHART_OPTS() */
    size_t struct_size;
    /** enum up_chart_scale */
    int64_t scale;
    /** of the plot without its labels, in pixels, 120 to 4000; 0 = 440, and 680
     *  for "paths" */
    int64_t width;
} up_chart_opts;

/** Options for one call: UP_CHART_OPTS(.scale = UP_CHART_SCALE_RELATIVE). */
#define UP_CHART_OPTS(...)                                                             \
    (&(up_chart_opts){.struct_size = sizeof(up_chart_opts), __VA_ARGS__})

/** Gives the kinds of chart that show a result.
 *
 *  - "periods":  an effect over time, or carried forward in time, with its interval as a band
 *  - "sequence": the looks of a monitored experiment: the interval that holds over all of them,
 *                and that of one look beside it
 *  - "rank":     the probability that each arm is best
 *  - "paths":    the graph of a mediation with an estimate on each arrow
 *  - "power":    power by the number of units, with the plan
 *  - "balance":  how far the arms differ in covariates, in standard deviations
 *  - "forest":   estimates with intervals, one line for each row
 *
 *  @param[in] r the result
 *  @param[in] i from 0; the first is the default
 *  @return static; NULL behind the last
 *  @par Cost O(rows)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_result_chart_kind(const up_result *r, int64_t i);

/** Draws a result: a Vega-Lite 6 specification (which is one of Vega-Lite 5 as well) as one
 *  JSON object, complete with its data. Equal results give equal bytes. The headline is the
 *  title and the description for screen readers; text and lines take the colour of the page
 *  around them. A chart of more rows than can be read shows the first of them and says so.
 *
 *  @param[in]  r    the result
 *  @param[in]  kind one of up_result_chart_kind(); NULL = the first
 *  @param[in]  opts NULL for defaults
 *  @param[out] out  the specification; free with up_text_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT if no chart shows this result, if this kind does not (the fix
 *          names those that do), or if an option is out of range or asks for relative effects
 *          where there are none; UP_E_OPTIONS_TOO_NEW; UP_E_NO_MEMORY
 *  @par Cost   O(rows drawn)
 *  @par Source the grammar of Vega-Lite (Satyanarayan et al. 2017); colours of Okabe & Ito
 *              (2008)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_result_chart(const up_result *r, const char *kind,
    const up_chart_opts *opts, char **out, up_error *err) UP_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
