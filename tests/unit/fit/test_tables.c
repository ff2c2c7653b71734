/* The tables of methods/core.md 6.5, 6.4 and 3.4: one panel of 240 rows in 24 unbalanced clusters with
 * one-sided noncompliance, computed there with sandwich, AER, clubSandwich and estimatr. The
 * model there is not centred and interacts one covariate only. */
#include "fit_helper.h"
#include "up_test.h"

#include <math.h>

typedef struct row {
    int64_t vcov;
    double se[5];
} row;

static const double tolerance = 1e-9;

static csv_fixture *
panel(bool clusters, bool iv)
{
    static const char *const y[] = {"y1", NULL};
    static const csv_key keys_ols[] = {{"z", UPI_KEY_ARM, false},
        {"x1", UPI_KEY_COVARIATE, false}, {"x2", UPI_KEY_COVARIATE, false},
        {NULL, UPI_KEY_ARM, false}};
    static const csv_key keys_iv[] = {{"z", UPI_KEY_ARM, false},
        {"d", UPI_KEY_TREATED, false}, {"x1", UPI_KEY_COVARIATE, false},
        {"x2", UPI_KEY_COVARIATE, false}, {NULL, UPI_KEY_ARM, false}};
    csv_spec spec = {.path = up_test_data("oracle/linear/panel.csv"),
        .keys = iv ? keys_iv : keys_ols,
        .y = y,
        .cluster = clusters ? "cl" : NULL,
        .form = UPI_MEAN};
    return csv_moments_new(&spec);
}

static void
check_rows(const row *rows, int64_t n, const char *const *names, const double *b,
    const double *df, bool iv)
{
    static const char *const interact_ols[] = {"x1", NULL};
    static const char *const interact_iv[] = {NULL};
    for (int64_t i = 0; i < n; i++) {
        csv_fixture *f = panel(upi_vcov_clustered(rows[i].vcov), iv);
        up_model *m = fit_new(
            f, UP_LINEAR_OPTS(.vcov = rows[i].vcov), iv ? interact_iv : interact_ols);
        for (int64_t j = 0; names[j] != NULL; j++) {
            fit_value v = fit_coefficient(m, 0, names[j]);
            assert_close(v.value, b[j], tolerance, 0);
            assert_close(v.std_error, rows[i].se[j], tolerance, 0);
            if (rows[i].vcov == UP_VCOV_CR2) {
                assert_close(v.df, df[j], tolerance, 0);
            }
        }
        up_model_free(m);
        csv_moments_free(f);
    }
}

static void
least_squares(void **state)
{
    (void)state;
    static const char *const names[] = {
        "(Intercept)", "z=1", "x1", "x2", "z=1:x1", NULL};
    static const double b[] = {0.704073071058802, 0.532844432979029, 0.788294518192927,
        -0.397314157542543, 0.337986634952027};
    static const row rows[] = {
        {UP_VCOV_HC0, {0.1072982126446507, 0.1484079040541777, 0.0846994845642079,
                          0.0973693547770998, 0.1243975930573580}},
        {UP_VCOV_HC1, {0.1084336750868357, 0.1499784018008177, 0.0855958003669100,
                          0.0983997470142504, 0.1257140063631661}},
        {UP_VCOV_HC2, {0.1085167029832780, 0.1501479501835172, 0.0858681820582843,
                          0.0984095752867659, 0.1260703390765783}},
        {UP_VCOV_HC3, {0.1097504059084447, 0.1519106423673224, 0.0870538420814466,
                          0.0994636828766983, 0.1277662778277611}},
        {UP_VCOV_CR0, {0.1443727010691349, 0.1785609153589872, 0.0874769604371728,
                          0.1021821315339655, 0.1396311155446233}},
        {UP_VCOV_CR1, {0.1474778455780580, 0.1824013744051176, 0.0893584006356816,
                          0.1043798481541651, 0.1426342788053880}},
        {UP_VCOV_CR1S, {0.1487276801747263, 0.1839471764021415, 0.0901156887570239,
                           0.1052644389542728, 0.1438430654921141}},
        {UP_VCOV_CR2, {0.149338807599080, 0.185558155824161, 0.091364404470928,
                          0.105586840130715, 0.145155216595905}},
        {UP_VCOV_CR3, {0.154535140935496, 0.192911763856073, 0.095502834989037,
                          0.109176745651554, 0.150985215286158}}};
    static const double df[] = {17.9648166850787, 19.3846461364963, 17.3398565082700,
        19.5797501215735, 19.5712030762735};
    check_rows(rows, sizeof rows / sizeof *rows, names, b, df, false);
}

static void
two_stages(void **state)
{
    (void)state;
    static const char *const names[] = {"(Intercept)", "d=1", "x1", "x2", NULL};
    static const double b[] = {
        0.708263199876627, 1.612674973257884, 0.832490021365279, -0.504684376260851};
    static const row rows[] = {
        {UP_VCOV_IID, {0.0972552441932751, 0.2005167554286928, 0.0727160912854924,
                          0.1088778574457586}},
        {UP_VCOV_HC0, {0.0921368262902077, 0.2002292015673776, 0.0731120427517488,
                          0.1085490683268457}},
        {UP_VCOV_HC1, {0.0929143660354052, 0.2019189294279557, 0.0737290329540487,
                          0.1094651104603401}},
        {UP_VCOV_HC2, {0.0929085768703993, 0.2019318492797289, 0.0738480600069152,
                          0.1095022168703793}},
        {UP_VCOV_HC3, {0.0936872000715014, 0.2036507058264266, 0.0745917884323641,
                          0.1104647095095307}},
        {UP_VCOV_CR0, {0.123399559729571, 0.219496220587765, 0.068687943216762,
                          0.117124135314660}},
        {UP_VCOV_CR1S, {0.1268522754874599, 0.2256377178611859, 0.0706098296841143,
                           0.1204012648969395}},
        {UP_VCOV_CR2, {0.1275628895717626, 0.2262124480745779, 0.0711241404793831,
                          0.1216605622587778}},
        {UP_VCOV_CR3, {0.1318984525957778, 0.2331754012021616, 0.0736822880334787,
                          0.1264266732426739}}};
    static const double df[] = {
        19.6577349702193, 20.8891513852907, 18.8623945440390, 19.8448100749691};
    check_rows(rows, sizeof rows / sizeof *rows, names, b, df, true);
}

/* Robust F of the instrument in d ~ z + x1 + x2. */
static void
first_stage(void **state)
{
    (void)state;
    static const char *const interact[] = {NULL};
    static const struct {
        int64_t vcov;
        double f;
    } expected[] = {{UP_VCOV_IID, 139.871858586612}, {UP_VCOV_HC1, 136.861807241295},
        {UP_VCOV_CR1S, 85.9668499121738}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        csv_fixture *f = panel(upi_vcov_clustered(expected[i].vcov), true);
        up_model *m = fit_new(f, UP_LINEAR_OPTS(.vcov = expected[i].vcov), interact);
        assert_close(up_model_first_stage_f(m), expected[i].f, tolerance, 0);
        up_model_free(m);
        csv_moments_free(f);
    }
}

/* Delta vector and baseline of the rows with x1 = level (-1 = all): means over the rows of the columns
 * under arm 1 less those under arm 0, and of those under arm 0. */
static void
delta(const up_model *m, int64_t level, double weight, double *d, double *base)
{
    double n = 0;
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        n += level < 0 || upi_moments_code(m->moments, g, 1) == level
                 ? (double)m->moments->n[g]
                 : 0;
    }
    for (int64_t g = 0; g < m->moments->n_groups; g++) {
        if (level >= 0 && upi_moments_code(m->moments, g, 1) != level) {
            continue;
        }
        double share = weight * (double)m->moments->n[g] / n;
        for (int64_t j = 0; j < m->x.p; j++) {
            double *to = m->x.term[j].level >= 0 ? d : base;
            to[j] += share * upi_base_mean(m, m->x.term[j].base, g);
        }
    }
}

static void
effects(void **state)
{
    (void)state;
    static const csv_key keys[] = {{"z", UPI_KEY_ARM, false},
        {"x1", UPI_KEY_COVARIATE, true}, {"x2", UPI_KEY_COVARIATE, false},
        {NULL, UPI_KEY_ARM, false}};
    static const char *const y[] = {"y1", NULL};
    static const struct {
        int64_t level[2];
        double weight[2];
        double estimate, hc2, cr2, baseline;
    } rows[] = {{{-1, -1}, {1, 0}, 0.858931226542, 0.098426631103, 0.116185636476,
                    1.298829866394},
        {{0, 0}, {1, 0}, 0.531110406016, 0.164531777324, 0.199567806039,
            0.553269677671},
        {{1, 1}, {1, 0}, 0.876447162986, 0.157439535976, 0.161976049125,
            1.347949571600},
        {{2, 2}, {1, 0}, 1.210413356671, 0.194941637978, 0.215875143314,
            2.084418400224},
        {{0, 2}, {.2, .8}, 1.074552766540, 0.159494884363, 0.178315443868,
            1.778188655714}};
    for (int clustered = 0; clustered < 2; clustered++) {
        csv_fixture *f =
            csv_moments_new(&(csv_spec){.path = up_test_data("oracle/linear/panel.csv"),
                .keys = keys,
                .y = y,
                .cluster = clustered != 0 ? "cl" : NULL});
        up_model *m = fit_new(f, NULL, NULL);
        assert_int_equal(m->x.p, 8);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            double d[8] = {0};
            double base[8] = {0};
            for (int k = 0; k < 2; k++) {
                delta(m, rows[i].level[k], rows[i].weight[k], d, base);
            }
            double estimate = 0;
            double baseline = 0;
            for (int j = 0; j < 8; j++) {
                estimate += d[j] * m->coef[0][j];
                baseline += base[j] * m->coef[0][j];
            }
            /* the table has twelve decimals */
            assert_close(estimate, rows[i].estimate, tolerance, 0);
            assert_close(baseline, rows[i].baseline, tolerance, 0);
            assert_close(sqrt(upi_model_cov(m, 0, d, 0, d)),
                clustered != 0 ? rows[i].cr2 : rows[i].hc2, tolerance, 0);
        }
        up_model_free(m);
        csv_moments_free(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(least_squares),
        cmocka_unit_test(two_stages), cmocka_unit_test(first_stage),
        cmocka_unit_test(effects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
