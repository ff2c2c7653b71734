# The 16 mixes of {treated, propensity, instrument, clusters}: an independent computation in
# dense matrices, row by row, of what the compressed engine must find. Writes rows.csv and
# expected.json. Run with: Rscript make.R
#
# Model: f = (1, device, fresh); X = [f, D f], Z = [f, Z f]; weights share/propensity.
# Covariances: HC2 (leverage w x'Bx, meat w^2 e^2), CR2 in the version that is unbiased under
# the working variance sigma^2 / w (symmetric square root in the weighted space).
suppressMessages(library(jsonlite))
set.seed(20261122)
n <- 720
cl <- sample(1:48, n, replace = TRUE, prob = rep(c(3, 1), c(12, 36)))
device <- sample(c("desktop", "mobile", "tv"), n, TRUE, c(.45, .4, .15))
fresh <- rbinom(n, 1, .35)
e1 <- c(desktop = .5, mobile = .3, tv = .7)[device] # P(nudge = 1), varies by device
nudge <- rbinom(n, 1, e1) # what was randomised
u <- rnorm(n)
arm <- ifelse(runif(n) < .12 + .7 * nudge + .05 * fresh, "b", "control")
got <- ifelse(runif(n) < ifelse(arm == "b", .55 + .3 * fresh, .15 + .05 * (u > 0)), "b", "control")
p_nudge <- unname(ifelse(nudge == 1, e1, 1 - e1))
p_arm <- unname(round(ifelse(arm == "b", .3 + .3 * (device == "tv"), .7 - .3 * (device == "tv")), 3))
effect <- 1 + .8 * (device == "mobile") - .5 * fresh
y <- round(2 + .6 * (device == "tv") + .4 * fresh + effect * (got == "b") + .7 * u +
             rnorm(48, 0, .5)[cl] + rnorm(n) * (1 + .5 * fresh), 6)
rows <- data.frame(cl, device, fresh, nudge, arm, got, p_nudge, p_arm, y)
write.csv(rows, "rows.csv", row.names = FALSE, quote = FALSE)

f <- cbind(1, device == "mobile", device == "tv", fresh) + 0
k <- ncol(f)
symroot <- function(S) { # pseudo-inverse square root
  ev <- eigen((S + t(S)) / 2, symmetric = TRUE)
  v <- ifelse(ev$values > 1e-10, 1 / sqrt(pmax(ev$values, 1e-300)), 0)
  ev$vectors %*% (v * t(ev$vectors))
}
solve_design <- function(d, z, w, cluster) {
  X <- cbind(f, d * f); Z <- cbind(f, z * f)
  iv <- !identical(d, z)
  sw <- sqrt(w)
  P <- qr.fitted(qr(Z * sw), X * sw) # W^1/2 Xhat
  bread <- solve(crossprod(P))
  eq <- list()
  add <- function(R, yy, actual) { # R = W^1/2 (projected regressors)
    B <- solve(crossprod(R)); b <- B %*% crossprod(R, yy * sw)
    e <- (yy - actual %*% b) * sw
    list(R = R, B = B, b = drop(b), e = drop(e))
  }
  eq$outcome <- add(P, y, X)
  if (iv) { eq$reduced <- add(Z * sw, y, Z); eq$first <- add(Z * sw, d, Z) }
  scores <- function(q) {
    if (is.null(cluster)) {
      h <- rowSums((q$R %*% q$B) * q$R)
      return((q$R * q$e / sqrt(1 - h)) %*% q$B)
    }
    t(sapply(sort(unique(cluster)), function(g) {
      i <- which(cluster == g); Rg <- q$R[i, , drop = FALSE]
      A <- symroot(diag(length(i)) - Rg %*% q$B %*% t(Rg))
      drop(crossprod(Rg, A %*% q$e[i]))
    })) %*% q$B
  }
  for (nm in names(eq)) eq[[nm]]$S <- scores(eq[[nm]])
  fbar <- colMeans(f)
  tau <- function(b) drop(f %*% b[k + 1:k])
  by_cluster <- function(v) if (is.null(cluster)) v else tapply(v, cluster, sum)
  out <- function(est, psi_par, psi_pop) {
    units <- length(by_cluster(psi_pop)) # unbiased: the average is itself estimated
    list(estimate = est, se_sample = sqrt(sum(psi_par^2)),
         se_super = sqrt(sum(psi_par^2) + units / (units - 1) * sum(by_cluster(psi_pop)^2)))
  }
  average <- function(q) {
    l <- c(rep(0, k), fbar); t1 <- tau(q$b)
    out(mean(t1), drop(q$S %*% l), (t1 - mean(t1)) / n)
  }
  if (!iv) return(list(ate = average(eq$outcome)))
  comp <- tau(eq$first$b); del <- tau(eq$outcome$b)
  late <- sum(comp * del) / sum(comp)
  lb <- c(rep(0, k), colSums(comp * f) / sum(comp))
  lp <- c(rep(0, k), colSums((del - late) * f) / sum(comp))
  psi <- drop(eq$outcome$S %*% lb) + drop(eq$first$S %*% lp)
  list(itt = average(eq$reduced), ate = average(eq$outcome),
       late = out(late, psi, comp * (del - late) / sum(comp)))
}
one <- function(treated, propensity, instrument, cluster) {
  d <- as.numeric((if (treated) got else arm) == "b")
  z <- if (instrument) as.numeric(nudge) else as.numeric(arm == "b")
  w <- rep(1, n)
  if (propensity) {
    p <- if (instrument) p_nudge else p_arm
    w <- ave(rep(1, n), z, FUN = length) / n / p
  }
  c(list(treated = treated, propensity = propensity, instrument = instrument, cluster = cluster),
    solve_design(d, z, w, if (cluster) cl else NULL))
}
g <- expand.grid(cluster = c(FALSE, TRUE), instrument = c(FALSE, TRUE),
                 propensity = c(FALSE, TRUE), treated = c(FALSE, TRUE))
cases <- lapply(seq_len(nrow(g)), function(i) one(g$treated[i], g$propensity[i], g$instrument[i], g$cluster[i]))
write_json(list(source = "dense matrices in R", tool = R.version.string, rtol = 1e-9, cases = cases),
           "expected.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
for (cs in cases) cat(cs$treated, cs$propensity, cs$instrument, cs$cluster, unlist(cs[-(1:4)]), "\n")
