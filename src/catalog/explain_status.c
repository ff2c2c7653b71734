/* Pages of the statuses: what each means, why it is not passed over, what to do. */
#include "catalog/explain.h"

#include <stddef.h>

const upi_page upi_status_pages[] = {
    {"OK", "The call did what was asked.", "Nothing was refused.", "",
        "Read the notes."},
    {"E_INTERNAL", "Upshot met a state that should not be possible.",
        "An answer given after that could be wrong without a sign of it.", "",
        "Run it once more with --threads 1; if it comes back, report it with the "
        "command, the message and the output of 'upshot version'."},
    {"E_NO_MEMORY", "Memory ran out.",
        "The memory of an analysis grows with the distinct combinations of roles and "
        "covariates, not with the rows, so this usually means a column with very many "
        "values was made categorical.",
        "--memory bounds the engine; the groups come on top.",
        "Leave identifiers out of --covariates, bin continuous columns, or try "
        "--layout stream."},
    {"E_ARGUMENT", "An argument is missing, out of range, or does not fit the others.",
        "A guess at what was meant would answer another question.", "",
        "The message names the argument; 'upshot help VERB' has its range."},
    {"E_USAGE",
        "The command line or the JSON request is not valid: an unknown verb or "
        "option, an option given twice, or a value of the wrong kind.",
        "An option that is passed over silently changes the answer without a trace.",
        "", "Follow the suggestion, or see 'upshot help VERB'."},
    {"E_EXPRESSION", "A condition or expression cannot be understood.",
        "A condition that is half understood would select other rows.",
        "Nesting up to 200, length up to 64 KiB.",
        "The caret marks the place. Text stands in single quotes: device = 'mobile'; "
        "odd column names in double quotes. See 'upshot guide conditions'."},
    {"E_COLUMN", "A column is not in the data.",
        "The nearest name is suggested, never taken.", "",
        "See 'upshot describe SOURCE' for the columns."},
    {"E_TYPE",
        "A column has the wrong type for its use, such as text as a metric, or a "
        "number compared with text.",
        "A silent conversion would turn typing errors into zeros or missing values.",
        "",
        "Choose another column or write an expression of the right type, e.g. "
        "'bought = status = ''paid'''."},
    {"E_OPTIONS_TOO_NEW",
        "The caller was built for a newer version of upshot and set an option that "
        "this one does not know.",
        "Passing over the option would change the meaning of the call.", "",
        "Update the library, or leave the option out."},
    {"E_SOURCE", "The data cannot be read: no such file, cut short, or not parseable.",
        "Rows that cannot be read are never left out silently.", "",
        "The message names the file and, for text, the line. Check the path, the "
        "quoting and whether the file was copied completely."},
    {"E_ENGINE", "The engine library (DuckDB) cannot be loaded, or it failed.",
        "Upshot reads files through it.", "DuckDB 1.4 up to 2.x.",
        "Set UPSHOT_DUCKDB to the path of libduckdb.so. If the engine ran out of "
        "memory or disk, give --memory or --spill."},
    {"E_CAPSULE",
        "The file is not a capsule, is damaged, was written by an unknown version, or "
        "two capsules to be merged differ in design.",
        "Statistics that are altered cannot be told from true ones by looking at them.",
        "", "Make it again: 'upshot fit SOURCE ... --save FILE'."},
    {"E_POLICY", "The policy is damaged, was changed by hand, or is not a policy.",
        "A policy decides what people see; one whose numbers were altered cannot be "
        "told from a true one by looking at it.",
        "", "Make it again: 'upshot policy SOURCE ... --save FILE'."},
    {"E_CONTEXT",
        "A context is not one that the policy knows: a label it has not seen, a "
        "missing "
        "value, an arm that was never seen there; or the log lacks one of its inputs.",
        "A guess would be logged as a decision with a known probability.", "",
        "Send the inputs that 'upshot policy' lists, or make the policy with --unknown "
        "base, which plays the probabilities of the average unit, with a flag."},
    {"E_OVERLAP", "The policy plays arms that the log never played in that context.",
        "What would have happened there is not in the data; an outcome model alone "
        "would answer.",
        "More than 1 % of the plays (--uncovered).",
        "Log with a policy that has a floor, or value a policy with the arms of the "
        "log."},
    {"E_WRITE", "The output cannot be written.",
        "Files are written at once or not at all: an older file is still there.", "",
        "Check the directory, its permissions and the room on the disk."},
    {"E_STOPPED", "The call was stopped on request, for instance by Ctrl-C.",
        "No half result is given and no temporary file is left.", "", "Run it again."},
    {"E_EMPTY", "No rows are left to analyse.", "There is nothing to estimate from.",
        "At least one row.",
        "Check --filter and --missing drop, and look with 'upshot describe SOURCE'."},
    {"E_MISSING", "Values are missing in a column of the analysis.",
        "Rows with missing values often differ from the others, and by arm. Leaving "
        "them out without saying so can make an effect out of nothing.",
        "One missing value is enough.",
        "Look at the counts by arm in the message. Then choose: --missing drop "
        "(leaves rows out, with a note), --missing indicator (for covariates), or an "
        "expression such as coalesce(sales, 0) if missing means zero."},
    {"E_NOT_FINITE", "A value is infinite.",
        "One infinite value makes every mean infinite.", "One value is enough.",
        "Repair the data, or limit it: least(sales, 10000)."},
    {"E_ARMS",
        "The arms do not make a comparison: fewer than two hold rows, the control is "
        "not among them, or the label is unknown.",
        "An effect is a difference between two arms.", "Two arms with rows.",
        "Check --itt and --control; 'upshot describe SOURCE' shows the labels."},
    {"E_NO_VARIATION",
        "A column that must vary is constant, or a segment lacks rows or one of the "
        "arms.",
        "There is no difference to estimate.", "",
        "Choose another column or a wider segment."},
    {"E_UNIT", "Units repeat, and no cluster is declared.",
        "Rows of one unit are alike. Taken as independent they make intervals too "
        "narrow, often several times.",
        "One repeated unit is enough.",
        "Give --cluster with the unit's column (or the column of what was assigned "
        "together), or bring the data to one row per unit."},
    {"E_CLUSTER",
        "The clusters do not fit the design: only one cluster, or a cluster in two "
        "arms although assignment was by cluster.",
        "Standard errors come from how clusters differ; a cluster in two arms "
        "contradicts the assignment that was declared.",
        "At least two clusters.",
        "Check --cluster; leave out --assigned-by-cluster if units within a cluster "
        "could get different arms."},
    {"E_PROPENSITY", "A propensity is not a valid probability of the arm assigned.",
        "Rows are weighted by its inverse; a wrong one gives a wrong effect with a "
        "small error.",
        "Between 0 and 1, and neither of them, for every row; inverse propensities "
        "that sum to the "
        "rows within a tenth, which 'upshot check' reports and for which 'upshot "
        "effect' and 'upshot fit' withhold their numbers.",
        "Give the probability of the arm the unit was assigned to, known by design. "
        "It is not a share estimated afterwards, and not the probability of "
        "treatment. Where only the sums fail, --accept E_PROPENSITY shows the numbers "
        "all the same, with N_OVERRIDE beside them."},
    {"E_POST_TREATMENT",
        "A column measured after treatment was given as a covariate or in a condition.",
        "Treatment can change it, so that comparing units with equal values compares "
        "different kinds of units. The result is not an effect.",
        "Declared with --post, or the outcome or the treatment itself.",
        "Leave it out, or make it a metric. Use its value from before the experiment."},
    {"E_CONDITION",
        "A condition is not on a covariate or on time, or the model has no "
        "interactions.",
        "Effects in segments come from the covariates in the model.", "",
        "Add the column to --covariates, and leave --interactions at full. From a "
        "capsule, only covariates and segments that were kept can be asked for."},
    {"E_SINGULAR", "The model is not determined by the data.",
        "Several sets of coefficients fit equally well; one chosen by rounding would "
        "be printed as if it were found.",
        "A column within 1e-10 of a combination of the others is left out with a "
        "note; what is left of a treatment column must not vanish.",
        "Leave out the covariate that the message names, or merge rare levels."},
    {"E_ESTIMAND", "The design does not identify what was asked for.",
        "An average effect on everyone cannot be had from compliers alone without a "
        "further assumption.",
        "", "Ask for --estimand itt or late. See 'upshot guide estimands'."},
    {"E_SRM", "The arms do not have the expected sizes.",
        "Something removed or added units in one arm: a crash, a bot filter, a "
        "logging loss. Who is missing is unknown, so the comparison is not fair, "
        "however large the data.",
        "p below 0.001 in a chi-square test (exact for small counts). 'upshot check' "
        "reports it; 'upshot effect' and 'upshot fit' withhold their numbers.",
        "Find the loss before reading any effect: by device, browser, day. Check "
        "--expected-split if the plan was not equal shares. --accept E_SRM shows the "
        "numbers all the same, with N_OVERRIDE beside them."},
    {"E_BALANCE", "The arms differ in the covariates, more than chance allows.",
        "A covariate that treatment has changed takes a part of the effect away, and "
        "opens comparisons between units that are not alike. If the column is from "
        "before treatment, arms were not assigned by chance, or units were lost by "
        "arm.",
        "p below one in a million in a joint test of all covariate means by arm; above "
        "it, up to 0.001, W_BALANCE. With --strata it stays a warning, because shares "
        "may then differ by design.",
        "Leave out what treatment can change; --post names such columns. If the shares "
        "of the arms differed between units by design, give --strata or --propensity. "
        "--accept E_BALANCE shows the numbers all the same, with N_OVERRIDE beside "
        "them."},
    {"E_WEAK_INSTRUMENT", "The instrument hardly moves the treatment.",
        "Estimates lean towards the biased comparison and intervals are far too "
        "narrow.",
        "First-stage F (robust) below 3.84; below 10 it is a warning. 'upshot check' "
        "reports it; 'upshot effect' and 'upshot fit' withhold their numbers.",
        "Report --estimand itt, which needs no instrument, or --interval ar, whose set "
        "is "
        "right for any strength; or find a stronger instrument. --accept "
        "E_WEAK_INSTRUMENT shows the numbers all the same, with N_OVERRIDE "
        "beside them."},
    {"E_NEEDS_ROWS", "The capsule cannot answer this; the rows are needed.",
        "A capsule holds sums. What was not summed cannot be brought back.", "",
        "Run 'upshot fit' on the rows again with --segment for the condition, the "
        "covariate or the covariance you need, and --save."},
    {"E_STRICT", "Everything was done, but a check of the design failed.",
        "It was asked for so that a pipeline stops here.",
        "Any check with the verdict failed that --accept does not name.",
        "See 'upshot check'."},
    {"E_WEIGHT", "A weight is not above 0.",
        "A row of weight 0 says nothing, and one of negative weight has no meaning.",
        "One value is enough.",
        "Repair the column, or leave such rows out: --filter 'weight > 0'."},
    {"E_GRAPH", "The text of a causal graph cannot be read, or holds a contradiction.",
        "A graph with a cycle, or with an arrow both ways, has no meaning as causes "
        "and "
        "effects; a misread name would answer for another graph.",
        "No cycle; at most 256 nodes; names other than letters, digits, _ and . in "
        "double "
        "quotes.",
        "See the caret. Write arrows from cause to effect, 'T -> searches; searches -> "
        "sales', or give DOT (digraph) or dagitty (dag)."},
    {"E_MEDIATION", "The graph does not give paths that these data can answer.",
        "Without an arm, mediators and an outcome in it, or with causes that were not "
        "measured, a split of the effect would be a guess.",
        "1 to 32 mediators and at most 512 paths; every node a metric or a covariate; "
        "no "
        "arrow into the arm or out of the outcome.",
        "Correct the graph as the message says. For unmeasured causes ask for "
        "--sensitivity instead of drawing them."},
    {"E_PLAN", "No plan of this kind reaches what is asked for.",
        "Some questions have no answer: a margin that is smaller than the true "
        "difference, or an effect that no share between 0 and 1 can show.",
        "Units up to 1e15 were tried.",
        "Ask for a larger effect or margin, for less power, or give more units."},
    {"E_SUPPORT", "The experiment does not reach the target population.",
        "The target has a level, a cell or a mean that the rows of the experiment "
        "cannot "
        "be weighted to, or has it in one arm only. An effect there would be made up "
        "by "
        "the model.",
        "A level or cell without rows in an arm; a mean outside the values, or more "
        "than "
        "3 standard deviations away for a continuous covariate; weights that leave "
        "fewer than 10 effective rows.",
        "Project to the part of the target that the experiment reaches; the message "
        "names the nearest valid request."},
    {"E_HORIZON", "The effects cannot be carried that far forward.",
        "A rule needs periods to be fitted and tested on; beyond that it is a wish.",
        "Fewer than 3 periods, or than the rule has parameters and one more; a horizon "
        "above half of the periods observed; lack of fit with p below 0.001. The last "
        "two can be overridden.",
        "Observe more periods, look less far, or try another rule. --accept E_HORIZON "
        "shows the numbers all the same, with warnings beside them."},
    {"E_PRIOR", "A prior cannot be read, or does not fit the model.",
        "A prior that was silently dropped or misread would move every number without "
        "a trace.",
        "It names a coefficient, an arm or a metric that is not there, is stated "
        "twice, "
        "has a unit that its target or the posterior does not take, or is relative to "
        "a "
        "baseline within two standard errors of 0.",
        "Write --prior 'effect ~ normal(0, 5%)', 'effect(b) ~ normal(0, 0.1) for "
        "sales' "
        "or 'arm=b ~ normal(0, 0.1)'; see 'upshot guide rank'."},
    {"E_POSTERIOR", "A posterior has no answer to a question about sampling.",
        "Tests, p-values, adjusted and sequential intervals speak of what other "
        "samples "
        "would give; a posterior speaks of this one.",
        "",
        "Leave --posterior and --prior out for the test, or read the probability that "
        "the effect is above 0."},
    {"E_NOT_IDENTIFIED", "The graph does not identify the effect.",
        "A path that is not part of the effect stays open whatever measured nodes are "
        "adjusted "
        "for, and there is no instrument and no front door: any number would mix the "
        "effect "
        "with something else.",
        "No adjustment set, no conditional instrument, no front-door set.",
        "Measure a node on the path that is named, or randomise the treatment."},
    {"E_LOOKS", "The looks do not follow from one another.",
        "A look is at all data so far, so each has more units than the one before; and "
        "a "
        "group-sequential plan has as many looks as it was given. Intervals that hold "
        "over "
        "looks hold for such looks only.",
        "No look may have fewer units than the one before, or come after the last of "
        "the plan.",
        "Give the capsules in the order in which they were made; with --increments "
        "when each "
        "holds only the rows that came in since the one before."},
    {"E_PEEK", "A look at intervals that hold for one later look only.",
        "Intervals and p-values of a fixed horizon hold for one look, at the size that "
        "was planned. Looking before and stopping at the first p below 0.05 gives a "
        "false alarm in 14 % of tests without an effect at five looks, and in 25 % at "
        "twenty.",
        "Fewer rows (clusters where there are clusters) have arrived than --planned, "
        "or monitoring was asked for with fixed inference. Rows that were left out "
        "for missing values count as arrived.",
        "Wait for the rest. Or --inference anytime --planned N: its intervals hold at "
        "every look, and are wider. Or --inference group with the looks that were "
        "planned. --accept E_PEEK shows the numbers all the same, with N_OVERRIDE "
        "beside them."},
    {NULL, NULL, NULL, NULL, NULL},
};
