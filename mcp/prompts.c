/* Prompts: how a person starts one of four kinds of work. They name the tools in the order in
 * which they are called; the rules themselves are in the instructions of the server. */
#include "resources.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 3 };

static const struct prompt {
    const char *name, *title, *doc;
    struct {
        const char *name, *doc;
        bool required;
    } argument[MOST_ARGUMENTS];
    const char *text; /* {name} stands for an argument */
} prompts[] = {
    {"analyze_experiment", "Analyse an experiment",
        "From the rows of an experiment to what changed, for whom, and what to do",
        {{"data", "File or glob of the rows", true},
            {"metric", "What is measured, if it is known", false},
            {"question", "What has to be decided", false}},
        "Analyse the experiment in {data}. Metric: {metric}. Question: {question}.\n"
        "1. describe_data: look at the columns, the proposed roles and the traps.\n"
        "2. declare_design: state how units were randomised. Ask me where it cannot be "
        "seen in the data. Stop if a check fails, and say why.\n"
        "3. fit with covariates from before treatment; infer_effect for everyone "
        "first, "
        "then for the segments that were asked for.\n"
        "4. rank, mediate and project where they help the decision.\n"
        "Report estimates with intervals, the estimand, the number of specifications "
        "tried, and every warning. Do not call an effect causal that was refused."},
    {"design_experiment", "Plan an experiment",
        "How many units, which arms, which looks, before any data",
        {{"goal", "What the experiment is to find out", true},
            {"metric", "What will be measured, with its mean and spread if known",
                false},
            {"data", "File of earlier rows, if there is one", false}},
        "Plan an experiment. Goal: {goal}. Metric: {metric}. Earlier rows: {data}.\n"
        "Use plan_experiment: power for the units (from the earlier rows where there "
        "are "
        "some), boundaries if we will look before the end, assign to show how units "
        "get "
        "their arms. State the smallest effect that would change the decision and ask "
        "me for it if it is not known. End with the size, the looks and the analysis "
        "that "
        "are fixed from now on."},
    {"explain_result", "Explain a result", "An earlier answer in plain words",
        {{"result", "Effect handle of the answer", true}},
        "Read the result {result} with the tool guide, and explain it to somebody who "
        "decides and does not know statistics: what changed, by how much and how sure "
        "that is, for whom it holds, what was assumed, what each warning means (guide "
        "with code), how many specifications were tried. Say what the result does not "
        "show."},
    {"audit_data", "Audit the data", "Whether the rows of an experiment can be trusted",
        {{"data", "File or glob of the rows", true}},
        "Audit {data} before any effect is read. describe_data, then declare_design "
        "with "
        "the roles you propose, then check. Go through every trap and every verdict "
        "that "
        "is not passed: what it is, how many rows it concerns, what it would do to an "
        "effect, and what to do about it. Do not estimate effects."},
};

char *
mcp_prompts_json(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof prompts / sizeof prompts[0]; i++) {
        json_t *arguments = json_array();
        for (size_t k = 0; k < MOST_ARGUMENTS && prompts[i].argument[k].name; k++) {
            (void)json_array_append_new(arguments,
                json_pack("{s:s, s:s, s:b}", "name", prompts[i].argument[k].name,
                    "description", prompts[i].argument[k].doc, "required",
                    prompts[i].argument[k].required));
        }
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o}", "name", prompts[i].name, "title",
                      prompts[i].title, "description", prompts[i].doc, "arguments",
                      arguments));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

void
mcp_reply_object(mcp_reply *reply, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    size_t n = text != NULL ? strlen(text) : 0;
    if (n < 2) {
        free(text);
        reply->outcome = MCP_INTERNAL;
        reply->text = strdup("memory ran out");
        return;
    }
    memmove(text, text + 1, n - 2); /* without the braces */
    text[n - 2] = '\0';
    reply->body = text;
}

static void
bad(mcp_reply *reply, const char *what, const char *name)
{
    mcp_text t = {0};
    size_t n = 0;
    char shown[80];
    (void)snprintf(shown, sizeof shown, "%s '%.40s'", what, name);
    mcp_text_add(&t, shown);
    reply->outcome = MCP_BAD_PARAMS;
    reply->text = mcp_text_take(&t, &n);
}

/* The text with its arguments; one that was not given is "not given". */
static char *
fill(const char *text, const json_t *arguments)
{
    mcp_text t = {0};
    size_t length = 0;
    while (*text != '\0') {
        size_t n = strcspn(text, "{");
        mcp_text_bytes(&t, text, n);
        text += n;
        if (*text == '{') {
            char name[32];
            size_t m = strcspn(text + 1, "}");
            (void)snprintf(name, sizeof name, "%.*s", (int)m, text + 1);
            const char *value = json_string_value(json_object_get(arguments, name));
            mcp_text_add(&t, value != NULL && value[0] != '\0' ? value : "not given");
            text += m + 2;
        }
    }
    return mcp_text_take(&t, &length);
}

void
mcp_get_prompt(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    const struct prompt *p = NULL;
    (void)user;
    (void)call;
    for (size_t i = 0; i < sizeof prompts / sizeof prompts[0]; i++) {
        p = strcmp(prompts[i].name, name) == 0 ? &prompts[i] : p;
    }
    if (p == NULL) {
        bad(reply, "there is no prompt", name);
        return;
    }
    for (size_t k = 0; k < MOST_ARGUMENTS && p->argument[k].name != NULL; k++) {
        const json_t *value = json_object_get(arguments, p->argument[k].name);
        if (p->argument[k].required && !json_is_string(value)) {
            bad(reply, "the prompt needs the argument", p->argument[k].name);
            return;
        }
    }
    char *text = fill(p->text, arguments);
    json_t *body = text != NULL ? json_pack("{s:s, s:[{s:s, s:{s:s, s:s}}]}",
                                      "description", p->doc, "messages", "role", "user",
                                      "content", "type", "text", "text", text)
                                : NULL;
    mcp_reply_object(reply, body);
    json_decref(body);
    free(text);
}
