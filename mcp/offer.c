/* The offer put together. The instructions are what a model reads before its first call, in
 * clients that search tools by need the only thing: the loop and the rules, nothing else. */
#include "offer.h"

#include "answer.h"
#include "fail.h"
#include "read.h"
#include "resources.h"

#include <upshot/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char instructions[] =
    "Upshot analyses experiments: what changed, for whom, why, what to do, will it "
    "last. Rows stay in files; name them by path or glob, never paste them.\n"
    "Loop: describe_data -> declare_design (gives design_...) -> fit (gives fit_...) "
    "-> "
    "infer_effect -> rank, mediate, project. check: can the data be trusted. "
    "plan_experiment: before the data. monitor: looks in a row. guide: pages, codes, "
    "earlier results.\n"
    "Handles hold what was declared; give them, not the roles again. They stay valid "
    "in "
    "later sessions.\n"
    "Rules. 1. State how units were randomised from what is known, not from what gives "
    "a "
    "result; ask if unsure. 2. Covariates and segments must be measured before "
    "treatment. "
    "3. A refusal is an answer: it says the code, why, and the next call. accept only "
    "if "
    "the user decides so; it is recorded. 4. Looking before the planned size needs "
    "inference anytime (with planned) or group. 5. Segments asked one after another "
    "are "
    "adjusted for one another; report the adjusted interval. 6. Report agent."
    "specifications, every warning, the estimand. 7. next_calls in a result are valid "
    "calls; agent.command gives the same bytes on the command line.";

static void
call_tool(void *user, const char *name, const json_t *arguments, mcp_call *call,
    mcp_reply *reply)
{
    const mcp_state *s = user;
    const mcp_tool *t = mcp_tool_find(name);
    if (t == NULL) {
        char text[96];
        (void)snprintf(text, sizeof text, "there is no tool '%.60s'", name);
        reply->outcome = MCP_BAD_PARAMS;
        reply->text = strdup(text);
        return;
    }
    if (strcmp(t->name, "guide") == 0) {
        mcp_answer_guide(s, t, arguments, call, reply);
    } else {
        mcp_answer_tool(s, t, arguments, call, reply);
    }
    if (reply->body == NULL) {
        reply->outcome = MCP_INTERNAL;
        reply->text = strdup("memory ran out");
    }
}

static void
state_free(mcp_state *s)
{
    if (s != NULL) {
        mcp_allow_close(&s->allow);
        mcp_workspace_close(&s->workspace);
        free(s->tools);
        free(s->prompts);
        free(s->templates);
        free(s);
    }
}

up_status
mcp_offer_open(const mcp_offer_opts *opts, mcp_offer *out, up_error *err)
{
    mcp_state *s = calloc(1, sizeof *s);
    up_status status = s != NULL ? UP_OK : mcp_fail_memory(err);
    if (status == UP_OK) {
        status = mcp_allow_open(opts->allow, (size_t)opts->n_allow, &s->allow, err);
    }
    if (status == UP_OK) {
        status = mcp_workspace_open(opts->cache, &s->workspace, err);
    }
    if (status == UP_OK) {
        status = mcp_allow_add(&s->allow, s->workspace.path, err);
    }
    if (status == UP_OK) {
        s->tools = mcp_tools_json();
        s->prompts = mcp_prompts_json();
        s->templates = mcp_templates_json();
        if (s->tools == NULL || s->prompts == NULL || s->templates == NULL) {
            status = mcp_fail_memory(err);
        }
    }
    if (status != UP_OK) {
        state_free(s);
        return status;
    }
    *out = (mcp_offer){.name = "upshot",
        .title = "Upshot: analysis of experiments",
        .version = up_version(),
        .instructions = instructions,
        .user = s,
        .tools = s->tools,
        .resource_templates = s->templates,
        .prompts = s->prompts,
        .call_tool = call_tool,
        .list_resources = mcp_list_resources,
        .read_resource = mcp_read_resource,
        .get_prompt = mcp_get_prompt,
        .complete = mcp_complete};
    return UP_OK;
}

void
mcp_offer_close(mcp_offer *offer)
{
    state_free(offer->user);
    *offer = (mcp_offer){0};
}
