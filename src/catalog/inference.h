/* The options of inference, margins and adjustment, as the verbs that give effects share them. */
#ifndef UPI_INFERENCE_OPTIONS_H
#define UPI_INFERENCE_OPTIONS_H

#include "catalog/request.h"

#include <upshot/effects.h>

typedef struct upi_inference {
    double *information;
    up_margin *margins;
    char **names; /* of the metrics of the margins */
    int64_t n_margins;
} upi_inference;

/* Fills the fields of *o that OPTIONS_INFERENCE speak of; *out holds what they point to. */
up_status upi_inference_read(
    const upi_request *q, upi_inference *out, up_effect_opts *o, up_error *err);
void upi_inference_clear(upi_inference *i);

/* Reads "METRIC <= VALUE", ">=" or "within", VALUE a number or with % a share of the baseline:
 * the claim about the effect that is to be shown. *name (owned) is the metric. UP_E_ARGUMENT. */
up_status upi_margin_read(const char *text, up_margin *out, char **name, up_error *err);

/* What an effect decides, in a word: "none", "increase", "non_inferior" ... */
const char *upi_decision_name(int64_t decision);
/* The claim of the margin of an effect, as it is written in the option, without the metric. */
void upi_margin_text(const up_effect *e, char *out, size_t size);

/* The options as members of a JSON object. */
void upi_inference_json(const upi_request *q, upi_json *j);

#endif
