/* From roles to columns: the arm first (missing values are counted by arm), then the other
 * roles, covariates, segments, and last the numbers. A covariate that is a number is a key
 * while it has few distinct values, for then every model is exact from the groups, and a
 * continuous x otherwise. */
#include "moments/plan.h"

#include <string.h>

enum { MAX_TIMES = 100000, MAX_CLUSTER_WEIGHTS = 100000 };
static const int64_t group_memory = INT64_C(256) << 20;

static upi_plan_column *
add_column(upi_plan *p, const upi_variable *v, upi_use use, int64_t index, bool counted)
{
    upi_plan_column *c = &p->columns[p->n_columns++];
    *c = (upi_plan_column){.expr = v->expr,
        .name = v->name,
        .type = v->type,
        .use = use,
        .index = index,
        .counted = -1,
        .missing_key = -1};
    if (counted) {
        c->counted = p->n_counted;
        p->counted[p->n_counted++] = v->name;
    }
    return c;
}

static int64_t
add_key(upi_plan *p, upi_key_role role, int64_t index, const upi_variable *v,
    upi_type type, int64_t limit)
{
    p->keys[p->n_keys] = (upi_plan_key){
        .role = role, .index = index, .name = v->name, .type = type, .limit = limit};
    return p->n_keys++;
}

static bool
same_variable(const upi_variable *a, const upi_variable *b)
{
    if (a->expr == NULL || b->expr == NULL) {
        return false;
    }
    bool bare_a = upi_expr_bare_column(a->expr) != NULL;
    bool bare_b = upi_expr_bare_column(b->expr) != NULL;
    return bare_a == bare_b && strcmp(a->name, b->name) == 0;
}

static int64_t
add_role_key(upi_plan *p, int role, upi_key_role key_role, int64_t limit)
{
    const upi_variable *v = &p->e->roles[role];
    if (v->expr == NULL) {
        return -1;
    }
    int64_t key = add_key(p, key_role, 0, v, v->type, limit);
    (void)add_column(p, v, UPI_USE_KEY, key, true);
    return key;
}

/* Weight or propensity: a key, or a factor of each row. */
static int64_t
add_scale(upi_plan *p, int role, upi_key_role key_role, int64_t which,
    const upi_choice *choice)
{
    const upi_variable *v = &p->e->roles[role];
    if (v->expr == NULL || !choice->scaled[which]) {
        int64_t limit = p->shape.ways > 0 ? MAX_CLUSTER_WEIGHTS : UPI_MAX_PROPENSITIES;
        return add_role_key(p, role, key_role, limit);
    }
    (void)add_column(p, v, UPI_USE_SCALE, which, true);
    p->row_weighted = true;
    return -1;
}

static void
add_roles(upi_plan *p, const upi_choice *choice)
{
    const upi_variable *roles = p->e->roles;
    p->arm = add_role_key(p, UPI_ROLE_ARM, UPI_KEY_ARM, UPI_MAX_ARMS);
    bool own_treated = !same_variable(&roles[UPI_ROLE_TREATED], &roles[UPI_ROLE_ARM]);
    p->treated = own_treated
                     ? add_role_key(p, UPI_ROLE_TREATED, UPI_KEY_TREATED, UPI_MAX_ARMS)
                     : -1;
    p->instrument = -1;
    if (same_variable(&roles[UPI_ROLE_INSTRUMENT], &roles[UPI_ROLE_TREATED])) {
        p->instrument = p->treated;
    } else if (!same_variable(&roles[UPI_ROLE_INSTRUMENT], &roles[UPI_ROLE_ARM])) {
        p->instrument =
            add_role_key(p, UPI_ROLE_INSTRUMENT, UPI_KEY_INSTRUMENT, UPI_MAX_ARMS);
    }
    p->propensity = add_scale(p, UPI_ROLE_PROPENSITY, UPI_KEY_PROPENSITY, 1, choice);
    p->weight = add_scale(p, UPI_ROLE_WEIGHT, UPI_KEY_WEIGHT, 0, choice);
    p->time = add_role_key(p, UPI_ROLE_TIME, UPI_KEY_TIME, MAX_TIMES);
    for (int64_t w = 0; w < p->shape.ways; w++) {
        (void)add_column(p, &roles[UPI_ROLE_CLUSTER + w], UPI_USE_CLUSTER, w, true);
    }
    p->unit = p->shape.ways == 0 && roles[UPI_ROLE_UNIT].expr != NULL;
    if (p->unit) {
        (void)add_column(p, &roles[UPI_ROLE_UNIT], UPI_USE_UNIT, 0, true);
    }
}

static void
add_covariates(upi_plan *p, const upi_choice *choice, int64_t max_levels)
{
    const up_experiment *e = p->e;
    bool indicate = e->missing == UP_MISSING_INDICATOR;
    for (int64_t i = 0; i < e->n_covariates; i++) {
        const upi_covariate *c = &e->covariates[i];
        upi_plan_column *column = NULL;
        if (!c->factor && choice->continuous[i]) {
            column = add_column(p, &c->v, UPI_USE_VALUE, p->nx, true);
            p->x_covariate[p->nx++] = i;
        } else {
            int64_t limit = c->factor ? UPI_MAX_FACTOR : max_levels;
            int64_t key = add_key(p, UPI_KEY_COVARIATE, i, &c->v, c->v.type, limit);
            column = add_column(p, &c->v, UPI_USE_KEY, key, true);
        }
        column->own_level = indicate && c->factor;
    }
    for (int64_t i = 0; i < e->n_segments; i++) {
        const upi_variable *v = &e->segments[i];
        int64_t key = add_key(p, UPI_KEY_SEGMENT, i, v, UPI_BOOL, 2);
        add_column(p, v, UPI_USE_KEY, key, false)->own_level = true;
    }
    for (int64_t i = 0, c = 0; i < e->n_covariates && indicate; i++) {
        while (p->columns[c].name != e->covariates[i].v.name) {
            c++;
        }
        if (!e->covariates[i].factor) {
            p->columns[c].missing_key =
                add_key(p, UPI_KEY_MISSING, i, &e->covariates[i].v, UPI_BOOL, 2);
        }
    }
}

static up_status
check_layout(const upi_plan *p, int64_t layout, up_error *err)
{
    if (layout == UP_LAYOUT_CLUSTERS && p->shape.ways == 0) {
        (void)upi_fail(err, UP_E_ARGUMENT, "layout",
            "the layout 'clusters' was asked for but no cluster is declared");
        return upi_fix(err, "declare cluster=..., or leave the layout to upshot");
    }
    if (p->shape.ways > 0 &&
        (layout == UP_LAYOUT_GROUPS || layout == UP_LAYOUT_STREAM)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "layout",
            "the layout '%s' cannot hold clusters",
            layout == UP_LAYOUT_GROUPS ? "groups" : "stream");
        return upi_fix(err, "leave the layout to upshot");
    }
    if (layout == UP_LAYOUT_GROUPS && p->shape.form != UPI_MEAN) {
        const char *name = p->nx > 0 ? p->e->covariates[p->x_covariate[0]].v.name
                                     : p->e->roles[UPI_ROLE_WEIGHT].name;
        (void)upi_fail(err, UP_E_ARGUMENT, "layout",
            "the layout 'groups' cannot hold '%s': it has too many distinct values",
            name != NULL ? name : "propensity");
        return upi_fix(
            err, "raise max_levels or max_groups, or leave the layout to upshot");
    }
    return UP_OK;
}

static void
set_shape(upi_plan *p, const up_moments_opts *opts)
{
    upi_shape *s = &p->shape;
    s->n_keys = p->n_keys;
    s->nv = p->nx + p->ny;
    s->pairs = s->nv * (s->nv + 1) / 2;
    bool rows = p->nx > 0 || p->row_weighted || opts->layout == UP_LAYOUT_STREAM;
    if (s->ways > 0) {
        s->form = p->nx > 0 || opts->cross != 0 ? UPI_GRAM : UPI_MEAN;
    } else {
        s->form = rows ? UPI_TRI : UPI_MEAN;
    }
    s->second = s->form == UPI_GRAM || (s->form == UPI_MEAN && s->ways == 0);
    int64_t fits = group_memory / (int64_t)sizeof(double) / (upi_shape_rest(s) + 4);
    /* Many clusters make many groups, whatever the keys: only memory bounds those. */
    p->max_groups = fits < 200000 || s->ways > 0 ? fits : 200000;
    if (opts->max_groups > 0) {
        p->max_groups = opts->max_groups;
    }
}

/* A covariate that could leave the keys. Without one, clusters may make any number of groups. */
static bool
has_number(const upi_plan *p)
{
    for (int64_t k = 0; k < p->n_keys; k++) {
        const upi_plan_key *key = &p->keys[k];
        if (key->role == UPI_KEY_COVARIATE && !p->e->covariates[key->index].factor) {
            return true;
        }
    }
    return false;
}

up_status
upi_plan_make(const up_experiment *e, const up_moments_opts *opts,
    const upi_choice *choice, upi_plan *out, up_error *err)
{
    up_status status = UP_OK;
    upi_plan p = {.e = e};
    int64_t most =
        UPI_ROLE_COUNT + 2 * e->n_covariates + e->n_segments + e->n_components;
    UP_TRY(UP_NEW(&p.columns, most, err));
    UP_TRY(UP_NEW(&p.keys, most, err));
    UP_TRY(UP_NEW(&p.counted, most, err));
    UP_TRY(UP_NEW(&p.x_covariate, e->n_covariates, err));
    p.shape.ways = e->roles[UPI_ROLE_CLUSTER].expr == NULL    ? 0
                   : e->roles[UPI_ROLE_CLUSTER2].expr == NULL ? 1
                                                              : 2;
    add_roles(&p, choice);
    add_covariates(&p, choice, opts->max_levels > 0 ? opts->max_levels : 64);
    for (; p.ny < e->n_components; p.ny++) {
        (void)add_column(&p, &e->components[p.ny], UPI_USE_VALUE, p.nx + p.ny, true);
    }
    set_shape(&p, opts);
    if (choice->unlimited || (p.shape.ways > 0 && !has_number(&p))) {
        p.max_groups = INT64_MAX;
    }
    UP_TRY(check_layout(&p, opts->layout, err));
    *out = p;
    return UP_OK;
out:
    upi_plan_free(&p);
    return status;
}

void
upi_plan_free(upi_plan *p)
{
    upi_free(p->columns);
    upi_free(p->keys);
    upi_free((void *)p->counted);
    upi_free(p->x_covariate);
    *p = (upi_plan){0};
}

upi_scan
upi_plan_scan(const upi_plan *p, const upi_expr **columns, int *as)
{
    for (int64_t i = 0; i < p->n_columns; i++) {
        columns[i] = p->columns[i].expr;
        as[i] = -1;
    }
    return (upi_scan){.n_columns = p->n_columns,
        .columns = columns,
        .as = as,
        .filter = p->e->filter.expr};
}
