/* A source with a schema and no rows: all that an experiment needs to be described. */
#ifndef UP_DESIGN_FIXTURE_H
#define UP_DESIGN_FIXTURE_H

#include "engine/engine.h"

/* The columns of the fixture, one line each in up_design.c; the source is static and const in
 * effect: it must not be freed or scanned. */
up_source *up_schema_source(void);

#endif
