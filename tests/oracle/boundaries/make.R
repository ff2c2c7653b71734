# Group-sequential designs by rpact (3.3.4): bounds, spending, futility, power, sample sizes.
# Writes rpact.csv: case, quantity, look (0 where there is none), value.
#
#     Rscript make.R
suppressMessages(library(rpact))
rows <- list()
put <- function(case, quantity, values, look = seq_along(values)) {
  rows[[length(rows) + 1]] <<- data.frame(
    case = case, quantity = quantity, look = look, value = sprintf("%.12g", values))
}

describe <- function(case, design, futility = FALSE) {
  put(case, "upper", design$criticalValues)
  put(case, "spent", design$alphaSpent)
  k <- getDesignCharacteristics(design)
  put(case, "drift", sqrt(k$shift), 0)
  put(case, "inflation", k$inflationFactor, 0)
  put(case, "reject", k$rejectionProbabilities)
  # relative to the fixed design, here in units of the planned information
  put(case, "expected_drift", k$averageSampleNumber1 / k$inflationFactor, 0)
  put(case, "expected_half", k$averageSampleNumber01 / k$inflationFactor, 0)
  put(case, "expected_null", k$averageSampleNumber0 / k$inflationFactor, 0)
  if (futility) {
    put(case, "futility", design$futilityBounds, seq_along(design$futilityBounds))
    put(case, "futile", k$futilityProbabilities, seq_along(k$futilityProbabilities))
  }
}

third <- c(1, 2, 3) / 3
uneven <- c(0.2, 0.35, 0.8, 1)
for (sides in 1:2) {
  level <- 0.025 * sides
  for (looks in list(third, uneven)) {
    tag <- sprintf("%d_%d", sides, length(looks))
    describe(paste0("of_", tag), getDesignGroupSequential(typeOfDesign = "asOF", sided = sides,
      informationRates = looks, alpha = level, beta = 0.2, tolerance = 1e-10))
    describe(paste0("pocock_", tag), getDesignGroupSequential(typeOfDesign = "asP", sided = sides,
      informationRates = looks, alpha = level, beta = 0.2, tolerance = 1e-10))
    describe(paste0("hsd_", tag), getDesignGroupSequential(typeOfDesign = "asHSD", gammaA = -2,
      sided = sides, informationRates = looks, alpha = level, beta = 0.1, tolerance = 1e-10))
    describe(paste0("power_", tag), getDesignGroupSequential(typeOfDesign = "asKD", gammaA = 2,
      sided = sides, informationRates = looks, alpha = level, beta = 0.1, tolerance = 1e-10))
    describe(paste0("wt_", tag), getDesignGroupSequential(typeOfDesign = "WT", deltaWT = 0.25,
      sided = sides, informationRates = looks, alpha = level, beta = 0.2, tolerance = 1e-10))
    describe(paste0("ofc_", tag), getDesignGroupSequential(typeOfDesign = "OF",
      sided = sides, informationRates = looks, alpha = level, beta = 0.2, tolerance = 1e-10))
    describe(paste0("pc_", tag), getDesignGroupSequential(typeOfDesign = "P",
      sided = sides, informationRates = looks, alpha = level, beta = 0.2, tolerance = 1e-10))
  }
}
for (binding in c(FALSE, TRUE)) {
  tag <- if (binding) "bind" else "free"
  describe(paste0("fut_of_", tag), getDesignGroupSequential(typeOfDesign = "asOF",
    typeBetaSpending = "bsOF", informationRates = third, alpha = 0.025, beta = 0.2,
    bindingFutility = binding, tolerance = 1e-10), TRUE)
  describe(paste0("fut_hsd_", tag), getDesignGroupSequential(typeOfDesign = "asHSD", gammaA = -4,
    typeBetaSpending = "bsHSD", gammaB = -2, informationRates = uneven, alpha = 0.025, beta = 0.1,
    bindingFutility = binding, tolerance = 1e-10), TRUE)
  describe(paste0("fut_mix_", tag), getDesignGroupSequential(typeOfDesign = "asP",
    typeBetaSpending = "bsKD", gammaB = 2.5, informationRates = uneven, alpha = 0.05, beta = 0.2,
    bindingFutility = binding, tolerance = 1e-10), TRUE)
  describe(paste0("fut_p_", tag), getDesignGroupSequential(typeOfDesign = "asKD", gammaA = 1.5,
    typeBetaSpending = "bsP", informationRates = third, alpha = 0.01, beta = 0.2,
    bindingFutility = binding, tolerance = 1e-10), TRUE)
}
write.csv(do.call(rbind, rows), "rpact.csv", row.names = FALSE, quote = FALSE)
