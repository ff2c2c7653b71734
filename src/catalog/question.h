/* What is asked of a model, from a request: shared by the verbs that need effects. */
#ifndef UPI_CATALOG_QUESTION_H
#define UPI_CATALOG_QUESTION_H

#include "catalog/pipeline.h"

#include <upshot/effects.h>

/* What the options below ask for; texts are those of the request. */
up_status upi_question_options(
    const upi_request *q, const upi_pipeline *p, up_effect_opts *out, up_error *err);
/* The options where, by, over, over-time, cumulative, against, estimand, population, level and,
 * for a capsule, metric; those that the verb has. Refuses --over that is not the capsule's. */
up_status upi_question_effects(
    const upi_request *q, const upi_pipeline *p, up_effects **out, up_error *err);
/* The same as members of the JSON object of options. */
void upi_question_json(const upi_request *q, const upi_pipeline *p, upi_json *j);
/* Estimand, assumptions and notes of the effects. */
up_status upi_question_words(const up_effects *effects, up_result *r, up_error *err);

#endif
