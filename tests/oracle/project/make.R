# Writes the data (trial.csv, target.csv, panel.csv) and expected.csv: an experiment, a sample of
# another population, and a panel for effects carried forward. Weights come from survey (rake,
# calibrate) and glm, on the rows; standard errors from sandwich and from influence functions
# written out here row by row; nothing of Upshot takes part. Run here: Rscript make.R
suppressMessages({ library(sandwich); library(clubSandwich); library(survey) })
options(digits = 17)
out <- list()
put <- function(name, value) out[[name]] <<- value

## ---- data ----
set.seed(7)
draw <- function(n, p, q, m) data.frame(
  device = sample(c("desktop", "mobile", "tablet"), n, TRUE, p),
  country = sample(c("DE", "FR"), n, TRUE, q),
  visits = pmin(rpois(n, m), 6))
n <- 900
trial <- draw(n, c(.5, .35, .15), c(.6, .4), 2)
trial$spend <- round(40 + 5 * trial$visits + 8 * (trial$device == "mobile") + 10 * rnorm(n), 3)
trial$home <- (seq_len(n) - 1) %/% 3 + 1
trial$arm <- sample(c("a", "control"), n, TRUE)
effect <- with(trial, .4 + .5 * (device == "mobile") - .3 * (country == "FR") + .1 * visits +
  .02 * (spend - 50))
trial$y <- round(with(trial, 3 + .5 * (device == "mobile") + .2 * visits + .03 * spend +
  (arm == "a") * effect) + rnorm(n) + rnorm(n)[trial$home] / 2, 4)
trial$q <- round(2 + .1 * trial$visits + rexp(n), 4)
trial$took <- ifelse(runif(n) < .5 + .3 * (trial$device == "mobile"), trial$arm, "control")
trial$spent <- round(with(trial, 3 + (took == "a") * (1 + (device == "mobile"))) + rnorm(n), 4)
write.csv(trial, "trial.csv", row.names = FALSE, quote = FALSE)
nt <- 500
target <- draw(nt, c(.25, .6, .15), c(.35, .65), 2.6)
target$spend <- round(43 + 5 * target$visits + 6 * (target$device == "mobile") + 9 * rnorm(nt), 3)
target$home <- (seq_len(nt) - 1) %/% 2 + 1
target$one <- 1
write.csv(target, "target.csv", row.names = FALSE, quote = FALSE)

## ---- helpers ----
set_arm <- function(d, a) { d$arm <- a; d }
factors <- function(d) {
  d$arm <- factor(d$arm, c("control", "a"))
  d$device <- factor(d$device, c("desktop", "mobile", "tablet"))
  d$country <- factor(d$country, c("DE", "FR")); d
}
trial <- factors(trial)
target$arm <- "control"; target <- factors(target)
# The effect with weights w of the rows, and its standard error. B-part: constraints C (columns,
# with the intercept), `cov` the covariance of the target's means of C; NULL: weights are known
# by strata. psi: the influence of every row.
report <- function(name, fit, w, psi_of, target_var, keep = rep(TRUE, nrow(trial)), cl = NULL) {
  tt <- terms(fit)
  M1 <- model.matrix(delete.response(tt), set_arm(trial, factor("a", c("control", "a"))))
  M0 <- model.matrix(delete.response(tt), set_arm(trial, factor("control", c("control", "a"))))
  V <- if (is.null(cl)) vcovHC(fit, "HC2") else vcovCR(fit, cl, "CR2")
  v <- w * keep; v <- v / sum(v)
  b <- coef(fit)
  d <- colSums((M1 - M0) * v); m0 <- colSums(M0 * v)
  est <- sum(d * b); base <- sum(m0 * b)
  se <- sqrt(drop(d %*% V %*% d))
  total <- function(phi) {
    f <- keep * (phi - sum(v * phi))
    psi <- psi_of(f, w) / sum(w * keep)
    if (is.null(cl)) { N <- sum(keep); own <- sum(psi^2) }
    else { N <- length(unique(cl[keep])); own <- sum(tapply(psi, cl, sum)^2) }
    own * N / (N - 1) + target_var(f, w) / sum(w * keep)^2
  }
  put(paste(name, "est"), est); put(paste(name, "base"), base); put(paste(name, "se"), se)
  put(paste(name, "se super"), sqrt(se^2 + total(drop((M1 - M0) %*% b))))
  put(paste(name, "base se super"),
    sqrt(drop(m0 %*% V %*% m0) + total(drop(M0 %*% b))))
  put(paste(name, "ess"), sum(w)^2 / sum(w^2))
}
balanced <- function(C, cov) list(
  psi = function(f, w) { B <- solve(crossprod(C, w * C), colSums(w * C * f)); w * (f - C %*% B) },
  var = function(f, w) { B <- solve(crossprod(C, w * C), colSums(w * C * f))
    sum(w)^2 * drop(t(B) %*% cov %*% B) })
none <- function(C) matrix(0, ncol(C), ncol(C))
des <- svydesign(~1, data = trial, weights = rep(1, n))
ones <- function(w) w / sum(w) * n

## ---- categorical model ----
fit <- lm(y ~ arm * (device + country), trial)
cl <- trial$home
share <- c(desktop = .2, mobile = .7, tablet = .1)
D <- model.matrix(~ 0 + device, trial)
w <- (share / colMeans(D))[as.character(trial$device)]
b <- balanced(D, 0 * diag(3))
report("shares", fit, w, b$psi, b$var)
report("shares clusters", fit, w, b$psi, b$var, cl = cl)
b <- balanced(D, (diag(share) - share %*% t(share)) / 400)
report("shares counted", fit, w, b$psi, b$var)
report("shares counted FR", fit, w, b$psi, b$var, keep = trial$country == "FR")

rk <- rake(des, list(~device, ~country),
  list(data.frame(device = names(share), Freq = n * share),
    data.frame(country = c("DE", "FR"), Freq = n * c(.3, .7))),
  control = list(maxit = 500, epsilon = 1e-13))
w <- ones(weights(rk))
C <- model.matrix(~ device + country, trial)
b <- balanced(C, none(C))
report("raking", fit, w, b$psi, b$var)
report("raking clusters", fit, w, b$psi, b$var, cl = cl)
report("raking FR", fit, w, b$psi, b$var, keep = trial$country == "FR")
cc <- crossprod(C, w * C) / n - tcrossprod(colSums(w * C) / n)
b <- balanced(C, cc / 400)
report("raking counted", fit, w, b$psi, b$var)

## ---- another population, by cells, by means, by odds ----
cell <- interaction(trial$device, trial$country); tcell <- interaction(target$device, target$country)
pi <- table(tcell) / nt
K <- model.matrix(~ 0 + cell)
w <- as.numeric((pi / colMeans(K))[cell])
p <- as.numeric(pi)
b <- balanced(K, (diag(p) - p %*% t(p)) / nt)
report("cells", fit, w, b$psi, b$var)
KT <- model.matrix(~ 0 + tcell)
sums <- rowsum(sweep(KT, 2, p), target$home)
b <- balanced(K, crossprod(sums) / nt^2)
report("cells clusters", fit, w, b$psi, b$var, cl = cl)
T <- model.matrix(~ device + country, target)
goal <- colMeans(T)
w <- ones(weights(calibrate(des, ~ device + country, n * goal, calfun = "raking",
  epsilon = 1e-13, maxit = 500)))
b <- balanced(C, crossprod(sweep(T, 2, goal)) / nt^2)
report("entropy", fit, w, b$psi, b$var)

both <- rbind(cbind(trial[c("device", "country", "visits")], s = 0),
  cbind(target[c("device", "country", "visits")], s = 1))
odds <- function(formula, fit, name, ...) {
  g <- glm(formula, binomial, both, control = list(epsilon = 1e-15, maxit = 100))
  p <- fitted(g)[seq_len(n)]; pT <- fitted(g)[n + seq_len(nt)]
  w <- p / (1 - p)
  X <- model.matrix(g); X0 <- X[seq_len(n), ]; X1 <- X[n + seq_len(nt), ]
  I <- crossprod(X, fitted(g) * (1 - fitted(g)) * X)
  psi <- function(f, w) { B <- solve(I, colSums(w * X0 * f)); s <- p * drop(X0 %*% B)
    w * f - s + mean(s) }
  var <- function(f, w) { B <- solve(I, colSums(w * X0 * f)); s <- (1 - pT) * drop(X1 %*% B)
    sum((s - mean(s))^2) }
  report(name, fit, w, psi, var, ...)
}
odds(s ~ device + country, fit, "odds")

## ---- a number with few values ----
fit <- lm(y ~ arm * (device + visits), trial)
C <- model.matrix(~ device + visits, trial)
goal <- c(1, .5, .2, 2.8)
w <- ones(weights(calibrate(des, ~ device + visits, n * goal, calfun = "raking",
  epsilon = 1e-13, maxit = 500)))
b <- balanced(C, none(C))
report("means", fit, w, b$psi, b$var)
M <- model.matrix(~ visits, trial)
w <- ones(weights(calibrate(des, ~ visits, n * c(1, 2.8), calfun = "raking",
  epsilon = 1e-13, maxit = 500)))
b <- balanced(M, none(M))
report("mean of visits", fit, w, b$psi, b$var)
odds(s ~ device + visits, fit, "odds visits")

## ---- a continuous covariate: all that the model has is fixed, so that means are enough ----
fit <- lm(y ~ arm * (device + spend), trial)
T <- model.matrix(~ device + spend, target); goal <- colMeans(T)
tt <- delete.response(terms(fit))
b <- coef(fit); V <- vcovHC(fit, "HC2")
M1 <- model.matrix(tt, set_arm(target, factor("a", c("control", "a"))))
M0 <- model.matrix(tt, set_arm(target, factor("control", c("control", "a"))))
for (side in c("est", "base")) {
  d <- if (side == "est") colMeans(M1 - M0) else colMeans(M0)
  phi <- drop((if (side == "est") M1 - M0 else M0) %*% b)
  put(paste("spend", side), sum(d * b))
  put(paste("spend", if (side == "est") "se super" else "base se super"),
    sqrt(drop(d %*% V %*% d) + sum((phi - mean(phi))^2) / nt^2))
}

## ---- compliers: the effect on them in the target, from means by level and assigned arm ----
share <- c(desktop = .2, mobile = .7, tablet = .1)
num <- den <- base <- 0
parts <- list()
for (g in names(share)) {
  of <- function(a) subset(trial, device == g & arm == a)
  z1 <- of("a"); z0 <- of("control")
  itt <- mean(z1$spent) - mean(z0$spent)
  comply <- mean(z1$took == "a") - mean(z0$took == "a")
  num <- num + share[[g]] * itt; den <- den + share[[g]] * comply
  base <- base + share[[g]] * comply * (mean(z0$spent) - itt / comply * mean(z0$took == "a"))
}
theta <- num / den; v <- 0
for (g in names(share)) for (a in levels(trial$arm)) {
  r <- with(subset(trial, device == g & arm == a), spent - theta * (took == "a"))
  v <- v + share[[g]]^2 * mean((r - mean(r))^2) / length(r)
}
put("late est", theta); put("late base", base / den); put("late se", sqrt(v) / den)

## ---- forward: least squares under the covariance of the period effects ----
units <- 300; P <- 8
pn <- expand.grid(period = 1:P, unit = 1:units)
pn$arm <- ifelse(pn$unit %% 2 == 0, "a", "control")
pn$y <- round(5 + rnorm(units)[pn$unit] + (pn$arm == "a") * 2 * .75^(pn$period - 1) +
  .8 * rnorm(nrow(pn)), 4)
write.csv(pn, "panel.csv", row.names = FALSE, quote = FALSE)
pn$arm <- factor(pn$arm, c("control", "a"))
f <- lm(y ~ 0 + factor(period) + factor(period):arm, pn)
V <- vcovCR(f, pn$unit, "CR0")
at <- match(paste0("factor(period)", 1:P, ":arma"), names(coef(f)))
y <- coef(f)[at]; S <- as.matrix(V)[at, at]; W <- solve(S); t <- 0:(P - 1)
gls <- function(name, rule, jac, start, h = 1:4) {
  loss <- function(x) { r <- y - rule(x, t); drop(r %*% W %*% r) }
  x <- start
  for (i in 1:300) { # Gauss-Newton, halved until it goes down
    J <- matrix(jac(x, t), ncol = length(x))
    s <- solve(t(J) %*% W %*% J, t(J) %*% W %*% (y - rule(x, t))); k <- 1
    while (loss(x + k * drop(s)) > loss(x) && k > 1e-12) k <- k / 2
    x <- x + k * drop(s)
  }
  J <- matrix(jac(x, t), ncol = length(x)); Pm <- solve(t(J) %*% W %*% J)
  JH <- matrix(jac(x, P - 1 + h), ncol = length(x))
  for (j in seq_along(x)) { put(paste(name, "x", j), x[j]); put(paste(name, "se", j), sqrt(Pm[j, j])) }
  for (k in h) {
    put(paste(name, "forecast", k), rule(x, P - 1 + k))
    put(paste(name, "forecast se", k), sqrt(drop(JH[k, ] %*% Pm %*% JH[k, ])))
    g <- colSums(JH[seq_len(k), , drop = FALSE])
    put(paste(name, "total", k), sum(rule(x, P - 1 + seq_len(k))))
    put(paste(name, "total se", k), sqrt(drop(g %*% Pm %*% g)))
  }
  q <- P - length(x); v <- units - 1
  put(paste(name, "lack"), loss(x))
  put(paste(name, "lack p"), pf(loss(x) * (v - q + 1) / (v * q), q, v - q + 1, lower.tail = FALSE))
}
gls("constant", function(x, t) rep(x[1], length(t)), function(x, t) rep(1, length(t)), 1)
gls("linear", function(x, t) x[1] + x[2] * t, function(x, t) cbind(1, t), c(1, 0))
gls("decay", function(x, t) x[1] * x[2]^t,
  function(x, t) cbind(x[2]^t, x[1] * t * x[2]^(t - 1)), c(2, .75))
gls("level", function(x, t) x[3] + x[1] * x[2]^t,
  function(x, t) cbind(x[2]^t, x[1] * t * x[2]^(t - 1), 1), c(1.5, .6, .3))

write.table(data.frame(name = names(out), value = format(unlist(out), digits = 17)),
  "expected.csv", sep = ",", row.names = FALSE, quote = TRUE)
