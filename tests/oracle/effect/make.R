# Writes the data sets (ab.csv, time.csv, enc.csv) and expected.csv. Every number is found on
# the rows, with lm / ivreg / sandwich / clubSandwich / estimatr, or by hand from their parts;
# nothing of Upshot takes part. Run in this directory: Rscript make.R
suppressMessages({
  library(sandwich); library(clubSandwich); library(AER); library(estimatr)
})
options(digits = 17)
out <- list()
put <- function(name, value) out[[name]] <<- value

## ---- data ----
set.seed(20)
n <- 600
ab <- data.frame(arm = sample(c("control", "a", "b"), n, TRUE),
                 device = sample(c("desktop", "mobile", "tablet"), n, TRUE, c(.5, .35, .15)),
                 score = sample(0:4, n, TRUE))
ab$w <- sample(c(0.5, 1, 2), n, TRUE)
ab$u <- round(rnorm(n), 4)
e <- rnorm(n)
ab$sales <- round(5 + (ab$arm == "a") * (.4 + .3 * (ab$device == "mobile")) +
  (ab$arm == "b") * (.7 - .1 * ab$score) + .5 * ab$score + .4 * ab$u + e, 4)
ab$views <- 3 + rpois(n, 4 + ab$score)
ab$clicks <- rbinom(n, ab$views, plogis(-1 + .3 * (ab$arm == "a")))
ab$loyal <- ifelse(ab$score >= 3, "true", "false")
write.csv(ab, "ab.csv", row.names = FALSE, quote = FALSE)

units <- 90
tm <- expand.grid(period = 1:4, unit = 1:units)
ua <- sample(c("0", "1"), units, TRUE); ud <- sample(c("x", "y"), units, TRUE)
ur <- rnorm(units)
tm$arm <- ua[tm$unit]; tm$device <- ud[tm$unit]; tm$site <- (tm$unit - 1) %/% 6 + 1
tm <- tm[-sample(nrow(tm), 25), ] # not balanced
tm$y <- round(2 + ur[tm$unit] + .2 * tm$period + (tm$arm == "1") * .15 * tm$period *
  (1 + (tm$device == "y")) + rnorm(nrow(tm)), 4)
tm <- tm[, c("unit", "site", "period", "arm", "device", "y")]
write.csv(tm, "time.csv", row.names = FALSE, quote = FALSE)

n <- 900
enc <- data.frame(z = sample(c("control", "a", "b"), n, TRUE), g = sample(0:2, n, TRUE))
enc$x <- round(rnorm(n), 4)
cp <- runif(n) < .45 + .12 * enc$g + .05 * enc$x
at <- runif(n) < .08
enc$d <- ifelse(cp & !at, enc$z, ifelse(at, sample(c("a", "b"), n, TRUE), "control"))
enc$y <- round(1 + .5 * enc$g + .3 * enc$x + (enc$d == "a") * (.5 + .4 * enc$g) +
  (enc$d == "b") * (1 - .3 * enc$x) + .5 * cp + rnorm(n), 4)
enc$q <- round(4 + .2 * enc$g + .2 * (enc$d == "a") + .5 * rexp(n), 4)
enc$t <- as.integer(enc$d != "control")
write.csv(enc, "enc.csv", row.names = FALSE, quote = FALSE)

## ---- helpers ----
# delta vector and baseline of a model over the rows with weights v
mm <- function(tt, data, name, value) {
  q <- data; q[[name]] <- factor(value, levels = levels(data[[name]]))
  model.matrix(delete.response(tt), q)
}
ave <- function(m, v) colSums(m * v) / sum(v)
# variance of the averaging: rows, or clusters
extra <- function(phi1, v1, phi2 = phi1, v2 = v1, cl = seq_along(phi1)) {
  f <- function(phi, v) {
    psi <- tapply(v * (phi - sum(v * phi) / sum(v)) / sum(v), cl, sum)
    k <- length(unique(cl[v > 0])); psi * sqrt(k / (k - 1))
  }
  sum(f(phi1, v1) * f(phi2, v2))
}
relative <- function(name, th, mu, v, vm, cv, crit) {
  rel <- th / mu; s <- sqrt((v - 2 * rel * cv + rel^2 * vm) / mu^2)
  a <- mu^2 - crit^2 * vm; h <- th * mu - crit^2 * cv; k <- th^2 - crit^2 * v
  d <- sqrt(h^2 - a * k)
  l <- log(1 + rel)
  sl <- sqrt((vm + v + 2 * cv) / (mu + th)^2 + vm / mu^2 - 2 * (vm + cv) / (mu * (mu + th)))
  put(paste0(name, " rel"), rel)
  put(paste0(name, " fieller low"), (h - d) / a); put(paste0(name, " fieller high"), (h + d) / a)
  put(paste0(name, " delta low"), rel - crit * s); put(paste0(name, " delta high"), rel + crit * s)
  put(paste0(name, " log low"), exp(l - crit * sl) - 1)
  put(paste0(name, " log high"), exp(l + crit * sl) - 1)
}
effect <- function(name, fit, V, data, arm, to, from, v, df, cl = seq_len(nrow(data))) {
  tt <- terms(fit); b <- coef(fit)
  m1 <- mm(tt, data, arm, to); m0 <- mm(tt, data, arm, from)
  d <- ave(m1 - m0, v); m <- ave(m0, v)
  th <- sum(d * b); mu <- sum(m * b)
  vs <- c(d %*% V %*% d); vms <- c(m %*% V %*% m); cs <- c(d %*% V %*% m)
  t1 <- c((m1 - m0) %*% b); t0 <- c(m0 %*% b)
  ve <- vs + extra(t1, v, cl = cl); vme <- vms + extra(t0, v, cl = cl)
  ce <- cs + extra(t1, v, t0, v, cl = cl)
  put(paste0(name, " est"), th); put(paste0(name, " base"), mu)
  put(paste0(name, " se"), sqrt(vs)); put(paste0(name, " base se"), sqrt(vms))
  put(paste0(name, " se super"), sqrt(ve)); put(paste0(name, " base se super"), sqrt(vme))
  put(paste0(name, " p"), 2 * pt(-abs(th / sqrt(vs)), df))
  relative(name, th, mu, vs, vms, cs, qt(.975, df))
  relative(paste0(name, " super"), th, mu, ve, vme, ce, qt(.975, df))
  invisible(list(d = d, m = m))
}

## ---- several arms, conditional effects ----
ab$arm <- factor(ab$arm, levels = c("control", "a", "b")); ab$device <- factor(ab$device)
one <- rep(1, nrow(ab))
fit <- lm(sales ~ arm * (device + score), ab); V <- vcovHC(fit, "HC2"); df <- df.residual(fit)
effect("ab a", fit, V, ab, "arm", "a", "control", one, df)
effect("ab b", fit, V, ab, "arm", "b", "control", one, df)
effect("ab b-a", fit, V, ab, "arm", "b", "a", one, df)
ds <- list()
for (l in levels(ab$device))
  ds[[l]] <- effect(paste("ab a", l), fit, V, ab, "arm", "a", "control", 1 * (ab$device == l), df)$d
s <- 1 * (ab$device == "mobile" & ab$score > 1)
effect("ab a and", fit, V, ab, "arm", "a", "control", s, df)
effect("ab a loyal", fit, V, ab, "arm", "a", "control", 1 * (ab$score >= 3), df)
effect("ab att b", fit, V, ab, "arm", "b", "control", 1 * (ab$arm == "b"), df)
dd <- ds$mobile - ds$desktop
put("ab diff est", sum(dd * coef(fit))); put("ab diff se", sqrt(c(dd %*% V %*% dd)))
# covariances, and the joint test of the three devices
D <- do.call(rbind, ds); W <- D %*% V %*% t(D); th <- D %*% coef(fit)
put("ab cov 01", W[1, 2]); put("ab cov 02", W[1, 3])
put("ab wald", c(t(th) %*% solve(W) %*% th) / 3)
put("ab wald p", pf(c(t(th) %*% solve(W) %*% th) / 3, 3, df, lower.tail = FALSE))
tt <- terms(fit); t1 <- c((mm(tt, ab, "arm", "a") - mm(tt, ab, "arm", "control")) %*% coef(fit))
put("ab cov all mobile super", c(ave(mm(tt, ab, "arm", "a") - mm(tt, ab, "arm", "control"), one) %*% V %*% ds$mobile) +
  extra(t1, one, t1, 1 * (ab$device == "mobile")))
# analytic weights
fw <- lm(sales ~ arm * (device + score), ab, weights = w); Vw <- vcovHC(fw, "HC1")
effect("ab w", fw, Vw, ab, "arm", "a", "control", ab$w, df)
# a continuous covariate
fc <- lm(sales ~ arm * (device + u), ab); Vc <- vcovHC(fc, "HC1")
effect("ab u", fc, Vc, ab, "arm", "a", "control", one, df.residual(fc))
effect("ab u mobile", fc, Vc, ab, "arm", "a", "control", 1 * (ab$device == "mobile"), df.residual(fc))
# both: weights by row and a continuous covariate
fwu <- lm(sales ~ arm * (device + u), ab, weights = w)
effect("ab wu", fwu, vcovHC(fwu, "HC1"), ab, "arm", "a", "control", ab$w, df.residual(fwu))
effect("ab wu mobile", fwu, vcovHC(fwu, "HC1"), ab, "arm", "a", "control", ab$w * (ab$device == "mobile"), df.residual(fwu))
# two arms: estimatr's Lin estimator
two <- droplevels(ab[ab$arm != "b", ])
write.csv(two[, c("arm", "device", "score", "sales", "views", "clicks")], "two.csv", row.names = FALSE, quote = FALSE)
two$t <- 1 * (two$arm == "a")
ll <- lm_lin(sales ~ t, covariates = ~ device + score, data = two, se_type = "HC2")
put("lin est", coef(ll)["t"]); put("lin se", ll$std.error["t"]); put("lin df", ll$df["t"])
put("lin low", ll$conf.low["t"]); put("lin high", ll$conf.high["t"]); put("lin p", ll$p.value["t"])
dm <- lm_robust(sales ~ t, data = two, se_type = "HC2")
wt <- t.test(sales ~ arm, two)
put("welch est", diff(wt$estimate)); put("welch se", wt$stderr)

## ---- ratio metrics: clicks / views ----
ratio <- function(name, f1, f2, data, arm, to, from, v, crit, V12 = NULL) {
  X <- model.matrix(f1); h <- hatvalues(f1); B <- solve(crossprod(X))
  blk <- function(a, b) B %*% crossprod(X, X * (resid(a) * resid(b) / (1 - h))) %*% B
  tt <- terms(f1); m1 <- mm(tt, data, arm, to); m0 <- mm(tt, data, arm, from)
  a1 <- ave(m1, v); a0 <- ave(m0, v); b1 <- coef(f1); b2 <- coef(f2)
  N1 <- sum(a1 * b1); D1 <- sum(a1 * b2); N0 <- sum(a0 * b1); D0 <- sum(a0 * b2)
  g <- c(a1 / D1 - a0 / D0, -a1 * N1 / D1^2 + a0 * N0 / D0^2); g0 <- c(a0 / D0, -a0 * N0 / D0^2)
  V <- rbind(cbind(blk(f1, f1), blk(f1, f2)), cbind(blk(f2, f1), blk(f2, f2)))
  th <- N1 / D1 - N0 / D0; mu <- N0 / D0
  phi <- c(m1 %*% b1) / D1 - c(m1 %*% b2) * N1 / D1^2 - c(m0 %*% b1) / D0 + c(m0 %*% b2) * N0 / D0^2
  put(paste0(name, " est"), th); put(paste0(name, " base"), mu)
  put(paste0(name, " se"), sqrt(c(g %*% V %*% g)))
  put(paste0(name, " se super"), sqrt(c(g %*% V %*% g) + extra(phi, v)))
  relative(name, th, mu, c(g %*% V %*% g), c(g0 %*% V %*% g0), c(g %*% V %*% g0), crit)
}
r1 <- lm(clicks ~ arm, two); r2 <- lm(views ~ arm, two)
one2 <- rep(1, nrow(two)); crit <- qt(.975, df.residual(r1))
ratio("ratio raw", r1, r2, two, "arm", "a", "control", one2, crit)
# by hand: variance of the linearised values in each arm
lin <- sapply(levels(two$arm), function(a) {
  s <- two[two$arm == a, ]; r <- sum(s$clicks) / sum(s$views)
  var((s$clicks - r * s$views) / mean(s$views)) / nrow(s)
})
put("ratio hand se", sqrt(sum(lin)))
r1 <- lm(clicks ~ arm * (device + score), two); r2 <- lm(views ~ arm * (device + score), two)
crit <- qt(.975, df.residual(r1))
ratio("ratio adj", r1, r2, two, "arm", "a", "control", one2, crit)
ratio("ratio mobile", r1, r2, two, "arm", "a", "control", 1 * (two$device == "mobile"), crit)

## ---- effects over time, clustered by unit ----
tm$arm <- factor(tm$arm); tm$device <- factor(tm$device); tm$pf <- factor(tm$period)
ft <- lm(y ~ arm * (device + pf), tm); Vt <- as.matrix(vcovCR(ft, cluster = tm$unit, type = "CR2"))
for (p in 1:4)
  effect(paste0("time ", p), ft, Vt, tm, "arm", "1", "0", 1 * (tm$period == p), 50, cl = tm$unit)
dt <- lapply(1:4, function(p) {
  s <- tm[tm$period == p, ]; t1 <- mm(terms(ft), s, "arm", "1"); t0 <- mm(terms(ft), s, "arm", "0")
  colMeans(t1 - t0)
})
b <- coef(ft); b1 <- c((mm(terms(ft), tm, "arm", "1") - mm(terms(ft), tm, "arm", "0")) %*% b)
cl <- factor(tm$unit)
psi <- sapply(1:4, function(p) {
  v <- 1 * (tm$period == p); k <- length(unique(tm$unit[v > 0]))
  sqrt(k / (k - 1)) * tapply(v * (b1 - sum(v * b1) / sum(v)) / sum(v), cl, sum)
})
for (p in 1:4) {
  dc <- Reduce(`+`, dt[1:p]); ps <- rowSums(psi[, 1:p, drop = FALSE])
  put(paste0("cum ", p, " est"), sum(dc * b))
  put(paste0("cum ", p, " se"), sqrt(c(dc %*% Vt %*% dc)))
  put(paste0("cum ", p, " se super"), sqrt(c(dc %*% Vt %*% dc) + sum(ps^2)))
}
lc <- linear_contrast(ft, vcov = "CR2", cluster = tm$unit, contrasts = rbind(dt[[1]], Reduce(`+`, dt)), test = "Satterthwaite")
put("time 1 df", lc$df[1]); put("cum 4 df", lc$df[2])
put("time 1 clusters", length(unique(tm$unit[tm$period == 1])))

## ---- encouragement: two-stage least squares ----
enc$z <- factor(enc$z, levels = c("control", "a", "b")); enc$d <- factor(enc$d, levels = levels(enc$z))
late <- function(name, data, y, rhs, level, v, level2 = NULL) {
  fo <- as.formula(sprintf("%s ~ d * (%s) | z * (%s)", y, rhs, rhs))
  iv <- ivreg(fo, data = data); xt <- delete.response(terms(as.formula(sprintf("~ d * (%s)", rhs))))
  zt <- delete.response(terms(as.formula(sprintf("~ z * (%s)", rhs))))
  X <- model.matrix(xt, data); Z <- model.matrix(zt, data); nn <- nrow(X)
  b <- coef(iv); Pi <- solve(crossprod(Z), crossprod(Z, X)); Xh <- Z %*% Pi
  e <- c(data[[y]] - X %*% b); S <- Xh * e; B <- solve(crossprod(Xh)); bread <- list(B); psi <- list(S %*% B)
  Bz <- solve(crossprod(Z)); one_arm <- function(l) {
    yk <- 1 * (data$d == l); pk <- Bz %*% crossprod(Z, yk); vk <- c(yk - Z %*% pk)
    zd <- mm(zt, data, "z", l) - mm(zt, data, "z", "control"); cc <- c(zd %*% pk)
    xd <- mm(xt, data, "d", l) - mm(xt, data, "d", "control"); tau <- c(xd %*% b)
    th <- sum(v * cc * tau) / sum(v * cc)
    psi_b <- colSums(v * cc * xd) / sum(v * cc); psi_p <- colSums(v * (tau - th) * zd) / sum(v * cc)
    infl <- c(psi[[1]] %*% psi_b) + c((Z * vk) %*% Bz %*% psi_p)
    m0 <- mm(xt, data, "d", "control"); t0 <- c(m0 %*% b); mu <- sum(v * cc * t0) / sum(v * cc)
    inf0 <- c(psi[[1]] %*% (colSums(v * cc * m0) / sum(v * cc))) +
      c((Z * vk) %*% Bz %*% (colSums(v * (t0 - mu) * zd) / sum(v * cc)))
    av <- v * cc * (tau - th) / sum(v * cc); k <- sum(v > 0)
    list(th = th, mu = mu, infl = infl, inf0 = inf0, av = av * sqrt(k / (k - 1)), cc = cc, tau = tau, xd = xd)
  }
  r <- one_arm(level); f <- nn / (nn - ncol(X))
  th <- r$th; infl <- r$infl; av <- r$av
  if (!is.null(level2)) { r2 <- one_arm(level2); th <- th - r2$th; infl <- infl - r2$infl; av <- av - r2$av }
  put(paste0(name, " est"), th); put(paste0(name, " se"), sqrt(f * sum(infl^2)))
  put(paste0(name, " se super"), sqrt(f * sum(infl^2) + sum(av^2)))
  if (is.null(level2)) {
    put(paste0(name, " base"), r$mu); put(paste0(name, " base se"), sqrt(f * sum(r$inf0^2)))
    da <- ave(r$xd, v); ta <- sum(da * b)
    put(paste0(name, " ate"), ta); put(paste0(name, " ate se"), sqrt(f * sum((psi[[1]] %*% da)^2)))
    put(paste0(name, " ate se super"), sqrt(f * sum((psi[[1]] %*% da)^2) + extra(r$tau, v)))
    put(paste0(name, " min c"), min(tapply(r$cc[v > 0], enc_key(data)[v > 0], mean)))
  }
}
enc_key <- function(data) if ("g" %in% names(data)) data$g else paste(data$x1f, data$x2)
ones <- rep(1, nrow(enc))
enc$gf <- factor(enc$g)
late("enc g a", enc, "y", "gf", "a", ones)
late("enc g b", enc, "y", "gf", "b", ones)
late("enc g b-a", enc, "y", "gf", "b", ones, "a")
late("enc g a g=1", enc, "y", "gf", "a", 1 * (enc$g == 1))
late("enc gx a", enc, "y", "gf + x", "a", ones)
late("enc gx b", enc, "y", "gf + x", "b", ones)
iva <- ivreg(y ~ d + gf | z + gf, data = enc)
put("enc add a", coef(iva)["da"]); put("enc add a se", sqrt(vcovHC(iva, "HC1")["da", "da"]))
itt <- lm(y ~ z * gf, enc); di <- ave(mm(terms(itt), enc, "z", "a") - mm(terms(itt), enc, "z", "control"), ones)
put("enc itt a", sum(di * coef(itt))); put("enc itt a se", sqrt(c(di %*% vcovHC(itt, "HC1") %*% di)))
# two encouragements of one treatment: compliance averaged by their shares of rows, HC0
ivt <- ivreg(y ~ t * gf | z * gf, data = enc)
X <- model.matrix(~ t * gf, enc); Z <- model.matrix(~ z * gf, enc); b <- coef(ivt)
Xh <- Z %*% solve(crossprod(Z), crossprod(Z, X)); e <- c(enc$y - X %*% b)
zt <- delete.response(terms(~ z * gf)); m0 <- mm(zt, enc, "z", "control")
na <- sum(enc$z == "a"); nb <- sum(enc$z == "b")
zd <- (na * (mm(zt, enc, "z", "a") - m0) + nb * (mm(zt, enc, "z", "b") - m0)) / (na + nb)
pk <- solve(crossprod(Z), crossprod(Z, enc$t)); vk <- c(enc$t - Z %*% pk); cc <- c(zd %*% pk)
q1 <- enc; q1$t <- 1; q0 <- enc; q0$t <- 0
xd <- model.matrix(~ t * gf, q1) - model.matrix(~ t * gf, q0); tau <- c(xd %*% b)
th <- sum(cc * tau) / sum(cc)
infl <- c((Xh * e) %*% solve(crossprod(Xh)) %*% (colSums(cc * xd) / sum(cc))) +
  c((Z * vk) %*% solve(crossprod(Z)) %*% (colSums((tau - th) * zd) / sum(cc)))
av <- cc * (tau - th) / sum(cc)
put("over est", th); put("over se", sqrt(sum(infl^2)))
put("over se super", sqrt(sum(infl^2) + sum(av^2) * nrow(enc) / (nrow(enc) - 1)))
pan <- read.csv("lcg_panel.csv"); pan$x1f <- factor(pan$x1)
pan$z <- factor(ifelse(pan$z == 1, "1", "0")); pan$d <- factor(ifelse(pan$d == 1, "1", "0"))
levels_panel <- levels(pan$z)
late_panel <- function() {
  pan2 <- pan; levels(pan2$z) <- levels(pan2$d) <- c("control", "a")
  late("panel", pan2, "y1", "x1f + x2", "a", rep(1, nrow(pan2)))
  for (k in 0:2) late(paste0("panel x1=", k), pan2, "y1", "x1f + x2", "a", 1 * (pan2$x1 == k))
}
late_panel()

write.csv(data.frame(name = names(out), value = sprintf("%.17g", unlist(out))), "expected.csv",
          row.names = FALSE, quote = FALSE)
cat(length(out), "numbers\n")
print(unlist(out)[grep("^panel", names(out))])
