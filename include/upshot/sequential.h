/** @file
 *  Plans of experiments that are looked at more than once: group-sequential boundaries. */
#ifndef UPSHOT_SEQUENTIAL_H
#define UPSHOT_SEQUENTIAL_H

#include <upshot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the error probability of a group-sequential plan is spread over its looks. All but the last
 *  are spending functions, for looks at any information; their formulas: docs/sequential.md. */
enum up_spending {
    UP_SPENDING_OBRIEN_FLEMING = 0, /**< like O'Brien and Fleming: little at first */
    UP_SPENDING_POCOCK = 1, /**< like Pocock: nearly the same bound at each look */
    UP_SPENDING_HWANG_SHIH_DECANI = 2, /**< parameter gamma, usual -4 */
    UP_SPENDING_POWER = 3,             /**< alpha t^rho, Kim and DeMets; usual rho 3 */
    /** bounds c t^(parameter - 1/2) for looks that are all known: 0, the usual value, is O'Brien and
     *  Fleming's own design, 0.5 Pocock's */
    UP_SPENDING_WANG_TSIATIS = 4
};

#ifdef __cplusplus
}
#endif
#endif
