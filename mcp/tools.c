/* The table of the tools. Types, bounds, choices, defaults and words of the properties come
 * from the catalog (tools_json.c). */
#include "tools.h"

#include <stdio.h>
#include <string.h>

static const mcp_tool tools[] = {
    {.name = "describe_data",
        .title = "Look at the data",
        .doc = "Columns of a file: types, missing values, ranges, common values, which "
               "roles they may have and which traps they hold. Begin here. Rows stay "
               "in the file; give its path.",
        .roles = {{"describe", true}},
        .shown = "!source itt treated unit cluster time assigned-at"},
    {.name = "declare_design",
        .title = "Declare how units were randomised",
        .doc = "Declares the roles of the columns, checks them against the data (sizes "
               "of the arms, missing values, compliance, balance) and gives a design "
               "handle. Roles are inherited by all later calls.",
        .roles = {{"check", true}},
        .shown = "!source !itt !metric covariates treated propensity "
                 "instrument cluster unit time strata control expected-split "
                 "filter missing post"},
    {.name = "fit",
        .title = "Compress the rows and fit",
        .doc = "Reads the rows of a design once, fits all metrics and gives a fit "
               "handle that answers later questions without the rows. Segments to ask "
               "for later must be covariates or segments here.",
        .roles = {{"fit", true}},
        .shown = "metric covariates segment time vcov posterior prior graph "
                 "accept",
        .takes = MCP_TAKES_DESIGN},
    {.name = "infer_effect",
        .title = "What changed, for whom",
        .doc = "Effects of a fit by metric, arm, segment and period, with intervals. "
               "Several segments are adjusted for one another. Looking again at grown "
               "data needs inference anytime or group.",
        .roles = {{"effect", false}},
        .shown = "where by over-time against estimand metric level inference "
                 "planned information margin adjust accept limit",
        .takes = MCP_TAKES_FIT},
    {.name = "monitor",
        .title = "Look again and again",
        .doc = "The path of the effects over looks (files in order, or a column), with "
               "intervals that hold at every look.",
        .roles = {{"monitor", true}},
        .shown = "source looks-by increments metric where by planned "
                 "inference information limit",
        .takes = MCP_TAKES_DESIGN},
    {.name = "rank",
        .title = "Which arm is best, and for whom",
        .doc =
            "rank: probability of being best and expected loss. policy: arms by "
            "context, saved under a handle. decide: play it on contexts. value: what "
            "it would earn on logged rows (needs a design). adaptive: effects from "
            "data of a learning policy (needs a design).",
        .roles = {{"rank", false}, {"policy", false}, {"decide", false},
            {"value", true}, {"adaptive", true}},
        .shown = "metric where by minimize algorithm floor reward context "
                 "policy level accept",
        .takes = MCP_TAKES_DESIGN | MCP_TAKES_FIT},
    {.name = "mediate",
        .title = "Why: paths of the effect",
        .doc = "mediate: the effect split over the paths of a causal graph. graph: "
               "what a graph implies, what to adjust for. discover: propose a graph.",
        .roles = {{"mediate", false}, {"graph", true}, {"discover", true}},
        .shown = "graph outcome treatment adjust-for where by sensitivity "
                 "detail tiers accept",
        .takes = MCP_TAKES_DESIGN | MCP_TAKES_FIT},
    {.name = "project",
        .title = "Will it last, and elsewhere",
        .doc = "Effects of a fit in another population (shares, means or a target "
               "file) or carried forward in time.",
        .roles = {{"project", false}},
        .shown = "to means target forward rule where by metric level accept",
        .takes = MCP_TAKES_FIT | MCP_TAKES_DESIGN},
    {.name = "check",
        .title = "Can the data be trusted",
        .doc = "Every check that applies to a design or a fit, one verdict each.",
        .roles = {{"check", false}},
        .shown = "metric covariates",
        .takes = MCP_TAKES_DESIGN | MCP_TAKES_FIT},
    {.name = "plan_experiment",
        .title = "Before the data",
        .doc = "power: units, power or smallest effect, from numbers or from past rows "
               "(source or design). boundaries: bounds of a plan of looks. assign: "
               "which unit gets which arm, the first rows.",
        .roles = {{"power", true}, {"boundaries", true}, {"assign", true}},
        .shown = "source metric effect units power alpha kind baseline sd "
                 "arms shares test margin inference looks spending "
                 "cluster-size icc unit",
        .takes = MCP_TAKES_DESIGN},
    {.name = "guide",
        .title = "Read a page, a code or an earlier result",
        .doc = "topic: a page of the guide (none: the list of topics). code: what a "
               "refusal or warning means. result: rows of an earlier answer by its "
               "effect handle.",
        .roles = {{"guide", true}, {"explain", true}},
        .shown = "topic code"},
    {.name = NULL},
};

const mcp_tool *
mcp_tool_at(int64_t i)
{
    int64_t n = (int64_t)(sizeof tools / sizeof tools[0]) - 1;
    return i >= 0 && i < n ? &tools[i] : NULL;
}

const mcp_tool *
mcp_tool_find(const char *name)
{
    for (const mcp_tool *t = tools; t->name != NULL; t++) {
        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    return NULL;
}

const mcp_tool *
mcp_tool_of_verb(const char *verb, const mcp_role **role)
{
    for (const mcp_tool *t = tools; t->name != NULL; t++) {
        *role = mcp_tool_role(t, verb);
        if (*role != NULL) {
            return t;
        }
    }
    return NULL;
}

const mcp_role *
mcp_tool_role(const mcp_tool *t, const char *what)
{
    if (what == NULL) {
        return &t->roles[0];
    }
    for (const mcp_role *r = t->roles; r->verb != NULL; r++) {
        if (strcmp(r->verb, what) == 0) {
            return r;
        }
    }
    return NULL;
}

void
mcp_json_name(const char *name, char out[64])
{
    (void)snprintf(out, 64, "%s", name);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '-') {
            *c = '_';
        }
    }
}

json_t *
mcp_borrow(const json_t *value)
{
    union {
        const json_t *from;
        json_t *to;
    } lent = {value};
    return lent.to;
}

const up_option *
mcp_option(const up_verb *v, const char *name)
{
    char asked[64];
    mcp_json_name(name, asked);
    for (const up_option *o = v->options; o->name != NULL; o++) {
        char own[64];
        mcp_json_name(o->name, own);
        if (strcmp(own, asked) == 0) {
            return o;
        }
    }
    return NULL;
}

const up_option *
mcp_tool_option(const mcp_tool *t, const char *name)
{
    const up_option *o = NULL;
    for (const mcp_role *r = t->roles; r->verb != NULL && o == NULL; r++) {
        o = mcp_option(up_catalog_find(r->verb), name);
    }
    return o;
}

bool
mcp_tool_shows(const mcp_tool *t, const char *option, bool *required)
{
    size_t n = strlen(option);
    for (const char *s = t->shown; *s != '\0';) {
        size_t length = strcspn(s, " ");
        bool must = *s == '!';
        const char *word = must ? s + 1 : s;
        if (length - (must ? 1 : 0) == n && strncmp(word, option, n) == 0) {
            if (required != NULL) {
                *required = must;
            }
            return true;
        }
        s += length;
        s += strspn(s, " ");
    }
    return false;
}

bool
mcp_option_hidden(const up_option *o)
{
    bool place = strcmp(o->name, "save") == 0 || strcmp(o->name, "to") == 0 ||
                 strcmp(o->name, "spill") == 0;
    return (place && o->type == UP_OPTION_PATH) || strcmp(o->name, "force") == 0;
}

bool
mcp_option_reads(const up_option *o)
{
    static const char *const names[] = {"source", "target", "graph", "policy", NULL};
    for (const char *const *n = names; *n != NULL; n++) {
        if (strcmp(*n, o->name) == 0) {
            return true;
        }
    }
    return o->type == UP_OPTION_PATH;
}

bool
mcp_option_of_rows(const char *name)
{
    static const char *const names[] = {
        "covariates", "post", "segment", "layout", "graph", "interaction", NULL};
    for (const char *const *n = names; *n != NULL; n++) {
        if (strcmp(*n, name) == 0) {
            return true;
        }
    }
    return false;
}

bool
mcp_tool_owns(const mcp_tool *t, const char *name)
{
    bool guide = strcmp(t->name, "guide") == 0;
    const struct {
        const char *name;
        bool owned;
    } own[] = {{MCP_OWN_WHAT, t->roles[1].verb != NULL && !guide},
        {MCP_OWN_DESIGN, (t->takes & MCP_TAKES_DESIGN) != 0},
        {MCP_OWN_FIT, (t->takes & MCP_TAKES_FIT) != 0}, {MCP_OWN_OPTIONS, !guide},
        {MCP_OWN_DETAILED, !guide}, {MCP_OWN_RESULT, guide}, {MCP_OWN_OFFSET, guide}};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(own[i].name, name) == 0) {
            return own[i].owned;
        }
    }
    return false;
}
