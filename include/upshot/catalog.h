/* The verb catalog: every verb with its options, result and refusals, written once. The
 * program, its help, man pages and JSON schemas come from it; so will other doors. */
#ifndef UPSHOT_CATALOG_H
#define UPSHOT_CATALOG_H

#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

enum up_option_type {
    UP_OPTION_TEXT = 0,
    UP_OPTION_FLAG = 1,
    UP_OPTION_INTEGER = 2,
    UP_OPTION_NUMBER = 3,
    UP_OPTION_ENUM = 4,
    UP_OPTION_LIST = 5, /**< may be repeated */
    UP_OPTION_PATH = 6
};

/** One option of a verb. Names are long, lower case, words joined by '-'. In JSON they may
 *  be joined by '_' as well. */
typedef struct up_option {
    const char *name;     /**< "itt"; NULL ends a table */
    int64_t type;         /**< enum up_option_type */
    const char *value;    /**< what stands for the value in help: "COLUMN" */
    const char *fallback; /**< the default as text, or NULL */
    const char *choices;  /**< for enums: "hc0|hc1|hc2" */
    double min, max;      /**< for numbers; both 0 = unbounded */
    int64_t required;
    int64_t positional; /**< 1: may be given without its name */
    int64_t
        commas; /**< 1, for lists: a value is split at commas outside brackets and quotes */
    const char *group; /**< heading in help: "Design", "Metrics", ... */
    const char *doc;   /**< one or two sentences */
    const char *example;
} up_option;

/** One field of the result of a verb, for its schema and its docs. */
typedef struct up_result_field {
    const char *name; /**< "rows[].estimate"; NULL ends a table */
    const char
        *type; /**< "string", "number", "integer", "boolean", "array", "object" */
    const char *doc;
} up_result_field;

typedef struct up_verb {
    const char *name;    /**< "effect" */
    const char *summary; /**< one line */
    const char *doc;     /**< paragraphs, separated by an empty line */
    const up_option *options;
    const up_result_field *result;
    const char *const *refusals; /**< status and note names, NULL-ended */
    const char *const *examples; /**< command lines, NULL-ended */
} up_verb;

/** Verb number i, in the order of the help; NULL behind the last. */
UP_API const up_verb *up_catalog_verb(int64_t i);
UP_API const up_verb *up_catalog_find(const char *name); /**< NULL = none */
/** Options that the program itself understands beside those of the verb. */
UP_API const up_option *up_catalog_globals(void);

/** A request: option names and values as text; a flag's value is "true". A list is given by
 *  repeating its name. */
typedef struct up_argument {
    const char *name, *value;
} up_argument;

typedef struct up_result up_result;

/** Validates a request against the catalog and carries it out.
 *  @return UP_OK and a result; else the failure, in err */
UP_API up_status up_call(const char *verb, const up_argument *arguments,
    int64_t n_arguments, const up_run *run, up_result **out, up_error *err) UP_MUST_USE;
/** The result as one JSON object: compact (5 significant digits, bounded rows) or full
 *  (round-trip). NULL when memory ran out. Texts live as long as the result. */
UP_API const char *up_result_json(up_result *r, int full);
/** The result as CSV rows with a header. */
UP_API const char *up_result_csv(up_result *r);
/** The result for a terminal. width = columns of the terminal, 0 = 80; unicode 0 = ASCII
 *  only; color 0/1. */
UP_API const char *up_result_text(up_result *r, int width, int unicode, int color);
/** What the program exits with: 0, or 5 when a check failed and strict was asked for. */
UP_API int up_result_exit_code(const up_result *r);
UP_API void up_result_free(up_result *r);

/** A failure as one JSON object: {"ok":false,"op","code","field","message","fix"}.
 *  free with up_text_free(). */
UP_API up_status up_error_json(
    const char *verb, const up_error *failure, char **out, up_error *err) UP_MUST_USE;

/** A command line, split by the catalog. */
typedef struct up_command up_command;

/** What the program itself was asked for. */
typedef struct up_command_settings {
    const char
        *verb; /**< "effect"; "help", "man" and "completion" are the program's own */
    const char
        *topic; /**< the verb that help, man or --help speak of; NULL = the overview */
    const char *output; /**< file to write to; NULL = standard output */
    int64_t json, full, csv, ascii, quiet, progress;
    int64_t color; /**< -1 never, 0 as the terminal allows, 1 always */
} up_command_settings;

/** Splits the words of a command line (without the program's name). Values are checked by
 *  up_call(), names are checked here; --input FILE is read here.
 *  @return UP_OK; UP_E_USAGE; UP_E_SOURCE (--input) */
UP_API up_status up_command_parse(
    int argc, const char *const *argv, up_command **out, up_error *err) UP_MUST_USE;
UP_API const up_command_settings *up_command_get(const up_command *c);
UP_API const up_argument *up_command_arguments(const up_command *c, int64_t *n);
UP_API void up_command_free(up_command *c);

/** JSON Schema (2020-12) of a verb's request and result; NULL = of all verbs. free with
 *  up_text_free(). */
UP_API up_status up_catalog_schema(
    const char *verb, char **out, up_error *err) UP_MUST_USE;
/** Help text of a verb (NULL = the overview), and its man page in roff. */
UP_API up_status up_catalog_help(
    const char *verb, int width, char **out, up_error *err) UP_MUST_USE;
UP_API up_status up_catalog_man(
    const char *verb, char **out, up_error *err) UP_MUST_USE;
/** Completion for a shell: "bash". */
UP_API up_status up_catalog_completion(
    const char *shell, char **out, up_error *err) UP_MUST_USE;
/** The page of a status or note code, e.g. "E_UNIT"; NULL = the list of codes. */
UP_API up_status up_catalog_explain(
    const char *code, char **out, up_error *err) UP_MUST_USE;
/** A page of the guide; NULL = the list of topics. */
UP_API up_status up_catalog_guide(
    const char *topic, char **out, up_error *err) UP_MUST_USE;
UP_API void up_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
