/* A condition from text to an expression over the keys of the groups.
 *
 * The keys are what was kept of the rows: covariates, declared segments, time. A declared
 * segment or a covariate that is itself a condition (age > 40) is known by its canonical text:
 * where that text stands in the condition, alone or joined by and, or, not, it is replaced by
 * the name of the key. What is left must use the names of keys only; anything else was not
 * kept, or must not be used, and the refusal says which. A segment on a column that no
 * covariate is made of is refused too: its answer would be the effect of everyone. */
#include "effect/effect.h"
#include "expr/expr.h"

#include <string.h>

static bool
may_condition(const upi_key *k)
{
    return k->role == UPI_KEY_COVARIATE || k->role == UPI_KEY_SEGMENT ||
           k->role == UPI_KEY_TIME;
}

/* ---- known texts become names ---- */

typedef struct span {
    const char *s;
    int64_t n;
} span;

static bool
span_is(span a, const char *s)
{
    return (int64_t)strlen(s) == a.n && memcmp(a.s, s, (size_t)a.n) == 0;
}

static bool
span_starts(span a, const char *s)
{
    int64_t n = (int64_t)strlen(s);
    return a.n >= n && memcmp(a.s, s, (size_t)n) == 0;
}

/* Moves past a quoted piece that starts at i; returns the index of its closing quote. */
static int64_t
skip_quoted(span a, int64_t i)
{
    char quote = a.s[i];
    for (i++; i < a.n && a.s[i] != quote; i++) {
    }
    return i;
}

static bool
is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* Where `word` (with its blanks) next stands outside quotes and parentheses; -1 = nowhere.
 * The "and" of a "between" is not a conjunction. */
static int64_t
find_word(span a, int64_t from, const char *word)
{
    int depth = 0;
    bool between = false;
    for (int64_t i = from; i < a.n; i++) {
        span rest = {a.s + i, a.n - i};
        if (is_quote(a.s[i])) {
            i = skip_quoted(a, i);
        } else if (a.s[i] == '(') {
            depth++;
        } else if (a.s[i] == ')') {
            depth--;
        } else if (depth == 0 && span_starts(rest, " between ")) {
            between = true;
        } else if (depth == 0 && between && span_starts(rest, " and ")) {
            between = false;
        } else if (depth == 0 && span_starts(rest, word)) {
            return i;
        }
    }
    return -1;
}

/* True when one pair of parentheses encloses the whole. */
static bool
is_enclosed(span a)
{
    int depth = 0;
    if (a.n < 2 || a.s[0] != '(') {
        return false;
    }
    for (int64_t i = 0; i < a.n; i++) {
        if (is_quote(a.s[i])) {
            i = skip_quoted(a, i);
        } else if (a.s[i] == '(') {
            depth++;
        } else if (a.s[i] == ')' && --depth == 0) {
            return i == a.n - 1;
        }
    }
    return false;
}

static const upi_key *
known_text(const up_moments *m, span a)
{
    for (int64_t k = 0; k < m->n_keys; k++) {
        if (may_condition(&m->keys[k]) && span_is(a, m->keys[k].name)) {
            return &m->keys[k];
        }
    }
    return NULL;
}

static void
write_name(const char *name, upi_text *out)
{
    upi_text_add_char(out, '"');
    for (const char *s = name; *s != '\0'; s++) {
        if (*s == '"') {
            upi_text_add_char(out, '"');
        }
        upi_text_add_char(out, *s);
    }
    upi_text_add_char(out, '"');
}

/* "x not in (1)" is the negation of a known "x in (1)". */
static bool
write_negated(const up_moments *m, span a, upi_text *out)
{
    static const char *const word[] = {" not in (", " not between ", " is not null"};
    static const char *const plain[] = {" in (", " between ", " is null"};
    for (int i = 0; i < 3; i++) {
        int64_t at = find_word(a, 0, word[i]);
        if (at < 0) {
            continue;
        }
        upi_text t = {0};
        int64_t after = at + (int64_t)strlen(word[i]);
        upi_text_add_n(&t, a.s, at);
        upi_text_add(&t, plain[i]);
        upi_text_add_n(&t, a.s + after, a.n - after);
        const upi_key *key =
            t.failed ? NULL : known_text(m, (span){t.s, (int64_t)t.length});
        out->failed = out->failed || t.failed;
        upi_text_free(&t);
        if (key != NULL) {
            upi_text_add(out, "not ");
            write_name(key->name, out);
            return true;
        }
    }
    return false;
}

/* A known text that is a call, such as month(day), is a name wherever it stands. */
static void
write_atom(const up_moments *m, span a, upi_text *out)
{
    int64_t i = 0;
    while (i < a.n) {
        const upi_key *found = NULL;
        bool fresh = i == 0 || strchr(" (,-", a.s[i - 1]) != NULL;
        for (int64_t k = 0; k < m->n_keys && fresh && found == NULL; k++) {
            const char *name = m->keys[k].name;
            const char *open = strchr(name, '(');
            bool call = open != NULL && open > name &&
                        strcspn(name, " '\"`") >= (size_t)(open - name) &&
                        is_enclosed((span){open, (int64_t)strlen(open)});
            if (call && may_condition(&m->keys[k]) &&
                span_starts((span){a.s + i, a.n - i}, name)) {
                found = &m->keys[k];
            }
        }
        if (found != NULL) {
            write_name(found->name, out);
            i += (int64_t)strlen(found->name);
        } else if (is_quote(a.s[i])) {
            int64_t end = skip_quoted(a, i);
            upi_text_add_n(out, a.s + i, (end < a.n ? end + 1 : a.n) - i);
            i = end + 1;
        } else {
            upi_text_add_char(out, a.s[i++]);
        }
    }
}

static void rewrite(const up_moments *m, span a, upi_text *out);

static bool
rewrite_joined(const up_moments *m, span a, const char *word, upi_text *out)
{
    int64_t from = 0;
    int64_t at = find_word(a, 0, word);
    if (at < 0) {
        return false;
    }
    while (at >= 0) {
        rewrite(m, (span){a.s + from, at - from}, out);
        upi_text_add(out, word);
        from = at + (int64_t)strlen(word);
        at = find_word(a, from, word);
    }
    rewrite(m, (span){a.s + from, a.n - from}, out);
    return true;
}

/* a is canonical text, so that words stand between single blanks in small letters. Its nesting
 * is limited by the parser. */
static void
rewrite(const up_moments *m, span a, upi_text *out)
{
    const upi_key *key = known_text(m, a);
    if (key != NULL) {
        write_name(key->name, out);
    } else if (is_enclosed(a)) {
        upi_text_add_char(out, '(');
        rewrite(m, (span){a.s + 1, a.n - 2}, out);
        upi_text_add_char(out, ')');
    } else if (rewrite_joined(m, a, " or ", out) ||
               rewrite_joined(m, a, " and ", out)) {
        return;
    } else if (span_starts(a, "not ")) {
        upi_text_add(out, "not ");
        rewrite(m, (span){a.s + 4, a.n - 4}, out);
    } else if (!write_negated(m, a, out)) {
        write_atom(m, a, out);
    }
}

/* ---- names that may not stand in a condition ---- */

static bool
is_post(const up_experiment *e, const char *name)
{
    bool found = upi_variable_uses(&e->roles[UPI_ROLE_TREATED], name);
    for (int64_t i = 0; i < e->n_components; i++) {
        found = found || upi_variable_uses(&e->components[i], name);
    }
    for (int64_t i = 0; i < e->n_metrics; i++) {
        found = found || strcmp(e->metrics[i].name, name) == 0;
    }
    for (int64_t i = 0; i < e->n_post; i++) {
        found = found || strcmp(e->post[i], name) == 0;
    }
    return found;
}

/* A segment on a column that the model does not know: see upi_experiment_foreign(). */
static bool
is_foreign(const up_moments *m, const upi_key *k, char column[UPI_NAME_CHARS])
{
    const up_experiment *e = m->experiment;
    return k->role == UPI_KEY_SEGMENT && k->index < e->n_segments &&
           e->segments[k->index].expr != NULL &&
           upi_experiment_foreign(e, e->segments[k->index].expr, column);
}

static void
list_allowed(const up_moments *m, upi_text *out)
{
    char column[UPI_NAME_CHARS];
    const char *between = "";
    for (int64_t k = 0; k < m->n_keys; k++) {
        if (may_condition(&m->keys[k]) && !is_foreign(m, &m->keys[k], column)) {
            upi_text_add(out, between);
            upi_text_add(out, m->keys[k].name);
            between = ", ";
        }
    }
    if (m->nx == 0 && out->length == 0) {
        upi_text_add(out, "nothing: this fit has no covariates, segments or time");
    }
    between = out->length > 0 ? "; " : "";
    for (int64_t k = 0; k < m->nx; k++) {
        upi_text_add(out, between);
        upi_text_add(out, m->experiment->covariates[m->x_covariate[k]].v.name);
        between = ", ";
    }
    if (m->nx > 0) {
        upi_text_addf(out, " through a segment such as segment=\"%s > 0\"",
            m->experiment->covariates[m->x_covariate[0]].v.name);
    }
}

/* Values of a continuous covariate are summed up; only what was asked for before is known. */
static up_status
refuse_continuous(const char *text, const char *name, up_error *err)
{
    (void)upi_fail(err, UP_E_NEEDS_ROWS, name,
        "the condition '%s' is on '%s', whose values were not kept: it is continuous",
        text, name);
    if (strcmp(text, name) == 0) {
        (void)upi_fix(err,
            "declare it when fitting: --segment \"%s > 0\"; or make factor(%s) "
            "the "
            "covariate",
            name, name);
    } else {
        (void)upi_fix(err, "declare it when fitting: --segment \"%s\"", text);
    }
    return UP_E_NEEDS_ROWS;
}

up_status
upi_condition_refuse(
    const up_model *model, const char *text, const char *name, up_error *err)
{
    const up_moments *m = model->moments;
    const up_experiment *e = m->experiment;
    upi_text allowed = {0};
    for (int64_t k = 0; k < m->nx; k++) {
        if (upi_variable_uses(&e->covariates[m->x_covariate[k]].v, name)) {
            return refuse_continuous(text, name, err);
        }
    }
    up_status status = UP_E_CONDITION;
    bool undeclared = false;
    list_allowed(m, &allowed);
    const char *list = allowed.failed ? "covariates, segments or time" : allowed.s;
    if (is_post(e, name)) {
        status = upi_fail(err, UP_E_POST_TREATMENT, name,
            "the condition '%s' is on '%s', which is measured after treatment: the "
            "arms "
            "would not be comparable within it",
            text, name);
    } else {
        const char *what = "not a covariate, a segment or the time of this fit";
        undeclared = true;
        for (int role = 0; role < UPI_ROLE_COUNT; role++) {
            if (role != UPI_ROLE_TIME && upi_variable_uses(&e->roles[role], name)) {
                what = role == UPI_ROLE_ARM          ? "the arm"
                       : role == UPI_ROLE_INSTRUMENT ? "the instrument"
                       : role == UPI_ROLE_PROPENSITY ? "the propensity"
                       : role == UPI_ROLE_WEIGHT     ? "the weight"
                       : role == UPI_ROLE_UNIT       ? "the unit"
                                                     : "the cluster";
                undeclared = false;
                break;
            }
        }
        (void)upi_fail(err, UP_E_CONDITION, name,
            "the condition '%s' is on '%s', which is %s", text, name, what);
    }
    if (undeclared) {
        (void)upi_fix(err,
            "if it is known before treatment, add --covariates %.80s; else use: %s",
            name, list);
    } else {
        (void)upi_fix(err, "use: %s; or declare a --segment when fitting", list);
    }
    upi_text_free(&allowed);
    return status;
}

up_status
upi_condition_refuse_foreign(
    const up_model *model, const char *text, int64_t key, up_error *err)
{
    const up_moments *m = model->moments;
    char column[UPI_NAME_CHARS];
    upi_text allowed = {0};
    if (!is_foreign(m, &m->keys[key], column)) {
        return UP_OK;
    }
    list_allowed(m, &allowed);
    (void)upi_fail(err, UP_E_CONDITION, column,
        "the segment '%s' is on '%s', which is no covariate: the model cannot tell its "
        "effect from that of everyone",
        text, column);
    (void)upi_fix(err, "add '%s' to the covariates; or use: %s", column,
        allowed.failed ? "covariates or time" : allowed.s);
    upi_text_free(&allowed);
    return UP_E_CONDITION;
}

/* ---- binding ---- */

typedef struct binding {
    const up_model *model;
    const char *text;
    upi_condition *out;
    const char **name; /* (n_columns) */
    up_error *err;
} binding;

static up_status
use_column(void *ctx, const char *name)
{
    binding *b = ctx;
    upi_condition *c = b->out;
    for (int64_t i = 0; i < c->n_columns; i++) {
        if (strcmp(b->name[i], name) == 0) {
            c->key[c->n_keys++] = c->column_key[i];
            return upi_condition_refuse_foreign(
                b->model, b->text, c->column_key[i], b->err);
        }
    }
    return upi_condition_refuse(b->model, b->text, name, b->err);
}

static up_status
bind_condition(const up_model *model, const char *text, upi_condition *c, up_error *err)
{
    up_status status = UP_OK;
    const up_moments *m = model->moments;
    upi_type *types = NULL;
    binding b = {.model = model, .text = text, .out = c, .err = err};
    UP_TRY(UP_NEW(&b.name, m->n_keys, err));
    UP_TRY(UP_NEW(&types, m->n_keys, err));
    UP_TRY(UP_NEW(&c->key, m->n_keys, err));
    UP_TRY(UP_NEW(&c->column_key, m->n_keys, err));
    for (int64_t k = 0; k < m->n_keys; k++) {
        if (may_condition(&m->keys[k])) {
            b.name[c->n_columns] = m->keys[k].name;
            types[c->n_columns] = m->keys[k].type;
            c->column_key[c->n_columns++] = k;
        }
    }
    UP_TRY(upi_expr_columns(c->expr, use_column, &b));
    if (c->n_keys == 0) {
        (void)upi_fail(
            err, UP_E_CONDITION, "where", "the condition '%s' uses no column", text);
        status = UP_E_CONDITION;
        goto out;
    }
    upi_type type = UPI_F64;
    upi_schema schema = {c->n_columns, b.name, types};
    UP_TRY(upi_expr_bind(c->expr, &schema, &type, err));
    if (type != UPI_BOOL) {
        status = upi_fail(err, UP_E_TYPE, "where",
            "the condition '%s' is a %s, not true or false", text, upi_type_name(type));
    }
out:
    upi_free(b.name);
    upi_free(types);
    return status;
}

up_status
upi_condition_read(
    const up_model *m, const char *text, upi_condition *out, up_error *err)
{
    up_status status = UP_OK;
    upi_condition c = {0};
    upi_expr *raw = NULL;
    upi_text rewritten = {0};
    char *canonical = NULL;
    char *final = NULL;
    UP_TRY(upi_expr_parse(text, &raw, err));
    UP_TRY(upi_expr_text(raw, &canonical, err));
    rewrite(m->moments, (span){canonical, (int64_t)strlen(canonical)}, &rewritten);
    UP_TRY(upi_text_take(&rewritten, &final, err));
    UP_TRY(upi_expr_parse(final, &c.expr, err));
    UP_TRY(bind_condition(m, text, &c, err));
    *out = c;
    c = (upi_condition){0};
out:
    upi_expr_free(raw);
    upi_text_free(&rewritten);
    upi_free(canonical);
    upi_free(final);
    upi_condition_free(&c);
    return status;
}

void
upi_condition_free(upi_condition *c)
{
    upi_expr_free(c->expr);
    upi_free(c->key);
    upi_free(c->column_key);
    *c = (upi_condition){0};
}
