# Writes twoway.csv and expected.csv: two ways of clustering by sandwich::vcovCL, without its own
# repair (fix = FALSE). `steady` has a positive definite covariance, `shaky` has not; for the
# latter the eigenvalues are floored here, in the coordinates of the QR of X.
# Run here: Rscript make.R
suppressMessages(library(sandwich))
options(digits = 17)
n <- 160
make <- function(seed) {
  set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  d <- data.frame(shop = sample(1:8, n, TRUE), day = sample(1:7, n, TRUE),
    arm = sample(c("control", "b"), n, TRUE), device = sample(c("desktop", "mobile"), n, TRUE))
  s <- rnorm(8)[d$shop]; t <- rnorm(7)[d$day]
  d$steady <- round(5 + s + t + .5 * (d$arm == "b") + rnorm(n), 3)
  d$shaky <- round(1000 * (2 + .3 * (d$device == "mobile") + rnorm(n)), 0)
  d
}
fit <- function(d, y) lm(reformulate("arm * mobile", y), transform(d,
  arm = relevel(factor(arm), "control"), mobile = as.numeric(device == "mobile")))
# G/(G-1) in each way, (n-1)/(n-p) at the end: what vcovCL calls HC1 with cadjust
V <- function(d, y) vcovCL(fit(d, y), d[c("shop", "day")], type = "HC1", cadjust = TRUE, fix = FALSE)
least <- function(v) { e <- eigen(v, symmetric = TRUE)$values; min(e) / max(e) }
seed <- 1
repeat {
  d <- make(seed)
  if (least(V(d, "steady")) > .01 && least(V(d, "shaky")) < -.05 && V(d, "shaky")[2, 2] > 0) break
  seed <- seed + 1
}
cat("seed", seed, least(V(d, "steady")), least(V(d, "shaky")), "\n")
floored <- function(v, m) {
  R <- qr.R(qr(model.matrix(m))); e <- eigen(R %*% v %*% t(R), symmetric = TRUE)
  B <- e$vectors %*% diag(pmax(e$values, 0)) %*% t(e$vectors)
  solve(R) %*% B %*% t(solve(R))
}
v1 <- V(d, "steady"); v2 <- floored(V(d, "shaky"), fit(d, "shaky"))
write.csv(d, "twoway.csv", row.names = FALSE, quote = FALSE)
write.csv(data.frame(metric = c("steady", "shaky"),
  estimate = c(coef(fit(d, "steady"))[2], coef(fit(d, "shaky"))[2]),
  std_error = sqrt(c(v1[2, 2], v2[2, 2]))), "expected.csv", row.names = FALSE, quote = FALSE)
