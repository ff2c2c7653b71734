/* The tables of the verbs `describe` and `simulate`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

#define KNOWN(n, d, e)                                                                 \
    {                                                                                  \
        .name = (n), .type = UP_OPTION_TEXT, .value = "COLUMN",                        \
        .group = "Known already", .doc = (d), .example = (e)                           \
    }

static const up_option describe_options[] = {
    OPTION_SOURCE,
    KNOWN("itt",
        "The column of the assigned arm, where it is known. All of these are "
        "names of columns: what is known need not be guessed, and sharpens "
        "the traps.",
        "arm"),
    KNOWN("treated", "The arm received.", "treated"),
    KNOWN("propensity",
        "The probability of what was assigned: covariates are then compared with "
        "weights of its inverse.",
        "propensity"),
    KNOWN("unit", "Identifier of the unit.", "shopper"),
    KNOWN("cluster", "Units that were assigned together.", "household"),
    KNOWN("time", "The period of the row.", "week"),
    KNOWN("assigned-at",
        "Date or timestamp of the assignment: other dates are held against it.",
        "assigned_at"),
    {.name = "metric",
        .type = UP_OPTION_LIST,
        .value = "COLUMN",
        .group = "Known already",
        .example = "sales",
        .doc = "An outcome. May be repeated."},
    {.name = "covariates",
        .type = UP_OPTION_LIST,
        .commas = 1,
        .value = "LIST",
        .group = "Known already",
        .example = "device,spend_before",
        .doc =
            "Columns taken as known before the assignment. One that differs by arm is "
            "told (W_AFFECTED)."},
    {.name = "as-of",
        .type = UP_OPTION_TEXT,
        .value = "DATE",
        .group = "Known already",
        .example = "2026-01-31",
        .doc = "The last day there can be; no clock is read. Later dates are told."},
    {.name = "no-audit",
        .type = UP_OPTION_FLAG,
        .group = "Output",
        .example = "true",
        .doc =
            "Only the columns: no roles, no traps, and one pass over the rows less."},
    OPTION_LIMIT,
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field describe_result[] = {
    RESULT_COMMON,
    {"rows", "array", "one object per column"},
    {"rows[].column", "string", "name of the column"},
    {"rows[].type", "string", "number, integer, boolean, text, date or timestamp"},
    {"rows[].missing", "integer", "rows without a value"},
    {"rows[].infinite", "integer", "rows with an infinite value"},
    {"rows[].distinct", "integer", "distinct values; approximate above 10,000"},
    {"rows[].min", "number", "smallest value"},
    {"rows[].max", "number", "largest value"},
    {"rows[].mean", "number", "mean"},
    {"rows[].sd", "number", "standard deviation"},
    {"rows[].example", "string", "the most common values"},
    {"rows_total", "integer", "columns there are; compact output may show fewer"},
    {"roles", "array", "columns that may have a role, by role, the best first"},
    {"roles[].role", "string",
        "the option it is for: itt, treated, propensity, instrument, cluster, unit, "
        "time, "
        "strata, weight, assigned-at, metric, covariates"},
    {"roles[].column", "string", "name of the column"},
    {"roles[].score", "number",
        "in (0, 1]: how well name and values fit; 1 = declared. No probability"},
    {"roles[].chosen", "boolean", "part of the analysis proposed in next"},
    {"roles[].reason", "string", "why, with the numbers"},
    {"warnings", "array", "traps: code, severity, field (the column), number, text"},
    {"next", "array", "commands that would be worth running next"},
    {"options", "object", "the options as resolved"},
    {"input", "object", "source and rows"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};

static const char *const describe_refusals[] = {
    "E_SOURCE", "E_ENGINE", "E_COLUMN", "E_TYPE", "E_ARMS", "E_ARGUMENT", NULL};

static const char *const describe_examples[] = {"upshot describe shop.parquet",
    "upshot describe shop.parquet --itt arm --covariates device,searches --json",
    "upshot describe 'data/*.csv.gz' --json", "cat shop.csv | upshot describe -", NULL};

const up_verb upi_verb_describe = {
    .name = "describe",
    .summary = "look at the columns, the roles they may have, and the traps",
    .doc =
        "Prints the type, missing and distinct values, range, mean and most common "
        "values of every column.\n\n"
        "Proposes a role for columns, with the reason: the arm, what was received, the "
        "propensity, clusters, units, time, metrics, covariates. A proposal is made of "
        "names and values; how units were randomised is known to who ran the "
        "experiment, so confirm it before it is used.\n\n"
        "Warns of traps: a covariate that differs by arm as nothing from before can "
        "(W_AFFECTED), identifiers used as numbers, values such as -999 or 'N/A' that "
        "stand for missing ones, repeated units and rows, units in two arms, dates on "
        "the wrong side of the assignment, labels of arms that differ by case or have "
        "one row.",
    .options = describe_options,
    .result = describe_result,
    .refusals = describe_refusals,
    .examples = describe_examples,
};

static const up_option simulate_options[] = {
    {.name = "what",
        .type = UP_OPTION_ENUM,
        .value = "WHAT",
        .choices = "shop",
        .required = 1,
        .positional = 1,
        .group = "Data",
        .example = "shop",
        .doc = "The world to simulate: shop is an online store with searches, views "
               "and sales."},
    {.name = "to",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .required = 1,
        .positional = 1,
        .group = "Data",
        .example = "shop.parquet",
        .doc = "The file to write, ending in .parquet, .csv or .csv.gz. The truth goes "
               "beside it."},
    {.name = "truth",
        .type = UP_OPTION_PATH,
        .value = "FILE",
        .group = "Data",
        .example = "shop.truth.json",
        .doc = "Where the true effects are written. Without it: the name of the file "
               "with the ending .truth.json."},
    {.name = "force",
        .type = UP_OPTION_FLAG,
        .group = "Data",
        .example = "true",
        .doc = "Replace files that are there already."},
    {.name = "units",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "10000",
        .min = 1,
        .max = 1e10,
        .group = "World",
        .example = "1000000",
        .doc = "Shoppers."},
    {.name = "arms",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "2",
        .min = 2,
        .max = 8,
        .group = "World",
        .example = "3",
        .doc = "Arms, with control."},
    {.name = "weeks",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "1",
        .min = 1,
        .max = 520,
        .group = "World",
        .example = "4",
        .doc = "Rows per shopper: a weekly panel, in which effects grow or fade."},
    {.name = "clusters",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 1e10,
        .group = "World",
        .example = "4000",
        .doc = "Shoppers live in this many households, assigned together; 0 assigns "
               "shopper by shopper."},
    {.name = "noncompliance",
        .type = UP_OPTION_ENUM,
        .value = "KIND",
        .fallback = "none",
        .choices = "none|one-sided|two-sided",
        .group = "World",
        .example = "one-sided",
        .doc = "Whether shoppers may end up in another arm than the one assigned."},
    {.name = "adaptive",
        .type = UP_OPTION_FLAG,
        .group = "World",
        .example = "true",
        .doc = "Probabilities of assignment vary by segment; they are in the file."},
    {.name = "covariates",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "0",
        .max = 1000,
        .group = "World",
        .example = "20",
        .doc = "Extra continuous covariates c1, c2, ..."},
    {.name = "segments",
        .type = UP_OPTION_INTEGER,
        .value = "N",
        .fallback = "12",
        .min = 1,
        .max = 1000,
        .group = "World",
        .example = "60",
        .doc = "Combinations of device, loyalty and country."},
    OPTIONS_RUN,
    OPTION_END,
};

static const up_result_field simulate_result[] = {
    RESULT_COMMON,
    {"files", "array", "the files that were written"},
    {"next", "array", "commands that would be worth running next"},
    {"options", "object", "the options as resolved"},
    {"input", "object", "the rows written"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};

static const char *const simulate_refusals[] = {"E_ARGUMENT", "E_WRITE", NULL};

static const char *const simulate_examples[] = {"upshot simulate shop shop.parquet",
    "upshot simulate shop big.parquet --units 10000000 --arms 3 --weeks 4 --seed 7",
    "upshot simulate shop encouraged.csv --noncompliance one-sided --clusters 2000",
    NULL};

const up_verb upi_verb_simulate = {
    .name = "simulate",
    .summary = "make the data of an online store, with the true effects",
    .doc = "Writes rows of an experiment in an online store, of any size, and beside "
           "them the true effects as JSON: on average, by device, loyalty, economy "
           "and week, of assignment and of treatment, and by path (searches, views). "
           "The truth is computed from the model, not from the rows. The same seed "
           "gives the same file.",
    .options = simulate_options,
    .result = simulate_result,
    .refusals = simulate_refusals,
    .examples = simulate_examples,
};
