/* The protocol without a transport: a message is read, its version and method are settled, it
 * is worked out, and the answer is put together. A batch, which only 2025-03-26 has, is some
 * messages that are answered together, one after the other. */
#include "rpc.h"

#include "methods.h"

#include <stdlib.h>
#include <string.h>

/* More messages than any client has reason to send at once. */
enum { LONGEST_BATCH = 100 };

typedef struct part {
    mcp_message m;
    mcp_call call;
    bool has_call;
    enum mcp_era era;
    const mcp_method *method;
} part;

struct mcp_request {
    const mcp_offer *offer;
    const mcp_wire *wire;
    bool batch;
    size_t n;
    part *parts;
};

static mcp_request *
make(const mcp_offer *offer, const mcp_wire *wire, size_t n)
{
    mcp_request *r = calloc(1, sizeof *r);
    part *parts = calloc(n, sizeof *parts);
    if (r == NULL || parts == NULL) {
        free(r);
        free(parts);
        return NULL;
    }
    *r = (mcp_request){.offer = offer, .wire = wire, .n = n, .parts = parts};
    return r;
}

/* A message of which nothing is known but what is wrong with it. */
static mcp_request *
make_refusal(const mcp_offer *offer, const mcp_wire *wire, const mcp_fault *fault)
{
    mcp_request *r = make(offer, wire, 1);
    if (r != NULL) {
        r->parts[0].m.kind = MCP_MESSAGE_REQUEST;
        r->parts[0].m.fault = *fault;
    }
    return r;
}

static void
refuse_method(const mcp_request *r, part *p)
{
    mcp_text versions = {0};
    size_t n = 0;
    mcp_era_list(&versions);
    char *list = mcp_text_take(&versions, &n);
    bool opens = strcmp(p->m.method, "initialize") == 0;
    mcp_fault_set(&p->m.fault, MCP_E_METHOD, p->era == MCP_ERA_MODERN ? 404 : 0,
        "%s has no method '%.200s'%s%s", r->offer->name, p->m.method,
        opens ? " in this version of the protocol; it speaks " : "",
        opens && list != NULL ? list : "");
    free(list);
}

static void
settle_part(mcp_request *r, part *p)
{
    mcp_message *m = &p->m;
    p->era = MCP_ERA_LEGACY;
    if (m->kind != MCP_MESSAGE_REQUEST || m->fault.code != 0) {
        return;
    }
    p->era = mcp_era_settle(m, r->wire->headers);
    if (m->fault.code != 0) {
        return;
    }
    if (r->batch &&
        (p->era == MCP_ERA_MODERN || strcmp(m->method, "initialize") == 0)) {
        mcp_fault_set(&m->fault, MCP_E_REQUEST, 0, "this cannot be part of a batch");
        return;
    }
    p->method = mcp_method_find(r->offer, m->method, p->era);
    if (p->method == NULL) {
        refuse_method(r, p);
        return;
    }
    p->has_call = m->params != NULL && mcp_call_open(&p->call, r->wire);
    if (!p->has_call) {
        mcp_fault_set(&m->fault, MCP_E_INTERNAL, 0, "memory ran out");
        return;
    }
    p->call.params = m->params;
    p->call.token = m->token;
    p->call.modern = p->era == MCP_ERA_MODERN;
}

static bool
is_cancelled(const part *p)
{
    return p->has_call && atomic_load(&p->call.cancelled);
}

static bool
waits_for(const part *p, const char *key)
{
    return p->has_call && p->m.key != NULL && strcmp(p->m.key, key) == 0 &&
           !is_cancelled(p);
}

static void
refuse_id(mcp_message *m)
{
    if (m->kind == MCP_MESSAGE_REQUEST && m->id != NULL) {
        mcp_fault_set(&m->fault, MCP_E_REQUEST, 400,
            "the id %.100s belongs to a request that is not answered yet", m->id);
        /* With the id it would be taken for the answer of that request. */
        free(m->id);
        m->id = NULL;
    }
}

static mcp_request *
read_batch(const mcp_offer *offer, const mcp_wire *wire, mcp_span text, size_t depth)
{
    mcp_fault fault = {0};
    mcp_span element;
    size_t at = 0, n = 0;
    while (n <= LONGEST_BATCH && mcp_json_next(text, &at, &element)) {
        n++;
    }
    if (n == 0 || n > LONGEST_BATCH) {
        mcp_fault_set(&fault, MCP_E_REQUEST, 400,
            n == 0 ? "the batch is empty" : "a batch has at most %d messages",
            LONGEST_BATCH);
        return make_refusal(offer, wire, &fault);
    }
    mcp_request *r = make(offer, wire, n);
    if (r == NULL) {
        return NULL;
    }
    r->batch = true;
    at = 0;
    for (size_t i = 0; i < n && mcp_json_next(text, &at, &element); i++) {
        mcp_message_read(&r->parts[i].m, element, depth);
        settle_part(r, &r->parts[i]);
        for (size_t k = 0; k < i; k++) {
            const char *key = r->parts[i].m.key;
            if (key != NULL && waits_for(&r->parts[k], key)) {
                refuse_id(&r->parts[i].m);
            }
        }
    }
    return r;
}

mcp_request *
mcp_request_read(
    const mcp_offer *offer, const mcp_wire *wire, const char *bytes, size_t n)
{
    mcp_span text = {bytes, n};
    mcp_fault fault = {0};
    mcp_json_state state = mcp_json_check(text);
    if (state.no_memory) {
        return NULL;
    }
    if (!state.valid) {
        mcp_fault_set(&fault, MCP_E_PARSE, 400,
            "the message is not JSON in UTF-8: byte %zu", state.at + 1);
        return make_refusal(offer, wire, &fault);
    }
    text = mcp_json_trim(text);
    if (text.s[0] == '[' && mcp_era_has_batches(wire)) {
        return read_batch(offer, wire, text, state.depth);
    }
    mcp_request *r = make(offer, wire, 1);
    if (r != NULL) {
        mcp_message_read(&r->parts[0].m, text, state.depth);
        settle_part(r, &r->parts[0]);
    }
    return r;
}

mcp_request *
mcp_request_too_long(const mcp_offer *offer, const mcp_wire *wire)
{
    mcp_fault fault = {0};
    mcp_fault_set(&fault, MCP_E_REQUEST, 400,
        "the message is longer than the %zu bytes that are read", MCP_LONGEST_MESSAGE);
    return make_refusal(offer, wire, &fault);
}

static enum mcp_kind
part_kind(const part *p)
{
    if (p->m.kind != MCP_MESSAGE_REQUEST) {
        return MCP_SILENT;
    }
    return p->m.fault.code != 0 ? MCP_QUICK : p->method->kind;
}

enum mcp_kind
mcp_request_kind(const mcp_request *r)
{
    enum mcp_kind kind = MCP_SILENT;
    for (size_t i = 0; i < r->n; i++) {
        enum mcp_kind k = part_kind(&r->parts[i]);
        kind = k > kind ? k : kind;
    }
    return kind;
}

const char *
mcp_request_settles(const mcp_request *r)
{
    const part *p = &r->parts[0];
    if (r->batch || p->method == NULL || p->m.fault.code != 0 ||
        strcmp(p->m.method, "initialize") != 0) {
        return NULL;
    }
    const char *asked =
        json_string_value(json_object_get(p->m.params, "protocolVersion"));
    return asked != NULL ? mcp_era_agree(asked) : NULL;
}

const char *
mcp_request_cancels(const mcp_request *r)
{
    return r->batch || r->parts[0].m.kind != MCP_MESSAGE_NOTIFICATION
               ? NULL
               : r->parts[0].m.cancels;
}

bool
mcp_request_collides(const mcp_request *r, const mcp_request *other)
{
    for (size_t i = 0; i < r->n; i++) {
        const char *key = r->parts[i].m.key;
        for (size_t k = 0; key != NULL && k < other->n; k++) {
            if (waits_for(&other->parts[k], key)) {
                return true;
            }
        }
    }
    return false;
}

void
mcp_request_refuse_id(mcp_request *r)
{
    for (size_t i = 0; i < r->n; i++) {
        refuse_id(&r->parts[i].m);
    }
}

void
mcp_request_refuse_busy(mcp_request *r)
{
    for (size_t i = 0; i < r->n; i++) {
        mcp_message *m = &r->parts[i].m;
        if (m->kind == MCP_MESSAGE_REQUEST && m->fault.code == 0) {
            mcp_fault_set(&m->fault, MCP_E_INTERNAL, 0,
                "too many requests wait; send this one again after the next answer");
        }
    }
}

bool
mcp_request_cancel(mcp_request *r, const char *id)
{
    bool found = false;
    for (size_t i = 0; i < r->n; i++) {
        part *p = &r->parts[i];
        if (id == NULL ? p->has_call : waits_for(p, id)) {
            mcp_call_cancel(&p->call);
            found = true;
        }
    }
    return found;
}

bool
mcp_request_cancelled(const mcp_request *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const part *p = &r->parts[i];
        if (p->m.kind == MCP_MESSAGE_REQUEST && !is_cancelled(p)) {
            return false;
        }
    }
    return true;
}

static void
begin_answer(mcp_text *t, const mcp_message *m)
{
    mcp_text_add(t, "{\"jsonrpc\":\"2.0\",\"id\":");
    mcp_text_add(t, m->id != NULL ? m->id : "null");
}

static void
write_error(mcp_text *t, const mcp_message *m)
{
    begin_answer(t, m);
    mcp_text_add(t, ",\"error\":{\"code\":");
    mcp_text_number(t, m->fault.code);
    mcp_text_add(t, ",\"message\":");
    mcp_text_quote(t, m->fault.text);
    if (m->fault.data != NULL) {
        mcp_text_add(t, ",\"data\":");
        mcp_text_json(t, m->fault.data);
    }
    mcp_text_add(t, "}}");
}

/* From 2026-07-28 on each result says what it is, how long it may be kept, and whose it is. */
static void
write_result(mcp_text *t, const part *p, const mcp_work *w)
{
    bool modern = p->era == MCP_ERA_MODERN;
    begin_answer(t, &p->m);
    mcp_text_add(t, ",\"result\":{");
    if (modern) {
        mcp_text_add(t, "\"resultType\":");
        mcp_text_quote(t, w->result_type);
        mcp_text_add(t, w->body.n > 0 ? "," : "");
    }
    mcp_text_bytes(t, w->body.s != NULL ? w->body.s : "", w->body.n);
    if (modern && p->method->keep >= 0) {
        mcp_text_add(t, ",\"ttlMs\":");
        mcp_text_number(t, p->method->keep);
        mcp_text_add(t, ",\"cacheScope\":");
        mcp_text_quote(t, p->method->is_public ? "public" : "private");
    }
    if (modern) {
        mcp_text_add(t, ",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
        mcp_server_info(t, w->offer);
        mcp_text_add(t, "}");
    }
    mcp_text_add(t, "}}");
    t->failed = t->failed || w->body.failed;
}

/* False when nothing is to be sent. */
static bool
answer_part(mcp_request *r, part *p, mcp_text *t)
{
    if (p->m.kind != MCP_MESSAGE_REQUEST) {
        return false;
    }
    mcp_work w = {.offer = r->offer,
        .call = &p->call,
        .result_type = "complete",
        .fault = &p->m.fault};
    if (p->m.fault.code == 0 && !mcp_cancelled(&p->call)) {
        p->method->run(&w);
        mcp_call_end(&p->call);
    }
    bool sent = !p->has_call || !mcp_cancelled(&p->call);
    if (sent && p->m.fault.code != 0) {
        write_error(t, &p->m);
    } else if (sent) {
        write_result(t, p, &w);
    }
    free(w.body.s);
    return sent;
}

mcp_answer
mcp_request_answer(mcp_request *r)
{
    mcp_text t = {0};
    bool any = false, asks = mcp_request_kind(r) != MCP_SILENT;
    if (r->batch) {
        mcp_text_add(&t, "[");
    }
    for (size_t i = 0; i < r->n; i++) {
        size_t before = t.n;
        mcp_text_add(&t, any ? "," : "");
        if (answer_part(r, &r->parts[i], &t)) {
            any = true;
        } else if (t.n > before) {
            t.n = before; /* the comma */
        }
    }
    if (r->batch) {
        mcp_text_add(&t, "]");
    }
    int status = r->batch ? 0 : r->parts[0].m.fault.http_status;
    mcp_answer a = {.http_status = !asks ? 202 : status != 0 ? status : 200};
    a.text = mcp_text_take(&t, &a.n);
    if (!any) {
        free(a.text);
        a.text = NULL;
        a.n = 0;
    } else if (a.text == NULL) {
        a.http_status = 500;
    }
    return a;
}

void
mcp_request_free(mcp_request *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (r->parts[i].has_call) {
            mcp_call_close(&r->parts[i].call);
        }
        mcp_message_clear(&r->parts[i].m);
    }
    free(r->parts);
    free(r);
}
