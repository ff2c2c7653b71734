/* Bivariate and trivariate normal probabilities, and the panels of a Gauss-Legendre rule. */
#ifndef UPI_BINORMAL_H
#define UPI_BINORMAL_H

/* P(X <= h, Y <= k) of standard normals with correlation rho, |rho| < 1; absolute error about
 * 1e-15. */
double upi_binormal_cdf(double h, double k, double rho);
/* P(X_i <= h_i) of three standard normals with a positive definite correlation; absolute error
 * about 1e-14, less far from the edge of definiteness. */
double upi_trinormal_cdf(const double h[3], double r12, double r13, double r23);

/* The 16 nodes and weights of Gauss and Legendre on [-1, 1]. */
enum { UPI_GAUSS_NODES = 16 };
double upi_gauss_node(int i);
double upi_gauss_weight(int i);

#endif
