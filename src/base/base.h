/* What every room may use: errors, memory, text, notes. Knows no mathematics. */
#ifndef UPI_BASE_H
#define UPI_BASE_H

#include "base/error.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/text.h"

#endif
