/* The roles: their names, the types they may have, and which of them may share a column.
 *
 * Roles are what an analyst gets wrong without seeing it: the propensity column given as the
 * weight too, the cluster given as the unit of time. Two roles that say different things about
 * a row cannot be one column; the pairs that can are listed below, all others are refused. */
#include "base/opts.h"
#include "design/build.h"

#include <string.h>

enum {
    TEXT = 1 << UPI_STR,
    INTEGER = 1 << UPI_I64,
    BOOLEAN = 1 << UPI_BOOL,
    NUMBER = 1 << UPI_F64,
    DATE = 1 << UPI_DATE,
    TIMESTAMP = 1 << UPI_TIME,
    /* A number column with the values 0.0 and 1.0 is what many tools write for a flag. */
    LABELS = TEXT | INTEGER | BOOLEAN | NUMBER
};

static const struct {
    const char *name;
    size_t offset;
    int types;
    const char *wanted, *fix;
} table[UPI_ROLE_COUNT] = {
    [UPI_ROLE_ARM] = {"intent_to_treat", offsetof(up_roles, intent_to_treat), LABELS,
        "text, an integer, a boolean or a number",
        "name the column that holds the arm"},
    [UPI_ROLE_TREATED] = {"treated", offsetof(up_roles, treated), LABELS,
        "text, an integer, a boolean or a number",
        "name the column that holds the arm received"},
    [UPI_ROLE_INSTRUMENT] = {"instrument", offsetof(up_roles, instrument), LABELS,
        "text, an integer, a boolean or a number",
        "name the column that holds what was randomised"},
    [UPI_ROLE_PROPENSITY] = {"propensity", offsetof(up_roles, propensity),
        NUMBER | INTEGER, "a number",
        "name the column with the probability of the assigned arm"},
    [UPI_ROLE_WEIGHT] = {"weight", offsetof(up_roles, weight), NUMBER | INTEGER,
        "a number", "name a column of positive numbers"},
    [UPI_ROLE_TIME] = {"time", offsetof(up_roles, time),
        INTEGER | NUMBER | TEXT | DATE | TIMESTAMP,
        "a number, text, a date or a timestamp",
        "name the column that holds the period of the row"},
    [UPI_ROLE_CLUSTER] = {"cluster", offsetof(up_roles, cluster),
        TEXT | INTEGER | NUMBER, "text or a number",
        "name the column that identifies the cluster"},
    [UPI_ROLE_CLUSTER2] = {"cluster2", offsetof(up_roles, cluster2),
        TEXT | INTEGER | NUMBER, "text or a number",
        "name the column that identifies the cluster"},
    [UPI_ROLE_UNIT] = {"unit", offsetof(up_roles, unit), TEXT | INTEGER | NUMBER,
        "text or a number", "name the column that identifies the unit"},
};

const char *
upi_role_name(int role)
{
    return role >= 0 && role < UPI_ROLE_COUNT ? table[role].name : "";
}

up_status
upi_role_check_type(int role, const upi_variable *v, up_error *err)
{
    if ((table[role].types >> (int)v->type & 1) != 0) {
        return UP_OK;
    }
    (void)upi_fail(err, UP_E_TYPE, table[role].name,
        "'%s' is of type %s; %s must be %s", v->name, upi_type_name(v->type),
        table[role].name, table[role].wanted);
    (void)upi_fix(err, "%s", table[role].fix);
    return UP_E_TYPE;
}

/* Roles that may be one column: full compliance; the unit or the period as a cluster. */
static bool
may_share(int a, int b)
{
    static const int pairs[][2] = {{UPI_ROLE_ARM, UPI_ROLE_TREATED},
        {UPI_ROLE_ARM, UPI_ROLE_INSTRUMENT}, {UPI_ROLE_TREATED, UPI_ROLE_INSTRUMENT},
        {UPI_ROLE_CLUSTER, UPI_ROLE_UNIT}, {UPI_ROLE_CLUSTER2, UPI_ROLE_UNIT},
        {UPI_ROLE_CLUSTER, UPI_ROLE_TIME}, {UPI_ROLE_CLUSTER2, UPI_ROLE_TIME}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if ((pairs[i][0] == a && pairs[i][1] == b) ||
            (pairs[i][0] == b && pairs[i][1] == a)) {
            return true;
        }
    }
    return false;
}

up_status
upi_roles_check(const up_experiment *e, up_error *err)
{
    for (int a = 0; a < UPI_ROLE_COUNT; a++) {
        for (int b = a + 1; b < UPI_ROLE_COUNT; b++) {
            if (upi_variable_same(&e->roles[a], &e->roles[b]) && !may_share(a, b)) {
                (void)upi_fail(err, UP_E_ARGUMENT, table[b].name,
                    "'%s' is given as %s and as %s, which contradict each other",
                    e->roles[b].name, table[a].name, table[b].name);
                (void)upi_fix(err, "leave out one of the two roles");
                return UP_E_ARGUMENT;
            }
        }
    }
    if (e->roles[UPI_ROLE_CLUSTER2].expr != NULL &&
        e->roles[UPI_ROLE_CLUSTER].expr == NULL) {
        (void)upi_fail(err, UP_E_ARGUMENT, "cluster2",
            "cluster2 is a second way of clustering, but cluster is not given");
        (void)upi_fix(err, "give '%s' as cluster", e->roles[UPI_ROLE_CLUSTER2].name);
        return UP_E_ARGUMENT;
    }
    if (e->assigned_by_cluster && e->roles[UPI_ROLE_CLUSTER].expr == NULL) {
        return upi_fail(err, UP_E_ARGUMENT, "assigned_by_cluster",
            "assignment was by cluster, but cluster is not given");
    }
    return UP_OK;
}

static up_status
set_filter(up_experiment *e, const char *text, up_error *err)
{
    up_status status = UP_OK;
    upi_names names = {0};
    upi_names arm = {0};
    UP_TRY(upi_variable_make(e, "filter", text, &e->filter, err));
    if (e->filter.type != UPI_BOOL) {
        status = upi_fail(err, UP_E_TYPE, "filter",
            "'%s' is of type %s; the filter must be a condition", e->filter.name,
            upi_type_name(e->filter.type));
        goto out;
    }
    /* Choosing among the arms by their label alone leaves the comparison of the others as
     * it is; anything else about the arm does not. */
    UP_TRY(upi_names_collect(&names, e->filter.expr, err));
    UP_TRY(upi_names_collect(&arm, e->roles[UPI_ROLE_ARM].expr, err));
    bool only_arm = names.n > 0;
    for (int64_t i = 0; i < names.n; i++) {
        only_arm = only_arm && upi_names_has(&arm, names.items[i].s);
    }
    if (!only_arm) {
        UP_TRY(upi_experiment_allow(e, e->filter.expr, "filter", err));
    }
out:
    upi_names_free(&names);
    upi_names_free(&arm);
    return status;
}

static up_status
set_options(up_experiment *e, const up_roles *roles, up_error *err)
{
    up_status status = UP_OK;
    if (roles->missing < UP_MISSING_REFUSE || roles->missing > UP_MISSING_INDICATOR) {
        return upi_fail(err, UP_E_ARGUMENT, "missing",
            "%lld is not a way to treat missing values", (long long)roles->missing);
    }
    e->missing = roles->missing;
    e->assigned_by_cluster = roles->assigned_by_cluster != 0;
    if (roles->control != NULL) {
        UP_TRY(upi_strdup_to(&e->control, roles->control, err));
    }
    if (roles->expected_split != NULL) {
        UP_TRY(upi_experiment_set_split(e, roles->expected_split, err));
    }
out:
    return status;
}

static up_status
set_role(up_experiment *e, int role, const up_roles *roles, up_error *err)
{
    up_status status = UP_OK;
    const char *text = NULL;
    memcpy(&text, (const char *)roles + table[role].offset, sizeof text);
    if (text != NULL) {
        UP_TRY(upi_variable_make(e, table[role].name, text, &e->roles[role], err));
        status = upi_role_check_type(role, &e->roles[role], err);
        if (status == UP_E_TYPE) {
            upi_explain_text(e, &e->roles[role], err);
        }
    }
out:
    return status;
}

up_status
upi_experiment_set_roles(up_experiment *e, const up_roles *roles, up_error *err)
{
    up_status status = UP_OK;
    up_roles r;
    UP_TRY(upi_opts_copy(&r, sizeof r, roles, err));
    if (r.intent_to_treat == NULL) {
        status = upi_fail(err, UP_E_ARGUMENT, "intent_to_treat",
            "the column with the assigned arm is not given");
        (void)upi_fix(err, "name it as intent_to_treat");
        goto out;
    }
    UP_TRY(set_options(e, &r, err));
    for (int role = 0; role < UPI_ROLE_COUNT; role++) {
        UP_TRY(set_role(e, role, &r, err));
    }
    UP_TRY(upi_roles_check(e, err));
    if (r.filter != NULL) {
        UP_TRY(set_filter(e, r.filter, err));
    }
    if (r.strata != NULL) {
        UP_TRY(upi_experiment_put_covariate(e, "strata", r.strata, true, err));
    }
out:
    return status;
}
