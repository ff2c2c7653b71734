/* A growing list of notes that a result carries. */
#ifndef UPI_NOTES_H
#define UPI_NOTES_H

#include <upshot/note.h>

typedef struct upi_notes {
    up_note *items;
    int64_t n, capacity;
} upi_notes;

/* Appends; number and threshold NaN where they do not apply; field may be NULL. The
 * severity follows from the code: N_ is a note, W_ a warning. A note with the same code and
 * field as one already in the list replaces it. */
up_status upi_notes_add(upi_notes *notes, up_note_code code, const char *field,
    double number, double threshold, up_error *err, const char *fmt, ...)
    UP_PRINTF(7, 8);
up_status upi_notes_append(upi_notes *notes, const upi_notes *more, up_error *err);
void upi_notes_free(upi_notes *notes);

#endif
