/* A small offer for the tests of the protocol: every outcome a callback can have, a tool that
 * takes as long as it is told to, and one that tells how often that one was begun. */
#ifndef TINY_OFFER_H
#define TINY_OFFER_H

#include "server.h"

#include <stdatomic.h>

typedef struct tiny_state {
    atomic_int begun;   /* calls of the tool "wait" */
    atomic_int stopped; /* of them, seen to be cancelled */
} tiny_state;

mcp_offer tiny_offer(tiny_state *state);

#endif
