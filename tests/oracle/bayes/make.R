# Posteriors from the textbook formulas, with dense inverses of everything, by R's own matrices:
# nothing of the gain form that Upshot uses. Writes expected.h beside it. Rscript make.R
suppressMessages({ library(sandwich); library(clubSandwich); library(mvtnorm) })
options(digits = 17)
d <- read.csv("../effect/lcg_panel.csv")
out <- file("expected.h", "w")
w <- function(...) cat(..., file = out, sep = "")
arr <- function(name, x) w("static const double ", name, "[] = {", paste(sprintf("%.17g", x), collapse = ", "), "};\n")
w("/* Made by make.R; do not edit. Matrices by column. */\n")

# ---- nig, the design of the core reference 7.1 as it stands (no centring): X, mn, scales
X <- cbind(1, d$z, d$x1, d$x2); n <- nrow(X)
nig <- function(X, y, m0, L0, a0, b0) {
  Ln <- L0 + crossprod(X); mn <- solve(Ln, L0 %*% m0 + crossprod(X, y))
  an <- a0 + length(y) / 2
  bn <- b0 + (sum(y^2) + sum(m0 * (L0 %*% m0)) - sum(mn * (Ln %*% mn))) / 2
  list(mn = as.vector(mn), V = bn / an * solve(Ln), an = an, bn = bn, Ln = Ln,
       evidence = dmvt(y, delta = as.vector(X %*% m0), sigma = b0 / a0 * (diag(length(y)) + X %*% solve(L0) %*% t(X)), df = 2 * a0, log = TRUE))
}
core <- nig(X, d$y1, rep(0, 4), 0.1 * diag(4), 2, 1)
arr("core_bread", solve(crossprod(X))); arr("core_ols", solve(crossprod(X), crossprod(X, d$y1)))
arr("core_rss", sum(lm.fit(X, d$y1)$residuals^2))
arr("core_mn", core$mn); arr("core_scale", sqrt(diag(core$V))); arr("core_bn", core$bn); arr("core_evidence", core$evidence)

# ---- nig of the model, whose numbers are centred; two metrics: matrix normal-inverse-Wishart
Xc <- cbind(1, d$z, d$x1 - mean(d$x1), d$x2 - mean(d$x2))
Y <- cbind(d$y1, d$y2); m0 <- c(0, 0.3, 0, 0); L0 <- diag(c(0.1, 4, 0.1, 0.1))
n1 <- nig(Xc, d$y1, m0, L0, 2, 1); n2 <- nig(Xc, d$y2, m0, L0, 2, 1)
Ln <- L0 + crossprod(Xc); M <- solve(Ln, L0 %*% cbind(m0, m0) + crossprod(Xc, Y))
S <- diag(2) + (crossprod(Y) + t(cbind(m0, m0)) %*% L0 %*% cbind(m0, m0) - t(M) %*% Ln %*% M) / 2 # b0 = 1
S[1, 1] <- n1$bn; S[2, 2] <- n2$bn
arr("nig_mean", M); arr("nig_v11", S[1, 1] / n1$an * solve(Ln)); arr("nig_v12", S[1, 2] / n1$an * solve(Ln))
arr("nig_evidence", c(n1$evidence, n2$evidence))

# ---- robust: joint over two metrics, with HC2 and with CR2
post <- function(b, V, P, Pm) { L <- P + solve(V); list(m = as.vector(solve(L, Pm + solve(V, b))), V = solve(L)) }
f <- lm(cbind(y1, y2) ~ z + I(x1 - mean(x1)) + I(x2 - mean(x2)), d)
b <- as.vector(coef(f)); e <- residuals(f); B <- solve(crossprod(Xc)); h <- rowSums((Xc %*% B) * Xc)
psi <- function(a) (Xc %*% B) * (e[, a] / sqrt(1 - h))
V <- crossprod(cbind(psi(1), psi(2)))
P <- matrix(0, 8, 8); Pm <- rep(0, 8)
put <- function(i, m, s) { P[i, i] <<- P[i, i] + 1 / s^2; Pm[i] <<- Pm[i] + m / s^2 }
put(2, 0.2, 0.1); put(3, 0, 0.5); put(4, 0, 0.5); put(7, 0, 0.5); put(8, 0, 0.5)
r <- post(b, V, P, Pm)
arr("hc2_mean", r$m); arr("hc2_v", r$V)
# z=1 ~ normal(0.2, 0.1) for y1; x* ~ normal(0, 0.5)
f1 <- lm(y1 ~ z + I(x1 - mean(x1)) + I(x2 - mean(x2)), d)
C1 <- vcovCR(f1, d$cl, "CR2"); V1 <- as.matrix(C1); class(V1) <- "matrix"; P1 <- matrix(0, 4, 4); P1[2, 2] <- 1 / 0.1^2
r1 <- post(coef(f1), V1, P1, c(0, 0.2 / 0.1^2, 0, 0))
arr("cr2_mean", r1$m); arr("cr2_v", r1$V)
# Welch-Satterthwaite for z: posterior variance over its part from the data, K = post P
ct <- coef_test(f1, C1, test = "Satterthwaite"); I4 <- diag(4)
K <- r1$V %*% P1; data <- (I4 - K) %*% V1 %*% t(I4 - K)
arr("cr2_df", ct$df_Satt[2] * (r1$V[2, 2] / data[2, 2])^2)

# ---- relative prior: effect ~ normal(2%, 5%) on the mean of y1, no covariates
y0 <- d$y1[d$z == 0]; y1 <- d$y1[d$z == 1]
b0 <- c(mean(y0), mean(y1) - mean(y0)); v0 <- var(y0) / length(y0); v1 <- var(y1) / length(y1)
V0 <- matrix(c(v0, -v0, -v0, v0 + v1), 2); hr <- c(-0.02, 1); s <- 0.05 * b0[1]
rr <- post(b0, V0, hr %*% t(hr) / s^2, c(0, 0))
arr("lift_mean", rr$m); arr("lift_v", rr$V)

# ---- two stages, HC0, prior on the effect of d; the reduced form moves through its covariance
Z <- cbind(1, d$z); D <- cbind(1, d$d); Xh <- Z %*% solve(crossprod(Z), crossprod(Z, D))
bi <- solve(crossprod(Xh, D), crossprod(Xh, d$y1)); br <- solve(crossprod(Z), crossprod(Z, d$y1))
bf <- solve(crossprod(Z), crossprod(Z, d$d))
ei <- as.vector(d$y1 - D %*% bi); er <- as.vector(d$y1 - Z %*% br); ef <- as.vector(d$d - Z %*% bf)
G <- cbind((Xh %*% solve(crossprod(Xh))) * ei, (Z %*% solve(crossprod(Z))) * er)
Vi <- crossprod(G); gi <- c(0, 1, 0, 0); k <- Vi %*% gi / as.numeric(t(gi) %*% Vi %*% gi + 0.2^2)
arr("iv_mean", c(bi, br) + k * as.numeric(0.5 - bi[2]))
arr("iv_v", Vi - k %*% t(gi) %*% Vi)

# ---- a ratio of sums, y1 over y2, by arm; prior normal(0, 0.1) on its effect
g <- d$z == 1; st <- function(i) { c(mean(d$y1[i]), mean(d$y2[i])) }
m0r <- st(!g); m1r <- st(g)
cv <- function(i) cov(cbind(d$y1[i], d$y2[i])) / sum(i)
gr <- c(-1 / m0r[2], m0r[1] / m0r[2]^2, 1 / m1r[2], -m1r[1] / m1r[2]^2)
Vr <- matrix(0, 4, 4); Vr[1:2, 1:2] <- cv(!g); Vr[3:4, 3:4] <- cv(g)
th <- m1r[1] / m1r[2] - m0r[1] / m0r[2]; v <- as.numeric(t(gr) %*% Vr %*% gr)
mu <- c(m0r, m1r) + as.vector(Vr %*% gr) * (0 - th) / (v + 0.1^2)
arr("ratio_effect", mu[3] / mu[4] - mu[1] / mu[2])
close(out)
