/* Handles: what they look like, that a later process understands them, and that a file which was
 * cut short, altered, renamed or removed never answers. */
#include "offer_helper.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char design[64];
static char fit[64];
static char effect[64];

static void
make_all(mcp_offer *o)
{
    json_t *answer = offer_ask(o, "declare_design",
        "{'source': 'data/shop.parquet', 'itt': 'arm', 'metric': ['sales'], "
        "'covariates': ['device']}");
    (void)snprintf(design, sizeof design, "%s", offer_handle(answer, "design"));
    json_decref(answer);
    answer = offer_ask(o, "fit", "{'design': '%s'}", design);
    (void)snprintf(fit, sizeof fit, "%s", offer_handle(answer, "fit"));
    json_decref(answer);
    answer = offer_ask(o, "infer_effect", "{'fit': '%s'}", fit);
    (void)snprintf(effect, sizeof effect, "%s", offer_handle(answer, "effect"));
    json_decref(answer);
}

static char *
read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(1 << 20);
    assert_non_null(f);
    *n = fread(text, 1, (1 << 20) - 1, f);
    text[*n] = '\0';
    (void)fclose(f);
    return text;
}

static void
write_file(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void
bad_handles(void **state)
{
    static const char *const bad[] = {"", "fit", "fit_", "fit_0123",
        "fit_0123456789abcdeF", "fit_0123456789abcdef0", "../fit_0123456789abcdef",
        "fit_../../../../etc", "fit_0123456789abcde/", "FIT_0123456789abcdef",
        "fit_0123456789abcdef.parquet", "fit-0123456789abcdef", "fit_0123456789abcd f",
        "journal_0123456789abcdef", "%s%n%s%n", "fit_fit_0123456789abcdef"};
    mcp_offer o = offer_open();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text =
            offer_refused(&o, "E_ARGUMENT", "infer_effect", "{'fit': '%s'}", bad[i]);
        offer_holds(text, "call fit");
        free(text);
        free(offer_refused(&o, "E_ARGUMENT", "fit", "{'design': '%s'}", bad[i]));
        free(offer_refused(&o, "E_ARGUMENT", "guide", "{'result': '%s'}", bad[i]));
    }
    free(offer_refused(
        &o, "E_SOURCE", "infer_effect", "{'fit': 'fit_0123456789abcdef'}"));
    free(offer_refused(
        &o, "E_ARGUMENT", "infer_effect", "{'fit': 'design_0123456789abcdef'}"));
    free(offer_refused(&o, "E_USAGE", "infer_effect", "{'fit': 7}"));
    free(offer_refused(&o, "E_USAGE", "infer_effect", "{'fit': ['x']}"));
    mcp_offer_close(&o);
}

/* The same request has the same handle, in whichever process. */
static void
later_process(void **state)
{
    char first[64];
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    (void)snprintf(first, sizeof first, "%s", effect);
    mcp_offer_close(&o);
    o = offer_open();
    json_t *answer = offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit);
    assert_string_equal(offer_handle(answer, "effect"), first);
    json_decref(answer);
    json_decref(offer_ask(&o, "fit", "{'design': '%s', 'metric': ['orders']}", design));
    answer = offer_ask(&o, "guide", "{'result': '%s'}", first);
    assert_int_equal(json_integer_value(json_object_get(answer, "rows_total")), 2);
    json_decref(answer);
    make_all(&o);
    assert_string_equal(effect, first);
    /* the capsule alone can be removed: the fit says what to do */
    char path[128];
    (void)snprintf(path, sizeof path, "cache/%s.parquet", fit);
    assert_int_equal(unlink(path), 0);
    char *text = offer_refused(&o, "E_SOURCE", "infer_effect", "{'fit': '%s'}", fit);
    offer_holds(text, "no longer in the cache");
    offer_holds(text, "call fit again");
    free(text);
    json_decref(offer_ask(&o, "fit", "{'design': '%s'}", design));
    json_decref(offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit));
    mcp_offer_close(&o);
}

/* Each byte of a record matters; each length but the whole is too short. */
static void
damage(mcp_offer *o, const char *path, const char *tool, const char *argument,
    const char *handle)
{
    size_t n = 0;
    char *whole = read_file(path, &n);
    for (size_t k = 0; k < 12; k++) {
        char *copy = malloc(n + 1);
        size_t at = (n - 1) * k / 11;
        memcpy(copy, whole, n);
        copy[at] = (char)(copy[at] ^ 1);
        write_file(path, copy, n);
        free(offer_refused(o, "E_SOURCE", tool, "{'%s': '%s'}", argument, handle));
        write_file(path, whole, at);
        free(offer_refused(o, "E_SOURCE", tool, "{'%s': '%s'}", argument, handle));
        free(copy);
    }
    write_file(path, whole, n);
    json_decref(offer_ask(o, tool, "{'%s': '%s'}", argument, handle));
    free(whole);
}

static void
altered(void **state)
{
    char path[128];
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    (void)snprintf(path, sizeof path, "cache/%s.record", design);
    damage(&o, path, "fit", "design", design);
    (void)snprintf(path, sizeof path, "cache/%s.record", fit);
    damage(&o, path, "infer_effect", "fit", fit);
    (void)snprintf(path, sizeof path, "cache/%s.parquet", fit);
    damage(&o, path, "infer_effect", "fit", fit);
    (void)snprintf(path, sizeof path, "cache/%s.record", effect);
    damage(&o, path, "guide", "result", effect);
    mcp_offer_close(&o);
}

/* A whole record under the name of another one is refused: the handle follows from its key. */
static void
renamed(void **state)
{
    char from[128];
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    (void)snprintf(from, sizeof from, "cache/%s.record", design);
    assert_int_equal(rename(from, "cache/design_0123456789abcdef.record"), 0);
    free(offer_refused(&o, "E_SOURCE", "fit", "{'design': 'design_0123456789abcdef'}"));
    mcp_offer_close(&o);
}

static void
private_to_its_owner(void **state)
{
    struct stat info;
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    assert_int_equal(stat("cache", &info), 0);
    assert_int_equal(info.st_mode & 077, 0);
    DIR *d = opendir("cache");
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        assert_null(strstr(e->d_name, "partial")); /* nothing half-written stays */
    }
    (void)closedir(d);
    mcp_offer_close(&o);
}

static void
cannot_write(void **state)
{
    up_error err = UP_ERROR_INIT;
    mcp_offer o;
    (void)state;
    write_file("file", "x", 1);
    assert_fails(
        mcp_offer_open(&(mcp_offer_opts){.cache = "file"}, &o, &err), UP_E_WRITE, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(mcp_offer_open(&(mcp_offer_opts){.cache = "file/below"}, &o, &err),
        UP_E_WRITE, &err);
    offer_holds(err.fix, "--cache DIR");
    err = (up_error)UP_ERROR_INIT;
    assert_fails(mcp_offer_open(&(mcp_offer_opts){.cache = "/proc/upshot"}, &o, &err),
        UP_E_WRITE, &err);
    static const char *const nowhere[] = {"data/none"};
    err = (up_error)UP_ERROR_INIT;
    assert_fails(
        mcp_offer_open(
            &(mcp_offer_opts){.allow = nowhere, .n_allow = 1, .cache = "cache"}, &o,
            &err),
        UP_E_SOURCE, &err);
}

/* Two servers on one cache: both are answered, nothing is lost from the journal. */
static void
two_processes(void **state)
{
    enum { ROUNDS = 6 };
    int status = 1;
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    pid_t other = fork();
    assert_true(other >= 0);
    for (int i = 0; i < ROUNDS; i++) {
        double level = 0.6 + 0.02 * i + (other == 0 ? 0.2 : 0);
        json_decref(
            offer_ask(&o, "infer_effect", "{'fit': '%s', 'level': %.2f}", fit, level));
        json_decref(offer_ask(&o, "fit", "{'design': '%s'}", design));
    }
    if (other == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    json_t *answer = offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit);
    const json_t *s =
        json_object_get(json_object_get(answer, "agent"), "specifications");
    assert_int_equal(json_integer_value(json_object_get(s, "tried")), 1 + 2 * ROUNDS);
    json_decref(answer);
    mcp_offer_close(&o);
}

typedef struct asker {
    mcp_offer *o;
    const char *level;
    char *body;
} asker;

static void *
ask_often(void *user)
{
    asker *a = user;
    for (int i = 0; i < 4; i++) {
        mcp_reply reply = {0};
        json_t *arguments = json_pack("{s:s, s:s}", "fit", fit, "level", a->level);
        a->o->call_tool(a->o->user, "infer_effect", arguments, NULL, &reply);
        json_decref(arguments);
        free(a->body);
        a->body = reply.body;
    }
    return NULL;
}

/* Callbacks run on several threads at a time; each has the answer to its own question. */
static void
two_threads(void **state)
{
    pthread_t threads[2];
    mcp_offer o = offer_open();
    asker askers[2] = {{&o, "0.9", NULL}, {&o, "0.8", NULL}};
    (void)state;
    make_all(&o);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        json_t *answer = offer_ask(
            &o, "infer_effect", "{'fit': '%s', 'level': '%s'}", fit, askers[i].level);
        const char *handle = offer_handle(answer, "effect");
        offer_holds(askers[i].body, handle);
        json_decref(answer);
        free(askers[i].body);
    }
    mcp_offer_close(&o);
}

/* A journal that was cut short is read on, and says so. */
static void
cut_journal(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    make_all(&o);
    DIR *d = opendir("cache");
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strncmp(e->d_name, "journal_", 8) == 0) {
            char path[512];
            size_t n = 0;
            (void)snprintf(path, sizeof path, "cache/%s", e->d_name);
            char *text = read_file(path, &n);
            (void)snprintf(text + n, 16, "{\"specif\n");
            write_file(path, text, strlen(text));
            free(text);
        }
    }
    (void)closedir(d);
    json_t *answer = offer_ask(&o, "infer_effect", "{'fit': '%s'}", fit);
    offer_holds(json_string_value(json_object_get(
                    json_object_get(json_object_get(answer, "agent"), "specifications"),
                    "text")),
        "cannot be read");
    json_decref(answer);
    mcp_offer_close(&o);
}

static int
place(void **state)
{
    (void)state;
    offer_place();
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    offer_leave();
    return 0;
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, place, leave)

int
main(void)
{
    const struct CMUnitTest tests[] = {PLACED(bad_handles), PLACED(later_process),
        PLACED(altered), PLACED(renamed), PLACED(private_to_its_owner),
        PLACED(cannot_write), PLACED(two_processes), PLACED(two_threads),
        PLACED(cut_journal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
