# Writes arms.csv and expected.json: covariances of linear models by sandwich, AER, clubSandwich
# and estimatr. Where no package has the quantity (covariances between equations, CR2 with
# weights in 2SLS) it is computed from its definition with n x n matrices; `source` says which.
# Run here: Rscript make.R
suppressMessages({
  library(AER); library(sandwich); library(clubSandwich); library(estimatr); library(jsonlite)
})

# ---- data: three arms, unbalanced clusters, a second way, noncompliance, propensities ----
set.seed(20260101, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 360
a <- data.frame(
  shop = sample(c(1:30, 1:6, 1:3), n, TRUE), day = sample(1:9, n, TRUE),
  device = sample(c("desktop", "mobile", "tablet", "tv"), n, TRUE, c(.4, .3, .2, .1)),
  tier = sample(1:4, n, TRUE), week = sample(1:3, n, TRUE))
a$score <- round(rnorm(n) * 2 + a$tier + 50, 3)
a$spend <- round(exp(rnorm(n) / 2 + a$tier / 5), 4)
p <- ifelse(a$device == "mobile", .5, .25)
u <- runif(n)
a$arm <- ifelse(u < p, "control", ifelse(u < p + (1 - p) / 2, "b", "c"))
a$prop <- ifelse(a$arm == "control", p, (1 - p) / 2)
se <- rnorm(40)[a$shop]; de <- rnorm(9)[a$day]
take <- runif(n) < .55 + .1 * (a$device == "tv") + .05 * a$tier
a$got <- ifelse(a$arm == "control" & runif(n) < .1, "b", ifelse(take, a$arm, "control"))
a$w <- round(.5 + 2 * runif(n), 1)
hit <- (a$got == "b") * (.5 + .2 * a$tier) + (a$got == "c") * .8
a$rev <- round(10 + .4 * a$tier + .3 * (a$score - 50) + .5 * (a$device == "tv") + hit + .6 * se + .3 * de + rnorm(n) * (1 + .3 * a$tier), 4)
a$visits <- round(3 + hit / 2 + .2 * a$spend + .3 * se + rnorm(n), 4)
a$regionshop <- paste0("r", a$shop %% 8)
a$unit <- ifelse(seq_len(n) <= 200, seq_len(n) %/% 2, seq_len(n)) # many clusters of one or two rows
write.csv(a, "arms.csv", row.names = FALSE, quote = FALSE)
panel <- read.csv("panel.csv")
a$arm <- relevel(factor(a$arm), "control"); a$got <- relevel(factor(a$got), "control")
a$f_device <- factor(a$device); a$f_week <- factor(a$week); a$f_tier <- factor(a$tier)
a$share <- as.vector(table(a$arm)[a$arm]) / n; a$ipw <- a$share / a$prop
sw <- tapply(a$w, a$arm, sum) / sum(a$w); a$ipww <- a$w * as.vector(sw[a$arm]) / a$prop
a$ipwrow <- a$w * a$share / a$prop

cases <- list()
HC <- c("IID", "HC0", "HC1", "HC2", "HC3"); CR <- c("CR0", "CR1", "CR1S", "CR2", "CR3")

# Names of R to the names of upshot: "armb:f_devicetv" -> "arm=b:device=tv"
rename <- function(s, rules) { for (r in rules) s <- gsub(r[1], r[2], s); s }
rules_arms <- list(c("^(arm|got)([bc])", "\\1=\\2"), c("f_device([a-z]+)", "device=\\1"),
  c("f_week([0-9])", "week=\\1"), c("f_tier([0-9])", "tier=\\1"), c("regionshopr", "regionshop=r"))
rules_panel <- list(c("^(z|d)(:|$)", "\\1=1\\2"), c("factor\\(x1\\)([0-9])", "x1=\\1"))

# plain definitions -----------------------------------------------------------------------
power <- function(M, e) { s <- eigen((M + t(M)) / 2, symmetric = TRUE); d <- s$values
  s$vectors %*% diag(ifelse(d < 1e-10, 0, abs(d)^e), length(d)) %*% t(s$vectors) }
# scores of an equation: rows (or clusters) times columns, adjusted
scores <- function(Xh, X, y, w, type, cl) {
  B <- solve(crossprod(Xh, w * Xh)); b <- B %*% crossprod(Xh, w * y); e <- as.vector(y - X %*% b)
  n <- nrow(X); p <- ncol(X)
  if (is.null(cl)) {
    h <- w * rowSums((Xh %*% B) * Xh)
    f <- switch(type, HC0 = rep(1, n), HC1 = rep(sqrt(n / (n - p)), n), HC2 = 1 / sqrt(1 - h), HC3 = 1 / (1 - h))
    S <- Xh * (w * e * f)
  } else {
    A <- Xh * sqrt(w); G <- length(unique(cl)); k <- switch(type, CR0 = 1, CR1 = sqrt(G / (G - 1)), CR1S = sqrt(G / (G - 1) * (n - 1) / (n - p)), 1)
    S <- t(sapply(split(seq_len(n), cl), function(i) {
      Ai <- A[i, , drop = FALSE]; ei <- sqrt(w[i]) * e[i]
      if (type %in% c("CR2", "CR3")) ei <- power(diag(length(i)) - Ai %*% B %*% t(Ai), if (type == "CR2") -.5 else -1) %*% ei
      crossprod(Ai, ei) * k }))
  }
  list(S = S %*% B, b = b)
}
satterthwaite <- function(Xh, w, cl, l) { # Bell & McCaffrey by n x n matrices
  A <- Xh * sqrt(w); B <- solve(crossprod(A)); n <- nrow(A); M <- diag(n) - A %*% B %*% t(A)
  G <- sapply(split(seq_len(n), cl), function(i) { Ai <- A[i, , drop = FALSE]
    M[, i, drop = FALSE] %*% power(diag(length(i)) - Ai %*% B %*% t(Ai), -.5) %*% Ai %*% B %*% l })
  g <- crossprod(G); sum(diag(g))^2 / sum(g^2) }

add <- function(name, source, spec, vcov, values) cases[[length(cases) + 1]] <<- c(list(name = name, source = source, vcov = vcov), spec, list(values = values))
tab <- function(b, V, rules, df = NULL, eq = 0) { se <- sqrt(diag(as.matrix(V)))
  keep <- !is.na(b); nm <- rename(names(b)[keep], rules)
  lapply(seq_along(nm), function(i) c(list(equation = eq, name = nm[i], value = unname(b[keep][i]), std_error = unname(se[i])), if (!is.null(df)) list(df = df[i]))) }

package_vcov <- function(fit, v, cl) {
  if (v == "IID") return(vcov(fit))
  if (v %in% HC) return(vcovHC(fit, type = v))
  vcovCR(fit, cluster = cl, type = if (v == "CR1") "CR1" else v)
}
run_ols <- function(name, formula, data, w, cl, rules, spec, clusters, types) {
  data$.w <- w; fits <- if (is.null(w)) lm(formula, data) else lm(formula, data, weights = .w)
  for (v in types) {
    source <- if (v == "IID") "stats" else if (v %in% HC) "sandwich" else "clubSandwich"
    df <- NULL
    if (v == "CR2" && !is.null(w)) {
      # With weights CR2 is not unique: the root of clubSandwich and that of methods/core.md 2.4
      # are both unbiased when the variance of a row is proportional to 1/w. Ours is the latter.
      X <- model.matrix(fits); V <- crossprod(scores(X, X, fits$model[[1]], w, "CR2", cl)$S); source <- "definition"
      df <- sapply(seq_len(ncol(X)), function(j) satterthwaite(X, w, cl, diag(ncol(X))[, j]))
    } else {
      V <- package_vcov(fits, v, cl)
      if (v == "CR2") df <- coef_test(fits, vcov = V, cluster = cl, test = "Satterthwaite")$df
    }
    s <- spec; if (v %in% CR) s$cluster <- clusters
    add(name, source, s, v, tab(coef(fits), V, rules, df))
  }
}
run_iv <- function(name, formula, robust, data, w, cl, rules, spec, clusters, types, cname) {
  data$.w <- w; data$.cl <- cl
  fit <- if (is.null(w)) ivreg(formula, data = data) else ivreg(formula, data = data, weights = .w)
  Z <- model.matrix(fit, component = "instruments"); X <- model.matrix(fit, component = "regressors")
  ww <- if (is.null(w)) rep(1, nrow(X)) else w
  Xh <- Z %*% solve(crossprod(Z, ww * Z), crossprod(Z, ww * X)); y <- fit$model[[1]]
  for (v in types) {
    df <- NULL
    if (v %in% c("IID", "HC0", "HC1")) { V <- package_vcov(fit, v, cl); source <- "AER, sandwich" }
    else if (v %in% c("HC2", "HC3") && is.null(w)) {
      r <- iv_robust(formula, data = data, se_type = v); V <- r$vcov; source <- "estimatr" }
    else if (v %in% CR && is.null(w)) { V <- vcovCR(fit, cluster = cl, type = v); source <- "clubSandwich"
      if (v == "CR2") df <- coef_test(fit, vcov = V, cluster = cl, test = "Satterthwaite")$df }
    else { V <- crossprod(scores(Xh, X, y, ww, v, if (v %in% CR) cl else NULL)$S); source <- "definition"
      if (v == "CR2") df <- sapply(seq_len(ncol(X)), function(j) satterthwaite(Xh, ww, cl, diag(ncol(X))[, j])) }
    s <- spec; if (v %in% CR) s$cluster <- clusters
    add(name, source, s, v, tab(coef(fit), V, rules, df))
  }
}

# ---- panel: two arms, one-sided noncompliance ----
kz <- list(c("z", "arm")); kd <- list(c("z", "arm"), c("d", "treated"))
num <- list(c("x1", "covariate"), c("x2", "covariate")); fac <- list(c("x1", "factor"), c("x2", "covariate"))
P <- function(keys, ...) list(data = "panel.csv", keys = keys, y = list("y1"), ...)
run_ols("panel additive", y1 ~ z + x1 + x2, panel, NULL, panel$cl, rules_panel, P(c(kz, num), interactions = 1), "cl", c(HC, CR))
run_ols("panel interacted factor", y1 ~ z * (factor(x1) + x2), panel, NULL, panel$cl, rules_panel, P(c(kz, fac), interactions = 0), "cl", c(HC, CR))
run_ols("panel interacted, weighted", y1 ~ z * (factor(x1) + x2), panel, panel$w, panel$cl, rules_panel, P(c(kz, fac, list(c("w", "weight"))), interactions = 0), "cl", c(HC, CR))
run_ols("panel without covariates", y1 ~ z, panel, NULL, panel$cl, rules_panel, P(c(kz, fac), interactions = 0, no_covariates = 1), "cl", c(HC, CR))
run_iv("panel 2sls additive factor", y1 ~ d + factor(x1) + x2 | z + factor(x1) + x2, NULL, panel, NULL, panel$cl, rules_panel, P(c(kd, fac), interactions = 1), "cl", c(HC, CR))
run_iv("panel 2sls interacted", y1 ~ d * (factor(x1) + x2) | z * (factor(x1) + x2), NULL, panel, NULL, panel$cl, rules_panel, P(c(kd, fac), interactions = 0), "cl", c(HC, CR))
run_iv("panel 2sls additive, weighted", y1 ~ d + x1 + x2 | z + x1 + x2, NULL, panel, panel$w, panel$cl, rules_panel, P(c(kd, num, list(c("w", "weight"))), interactions = 1), "cl", c(HC, CR))

# ---- arms: three arms ----
ka <- list(c("arm", "arm")); kg <- list(c("arm", "arm"), c("got", "treated"))
dt <- list(c("device", "covariate"), c("tier", "covariate"))
A <- function(keys, ...) list(data = "arms.csv", keys = keys, y = list("rev"), control = "control", ...)
run_ols("three arms interacted", rev ~ arm * (f_device + tier), a, NULL, a$shop, rules_arms, A(c(ka, dt), interactions = 0), "shop", c(HC, CR))
run_ols("three arms, time always interacted", rev ~ tier + arm * f_week, a, NULL, a$shop, rules_arms, A(c(ka, list(c("tier", "covariate"), c("week", "time"))), interactions = 1), "shop", c("HC2", "CR2"))
run_ols("propensity", rev ~ arm * f_device, a, a$ipw, a$shop, rules_arms, A(c(ka, list(c("device", "covariate"), c("prop", "propensity"))), interactions = 0), "shop", c(HC, CR))
run_ols("propensity and weight", rev ~ arm * f_device, a, a$ipww, a$shop, rules_arms, A(c(ka, list(c("device", "covariate"), c("prop", "propensity"), c("w", "weight"))), interactions = 0), "shop", c("HC1", "CR1S", "CR3"))
run_iv("three arms 2sls", rev ~ got + f_device + tier | arm + f_device + tier, NULL, a, NULL, a$shop, rules_arms, A(c(kg, dt), interactions = 1), "shop", c(HC, CR))
# dummies of the clusters themselves: the generalised inverse of CR2
a$shop8 <- as.integer(factor(a$regionshop))
run_ols("dummies of the clusters", rev ~ arm + regionshop, transform(a, regionshop = factor(regionshop)), NULL, a$regionshop, rules_arms, A(c(ka, list(c("regionshop", "covariate"))), interactions = 1), "regionshop", setdiff(CR, "CR3"))
for (i in seq_along(cases)) if (cases[[i]]$name == "dummies of the clusters") # the dummies have no variance
  cases[[i]]$values <- Filter(function(v) startsWith(v$name, "arm"), cases[[i]]$values)
# many clusters with the same cells, with and without weights
run_ols("alike clusters", rev ~ arm * tier, a, NULL, a$unit, rules_arms, A(c(ka, list(c("tier", "covariate"))), interactions = 0), "unit", CR)
run_ols("alike clusters, weighted", rev ~ arm, a, a$ipw, a$unit, rules_arms, A(c(ka, list(c("prop", "propensity"))), interactions = 0), "unit", CR)
run_iv("alike clusters, 2sls", rev ~ got | arm, NULL, a, NULL, a$unit, rules_arms, A(kg, interactions = 1), "unit", CR)
# two ways: V1 + V2 - V12 of vcovCL. Where that is not positive semi-definite, its negative
# eigenvalues are set to 0 in orthonormal coordinates of the regressors, by definition.
two <- function(name, formula, second, spec) {
  fit <- lm(formula, a); R <- qr.R(qr(model.matrix(fit))); any_floored <- FALSE
  for (v in c("CR0", "CR1", "CR1S")) {
    V <- vcovCL(fit, cluster = a[c("shop", second)], type = if (v == "CR1S") "HC1" else "HC0", cadjust = v != "CR0", multi0 = FALSE)
    M <- eigen(R %*% V %*% t(R), symmetric = TRUE)
    floored <- min(M$values) < -1e-10 * max(M$values); any_floored <- any_floored || floored
    if (floored) {
      M <- M$vectors %*% diag(pmax(M$values, 0)) %*% t(M$vectors); V <- solve(R) %*% M %*% t(solve(R))
    }
    source <- paste0("sandwich::vcovCL, each way with its own G/(G-1)", if (floored) "; eigenvalues floored")
    add(paste0(name, if (floored) ", floored"), source, c(spec, list(cluster = "shop", cluster2 = second)), v, tab(coef(fit), V, rules_arms))
  }
  any_floored
}
kinds <- c(two("two ways of clustering", rev ~ arm * (f_device + tier), "day", A(c(ka, dt), interactions = 0)),
  two("two ways, additive", rev ~ arm + tier, "device", A(c(ka, list(c("tier", "covariate"))), interactions = 1)),
  two("two ways, arms only", rev ~ arm, "device", A(ka, interactions = 0)))
stopifnot(any(kinds), !all(kinds))
# continuous covariates: rows compressed to triangles, and to moments per cluster
cx <- list("score", "spend")
run_ols("continuous, interacted", rev ~ arm * (f_device + score + spend), a, NULL, a$shop, rules_arms, A(c(ka, list(c("device", "covariate"))), x = cx, interactions = 0), "shop", c(HC, CR))
run_ols("continuous, weights by key", rev ~ arm + score + spend, a, a$ipww, a$shop, rules_arms, A(c(ka, list(c("prop", "propensity"), c("w", "weight"))), x = cx, interactions = 1), "shop", c(HC, CR))
run_ols("continuous, weights by row", rev ~ arm + score + spend, a, a$ipwrow, a$shop, rules_arms, A(ka, x = cx, interactions = 1, row_weight = "w", row_propensity = "prop"), "shop", HC)
run_iv("continuous 2sls", rev ~ got + score + tier | arm + score + tier, NULL, a, NULL, a$shop, rules_arms, A(c(kg, list(c("tier", "covariate"))), x = list("score"), interactions = 1), "shop", c(HC, CR))

# ---- covariances between equations, from the definition ----
ny <- 2
X <- model.matrix(~ got + tier, a); Z <- model.matrix(~ arm + tier, a)
Xh <- Z %*% solve(crossprod(Z), crossprod(Z, X)); one <- rep(1, n)
for (v in c("HC0", "HC1", "HC2", "HC3", "CR0", "CR1S", "CR2", "CR3")) {
  cl <- if (v %in% CR) a$shop else NULL
  eq <- c(lapply(a[c("rev", "visits")], function(y) scores(Xh, X, y, one, v, cl)),
          lapply(a[c("rev", "visits")], function(y) scores(Z, Z, y, one, v, cl)),
          lapply(c("b", "c"), function(k) scores(Z, Z, as.numeric(a$got == k), one, v, cl)))
  vals <- list()
  for (i in seq_along(eq)) for (j in seq_along(eq)) {
    M <- crossprod(eq[[i]]$S, eq[[j]]$S)
    for (r in 2:4) for (s in 2:4) vals[[length(vals) + 1]] <- list(
      equation = i - 1, name = rename(colnames(if (i <= ny) X else Z)[r], rules_arms),
      equation2 = j - 1, name2 = rename(colnames(if (j <= ny) X else Z)[s], rules_arms), covariance = M[r, s])
  }
  s <- list(data = "arms.csv", keys = c(kg, list(c("tier", "covariate"))), y = list("rev", "visits"), control = "control", interactions = 1)
  if (!is.null(cl)) s$cluster <- "shop"
  add("between equations", "definition", s, v, vals)
}
# first-stage F of two instruments, Wald with the same covariance
fs <- lm(as.numeric(got == "b") ~ arm + tier, a)
for (v in c("IID", "HC2", "CR2")) {
  V <- package_vcov(fs, v, a$shop)[2:3, 2:3]; b <- coef(fs)[2:3]
  s <- A(c(kg, list(c("tier", "covariate"))), interactions = 1); if (v == "CR2") s$cluster <- "shop"
  add("first stage of two arms", "stats, sandwich, clubSandwich", s, v, list(list(first_stage_f = as.numeric(t(b) %*% solve(V, b)) / 2)))
}
write(toJSON(list(tool = paste("R", getRversion(), "sandwich", packageVersion("sandwich"), "AER", packageVersion("AER"),
  "clubSandwich", packageVersion("clubSandwich"), "estimatr", packageVersion("estimatr")), rtol = 1e-9, cases = cases),
  auto_unbox = TRUE, digits = I(17), pretty = FALSE), "expected.json")
cat(length(cases), "cases\n")
