/* Calls of the program's offer: "tool {arguments}" of whatever shape gives a result or a refusal,
 * in JSON on one line, never a crash, and never a word of a file outside. */
#include "offer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct mcp_call {
    int unused;
};

void
mcp_progress(mcp_call *call, double fraction, const char *message)
{
    (void)call;
    (void)fraction;
    (void)message;
}

bool
mcp_cancelled(const mcp_call *call)
{
    (void)call;
    return false;
}

static void
must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void
write_rows(const char *path, int n)
{
    FILE *f = fopen(path, "w");
    must(f != NULL);
    (void)fprintf(f, "unit,arm,device,secretword\n");
    for (int i = 0; i < n; i++) {
        (void)fprintf(f, "%d,%s,%s,%d\n", i, i % 2 == 0 ? "control" : "new",
            i % 3 == 0 ? "mobile" : "desktop", (i * 7919) % 101);
    }
    must(fclose(f) == 0);
}

static char place[] = "/tmp/upshot-fuzz-XXXXXX";

static void
leave(void)
{
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", place);
    (void)system(command); /* NOLINT(cert-env33-c) */
}

/* One offer for the whole run, in a directory of its own. */
static mcp_offer *
offer(void)
{
    static mcp_offer o;
    static const char *const allow[] = {"in"};
    up_error err = UP_ERROR_INIT;
    if (o.name == NULL) {
        must(mkdtemp(place) != NULL && chdir(place) == 0);
        must(atexit(leave) == 0 && mkdir("in", 0700) == 0);
        write_rows("in/rows.csv", 90);
        write_rows("outside.csv", 90);
        must(mcp_offer_open(
                 &(mcp_offer_opts){.allow = allow, .n_allow = 1, .cache = "cache"}, &o,
                 &err) == UP_OK);
    }
    return &o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    mcp_offer *o = offer();
    mcp_call call = {0};
    mcp_reply reply = {0};
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *rest = strchr(text, ' ');
    json_t *arguments =
        rest != NULL ? json_loads(rest, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL) : NULL;
    if (rest != NULL) {
        *rest = '\0';
    }
    if (arguments != NULL || rest == NULL) {
        o->call_tool(o->user, text, arguments, &call, &reply);
        must((reply.outcome == MCP_OK) == (reply.body != NULL));
        must(reply.body == NULL || strchr(reply.body, '\n') == NULL);
        size_t n = reply.body != NULL ? strlen(reply.body) + 3 : 3;
        char *whole = malloc(n);
        must(whole != NULL);
        (void)snprintf(whole, n, "{%s}", reply.body != NULL ? reply.body : "");
        json_t *parsed = json_loads(whole, JSON_REJECT_DUPLICATES, NULL);
        must(parsed != NULL);
        must(strstr(text, "secretword") != NULL || strstr(whole, "root:x") == NULL);
        json_decref(parsed);
        free(whole);
    }
    free(reply.body);
    free(reply.text);
    json_decref(arguments);
    free(text);
    return 0;
}
