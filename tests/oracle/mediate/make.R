# Writes dag.csv and expected.json: paths, totals and misfits of linear systems, with the stacked
# sandwich put together by hand from lm() and the scores of `sandwich` (HC0, CR0), or from its
# definition with n x n matrices (HC2, HC3, CR2). Gradients are symbolic (deriv). The case
# "published" holds the numbers of methods/core.md 8.5. Run here: Rscript make.R
suppressMessages({ library(sandwich); library(jsonlite) })

# ---- data: three arms, four mediators, a factor and a number, weights, shops ----
set.seed(20260202, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 420
d <- data.frame(shop = sample(1:35, n, TRUE), device = sample(c("app", "tv", "web"), n, TRUE),
  score = round(rnorm(n) * 2 + 50, 3))
p <- ifelse(d$device == "app", .5, .3)
u <- runif(n)
d$arm <- ifelse(u < p, "control", ifelse(u < p + (1 - p) / 2, "b", "c"))
d$prop <- ifelse(d$arm == "control", p, (1 - p) / 2)
d$w <- round(.5 + 2 * runif(n), 1)
se <- rnorm(35)[d$shop]
z <- function() rnorm(n) * (1 + .4 * (d$arm == "b")) + .4 * se
tb <- (d$arm == "b") * 1; tc <- (d$arm == "c") * 1
d$m1 <- round(1 + .6 * tb + .3 * tc + .1 * (d$score - 50) + z(), 4)
d$m2 <- round(2 + .2 * tb + .5 * tc + .5 * d$m1 + z(), 4)
d$m3 <- round(-1 + .4 * tb + .3 * (d$device == "tv") + .4 * d$m1 + z(), 4)
d$m4 <- round(.5 * tc + .3 * d$m2 + .6 * d$m3 + z(), 4)
d$y <- round(5 + .3 * tb + .2 * tc + .4 * d$m1 + .3 * d$m4 + .2 * d$m2 + .1 * (d$score - 50) + z(), 4)
write.csv(d, "dag.csv", row.names = FALSE, quote = FALSE)
dag <- d; dag$arm <- relevel(factor(dag$arm), "control")
lcg <- read.csv("lcg_mediation.csv"); lcg$arm <- factor(lcg$t); lcg$c0 <- lcg$cl

# ---- the stacked system ----
power <- function(M, e) { s <- eigen((M + t(M)) / 2, symmetric = TRUE); v <- s$values
  s$vectors %*% diag(ifelse(v < 1e-10, 0, abs(v)^e), length(v)) %*% t(s$vectors) }
influence_of <- function(f, type, cl) {       # (n or G, p): rows of bread times score
  X <- model.matrix(f); w <- if (is.null(weights(f))) rep(1, nrow(X)) else weights(f)
  B <- solve(crossprod(X, w * X)); n <- nrow(X); p <- ncol(X); G <- length(unique(cl))
  S <- estfun(f)
  if (type %in% c("HC2", "HC3")) S <- S / (1 - hatvalues(f))^(if (type == "HC2") .5 else 1)
  if (type == "HC1") S <- S * sqrt(n / (n - p))
  if (substr(type, 1, 2) == "CR") {
    if (type == "CR2") {
      A <- X * sqrt(w); e <- residuals(f) * sqrt(w)
      S <- t(sapply(split(1:n, cl), function(i) { Ai <- A[i, , drop = FALSE]
        crossprod(Ai, power(diag(length(i)) - Ai %*% B %*% t(Ai), -.5) %*% e[i]) }))
    } else S <- rowsum(S, cl)
    S <- S * switch(type, CR1 = sqrt(G / (G - 1)), CR1S = sqrt(G / (G - 1) * (n - 1) / (n - p)), 1)
  }
  S %*% B
}
stack <- function(fits, type, cl) {           # theta and V, names "equation.coefficient"
  th <- c(); J <- NULL
  for (k in names(fits)) { b <- coef(fits[[k]]); names(b) <- paste0(k, ".", names(b)); th <- c(th, b) }
  if (type == "IID") {
    V <- matrix(0, length(th), length(th), dimnames = list(names(th), names(th)))
    for (k in names(fits)) for (l in names(fits)) {
      Xk <- model.matrix(fits[[k]]); Xl <- model.matrix(fits[[l]]); w <- weights(fits[[k]])
      if (is.null(w)) w <- rep(1, nrow(Xk))
      s <- sum(w * residuals(fits[[k]]) * residuals(fits[[l]])) / sqrt(df.residual(fits[[k]]) * df.residual(fits[[l]]))
      V[paste0(k, ".", colnames(Xk)), paste0(l, ".", colnames(Xl))] <-
        s * solve(crossprod(Xk, w * Xk)) %*% crossprod(Xk, w * Xl) %*% solve(crossprod(Xl, w * Xl))
    }
    return(list(th = th, V = V))
  }
  for (k in names(fits)) J <- cbind(J, influence_of(fits[[k]], type, cl))
  V <- crossprod(J); dimnames(V) <- list(names(th), names(th))
  list(th = th, V = V)
}
safe <- function(s) gsub("[^A-Za-z0-9_.]", "_", s)
effect <- function(s, text) {                 # text: an R expression over the safe names
  th <- s$th; names(th) <- safe(names(th))
  use <- all.vars(parse(text = text)); g <- attr(eval(deriv(parse(text = text), use), as.list(th)), "gradient")
  at <- match(use, names(th))
  list(estimate = eval(parse(text = text), as.list(th)), gradient = { v <- numeric(length(th)); v[at] <- g; v })
}
covar <- function(s, a, b) sum(a$gradient * (s$V %*% b$gradient))

# edges: list of c(from, to); nodes in causal order, the last is the outcome
paths_of <- function(edges, outcome, arm = "arm") {
  out <- list(); walk <- function(at, so) { if (at == outcome) out[[length(out) + 1]] <<- so
    for (e in edges) if (e[1] == at) walk(e[2], c(so, e[2])) }
  walk(arm, arm); out
}
cases <- list()
add_case <- function(name, data, file, nodes, edges, type, cov = "1", covariates = "", cluster = NULL,
    weight = NULL, prop = NULL, w = NULL, graph = NULL, full = "") {
  outcome <- nodes[length(nodes)]; data$W_ <- if (is.null(w)) rep(1, nrow(data)) else w
  fits <- list()
  for (j in nodes) { pa <- sapply(Filter(function(e) e[2] == j, edges), `[`, 1)
    fits[[j]] <- lm(as.formula(paste(j, "~", paste(c(cov, pa, if ("arm" %in% pa && full != "") full), collapse = "+"))), data, weights = W_) }
  fits$total <- lm(as.formula(paste(outcome, "~", cov, "+ arm", if (full != "") "+", full)), data, weights = W_)
  if (is.null(w)) for (k in names(fits)) fits[[k]]$weights <- NULL
  cl <- if (is.null(cluster)) NULL else data[[cluster]]
  s <- stack(fits, type, cl); rows <- list()
  for (a in levels(data$arm)[-1]) {
    texts <- c(); ps <- paths_of(edges, outcome)
    for (q in ps) { f <- c(); for (i in 2:length(q)) f <- c(f, safe(paste0(q[i], ".", if (i == 2) paste0("arm", a) else q[i - 1])))
      texts[paste(q, collapse = " -> ")] <- paste(f, collapse = "*") }
    total <- safe(paste0("total.arm", a)); direct <- paste0("arm -> ", outcome)
    ind <- texts[names(texts) != direct]
    put <- function(kind, path, text) { e <- effect(s, text)
      rows[[length(rows) + 1]] <<- list(kind = kind, path = path, arm = a, estimate = e$estimate, std_error = { v <- covar(s, e, e); # an identity: nothing but rounding is left
      if (v < 1e-14 || (kind == "misfit" && abs(e$estimate) < 1e-12)) 0 else sqrt(v) }) }
    put("total", "", total)
    if (direct %in% names(texts)) put("direct", direct, texts[[direct]])
    put("indirect", "", paste(ind, collapse = "+"))
    for (k in names(ind)) put("path", k, ind[[k]])
    complete <- length(edges) == length(nodes) * (length(nodes) + 1) / 2
    if (!complete) put("misfit", "", paste0(total, "-(", paste(texts, collapse = "+"), ")"))
    for (m in nodes[-length(nodes)]) {
      t1 <- texts[sapply(strsplit(names(texts), " -> "), function(v) v[2] == m)]
      t2 <- texts[sapply(strsplit(names(texts), " -> "), function(v) m %in% v)]
      if (length(nodes) > 2 && length(t1)) put("first", m, paste(t1, collapse = "+"))
      if (length(nodes) > 2 && length(t2)) put("through", m, paste(t2, collapse = "+"))
    }
    # Fieller's set of indirect / total
    ei <- effect(s, paste(ind, collapse = "+")); et <- effect(s, total)
    G <- length(unique(cl)); df <- if (is.null(cl)) nrow(data) - max(sapply(fits, function(f) length(coef(f)))) else G - 1
    k <- qt(.975, df)^2; A <- et$estimate^2 - k * covar(s, et, et); Bq <- ei$estimate * et$estimate - k * covar(s, ei, et)
    C <- ei$estimate^2 - k * covar(s, ei, ei); D <- Bq^2 - A * C
    if (A > 0) rows[[length(rows) + 1]] <- list(kind = "proportion", path = "", arm = a, estimate = ei$estimate / et$estimate,
      low = (Bq - sqrt(D)) / A, high = (Bq + sqrt(D)) / A)
  }
  cases[[length(cases) + 1]] <<- list(name = name, data = file, vcov = tolower(type), covariates = covariates,
    cluster = cluster, weight = weight, propensity = prop,
    graph = if (is.null(graph)) paste(sapply(edges, paste, collapse = " -> "), collapse = "; ") else graph,
    outcome = outcome, full = as.integer(full != ""), rows = rows)
}
E <- function(...) lapply(list(...), function(s) strsplit(s, ">")[[1]])
full <- E("arm>S", "arm>V", "S>V", "arm>Y", "S>Y", "V>Y")
for (type in c("IID", "HC0", "HC1", "HC2", "HC3"))
  add_case(paste("serial", type), lcg, "lcg_mediation.csv", c("S", "V", "Y"), full, type, "x", "x")
for (type in c("CR0", "CR1", "CR1S", "CR2"))
  add_case(paste("serial", type), lcg, "lcg_mediation.csv", c("S", "V", "Y"), full, type, "x", "x", cluster = "cl")
add_case("waterfall of the paper's figure", lcg, "lcg_mediation.csv", c("S", "V", "Y"), E("arm>S", "arm>V", "S>V", "V>Y"), "HC0", "x", "x")
add_case("parallel", lcg, "lcg_mediation.csv", c("S", "V", "Y"), E("arm>S", "arm>V", "arm>Y", "S>Y", "V>Y"), "CR0", "x", "x", cluster = "cl")
add_case("one mediator", lcg, "lcg_mediation.csv", c("S", "Y"), E("arm>S", "arm>Y", "S>Y"), "HC2", "1", "")
four <- E("arm>m1", "arm>m2", "m1>m2", "arm>m3", "m1>m3", "arm>m4", "m2>m4", "m3>m4", "arm>y", "m1>y", "m4>y", "m2>y")
nodes4 <- c("m1", "m2", "m3", "m4", "y")
for (type in c("HC0", "HC2"))
  add_case(paste("four mediators", type), dag, "dag.csv", nodes4, four, type, "device + score", "device,score")
add_case("four mediators IID", dag, "dag.csv", nodes4, four, "IID", "device + score", "device,score")
add_case("four mediators CR0", dag, "dag.csv", nodes4, four, "CR0", "device + score", "device,score", cluster = "shop")
add_case("four mediators CR2", dag, "dag.csv", nodes4, four, "CR2", "device", "device", cluster = "shop")
add_case("weights", dag, "dag.csv", nodes4, four, "HC0", "device + score", "device,score", weight = "w", w = dag$w)
share <- as.vector(table(dag$arm)[dag$arm]) / n
add_case("propensities", dag, "dag.csv", nodes4, four, "HC0", "device", "device", prop = "prop", w = share / dag$prop)
add_case("no direct edge, three mediators", dag, "dag.csv", c("m1", "m3", "m4", "y"),
  E("arm>m1", "m1>m3", "arm>m3", "m3>m4", "m4>y", "m1>y"), "HC1", "score", "score")
# every covariate times every arm, at the average of the covariates
lcg$xc <- lcg$x - mean(lcg$x)
dag$sc <- dag$score - mean(dag$score); dag$tv <- (dag$device == "tv") - mean(dag$device == "tv"); dag$web <- (dag$device == "web") - mean(dag$device == "web")
for (type in c("HC0", "HC2")) add_case(paste("interacted", type), lcg, "lcg_mediation.csv", c("S", "V", "Y"), full, type, "xc", "x", full = "xc:arm")
add_case("interacted CR2", lcg, "lcg_mediation.csv", c("S", "V", "Y"), full, "CR2", "xc", "x", cluster = "cl", full = "xc:arm")
add_case("interacted, four mediators", dag, "dag.csv", nodes4, four, "HC2", "tv + web + sc", "device,score", full = "(tv + web + sc):arm")
# every edge of four mediators: sums to the total exactly
all4 <- list(); for (j in seq_along(nodes4)) { all4[[length(all4) + 1]] <- c("arm", nodes4[j])
  for (k in seq_len(j - 1)) all4[[length(all4) + 1]] <- c(nodes4[k], nodes4[j]) }
add_case("complete", dag, "dag.csv", nodes4, all4, "HC0", "device + score", "device,score")

# ---- interactions: the formulas of methods/core.md 8.3, x at its mean ----
mx <- mean(lcg$x)
inter <- function(name, type, fy, terms, interactions, order = 0, one = FALSE) {
  cl <- if (substr(type, 1, 2) == "CR") lcg$cl else NULL; lcg$tt <- lcg$t
  lcg$xc <- lcg$x - mx
  fits <- list(S = lm(S ~ xc + tt, lcg), V = lm(V ~ xc + tt + S, lcg), Y = lm(fy, lcg))
  if (one) fits$V <- NULL
  s <- stack(fits, type, cl); rows <- list()
  for (k in names(terms)) { e <- effect(s, terms[[k]]); d1 <- k == "arm -> Y"
    rows[[length(rows) + 1]] <- list(kind = if (d1) "direct" else "path", path = k, arm = "1",
      estimate = e$estimate, std_error = sqrt(covar(s, e, e))) }
  cases[[length(cases) + 1]] <<- list(name = name, data = "lcg_mediation.csv", vcov = tolower(type), covariates = "x",
    cluster = if (is.null(cl)) NULL else "cl", weight = NULL, propensity = NULL,
    graph = if (one) "arm -> S; arm -> Y; S -> Y" else "arm -> S; arm -> V; S -> V; arm -> Y; S -> Y; V -> Y",
    outcome = "Y", interactions = interactions, order = order, rows = rows)
}
s0 <- "S._Intercept_"; s1 <- "(S._Intercept_+S.tt)"; v00 <- "(V._Intercept_+V.S*S._Intercept_)"
full3 <- list(
  "arm -> Y" = paste0("Y.tt+Y.tt_S*", s0, "+Y.tt_V*", v00),
  "arm -> S -> Y" = paste0("S.tt*(Y.S+Y.tt_S+Y.S_V*", v00, ")"),
  "arm -> V -> Y" = paste0("V.tt*(Y.V+Y.tt_V+Y.S_V*", s1, ")"),
  "arm -> S -> V -> Y" = paste0("V.S*S.tt*(Y.V+Y.tt_V+Y.S_V*", s1, ")"))
inter("all interactions HC0", "HC0", Y ~ xc + tt + S + V + tt:S + tt:V + S:V, full3, c("arm:S -> Y", "arm:V", "S:V"))
inter("all interactions CR0", "CR0", Y ~ xc + tt + S + V + tt:S + tt:V + S:V, full3, c("arm:S -> Y", "V:arm", "V:S"))
inter("one mediator, direct first", "HC0", Y ~ xc + tt + S + tt:S,
  list("arm -> Y" = paste0("Y.tt+Y.tt_S*", s0), "arm -> S -> Y" = "S.tt*(Y.S+Y.tt_S)"), "arm:S", 0, TRUE)
inter("one mediator, direct last", "HC0", Y ~ xc + tt + S + tt:S,
  list("arm -> Y" = paste0("Y.tt+Y.tt_S*", s1), "arm -> S -> Y" = "S.tt*Y.S"), "arm:S", 1, TRUE)

# ---- published: methods/core.md 8.5 ----
pub <- function(type, cluster, se) list(name = paste("published", type), data = "lcg_mediation.csv", vcov = tolower(type), covariates = "x",
  cluster = cluster, weight = NULL, propensity = NULL, graph = "arm -> {S V Y}; S -> {V Y}; V -> Y", outcome = "Y",
  rows = mapply(function(k, p, e, s) list(kind = k, path = p, arm = "1", estimate = e, std_error = s),
    c("direct", "path", "path", "path", "indirect", "total"),
    c("arm -> Y", "arm -> S -> Y", "arm -> V -> Y", "arm -> S -> V -> Y", "", ""),
    c(0.2200516887237, 0.3286202790918, 0.1913808129022, 0.1796775604160, 0.6996786524099, 0.9197303411337), se,
    SIMPLIFY = FALSE, USE.NAMES = FALSE))
cases[[length(cases) + 1]] <- pub("HC0", NULL, c(0.08282811363643, 0.05752371651966, 0.04150466886943, 0.03477966166275, 0.07831422360212, 0.10204368473472))
cases[[length(cases) + 1]] <- pub("CR0", "cl", c(0.09214272854742, 0.05889861502194, 0.03929547139805, 0.03231252516443, 0.07043451136327, 0.11262353342749))
write_json(list(source = "lm, sandwich, base R; methods/core.md 8.3, 8.5", tool = R.version.string, rtol = 1e-9, cases = cases),
  "expected.json", auto_unbox = TRUE, digits = 17, null = "null", pretty = FALSE)
cat(length(cases), "cases\n")
