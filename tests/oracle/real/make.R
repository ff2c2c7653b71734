# Real experiments: what estimatr and clubSandwich say of the public data sets. The data stay
# where they are (shared/data); only these numbers are kept. Run with:
#   Rscript make.R ../../../../shared/data
suppressMessages({library(estimatr); library(clubSandwich); library(jsonlite)})
dir <- commandArgs(TRUE)[1]
out <- list(tool = paste(R.version.string, "estimatr", packageVersion("estimatr"), "clubSandwich", packageVersion("clubSandwich")))
row <- function(fit, term) {
  k <- which(fit$term == term)
  list(estimate = unname(fit$coefficients[k]), std_error = unname(fit$std.error[k]), df = unname(fit$df[k]), n = fit$nobs)
}
nsw <- read.csv(file.path(dir, "nsw_mixtape.csv"))
out$nsw_means <- row(lm_robust(re78 ~ treat, nsw, se_type = "HC2"), "treat")
out$nsw_lin <- row(lm_lin(re78 ~ treat, ~ age + educ + black + hisp + marr + nodegree + re74 + re75, nsw, se_type = "HC2"), "treat")
th <- na.omit(read.csv(file.path(dir, "thornton_hiv.csv"))[, c("villnum", "got", "any", "age", "distvct", "hiv2004")])
out$thornton_means <- row(lm_robust(got ~ any, th, clusters = villnum, se_type = "CR2"), "any")
out$thornton_lin <- row(lm_lin(got ~ any, ~ age + distvct, th, clusters = villnum, se_type = "CR2"), "any")
out$thornton_iv <- row(iv_robust(hiv2004 ~ got + age + distvct | any + age + distvct, th, clusters = villnum, se_type = "CR2"), "got")
cai <- na.omit(read.csv(file.path(dir, "social_insure.csv"))[, c("address", "takeup_survey", "intensive", "male", "age", "agpop", "ricearea_2010", "literacy")])
out$cai_means <- row(lm_robust(takeup_survey ~ intensive, cai, clusters = address, se_type = "CR2"), "intensive")
out$cai_lin <- row(lm_lin(takeup_survey ~ intensive, ~ male + age + agpop + ricearea_2010 + literacy, cai, clusters = address, se_type = "CR2"), "intensive")
write_json(out, "expected.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
