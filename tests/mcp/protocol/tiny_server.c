/* The protocol over the standard streams with the small offer, for the tests that need a
 * process. */
#include "tiny_offer.h"

int
main(void)
{
    tiny_state state = {0};
    mcp_offer offer = tiny_offer(&state);
    return mcp_serve_stdio(&offer);
}
