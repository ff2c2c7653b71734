# How many digits R itself reaches on the NIST sets (lm with a tolerance that drops no column; aov
# for the analyses of variance), as log relative errors. The last digits depend on the order of the rows
# by chance: r_file is for the order of the file, r_median and r_worst are over 51 orders. Reads certified.json, writes expected.json.
# Run here: Rscript make.R
library(jsonlite)
all <- fromJSON("certified.json", simplifyVector = TRUE)
lre <- function(got, want) min(15, ifelse(want == 0, -log10(pmax(abs(got), 1e-15)),
  ifelse(got == want, 15, -log10(abs(got - want) / abs(want)))))
orders <- function(n) { set.seed(1); c(list(seq_len(n)), lapply(1:50, function(i) sample(n))) }
for (s in names(all$regression)) {
  d <- read.csv(paste0(s, ".csv")); w <- all$regression[[s]]
  if (s != "longley") { # the powers by repeated multiplication, as in the test
    k <- length(w$coef) - !startsWith(s, "noint"); x <- as.numeric(d$x); d$x <- NULL; v <- x
    for (j in seq_len(k)) { d[[paste0("x", j)]] <- v; v <- v * x }
  }
  digits <- sapply(orders(nrow(d)), function(o) {
    fit <- lm(if (startsWith(s, "noint")) y ~ . - 1 else y ~ ., d[o, ], tol = 1e-16)
    r <- suppressWarnings(summary(fit)); stopifnot(!anyNA(coef(fit)))
    c(coef = lre(unname(coef(fit)), w$coef), std_error = lre(unname(r$coef[, 2]), w$std_error), sigma = lre(r$sigma, w$sigma)) })
  all$regression[[s]]$r_file <- as.list(digits[, 1])
  all$regression[[s]]$r_median <- as.list(apply(digits, 1, median))
  all$regression[[s]]$r_worst <- as.list(apply(digits, 1, min))
}
for (s in names(all$anova)) {
  w <- all$anova[[s]]
  if (startsWith(s, "smls")) {
    t0 <- c(4, 3, 5, 3, 5, 3, 5, 3, 5); i <- seq_len(w$replicates) - 1
    d <- data.frame(arm = rep(1:9, each = w$replicates), y = as.numeric(unlist(lapply(t0, function(t) paste0(w$base, ".", t + ifelse(i == 0, 0, ifelse(i %% 2 == 1, -1, 1)))))))
  } else d <- read.csv(paste0(s, ".csv"))
  digits <- sapply(orders(nrow(d)), function(o) lre(summary(aov(y ~ factor(arm), d[o, ]))[[1]][1, 4], w$f))
  all$anova[[s]]$r_file <- digits[1]
  all$anova[[s]]$r_median <- median(digits)
  all$anova[[s]]$r_worst <- min(digits)
}
all$tool <- paste("values: exact arithmetic (make.py) and the certified F of the NIST files; digits: R", getRversion())
write(toJSON(all, auto_unbox = TRUE, digits = I(17), pretty = TRUE), "expected.json")
