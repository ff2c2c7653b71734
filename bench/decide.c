/* Decisions per second and core through the C API: Thompson policies with 2, 4 and 8 arms, for
 * contexts of labels (a table) and of a label and two numbers (worked out each time). Prints one
 * line each. Usage: decide [DECISIONS] */
#include <upshot/upshot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 20000, UNITS = 4096 };

static int64_t arm[ROWS], device[ROWS], tier[ROWS];
static double age[ROWS], spend[ROWS], y[ROWS];
static uint64_t state = 20261122;

static double
uniform(void)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(state >> 11) * 0x1p-53;
}

static void
draw(int64_t arms)
{
    for (int64_t i = 0; i < ROWS; i++) {
        arm[i] = (int64_t)(uniform() * (double)arms);
        device[i] = (int64_t)(uniform() * 3);
        tier[i] = (int64_t)(uniform() * 4);
        age[i] = uniform() * 60 + 18;
        spend[i] = uniform() * 100;
        y[i] = uniform() + uniform() + uniform() + 0.02 * (double)(arm[i] * device[i]) +
               0.0005 * age[i] * (double)(arm[i] == 1);
    }
}

static void
must(up_status status, const up_error *err)
{
    if (status != UP_OK) {
        (void)fprintf(stderr, "%s: %s\n", up_status_name(status), err->message);
        exit(1);
    }
}

static up_policy *
learn(int64_t arms, int numbers)
{
    up_error err = UP_ERROR_INIT;
    up_source *source = NULL;
    up_experiment *experiment = NULL;
    up_moments *moments = NULL;
    up_model *model = NULL;
    up_policy *policy = NULL;
    const up_column columns[] = {{.name = "arm", .i64 = arm},
        {.name = "device", .i64 = device}, {.name = "tier", .i64 = tier},
        {.name = "age", .f64 = age}, {.name = "spend", .f64 = spend},
        {.name = "y", .f64 = y}};
    draw(arms);
    must(up_source_from_columns_borrow(columns, 6, ROWS, &source, &err), &err);
    must(up_experiment_new(
             source, UP_ROLES(.intent_to_treat = "arm"), &experiment, &err),
        &err);
    must(up_experiment_add_metric(experiment, "y", &err), &err);
    must(up_experiment_add_covariate(experiment, "factor(device)", &err), &err);
    if (numbers != 0) {
        must(up_experiment_add_covariate(experiment, "age", &err), &err);
        must(up_experiment_add_covariate(experiment, "spend", &err), &err);
    } else {
        must(up_experiment_add_covariate(experiment, "factor(tier)", &err), &err);
    }
    must(up_moments_build(experiment, NULL, NULL, &moments, &err), &err);
    must(up_fit_linear(moments, NULL, NULL, &model, &err), &err);
    must(up_policy_make(model, UP_POLICY_OPTS(.floor = 0.01), &policy, &err), &err);
    up_model_free(model);
    up_moments_free(moments);
    up_experiment_free(experiment);
    up_source_free(source);
    return policy;
}

static double
cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
measure(int64_t arms, int numbers, int64_t decisions)
{
    static char unit[UNITS][24];
    static double context[UNITS][3];
    up_error err = UP_ERROR_INIT;
    up_policy *p = learn(arms, numbers);
    int64_t count[32] = {0};
    for (int64_t i = 0; i < UNITS; i++) {
        (void)snprintf(unit[i], sizeof unit[i], "user-%lld", (long long)(i * 7919));
        context[i][0] = (double)(int64_t)(uniform() * 3);
        context[i][1] =
            numbers != 0 ? uniform() * 60 + 18 : (double)(int64_t)(uniform() * 4);
        context[i][2] = uniform() * 100;
    }
    double start = cpu_seconds();
    for (int64_t i = 0; i < decisions; i++) {
        up_policy_decision d;
        must(up_policy_decide(p, context[i % UNITS], unit[i % UNITS], &d, NULL, &err),
            &err);
        count[d.arm]++;
    }
    double seconds = cpu_seconds() - start;
    (void)printf("%lld arms  %-22s %10.2f million decisions per second and core\n",
        (long long)arms, numbers != 0 ? "label and two numbers" : "two labels",
        (double)decisions / seconds / 1e6);
    (void)fflush(stdout);
    up_policy_free(p);
}

int
main(int argc, char **argv)
{
    int64_t decisions = argc > 1 ? strtoll(argv[1], NULL, 10) : 2000000;
    static const int64_t arms[] = {2, 3, 4, 8};
    for (int numbers = 0; numbers < 2; numbers++) {
        for (size_t k = 0; k < sizeof arms / sizeof arms[0]; k++) {
            measure(arms[k], numbers, numbers != 0 ? decisions / 4 : decisions);
        }
    }
    return 0;
}
