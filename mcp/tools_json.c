/* The list of tools as clients read it. Schemas are flat: one object, no references and no
 * composition, because many clients read nothing else; and short, because a model pays for
 * every word of them before its first call. */
#include "tools.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A property whose words in the catalog are too many, or say what does not hold here. A tool's
 * own come first. */
static const struct {
    const char *tool, *option, *doc;
} words[] = {
    {"rank", "policy", "Policy handle, or a file"},
    {"rank", "context", "policy: its covariates; decide: a context as JSON"},
    {"plan_experiment", "information", "Information at the looks"},
    {"plan_experiment", "strata", "assign: strata, balanced each"},
    {"plan_experiment", "alpha", "Chance of a false alarm"},
    {"plan_experiment", "metric", "Metric of the past rows"},
    {"plan_experiment", "method", "assign: how"},
    {"mediate", "alpha", "Level of the tests of discover and graph"},
    {NULL, "source", "File or glob: CSV, TSV, Parquet, JSON lines, file.duckdb::table"},
    {NULL, "itt", "Column of the arm assigned (intent to treat)"},
    {NULL, "treated", "Column of the arm received, where it may differ"},
    {NULL, "propensity", "Column: known probability of the unit's assignment"},
    {NULL, "instrument", "What was randomised, if not itt"},
    {NULL, "cluster", "Units assigned together, or rows of one unit"},
    {NULL, "time", "Period of the row"},
    {NULL, "strata", "Strata within which units were assigned"},
    {NULL, "expected-split", "Planned share of each arm"},
    {NULL, "missing", "Missing values: refuse, drop rows, or an own level"},
    {NULL, "post", "Columns measured after treatment: refused as covariates"},
    {NULL, "segment", "Condition on a continuous column to ask for later"},
    {NULL, "metric", "What is measured: column, 'name = expression', ratio(a, b)"},
    {NULL, "covariates", "Columns from before treatment; they narrow intervals"},
    {NULL, "prior", "A belief"},
    {NULL, "limit", "Rows shown"},
    {NULL, "accept", "Show numbers despite this failed check (recorded)"},
    {NULL, "graph", "Causal graph, or a file of one"},
    {NULL, "where", "Effect where a condition on covariates or time holds"},
    {NULL, "planned", "Planned size in rows (clusters), fixed before the data"},
    {NULL, "information", "group: share of the plan at every look so far"},
    {NULL, "inference", "fixed: one look; anytime: any looks; group: planned looks"},
    {NULL, "margin", "Claim to be shown of a guardrail"},
    {NULL, "adjust", "How comparisons are adjusted for one another"},
    {NULL, "relative", "Interval of the relative effect"},
    {NULL, "over-time", "One row per period"},
    {NULL, "cumulative", "With over_time: sum of the effects so far"},
    {NULL, "algorithm", "How arms are played"},
    {NULL, "shrink", "Draw effects towards their common mean"},
    {NULL, "to", "Shares of the levels of a covariate in the target"},
    {NULL, "means", "Means of numeric covariates in the target"},
    {NULL, "target", "Rows of the target, or a capsule of it"},
    {NULL, "method", "How rows are weighted"},
    {NULL, "forward", "Periods to carry forward"},
    {NULL, "rule", "How effects go on"},
    {NULL, "sensitivity", "How strong a hidden common cause must be"},
    {NULL, "test", "What has to be shown"},
    {NULL, "effect", "Effect to find, or % of the baseline"},
    {NULL, "baseline", "Mean or proportion under control"},
    {NULL, "looks-by", "A look at the end of each value of this column"},
    {NULL, "spending", "group: how alpha is spent"},
    {NULL, "level", "Confidence level"},
    {NULL, "cluster-size", "Mean units of a cluster"},
    {NULL, "per-day", "Units that arrive per day"},
};

static const char *
words_of(const mcp_tool *t, const up_option *o)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((words[i].tool == NULL || strcmp(words[i].tool, t->name) == 0) &&
            strcmp(words[i].option, o->name) == 0) {
            return words[i].doc;
        }
    }
    return o->doc;
}

/* The first sentence, without its stop, and an example where the type does not give one. */
static json_t *
describe(const mcp_tool *t, const up_option *o)
{
    char text[512];
    const char *doc = words_of(t, o);
    const char *end = strstr(doc, ". ");
    int n = end != NULL ? (int)(end - doc) : (int)strlen(doc);
    n -= n > 0 && doc[n - 1] == '.' ? 1 : 0;
    bool shown = (o->type == UP_OPTION_TEXT || o->type == UP_OPTION_LIST ||
                     o->type == UP_OPTION_PATH) &&
                 o->choices == NULL && o->example != NULL && strlen(o->example) < 50;
    (void)snprintf(text, sizeof text, "%.*s%s%s", n < 300 ? n : 300, doc,
        shown ? "; e.g. " : "", shown ? o->example : "");
    return json_string(text);
}

static json_t *
choices_of(const char *choices)
{
    json_t *list = json_array();
    for (;;) {
        size_t n = strcspn(choices, "|");
        (void)json_array_append_new(list, json_stringn(choices, n));
        if (choices[n] == '\0') {
            return list;
        }
        choices += n + 1;
    }
}

static json_t *
number(const up_option *o, double x)
{
    return o->type == UP_OPTION_INTEGER || x == (double)(long long)x
               ? json_integer((json_int_t)x)
               : json_real(x);
}

static void
put(json_t *o, const char *name, json_t *value)
{
    (void)json_object_set_new(o, name, value);
}

static const char *
type_of(const up_option *o)
{
    switch (o->type) {
    case UP_OPTION_FLAG:
        return "boolean";
    case UP_OPTION_INTEGER:
        return "integer";
    case UP_OPTION_NUMBER:
        return "number";
    default:
        return "string";
    }
}

/* Bounds that say something; 1e15 is none. */
static void
put_bounds(json_t *p, const up_option *o)
{
    bool limit = strcmp(o->name, "limit") == 0;
    if (o->min != 0 || o->max != 0) {
        put(p, "minimum", number(o, o->min));
        put(p, "maximum", number(o, limit ? MCP_MOST_ROWS : o->max));
    }
}

static json_t *
property(const mcp_tool *t, const up_option *o)
{
    json_t *p = json_object();
    bool list = o->type == UP_OPTION_LIST;
    put(p, "type", json_string(list ? "array" : type_of(o)));
    if (list) {
        json_t *items = json_object();
        put(items, "type", json_string("string"));
        if (o->choices != NULL) {
            put(items, "enum", choices_of(o->choices));
        }
        put(p, "items", items);
    } else if (o->choices != NULL) {
        put(p, "enum", choices_of(o->choices));
    }
    put_bounds(p, o);
    put(p, "description", describe(t, o));
    return p;
}

static json_t *
text_property(const char *type, const char *doc)
{
    return json_pack("{s:s, s:s}", "type", type, "description", doc);
}

/* The verbs of the tool as the choices of `what`. */
static json_t *
what_property(const mcp_tool *t)
{
    json_t *p = json_pack("{s:s}", "type", "string");
    json_t *list = json_array();
    for (const mcp_role *r = t->roles; r->verb != NULL; r++) {
        (void)json_array_append_new(list, json_string(r->verb));
    }
    put(p, "enum", list);
    put(p, "description", json_string("Which of these"));
    return p;
}

/* What a design or a fit brings; it may be said again, but nobody has to know. */
static bool
inherited(const mcp_tool *t, const up_option *o)
{
    bool fit = strcmp(t->name, "fit") == 0;
    return t->takes != 0 && (strcmp(o->group, "Design") == 0 ||
                                (!fit && (strcmp(o->group, "Metrics") == 0 ||
                                             strcmp(o->group, "Model") == 0)));
}

/* The names of the options without a property, so that a model can ask for them. */
static json_t *
options_property(const mcp_tool *t)
{
    char text[1024] = "Others as 'name=value':";
    size_t n = strlen(text);
    for (const mcp_role *r = t->roles; r->verb != NULL; r++) {
        const up_verb *v = up_catalog_find(r->verb);
        for (const up_option *o = v->options; o->name != NULL; o++) {
            char name[64];
            char again[80];
            mcp_json_name(o->name, name);
            (void)snprintf(again, sizeof again, " %s,", name);
            bool rare = strcmp(o->name, "truth") == 0 || strcmp(o->name, "strict") == 0;
            bool told = rare || mcp_tool_shows(t, o->name, NULL) ||
                        mcp_option_hidden(o) || strcmp(o->group, "Run") == 0 ||
                        inherited(t, o) || strstr(text, again) != NULL ||
                        strcmp(o->name, "source") == 0;
            if (!told && n + strlen(again) < sizeof text) {
                n += (size_t)snprintf(text + n, sizeof text - n, "%s", again);
            }
        }
    }
    (void)snprintf(text + n, sizeof text - n, " seed");
    return json_pack("{s:s, s:{s:s}, s:s}", "type", "array", "items", "type", "string",
        "description", text);
}

static void
put_own(const mcp_tool *t, json_t *properties)
{
    static const struct {
        const char *name, *type, *doc;
    } own[] = {
        {MCP_OWN_DESIGN, "string", "Handle from declare_design"},
        {MCP_OWN_FIT, "string", "Handle from fit"},
        {MCP_OWN_DETAILED, "boolean", "All rows and digits"},
        {MCP_OWN_RESULT, "string", "Effect handle of an earlier answer"},
        {MCP_OWN_OFFSET, "integer", "First row of it, from 0"},
    };
    if (mcp_tool_owns(t, MCP_OWN_WHAT)) {
        put(properties, MCP_OWN_WHAT, what_property(t));
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (mcp_tool_owns(t, own[i].name)) {
            put(properties, own[i].name, text_property(own[i].type, own[i].doc));
        }
    }
    if (mcp_tool_owns(t, MCP_OWN_OFFSET)) {
        put(json_object_get(properties, MCP_OWN_OFFSET), "minimum", json_integer(0));
    }
    if (mcp_tool_owns(t, MCP_OWN_OPTIONS)) {
        put(properties, MCP_OWN_OPTIONS, options_property(t));
    }
}

static json_t *
input_schema(const mcp_tool *t)
{
    json_t *schema = json_pack("{s:s}", "type", "object");
    json_t *properties = json_object();
    json_t *required = json_array();
    if (t->takes == MCP_TAKES_DESIGN && mcp_tool_shows(t, "source", NULL) == false) {
        (void)json_array_append_new(required, json_string(MCP_OWN_DESIGN));
    }
    if (t->takes == MCP_TAKES_FIT) {
        (void)json_array_append_new(required, json_string(MCP_OWN_FIT));
    }
    for (const char *s = t->shown; *s != '\0';) {
        char option[64];
        char name[64];
        bool must = *s == '!';
        s += must ? 1 : 0;
        size_t n = strcspn(s, " ");
        (void)snprintf(option, sizeof option, "%.*s", (int)n, s);
        const up_option *o = mcp_tool_option(t, option);
        mcp_json_name(option, name);
        if (o != NULL) {
            put(properties, name, property(t, o));
        }
        if (must && o != NULL) {
            (void)json_array_append_new(required, json_string(name));
        }
        s += n;
        s += strspn(s, " ");
    }
    put_own(t, properties);
    put(schema, "properties", properties);
    put(schema, "required", required);
    put(schema, "additionalProperties", json_false());
    return schema;
}

/* The words of a result are in the result; a model needs none of them before. */
static json_t *
output_schema(void)
{
    return json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}, s:[s, s, s]}",
        "type", "object", "properties", "ok", "type", "boolean", "headline", "type",
        "string", "rows", "type", "array", "agent", "type", "object", "required", "ok",
        "headline", "agent");
}

char *
mcp_tools_json(void)
{
    json_t *list = json_array();
    for (int64_t i = 0; mcp_tool_at(i) != NULL; i++) {
        const mcp_tool *t = mcp_tool_at(i);
        json_t *tool = json_pack("{s:s, s:s, s:s}", "name", t->name, "title", t->title,
            "description", t->doc);
        put(tool, "inputSchema", input_schema(t));
        put(tool, "outputSchema", output_schema());
        put(tool, "annotations",
            json_pack("{s:b, s:b}", "readOnlyHint", 1, "openWorldHint", 0));
        (void)json_array_append_new(list, tool);
    }
    char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(list);
    return text;
}
