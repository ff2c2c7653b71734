/* `upshot guide`: short, exact pages. */
#include "catalog/paragraph.h"
#include "catalog/verbs.h"

#include <string.h>

typedef struct topic {
    const char *name, *summary, *text;
} topic;

static const topic topics[] = {
    {"overview", "from rows to a decision, and back: every verb in its place",
        "describe -> check -> effect -> rank -> policy -> decide -> value: "
        "each step takes the same rows (CSV, Parquet, JSON lines, a table of a "
        ".duckdb file), or a capsule, and the same roles, and ends with the "
        "next command.\n\n"
        "1. upshot describe shop.parquet : what the columns are.\n\n"
        "2. upshot check shop.parquet --itt arm --metric sales : can the data "
        "be trusted.\n\n"
        "3. upshot effect shop.parquet --itt arm --metric sales --covariates "
        "device --by device : what changed, for whom, by how much.\n\n"
        "4. upshot rank shop.parquet --itt arm --metric sales --covariates "
        "device --by device : which arm is best, and what a wrong choice "
        "costs.\n\n"
        "5. upshot policy shop.parquet --itt arm --metric sales --covariates "
        "device --floor 0.05 --save policy.json : who should get which arm, "
        "with what probability.\n\n"
        "6. upshot decide policy.json < contexts.jsonl > decisions.jsonl : "
        "play it, one line per unit.\n\n"
        "7. upshot value log.parquet --policy policy.json --itt arm "
        "--propensity propensity --metric sales --covariates device : what it "
        "earns, on rows that it was not learned from.\n\n"
        "Before the data: power, assign (topic plan). While they come in: "
        "boundaries, monitor (peeking). Why: mediate (why), graph and discover "
        "(graph). Elsewhere, or later: project. From the log of a policy that "
        "learns: adaptive (loop). Once, for many questions: fit --save "
        "(capsules).\n\n"
        "'upshot help VERB' has the options, 'upshot schema VERB' the JSON, "
        "'upshot explain CODE' any code. --json is for programs. A refusal "
        "says what is wrong and what to run instead; the exit status is 4."},
    {"designs", "how units were randomised, and which options say so",
        "A design is a set of roles; any mix of them is one model.\n\n"
        "A/B test: --itt ARM. Each row is a unit, each unit has an arm. "
        "Several arms are compared with one, --control.\n\n"
        "Cluster: --cluster COLUMN, where groups of units got their arm "
        "together (households, stores, switchback periods), or where a unit "
        "has several rows. Add --assigned-by-cluster if the whole cluster got "
        "one arm, so that a mistake in the data is noticed.\n\n"
        "Stratified: --strata COLUMN, where units were assigned within "
        "strata.\n\n"
        "Encouragement: --treated COLUMN, where units may not receive the arm "
        "they were assigned to. The assigned arm then serves as the instrument "
        "for the arm received.\n\n"
        "Unequal probabilities: --propensity COLUMN, where the probability of "
        "an arm differed between units, by a rule that outcomes did not "
        "change. The column holds the probability of what the unit was "
        "assigned to: the instrument if given, else the arm. If the rule "
        "learned from outcomes (a bandit), use upshot adaptive: topic loop.\n\n"
        "Panel: --time COLUMN with --cluster UNIT, one row per unit and period."},
    {"estimands", "whose effect is estimated",
        "ate: the average effect on everyone. With full compliance (no "
        "--treated, or everyone received what was assigned) this is what a "
        "comparison of arms gives, and the default.\n\n"
        "itt: the effect of being assigned to the arm, on everyone, whether or "
        "not they took it. Needs no assumption beyond random assignment.\n\n"
        "late: the effect of receiving the arm on compliers, who take what "
        "they are assigned to; the default with noncompliance. Assumes that "
        "assignment acts only through the arm received, and that nobody does "
        "the opposite of what they are assigned to.\n\n"
        "att: the effect on those who received the arm. Under one-sided "
        "noncompliance (nobody in control gets the arm) it equals late.\n\n"
        "ate with noncompliance: effects of compliers carried over to units "
        "with the same covariates. Assumes that compliers and others with "
        "equal covariates respond alike, which the data cannot test; a note "
        "says so."},
    {"metrics", "what is measured",
        "--metric sales is the mean of a column. --metric 'big = sales > 100' "
        "is a proportion. --metric 'usd = if(country = ''US'', sales, sales * "
        "1.1)' is the mean of an expression. --metric 'ctr = ratio(clicks, "
        "views)' is the sum of one over the sum of the other, with the "
        "interval that belongs to it. --metric may be repeated; all metrics "
        "are fitted in one pass.\n\n"
        "--covariates device,spend_before are columns from before the "
        "experiment. They do not bias the effect and make its interval "
        "narrower. Text and factor(column) are categorical; numbers enter "
        "linearly. Every covariate is interacted with every arm, which is what "
        "makes effects in segments possible.\n\n"
        "Columns that treatment can change belong to --post; then they are "
        "refused where they would do harm."},
    {"conditions", "the expression language",
        "Columns: sales, or \"odd name\" in double quotes. Text: 'mobile', a "
        "quote doubled inside. Numbers: 1, 2.5, 1e-3. Also true, false, "
        "null.\n\n"
        "Arithmetic + - * / %; comparison = != < <= > >=; in (...), not in "
        "(...), between a and b, is null, is not null; and, or, not (also && "
        "|| !).\n\n"
        "Functions: if(c, a, b), coalesce, least, greatest, abs, ln, exp, "
        "floor, year, month, day, week, weekday, hour, date('2026-01-31').\n\n"
        "Null is neither true nor false. x/0 and ln of a number that is not "
        "positive are null. Conditions of --where must be on covariates or "
        "time: they choose units by what was known before."},
    {"uncertainty", "standard errors, intervals and p-values",
        "Independent rows: HC2 standard errors, robust to unequal variances. "
        "Clusters: CR2 with Satterthwaite degrees of freedom, and CR1S once "
        "every arm has 2,000 clusters. Two ways of clustering: CR1S.\n\n"
        "The 95% interval is the set of effects that a test at 5% would not "
        "reject; the p-value comes from the same test. Neither is the "
        "probability that the effect is real: for that, state what was known "
        "before (topic rank).\n\n"
        "Relative effects are the effect over the mean of the arm compared "
        "with. Their interval is by Fieller's theorem, which allows for the "
        "error of that mean.\n\n"
        "Unless asked otherwise, intervals hold for one look at a size fixed "
        "in advance, and each on its own: the more are shown, the more will "
        "miss. For several looks see topic peeking, for many comparisons topic "
        "comparisons."},
    {"reading-results", "how to read the table and the JSON",
        "Each row is one effect: metric, arm against arm, segment, period. "
        "estimate is in the metric's own unit; conf_low and conf_high bound "
        "its interval; relative is a fraction of baseline, so 0.018 is "
        "+1.8%.\n\n"
        "An interval that excludes zero speaks against no effect. An interval "
        "that includes zero does not speak for it: see how large an effect it "
        "still allows.\n\n"
        "When a check says that the number would mislead (E_SRM, E_PROPENSITY, "
        "E_WEAK_INSTRUMENT), none is given. --accept CODE overrides one "
        "refusal; the note N_OVERRIDE then says so in every answer.\n\n"
        "warnings belong to the answer. W_ codes say that something may be "
        "wrong with the data or the design; N_ codes say what the number "
        "means. upshot explain CODE tells more.\n\n"
        "--json is compact: 5 digits, at most --limit rows, rows_total tells "
        "how many there are. --json --full has all rows and every digit; the "
        "same question gives the same bytes. --csv has one line per row."},
    {"capsules", "analyse once, ask later",
        "upshot fit SOURCE ... --save FILE keeps what the rows were compressed "
        "to: counts, means and cross products by group, and the design. It is "
        "a Parquet file, usually thousands of times smaller than the rows. It "
        "holds no identifiers of units, but it does hold the levels and counts "
        "of its keys, and the labels of --cluster: whole numbers as they are, "
        "text as a hash. Where the cluster is the unit, these are "
        "identifiers.\n\n"
        "Wherever rows are accepted a capsule is: upshot effect FILE --where "
        "\"device = 'mobile'\". Roles, metrics and covariates come from it and "
        "cannot be given again. --vcov, --interactions and --no-covariates are "
        "as they were when it was saved, unless given. The answer is the same, "
        "to the last digit.\n\n"
        "A capsule answers for the covariates, segments and periods it was "
        "made with. A condition on a continuous column must be named when it "
        "is made: --segment 'spend_before > 80'. For mediate it must be made "
        "with the same --graph. What needs the rows is refused with "
        "E_NEEDS_ROWS."},
    {"plan", "before the data: how many units, and who gets which arm",
        "upshot power answers one of three questions. How many units: give "
        "--effect. The smallest effect that can be found: give --units. The "
        "power: give both. An effect is in the unit of the metric, or with %: "
        "--effect 2%.\n\n"
        "Best from past data: upshot power FILE --metric sales --covariates "
        "spend_before --effect 2%. Rows without arms are split at random and "
        "fitted as the experiment will be, so that covariates, clusters "
        "(--cluster) and the shape of the metric count for what they are "
        "worth. With --itt the file is an experiment, and its arms, shares and "
        "compliance are taken over. From numbers: --baseline 45 --sd 30.\n\n"
        "--inference group plans looks, anytime a confidence sequence; both "
        "need more units at most and fewer on average. --test non-inferiority "
        "and equivalence need --margin. --curve 8 shows other sizes, --per-day "
        "gives days, --simulate 500 draws whole experiments from the file as a "
        "check.\n\n"
        "upshot assign FILE --unit ID --to assigned.csv --seed 7 deals the "
        "arms. The same seed and identifiers give the same arms again. Strata "
        "and clusters: --strata, --cluster. A service without a table: "
        "--method hash --salt NAME. Keep both columns of the answer, and "
        "analyse with --itt arm --propensity propensity."},
    {"peeking", "looking more than once, and stopping early",
        "An interval and a p-value for a fixed size hold for one look at that "
        "size. Looked at day by day until p is small, they are wrong several "
        "times as often as they say.\n\n"
        "fixed with --planned N is refused (E_PEEK) while fewer than N rows, or "
        "clusters, have arrived; rank and mediate take --planned too.\n\n"
        "--inference anytime --planned N: intervals and p-values that hold at "
        "every look, whenever it is taken and whatever it is stopped for; "
        "p_value is 1/e_value, at most 1. N is the size that was planned, in "
        "rows, or clusters where there are clusters, and stays the same at all "
        "looks; it is not the size so far. The price is an interval about one "
        "and a half times as wide at N.\n\n"
        "--inference group --information 0.25,0.5: those of a group-sequential "
        "plan, at looks whose share of the planned information is stated, up "
        "to this one; hardly wider at the end, and valid at those looks only. "
        "--sides greater or less looks at one side.\n\n"
        "upshot monitor SOURCE --looks-by week --planned N ... gives the path: "
        "every look with what its intervals share with those before, and "
        "decisions that stay. A capsule per look does as well: upshot monitor "
        "day1.parquet day2.parquet --increments --planned N.\n\n"
        "upshot boundaries --looks 5 prints a plan before the data are in: "
        "what a statistic has to pass at each look, the chances of stopping, "
        "and what looking costs. No data are read."},
    {"comparisons", "margins, many comparisons and weak instruments",
        "Guardrails: --margin writes what is to be shown. 'latency <= 2%' and "
        "'sales >= -0.5' (not worse by more), 'sales within 3%' (equivalent), "
        "'sales >= 2%' (better by more); % is of the baseline. Fields: margin, "
        "margin_p_value, margin_low, margin_high; decision is non_inferior, "
        "equivalent, superior or none.\n\n"
        "Several metrics, arms or segments: --adjust holm (no false decision, "
        "any dependence) is the safe choice; max-t is sharper and its "
        "intervals hold all at once; bh keeps false decisions few among those "
        "made; e-bh does so at any look. Read adjusted_p_value, adjusted_low, "
        "adjusted_high and decision: they agree. They compose with --inference "
        "(topic peeking), but for max-t, which is for one look.\n\n"
        "--family 'primary: sales, orders' or --family metric says what "
        "belongs together; 'unadjusted: latency' leaves one out, as for "
        "guardrails that must all hold.\n\n"
        "A weak instrument: --interval ar gives a set that is right for any "
        "strength; conf_set says whether it is an interval, its complement or "
        "unbounded."},
    {"rank", "which arm is best, and what was known before",
        "upshot rank SOURCE ... gives for each arm the probability that it is "
        "best, that it beats control, and what choosing it is expected to cost "
        "(expected_loss, in the unit of the metric). Choose the arm with the "
        "least expected loss; stop when that is too small to matter. "
        "--minimize METRIC where less is better. --by, --where and --over rank "
        "within segments and periods.\n\n"
        "--prior 'effect ~ normal(0, 5%)' says that effects are a few percent "
        "either way: mean 0, standard deviation 5% of the baseline. 'effect(b) "
        "~ normal(0.5, 0.2)' is about one arm, in the unit of the metric; "
        "'arm=b ~ normal(0, 0.1) for sales' about a coefficient of one metric. "
        "With --posterior nig scales are in residual standard deviations: "
        "'normal(0, 0.1 sd)'. What no belief names is flat.\n\n"
        "With a prior, intervals of 'upshot effect' are credible intervals and "
        "p_value is null. Tests, adjustment and sequential intervals are "
        "refused (E_POSTERIOR).\n\n"
        "Without a prior the best-looking arm is too good on average: "
        "N_WINNERS_CURSE says by how much. --shrink arms draws arms towards "
        "their mean, --shrink segments the segments of each arm; how far is "
        "learnt from the data.\n\n"
        "rows[].method is closed, quadrature or simulation, rows[].error the "
        "error of prob_best. Simulation is used for five arms or more that "
        "depend on one another; --draws and --seed are its options."},
    {"loop", "policies: decide, log, learn from the log, decide again",
        "1. upshot policy SOURCE --itt arm --metric sales --covariates device "
        "--floor 0.05 --save policy.json: the probability of every arm in "
        "every context. A floor above 0 keeps every arm in the log, so that "
        "its effect can be learned.\n\n"
        "2. upshot decide policy.json < contexts.jsonl > decisions.jsonl: one "
        "JSON object per line, {\"unit\": ..., inputs ...}, gives arm and "
        "propensity, at once. The same unit gives the same decision. Exit 4 "
        "when a line failed: it has \"ok\": false.\n\n"
        "3. Log unit, inputs, arm, propensity (every digit), the batch, and "
        "later the outcome.\n\n"
        "4. upshot adaptive LOG --itt arm --propensity propensity --time batch "
        "--metric sales --covariates device: effects that stay valid though "
        "propensities followed outcomes. upshot effect is biased there and "
        "says W_ADAPTIVE. --anytime --planned N when you look after every "
        "batch.\n\n"
        "5. upshot value LOG --policy other.json --itt arm --propensity "
        "propensity --metric sales --covariates device: what another policy "
        "would have earned. Read method dr, gain_over_control. Never value a "
        "policy on the rows it was learned from (W_SAME_DATA).\n\n"
        "6. upshot policy LOG ... --save next.json, and again."},
    {"why", "by which paths an effect comes about",
        "mediate splits an effect over the paths of a graph: upshot mediate "
        "FILE --itt arm --covariates device --graph 'arm -> {searches views "
        "sales}; searches -> {views sales}; views -> sales'. Nodes become "
        "metrics by themselves; the end of the arrows is the outcome, or "
        "--outcome names it.\n\n"
        "Draw every arrow that may be there, earlier nodes to later ones, and "
        "the arm to all. An arrow that is left out is set to zero; "
        "W_MISSING_EDGE says that the data disagree, W_MISFIT that the paths "
        "do not add up to the total effect. Serial and parallel mechanisms "
        "differ by one arrow, searches -> views.\n\n"
        "The rows: total (its own regression), direct, indirect, each path, "
        "the share mediated. --detail adds sums by mediator and every "
        "coefficient. Compare --interval montecarlo where a path is small.\n\n"
        "Only the arm was randomised. Give covariates that are causes of both "
        "a mediator and the outcome, and read --sensitivity: rho_zero is the "
        "correlation of errors that would make the path zero. Mediators never "
        "belong to --covariates.\n\n"
        "Under noncompliance give --estimand itt; W_RECEIVED then says that "
        "the paths, but not the total, are biased. For a capsule, fit with the "
        "same --graph."},
    {"graph", "causal graphs: what to adjust for, what to test, where one comes from",
        "Write arrows from cause to effect: 'arm -> searches; arm -> views; "
        "searches -> views -> sales'. <-> is an unmeasured common cause, "
        "'latent u' a node that is not measured, {a b} -> c two arrows. DOT "
        "(digraph) and dagitty (dag) are read too, and files of them.\n\n"
        "upshot graph GRAPH --treatment arm --outcome sales: is the effect "
        "identified, by which adjustment sets, instruments or front doors; "
        "which columns must not be adjusted for, with the path that says why. "
        "--adjust-for a,b asks about one set. --independent 'a, b | c' goes "
        "through every path. Not identified is refused (E_NOT_IDENTIFIED) with "
        "the path that stays open.\n\n"
        "upshot graph GRAPH SOURCE --itt arm --metric sales --covariates "
        "spend_before: each node must be the arm, a metric or a covariate; "
        "each independence that the graph implies is tested. W_IMPLICATION: "
        "the data speak against one. No rejection is no proof of the graph.\n\n"
        "upshot discover SOURCE ... --tiers 'searches, views < sales' proposes "
        "a graph. It is a hypothesis: give it back to 'upshot graph' once "
        "every -- has been decided. frequency is how often an edge comes back "
        "in resamples of the rows, not how probable it is."},
    {"project", "effects in another population, or later",
        "Another population: --to device=mobile:0.7,desktop:0.3 gives shares "
        "of a categorical covariate (repeat it for several), --means "
        "spend_before=55 means of numbers, --target FILE its rows or a "
        "capsule. Only covariates of the model can be named; the model must be "
        "interacted, which is the default.\n\n"
        "Shares add up to 1. If they were found from N units, --target-size N "
        "puts that into the intervals; rows of a target file are counted by "
        "themselves.\n\n"
        "Read target.weights (what was reached), target.effective_rows (what "
        "it cost) and rows[].experiment (the same effect where the experiment "
        "was). E_SUPPORT names what the experiment does not have and the "
        "nearest valid request.\n\n"
        "Later: --time COLUMN --forward N --rule constant, linear, decay or "
        "level. The rule is an assumption that you choose; its fit to the "
        "observed periods is tested (forward.fits[].lack_of_fit_p_value), the "
        "future cannot be. --cumulative sums over the horizon. Beyond half of "
        "the observed periods it takes --accept E_HORIZON.\n\n"
        "It rests on transport: given the covariates, effects are the same "
        "there. Say so where the number is shown."},
};

enum { N_TOPICS = sizeof topics / sizeof topics[0] };

static up_status
refuse(const char *name, up_error *err)
{
    const char *names[N_TOPICS];
    for (int i = 0; i < N_TOPICS; i++) {
        names[i] = topics[i].name;
    }
    (void)upi_fail(err, UP_E_USAGE, "topic", "there is no topic '%s'", name);
    const char *near = upi_text_nearest(name, names, N_TOPICS);
    if (near != NULL) {
        return upi_fix(err, "did you mean 'upshot guide %s'?", near);
    }
    return upi_fix(err, "'upshot guide' lists the topics");
}

up_status
up_catalog_guide(const char *name, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    const topic *page = NULL;
    for (int i = 0; name != NULL && i < N_TOPICS; i++) {
        if (strcmp(topics[i].name, name) == 0) {
            page = &topics[i];
        }
    }
    if (name == NULL) {
        for (int i = 0; i < N_TOPICS; i++) {
            upi_text_addf(&t, "  %s", topics[i].name);
            upi_spaces(&t, 17 - (int)strlen(topics[i].name));
            upi_paragraph(&t, topics[i].summary, 19, 19, 80);
        }
    } else if (page == NULL) {
        status = refuse(name, err);
        goto out;
    } else {
        upi_text_addf(&t, "%s: %s\n\n", page->name, page->summary);
        upi_paragraph(&t, page->text, 0, 0, 80);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}
