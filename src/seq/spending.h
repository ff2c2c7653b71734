/* Spending functions: how much of an error probability may be used up at a fraction of the
 * planned information. */
#ifndef UPI_SPENDING_H
#define UPI_SPENDING_H

#include <upshot/sequential.h>

#include <stdbool.h>

/* Which families use `parameter`, the value that 0 stands for, and its range. */
double upi_spending_parameter(int64_t spending, double parameter);
up_status upi_spending_check(
    int64_t spending, double parameter, const char *field, up_error *err);

/* The part of alpha spent at fraction t of the information; alpha from t = 1 on. Two-sided, alpha
 * is the total of both sides, and each side spends half of it by the one-sided function. */
double upi_spent(
    int64_t spending, double parameter, double alpha, int64_t sides, double t);

#endif
