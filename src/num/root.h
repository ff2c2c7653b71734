/* The root of one function of one variable. */
#ifndef UPI_ROOT_H
#define UPI_ROOT_H

/* The x in [low, high] with f(x) = 0, to rounding. f has to change sign between the ends; an end
 * at which f is 0 is the answer. NaN when the signs agree or f gives NaN. */
double upi_root(
    double (*f)(double x, const void *ctx), const void *ctx, double low, double high);

#endif
