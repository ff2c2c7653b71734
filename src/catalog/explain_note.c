/* Pages of the notes and warnings. */
#include "catalog/explain.h"

#include <stddef.h>

const upi_page upi_note_pages[] = {
    {"N_ROWS_DROPPED",
        "Rows with missing values were left out, as --missing drop asked.",
        "The answer speaks of the rows that are left. If rows are missing for a "
        "reason that treatment changes, it is biased.",
        "", "Compare the counts by arm; see W_MISSING_BY_ARM."},
    {"N_MISSING_INDICATOR",
        "Missing covariate values were given a level of their own, as --missing "
        "indicator asked.",
        "In an experiment this keeps all rows and no bias arises, because the "
        "covariate was measured before treatment.",
        "", "Nothing, unless the covariate was measured after treatment."},
    {"N_COLUMN_DROPPED",
        "A column of the model was left out because it repeats the others.",
        "The fit is the same; the column's own coefficient does not exist.",
        "Relative length below 1e-10 after the columns before it.",
        "Nothing, or leave one of the covariates out."},
    {"N_SUPERPOPULATION",
        "The variance includes that of the averages of the covariates.",
        "The units are taken as a sample from a population to which the decision will "
        "apply. For an effect on just these units the interval would be a little "
        "narrower.",
        "", "Use --population sample if you mean these units."},
    {"N_VCOV_SWITCH", "With this many clusters the cheaper covariance is used.",
        "CR2 and CR1S agree closely when clusters are many.",
        "2,000 clusters in every arm.", "Give --vcov cr2 to insist."},
    {"N_ESTIMAND_LATE",
        "The estimate is the effect on compliers: units that take the arm they are "
        "assigned to.",
        "It is not the effect on everyone. If everyone is to get the change, the "
        "effect may differ.",
        "", "Read --estimand itt for what offering the change does to everyone."},
    {"N_ESTIMAND_ATE",
        "The effect on everyone rests on a further assumption: that among units with "
        "equal covariates, compliers and others would respond alike.",
        "The data cannot test it.", "",
        "Show it beside itt and late, and name the assumption."},
    {"N_NO_COVARIATES", "No covariates are in the model.",
        "Covariates from before the experiment, above all the metric's own earlier "
        "value, often halve the width of the interval at no cost in bias.",
        "", "Add --covariates with columns measured before assignment."},
    {"N_FIXED_HORIZON",
        "The interval holds for one look at a sample size that was fixed in advance.",
        "Looking daily and stopping when it excludes zero finds effects that are not "
        "there far more often than the level says.",
        "",
        "Decide the size first and look once, or use --inference anytime or group, "
        "whose "
        "intervals allow for looking."},
    {"N_LAYOUT", "How the rows were compressed, and why.",
        "All layouts give the same answer; they differ in cost and in what a capsule "
        "can answer later.",
        "", "Nothing; --layout chooses another."},
    {"N_PROPENSITY_WEIGHTS", "Rows are weighted by the inverse of their propensity.",
        "Segments that got an arm more often would otherwise stand for it.", "",
        "Nothing, if the propensities are those the assignment used."},
    {"N_MANY_COMPARISONS", "Many intervals are shown; each holds on its own.",
        "Of twenty intervals of 95%, one misses on average. The most striking row is "
        "the one most likely to be luck.",
        "More than one segment, or more than 20 intervals. The chance of at least one "
        "false finding is 1 - level^n for n independent ones, and less where they go "
        "together.",
        "Choose the row that matters before looking, or answer them together: --adjust "
        "max-t (holm with a margin or at many looks; bh for a share of false "
        "findings), "
        "with --family for what belongs together. It is not done unasked: what belongs "
        "together is known to who asks, and one call does not show how many were "
        "made."},
    {"N_ANYTIME", "The intervals hold at every look, whenever it is taken.",
        "They are confidence sequences: all of them together, over all looks, miss "
        "with "
        "at most the chance that the level leaves, so that one may look daily and stop "
        "when an interval leaves zero out. They are wider than intervals for one look "
        "fixed in advance.",
        "",
        "Keep --planned (or --mixture) the same at every look. It sets where the "
        "intervals "
        "are shortest, and must not be chosen by what was seen."},
    {"N_GROUP_SEQUENTIAL", "The intervals hold at the looks that were stated.",
        "They are repeated intervals: those of all looks of the plan hold together. "
        "The "
        "p-value is the smallest level at which this look would have stopped the plan.",
        "",
        "State every look that was taken in --information, also those that changed "
        "nothing, and do not time looks by the effects seen."},
    {"N_ADJUSTED", "The comparisons of a family are adjusted for one another.",
        "The adjusted p-value, the adjusted interval and the decision come from one "
        "procedure. What it promises is written in the note: all intervals at once, no "
        "false decision, or few among those made.",
        "", "Declare the family before looking; --family says what belongs together."},
    {"N_ANDERSON_RUBIN", "The interval is right for any strength of the instrument.",
        "It holds the effects that the assignment does not contradict. Where the "
        "assignment hardly moves the treatment the set is long, unbounded or in two "
        "pieces, which is the honest answer.",
        "", "Nothing; the estimate itself is still that of two-stage least squares."},
    {"N_OVERRIDE", "A refusal was overridden on request, by --accept CODE.",
        "The number is given though a check speaks against it; the note holds what the "
        "check found.",
        "", "Say so wherever the number is shown."},
    {"N_APPROXIMATE", "The value rests on an approximation, which the note names.",
        "It is good enough for most uses, but not exact.", "", "Read the note."},
    {"N_CONTROL_CHOSEN", "The control arm was chosen by the order of the labels.",
        "No label is one of the usual names of a control, and none was named. With the "
        "wrong arm as the control every effect has the opposite sign.",
        "The usual names are control, 0, false and A, in small or capital letters.",
        "Name it: --control LABEL."},
    {"N_NOT_RANDOMISED", "Only the arm was randomised; the mediators were not.",
        "The total effect rests on the experiment. How it splits over paths rests on "
        "the "
        "graph, and on there being no unmeasured common cause of mediators and "
        "outcome.",
        "", "Give covariates that cause both; read --sensitivity."},
    {"N_ZERO_EDGES", "Edges that the graph does not have are set to zero.",
        "If such an edge is there in truth, its effect is counted in other paths or in "
        "none.",
        "", "Read the misfit; draw the edge to test it."},
    {"N_LINEAR_PROBABILITY", "A mediator or outcome is a condition (true or false).",
        "Its equation is linear in the probability. Products of coefficients are then "
        "average differences, which is exact for one cause and an approximation for "
        "more.",
        "", "Nothing; be careful where probabilities are near 0 or 1."},
    {"N_DECOMPOSITION",
        "With interactions the split depends on the order in which paths are switched "
        "on.",
        "The parts add up to the same sum in any order, but what two paths do together "
        "is "
        "counted in the later one.",
        "", "Compare --order direct-first and --order direct-last."},
    {"N_SMALL_STRATA", "Some strata have fewer units than there are arms.",
        "Which arms such a stratum gets is left to chance. Every unit still has "
        "exactly the "
        "planned probability of each arm.",
        "Fewer units (or clusters) than arms.",
        "Use fewer or wider strata if the arms must meet in each."},
    {"N_OUTSIDE_LAYER", "Units outside the part of the layer were left out.",
        "They are free for other experiments in the same layer.", "",
        "Nothing, if the layer and its part are those you meant."},
    {"N_RERANDOMISED",
        "The assignment is one of those that balance the covariates well enough.",
        "Which assignments could have come is then a smaller set. Intervals adjusted "
        "for "
        "the same covariates stay valid, and are a little wide; a permutation test has "
        "to "
        "draw from the same set.",
        "The distance below which a draw is accepted.",
        "Give the same columns as --covariates to 'upshot effect'."},
    {"N_PROJECTED", "The effect is that of another population.",
        "Rows were weighted so that the covariates are distributed as in the target. "
        "The "
        "number says how many rows would be as informative as the weighted ones.",
        "", "Read the table of weights; see docs/projection.md."},
    {"N_TARGET_EXACT", "The target population is taken as known exactly.",
        "Its shares and means add no uncertainty to the intervals. That is right for a "
        "census or a plan, and too narrow where they were found from a sample.",
        "", "Give the number of units they were found from: --target-size N."},
    {"N_FORWARD", "The effect is carried forward in time by a rule.",
        "These periods were not observed. The interval holds if the rule goes on to "
        "hold, which no data of the past can show.",
        "", "Say which rule it is wherever the number is shown."},
    {"N_WINNERS_CURSE", "The estimate of an arm that was chosen as best is too good.",
        "The arm with the largest estimate was partly lucky. The note holds by how "
        "much "
        "its estimate exceeds its true effect on average, if all true effects were as "
        "estimated.",
        "A hundredth of a standard error; less is not told.",
        "Expect less than the estimate; --shrink or a --prior takes the luck out, new "
        "data "
        "measure it."},
    {"N_CREDIBLE", "Intervals are credible intervals under a stated prior.",
        "The effect lies in the interval with the stated probability, given the data "
        "and "
        "the prior. There is no p-value; prob_positive is the probability that the "
        "effect "
        "is above 0.",
        "", "Show the prior beside the number."},
    {"N_SIMULATED", "The number was simulated; its error is stated.",
        "With more than four arms whose estimates depend on one another in no simple "
        "way "
        "there is no formula to compute it by.",
        "",
        "Give --draws for a smaller error; it falls with the square root. The same "
        "--seed "
        "gives the same digits."},
    {"N_CONTEXT_AVERAGED", "The policy averages over some covariates.",
        "The arm it plays is the best on average over the rows it was learned from, "
        "not "
        "for each value of those covariates.",
        "", "Name them in --context if they can be sent when the policy is served."},
    {"N_ADAPTIVE_SHARED",
        "In some contexts of a batch two arms or more were never played, so that their "
        "propensities are not in the log.",
        "What is left of 1 was shared alike among them. Only the weights of batches "
        "rest "
        "on it, not the scores, so that the estimate stays unbiased.",
        "", "Use coarser covariates or batches where the share of rows is large."},
    {"N_POLICY_ITT", "A policy sets the assignment, not what units then do.",
        "Under noncompliance the reward that can be had is the effect of being "
        "assigned (intent to treat).",
        "", "See 'upshot effect --estimand late' for the effect on those who comply."},
    {"N_POLICY_COVERAGE", "How well the log covers the policy.",
        "Rows are weighted by play probability over propensity: few rows with large "
        "weights make a wide interval.",
        "", "Prefer the doubly robust value; log with a larger floor."},
    {"W_SAME_DATA", "The policy was learned from the rows that value it.",
        "It was chosen for what happened to look best there: its value is too high "
        "(winner's curse).",
        "The fingerprints of the rows are equal.",
        "Learn on a part of the units and value on the rest, e.g. --filter on a column "
        "that splits them; or value it on a later log."},
    {"W_POLICY_OVERLAP",
        "The log, or the model, says little about what the policy plays.",
        "Few rows carry most of the weight, or there are none: the interval is wide, "
        "or "
        "the answer rests on the outcome model.",
        "Fewer than 100 effective rows, or 1 % of them; plays without a row.",
        "Prefer the doubly robust value; log with a larger floor."},
    {"W_ADAPTIVE", "The propensities change from period to period.",
        "Where they followed earlier outcomes, arms that looked bad by chance are "
        "sampled less and never corrected: least squares is biased.",
        "One propensity for each arm, covariates and period, that differs between "
        "periods.",
        "Run 'upshot adaptive' with the same roles. A planned ramp-up does no harm."},
    {"W_NO_FLOOR", "A log of this policy may never play some arms.",
        "Where the probability of an arm is 0, its effect cannot be learned from the "
        "log, and the next policy cannot change its mind.",
        "A floor of 0.", "Give --floor 0.01 or more while you want to learn."},
    {"N_EARLY_LOOK", "A look rests on few units.",
        "Robust intervals that hold at any time do so in large samples. Before that "
        "they "
        "may miss more often than they should.",
        "Fewer than 100 rows, or 30 clusters, in the smallest arm.",
        "Start looking later; a rule that stops on such a look is not backed."},
    {"N_LOOK_SKIPPED", "A look could not be analysed and was left out of the path.",
        "At that time an arm may not have had rows, or too few for the model. The "
        "other looks "
        "are not affected: intervals that hold at all looks hold at fewer.",
        "", "Nothing; or start looking later."},
    {"W_SRM", "The arms do not have the expected sizes.",
        "Units are missing or doubled in one arm, and who they are is not known. The "
        "comparison is then not between like and like.",
        "p below 0.01 in a chi-square test (exact for small counts); below 0.001 the "
        "check fails: see E_SRM.",
        "Find the loss before reading any effect; check --expected-split."},
    {"W_WEAK_INSTRUMENT", "The instrument is weak.",
        "The interval may be too narrow and off centre.",
        "First-stage F (robust) below 10; below 3.84 the check fails: see "
        "E_WEAK_INSTRUMENT.",
        "Report --estimand itt; do not lean on the interval."},
    {"W_FEW_CLUSTERS", "There are few clusters.",
        "Standard errors come from how clusters differ; from few of them this is "
        "guesswork, even with the corrections that are made.",
        "Fewer than 30 clusters, or fewer than 5 in an arm (Cameron & Miller 2015).",
        "Keep --vcov cr2 (the default), and treat the interval as rough."},
    {"W_OVERLAP", "Some propensities are close to 0 or 1.",
        "A few rows get most of the weight, so that the effective sample is small.",
        "A propensity below 0.01, or effective rows below half of the rows of an arm; "
        "below a tenth the check fails.",
        "Limit the analysis with --filter to units that could have got either arm."},
    {"W_MISSING_BY_ARM", "Values are missing more often in one arm than in another.",
        "Treatment may decide who is measured; then the measured units are no longer "
        "comparable.",
        "p below 0.001.",
        "Find out why, and set missing to its true value if it has one."},
    {"W_RELATIVE_CHOICE",
        "The kinds of relative interval do not agree on whether zero is excluded.",
        "The decision would hang on a technical choice.", "",
        "Decide by the absolute effect."},
    {"W_RELATIVE_UNBOUNDED",
        "The relative interval is unbounded, because the baseline may be zero.",
        "A ratio to something that may be zero can be anything.",
        "The baseline's own interval includes zero.", "Read the absolute effect."},
    {"W_BALANCE", "A covariate differs by arm more than chance allows.",
        "Assignment may not have been random, or units were lost after it.",
        "p below 0.001 in a joint test; below one in a million it is E_BALANCE.",
        "See whether the covariate is really from before treatment; then look for "
        "losses as with W_SRM."},
    {"W_SMALL_ARM", "An arm has few rows.",
        "The normal approximation is rough, and one unit can decide the estimate.",
        "Fewer than 30 rows.", "Wait for more units, or merge arms."},
    {"W_LEVERAGE", "One row or cluster decides the estimate.",
        "Without it the answer would be another.", "Leverage above 0.5.",
        "Look at it; limit the metric, e.g. least(sales, 1000)."},
    {"W_PROPENSITY_SHARES", "The propensities do not match the shares of the arms.",
        "They may be of another arm than the one assigned, or not those the "
        "assignment used.",
        "Inverse propensities that do not sum to the rows, p below 0.001; off by more "
        "than a tenth the check fails: see E_PROPENSITY.",
        "Give the probability of the arm each unit was assigned to."},
    {"W_COMPLIANCE", "Few units follow their assignment.",
        "The effect on compliers speaks of a small part of the units and is imprecise.",
        "Fewer than a tenth of the units comply.", "Report --estimand itt as well."},
    {"W_SMALL_SEGMENT",
        "A segment has few rows; or levels of --by were left out, because they have no "
        "rows in an arm.",
        "Its interval is wide and leans on few units; without rows in both arms there "
        "is no comparison.",
        "Fewer than 30 rows in an arm; none to be left out.", "Use a wider segment."},
    {"W_CONSTANT", "A metric has the same value in every row.",
        "Its effect and standard error are 0: they say that nothing was measured, not "
        "that the arms do not differ.",
        "All values equal, to rounding.",
        "Look at the column with 'upshot describe SOURCE'; it may be the wrong one, or "
        "--filter may have left one value."},
    {"W_MISFIT", "The paths do not add up to the total effect.",
        "The total comes from its own regression, which has no graph. What the paths "
        "leave "
        "goes by an edge or a mediator that the graph does not have.",
        "Misfit with p below 0.05.",
        "Draw the missing edges, starting with arm -> outcome."},
    {"W_PROPORTION", "The share mediated has no bounded interval.",
        "It is a ratio whose denominator, the total effect, cannot be told from 0.", "",
        "Report the indirect effect itself."},
    {"W_OPPOSITE_PATHS", "Paths work against each other.",
        "Indirect and direct effect have opposite signs, so that their ratio to the "
        "total "
        "is below 0 or above 1 and is not a share of anything.",
        "", "Report the paths themselves."},
    {"W_MISSING_EDGE", "An edge that the graph sets to zero is not zero in the data.",
        "The paths may still add up to the total, as they do when a serial mechanism "
        "is drawn "
        "as a parallel one: what belongs to the serial path is then counted in "
        "another.",
        "p below 0.05 divided by the number of missing edges.",
        "Draw the edge; if it cannot be, then two nodes share an unmeasured cause."},
    {"W_RECEIVED",
        "Treatment received is a common cause of mediators and outcome that the graph "
        "leaves out.",
        "Units that take the arm differ from those that do not, within the arm "
        "assigned: "
        "in the mediators and in the outcome, because the arm acts on both. The "
        "equation "
        "of the outcome takes that for an effect of the mediator. Indirect paths come "
        "out "
        "too large where arm and mediator act in the same direction.",
        "Noncompliance, with --estimand itt.",
        "Rely on the total effect. Split it in an experiment with full compliance, or "
        "read "
        "the paths with --sensitivity."},
    {"W_TEXT_NUMBERS", "A covariate of numbers is taken as categories.",
        "One value that is not a number makes a column of a CSV file text, and each "
        "value "
        "of a text column becomes a category of its own: the fit loses a slope, and "
        "gains a column for every value.",
        "At least 10 values, 9 of 10 of them numbers.",
        "Correct the odd value in the file, or make it missing; if categories are "
        "meant, "
        "this is only a reminder."},
    {"W_TARGET_WEIGHTS", "The target population is far from the experiment.",
        "A few rows get most of the weight: the estimate rests on them, and on the "
        "model "
        "being linear in the covariates.",
        "Effective rows below a tenth of the rows, or below 100; or a weight above 20 "
        "times the mean.",
        "Choose a target nearer to the experiment, or experiment where the target is."},
    {"W_FORWARD_FIT", "The rule does not fit the effects observed.",
        "What does not describe the past is no guide to the future.",
        "Lack of fit with p below 0.05, over all fits; below 0.001 it is refused: see "
        "E_HORIZON.",
        "Try another rule, or look at the effects by period."},
    {"W_FORWARD_FAR", "The horizon is long for the periods observed.",
        "Small faults of the rule grow with the distance.",
        "More periods ahead than half of those observed; asked for by --accept "
        "E_HORIZON.",
        "Observe for longer, or look less far."},
    {"W_PRIOR_CONFLICT", "The data are surprising under the prior.",
        "The posterior lies between two that disagree, where neither puts it. Either "
        "the "
        "prior was wrong, or the data are.",
        "The distance of the estimates from the prior has a tail probability below "
        "0.01.",
        "Check both; do not widen the prior until the warning goes."},
    {"N_HYPOTHESIS", "The graph was found by a search in data: it is a hypothesis.",
        "The search assumes that no common cause is missing from the columns, that "
        "relations "
        "are linear, and that no two paths cancel. One wrong test early on changes "
        "arrows "
        "elsewhere.",
        "The note has the number of tests and their level.",
        "Read each edge with its frequency, decide edges without a direction by what "
        "is known, "
        "and test the graph on other data: upshot graph GRAPH SOURCE."},
    {"N_NO_FREQUENCIES", "The edges of the graph were not resampled.",
        "Nothing is then said of how much each edge hangs on the rows at hand.", "",
        "Give the rows, or a capsule with clusters, and --bootstrap 200."},
    {"W_IMPLICATION", "The data speak against an independence that the graph implies.",
        "An arrow or a common cause is missing from the graph, or a relation is not "
        "linear; "
        "what the graph says of adjustment and of paths may be wrong too.",
        "The p-value adjusted for the number of tests (Holm) is at most --alpha.",
        "Look at the pair: add an arrow, or a <-> for a common cause that is not "
        "measured."},
    {"W_INFORMATION", "The data do not hold the information that was stated.",
        "Group-sequential bounds hold for looks whose information grows as stated. If "
        "it grows faster from look to look, the statistics of the looks are less alike "
        "than the bounds take them to be, and false alarms are likelier than planned.",
        "monitor: growth since the look before, in rows, or with clusters by the "
        "squared standard errors, more than a quarter off what was stated (a half with "
        "clusters). effect: --planned times the last information more than a quarter "
        "off the size.",
        "Leave --information out and give --planned, so that it is counted; or state "
        "the size of each look. The spending function allows for any looks."},
    {"W_SAME_CLUSTERS", "Looks add rows to clusters that were there before.",
        "Intervals that hold at any time count the information in clusters, and hold "
        "when each "
        "look adds whole clusters. Rows that come to the same clusters bring "
        "information that "
        "is not counted.",
        "Rows per cluster a tenth above those of the first look.",
        "Let looks follow the order in which clusters came in, e.g. the week of their "
        "first "
        "row; or use --inference group with the --information of each look."},
    {"W_EMPTY_INTERSECTION", "The intervals of the looks have nothing in common.",
        "All of them hold together with the level asked for, if the effect is one and "
        "the "
        "same at all looks. So it is likely that it is not: it fades, grows with the "
        "time "
        "units have spent, or other units come in.",
        "Two intervals of one effect without a common value.",
        "Look at 'upshot effect ... --over COLUMN' for the effect of each period."},
    {"W_AFFECTED", "A column taken as known before differs by arm.",
        "Chance deals what was there before evenly. A column that differs this much "
        "was "
        "measured after the treatment and moved by it, or the arms were not dealt by "
        "chance; adjusting for it, or splitting by it, takes a part of the effect "
        "away.",
        "p below 1e-6, with errors from random groups of clusters, so that a thousand "
        "columns raise a false alarm once in a thousand tables.",
        "Leave it out of --covariates, --by and --where. If it really is from before, "
        "look at the assignment: 'upshot check'."},
    {"W_IDENTIFIER", "An identifier would be used as a number.",
        "The mean of identifiers is the mean of nothing, and as a covariate it is "
        "noise "
        "or, where numbers were given in order, a clock.",
        "Whole numbers of which nearly no two are alike, or a name that ends in id.",
        "Leave it out of --metric and --covariates; give it as --unit or --cluster."},
    {"W_SENTINEL", "A value seems to stand for a missing one.",
        "Stand-ins such as -999, 9999-12-31 or 'N/A' count as values in every mean "
        "and as labels in every split, until they are made missing.",
        "A usual stand-in that lies apart from all other values; negative ones where "
        "nothing else is; a usual word.",
        "Make them missing where the file is made, or leave the rows out: --filter "
        "'income <> -999'. As a metric, 'income = if(income = -999, null, income)' is "
        "missing there."},
    {"W_REPEATED_UNITS", "Units have more than one row.",
        "Rows of one unit are alike. Taken as independent they make intervals too "
        "narrow and false alarms many.",
        "Any unit with two rows; with a time, two rows in one period.",
        "Declare --cluster UNIT, or aggregate to one row per unit."},
    {"W_CROSSOVER", "Units are in more than one arm.",
        "Who has seen both arms belongs to neither: effects shrink towards 0, and the "
        "assumption of no interference is broken within the unit.",
        "Any unit with rows in two arms.",
        "Find out why. Keep the first arm of each, or leave them out and look at "
        "'upshot check' for the sample ratio afterwards."},
    {"W_DUPLICATE_ROWS", "Whole rows occur more than once.",
        "A join or a load that ran twice counts some units double: their weight grows "
        "and "
        "the errors shrink.",
        "Rows that agree in every column, identifier included.",
        "Remove the copies where the file is made."},
    {"W_TIME_TRAVEL", "Dates are on the wrong side of the assignment.",
        "What was known only after the assignment is no covariate; what happened "
        "before "
        "it is no outcome of it. Often it is a clock, a time zone or a join.",
        "Any row; the side of a column is told by its name, else by most of its rows.",
        "Give --assigned-at; leave those rows out with --filter, or mend the dates."},
    {"W_ARM_LABELS", "Labels of arms differ by case or spaces alone.",
        "Labels such as 'Control' and 'control ' count as two arms, each with a part "
        "of "
        "the units.",
        "",
        "An expression such as --itt \"if(arm = 'Control', 'control', arm)\" makes "
        "them one label; better where "
        "the file is made."},
    {"W_RARE_ARM", "A label of an arm has next to no rows.",
        "It is a typing error, a test account or a leak from another experiment; as an "
        "arm it has no variance and stops or blurs the analysis.",
        "One row, or fewer than a thousandth of the largest arm.",
        "An option such as --filter \"arm <> 'tset'\" leaves it out."},
    {"N_GRAPH", "The graph was taken as it is, and allows the analysis.",
        "With --graph a covariate that follows from the treatment, covariates that "
        "open or "
        "leave open a path, and effects that the graph does not identify are refused. "
        "What is answered then rests on the graph, on its missing arrows most of all.",
        "", "Test what it implies: 'upshot graph GRAPH SOURCE ...'."},
    {NULL, NULL, NULL, NULL, NULL},
};
