/* The table of `mcp`, a verb of the program: it has a page, but no request and no result. */
#include "catalog/options.h"
#include "catalog/verbs.h"

static const up_option mcp_options[] = {
    {.name = "allow",
        .type = UP_OPTION_LIST,
        .value = "DIR",
        .fallback = "the working directory",
        .group = "Server",
        .example = "experiments",
        .doc =
            "A directory whose files may be read, with all below it; may be repeated. "
            "Symbolic links are resolved first, so that none leads out of it."},
    {.name = "cache",
        .type = UP_OPTION_PATH,
        .value = "DIR",
        .fallback = "upshot in $XDG_CACHE_HOME, or in ~/.cache",
        .group = "Server",
        .example = ".upshot",
        .doc =
            "Where designs, fits, answers and the journal of specifications are kept. "
            "A handle stays good for as long as its file is there."},
    {.name = "http",
        .type = UP_OPTION_INTEGER,
        .value = "PORT",
        .max = 65535,
        .group = "Server",
        .example = "8931",
        .doc =
            "Serve http://127.0.0.1:PORT/mcp instead of the standard streams, to this "
            "machine alone; 0 takes a free port. The address is told on standard "
            "error."},
    OPTION_END,
};
static const char *const mcp_refusals[] = {"E_USAGE", "E_SOURCE", "E_WRITE", NULL};
static const char *const mcp_examples[] = {"upshot mcp",
    "upshot mcp --allow experiments",
    "upshot mcp --allow experiments --cache .upshot --http 8931", NULL};

const up_verb upi_verb_mcp = {
    .name = "mcp",
    .summary = "the verbs as tools for an agent (Model Context Protocol)",
    .doc =
        "Serves the verbs as about ten tools, with the guide as resources and with "
        "prompts, until its standard input ends. Protocol 2026-07-28 and, by the "
        "handshake, 2025-11-25 to 2024-11-05.\n\n"
        "A host starts it itself. For Claude Code: claude mcp add upshot -- upshot mcp "
        "--allow DIR. For others: {\"mcpServers\": {\"upshot\": {\"command\": "
        "\"upshot\", \"args\": [\"mcp\", \"--allow\", \"DIR\"]}}}.\n\n"
        "Data are named by path and stay on this machine; nothing is sent anywhere. "
        "Files are written to the cache alone. Results are those of the verbs, byte "
        "for byte.",
    .options = mcp_options,
    .refusals = mcp_refusals,
    .examples = mcp_examples,
};
