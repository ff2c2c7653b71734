# Expected numbers of power: pwr, stats and rpact (R), noncentral t. Run: Rscript make.R
suppressMessages({library(pwr); library(rpact); library(mvtnorm)})
out <- data.frame(name = character(), value = numeric())
add <- function(name, value) out[nrow(out) + 1, ] <<- list(name, value)
p <- pwr.t2n.test
add("t_50_80", p(50, 80, .4)$power)
add("t_10_10", p(10, 10, 1.1)$power)
add("t_3_5_greater", p(3, 5, 1.7, alternative = "greater")$power)
add("t_1000_3000", p(1000, 3000, .1, sig.level = .01)$power)
add("t_tiny", 1 - pt(qt(.975, 1), 1, 1.5) + pt(-qt(.975, 1), 1, 1.5))
tol <- .Machine$double.eps^.9
n <- function(d, power, side) power.t.test(delta = d, power = power, strict = TRUE, tol = tol,
  alternative = side)$n
add("n_d5", n(.5, .8, "two.sided"))
add("n_d2", n(.2, .8, "two.sided"))
add("n_d3_one", n(.3, .9, "one.sided"))
add("mde_100", power.t.test(n = 100, power = .8, strict = TRUE, tol = tol)$delta)
pp <- function(n, a, b, ...) power.prop.test(n = n, p1 = a, p2 = b, strict = TRUE, ...)$power
add("pooled_500", pp(500, .10, .15))
add("pooled_n", power.prop.test(p1 = .34, p2 = .343, power = .85, strict = TRUE, tol = tol)$n)
# unpooled, normal
u <- function(n1, n2, a, b) { se <- sqrt(a * (1 - a) / n1 + b * (1 - b) / n2)
  pnorm(abs(a - b) / se - qnorm(.975)) + pnorm(-abs(a - b) / se - qnorm(.975)) }
add("unpooled_700_900", u(700, 900, .2, .26))
r <- function(...) getSampleSizeRates(..., allocationRatioPlanned = 1)$numberOfSubjects1[1, 1] * 2
add("rpact_rates_pooled", r(pi1 = .11, pi2 = .10, alpha = .025, beta = .2))
add("rpact_rates_two_sided", r(pi1 = .25, pi2 = .20, sided = 2, alpha = .05, beta = .2))
ni <- getSampleSizeMeans(alternative = 0, thetaH0 = -.2, stDev = 1, alpha = .025, beta = .1)
add("noninferior_n", as.numeric(ni$nFixed))
add("noninferior_n_stats", 2 * power.t.test(delta = .2, power = .9, sig.level = .025, alternative = "one.sided", tol = tol)$n)
# the same, one to three
ni <- getSampleSizeMeans(alternative = .05, thetaH0 = -.2, stDev = 1, alpha = .05, beta = .2,
  allocationRatioPlanned = 3)
add("noninferior_ratio_n", as.numeric(ni$nFixed))
# two one-sided tests, by integration over the spread
tost <- function(n, sd, d, m, a) { nu <- 2 * n - 2; se <- sd * sqrt(2 / n); q <- qt(1 - a, nu)
  f <- function(s) { g <- log(2) + (nu / 2) * log(nu / 2) - lgamma(nu / 2) + (nu - 1) * log(s) - nu * s^2 / 2
    exp(g) * pmax(0, pnorm((m - d) / se - q * s) - pnorm(q * s - (m + d) / se)) }
  top <- m / (se * q)
  integrate(f, 0, top, rel.tol = 1e-12, subdivisions = 2000)$value }
add("tost_30", tost(30, 1, 0, .8, .05))
add("tost_200", tost(200, 1, .1, .4, .05))
add("tost_12", tost(12, 1, 0, 1, .05))
# Dunnett: three arms against control, 20 units each; and unequal, many units
R <- matrix(.5, 3, 3); diag(R) <- 1
# P(no comparison rejects), integrated over what the comparisons share, and over the spread
none <- function(cr, mean, df) {
  given <- function(s) integrate(function(x) dnorm(x) * (pnorm((cr * s - mean) * sqrt(2) - x) -
    pnorm((-cr * s - mean) * sqrt(2) - x))^3, -9, 9, rel.tol = 1e-12, subdivisions = 1000)$value
  if (is.infinite(df)) return(given(1))
  f <- function(s) exp(log(2) + (df / 2) * log(df / 2) - lgamma(df / 2) + (df - 1) * log(s) - df * s^2 / 2)
  integrate(function(s) f(s) * sapply(s, given), 1e-6, 3, rel.tol = 1e-11, subdivisions = 1000)$value }
cr <- function(df) uniroot(function(x) none(x, 0, df) - .95, c(1.9, 3), tol = 1e-13)$root
add("dunnett_critical_20", cr(76))
stopifnot(abs(pmvt(rep(-cr(76), 3), rep(cr(76), 3), df = 76, corr = R, algorithm = GenzBretz(abseps = 1e-6, maxpts = 1e6)) - .95) < 1e-5)
add("dunnett_critical_normal", cr(Inf))
add("any_normal", 1 - none(qnorm(.975), 2, Inf))
add("any_t76", 1 - none(qt(.975, 76), 2, 76))
add("all_normal_one", pmvnorm(rep(qnorm(.95), 3), rep(Inf, 3), mean = rep(2.5, 3), corr = R, algorithm = TVPACK(1e-13)))
# group-sequential
g <- function(type, k, sided, alpha, beta, ...) {
  d <- getDesignGroupSequential(kMax = k, alpha = alpha, beta = beta, sided = sided, typeOfDesign = type, ...)
  s <- getSampleSizeMeans(d, alternative = .2, stDev = 1)
  z <- getSampleSizeMeans(d, alternative = .2, stDev = 1, normalApproximation = TRUE)
  c(max(s$maxNumberOfSubjects), max(z$maxNumberOfSubjects), z$expectedNumberOfSubjectsH1, z$expectedNumberOfSubjectsH0) }
for (d in list(list("asOF", 3, 1, .025, .2), list("asP", 4, 1, .025, .1), list("asOF", 5, 2, .05, .2))) {
  v <- do.call(g, d); nm <- paste0("gs_", d[[1]], "_", d[[2]], "_", d[[3]])
  add(paste0(nm, "_max_t"), v[1]); add(paste0(nm, "_max"), v[2]); add(paste0(nm, "_h1"), v[3]); add(paste0(nm, "_h0"), v[4]) }
out$value <- sprintf("%.15g", out$value)
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
