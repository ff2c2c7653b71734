/* Who was assigned what and received what: all that identification needs. */
#include "moments/moments.h"

#include <string.h>

/* The level with this label, -1 if there is none. */
static int64_t
find_label(const upi_key *k, const char *label)
{
    for (int64_t i = 0; i < k->n_levels; i++) {
        if (i != k->missing_level && strcmp(k->label[i], label) == 0) {
            return i;
        }
    }
    return -1;
}

static int
small_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool
same_ignoring_case(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (small_letter(*a) != small_letter(*b)) {
            return false;
        }
    }
    return *a == *b;
}

/* The usual names of a control, in order of preference; -1 if there is none. */
static int64_t
usual_control(const upi_key *k)
{
    static const char *const usual[] = {"control", "0", "false", "A"};
    for (size_t u = 0; u < sizeof usual / sizeof usual[0]; u++) {
        for (int64_t i = 0; i < k->n_levels; i++) {
            if (i != k->missing_level && same_ignoring_case(k->label[i], usual[u])) {
                return i;
            }
        }
    }
    return -1;
}

static up_status
refuse_label(const up_moments *m, const char *wanted, up_error *err)
{
    const upi_key *k = &m->keys[m->arm];
    const char *near =
        upi_text_nearest(wanted, (const char *const *)k->label, k->n_levels);
    (void)upi_fail(err, UP_E_ARMS, "control", "no arm is called '%s'", wanted);
    return upi_fix(err, "give one of the values of '%.80s', e.g. --control '%.80s'",
        k->name, near != NULL ? near : k->label[0]);
}

static bool
has_label(const up_moments *m, int64_t key, const char *label)
{
    return key >= 0 && find_label(&m->keys[key], label) >= 0;
}

/* The level that the user or the labels tell; -1 if none does. A label that is of one role
 * only leaves the others to their own: treatment received may be 0/1 where arms have names. */
static int64_t
told_control(const up_moments *m, int64_t key)
{
    const upi_key *k = &m->keys[key];
    const char *wanted = m->experiment->control;
    int64_t level = wanted != NULL ? find_label(k, wanted) : -1;
    int64_t arm = level < 0 && key != m->arm ? told_control(m, m->arm) : -1;
    if (arm >= 0) {
        level = find_label(k, m->keys[m->arm].label[arm]);
    }
    return level >= 0 ? level : usual_control(k);
}

up_status
upi_moments_control(const up_moments *m, int64_t key, int64_t *level, up_error *err)
{
    const upi_key *k = &m->keys[key];
    const char *wanted = m->experiment->control;
    int64_t found = told_control(m, key);
    if (key == m->arm && wanted != NULL && !has_label(m, key, wanted) &&
        !has_label(m, m->instrument, wanted) && !has_label(m, m->treated, wanted)) {
        return refuse_label(m, wanted, err);
    }
    if (found < 0 && key != m->arm) {
        found = find_label(k, m->keys[m->arm].label[0]);
    }
    *level = found >= 0 ? found : 0;
    return UP_OK;
}

bool
upi_moments_control_chosen(const up_moments *m, int64_t key)
{
    return told_control(m, key) < 0;
}

/* Within some level of z the propensity has more than one value. */
static up_status
propensity_varies(const up_moments *m, int64_t z, bool *varies, up_error *err)
{
    up_status status = UP_OK;
    int64_t *seen = NULL;
    *varies = false;
    if (m->propensity < 0) {
        *varies = m->experiment->roles[UPI_ROLE_PROPENSITY].expr != NULL;
        return UP_OK;
    }
    UP_TRY(UP_NEW(&seen, m->keys[z].n_levels, err));
    for (int64_t g = 0; g < m->n_groups && !*varies; g++) {
        int64_t arm = upi_moments_code(m, g, z);
        int64_t level = upi_moments_code(m, g, m->propensity) + 1;
        *varies = seen[arm] != 0 && seen[arm] != level;
        seen[arm] = level;
    }
out:
    upi_free(seen);
    return status;
}

up_status
upi_moments_crosstab(
    const up_moments *m, upi_crosstab *out, int64_t **count, up_error *err)
{
    up_status status = UP_OK;
    int64_t *made = NULL;
    int64_t z = m->instrument >= 0 ? m->instrument : m->arm;
    int64_t d = m->treated >= 0 ? m->treated : m->arm;
    upi_crosstab t = {.n_instrument = m->keys[z].n_levels,
        .n_treatment = m->keys[d].n_levels,
        .same_column = z == d,
        .clustered = m->ways > 0};
    UP_TRY(upi_moments_control(m, z, &t.control_instrument, err));
    UP_TRY(upi_moments_control(m, d, &t.control_treatment, err));
    UP_TRY(propensity_varies(m, z, &t.propensity_varies, err));
    UP_TRY(UP_NEW(&made, t.n_instrument * t.n_treatment, err));
    for (int64_t g = 0; g < m->n_groups; g++) {
        made[upi_moments_code(m, g, z) + upi_moments_code(m, g, d) * t.n_instrument] +=
            m->n[g];
    }
    t.count = made;
    *out = t;
    *count = made;
    made = NULL;
out:
    upi_free(made);
    return status;
}
