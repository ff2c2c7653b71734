/* Interactions: "arm:searches" lets the effect of a mediator differ by arm, "searches:views" is the
 * product of two mediators, which must be a metric of its own, since its sums cannot be made from
 * those of its factors. "-> sales" confines either to one equation.
 *
 * With a product of two mediators the split by paths needs the mean of the product in worlds
 * where the two stand under different arms. That is the product of the means plus a covariance of
 * their errors, which cancels in differences exactly when no interaction stands before them; so
 * that is required. */
#include "why/mediation.h"

#include <string.h>

static void
trim(const char **s, int64_t *n)
{
    while (*n > 0 && ((*s)[0] == ' ' || (*s)[0] == '\t')) {
        (*s)++;
        (*n)--;
    }
    while (*n > 0 && ((*s)[*n - 1] == ' ' || (*s)[*n - 1] == '\t')) {
        (*n)--;
    }
}

static up_status
copy_trimmed(const char *s, int64_t n, char **out, up_error *err)
{
    trim(&s, &n);
    *out = upi_strndup(s, (size_t)n);
    return *out != NULL ? UP_OK : upi_fail_memory(err, (size_t)n + 1);
}

up_status
upi_interaction_split(const char *text, char **a, char **b, char **to, up_error *err)
{
    up_status status = UP_OK;
    *a = *b = *to = NULL;
    const char *arrow = text != NULL ? strstr(text, "->") : NULL;
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon == NULL || (arrow != NULL && arrow < colon)) {
        (void)upi_fail(err, UP_E_ARGUMENT, "interaction", "'%s' is not an interaction",
            text != NULL ? text : "");
        return upi_fix(err, "write arm:searches, or arm:searches -> sales");
    }
    int64_t end =
        (int64_t)(arrow != NULL ? arrow - colon - 1 : (int64_t)strlen(colon + 1));
    UP_TRY(copy_trimmed(text, colon - text, a, err));
    UP_TRY(copy_trimmed(colon + 1, end, b, err));
    if (arrow != NULL) {
        UP_TRY(copy_trimmed(arrow + 2, (int64_t)strlen(arrow + 2), to, err));
    }
out:
    if (status != UP_OK) {
        upi_free(*a);
        upi_free(*b);
        upi_free(*to);
        *a = *b = *to = NULL;
    }
    return status;
}

/* ---- what one text asks for ---- */

static up_status
unknown(const char *text, const char *name, up_error *err)
{
    (void)upi_fail(err, UP_E_MEDIATION, "interaction",
        "the interaction '%s' names '%s', which is no node between the arm and the "
        "outcome",
        text, name);
    return upi_fix(err, "use the arm and the mediators of the graph");
}

static up_status
add_product(
    upi_mechanism *h, const char *text, int64_t j, int64_t k, int64_t l, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = h->model->moments->experiment;
    upi_text name = {0};
    upi_text_addf(&name, "%s:%s", h->name[k < l ? k : l], h->name[k < l ? l : k]);
    int64_t metric = name.failed ? -1 : upi_experiment_metric(e, name.s);
    if (metric < 0) {
        status = name.failed ? upi_fail_memory(err, 64)
                             : upi_fail(err, UP_E_MEDIATION, "interaction",
                                   "the interaction '%s' needs the metric \"%s\"", text,
                                   name.s);
        (void)upi_fix(err,
            "add the graph to the experiment before it is compressed, with the "
            "same interactions");
        goto out;
    }
    UP_TRY(UP_RESERVE(&h->product, &h->product_capacity, h->n_products + 1, err));
    h->product[h->n_products++] =
        (upi_product){j, k, l, e->metrics[metric].component, -1};
out:
    upi_text_free(&name);
    return status;
}

/* Are both parts (nodes, -1 = the arm) causes of node j? */
static bool
has_causes(const upi_mechanism *h, int64_t j, const int64_t at[2])
{
    bool both = true;
    for (int i = 0; i < 2; i++) {
        both = both && (at[i] < 0 ? h->from_arm[j] : h->edge[j * (h->n + 1) + at[i]]);
    }
    return both;
}

static up_status
add_to_equation(
    upi_mechanism *h, const char *text, int64_t j, const int64_t at[2], up_error *err)
{
    if (at[0] >= 0 && at[1] >= 0) {
        return add_product(h, text, j, at[0], at[1], err);
    }
    h->arm_edge[j * (h->n + 1) + (at[0] < 0 ? at[1] : at[0])] = true;
    return UP_OK;
}

/* to: a node, or -1 = every equation with both parts as causes. */
static up_status
add_interaction(
    upi_mechanism *h, const char *text, const int64_t at[2], int64_t to, up_error *err)
{
    up_status status = UP_OK;
    int64_t found = 0;
    for (int64_t j = 0; j <= h->n; j++) {
        bool wanted = (to < 0 || to == j) && has_causes(h, j, at);
        found += wanted ? 1 : 0;
        UP_TRY(wanted ? add_to_equation(h, text, j, at, err) : UP_OK);
    }
    if (found == 0) {
        (void)upi_fail(err, UP_E_MEDIATION, "interaction",
            "no node of the graph has arrows from both parts of '%s'%s%s", text,
            to >= 0 ? " that is called " : "", to >= 0 ? h->name[to] : "");
        status =
            upi_fix(err, "an interaction needs both main effects: draw both arrows");
    }
out:
    return status;
}

static up_status
read_one(upi_mechanism *h, const char *text, up_error *err)
{
    up_status status = UP_OK;
    char *part[3] = {NULL, NULL, NULL};
    int64_t at[3] = {-1, -1, -1};
    UP_TRY(upi_interaction_split(text, &part[0], &part[1], &part[2], err));
    for (int i = 0; i < 3; i++) {
        if (part[i] == NULL || (i < 2 && strcmp(part[i], h->arm_name) == 0)) {
            continue;
        }
        at[i] = upi_mechanism_node(h, part[i]);
        if (at[i] < 0) {
            status = unknown(text, part[i], err);
            goto out;
        }
    }
    if (at[0] == at[1]) {
        status = upi_fail(err, UP_E_ARGUMENT, "interaction",
            "'%s' is a product of one node with itself", text);
        goto out;
    }
    UP_TRY(add_interaction(h, text, at, at[2], err));
out:
    for (int i = 0; i < 3; i++) {
        upi_free(part[i]);
    }
    return status;
}

/* ---- what products need ---- */

static bool
equation_interacts(const upi_mechanism *h, int64_t j)
{
    for (int64_t k = 0; k <= h->n; k++) {
        if (h->arm_edge[j * (h->n + 1) + k]) {
            return true;
        }
    }
    for (int64_t i = 0; i < h->n_products; i++) {
        if (h->product[i].j == j) {
            return true;
        }
    }
    return false;
}

/* Is there an interaction in the equation of node k or of one of its causes? */
static bool
interacts_before(const upi_mechanism *h, int64_t k)
{
    bool before[UP_MEDIATE_MOST_MEDIATORS + 1] = {false};
    for (int64_t j = 0; j <= k; j++) {
        before[j] = equation_interacts(h, j);
        for (int64_t i = 0; i < j; i++) {
            before[j] = before[j] || (h->edge[j * (h->n + 1) + i] && before[i]);
        }
    }
    return before[k];
}

up_status
upi_interactions_read(upi_mechanism *h, const up_mediate_opts *o, up_error *err)
{
    up_status status = UP_OK;
    if (o->n_interactions < 0 || (o->n_interactions > 0 && o->interactions == NULL)) {
        return upi_fail(err, UP_E_ARGUMENT, "interactions",
            "the list is missing, or its length is negative");
    }
    for (int64_t i = 0; i < o->n_interactions; i++) {
        UP_TRY(read_one(h, o->interactions[i], err));
    }
    h->interacted = o->n_interactions > 0;
    for (int64_t i = 0; i < h->n_products; i++) {
        const upi_product *p = &h->product[i];
        if (interacts_before(h, p->k) || interacts_before(h, p->l)) {
            (void)upi_fail(err, UP_E_MEDIATION, "interaction",
                "the product of '%s' and '%s' in the equation of '%s' stands behind "
                "another "
                "interaction: its split would rest on the variance of their errors",
                h->name[p->k], h->name[p->l], h->name[p->j]);
            status =
                upi_fix(err, "confine the other interaction to the outcome: ... -> %s",
                    h->name[h->n]);
            goto out;
        }
    }
out:
    return status;
}
