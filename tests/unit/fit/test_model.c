/* up_fit_linear as a caller sees it: names, notes, refusals, memory. Numbers are tested against R
 * in tests/oracle/linear. */
#include "fit_helper.h"
#include "up_test.h"

#include <math.h>
#include <string.h>

/* Twelve rows: device repeats no arm; copy repeats it; half repeats device. */
static const char table[] =
    "arm,got,device,copy,twin,flat,one,few,lone,alone,x,prop,y,k,v\n"
    "control,0,desktop,c,p,s,1,1,1,1,1.5,0.5,1.0,7,2\n"
    "control,0,mobile,c,q,s,1,1,1,1,2.5,0.5,2.0,7,1\n"
    "control,0,tv,c,r,s,1,2,2,1,0.5,0.5,4.0,7,4\n"
    "control,0,desktop,c,p,s,1,2,3,1,3.5,0.5,3.0,7,1\n"
    "control,0,mobile,c,q,s,1,3,4,1,2.0,0.5,5.5,7,5\n"
    "control,0,tv,c,r,s,1,3,4,1,1.0,0.5,2.5,7,3\n"
    "b,1,desktop,d,p,s,1,1,5,2,2.2,0.5,6.0,7,2\n"
    "b,0,mobile,d,q,s,1,1,5,2,1.1,0.5,7.5,7,6\n"
    "b,1,tv,d,r,s,1,2,5,2,0.7,0.5,4.5,7,1\n"
    "b,1,desktop,d,p,s,1,2,5,2,1.9,0.5,6.5,7,2\n"
    "b,0,mobile,d,q,s,1,3,5,2,2.8,0.5,3.5,7,4\n"
    "b,1,tv,d,r,s,1,3,5,2,3.1,0.5,8.0,7,8\n";

static const char *const only_y[] = {"y", NULL};

typedef struct want {
    const char *covariate, *treated, *cluster, *cluster2;
    const char *const *x, *const *y;
    const char *arm;
    upi_form form;
} want;

static csv_fixture *
fixture(want w)
{
    csv_key keys[4] = {{w.arm != NULL ? w.arm : "arm", UPI_KEY_ARM, false}};
    int64_t n = 1;
    if (w.treated != NULL) {
        keys[n++] = (csv_key){w.treated, UPI_KEY_TREATED, false};
    }
    if (w.covariate != NULL) {
        keys[n++] = (csv_key){w.covariate, UPI_KEY_COVARIATE, true};
    }
    return csv_moments_new(&(csv_spec){.text = table,
        .keys = keys,
        .x = w.x,
        .y = w.y != NULL ? w.y : only_y,
        .cluster = w.cluster,
        .cluster2 = w.cluster2,
        .form = w.form});
}

static const up_note *
find_note(const up_model *m, up_note_code code, const char *field)
{
    for (int64_t i = 0; i < m->notes.n; i++) {
        const up_note *n = &m->notes.items[i];
        if (n->code == code && (field == NULL || strcmp(n->field, field) == 0)) {
            return n;
        }
    }
    return NULL;
}

static void
refused(csv_fixture *f, const up_linear_opts *opts, up_status status, const char *field,
    const char *words)
{
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    assert_fails(fit_fixture(f, opts, NULL, NULL, &m, &err), status, &err);
    assert_null(m);
    assert_string_equal(err.field, field);
    if (strstr(err.message, words) == NULL && strstr(err.fix, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
    csv_moments_free(f);
}

static void
names_and_accessors(void **state)
{
    (void)state;
    csv_fixture *f = fixture((want){.covariate = "device"});
    up_model *m = fit_new(f, NULL, NULL);
    static const char *const names[] = {"(Intercept)", "arm=b", "device=mobile",
        "device=tv", "arm=b:device=mobile", "arm=b:device=tv"};
    assert_int_equal(up_model_coefs(m), 6);
    for (int64_t j = 0; j < 6; j++) {
        assert_string_equal(up_model_coef_name(m, j), names[j]);
    }
    assert_null(up_model_coef_name(m, 6));
    assert_null(up_model_coef_name(m, -1));
    assert_int_equal(up_model_components(m), 1);
    assert_string_equal(up_model_component(m, 0), "y");
    assert_null(up_model_component(m, 1));
    assert_int_equal(up_model_rows(m), 12);
    assert_int_equal(up_model_clusters(m), 0);
    assert_string_equal(up_model_vcov(m), "HC2");
    assert_true(isnan(up_model_first_stage_f(m)));
    assert_non_null(up_model_estimand(m));
    /* desktop, control: rows 1.0 and 3.0; b: 6.0 and 6.5 */
    assert_close(up_model_coef(m, 0, 0), 2.0, 1e-14, 0);
    assert_close(up_model_coef(m, 0, 1), 4.25, 1e-14, 0);
    /* HC2 of two cells of two rows: sum of variances over their sizes, 2/2 + 0.125/2 */
    assert_close(up_model_std_error(m, 0, 1), sqrt(1.0625), 1e-13, 0);
    assert_close(up_model_df(m, 0, 1), 6, 0, 0);
    assert_true(isnan(up_model_coef(m, 1, 0)));
    assert_true(isnan(up_model_std_error(m, 0, 6)));
    assert_true(isnan(up_model_df(m, -1, 0)));
    assert_int_equal(up_model_notes(m), m->notes.n);
    assert_int_equal(up_model_note(m, -1).text[0], 0);
    up_model_free(m);
    csv_moments_free(f);
    up_model_free(NULL);
}

static void
options(void **state)
{
    (void)state;
    refused(
        fixture((want){0}), UP_LINEAR_OPTS(.vcov = 11), UP_E_ARGUMENT, "vcov", "11");
    refused(
        fixture((want){0}), UP_LINEAR_OPTS(.vcov = -1), UP_E_ARGUMENT, "vcov", "-1");
    refused(fixture((want){0}), UP_LINEAR_OPTS(.interactions = 2), UP_E_ARGUMENT,
        "interactions", "2");
    refused(fixture((want){0}), UP_LINEAR_OPTS(.rank_tolerance = 1), UP_E_ARGUMENT,
        "rank_tolerance", "1");
    refused(fixture((want){0}), UP_LINEAR_OPTS(.rank_tolerance = (double)NAN),
        UP_E_ARGUMENT, "rank_tolerance", "nan");
    refused(fixture((want){0}), UP_LINEAR_OPTS(.vcov = UP_VCOV_CR2), UP_E_ARGUMENT,
        "vcov", "needs clusters");
    refused(fixture((want){.cluster = "few"}), UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1),
        UP_E_ARGUMENT, "vcov", "rows are not independent");
    refused(fixture((want){.cluster = "few"}), UP_LINEAR_OPTS(.vcov = UP_VCOV_IID),
        UP_E_ARGUMENT, "vcov", "iid");
    refused(fixture((want){.cluster = "few", .cluster2 = "v"}),
        UP_LINEAR_OPTS(.vcov = UP_VCOV_CR2), UP_E_ARGUMENT, "vcov", "two");
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    assert_fails(up_fit_linear(NULL, NULL, NULL, &m, &err), UP_E_ARGUMENT, &err);
    /* a chain that has failed does nothing more */
    csv_fixture *f = fixture((want){0});
    assert_fails(up_fit_linear(f->m, NULL, NULL, &m, &err), UP_E_ARGUMENT, &err);
    assert_null(m);
    csv_moments_free(f);
}

static void
singular(void **state)
{
    (void)state;
    refused(fixture((want){.covariate = "copy"}), NULL, UP_E_SINGULAR, "arm=b",
        "copy=d = arm=b");
    refused(fixture((want){.arm = "flat"}), NULL, UP_E_NO_VARIATION, "flat", "'s'");
    refused(
        fixture((want){.cluster = "one"}), NULL, UP_E_CLUSTER, "one", "one cluster");
    refused(fixture((want){.cluster = "lone"}), NULL, UP_E_CLUSTER, "lone", "'b'");
    refused(fixture((want){.cluster = "few", .cluster2 = "one"}), NULL, UP_E_CLUSTER,
        "one", "second way");
    /* more columns than rows: every row a level */
    refused(fixture((want){.covariate = "x"}), UP_LINEAR_OPTS(.interactions = 1),
        UP_E_SINGULAR, "(Intercept)", "13 columns but there are only 12 rows");
}

static void
too_many_columns(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"x", UPI_KEY_COVARIATE, true}, {NULL, UPI_KEY_ARM, false}};
    refused(csv_moments_new(&(csv_spec){.text = "arm,x,y\na,1,1\nb,1,2\na,2,3\nb,2,5\n",
                .keys = keys,
                .y = only_y}),
        NULL, UP_E_SINGULAR, "(Intercept)", "4 columns but there are only 4 rows");
}

static void
weak_instrument(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"got", UPI_KEY_TREATED, false}, {NULL, UPI_KEY_ARM, false}};
    csv_spec spec = {.text = "arm,got,y\na,0,1\na,1,2\nb,0,3\nb,1,4\na,0,2\na,1,3\n"
                             "b,0,2\nb,1,6\n",
        .keys = keys,
        .y = only_y};
    refused(
        csv_moments_new(&spec), NULL, UP_E_WEAK_INSTRUMENT, "got=1", "does not move");
    csv_fixture *f = fixture((want){.treated = "got"});
    up_model *m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0), NULL);
    /* Wald: (6 - 3) / (4/6) */
    assert_close(up_model_coef(m, 0, 1), 4.5, 1e-13, 0);
    /* F of 4/6: all variance is in arm b, (2/9)/6 with HC0 and (6/5)^2 of it with HC3 */
    assert_close(up_model_first_stage_f(m), 12, 1e-12, 0);
    assert_null(find_note(m, UP_W_WEAK_INSTRUMENT, NULL));
    up_model_free(m);
    m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC3), NULL);
    assert_close(up_model_first_stage_f(m), 25.0 / 3, 1e-12, 0);
    assert_non_null(find_note(m, UP_W_WEAK_INSTRUMENT, "arm"));
    up_model_free(m);
    csv_moments_free(f);
}

static void
notes(void **state)
{
    (void)state;
    static const char *const constant[] = {"k", NULL};
    up_error err = UP_ERROR_INIT;
    csv_fixture *f = fixture((want){.covariate = "device", .cluster = "few"});
    /* What the moments have to say travels with the model. */
    assert_ok(
        upi_notes_add(&f->m->notes, UP_N_ROWS_DROPPED, "y", 7, NAN, &err, "seven"),
        &err);
    up_model *m = fit_new(f, NULL, NULL);
    assert_non_null(find_note(m, UP_N_ROWS_DROPPED, "y"));
    assert_null(find_note(m, UP_N_NO_COVARIATES, NULL));
    upi_notes_free(&f->m->notes);
    assert_string_equal(up_model_vcov(m), "CR2");
    assert_int_equal(up_model_clusters(m), 3);
    assert_non_null(find_note(m, UP_W_FEW_CLUSTERS, "few"));
    up_model_free(m);
    csv_moments_free(f);

    f = fixture((want){.cluster = "few", .cluster2 = "v"});
    m = fit_new(f, NULL, NULL);
    assert_string_equal(up_model_vcov(m), "CR1S");
    assert_non_null(find_note(m, UP_N_VCOV_SWITCH, "vcov"));
    up_model_free(m);
    csv_moments_free(f);

    f = fixture((want){.y = constant});
    m = fit_new(f, NULL, NULL);
    assert_non_null(find_note(m, UP_W_CONSTANT, "k"));
    assert_non_null(find_note(m, UP_N_NO_COVARIATES, "covariates"));
    assert_close(up_model_coef(m, 0, 0), 7, 1e-15, 0);
    assert_close(up_model_std_error(m, 0, 1), 0, 0, 1e-15);
    up_model_free(m);
    csv_moments_free(f);

    /* every value of x is a row of its own in main effects and drops all but two interactions */
    f = fixture((want){.covariate = "v"});
    m = fit_new(f, NULL, NULL);
    const up_note *dropped = find_note(m, UP_N_COLUMN_DROPPED, NULL);
    assert_non_null(dropped);
    assert_int_equal(m->x.n_dropped + m->x.p, 14);
    assert_non_null(find_note(m, UP_W_LEVERAGE, NULL));
    up_model_free(m);
    csv_moments_free(f);
}

static void
dropped_columns(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"arm", UPI_KEY_ARM, false},
        {"device", UPI_KEY_COVARIATE, true}, {"twin", UPI_KEY_COVARIATE, true},
        {NULL, UPI_KEY_ARM, false}};
    csv_fixture *f =
        csv_moments_new(&(csv_spec){.text = table, .keys = keys, .y = only_y});
    up_model *m = fit_new(f, NULL, NULL);
    csv_fixture *plain = fixture((want){.covariate = "device"});
    up_model *reference = fit_new(plain, NULL, NULL);
    assert_int_equal(m->x.p, 6);
    assert_int_equal(m->x.n_dropped, 4);
    for (int64_t j = 0; j < 6; j++) {
        assert_string_equal(up_model_coef_name(m, j), up_model_coef_name(reference, j));
        assert_close(
            up_model_coef(m, 0, j), up_model_coef(reference, 0, j), 1e-12, 1e-13);
    }
    const up_note *note = find_note(m, UP_N_COLUMN_DROPPED, "twin=q");
    assert_non_null(note);
    assert_string_equal(note->text, "twin=q = device=mobile");
    /* device=mobile and twin=q together are determined, one of them is not */
    double l[6] = {0, 0, 1, 0, 0, 0};
    double both[4] = {1, 0, 0, 0};
    double one[4] = {0, 0, 0, 0};
    assert_true(upi_model_estimable(m, 0, l, both));
    assert_false(upi_model_estimable(m, 0, l, one));
    up_model_free(m);
    up_model_free(reference);
    csv_moments_free(f);
    csv_moments_free(plain);
}

/* coll = 2 x + 3: at the averages, where both are 0 but for rounding, the effect is determined.
 * A point off the line is not. */
static void
collinear_numbers(void **state)
{
    (void)state;
    static const char *const x[] = {"x", "coll", NULL};
    upi_text csv = {0};
    upi_text_add(&csv, "arm,x,coll,y\n");
    for (int i = 0; i < 41; i++) {
        double value = 0.1 * i + 0.01 * (i % 7);
        upi_text_addf(&csv, "%s,%.17g,%.17g,%d\n", i % 2 == 0 ? "control" : "b", value,
            2 * value + 3, i * i % 11);
    }
    csv_fixture *f = csv_moments_new(&(csv_spec){.text = csv.s,
        .keys = (const csv_key[]){{"arm", UPI_KEY_ARM, false}, {0}},
        .x = x,
        .y = only_y,
        .form = UPI_TRI});
    up_model *m = fit_new(f, NULL, NULL);
    assert_int_equal(m->x.p, 4);
    assert_int_equal(m->x.n_dropped, 2);
    const double noise[4] = {0, 1, 3e-17, -2e-17};
    const double other_noise[2] = {-1e-16, 1.5e-16};
    assert_true(upi_model_estimable(m, 0, noise, other_noise));
    const double off[2] = {0, 1e-3};
    assert_false(upi_model_estimable(m, 0, noise, off));
    up_model_free(m);
    csv_moments_free(f);
    upi_text_free(&csv);
}

/* More columns than rows: one message, whichever column is found to repeat others first. */
static void
too_few_rows(void **state)
{
    (void)state;
    static const char *const ways[] = {"v", "x"};
    for (int i = 0; i < 2; i++) {
        csv_fixture *f = csv_moments_new(&(csv_spec){.text = table,
            .keys = (const csv_key[]){{"arm", UPI_KEY_ARM, false},
                {"x", UPI_KEY_COVARIATE, true}, {ways[i], UPI_KEY_COVARIATE, true},
                {0}},
            .y = only_y});
        refused(f, NULL, UP_E_SINGULAR, "(Intercept)",
            i == 0 ? "the model has 36 columns but there are only 12 rows"
                   : "the model has 46 columns but there are only 12 rows");
    }
    csv_fixture *f = csv_moments_new(&(csv_spec){.text = "arm,y\na,1\nb,2\n",
        .keys = (const csv_key[]){{"arm", UPI_KEY_ARM, false}, {0}},
        .y = only_y});
    refused(f, NULL, UP_E_SINGULAR, "(Intercept)", "only 2 rows for 2 arms");
}

/* The squares of 1e-300 are 0, but its standard error is not. What is really constant is. */
static void
tiny_numbers(void **state)
{
    (void)state;
    static const char *const constant[] = {"k", NULL};
    const csv_key keys[] = {{"arm", UPI_KEY_ARM, false}, {0}};
    const double tiny = 1e-300;
    const double small = 1e-130;
    csv_spec spec = {.text = table, .keys = keys, .y = only_y, .scale = &tiny};
    refused(csv_moments_new(&spec), NULL, UP_E_NOT_FINITE, "y",
        "squares of numbers that small");
    spec.y = constant;
    csv_fixture *f = csv_moments_new(&spec);
    up_model *m = fit_new(f, NULL, NULL);
    assert_non_null(find_note(m, UP_W_CONSTANT, "k"));
    up_model_free(m);
    csv_moments_free(f);
    spec.y = only_y;
    spec.scale = NULL;
    f = csv_moments_new(&spec);
    spec.scale = &small;
    csv_fixture *g = csv_moments_new(&spec);
    m = fit_new(f, NULL, NULL);
    up_model *scaled = fit_new(g, NULL, NULL);
    assert_close(up_model_std_error(scaled, 0, 1), 1e-130 * up_model_std_error(m, 0, 1),
        1e-12, 0);
    up_model_free(m);
    up_model_free(scaled);
    csv_moments_free(f);
    csv_moments_free(g);
    const char *const weighted =
        "arm,w,y\na,1e-200,1\na,1e-200,3\nb,2e-200,2\nb,1e-200,7\n";
    f = csv_moments_new(&(csv_spec){.text = weighted,
        .keys = (const csv_key[]){{"arm", UPI_KEY_ARM, false},
            {"w", UPI_KEY_WEIGHT, false}, {0}},
        .y = only_y});
    refused(f, NULL, UP_E_NOT_FINITE, "w", "rescale the weight");
}

static void
long_combinations(void **state)
{
    (void)state;
    char letters[10][2] = {{0}};
    char *names[10];
    for (int j = 0; j < 10; j++) {
        letters[j][0] = (char)('a' + j);
        names[j] = letters[j];
    }
    const upi_basis b = {.p = 10, .name = names};
    const double combination[] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    upi_text text = {0};
    upi_combination_text(&b, 0, combination, &text);
    assert_string_equal(text.s, "a = b + c + d + e + f + g and 3 more");
    upi_text_free(&text);
}

static void
needs_rows(void **state)
{
    (void)state;
    static const char *const x[] = {"x", NULL};
    csv_fixture *f = fixture((want){.x = x, .form = UPI_TRI});
    up_error err = UP_ERROR_INIT;
    up_model *m = NULL;
    assert_fails(up_fit_linear(f->m, NULL, NULL, &m, &err), UP_E_NEEDS_ROWS, &err);
    assert_true(err.fix[0] != '\0');
    /* The second pass of one fit serves the next; HC1 shares it with HC0, HC3 does not. */
    m = fit_new(f, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC0), NULL);
    double hc0 = up_model_std_error(m, 0, 1);
    up_model_free(m);
    m = NULL;
    err = (up_error)UP_ERROR_INIT;
    assert_ok(
        up_fit_linear(f->m, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC1), NULL, &m, &err), &err);
    assert_close(up_model_std_error(m, 0, 1), hc0 * sqrt(12.0 / 8), 1e-13, 0);
    up_model_free(m);
    m = NULL;
    assert_fails(
        up_fit_linear(f->m, UP_LINEAR_OPTS(.vcov = UP_VCOV_HC3), NULL, &m, &err),
        UP_E_NEEDS_ROWS, &err);
    csv_moments_free(f);
}

typedef struct sweep {
    csv_fixture *f;
    int64_t vcov;
} sweep;

static up_status
fit_once(void *ctx, up_error *err)
{
    const sweep *s = ctx;
    up_model *m = NULL;
    up_status status = fit_fixture(
        s->f, UP_LINEAR_OPTS(.vcov = s->vcov), NULL, UP_RUN(.threads = 1), &m, err);
    up_model_free(m);
    if (s->f->m->robust !=
        NULL) { /* kept with the moments: not a leak, but not from before */
        upi_free(s->f->m->robust->model);
        upi_free(s->f->m->robust->k);
        upi_free(s->f->m->robust);
        s->f->m->robust = NULL;
    }
    return status;
}

static void
memory(void **state)
{
    (void)state;
    static const char *const x[] = {"x", NULL};
    sweep s = {fixture((want){.covariate = "v", .treated = "got"}), UP_VCOV_HC2};
    up_sweep_memory(fit_once, &s);
    csv_moments_free(s.f);
    s = (sweep){fixture((want){.covariate = "device", .cluster = "few"}), UP_VCOV_CR2};
    up_sweep_memory(fit_once, &s);
    csv_moments_free(s.f);
    s = (sweep){fixture((want){.cluster = "few", .cluster2 = "v"}), UP_VCOV_AUTO};
    up_sweep_memory(fit_once, &s);
    csv_moments_free(s.f);
    s = (sweep){fixture((want){.x = x, .form = UPI_TRI}), UP_VCOV_HC3};
    up_sweep_memory(fit_once, &s);
    csv_moments_free(s.f);
    s = (sweep){
        fixture((want){.x = x, .form = UPI_GRAM, .cluster = "few"}), UP_VCOV_CR2};
    up_sweep_memory(fit_once, &s);
    csv_moments_free(s.f);
    s = (sweep){fixture((want){.covariate = "copy"}), UP_VCOV_AUTO};
    up_error err = UP_ERROR_INIT;
    assert_fails(fit_once(&s, &err), UP_E_SINGULAR, &err);
    csv_moments_free(s.f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_and_accessors),
        cmocka_unit_test(options), cmocka_unit_test(singular),
        cmocka_unit_test(too_many_columns), cmocka_unit_test(weak_instrument),
        cmocka_unit_test(notes), cmocka_unit_test(dropped_columns),
        cmocka_unit_test(collinear_numbers), cmocka_unit_test(too_few_rows),
        cmocka_unit_test(long_combinations), cmocka_unit_test(tiny_numbers),
        cmocka_unit_test(needs_rows), cmocka_unit_test(memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
