/* Which version of the protocol a request speaks. From 2026-07-28 on each request says so in
 * params._meta (and its HTTP headers must agree with the body); before, an `initialize` said it
 * once. Both may come to one process, so that the request alone decides. One that says nothing
 * is served as the older versions have it, handshake or not. */
#include "era.h"

#include <string.h>

#define META "io.modelcontextprotocol/"

static const char *const modern[] = {"2026-07-28", NULL};
/* The newest first. */
static const char *const legacy[] = {
    "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", NULL};

static const char *
find(const char *const *list, const char *version)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, version) == 0) {
            return *list;
        }
    }
    return NULL;
}

const char *
mcp_era_agree(const char *asked)
{
    const char *known = find(legacy, asked);
    return known != NULL ? known : legacy[0];
}

void
mcp_era_list(mcp_text *t)
{
    const char *const *lists[] = {modern, legacy};
    mcp_text_add(t, "[");
    for (size_t k = 0; k < 2; k++) {
        for (const char *const *v = lists[k]; *v != NULL; v++) {
            mcp_text_add(t, k == 0 && v == modern ? "\"" : ",\"");
            mcp_text_add(t, *v);
            mcp_text_add(t, "\"");
        }
    }
    mcp_text_add(t, "]");
}

bool
mcp_era_has_batches(const mcp_wire *wire)
{
    const char *v = wire->headers != NULL ? wire->headers->version : wire->version;
    return v == NULL ? wire->headers != NULL : strcmp(v, "2025-03-26") == 0;
}

static void
refuse_version(mcp_fault *f, const char *requested)
{
    mcp_text t = {0};
    size_t n = 0;
    mcp_fault_set(f, MCP_E_VERSION, 400, "Unsupported protocol version");
    mcp_text_add(&t, "{\"supported\":");
    mcp_era_list(&t);
    mcp_text_add(&t, ",\"requested\":");
    mcp_text_quote(&t, requested);
    mcp_text_add(&t, "}");
    f->data = mcp_text_take(&t, &n);
}

static int
base64_digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Whether the base64 text of n bytes says the same as `plain` (RFC 4648). */
static bool
base64_says(const char *s, size_t n, const char *plain)
{
    size_t length = strlen(plain), at = 0;
    unsigned bits = 0, held = 0;
    while (n > 0 && s[n - 1] == '=') {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        int digit = base64_digit(s[i]);
        if (digit < 0) {
            return false;
        }
        bits = (bits << 6 | (unsigned)digit) & 0xFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            unsigned char byte = (unsigned char)(bits >> held);
            if (at == length || (unsigned char)plain[at++] != byte) {
                return false;
            }
        }
    }
    return at == length;
}

/* A header value that plain ASCII cannot carry comes as =?base64?...?=. */
static bool
header_says(const char *header, const char *value)
{
    static const char begin[] = "=?base64?", end[] = "?=";
    size_t n = strlen(header), b = sizeof begin - 1, e = sizeof end - 1;
    if (n >= b + e && strncmp(header, begin, b) == 0 &&
        strcmp(header + n - e, end) == 0) {
        return base64_says(header + b, n - b - e, value);
    }
    return strcmp(header, value) == 0;
}

static bool
check_header(mcp_fault *f, const char *name, const char *header, const char *value)
{
    if (header == NULL) {
        mcp_fault_set(
            f, MCP_E_HEADER, 400, "Header mismatch: the header %s is missing", name);
        return false;
    }
    if (!header_says(header, value)) {
        mcp_fault_set(f, MCP_E_HEADER, 400,
            "Header mismatch: %s is '%.150s', but the body has '%.150s'", name, header,
            value);
        return false;
    }
    return true;
}

/* The member that Mcp-Name repeats, NULL for methods without one. */
static const char *
named_by(const mcp_message *m)
{
    const char *member = NULL;
    if (strcmp(m->method, "resources/read") == 0) {
        member = "uri";
    } else if (strcmp(m->method, "tools/call") == 0 ||
               strcmp(m->method, "prompts/get") == 0) {
        member = "name";
    }
    return member != NULL ? json_string_value(json_object_get(m->params, member))
                          : NULL;
}

static void
check_modern(mcp_message *m, const json_t *meta, const mcp_headers *headers)
{
    mcp_fault *f = &m->fault;
    const char *version =
        json_string_value(json_object_get(meta, META "protocolVersion"));
    if (version == NULL) {
        mcp_fault_set(f, MCP_E_PARAMS, 400,
            "_meta needs \"" META "protocolVersion\", a string, e.g. \"%s\"",
            modern[0]);
        return;
    }
    if (headers != NULL &&
        !check_header(f, "MCP-Protocol-Version", headers->version, version)) {
        return;
    }
    if (find(modern, version) == NULL) {
        refuse_version(f, version);
        return;
    }
    if (!json_is_object(json_object_get(meta, META "clientCapabilities"))) {
        mcp_fault_set(f, MCP_E_PARAMS, 400,
            "_meta needs \"" META "clientCapabilities\", an object, e.g. {}");
        return;
    }
    if (headers != NULL && check_header(f, "Mcp-Method", headers->method, m->method)) {
        const char *name = named_by(m);
        (void)(name == NULL || check_header(f, "Mcp-Name", headers->name, name));
    }
}

enum mcp_era
mcp_era_settle(mcp_message *m, const mcp_headers *headers)
{
    const json_t *meta = json_object_get(m->params, "_meta");
    const char *named = headers != NULL ? headers->version : NULL;
    bool says = json_object_get(meta, META "protocolVersion") != NULL ||
                json_object_get(meta, META "clientCapabilities") != NULL;
    bool modern_named = named != NULL && find(modern, named) != NULL;
    /* Only the stateless versions have server/discover. */
    if (says || modern_named || strcmp(m->method, "server/discover") == 0) {
        check_modern(m, meta, headers);
        return MCP_ERA_MODERN;
    }
    if (named != NULL && find(legacy, named) == NULL) {
        refuse_version(&m->fault, named);
    } else if (meta != NULL && !json_is_object(meta)) {
        mcp_fault_set(&m->fault, MCP_E_PARAMS, 0, "_meta is not an object");
    }
    return MCP_ERA_LEGACY;
}
