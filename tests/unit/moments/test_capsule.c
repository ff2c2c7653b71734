/* Capsules: the same bits after a round trip, and no trust in what is read. */
#include "engine/write.h"
#include "moments/capsule.h"
#include "moments_data.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static char directory[64];

static const char *
path_of(const char *name)
{
    static char path[128];
    if (directory[0] == '\0') {
        (void)snprintf(directory, sizeof directory, "/tmp/upshot-capsule-XXXXXX");
        assert_non_null(mkdtemp(directory));
    }
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static up_moments *
build(data *d, const data_design *design, const up_moments_opts *opts)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    up_source *s = data_source(d, 0, d->n, NULL);
    up_experiment *e = data_experiment(s, design);
    assert_ok(up_moments_build(e, opts, NULL, &m, &err), &err);
    m->rows = NULL;
    up_experiment_free(e);
    up_source_free(s);
    return m;
}

static const data_design plain = {.roles = {.intent_to_treat = "arm", .time = "week"},
    .metrics = (const char *const[]){"sales", "clicks", NULL},
    .covariates = (const char *const[]){"device", "loyalty", NULL},
    .segments = (const char *const[]){"spend > 10025", NULL}};

static void
round_trip(const up_moments *m)
{
    up_error err = UP_ERROR_INIT;
    up_moments *back = NULL;
    const char *path = path_of("capsule.parquet");
    assert_ok(up_moments_save(m, path, NULL, &err), &err);
    assert_int_equal(up_moments_is_capsule(path), 1);
    assert_ok(up_moments_load(path, &back, &err), &err);
    assert_same_moments(m, back);
    assert_int_equal(m->fingerprint, back->fingerprint);
    assert_int_equal(m->n_no_arm, back->n_no_arm);
    assert_int_equal(m->notes.n, back->notes.n);
    for (int64_t i = 0; i < m->notes.n; i++) {
        assert_int_equal(m->notes.items[i].code, back->notes.items[i].code);
        assert_string_equal(m->notes.items[i].text, back->notes.items[i].text);
    }
    for (int64_t i = 0; i < m->nx; i++) {
        assert_int_equal(m->x_covariate[i], back->x_covariate[i]);
    }
    upi_text a = {0}, b = {0};
    assert_ok(upi_experiment_to_json(m->experiment, &a, &err), &err);
    assert_ok(upi_experiment_to_json(back->experiment, &b, &err), &err);
    assert_string_equal(a.s, b.s);
    upi_text_free(&a);
    upi_text_free(&b);
    assert_int_equal(m->robust == NULL, back->robust == NULL);
    if (m->robust != NULL) {
        assert_string_equal(m->robust->model, back->robust->model);
        assert_int_equal(m->robust->vcov, back->robust->vcov);
        assert_int_equal(m->robust->n_equations, back->robust->n_equations);
        assert_int_equal(m->robust->n_pairs, back->robust->n_pairs);
        assert_int_equal(m->robust->width, back->robust->width);
        assert_memory_equal(m->robust->k, back->robust->k,
            (size_t)(m->n_groups * upi_robust_stride(m->robust)) * sizeof(double));
    }
    assert_int_equal(m->fitted.known, back->fitted.known);
    assert_int_equal(m->fitted.vcov, back->fitted.vcov);
    assert_int_equal(m->fitted.interactions, back->fitted.interactions);
    assert_int_equal(m->fitted.no_covariates, back->fitted.no_covariates);
    assert_close(m->fitted.rank_tolerance, back->fitted.rank_tolerance, 0, 0);
    assert_null(back->rows);
    up_moments_free(back);
}

static void
every_form(void **state)
{
    (void)state;
    data *d = data_new();
    up_moments *m = build(d, &plain, NULL);
    round_trip(m);
    up_moments_free(m);
    data_design design = plain;
    design.roles = (up_roles){.intent_to_treat = "arm",
        .treated = "got",
        .instrument = "got",
        .propensity = "p",
        .weight = "fine",
        .control = "b",
        .missing = UP_MISSING_INDICATOR};
    design.covariates = LIST("spend", "device", "visits");
    d->no_device[4] = 1;
    d->visits[6] = NAN;
    d->spend[7] = NAN;
    m = build(d, &design, UP_MOMENTS_OPTS(.max_groups = 300));
    assert_int_equal(m->form, UPI_TRI);
    assert_true(m->row_weighted);
    assert_int_equal(m->instrument, m->treated);
    round_trip(m);
    up_moments_free(m);
    design.roles = (up_roles){.intent_to_treat = "arm",
        .cluster = "household",
        .cluster2 = "street",
        .missing = UP_MISSING_DROP};
    m = build(d, &design, NULL);
    assert_int_equal(m->form, UPI_GRAM);
    assert_int_equal(m->n_dropped, 3);
    round_trip(m);
    up_moments_free(m);
    design.covariates = NULL;
    m = build(d, &design, NULL);
    assert_int_equal(m->form, UPI_MEAN);
    assert_null(m->m2);
    round_trip(m);
    up_moments_free(m);
    data_free(d);
}

static void
second_pass_is_kept(void **state)
{
    (void)state;
    data *d = data_new();
    data_design design = plain;
    design.covariates = LIST("spend");
    up_error err = UP_ERROR_INIT;
    up_moments *m = build(d, &design, NULL);
    assert_ok(UP_NEW(&m->robust, 1, &err), &err);
    assert_ok(upi_strdup_to(&m->robust->model, "linear \"full\" HC2", &err), &err);
    m->robust->vcov = 4;
    m->robust->n_equations = 3;
    m->robust->n_pairs = 6;
    m->robust->width = 3;
    assert_ok(UP_NEW(&m->robust->k, m->n_groups * 18, &err), &err);
    for (int64_t i = 0; i < m->n_groups * 18; i++) {
        m->robust->k[i] = 1.0 / (double)(i + 3);
    }
    round_trip(m);
    m->fitted = (upi_fit_options){true, 4, 1, 1, 1e-9};
    round_trip(m);
    up_moments_free(m);
    data_free(d);
}

/* A capsule of m as a forger would write it: with another description (NULL = the true one),
 * with its right checksum or not, with a column left out or one more. */
typedef struct forgery {
    const char *find, *replace; /* in the description */
    bool wrong_checksum, no_metadata, short_by_one;
    int64_t leave_out; /* column + 1 */
    bool one_more, other_type;
} forgery;

typedef struct forged_rows {
    upi_capsule_columns list;
    bool one_more, other_type;
} forged_rows;

static up_status
fill(void *ctx, int64_t first, int64_t n, upi_out_column *columns, up_error *err)
{
    (void)err;
    const forged_rows *f = ctx;
    for (int64_t c = 0; c < f->list.n; c++) {
        const upi_capsule_column *k = &f->list.items[c];
        for (int64_t i = 0; i < n; i++) {
            int64_t at = (first + i) * k->stride + k->offset;
            if (k->number != NULL) {
                ((double *)columns[c].data)[i] = k->number[at];
            } else if (f->other_type && c == 0) {
                ((double *)columns[c].data)[i] = k->code[at];
            } else {
                ((int64_t *)columns[c].data)[i] = k->code != NULL ? k->code[at]
                                                  : k->id != NULL ? (int64_t)k->id[at]
                                                                  : k->count[at];
            }
        }
    }
    for (int64_t i = 0; f->one_more && i < n; i++) {
        ((double *)columns[f->list.n].data)[i] = 1;
    }
    return UP_OK;
}

/* The description of a capsule that was saved. */
static char *
description_of(const char *path)
{
    up_error err = UP_ERROR_INIT;
    upi_metadata metadata = {0};
    assert_ok(upi_parquet_metadata(path, &metadata, &err), &err);
    char *json = upi_strdup(upi_metadata_get(&metadata, UPI_CAPSULE_KEY));
    upi_metadata_free(&metadata);
    return json;
}

static char *
replaced(const char *s, const char *find, const char *replace)
{
    const char *at = strstr(s, find);
    if (at == NULL) {
        fail_msg("'%s' is not in the description %s", find, s);
    }
    upi_text t = {0};
    upi_text_add_n(&t, s, at - s);
    upi_text_add(&t, replace);
    upi_text_add(&t, at + strlen(find));
    char *out = NULL;
    assert_int_equal(upi_text_take(&t, &out, NULL), UP_OK);
    return out;
}

static void
forge(const up_moments *m, const char *truth, const forgery *f, const char *path)
{
    up_error err = UP_ERROR_INIT;
    forged_rows rows = {.one_more = f->one_more, .other_type = f->other_type};
    char *json = upi_strdup(truth);
    if (f->find != NULL) {
        char *other = replaced(json, f->find, f->replace);
        upi_free(json);
        json = other;
    }
    char sum[24];
    (void)snprintf(sum, sizeof sum, "%016llx",
        (unsigned long long)upi_hash_bytes(json, strlen(json), UPI_CAPSULE_FORMAT) +
            f->wrong_checksum);
    assert_ok(upi_capsule_list(m, &rows.list, &err), &err);
    upi_out_field *fields = calloc((size_t)rows.list.n + 1, sizeof *fields);
    if (f->leave_out > 0) {
        rows.list.n--;
        for (int64_t i = f->leave_out - 1; i < rows.list.n; i++) {
            rows.list.items[i] = rows.list.items[i + 1];
        }
    }
    for (int64_t i = 0; i < rows.list.n; i++) {
        fields[i] = (upi_out_field){rows.list.items[i].name,
            i == 0 && f->other_type ? UPI_F64 : rows.list.items[i].type};
    }
    fields[rows.list.n] = (upi_out_field){"more", UPI_F64};
    upi_kv metadata[] = {{UPI_CAPSULE_KEY, json}, {UPI_CAPSULE_CHECKSUM, sum}};
    upi_write w = {.path = path,
        .fields = fields,
        .n_fields = rows.list.n + (f->one_more ? 1 : 0),
        .n_rows = m->n_groups - (f->short_by_one ? 1 : 0),
        .fill = fill,
        .ctx = &rows,
        .metadata = metadata,
        .n_metadata = f->no_metadata ? 0 : 2};
    assert_ok(upi_write_rows(&w, NULL, &err), &err);
    upi_capsule_columns_free(&rows.list);
    free(fields);
    upi_free(json);
}

static void
assert_refused(const char *path, const char *word)
{
    up_error err = UP_ERROR_INIT;
    up_moments *m = NULL;
    assert_fails(up_moments_load(path, &m, &err), UP_E_CAPSULE, &err);
    assert_null(m);
    if (strstr(err.message, word) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, word);
    }
}

static void
forged_descriptions(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *m = build(d, &plain, NULL);
    const char *path = path_of("forged.parquet");
    const struct {
        forgery f;
        const char *word;
    } cases[] = {
        {{.find = "\"format\":1", .replace = "\"format\":99"}, "format 99"},
        {{.find = "\"format\":1", .replace = "\"format\":\"1\""}, "format"},
        {{.wrong_checksum = true}, "checksum"},
        {{.no_metadata = true}, "not a capsule"},
        {{.short_by_one = true}, "groups"},
        {{.leave_out = 2}, "key_1"},
        {{.one_more = true}, "columns"},
        {{.other_type = true}, "type"},
        {{.find = "{\"format\"", .replace = "[\"format\""}, "JSON"},
        {{.find = "\"form\":\"mean\"", .replace = "\"form\":\"gram\""}, "form"},
        {{.find = "\"form\":\"mean\"", .replace = "\"form\":\"what\""}, "form"},
        {{.find = "\"ways\":0", .replace = "\"ways\":1"}, "form"},
        {{.find = "\"ways\":0", .replace = "\"ways\":7"}, "ways"},
        {{.find = "\"rows\":1500", .replace = "\"rows\":1501"}, "read"},
        {{.find = "\"rows\":1500", .replace = "\"rows\":1499"}, "count"},
        {{.find = "\"rows\":1500", .replace = "\"rows\":-4"}, "rows"},
        {{.find = "\"role\":\"arm\"", .replace = "\"role\":\"weight\""}, "keys"},
        {{.find = "\"role\":\"arm\"", .replace = "\"role\":\"king\""}, "keys"},
        {{.find = "\"role\":\"time\"", .replace = "\"role\":\"arm\""}, "keys"},
        {{.find = "\"role\":\"covariate\",\"index\":1",
             .replace = "\"role\":\"covariate\",\"index\":9"},
            "keys"},
        {{.find = "[\"a very long arm name\",\"b\",\"control\"]",
             .replace = "[\"b\",\"b\",\"control\"]"},
            "order"},
        {{.find = "[\"a very long arm name\",\"b\",\"control\"]", .replace = "[\"b\"]"},
            "arms"},
        {{.find = "[\"a very long arm name\",\"b\",\"control\"]", .replace = "[1,2,3]"},
            "levels"},
        {{.find = "\"levels\":[1,2,3]", .replace = "\"levels\":[1,2]"}, "key_1"},
        {{.find = "\"levels\":[1,2,3]", .replace = "\"levels\":[1,2,\"x\"]"}, "levels"},
        {{.find = "\"levels\":[1,2,3]", .replace = "\"levels\":7"}, "levels"},
        {{.find = "\"continuous\":[]", .replace = "\"continuous\":[1]"}, "form"},
        {{.find = "\"continuous\":[]", .replace = "\"continuous\":[5]"}, "continuous"},
        {{.find = "\"fingerprint\":\"0", .replace = "\"fingerprint\":\"x"},
            "fingerprint"},
        {{.find = "\"missing\":[0,0,0]", .replace = "\"missing\":[0,0]"}, "missing"},
        {{.find = "\"missing\":[0,0,0]", .replace = "\"missing\":[0,-1,0]"}, "missing"},
        {{.find = "\"counted\":[", .replace = "\"counted\":7,\"x\":["}, "counted"},
        {{.find = "\"experiment\":\"{", .replace = "\"experiment\":\"[{"},
            "experiment"},
        {{.find = "\"checksum\":\"", .replace = "\"robust\":{},\"checksum\":\""},
            "model"},
        {{.find = "\"checksum\":\"",
             .replace = "\"robust\":{\"model\":\"x\",\"vcov\":1,\"equations\":99999},"
                        "\"checksum\":\""},
            "equations"},
        {{.find = "\"checksum\":\"",
             .replace = "\"robust\":{\"model\":\"x\",\"vcov\":1,\"equations\":1},"
                        "\"checksum\":\""},
            "robust_0"},
        {{.find = "\"checksum\":\"",
             .replace = "\"fit\":{\"vcov\":-1,\"interactions\":0,"
                        "\"no_covariates\":0,\"rank_tolerance\":0},\"checksum\":\""},
            "vcov"},
        {{.find = "\"checksum\":\"",
             .replace = "\"fit\":{\"vcov\":1,\"interactions\":2,"
                        "\"no_covariates\":0,\"rank_tolerance\":0},\"checksum\":\""},
            "interactions"},
        {{.find = "\"checksum\":\"",
             .replace = "\"fit\":{\"vcov\":1,\"interactions\":0,"
                        "\"no_covariates\":3,\"rank_tolerance\":0},\"checksum\":\""},
            "no_covariates"},
        {{.find = "\"checksum\":\"",
             .replace = "\"fit\":{\"vcov\":1,\"interactions\":0,"
                        "\"no_covariates\":0,\"rank_tolerance\":1},\"checksum\":\""},
            "rank_tolerance"},
        {{.find = "\"checksum\":\"",
             .replace = "\"fit\":{\"vcov\":1,\"interactions\":0,"
                        "\"no_covariates\":0},\"checksum\":\""},
            "rank_tolerance"},
        {{.find = "\"checksum\":\"", .replace = "\"fit\":7,\"checksum\":\""}, "vcov"},
    };
    assert_ok(up_moments_save(m, path, NULL, &err), &err);
    char *truth = description_of(path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forge(m, truth, &cases[i].f, path);
        assert_refused(path, cases[i].word);
    }
    forge(m, truth, &(forgery){0}, path); /* the forger's tools are sound */
    up_moments *back = NULL;
    assert_ok(up_moments_load(path, &back, &err), &err);
    assert_same_moments(m, back);
    up_moments_free(back);
    up_moments_free(m);
    upi_free(truth);
    data_free(d);
}

/* The description is the true one, the numbers are not. */
static void
forged_numbers(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *m = build(d, &plain, NULL);
    const char *path = path_of("numbers.parquet");
    assert_ok(up_moments_save(m, path, NULL, &err), &err);
    char *truth = description_of(path);
    double mean = m->mean[3];
    m->mean[3] = nextafter(mean, 0);
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "altered");
    m->mean[3] = mean;
    m->n[2]++;
    m->n[3]--;
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "altered");
    m->n[3] -= 1000000;
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "count");
    m->n[3] += 1000001;
    m->n[2]--;
    int32_t code = m->code[0];
    m->code[0] = 3;
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "key_0");
    m->code[0] = code + 1;
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "order");
    m->code[0] = -1;
    forge(m, truth, &(forgery){0}, path);
    assert_refused(path, "key_0");
    upi_free(truth);
    up_moments_free(m);
    data_free(d);
}

static void
damaged_files(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    up_moments *m = build(d, &plain, NULL), *back = NULL;
    char path[160], cut[160];
    (void)snprintf(path, sizeof path, "%s", path_of("whole.parquet"));
    (void)snprintf(cut, sizeof cut, "%s", path_of("cut.parquet"));
    assert_ok(up_moments_save(m, path, NULL, &err), &err);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    static char bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in);
    const size_t lengths[] = {n - 1, n / 2, 10, 4, 0};
    for (int i = 0; i < 5; i++) {
        FILE *out = fopen(cut, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(bytes, 1, lengths[i], out), lengths[i]);
        (void)fclose(out);
        assert_refused(cut, "");
        assert_int_equal(up_moments_is_capsule(cut), 0);
    }
    assert_refused(path_of("absent.parquet"), "absent");
    assert_int_equal(up_moments_is_capsule(path_of("absent.parquet")), 0);
    assert_int_equal(up_moments_is_capsule(NULL), 0);
    FILE *out = fopen(cut, "wb");
    assert_non_null(out);
    (void)fputs("a,b\n1,2\n", out);
    (void)fclose(out);
    assert_int_equal(up_moments_is_capsule(cut), 0);
    assert_fails(up_moments_load(NULL, &back, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_save(m, path_of("x.csv"), NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_save(NULL, path, NULL, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_moments_save(m, path_of("no/such/dir.parquet"), NULL, &err),
        UP_E_WRITE, &err);
    up_moments_free(m);
    data_free(d);
}

static up_status
load_body(void *ctx, up_error *err)
{
    up_moments *m = NULL;
    up_status status = up_moments_load(ctx, &m, err);
    up_moments_free(m);
    return status;
}

typedef struct saved {
    const up_moments *m;
    const char *path;
} saved;

static up_status
save_body(void *ctx, up_error *err)
{
    const saved *s = ctx;
    return up_moments_save(s->m, s->path, NULL, err);
}

/* As up_sweep_memory, but with every `step`-th allocation alone: each try starts an engine,
 * whose own allocations are swept in its room. */
static void
sweep(up_status (*body)(void *ctx, up_error *err), void *ctx, int64_t step)
{
    up_status status = UP_E_NO_MEMORY;
    for (int64_t k = 1; status != UP_OK; k += step) {
        up_error err = UP_ERROR_INIT;
        int64_t before = upi_mem_live();
        upi_mem_fail_after(k);
        status = body(ctx, &err);
        upi_mem_fail_after(0);
        assert_int_equal(upi_mem_live(), before);
        assert_true(status == UP_OK || status == UP_E_NO_MEMORY);
    }
}

static void
memory_runs_out(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    data_design design = {
        .roles = {.intent_to_treat = "arm"}, .metrics = LIST("sales")};
    up_moments *m = build(d, &design, NULL);
    char path[160];
    (void)snprintf(path, sizeof path, "%s", path_of("sweep.parquet"));
    assert_ok(up_moments_save(m, path, NULL, &err), &err);
    sweep(load_body, path, 11);
    sweep(save_body, &(saved){m, path}, 7);
    up_moments_free(m);
    data_free(d);
}

static int
clean(void **state)
{
    (void)state;
    static const char *const names[] = {
        "capsule", "forged", "numbers", "whole", "cut", "sweep"};
    char path[160];
    for (int i = 0; i < 6; i++) {
        (void)snprintf(path, sizeof path, "%s/%s.parquet", directory, names[i]);
        (void)unlink(path);
    }
    return rmdir(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(second_pass_is_kept),
        cmocka_unit_test(forged_descriptions),
        cmocka_unit_test(forged_numbers),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
