/* The pages of the guide. The build makes them from skills/analyze-experiment/references, so
 * that the guide, the skill and every other door show the same bytes. */
#ifndef UPI_GUIDE_H
#define UPI_GUIDE_H

/* Markdown of 80 columns. The first line is "# name: summary". */
typedef struct upi_guide_page {
    const char *name, *text;
} upi_guide_page;

/* In the order of the list; a name of NULL ends it. */
extern const upi_guide_page upi_guide_pages[];

#endif
