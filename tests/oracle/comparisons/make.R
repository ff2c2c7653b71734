# Writes pvalues.csv (R's p.adjust) and expected.csv: laws of the largest statistic by
# one-dimensional integrals, mvtnorm and multcomp; Anderson-Rubin sets and margins from lm with
# sandwich covariances; anytime-valid numbers from their formulas; repeated p-values from rpact.
# Nothing of Upshot takes part. Run in this directory: Rscript make.R
suppressMessages({
  library(sandwich); library(mvtnorm); library(multcomp); library(rpact)
})
options(digits = 17)
out <- list()
put <- function(name, value) out[[name]] <<- value

## ---- p-values ----
set.seed(44)
sets <- list(c(.005, .06, .007, .04, .01, .03), c(.2, .2, .01, .01), c(1, 1, 1),
             c(0, 1e-12, .5, .9), .03, sort(runif(25)^2), runif(40)^3,
             c(runif(10), runif(10) / 50))
p <- do.call(rbind, lapply(seq_along(sets), function(i) {
  x <- sets[[i]]
  d <- data.frame(set = i, p = x)
  for (m in c("bonferroni", "holm", "hochberg", "hommel", "BH", "BY"))
    d[[m]] <- p.adjust(x, m)
  d
}))
write.csv(format(p, digits = 17, trim = TRUE), "pvalues.csv", row.names = FALSE, quote = FALSE)

## ---- the largest of n equally correlated statistics ----
inside <- function(x, c, n, rho, two) {
  up <- pnorm((c + sqrt(rho) * x) / sqrt(1 - rho))
  low <- if (two) pnorm((-c + sqrt(rho) * x) / sqrt(1 - rho)) else 0
  (up - low)^n
}
normal_below <- function(c, n, rho, two)
  integrate(function(x) dnorm(x) * inside(x, c, n, rho, two), -9, 9,
            rel.tol = 1e-11, abs.tol = 1e-13)$value
t_below <- function(c, n, rho, df, two) {
  if (is.infinite(df)) return(normal_below(c, n, rho, two))
  f <- function(s) sapply(s, function(v) normal_below(c * v, n, rho, two) *
    2 * df * v * dchisq(df * v^2, df))
  integrate(f, 0, 6, rel.tol = 1e-9, subdivisions = 400)$value
}
for (n in c(2, 5, 20, 60)) for (rho in c(0, .5, .9)) for (df in c(8, Inf)) for (two in c(TRUE, FALSE)) {
  name <- sprintf("equal %d %g %s %s", n, rho, ifelse(is.infinite(df), "inf", "8"),
                  ifelse(two, "two", "one"))
  for (c in c(1.5, 2.5, 3.2)) put(paste(name, c), 1 - t_below(c, n, rho, df, two))
}

## ---- three statistics, any correlation (TVPACK, 1e-10) ----
R <- matrix(c(1, .3, -.6, .3, 1, .2, -.6, .2, 1), 3)
for (c in c(1.8, 2.3, 3)) {
  put(paste("three normal", c), 1 - pmvnorm(rep(-Inf, 3), rep(c, 3), corr = R,
                                            algorithm = TVPACK(1e-12))[1])
  put(paste("three t", c), 1 - pmvt(rep(-Inf, 3), rep(c, 3), corr = R, df = 11,
                                    algorithm = TVPACK(1e-12))[1])
}

## ---- many arms against control: multcomp ----
ab <- read.csv("../effect/ab.csv")
ab$arm <- factor(ab$arm, levels = c("control", "a", "b"))
m <- lm(sales ~ arm, ab)
K <- rbind(a = c(0, 1, 0), b = c(0, 0, 1))
g <- glht(m, K)
s <- summary(g, test = adjusted("single-step", abseps = 1e-9))
f <- summary(g, test = adjusted("free", abseps = 1e-9))
ci <- confint(g, calpha = qmvt(.95, tail = "both.tails", df = m$df.residual,
                               corr = cov2cor(vcov(g)), abseps = 1e-9,
                               ptol = 1e-10)$quantile)$confint
for (k in 1:2) {
  arm <- c("a", "b")[k]
  put(paste("dunnett p", arm), s$test$pvalues[k])
  put(paste("dunnett free", arm), f$test$pvalues[k])
  put(paste("dunnett low", arm), ci[k, 2]); put(paste("dunnett high", arm), ci[k, 3])
}

## ---- Anderson-Rubin sets ----
panel <- read.csv("../effect/lcg_panel.csv")
ar <- function(data, formula, crit, type) {
  stat <- function(b) {
    data$r <- data$y1 - b * data$d
    q <- lm(update(formula, r ~ .), data)
    abs(coef(q)["z"] / sqrt(vcovHC(q, type)["z", "z"])) - crit
  }
  c(uniroot(stat, c(-3, 1.6), tol = 1e-13)$root, uniroot(stat, c(1.6, 6), tol = 1e-13)$root)
}
form <- ~ z + factor(x1) + x2
nu <- nrow(panel) - 5
x <- ar(panel, form, qnorm(.975), "HC1"); put("ar normal low", x[1]); put("ar normal high", x[2])
x <- ar(panel, form, qt(.975, nu), "HC2"); put("ar t low", x[1]); put("ar t high", x[2])
g0 <- 30; n <- nrow(panel); r <- g0 / (g0 + n); al <- .05
q <- (r * al^2)^(1 / (nu + 1)); radius <- sqrt(nu * (1 - q) / (q - r))
put("ar anytime critical", radius)
x <- ar(panel, form, radius, "HC2"); put("ar anytime low", x[1]); put("ar anytime high", x[2])
q <- lm(y1 ~ z + factor(x1) + x2, panel)
t <- coef(q)["z"] / sqrt(vcovHC(q, "HC2")["z", "z"])
put("ar t", t); put("ar p", 2 * pt(-abs(t), nu))

## ---- margins: sales of arm a, HC2, t with n - p degrees of freedom ----
V <- vcovHC(m, "HC2"); b <- coef(m); df <- m$df.residual
stat <- function(l) sum(l * b) / sqrt(drop(t(l) %*% V %*% l))
put("margin ni abs", pt(-stat(c(.1, 1, 0) * c(0, 1, 0)) - .1 / sqrt(V[2, 2]), df))
put("margin ni rel", max(pt(-stat(c(.02, 1, 0)), df), pt(-stat(c(1, 0, 0)), df)))
put("margin sup rel", pt(-stat(c(-.03, 1, 0)), df))
se <- sqrt(V[2, 2])
put("margin eq abs", max(pt(-(b[2] + .8) / se, df), pt((b[2] - .8) / se, df)))
put("margin low", b[2] - qt(.95, df) * se); put("margin high", b[2] + qt(.95, df) * se)
fieller <- function(rho) stat(c(-rho, 1, 0))
put("margin rel low", uniroot(function(x) fieller(x) - qt(.95, df), c(-1, b[2] / b[1]), tol = 1e-14)$root)
put("less p", pt(stat(c(0, 1, 0)), df))

## ---- anytime-valid: sales of arm a, planned 2000 rows ----
n <- nrow(ab)
W <- uniroot(function(w) w * exp(w) + .05^2 / exp(1), c(-40, -1), tol = 1e-15)$root
g1 <- 2000 / (-W - 1); r <- g1 / (g1 + n); t <- b[2] / se
logE <- .5 * log(r) + (df + 1) / 2 * (log1p(t^2 / df) - log1p(r * t^2 / df))
q <- (r * al^2)^(1 / (df + 1)); radius <- sqrt(df * (1 - q) / (q - r))
put("anytime g", g1); put("anytime log e", logE); put("anytime p", min(1, exp(-logE)))
put("anytime critical", radius)
put("anytime low", b[2] - radius * se); put("anytime high", b[2] + radius * se)

## ---- group-sequential: repeated p-values and intervals of rpact ----
design <- getDesignGroupSequential(kMax = 3, informationRates = c(.3, .6, 1), alpha = .025,
                                   sided = 1, typeOfDesign = "asOF", tolerance = 1e-10)
data <- getDataset(cumulativeN1 = c(60, 120), cumulativeN2 = c(60, 120),
                   cumulativeMeans1 = c(.5, .55), cumulativeMeans2 = c(0, 0.02),
                   cumulativeStDevs1 = c(1, 1.1), cumulativeStDevs2 = c(1, .9))
st <- getStageResults(design, data, normalApproximation = TRUE)
put("group z 1", qnorm(1 - st$overallPValues[1])); put("group z 2", qnorm(1 - st$overallPValues[2]))
rp <- getRepeatedPValues(st, tolerance = 1e-10)
put("group p 1", rp[1]); put("group p 2", rp[2])
put("group bound 1", design$criticalValues[1]); put("group bound 2", design$criticalValues[2])

write.csv(data.frame(name = names(out), value = format(unlist(out), digits = 17, trim = TRUE)),
          "expected.csv", row.names = FALSE, quote = FALSE)
