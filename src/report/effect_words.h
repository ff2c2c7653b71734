/* One row of effects in words, for the terminal and for charts. */
#ifndef UPI_EFFECT_WORDS_H
#define UPI_EFFECT_WORDS_H

#include "report/style.h"

enum { UPI_EFFECT_CHARS = 160 };

/* Where comparisons are adjusted the interval is the adjusted one; with a margin its text is
 * that of the margin. A shape says what the ends bound: "interval", "complement" (all that is
 * not between them), "above", "below", "line". Texts are "" for what does not exist. */
typedef struct upi_effect_words {
    double value, ends[2];
    double relative_value, relative_ends[2];
    const char *shape, *relative_shape;
    bool adjusted;
    int decimals; /* that show two digits of the standard error */
    char estimate[UPI_NUMBER_CHARS], relative[UPI_EFFECT_CHARS];
    char interval[UPI_EFFECT_CHARS], relative_interval[UPI_EFFECT_CHARS];
    char decision[UPI_EFFECT_CHARS];
} upi_effect_words;

void upi_effect_words_make(
    const upi_style *s, const upi_sheet *rows, int64_t i, upi_effect_words *out);

#endif
