/* The six objectives of the paper on the simulated store, each estimate beside the truth: the
 * requests of paper.sh, put to the library. Usage: paper, in a folder to write to */
#include <upshot/upshot.h>

#include <stdio.h>
#include <string.h>

#define OFFER "|source=offer.capsule.parquet"
#define STORE "|source=store.capsule.parquet|metric=sales"
#define ROLES "|itt=arm|propensity=propensity|cluster=household|unit=shopper|time=week"
#define SHOP  "simulate|what=shop|units=30000|weeks=4|arms=3|clusters=1000|adaptive=true"
#define PATHS "arm -> {searches views sales}; searches -> {views sales}; views -> sales"

static void
ask(const char *line, up_error *err)
{
    char text[512], *rest = NULL;
    up_argument argument[24];
    int64_t n = 0;
    up_result *result = NULL;
    (void)snprintf(text, sizeof text, "%s", line);
    const char *verb = strtok_r(text, "|", &rest);
    for (char *a; (a = strtok_r(NULL, "|", &rest)) != NULL;) {
        char *value = strchr(a, '=');
        *value = '\0';
        argument[n++] = (up_argument){a, value + 1};
    }
    if (up_call(verb, argument, n, NULL, &result, err) == UP_OK) {
        printf("\n== %s\n%s", line, up_result_text(result, 100, 1, 0));
    }
    up_result_free(result);
}

int
main(void)
{
    static const char *const lines[] = {SHOP
        "|to=offer.parquet|noncompliance=one-sided",
        "fit|source=offer.parquet|treated=treated|metric=sales|covariates=device,"
        "loyalty|save=offer.capsule.parquet" ROLES,
        "effect" OFFER "|truth=offer.truth.json",
        "effect" OFFER "|estimand=ate|truth=offer.truth.json", SHOP "|to=store.parquet",
        "fit|source=store.parquet|metric=sales|save=store.capsule.parquet|graph=" PATHS
            ROLES
        "|covariates=device,country,loyalty,factor(economy),spend_before,visits_before",
        "effect" STORE "|inference=anytime|planned=1000|truth=store.truth.json",
        "effect" STORE "|by=device|truth=store.truth.json", "rank" STORE "|by=device",
        "policy|source=store.capsule.parquet|reward=sales|context=device|save=p.json",
        "mediate" STORE "|truth=store.truth.json|graph=" PATHS,
        "project" STORE "|to=device=desktop:0.8,mobile:0.2|truth=store.truth.json"};
    up_error err = UP_ERROR_INIT;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && err.status == UP_OK; i++) {
        ask(lines[i], &err);
    }
    if (err.status != UP_OK) {
        (void)fprintf(stderr, "%s %s\n", err.message, err.fix);
    }
    return up_status_exit_code(err.status);
}
