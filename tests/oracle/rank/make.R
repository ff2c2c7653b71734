# Ranks of arms with normal and t posteriors, by means that Upshot does not use: orthants of the
# differences by Genz's trivariate algorithm (mvtnorm, TVPACK) over all sign patterns, independent
# arms by integrate() over all subsets of winners, the mean of the maximum by integrating the
# joint distribution function. Writes expected.h beside it. Rscript make.R
suppressMessages(library(mvtnorm))
options(digits = 17)
tv <- TVPACK(abseps = 1e-13)

pupper <- function(m, v, df) { # P(all > 0)
  s <- sqrt(diag(v))
  if (length(m) == 1) return(if (df > 0) pt(m / s, df) else pnorm(m / s))
  r <- cov2cor(v)
  if (df > 0) pmvt(lower = rep(-Inf, length(m)), upper = m / s, df = df, corr = r, algorithm = tv)[1]
  else pmvnorm(upper = m / s, corr = r, algorithm = tv)[1]
}

ranks <- function(mu, v, df) {
  n <- length(mu)
  p <- matrix(0, n, n)
  for (j in 1:n) {
    o <- setdiff(1:n, j)
    a <- matrix(0, n - 1, n); a[cbind(1:(n - 1), o)] <- -1; a[, j] <- 1
    for (code in 0:(2^(n - 1) - 1)) {
      sign <- 1 - 2 * (bitwAnd(code, 2^(0:(n - 2))) > 0)
      b <- sign * a
      r <- 1 + sum(sign < 0)
      p[j, r] <- p[j, r] + pupper(as.vector(b %*% mu), b %*% v %*% t(b), df)
    }
  }
  p
}

# E max(0, theta_2, ..., theta_n) where theta_1 = 0 without variance
emax <- function(mu, v, df) {
  k <- 2:length(mu)
  f <- function(t) sapply(t, function(x) {
    s <- sqrt(diag(v[k, k, drop = FALSE])); z <- (x - mu[k]) / s
    if (length(k) == 1) return(if (df > 0) pt(z, df, lower.tail = FALSE) else pnorm(z, lower.tail = FALSE))
    r <- cov2cor(v[k, k])
    1 - (if (df > 0) pmvt(lower = rep(-Inf, length(k)), upper = z, df = df, corr = r, algorithm = tv)[1]
         else pmvnorm(upper = z, corr = r, algorithm = tv)[1])
  })
  far <- max(mu) + (if (df > 0) 40 else 12) * max(sqrt(diag(v)))
  cut <- sort(unique(c(0, max(mu[k], 0.1), max(mu) + 3 * max(sqrt(diag(v))), far)))
  body <- sum(sapply(seq_len(length(cut) - 1), function(i)
    integrate(f, cut[i], cut[i + 1], rel.tol = 1e-11, abs.tol = 1e-14, subdivisions = 2000)$value))
  # beyond 40 standard deviations of a t the rest is small: 1/t turns it into a finite range
  tail <- if (df > 0) integrate(function(u) f(1 / u) / u^2, 1e-6, 1 / far, rel.tol = 1e-6)$value else 0
  body + tail
}

independent <- function(mu, s) {
  n <- length(mu)
  p <- matrix(0, n, n)
  for (j in 1:n) {
    o <- setdiff(1:n, j)
    for (code in 0:(2^(n - 1) - 1)) {
      up <- o[bitwAnd(code, 2^(0:(n - 2))) > 0]; down <- setdiff(o, up)
      f <- function(t) {
        y <- dnorm(t, mu[j], s[j])
        for (i in up) y <- y * pnorm(t, mu[i], s[i], lower.tail = FALSE)
        for (i in down) y <- y * pnorm(t, mu[i], s[i])
        y
      }
      g <- mu[j] + s[j] * c(-9, -3, -1, 0, 1, 3, 9)
      p[j, 1 + length(up)] <- p[j, 1 + length(up)] + sum(sapply(1:6, function(i)
        integrate(f, g[i], g[i + 1], rel.tol = 1e-12, abs.tol = 1e-15)$value))
    }
  }
  p
}

out <- file("expected.h", "w")
w <- function(...) cat(..., file = out, sep = "")
num <- function(x) paste(ifelse(is.infinite(x), "INFINITY", sprintf("%.17g", x)), collapse = ", ")
w("/* Made by make.R; do not edit. Matrices by column. */\n")
w("static const rank_case cases[] = {\n")
put <- function(name, mu, v, df, p, em)
  w("    {\"", name, "\", ", length(mu), ", {", num(mu), "}, {", num(v), "}, ",
    if (df > 0) num(df) else "INFINITY", ", {", num(p), "}, ", if (is.na(em)) "NAN" else num(em), "},\n")

v2 <- matrix(c(0, 0, 0, 0.04), 2)
for (df in c(0, 5, 40)) put(paste0("two_", df), c(0, 0.3), v2, df, ranks(c(0, 0.3), v2, df), emax(c(0, 0.3), v2, df))
v3 <- matrix(0, 3, 3); v3[2:3, 2:3] <- c(0.04, 0.018, 0.018, 0.03); m3 <- c(0, 0.3, 0.22)
for (df in c(0, 4, 37, 5000)) put(paste0("three_", df), m3, v3, df, ranks(m3, v3, df), emax(m3, v3, df))
v3n <- v3; v3n[2, 3] <- v3n[3, 2] <- -0.02
put("three_negative", -m3, v3n, 12, ranks(-m3, v3n, 12), emax(-m3, v3n, 12))
v4 <- matrix(0, 4, 4)
v4[2:4, 2:4] <- c(0.05, 0.02, 0.031, 0.02, 0.04, 0.01, 0.031, 0.01, 0.06); m4 <- c(0, 0.1, 0.25, 0.2)
for (df in c(0, 6, 200)) put(paste0("four_", df), m4, v4, df, ranks(m4, v4, df), emax(m4, v4, df))
# core reference 7.2, correlated: all arms vary, so effects over the first
s <- c(.1, .12, .15, .1); c0 <- diag(s^2); c0[1, 2] <- c0[2, 1] <- .006; c0[3, 4] <- c0[4, 3] <- -.004
mu <- c(0, .1, .25, .2)
put("core_correlated", mu, c0, 0, ranks(mu, c0, 0), NA)
put("core_independent", mu, diag(s^2), 0, independent(mu, s), NA)
mu6 <- c(0, .1, .25, .2, -.3, .21); s6 <- c(.1, .12, .15, .1, .3, .05)
v6 <- matrix(.01, 6, 6); v6[1, ] <- v6[, 1] <- 0; diag(v6) <- c(0, s6[-1]^2 + .01)
put("six_over_control", mu6, v6, 0, independent(mu6, s6), NA)
# cases N34: means 10, 20, 30, 60 over 1000, sums of squares 2000, prior N(0, 1e4)
n <- 1000; x <- c(10, 20, 30, 60) / n; var <- (2000 - n * x^2) / (n - 1) / n
post <- 1 / (1 / var + 1e-4); m <- post * x / var
put("thompson", m, diag(post), 0, independent(m, sqrt(post)), NA)
w("};\n")

# ---- shrinking to a common mean: dense posterior, tau by moments with M = W - ww'/sum(w)
b <- c(0.1, 0.35, -0.2, 0.15)
v <- matrix(.004, 4, 4) + diag(c(.01, .02, .015, .03))
wt <- 1 / diag(v); M <- diag(wt) - wt %*% t(wt) / sum(wt)
tau2 <- as.numeric(t(b) %*% M %*% b - sum(diag(M %*% v))) / sum(diag(M))
J <- diag(4) - 1 / 4
L <- solve(v) + J / tau2
w("static const double shrink_tau = ", num(sqrt(tau2)), ";\n")
w("static const double shrink_b[] = {", num(solve(L, solve(v, b))), "};\n")
w("static const double shrink_v[] = {", num(solve(L)), "};\n")
close(out)
