/** @file
 *  The verb catalog: every verb with its options, result and refusals, written once. The
 * program, its help, man pages and JSON schemas come from it; so will other doors. */
#ifndef UPSHOT_CATALOG_H
#define UPSHOT_CATALOG_H

#include <upshot/arrow.h>
#include <upshot/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of value an option takes. */
enum up_option_type {
    UP_OPTION_TEXT = 0,    /**< any text */
    UP_OPTION_FLAG = 1,    /**< given or not */
    UP_OPTION_INTEGER = 2, /**< a whole number */
    UP_OPTION_NUMBER = 3,  /**< a number */
    UP_OPTION_ENUM = 4,    /**< one of the choices */
    UP_OPTION_LIST = 5,    /**< may be repeated */
    UP_OPTION_PATH = 6     /**< a file or directory */
};

/** One option of a verb. Names are long, lower case, words joined by '-'. In JSON they may
 *  be joined by '_' as well. */
typedef struct up_option {
    /** "itt"; NULL ends a table */
    const char *name;
    /** enum up_option_type */
    int64_t type;
    /** what stands for the value in help: "COLUMN" */
    const char *value;
    /** the default as text, or NULL */
    const char *fallback;
    /** for enums: "hc0|hc1|hc2" */
    const char *choices;
    /** for numbers; both 0 = unbounded */
    double min;
    /** largest value */
    double max;
    /** 1: must be given */
    int64_t required;
    /** 1: may be given without its name */
    int64_t positional;
    /** 1, for lists: a value is split at commas outside brackets and quotes */
    int64_t commas;
    /** heading in help: "Design", "Metrics", ... */
    const char *group;
    /** one or two sentences */
    const char *doc;
    /** a value */
    const char *example;
} up_option;

/** One field of the result of a verb, for its schema and its docs. */
typedef struct up_result_field {
    /** "rows[].estimate"; NULL ends a table */
    const char *name;
    /** "string", "number", "integer", "boolean", "array", "object" */
    const char *type;
    /** one sentence */
    const char *doc;
} up_result_field;

/** One verb. */
typedef struct up_verb {
    const char *name;              /**< "effect" */
    const char *summary;           /**< one line */
    const char *doc;               /**< paragraphs, separated by an empty line */
    const up_option *options;      /**< ends with name NULL */
    const up_result_field *result; /**< ends with name NULL */
    const char *const *refusals;   /**< status and note names, NULL-ended */
    const char *const *examples;   /**< command lines, NULL-ended */
    /** the list option without which up_call_stream() answers line by line; NULL = never */
    const char *stream;
} up_verb;

/** Gives verb number i, in the order of the help.
 *  @param[in] i from 0
 *  @return static; NULL behind the last
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const up_verb *up_catalog_verb(int64_t i);

/** Finds a verb by its name.
 *  @param[in] name e.g. "effect"
 *  @return static; NULL if there is none
 *  @par Cost O(verbs)
 *  @since 0.1 @par Stability experimental */
UP_API const up_verb *up_catalog_find(const char *name);

/** Gives the options that the program itself understands beside those of the verb.
 *  @return a static table that ends with name NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const up_option *up_catalog_globals(void);

/** A request: option names and values as text; a flag's value is "true". A list is given by
 *  repeating its name. */
typedef struct up_argument {
    const char *name, /**< of the option */
        *value;       /**< as text */
} up_argument;

/** The answer of a verb. Opaque. */
typedef struct up_result up_result;

/** Validates a request against the catalog and carries it out.
 *
 *  @param[in]  verb        name of the verb
 *  @param[in]  arguments   (n_arguments) names and values as text
 *  @param[in]  n_arguments 0 or more
 *  @param[in]  run         progress and stopping; options of the request come before it
 *  @param[out] out         the result; free with up_result_free()
 *  @param[out] err         the story of a failure; may be NULL
 *  @return UP_OK and a result; UP_E_USAGE for a verb, an option or a value that is not in the
 *          catalog; else the failure of the step that failed
 *  @par Assumes what the result lists as its assumptions
 *  @par Cost    that of the verb
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_call(const char *verb, const up_argument *arguments,
    int64_t n_arguments, const up_run *run, up_result **out, up_error *err) UP_MUST_USE;

/** Where a verb that answers line by line reads and writes. */
typedef struct up_stream {
    /** fills at most `capacity` bytes; gives their number, 0 at the end, -1 on failure */
    int64_t (*read)(void *user, char *buffer, int64_t capacity);
    /** takes n bytes; gives 0, 1 where the reader has gone away, -1 on failure */
    int (*write)(void *user, const char *text, int64_t n);
    /** handed to both */
    void *user;
    /** lines read; set by the call */
    int64_t lines;
    /** lines whose answer is a failure; set by the call */
    int64_t failed;
} up_stream;

/** Carries out a verb that answers line by line (`decide`). A line that cannot be answered gives
 *  a failure in its place and the rest goes on. What is answered is written before the next
 *  read.
 *
 *  @param[in]     verb        name of the verb
 *  @param[in]     arguments   (n_arguments) names and values as text
 *  @param[in]     n_arguments 0 or more
 *  @param[in]     run         stopping; NULL for defaults
 *  @param[in,out] io          lines in and out
 *  @param[out]    err         the story of a failure; may be NULL
 *  @return UP_OK, also when lines failed; UP_E_USAGE (a verb that does not stream, or as
 *          up_call()); UP_E_SOURCE and UP_E_WRITE when io fails; UP_E_STOPPED; UP_E_POLICY;
 *          UP_E_NO_MEMORY
 *  @par Cost that of the verb by line; memory does not grow with the lines
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_call_stream(const char *verb, const up_argument *arguments,
    int64_t n_arguments, const up_run *run, up_stream *io, up_error *err) UP_MUST_USE;

/** Gives the result as one JSON object.
 *  @param[in] r    the result; keeps the text
 *  @param[in] full 0 = compact (5 significant digits, bounded rows); 1 = all rows, every
 *                  digit (read back to the same bits)
 *  @return text that lives as long as r; NULL when memory ran out
 *  @par Cost O(length); once
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_result_json(up_result *r, int full);

/** Gives the result as CSV rows with a header, every digit.
 *  @param[in] r the result; keeps the text
 *  @return text that lives as long as r; NULL when memory ran out
 *  @par Cost O(length); once
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_result_csv(up_result *r);

/** Gives the rows of the result as an Arrow stream of one batch: texts, 64-bit integers, and
 *  doubles that are null where a number does not exist. A result without rows gives the
 *  schema of its columns, which may be none, and no batch.
 *
 *  @param[in]  r   the result; the stream does not need it afterwards
 *  @param[out] out a stream that the caller releases; untouched when the call fails
 *  @param[out] err the story of a failure; may be NULL
 *  @return UP_OK; UP_E_ARGUMENT (r or out is NULL); UP_E_NO_MEMORY
 *  @par Cost O(rows x columns)
 *  @par Source the Arrow C data and C stream interfaces
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_result_arrow(
    const up_result *r, struct ArrowArrayStream *out, up_error *err) UP_MUST_USE;

/** Gives the result for a terminal.
 *  @param[in] r       the result; keeps the text
 *  @param[in] width   columns of the terminal; 0 = 80
 *  @param[in] unicode 0 = ASCII only
 *  @param[in] color   0 or 1
 *  @return text that lives as long as r; NULL when memory ran out
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API const char *up_result_text(up_result *r, int width, int unicode, int color);

/** Gives what the program exits with after this result.
 *  @param[in] r the result
 *  @return 0, or 5 when a check failed and strict was asked for
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API int up_result_exit_code(const up_result *r);

/** Frees a result and its texts.
 *  @param[in] r may be NULL
 *  @par Cost O(rows)
 *  @since 0.1 @par Stability experimental */
UP_API void up_result_free(up_result *r);

/** Gives a failure as one JSON object: {"ok":false,"op","code","field","message","fix"}.
 *  @param[in]  verb    name of the verb, or ""
 *  @param[in]  failure the failure to tell
 *  @param[out] out     free with up_text_free()
 *  @param[out] err     the story of a failure of this call; may be NULL
 *  @return UP_OK; UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_error_json(
    const char *verb, const up_error *failure, char **out, up_error *err) UP_MUST_USE;

/** A command line, split by the catalog. Opaque. */
typedef struct up_command up_command;

/** What the program itself was asked for. */
typedef struct up_command_settings {
    /** "effect"; "help", "man", "completion" and "mcp" are the program's own: up_call() does
     *  not know them, and the values of "mcp" have been judged */
    const char *verb;
    /** the verb that help, man or --help speak of; NULL = the overview */
    const char *topic;
    /** file to write to; NULL = standard output */
    const char *output;
    /** one JSON object */
    int64_t json;
    /** with json: all rows, every digit */
    int64_t full;
    /** rows as CSV */
    int64_t csv;
    /** plain characters only */
    int64_t ascii;
    /** nothing on standard error */
    int64_t quiet;
    /** progress even without a terminal */
    int64_t progress;
    /** -1 never, 0 as the terminal allows, 1 always */
    int64_t color;
} up_command_settings;

/** Splits the words of a command line (without the program's name). Names are checked here,
 *  values by up_call(); --input FILE is read here.
 *
 *  @param[in]  argc number of words
 *  @param[in]  argv (argc) the words
 *  @param[out] out  the command; free with up_command_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE; UP_E_SOURCE (--input); UP_E_NO_MEMORY
 *  @par Cost O(words)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_command_parse(
    int argc, const char *const *argv, up_command **out, up_error *err) UP_MUST_USE;

/** Gives what the program itself was asked for.
 *  @param[in] c the command
 *  @return lives as long as c
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const up_command_settings *up_command_get(const up_command *c);

/** Gives the arguments for up_call().
 *  @param[in]  c the command
 *  @param[out] n how many there are
 *  @return (n) live as long as c
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API const up_argument *up_command_arguments(const up_command *c, int64_t *n);

/** Frees a command.
 *  @param[in] c may be NULL
 *  @par Cost O(words)
 *  @since 0.1 @par Stability experimental */
UP_API void up_command_free(up_command *c);

/** Gives the JSON Schema (2020-12) of a verb's request and result.
 *  @param[in]  verb NULL = of all verbs
 *  @param[out] out  free with up_text_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (no such verb); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_schema(
    const char *verb, char **out, up_error *err) UP_MUST_USE;

/** Gives the help text of a verb.
 *  @param[in]  verb  NULL = the overview
 *  @param[in]  width columns of the terminal; 0 = 80
 *  @param[out] out   free with up_text_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (no such verb); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_help(
    const char *verb, int width, char **out, up_error *err) UP_MUST_USE;

/** Gives the man page of a verb, in roff.
 *  @param[in]  verb NULL = the overview
 *  @param[out] out  free with up_text_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (no such verb); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_man(
    const char *verb, char **out, up_error *err) UP_MUST_USE;

/** Gives the completion script for a shell.
 *  @param[in]  shell "bash"; NULL = bash
 *  @param[out] out   free with up_text_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (another shell); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_completion(
    const char *shell, char **out, up_error *err) UP_MUST_USE;

/** Gives the page of a status or note code.
 *  @param[in]  code e.g. "E_UNIT"; NULL = the list of codes
 *  @param[out] out  free with up_text_free()
 *  @param[out] err  the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (no such code); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_explain(
    const char *code, char **out, up_error *err) UP_MUST_USE;

/** Gives a page of the guide.
 *  @param[in]  topic e.g. "designs"; NULL = the list of topics
 *  @param[out] out   free with up_text_free()
 *  @param[out] err   the story of a failure; may be NULL
 *  @return UP_OK; UP_E_USAGE (no such topic); UP_E_NO_MEMORY
 *  @par Cost O(length)
 *  @since 0.1 @par Stability experimental */
UP_API up_status up_catalog_guide(
    const char *topic, char **out, up_error *err) UP_MUST_USE;

/** Frees a text that this library made for the caller.
 *  @param[in] text may be NULL
 *  @par Cost O(1)
 *  @since 0.1 @par Stability experimental */
UP_API void up_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
