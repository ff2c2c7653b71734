/* Who was assigned what and received what, and which level is the control. */
#include "moments_data.h"
#include "up_test.h"

#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct made {
    up_source *s;
    up_experiment *e;
    up_moments *m;
} made;

static made
make(data *d, up_roles roles)
{
    up_error err = UP_ERROR_INIT;
    data_design design = {.roles = roles, .metrics = LIST("sales")};
    made b = {.s = data_source(d, 0, d->n, NULL)};
    b.e = data_experiment(b.s, &design);
    assert_ok(up_moments_build(b.e, NULL, NULL, &b.m, &err), &err);
    return b;
}

static void
release(made *b)
{
    up_moments_free(b->m);
    up_experiment_free(b->e);
    up_source_free(b->s);
}

static void
counts(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    made b = make(d, (up_roles){.intent_to_treat = "arm", .treated = "got"});
    upi_crosstab t;
    int64_t *count = NULL;
    assert_ok(upi_moments_crosstab(b.m, &t, &count, &err), &err);
    assert_int_equal(t.n_instrument, 3);
    assert_int_equal(t.n_treatment, 2);
    assert_int_equal(t.control_instrument, 2);
    assert_int_equal(t.control_treatment, 0);
    assert_false(t.same_column);
    assert_false(t.clustered);
    assert_false(t.propensity_varies);
    assert_ptr_equal(t.count, count);
    int64_t wanted[6] = {0};
    const char *const arms[] = {"a very long arm name", "b", "control"};
    for (int64_t i = 0; i < d->n; i++) {
        for (int a = 0; a < 3; a++) {
            wanted[a + 3 * d->got[i]] += strcmp(d->arm[i], arms[a]) == 0;
        }
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(count[i], wanted[i]);
    }
    upi_free(count);
    release(&b);
    b = make(d, (up_roles){.intent_to_treat = "arm", .cluster = "household"});
    assert_ok(upi_moments_crosstab(b.m, &t, &count, &err), &err);
    assert_true(t.same_column);
    assert_true(t.clustered);
    assert_int_equal(count[0], wanted[0] + wanted[3]);
    assert_int_equal(count[3], 0);
    upi_free(count);
    release(&b);
    data_free(d);
}

static void
propensities(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    upi_crosstab t;
    int64_t *count = NULL;
    made b = make(d, (up_roles){.intent_to_treat = "arm", .propensity = "p"});
    assert_ok(upi_moments_crosstab(b.m, &t, &count, &err), &err);
    assert_true(t.propensity_varies);
    upi_free(count);
    release(&b);
    /* unequal arms, but the same for all rows of an arm */
    for (int64_t i = 0; i < d->n; i++) {
        d->p[i] = strcmp(d->arm[i], "control") == 0 ? 0.5 : 0.25;
    }
    b = make(d, (up_roles){.intent_to_treat = "arm", .propensity = "p"});
    assert_ok(upi_moments_crosstab(b.m, &t, &count, &err), &err);
    assert_false(t.propensity_varies);
    upi_free(count);
    release(&b);
    data_free(d);
}

static void
assert_control(data *d, up_roles roles, const char *wanted)
{
    up_error err = UP_ERROR_INIT;
    made b = make(d, roles);
    int64_t level = -1;
    assert_ok(upi_moments_control(b.m, b.m->arm, &level, &err), &err);
    assert_string_equal(b.m->keys[b.m->arm].label[level], wanted);
    release(&b);
}

static void
rename_arms(data *d, const char *a, const char *b)
{
    for (int64_t i = 0; i < d->n; i++) {
        d->arm[i] = i % 3 == 0 ? a : b;
    }
}

static void
control_level(void **state)
{
    (void)state;
    data *d = data_new();
    assert_control(d, (up_roles){.intent_to_treat = "arm"}, "control");
    assert_control(d, (up_roles){.intent_to_treat = "arm", .control = "b"}, "b");
    assert_control(d, (up_roles){.intent_to_treat = "got"}, "false");
    rename_arms(d, "New", "Control");
    assert_control(d, (up_roles){.intent_to_treat = "arm"}, "Control");
    rename_arms(d, "1", "0");
    assert_control(d, (up_roles){.intent_to_treat = "arm"}, "0");
    rename_arms(d, "B", "A");
    assert_control(d, (up_roles){.intent_to_treat = "arm"}, "A");
    rename_arms(d, "y", "x");
    assert_control(d, (up_roles){.intent_to_treat = "arm"}, "x");
    up_error err = UP_ERROR_INIT;
    int64_t level = 0;
    rename_arms(d, "control", "blue");
    made b = make(d,
        (up_roles){.intent_to_treat = "arm", .treated = "got", .control = "contorl"});
    assert_fails(upi_moments_control(b.m, b.m->arm, &level, &err), UP_E_ARMS, &err);
    assert_non_null(strstr(err.fix, "'control'"));
    err = (up_error)UP_ERROR_INIT;
    assert_ok(upi_moments_control(b.m, b.m->treated, &level, &err), &err);
    assert_int_equal(level, 0);
    upi_crosstab t;
    int64_t *count = NULL;
    assert_fails(upi_moments_crosstab(b.m, &t, &count, &err), UP_E_ARMS, &err);
    assert_null(count);
    release(&b);
    data_free(d);
}

static void
chosen_by_order(void **state)
{
    (void)state;
    data *d = data_new();
    up_error err = UP_ERROR_INIT;
    int64_t level = -1;
    rename_arms(d, "old", "new");
    made b = make(d, (up_roles){.intent_to_treat = "arm", .treated = "got"});
    assert_true(upi_moments_control_chosen(b.m, b.m->arm));
    assert_false(upi_moments_control_chosen(b.m, b.m->treated));
    release(&b);
    b = make(d, (up_roles){.intent_to_treat = "arm", .control = "old"});
    assert_false(upi_moments_control_chosen(b.m, b.m->arm));
    release(&b);
    /* arms 1 and 2: treatment received may be 0/1 all the same */
    rename_arms(d, "2", "1");
    b = make(d, (up_roles){.intent_to_treat = "arm", .treated = "if(got, 1, 0)"});
    assert_true(upi_moments_control_chosen(b.m, b.m->arm));
    assert_ok(upi_moments_control(b.m, b.m->treated, &level, &err), &err);
    assert_string_equal(b.m->keys[b.m->treated].label[level], "0");
    release(&b);
    /* the label named may be of the instrument alone */
    b = make(d,
        (up_roles){
            .intent_to_treat = "got", .instrument = "device", .control = d->device[0]});
    assert_ok(upi_moments_control(b.m, b.m->instrument, &level, &err), &err);
    assert_string_equal(b.m->keys[b.m->instrument].label[level], d->device[0]);
    assert_false(upi_moments_control_chosen(b.m, b.m->instrument));
    assert_ok(upi_moments_control(b.m, b.m->arm, &level, &err), &err);
    assert_string_equal(b.m->keys[b.m->arm].label[level], "false");
    release(&b);
    /* else its first one is taken */
    b = make(d, (up_roles){.intent_to_treat = "got", .instrument = "device"});
    assert_ok(upi_moments_control(b.m, b.m->instrument, &level, &err), &err);
    assert_int_equal(level, 0);
    assert_true(upi_moments_control_chosen(b.m, b.m->instrument));
    release(&b);
    data_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(propensities),
        cmocka_unit_test(control_level),
        cmocka_unit_test(chosen_by_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
