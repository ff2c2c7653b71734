/* The rows of the verbs that give effects. */
#ifndef UPI_EFFECT_ROWS_H
#define UPI_EFFECT_ROWS_H

#include "catalog/request.h"
#include "report/result.h"

#include <upshot/effects.h>

/* The columns that the request asks for, into r->rows. */
up_status upi_effect_columns(
    const upi_request *q, const up_model *m, up_result *r, up_error *err);
/* An effect in a row of them. */
up_status upi_effect_row(upi_sheet *t, upi_cell *c, const up_effect *e, up_error *err);
/* A number or a whole number in the column of this name, where the sheet has it. */
void upi_effect_number(
    const upi_sheet *t, upi_cell *row, const char *name, double number);
/* ", 95% interval [+1, +2]": the one that decides, adjusted where there is an adjusted one. */
void upi_effect_interval(upi_text *t, const up_effect *e, double level);

#endif
