/* How the columns of an experiment vary together: from the moments, and for resampling as one
 * Gram matrix per block of rows.
 *
 * Each group gives weight, means and centred second moments of its numbers; a key is constant
 * within it. Groups are added about one centre, in units of one standard deviation, so that
 * sums of squares lose no digits to the size of the means. Where the moments hold no second
 * moments (clusters of means), the weights differ by row, or independent rows are to be
 * resampled, one pass over the rows fills the blocks: row i goes to block hash(i), a cluster
 * to block hash(cluster), always on one worker, so that the sums have one order. Memory is that
 * of the blocks, whatever the number of rows.
 *
 * Effective number of observations: clusters count as one each, which never claims more than
 * the data hold; weighted rows as (sum w)^2 / sum w^2 (Kish 1965). */
#include "why/scatter.h"

#include "num/matrix.h"

#include <math.h>
#include <string.h>

static int64_t
packed(int64_t a, int64_t b)
{
    return b * (b + 1) / 2 + a;
}

/* ---- columns ---- */

static up_status
add_column(upi_scatter *s, const up_graph *only, const char *name,
    upi_scatter_column column, up_error *err)
{
    up_status status = UP_OK;
    if (only != NULL && up_graph_find(only, name) < 0) {
        return UP_OK;
    }
    if (s->d == UPI_SCATTER_MOST) {
        return upi_fail(err, UP_E_ARGUMENT, name, "there are more than %d columns",
            UPI_SCATTER_MOST);
    }
    for (int64_t i = 0; i < s->d; i++) {
        if (strcmp(s->column[i].name, name) == 0) {
            return upi_fail(
                err, UP_E_ARGUMENT, name, "'%s' stands for two columns", name);
        }
    }
    UP_TRY(upi_strdup_to(&column.name, name, err));
    s->column[s->d++] = column;
out:
    return status;
}

/* An arm by an indicator of each level but the control: its own name with two levels. */
static up_status
add_arms(const up_moments *m, int64_t key, upi_column_class class, const up_graph *only,
    upi_scatter *s, up_error *err)
{
    up_status status = UP_OK;
    upi_text name = {0};
    int64_t control = 0;
    const upi_key *k = key >= 0 ? &m->keys[key] : NULL;
    if (k == NULL) {
        return UP_OK;
    }
    UP_TRY(upi_moments_control(m, key, &control, err));
    for (int64_t level = 0; level < k->n_levels; level++) {
        if (level == control) {
            continue;
        }
        upi_text_clear(&name);
        upi_text_add(&name, k->name);
        if (k->n_levels > 2) {
            upi_text_addf(&name, "=%s", k->label[level]);
        }
        if (name.failed) {
            status = upi_fail_memory(err, 0);
            goto out;
        }
        UP_TRY(add_column(s, only, name.s,
            (upi_scatter_column){.class = class, .key = key, .level = level, .v = -1},
            err));
    }
out:
    upi_text_free(&name);
    return status;
}

static up_status
fail_text(const char *name, const char *why, const char *fix, up_error *err)
{
    (void)upi_fail(
        err, UP_E_TYPE, name, "'%s' %s: a correlation needs numbers", name, why);
    return upi_fix(err, "%s", fix);
}

static up_status
add_covariate(
    const up_moments *m, int64_t i, const up_graph *only, upi_scatter *s, up_error *err)
{
    const upi_covariate *c = &m->experiment->covariates[i];
    upi_scatter_column column = {
        .class = UPI_COLUMN_COVARIATE, .key = -1, .level = -1, .v = -1};
    if (only != NULL && up_graph_find(only, c->v.name) < 0) {
        return UP_OK;
    }
    if (c->factor && c->v.type != UPI_BOOL) {
        return c->strata
                   ? UP_OK
                   : fail_text(c->v.name, "is categorical",
                         "leave it out, or make a number of it: numeric(x = 'a')", err);
    }
    for (int64_t k = 0; k < m->nx; k++) {
        column.v = m->x_covariate[k] == i ? k : column.v;
    }
    for (int64_t k = 0; k < m->n_keys; k++) {
        const upi_key *key = &m->keys[k];
        bool missing = key->role == UPI_KEY_MISSING || key->missing_level >= 0;
        if (key->index != i || (key->role != UPI_KEY_COVARIATE && !missing)) {
            continue;
        }
        if (missing &&
            (key->role == UPI_KEY_MISSING || key->role == UPI_KEY_COVARIATE)) {
            (void)upi_fail(
                err, UP_E_MISSING, c->v.name, "'%s' has missing values", c->v.name);
            return upi_fix(err, "leave such rows out: --missing drop");
        }
        column.key = k;
    }
    return add_column(s, only, c->v.name, column, err);
}

static up_status
add_columns(const up_moments *m, const up_graph *only, upi_scatter *s, up_error *err)
{
    up_status status = UP_OK;
    const up_experiment *e = m->experiment;
    UP_TRY(UP_NEW(&s->column, UPI_SCATTER_MOST, err));
    for (int64_t i = 0; i < e->n_covariates; i++) {
        UP_TRY(add_covariate(m, i, only, s, err));
    }
    UP_TRY(add_arms(m, m->instrument, UPI_COLUMN_ARM, only, s, err));
    UP_TRY(add_arms(m, m->arm, m->instrument >= 0 ? UPI_COLUMN_TREATED : UPI_COLUMN_ARM,
        only, s, err));
    UP_TRY(add_arms(m, m->treated, UPI_COLUMN_TREATED, only, s, err));
    for (int64_t k = 0; k < e->n_metrics; k++) {
        const upi_metric *metric = &e->metrics[k];
        if (only != NULL && up_graph_find(only, metric->name) < 0) {
            continue;
        }
        if (metric->kind == UPI_METRIC_RATIO) {
            return fail_text(metric->name,
                "is a ratio of sums, which no row has a value of",
                "give its two parts as metrics", err);
        }
        UP_TRY(add_column(s, only, metric->name,
            (upi_scatter_column){.class = UPI_COLUMN_METRIC,
                .key = -1,
                .level = -1,
                .v = m->nx + metric->component},
            err));
    }
out:
    return status;
}

/* ---- groups ---- */

static double
key_value(const up_moments *m, const upi_scatter_column *c, int64_t group)
{
    int32_t code = upi_moments_code(m, group, c->key);
    return c->level >= 0 ? (code == c->level ? 1 : 0) : m->keys[c->key].number[code];
}

/* The weight that the keys of a group give each of its rows. */
static double
key_weight(const up_moments *m, int64_t group)
{
    double w = 1;
    if (m->weight >= 0) {
        w = m->keys[m->weight].number[upi_moments_code(m, group, m->weight)];
    }
    if (m->propensity >= 0) {
        w /= m->keys[m->propensity].number[upi_moments_code(m, group, m->propensity)];
    }
    return w;
}

static double
group_mean(const up_moments *m, const upi_scatter_column *c, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (c->v < 0) {
        return key_value(m, c, group);
    }
    if (m->form == UPI_TRI) {
        const double *r = m->tri + group * packed(0, 1 + nv);
        return r[packed(0, 1 + c->v)] / r[0];
    }
    return m->mean[group * nv + c->v];
}

/* Centred cross products of two columns within a group. */
static double
group_cross(const up_moments *m, const upi_scatter_column *a,
    const upi_scatter_column *b, int64_t group)
{
    int64_t nv = m->nx + m->ny;
    if (a->v < 0 || b->v < 0) {
        return 0;
    }
    int64_t i = a->v < b->v ? a->v : b->v;
    int64_t j = a->v < b->v ? b->v : a->v;
    if (m->form != UPI_TRI) {
        return m->m2[group * packed(0, nv) + packed(i, j)];
    }
    const double *r = m->tri + group * packed(0, 1 + nv);
    double sum = 0;
    for (int64_t k = 1; k <= i + 1; k++) {
        sum += r[packed(k, 1 + i)] * r[packed(k, 1 + j)];
    }
    return sum;
}

static bool
has_second_moments(const up_moments *m)
{
    return m->form == UPI_TRI ? !m->row_weighted : m->m2 != NULL;
}

/* Adds a group to a packed Gram matrix of (1, z). */
static void
add_group(const up_moments *m, const upi_scatter *s, int64_t group, double *gram)
{
    double z[UPI_SCATTER_MOST + 1] = {1};
    double w = key_weight(m, group);
    double n = w * (double)m->n[group];
    for (int64_t i = 0; i < s->d; i++) {
        z[1 + i] = (group_mean(m, &s->column[i], group) - s->center[i]) / s->scale[i];
    }
    for (int64_t j = 0; j <= s->d; j++) {
        for (int64_t i = 0; i <= j; i++) {
            double within =
                i == 0
                    ? 0
                    : w * group_cross(m, &s->column[i - 1], &s->column[j - 1], group) /
                          (s->scale[i - 1] * s->scale[j - 1]);
            gram[packed(i, j)] += n * z[i] * z[j] + within;
        }
    }
}

/* A centre and a size of each column, from the means of the groups and where there are second
 * moments from these; they need not be exact. */
static void
find_scale(const up_moments *m, upi_scatter *s)
{
    for (int64_t i = 0; i < s->d; i++) {
        const upi_scatter_column *c = &s->column[i];
        double rows = 0;
        double mean = 0;
        double square = 0;
        for (int64_t g = 0; g < m->n_groups; g++) {
            double n = (double)m->n[g];
            double step = group_mean(m, c, g) - mean;
            rows += n;
            mean += step * n / rows;
            square += step * step * n * (rows - n) / rows;
            square += has_second_moments(m) ? group_cross(m, c, c, g) : 0;
        }
        double sd = sqrt(square / rows);
        s->center[i] = mean;
        double size = mean != 0 ? fabs(mean) : 1;
        s->scale[i] = sd > 1e-12 * fabs(mean) && isfinite(sd) ? sd : size;
    }
}

/* ---- blocks of rows ---- */

typedef struct row_pass {
    const up_moments *m;
    const upi_scatter *s;
    double *block;
    int64_t row, width;
    double weight, weight2;
} row_pass;

static up_status
take_block(void *ctx, int worker, int64_t range, const upi_row_block *b, up_error *err)
{
    row_pass *p = ctx;
    const up_moments *m = p->m;
    const upi_scatter *s = p->s;
    int64_t nv = m->nx + m->ny;
    (void)worker;
    (void)range;
    (void)err;
    for (int64_t i = 0; i < b->n; i++) {
        double z[UPI_SCATTER_MOST + 1] = {1};
        int64_t g = b->group[i];
        double w = key_weight(m, g) * (b->weight != NULL ? b->weight[i] : 1);
        uint64_t id = m->ways > 0 ? m->cluster[0][g] : (uint64_t)p->row;
        double *gram =
            p->block + (int64_t)(upi_hash_u64(id) % UPI_SCATTER_BLOCKS) * p->width;
        for (int64_t k = 0; k < s->d; k++) {
            const upi_scatter_column *c = &s->column[k];
            double x = c->v < 0 ? key_value(m, c, g) : b->v[i * nv + c->v];
            z[1 + k] = (x - s->center[k]) / s->scale[k];
        }
        for (int64_t k = 0; k <= s->d; k++) {
            for (int64_t l = 0; l <= k; l++) {
                gram[packed(l, k)] += w * z[l] * z[k];
            }
        }
        p->row++;
        p->weight += w;
        p->weight2 += w * w;
    }
    return UP_OK;
}

static up_status
fill_from_rows(const up_moments *m, const up_run *run, upi_scatter *s, up_error *err)
{
    up_status status = UP_OK;
    row_pass pass = {.m = m, .s = s, .block = s->block, .width = packed(0, s->d + 1)};
    upi_row_visitor visitor = {.ctx = &pass, .block = take_block};
    up_run one = run != NULL ? *run : (up_run){.struct_size = sizeof one};
    one.threads = 1;
    UP_TRY(upi_moments_visit_rows(m, &visitor, &one, err));
    s->n = pass.weight * pass.weight / pass.weight2;
out:
    return status;
}

/* Blocks without rows go. */
static void
close_gaps(upi_scatter *s)
{
    int64_t width = packed(0, s->d + 1);
    for (int64_t b = 0; b < UPI_SCATTER_BLOCKS; b++) {
        if (s->block[b * width] > 0) {
            memmove(s->block + s->n_blocks * width, s->block + b * width,
                (size_t)width * sizeof *s->block);
            s->n_blocks++;
        }
    }
}

/* ---- correlations ---- */

/* Below this a column is constant: what is left is rounding, of the sum of squares or of the
 * centre. Columns are in units of about one standard deviation. */
static double
least_variance(double square)
{
    return fmax(1e-12 * square, 1e-20);
}

/* Divides a Gram matrix of (1, z) into correlations. */
static bool
to_correlations(int64_t d, const double *gram, double *corr)
{
    double sd[UPI_SCATTER_MOST];
    double total = gram[0];
    for (int64_t j = 0; j < d; j++) {
        double mean = gram[packed(0, 1 + j)] / total;
        double square = gram[packed(1 + j, 1 + j)] / total;
        double variance = square - mean * mean;
        if (!(variance > least_variance(square)) || !isfinite(variance)) {
            return false;
        }
        sd[j] = sqrt(variance);
    }
    for (int64_t j = 0; j < d; j++) {
        for (int64_t i = 0; i <= j; i++) {
            double means = gram[packed(0, 1 + i)] * gram[packed(0, 1 + j)] / total;
            double cross = (gram[packed(1 + i, 1 + j)] - means) / total;
            double r = i == j ? 1 : cross / (sd[i] * sd[j]);
            corr[i + j * d] = r;
            corr[j + i * d] = r;
        }
    }
    return true;
}

/* The first column that the ones before it determine; d when there is none. */
static int64_t
first_repeat(int64_t d, const double *corr)
{
    double l[UPI_SCATTER_MOST * UPI_SCATTER_MOST];
    for (int64_t a = 0; a < d; a++) {
        for (int64_t b = 0; b <= a; b++) {
            double x = corr[a + b * d];
            for (int64_t k = 0; k < b; k++) {
                x -= l[a * d + k] * l[b * d + k];
            }
            if (a == b && !(x > 1e-10)) {
                return a;
            }
            l[a * d + b] = a == b ? sqrt(x) : x / l[b * d + b];
        }
    }
    return d;
}

bool
upi_scatter_correlate(const upi_scatter *s, const int32_t *times, double *corr)
{
    double gram[(UPI_SCATTER_MOST + 1) * (UPI_SCATTER_MOST + 2) / 2] = {0};
    int64_t width = packed(0, s->d + 1);
    for (int64_t b = 0; b < s->n_blocks; b++) {
        for (int64_t i = 0; times[b] > 0 && i < width; i++) {
            gram[i] += times[b] * s->block[b * width + i];
        }
    }
    return to_correlations(s->d, gram, corr) && first_repeat(s->d, corr) == s->d;
}

static up_status
check_correlations(const upi_scatter *s, const double *gram, up_error *err)
{
    if (!to_correlations(s->d, gram, s->corr)) {
        for (int64_t j = 0; j < s->d; j++) {
            double mean = gram[packed(0, 1 + j)] / gram[0];
            double square = gram[packed(1 + j, 1 + j)] / gram[0];
            if (!(square - mean * mean > least_variance(square))) {
                return upi_fail(err, UP_E_NO_VARIATION, s->column[j].name,
                    "'%s' is constant", s->column[j].name);
            }
        }
    }
    int64_t repeat = first_repeat(s->d, s->corr);
    if (repeat < s->d) {
        (void)upi_fail(err, UP_E_SINGULAR, s->column[repeat].name,
            "'%s' is determined by the columns before it", s->column[repeat].name);
        return upi_fix(err, "leave it out: which of them causes which cannot be told");
    }
    return UP_OK;
}

static void
count_observations(const up_moments *m, upi_scatter *s)
{
    double sum = 0;
    double sum2 = 0;
    int64_t clusters = 0;
    for (int64_t g = 0; g < m->n_groups; g++) {
        double w = key_weight(m, g);
        sum += w * (double)m->n[g];
        sum2 += w * w * (double)m->n[g];
        clusters +=
            m->ways > 0 && (g == 0 || m->cluster[0][g] != m->cluster[0][g - 1]) ? 1 : 0;
    }
    s->weighted = m->row_weighted || m->weight >= 0 || m->propensity >= 0;
    s->clusters = clusters;
    s->n = s->n > 0 ? s->n : sum * sum / sum2;
    s->n = m->ways > 0 && (double)clusters < s->n ? (double)clusters : s->n;
}

/* Adds up the groups; with clusters into their blocks too, where there are blocks. */
static void
fill_from_groups(const up_moments *m, const upi_scatter *s, double *gram)
{
    int64_t width = packed(0, s->d + 1);
    for (int64_t g = 0; g < m->n_groups; g++) {
        add_group(m, s, g, gram);
        if (s->block != NULL && m->ways > 0) {
            uint64_t b = upi_hash_u64(m->cluster[0][g]) % UPI_SCATTER_BLOCKS;
            add_group(m, s, g, s->block + (int64_t)b * width);
        }
    }
}

static void
add_blocks(const upi_scatter *s, double *gram)
{
    int64_t width = packed(0, s->d + 1);
    for (int64_t b = 0; b < s->n_blocks; b++) {
        for (int64_t i = 0; i < width; i++) {
            gram[i] += s->block[b * width + i];
        }
    }
}

up_status
upi_scatter_make(const up_moments *m, const up_graph *only, bool blocks,
    const up_run *run, upi_scatter *out, up_error *err)
{
    up_status status = UP_OK;
    upi_scatter s = {0};
    double gram[(UPI_SCATTER_MOST + 1) * (UPI_SCATTER_MOST + 2) / 2] = {0};
    bool exact = has_second_moments(m);
    UP_TRY(add_columns(m, only, &s, err));
    UP_TRY(UP_NEW(&s.corr, s.d * s.d, err));
    UP_TRY(UP_NEW(&s.center, s.d, err));
    UP_TRY(UP_NEW(&s.scale, s.d, err));
    find_scale(m, &s);
    if (blocks || !exact) {
        UP_TRY(UP_NEW(&s.block, UPI_SCATTER_BLOCKS * packed(0, s.d + 1), err));
    }
    if (!exact || (blocks && m->ways == 0)) {
        UP_TRY(fill_from_rows(m, run, &s, err));
    }
    if (exact) {
        fill_from_groups(m, &s, gram);
    }
    if (s.block != NULL) {
        close_gaps(&s);
    }
    if (s.block != NULL && !exact) {
        add_blocks(&s, gram);
    }
    UP_TRY(check_correlations(&s, gram, err));
    count_observations(m, &s);
    *out = s;
    s = (upi_scatter){0};
out:
    upi_scatter_free(&s);
    return status;
}

void
upi_scatter_free(upi_scatter *s)
{
    for (int64_t i = 0; s->column != NULL && i < s->d; i++) {
        upi_free(s->column[i].name);
    }
    upi_free(s->column);
    upi_free(s->corr);
    upi_free(s->center);
    upi_free(s->scale);
    upi_free(s->block);
    *s = (upi_scatter){0};
}
