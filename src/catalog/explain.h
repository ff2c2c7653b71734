/* The pages of `upshot explain`. */
#ifndef UPI_EXPLAIN_H
#define UPI_EXPLAIN_H

typedef struct upi_page {
    const char *code;      /* "E_UNIT" */
    const char *means;     /* what happened */
    const char *matters;   /* why it is not passed over */
    const char *threshold; /* where the line is, or "" */
    const char *todo;      /* what to do next */
} upi_page;

extern const upi_page upi_status_pages[]; /* ended by a NULL code */
extern const upi_page upi_note_pages[];

#endif
