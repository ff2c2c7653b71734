/* How text is set on a terminal: characters, colours, numbers, cells. */
#ifndef UPI_STYLE_H
#define UPI_STYLE_H

#include "report/result.h"

typedef struct upi_style {
    int width;
    bool unicode, color;
} upi_style;

typedef enum upi_ink {
    UPI_INK_PLAIN,
    UPI_INK_DIM,
    UPI_INK_BOLD,
    UPI_INK_WARN,
    UPI_INK_GOOD
} upi_ink;

/* s in an ink; nothing but s without colour. */
void upi_ink_add(upi_text *t, const upi_style *s, upi_ink ink, const char *text);

enum { UPI_NUMBER_CHARS = 48 };
/* Decimals that show two digits of the standard error, 0..8. */
int upi_decimals(double std_error);
/* x with that many decimals; with_sign puts + before what is above 0. Minus is U+2212 with
 * unicode. What does not exist is "-". */
void upi_number_text(const upi_style *s, double x, int decimals, bool with_sign,
    char out[UPI_NUMBER_CHARS]);
/* 12345678 as 12,345,678. */
void upi_count_text(int64_t n, char out[UPI_NUMBER_CHARS]);

/* s padded to `width` columns, on the left when `right`; cut with an ellipsis when too long. */
void upi_pad_add(
    upi_text *t, const upi_style *s, const char *text, int width, bool right);

/* An interval on an axis from low to high in `width` columns, with the zero line. */
void upi_forest_add(upi_text *t, const upi_style *s, double estimate,
    const double ends[2], const double axis[2], int width);

/* The parts of a page. */
void upi_table_text(upi_text *t, const upi_style *s, const up_result *r);
void upi_effects_text(upi_text *t, const upi_style *s, const up_result *r);
void upi_checks_text(upi_text *t, const upi_style *s, const up_result *r);
void upi_looks_text(upi_text *t, const upi_style *s, const up_result *r);
void upi_findings_text(upi_text *t, const upi_style *s, const up_result *r);
/* s broken into lines behind `indent` columns; the first line stands at `column`. */
void upi_wrap_add(
    upi_text *t, const upi_style *s, const char *text, int indent, int column);

#endif
