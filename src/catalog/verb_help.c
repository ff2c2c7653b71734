/* The tables of the verbs that explain: `explain`, `schema`, `guide`, `version`. */
#include "catalog/options.h"
#include "catalog/verbs.h"

#define RESULT_TEXT                                                                    \
    RESULT_COMMON, {"text", "string", "the page"},                                     \
        {"version", "string", "the version of upshot"}, RESULT_END

static const char *const usage_refusals[] = {"E_USAGE", NULL};

static const up_option explain_options[] = {
    {.name = "code",
        .type = UP_OPTION_TEXT,
        .value = "CODE",
        .positional = 1,
        .group = "Data",
        .example = "E_UNIT",
        .doc = "A status (E_...), warning (W_...) or note (N_...). Without it: the "
               "list of codes."},
    OPTION_END,
};
static const up_result_field text_result[] = {RESULT_TEXT};
static const char *const explain_examples[] = {
    "upshot explain E_UNIT", "upshot explain W_SRM", "upshot explain", NULL};

const up_verb upi_verb_explain = {
    .name = "explain",
    .summary = "what a code means, why it matters, what to do",
    .doc = "Prints the page of a status or note code.",
    .options = explain_options,
    .result = text_result,
    .refusals = usage_refusals,
    .examples = explain_examples,
};

static const up_option schema_options[] = {
    {.name = "verb",
        .type = UP_OPTION_TEXT,
        .value = "VERB",
        .positional = 1,
        .group = "Data",
        .example = "effect",
        .doc = "The verb; without it, all verbs."},
    OPTION_END,
};
static const up_result_field schema_result[] = {
    RESULT_COMMON,
    {"schema", "object", "name, description, request and result schema"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};
static const char *const schema_examples[] = {
    "upshot schema effect", "upshot schema", NULL};

const up_verb upi_verb_schema = {
    .name = "schema",
    .summary = "JSON Schema of a verb's request and result",
    .doc = "Prints the JSON Schema (2020-12) of what a verb takes (as --input) and of "
           "what it answers (with --json).",
    .options = schema_options,
    .result = schema_result,
    .refusals = usage_refusals,
    .examples = schema_examples,
};

static const up_option guide_options[] = {
    {.name = "topic",
        .type = UP_OPTION_TEXT,
        .value = "TOPIC",
        .positional = 1,
        .group = "Data",
        .example = "overview",
        .doc = "One of the topics; without it, the list of them."},
    OPTION_END,
};
static const char *const guide_examples[] = {
    "upshot guide", "upshot guide overview", "upshot guide reading-results", NULL};

const up_verb upi_verb_guide = {
    .name = "guide",
    .summary = "short pages: the overview, designs, metrics, policies ...",
    .doc = "Prints a page of the guide, as Markdown. The pages are the references of "
           "the skill "
           "analyze-experiment, which teaches agents to analyse experiments.",
    .options = guide_options,
    .result = text_result,
    .refusals = usage_refusals,
    .examples = guide_examples,
};

static const up_option version_options[] = {OPTION_END};
static const up_result_field version_result[] = {
    RESULT_COMMON,
    {"text", "string", "compiler, build type and libraries"},
    {"version", "string", "the version of upshot"},
    RESULT_END,
};
static const char *const version_examples[] = {
    "upshot version", "upshot version --json", NULL};

const up_verb upi_verb_version = {
    .name = "version",
    .summary = "the version and how it was built",
    .doc = "Prints the version, compiler and libraries.",
    .options = version_options,
    .result = version_result,
    .refusals = usage_refusals,
    .examples = version_examples,
};
