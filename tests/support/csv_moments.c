/* Groups a CSV file into moments the naive way: codes by sorted levels, groups by sorted rows,
 * means and centred moments in two passes, triangles by Householder QR of the rows. */
#include "csv_moments.h"

#include "num/matrix.h"
#include "num/sum.h"
#include "up_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
need(int64_t n, size_t size)
{
    void *p = upi_calloc(n, size);
    assert_non_null(p);
    return p;
}

static char *
copy(const char *s)
{
    char *p = upi_strdup(s);
    assert_non_null(p);
    return p;
}

/* ---- the file ---- */

static char *
slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("cannot open %s", path);
        return NULL;
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size > 0);
    assert_int_equal(fseek(f, 0, SEEK_SET), 0);
    char *text = need(size + 2, 1);
    assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
    (void)fclose(f);
    return text;
}

/* Cuts the next cell in place; *ended tells whether its line ends with it. */
static char *
next_cell(char **p, bool *ended)
{
    char *s = *p;
    char *start = s;
    if (*s == '"') {
        start = ++s;
        while (*s != '"' && *s != '\0') {
            s++;
        }
        *s++ = '\0';
    } else {
        while (*s != ',' && *s != '\n' && *s != '\r' && *s != '\0') {
            s++;
        }
    }
    char stop = *s;
    *s = '\0';
    if (stop != '\0') {
        s++;
    }
    if (stop == '\r' && *s == '\n') {
        s++;
    }
    *ended = stop != ',';
    *p = s;
    return start;
}

/* Takes over text. */
static csv_table *
parse(char *text)
{
    csv_table *t = need(1, sizeof *t);
    t->text = text;
    char *p = t->text;
    if (strncmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }
    int64_t lines = 0;
    int64_t cells = 0;
    for (const char *s = p; *s != '\0'; s++) {
        lines += *s == '\n';
        cells += *s == '\n' || *s == ',';
    }
    t->name = need(cells + 2, sizeof *t->name);
    t->cell = need(cells + 2, sizeof *t->cell);
    bool ended = false;
    while (!ended) {
        t->name[t->n_columns++] = next_cell(&p, &ended);
    }
    int64_t n = 0;
    while (*p != '\0') {
        if (*p == '\n' || *p == '\r') {
            p++;
            continue;
        }
        ended = false;
        int64_t column = 0;
        while (!ended) {
            t->cell[n++] = next_cell(&p, &ended);
            column++;
        }
        assert_int_equal(column, t->n_columns);
        t->n_rows++;
    }
    assert_true(t->n_rows <= lines + 1);
    return t;
}

csv_table *
csv_table_read(const char *path)
{
    return parse(slurp(path));
}

csv_table *
csv_table_parse(const char *text)
{
    return parse(copy(text));
}

int64_t
csv_table_column(const csv_table *t, const char *name)
{
    for (int64_t j = 0; j < t->n_columns; j++) {
        if (strcmp(t->name[j], name) == 0) {
            return j;
        }
    }
    fail_msg("no column %s", name);
    return -1;
}

void
csv_table_free(csv_table *t)
{
    if (t == NULL) {
        return;
    }
    upi_free(t->text);
    upi_free(t->name);
    upi_free(t->cell);
    upi_free(t);
}

/* ---- the work in hand ---- */

typedef struct work {
    const csv_spec *spec;
    csv_table *t;
    int64_t n; /* rows used */
    int64_t *row;
    int64_t n_keys, nx, ny;
    int32_t *code;        /* (n * n_keys) */
    uint64_t *cluster[2]; /* (n) */
    int64_t *order;       /* rows by group */
    csv_fixture *f;
} work;

static const char *
cell(const work *w, int64_t i, int64_t column)
{
    return w->t->cell[w->row[i] * w->t->n_columns + column];
}

static double
number(const work *w, int64_t i, int64_t column)
{
    double x = NAN;
    const char *s = cell(w, i, column);
    if (!upi_double_parse(s, (int64_t)strlen(s), &x)) {
        fail_msg("'%s' is not a number", s);
    }
    return x;
}

static int64_t
list_length(const char *const *list)
{
    int64_t n = 0;
    while (list != NULL && list[n] != NULL) {
        n++;
    }
    return n;
}

static bool
missing(const work *w, int64_t row, const char *name)
{
    if (name == NULL) {
        return false;
    }
    const char *s = w->t->cell[row * w->t->n_columns + csv_table_column(w->t, name)];
    return s[0] == '\0' || strcmp(s, "NA") == 0;
}

static void
choose_rows(work *w)
{
    const csv_spec *s = w->spec;
    int64_t repeat = s->repeat > 0 ? s->repeat : 1;
    w->row = need(w->t->n_rows * repeat, sizeof *w->row);
    for (int64_t i = 0; i < w->t->n_rows; i++) {
        bool drop = missing(w, i, s->cluster) || missing(w, i, s->cluster2) ||
                    missing(w, i, s->row_weight) || missing(w, i, s->row_propensity);
        for (int64_t k = 0; k < w->n_keys; k++) {
            drop = drop || missing(w, i, s->keys[k].column);
        }
        for (int64_t k = 0; k < w->nx; k++) {
            drop = drop || missing(w, i, s->x[k]);
        }
        for (int64_t k = 0; k < w->ny; k++) {
            drop = drop || missing(w, i, s->y[k]);
        }
        for (int64_t r = 0; r < repeat && !drop; r++) {
            w->row[w->n++] = i;
        }
    }
    assert_true(w->n > 0);
}

/* ---- keys ---- */

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
compare_number(const void *a, const void *b)
{
    double x = strtod(*(char *const *)a, NULL);
    double y = strtod(*(char *const *)b, NULL);
    return (x > y) - (x < y);
}

static upi_type
column_type(const work *w, int64_t column)
{
    bool all_number = true;
    bool all_integer = true;
    bool all_bool = true;
    for (int64_t i = 0; i < w->n; i++) {
        const char *s = cell(w, i, column);
        double x = NAN;
        bool is = upi_double_parse(s, (int64_t)strlen(s), &x);
        all_number = all_number && is;
        all_integer = all_integer && is && x == floor(x);
        all_bool = all_bool && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0);
    }
    if (all_bool) {
        return UPI_BOOL;
    }
    if (!all_number) {
        return UPI_STR;
    }
    return all_integer ? UPI_I64 : UPI_F64;
}

static double
level_number(upi_type type, const char *label)
{
    if (type == UPI_STR) {
        return NAN;
    }
    if (type == UPI_BOOL) {
        return strcmp(label, "true") == 0 ? 1 : 0;
    }
    return strtod(label, NULL);
}

static void
build_key(work *w, int64_t k, upi_key *key)
{
    int64_t column = csv_table_column(w->t, w->spec->keys[k].column);
    key->role = w->spec->keys[k].role;
    key->name = copy(w->spec->keys[k].column);
    key->type = column_type(w, column);
    key->missing_level = -1;
    int (*compare)(const void *, const void *) =
        key->type == UPI_STR || key->type == UPI_BOOL ? compare_text : compare_number;
    const char **value = need(w->n, sizeof *value);
    for (int64_t i = 0; i < w->n; i++) {
        value[i] = cell(w, i, column);
    }
    qsort(value, (size_t)w->n, sizeof *value, compare);
    key->label = need(w->n, sizeof *key->label);
    for (int64_t i = 0; i < w->n; i++) {
        if (i == 0 || compare(&value[i - 1], &value[i]) != 0) {
            key->label[key->n_levels++] = copy(value[i]);
        }
    }
    upi_free(value);
    key->number = need(key->n_levels, sizeof *key->number);
    if (key->type == UPI_I64 || key->type == UPI_BOOL) {
        key->integer = need(key->n_levels, sizeof *key->integer);
    }
    for (int64_t l = 0; l < key->n_levels; l++) {
        key->number[l] = level_number(key->type, key->label[l]);
        if (key->integer != NULL) {
            key->integer[l] = (int64_t)key->number[l];
        }
    }
    for (int64_t i = 0; i < w->n; i++) {
        const char *s = cell(w, i, column);
        const char **at =
            bsearch(&s, key->label, (size_t)key->n_levels, sizeof *key->label, compare);
        assert_non_null(at);
        w->code[i * w->n_keys + k] = (int32_t)(at - (const char **)(void *)key->label);
    }
}

static int64_t *
role_slot(up_moments *m, upi_key_role role)
{
    switch (role) {
    case UPI_KEY_ARM:
        return &m->arm;
    case UPI_KEY_TREATED:
        return &m->treated;
    case UPI_KEY_INSTRUMENT:
        return &m->instrument;
    case UPI_KEY_PROPENSITY:
        return &m->propensity;
    case UPI_KEY_WEIGHT:
        return &m->weight;
    case UPI_KEY_TIME:
        return &m->time;
    default:
        return NULL;
    }
}

static const int experiment_role[] = {[UPI_KEY_ARM] = UPI_ROLE_ARM,
    [UPI_KEY_TREATED] = UPI_ROLE_TREATED,
    [UPI_KEY_INSTRUMENT] = UPI_ROLE_INSTRUMENT,
    [UPI_KEY_PROPENSITY] = UPI_ROLE_PROPENSITY,
    [UPI_KEY_WEIGHT] = UPI_ROLE_WEIGHT,
    [UPI_KEY_TIME] = UPI_ROLE_TIME};

static void
build_keys(work *w, up_moments *m)
{
    up_experiment *e = m->experiment;
    m->n_keys = w->n_keys;
    m->keys = need(w->n_keys, sizeof *m->keys);
    w->code = need(w->n * w->n_keys, sizeof *w->code);
    m->arm = m->treated = m->instrument = m->propensity = m->weight = m->time = -1;
    e->covariates = need(w->n_keys + w->nx, sizeof *e->covariates);
    e->segments = need(w->n_keys, sizeof *e->segments);
    for (int64_t k = 0; k < w->n_keys; k++) {
        upi_key *key = &m->keys[k];
        build_key(w, k, key);
        int64_t *slot = role_slot(m, key->role);
        if (slot != NULL) {
            *slot = k;
            upi_variable *v = &e->roles[experiment_role[key->role]];
            v->name = copy(key->name);
            v->type = key->type;
        } else if (key->role == UPI_KEY_COVARIATE) {
            key->index = e->n_covariates;
            upi_covariate *c = &e->covariates[e->n_covariates++];
            c->v.name = copy(key->name);
            c->v.type = key->type;
            c->factor = w->spec->keys[k].factor || key->type == UPI_STR ||
                        key->type == UPI_BOOL;
        } else if (key->role == UPI_KEY_SEGMENT) {
            key->index = e->n_segments;
            upi_variable *v = &e->segments[e->n_segments++];
            v->name = copy(key->name);
            v->type = key->type;
        }
    }
    m->n_arms = m->arm >= 0 ? m->keys[m->arm].n_levels : 0;
    m->x_covariate = need(w->nx, sizeof *m->x_covariate);
    for (int64_t k = 0; k < w->nx; k++) {
        m->x_covariate[k] = e->n_covariates;
        e->covariates[e->n_covariates++].v.name = copy(w->spec->x[k]);
    }
}

static void
build_outcomes(const work *w, up_experiment *e)
{
    e->n_components = w->ny;
    e->n_metrics = w->ny;
    e->components = need(w->ny, sizeof *e->components);
    e->metrics = need(w->ny, sizeof *e->metrics);
    for (int64_t k = 0; k < w->ny; k++) {
        e->components[k].name = copy(w->spec->y[k]);
        e->metrics[k] = (upi_metric){.name = copy(w->spec->y[k]),
            .kind = UPI_METRIC_MEAN,
            .component = k,
            .denominator = -1};
    }
    e->control = w->spec->control != NULL ? copy(w->spec->control) : NULL;
}

static void
build_clusters(work *w, up_moments *m)
{
    const char *name[2] = {w->spec->cluster, w->spec->cluster2};
    for (int way = 0; way < 2 && name[way] != NULL; way++) {
        int64_t column = csv_table_column(w->t, name[way]);
        bool text = column_type(w, column) != UPI_I64;
        w->cluster[way] = need(w->n, sizeof **w->cluster);
        for (int64_t i = 0; i < w->n; i++) {
            const char *s = cell(w, i, column);
            w->cluster[way][i] =
                text ? upi_hash_bytes(s, strlen(s), 0) : (uint64_t)strtoll(s, NULL, 10);
        }
        upi_variable *v =
            &m->experiment->roles[way == 0 ? UPI_ROLE_CLUSTER : UPI_ROLE_CLUSTER2];
        v->name = copy(name[way]);
        v->type = text ? UPI_STR : UPI_I64;
        m->ways = way + 1;
    }
}

/* ---- groups ---- */

static int
compare_rows(const work *w, int64_t a, int64_t b)
{
    for (int way = 0; way < 2 && w->cluster[way] != NULL; way++) {
        uint64_t x = w->cluster[way][a];
        uint64_t y = w->cluster[way][b];
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    for (int64_t k = 0; k < w->n_keys; k++) {
        int32_t d = w->code[a * w->n_keys + k] - w->code[b * w->n_keys + k];
        if (d != 0) {
            return d;
        }
    }
    return 0;
}

/* Merge sort of the rows by group; stable. */
static void
sort_rows(const work *w, int64_t *a, int64_t *scratch, int64_t n)
{
    if (n < 2) {
        return;
    }
    int64_t h = n / 2;
    sort_rows(w, a, scratch, h);
    sort_rows(w, a + h, scratch, n - h);
    int64_t i = 0;
    int64_t j = h;
    for (int64_t k = 0; k < n; k++) {
        bool left = j >= n || (i < h && compare_rows(w, a[i], a[j]) <= 0);
        scratch[k] = left ? a[i++] : a[j++];
    }
    memcpy(a, scratch, (size_t)n * sizeof *a);
}

static void
group_rows(work *w, up_moments *m)
{
    w->order = need(w->n, sizeof *w->order);
    int64_t *scratch = need(w->n, sizeof *scratch);
    for (int64_t i = 0; i < w->n; i++) {
        w->order[i] = i;
    }
    sort_rows(w, w->order, scratch, w->n);
    upi_free(scratch);
    w->f->group = need(w->n, sizeof *w->f->group);
    for (int64_t i = 0; i < w->n; i++) {
        if (i > 0 && compare_rows(w, w->order[i - 1], w->order[i]) != 0) {
            m->n_groups++;
        }
        w->f->group[w->order[i]] = m->n_groups;
    }
    m->n_groups++;
    m->n = need(m->n_groups, sizeof *m->n);
    m->code = need(m->n_groups * w->n_keys, sizeof *m->code);
    for (int64_t way = 0; way < m->ways; way++) {
        m->cluster[way] = need(m->n_groups, sizeof **m->cluster);
    }
    for (int64_t i = 0; i < w->n; i++) {
        int64_t g = w->f->group[i];
        m->n[g]++;
        memcpy(m->code + g * w->n_keys, w->code + i * w->n_keys,
            (size_t)w->n_keys * sizeof *m->code);
        for (int64_t way = 0; way < m->ways; way++) {
            m->cluster[way][g] = w->cluster[way][i];
        }
    }
}

static void
read_numbers(work *w)
{
    int64_t nv = w->nx + w->ny;
    csv_fixture *f = w->f;
    f->n = w->n;
    f->v = need(w->n * nv, sizeof *f->v);
    for (int64_t j = 0; j < nv; j++) {
        const char *name = j < w->nx ? w->spec->x[j] : w->spec->y[j - w->nx];
        int64_t column = csv_table_column(w->t, name);
        bool scaled = j >= w->nx && w->spec->scale != NULL;
        for (int64_t i = 0; i < w->n; i++) {
            f->v[i * nv + j] =
                number(w, i, column) * (scaled ? w->spec->scale[j - w->nx] : 1);
        }
    }
    if (w->spec->row_weight == NULL && w->spec->row_propensity == NULL) {
        return;
    }
    f->weight = need(w->n, sizeof *f->weight);
    for (int64_t i = 0; i < w->n; i++) {
        f->weight[i] = 1;
        if (w->spec->row_weight != NULL) {
            f->weight[i] *= number(w, i, csv_table_column(w->t, w->spec->row_weight));
        }
        if (w->spec->row_propensity != NULL) {
            f->weight[i] /=
                number(w, i, csv_table_column(w->t, w->spec->row_propensity));
        }
    }
}

static void
build_means(const work *w, up_moments *m)
{
    int64_t nv = w->nx + w->ny;
    int64_t packed = nv * (nv + 1) / 2;
    m->mean = need(m->n_groups * nv, sizeof *m->mean);
    m->m2 = need(m->n_groups * packed, sizeof *m->m2);
    upi_sum *sum = need(m->n_groups * nv, sizeof *sum);
    for (int64_t i = 0; i < w->n * nv; i++) {
        upi_sum_add(&sum[w->f->group[i / nv] * nv + i % nv], w->f->v[i]);
    }
    for (int64_t i = 0; i < m->n_groups * nv; i++) {
        int64_t group = i / nv;
        m->mean[i] = upi_sum_value(&sum[i]) / (double)m->n[group];
    }
    upi_free(sum);
    upi_sum *square = need(m->n_groups * packed, sizeof *square);
    for (int64_t i = 0; i < w->n; i++) {
        const double *v = w->f->v + i * nv;
        const double *mean = m->mean + w->f->group[i] * nv;
        upi_sum *own = square + w->f->group[i] * packed;
        for (int64_t j = 0; j < nv; j++) {
            for (int64_t k = 0; k <= j; k++) {
                upi_sum_add(
                    &own[j * (j + 1) / 2 + k], (v[k] - mean[k]) * (v[j] - mean[j]));
            }
        }
    }
    for (int64_t i = 0; i < m->n_groups * packed; i++) {
        m->m2[i] = upi_sum_value(&square[i]);
    }
    upi_free(square);
    if (m->form == UPI_TRI || (m->form == UPI_MEAN && m->ways > 0)) {
        upi_free(m->m2);
        m->m2 = NULL;
    }
}

static void
build_triangles(const work *w, up_moments *m)
{
    int64_t nv = w->nx + w->ny;
    int64_t width = 1 + nv;
    int64_t packed = width * (width + 1) / 2;
    m->tri = need(m->n_groups * packed, sizeof *m->tri);
    double *a = need(w->n * width, sizeof *a);
    double *r = need(width * width, sizeof *r);
    for (int64_t start = 0; start < w->n;) {
        int64_t g = w->f->group[w->order[start]];
        int64_t n = m->n[g];
        for (int64_t i = 0; i < n; i++) {
            int64_t row = w->order[start + i];
            double s = w->f->weight != NULL ? sqrt(w->f->weight[row]) : 1;
            a[i] = s;
            for (int64_t j = 0; j < nv; j++) {
                a[i + (1 + j) * n] = s * w->f->v[row * nv + j];
            }
        }
        up_error err = UP_ERROR_INIT;
        assert_ok(upi_qr_r(n, width, a, n, r, width, &err), &err);
        for (int64_t j = 0; j < width; j++) {
            memcpy(m->tri + g * packed + j * (j + 1) / 2, r + j * width,
                (size_t)(j + 1) * sizeof *r);
        }
        start += n;
    }
    upi_free(a);
    upi_free(r);
    m->row_weighted = w->f->weight != NULL;
}

csv_fixture *
csv_moments_new(const csv_spec *spec)
{
    csv_fixture *f = need(1, sizeof *f);
    up_moments *m = need(1, sizeof *m);
    m->experiment = need(1, sizeof *m->experiment);
    f->m = m;
    work w = {.spec = spec,
        .f = f,
        .t = spec->text != NULL ? csv_table_parse(spec->text)
                                : csv_table_read(spec->path)};
    while (spec->keys != NULL && spec->keys[w.n_keys].column != NULL) {
        w.n_keys++;
    }
    w.nx = list_length(spec->x);
    w.ny = list_length(spec->y);
    m->nx = w.nx;
    m->ny = w.ny;
    m->form = spec->form;
    choose_rows(&w);
    build_keys(&w, m);
    build_outcomes(&w, m->experiment);
    build_clusters(&w, m);
    group_rows(&w, m);
    read_numbers(&w);
    if (spec->form == UPI_TRI) {
        build_triangles(&w, m);
    }
    build_means(&w, m);
    m->layout = m->ways > 0             ? UP_LAYOUT_CLUSTERS
                : spec->form == UPI_TRI ? UP_LAYOUT_STREAM
                                        : UP_LAYOUT_GROUPS;
    m->layout_reason = copy("a test fixture");
    m->n_rows = w.n;
    m->n_read = w.t->n_rows;
    m->n_dropped = w.t->n_rows - w.n;
    if (spec->row_weight != NULL) {
        m->experiment->roles[UPI_ROLE_WEIGHT].name = copy(spec->row_weight);
    }
    if (spec->row_propensity != NULL) {
        m->experiment->roles[UPI_ROLE_PROPENSITY].name = copy(spec->row_propensity);
    }
    upi_free(w.row);
    upi_free(w.code);
    upi_free(w.cluster[0]);
    upi_free(w.cluster[1]);
    upi_free(w.order);
    csv_table_free(w.t);
    return f;
}

static void
free_experiment(up_experiment *e)
{
    for (int i = 0; i < UPI_ROLE_COUNT; i++) {
        upi_free(e->roles[i].name);
    }
    for (int64_t i = 0; i < e->n_covariates; i++) {
        upi_free(e->covariates[i].v.name);
    }
    for (int64_t i = 0; i < e->n_segments; i++) {
        upi_free(e->segments[i].name);
    }
    for (int64_t i = 0; i < e->n_components; i++) {
        upi_free(e->components[i].name);
    }
    for (int64_t i = 0; i < e->n_metrics; i++) {
        upi_free(e->metrics[i].name);
    }
    upi_free(e->covariates);
    upi_free(e->segments);
    upi_free(e->components);
    upi_free(e->metrics);
    upi_free(e->control);
    upi_free(e);
}

static void
free_moments(up_moments *m)
{
    for (int64_t k = 0; k < m->n_keys; k++) {
        upi_key *key = &m->keys[k];
        for (int64_t l = 0; l < key->n_levels; l++) {
            upi_free(key->label[l]);
        }
        upi_free(key->label);
        upi_free(key->number);
        upi_free(key->integer);
        upi_free(key->name);
    }
    if (m->robust != NULL) {
        upi_free(m->robust->model);
        upi_free(m->robust->k);
        upi_free(m->robust);
    }
    upi_free(m->keys);
    upi_free(m->x_covariate);
    upi_free(m->code);
    upi_free(m->cluster[0]);
    upi_free(m->cluster[1]);
    upi_free(m->n);
    upi_free(m->mean);
    upi_free(m->m2);
    upi_free(m->tri);
    upi_free(m->layout_reason);
    upi_notes_free(&m->notes);
    free_experiment(m->experiment);
    upi_free(m);
}

void
csv_moments_free(csv_fixture *f)
{
    if (f == NULL) {
        return;
    }
    free_moments(f->m);
    upi_free(f->group);
    upi_free(f->v);
    upi_free(f->weight);
    upi_free(f);
}

up_status
csv_moments_visit(void *ctx, const up_moments *m, const upi_row_visitor *v,
    const up_run *run, up_error *err)
{
    (void)run;
    const csv_fixture *f = ctx;
    int64_t nv = m->nx + m->ny;
    up_status status = v->begin(v->ctx, 2, err);
    for (int64_t start = 0, range = 0; start < f->n && status == UP_OK; range++) {
        int worker = (int)(range & 1);
        for (int64_t part = 0; part < 4 && start < f->n && status == UP_OK; part++) {
            upi_row_block b = {.n = f->n - start < 16 ? f->n - start : 16,
                .group = f->group + start,
                .v = f->v + start * nv,
                .weight = f->weight != NULL ? f->weight + start : NULL};
            status = v->block(v->ctx, worker, range, &b, err);
            start += b.n;
        }
        if (status == UP_OK) {
            status = v->range_end(v->ctx, worker, range, err);
        }
    }
    return status;
}
