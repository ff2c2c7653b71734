/* A graph and nodes as they stand in a request. */
#ifndef UPI_GRAPH_TEXT_H
#define UPI_GRAPH_TEXT_H

#include "report/result.h"

#include <upshot/graph.h>

/* The graph of an option: its text, or the file that it names. */
up_status upi_graph_read(const char *text, up_graph **out, up_error *err);
/* Names separated by commas, each alone or in double quotes, up to `end` or NUL; *at moves to
 * where it stopped. UP_E_USAGE, naming the option, where there is none. */
up_status upi_names_read(
    const char **at, char end, const char *option, upi_strings *out, up_error *err);

#endif
