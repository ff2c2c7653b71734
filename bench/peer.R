# The same effects in R: lm and sandwich's HC2 on a file that DuckDB wrote. usage: Rscript peer.R FILE
suppressMessages(library(sandwich))
path <- commandArgs(TRUE)[1]
here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
csv <- tempfile(fileext = ".csv")
system2(file.path(here, "..", "build", "bench", "duck"), c("csv", path, csv), stdout = FALSE)
d <- read.csv(csv, colClasses = c("character", rep("integer", 3), rep("numeric", 5)))
f <- scale(model.matrix(~ factor(k1) + factor(k2) + factor(k3), d)[, -1], scale = FALSE)
arm <- as.numeric(d$arm == "b")
for (y in paste0("y", 1:5)) {
  fit <- lm(d[[y]] ~ arm * f)
  cat(y, coef(fit)["arm"], sqrt(vcovHC(fit, "HC2")["arm", "arm"]), "\n")
}
