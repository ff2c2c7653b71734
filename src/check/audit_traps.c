/* Traps: what would make an analysis of these rows wrong without a sign of it. Each has a code, the
 * column, the numbers and what to do. Thresholds lean to silence where chance alone could speak. */
#include "check/audit.h"
#include "expr/calendar.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows of the largest arm for one of a label that is no arm; rows that are few for any label. */
enum { RARE_SHARE = 1000, RARE_ROWS = 1 };

static double
percent(int64_t n, int64_t of)
{
    return of > 0 ? 100 * (double)n / (double)of : 0;
}

/* ---- covariates ---- */

static up_status
trap_affected(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    const upi_audit_column *c = &a->columns[j];
    const upi_audit_test *t = upi_audit_test_of(scan, j);
    upi_audit_difference d;
    if (t == NULL || !upi_audit_is_before(c) ||
        upi_audit_proposed(a, "treated", j) != NULL || c->fit[UPI_WORD_TREATED] > 1 ||
        !upi_audit_compare(scan, t, &d) || !(d.p < UPI_AUDIT_AFFECTED)) {
        return UP_OK;
    }
    const char *arm = a->columns[a->roles.arm].levels[d.arm].text;
    const char *level = d.level >= 0 ? c->levels[d.level].text : NULL;
    double unit = level != NULL ? 100 : 1;
    return upi_notes_add(&a->notes, UP_W_AFFECTED, c->info.name, d.p,
        UPI_AUDIT_AFFECTED, err,
        "'%s' is taken as known before, but %s%s%s is %.4g%s in arm '%s' and %.4g%s in "
        "the others (p = %.1g, below 1e-6): it was measured after the "
        "treatment, "
        "or arms were not assigned by chance. Leave it out of --covariates and --by.",
        c->info.name, level != NULL ? "the share of '" : "its mean",
        level != NULL ? level : "", level != NULL ? "'" : "", unit * d.mean,
        level != NULL ? " %" : "", arm, unit * d.other, level != NULL ? " %" : "", d.p);
}

/* Numbers of which no two are alike and that leave no gaps: they were given in order. */
static bool
counts_rows(const up_audit *a, const upi_audit_column *c)
{
    double n = (double)a->n_rows;
    return c->type == UPI_I64 && n >= 50 && (double)c->info.distinct > 0.95 * n &&
           c->info.max - c->info.min < 2 * n;
}

/* A number that tells rows apart has no mean worth having. */
static up_status
trap_identifier(up_audit *a, int64_t j, up_error *err)
{
    const upi_audit_column *c = &a->columns[j];
    bool named = upi_name_ends_in_id(c->info.name) && upi_audit_is_identifier(a, j);
    bool number = c->type == UPI_I64 || c->type == UPI_F64;
    bool used = c->metric || c->covariate;
    bool has_role = j == a->roles.unit || j == a->declared.cluster ||
                    j == a->declared.time ||
                    upi_audit_proposed(a, "cluster", j) != NULL ||
                    upi_audit_proposed(a, "unit", j) != NULL;
    if (!number || !(named || (used && counts_rows(a, c))) || (!used && has_role)) {
        return UP_OK;
    }
    return upi_notes_add(&a->notes, UP_W_IDENTIFIER, c->info.name,
        (double)c->info.distinct, (double)a->n_rows, err,
        "'%s' is a number to the machine but an identifier by its %s (%lld distinct "
        "values in %lld rows)%s: it has no mean. Leave it out of --metric and "
        "--covariates; --unit or --cluster is the place of identifiers.",
        c->info.name, named ? "name" : "values", (long long)c->info.distinct,
        (long long)a->n_rows,
        c->metric      ? " and is declared as a metric"
        : c->covariate ? " and is declared as a covariate"
                       : "");
}

/* ---- values that stand for missing ones ---- */

/* The values found in one column; a column has one note. */
typedef struct hits {
    upi_text values;
    int64_t rows;
} hits;

static void add_hit(hits *h, int64_t count, const char *fmt, ...) UP_PRINTF(3, 4);

static void
add_hit(hits *h, int64_t count, const char *fmt, ...)
{
    char value[64];
    va_list args;
    va_start(args, fmt);
    upi_line_format(value, sizeof value, fmt, args);
    va_end(args);
    upi_text_addf(&h->values, "%s%s", h->rows > 0 ? ", " : "", value);
    h->rows += count;
}

/* Frees the hits. */
static up_status
say_hits(up_audit *a, int64_t j, hits *h, const char *instead, up_error *err)
{
    up_status status = UP_OK;
    const char *name = a->names[j];
    if (h->rows > 0) {
        status = upi_notes_add(&a->notes, UP_W_SENTINEL, name, (double)h->rows,
            (double)NAN, err,
            "%lld rows (%.3g %%) of '%s' hold %s, %s: it seems to stand for a missing "
            "value. Make it missing, or leave the rows out with --filter, before it "
            "counts as a value.",
            (long long)h->rows, percent(h->rows, a->n_rows), name,
            h->values.failed ? "it" : h->values.s, instead);
    }
    upi_text_free(&h->values);
    return status;
}

/* Far from the rest: beyond it by more than its spread, or negative where nothing else is. */
static bool
stands_apart(double value, int64_t count, const upi_audit_odd *odd)
{
    double spread = odd->high - odd->low;
    if (odd->rest < 2 || count == 0) {
        return false;
    }
    if (value == -1) {
        return count > 1 && odd->low >= 0 && odd->high >= 10;
    }
    if (value < 0) {
        return (odd->low >= 0 && odd->high > 0) ||
               (count > 1 && value < odd->low && odd->low - value >= spread);
    }
    return count > 1 && value > odd->high && value - odd->high >= spread;
}

static up_status
trap_number(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    const upi_audit_odd *odd = &scan->odd[j];
    hits h = {0};
    double value = 0;
    char rest[120];
    for (int i = 0; upi_sentinel_number(i, &value); i++) {
        if (stands_apart(value, odd->count[i], odd)) {
            add_hit(&h, odd->count[i], "%.0f", value);
        }
    }
    (void)snprintf(rest, sizeof rest, "while all others lie from %.6g to %.6g",
        odd->low, odd->high);
    return say_hits(a, j, &h, rest, err);
}

static void
day_text(int64_t day, char out[40])
{
    upi_civil d = upi_civil_from_days(day);
    (void)snprintf(out, 40, "%04lld-%02d-%02d", (long long)d.year, d.month, d.day);
}

static up_status
trap_day(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    enum { APART = 1826 }; /* five years */
    const upi_audit_odd *odd = &scan->odd[j];
    hits h = {0};
    int64_t day = 0;
    char low[40];
    char high[40];
    char rest[120];
    for (int i = 0; odd->rest > 0 && upi_sentinel_day(i, &day); i++) {
        double value = (double)day;
        if (odd->count[i] > 0 &&
            (odd->low - value > APART || value - odd->high > APART)) {
            day_text(day, low);
            add_hit(&h, odd->count[i], "%s", low);
        }
    }
    rest[0] = '\0';
    if (h.rows > 0) {
        day_text((int64_t)odd->low, low);
        day_text((int64_t)odd->high, high);
        (void)snprintf(
            rest, sizeof rest, "while all others lie from %s to %s", low, high);
    }
    return say_hits(a, j, &h, rest, err);
}

/* "NA" beside "EU" and "US" is a continent. */
static bool
is_code(const upi_audit_column *c)
{
    int64_t codes = 0;
    for (int64_t i = 0; i < c->n_levels; i++) {
        const char *s = c->levels[i].text;
        bool code = strlen(s) == 2 && isupper((unsigned char)s[0]) &&
                    isupper((unsigned char)s[1]) && strcmp(s, "NA") != 0;
        codes += code;
    }
    return codes > 0 && 2 * codes >= c->n_levels - 1;
}

static up_status
trap_word(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    const upi_audit_column *c = &a->columns[j];
    int64_t count[UPI_AUDIT_WORDS];
    hits h = {0};
    memcpy(count, scan->odd[j].count, sizeof count);
    for (int64_t i = 0; i < c->n_levels; i++) {
        int word = upi_sentinel_word_of(c->levels[i].text, strlen(c->levels[i].text));
        count[word >= 0 ? word : 0] += word >= 0 ? c->levels[i].count : 0;
    }
    for (int i = 0; i < UPI_AUDIT_WORDS; i++) {
        bool code = strcmp(upi_sentinel_word(i), "na") == 0 && is_code(c);
        if (count[i] > 0 && !code) {
            add_hit(&h, count[i], "'%s'", upi_sentinel_word(i));
        }
    }
    if (h.rows ==
        a->n_rows - c->info.missing) { /* nothing else: it says what it says */
        upi_text_free(&h.values);
        return UP_OK;
    }
    return say_hits(a, j, &h, "a text like the others to an analysis", err);
}

static up_status
trap_sentinel(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    const upi_audit_column *c = &a->columns[j];
    return c->type == UPI_STR     ? trap_word(a, scan, j, err)
           : upi_audit_is_date(c) ? trap_day(a, scan, j, err)
                                  : trap_number(a, scan, j, err);
}

/* ---- units ---- */

static const char *
part_of(const upi_repeats *r, char *slot, size_t size)
{
    if (r->whole) {
        return "";
    }
    (void)snprintf(slot, size, " of a sample of %lld", (long long)r->units);
    return slot;
}

static up_status
trap_crossover(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    upi_repeats r;
    char part[64];
    const upi_sample *s = upi_audit_id(scan, j);
    if (s == NULL || scan->n_arms == 0) {
        return UP_OK;
    }
    upi_sample_count(s, &r);
    if (r.crossing == 0) {
        return UP_OK;
    }
    bool most = 2 * r.crossing > r.repeated;
    return upi_notes_add(&a->notes, UP_W_CROSSOVER, a->names[j], (double)r.crossing, 0,
        err,
        "%lld%s '%s' have rows in more than one arm (%.3g %% of those with several "
        "rows): %s.",
        (long long)r.crossing, part_of(&r, part, sizeof part), a->names[j],
        percent(r.crossing, r.repeated),
        most
            ? "arms were assigned by row, session or period rather than by it; declare "
              "as --unit what was assigned and cluster by what carries over"
            : "they were contaminated, or two experiments are mixed. Find out why; "
              "keep "
              "the first arm of each, or leave them out");
}

static up_status
trap_repeated(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    upi_repeats r;
    upi_repeats by_time = {0};
    char part[64];
    const upi_sample *s = upi_audit_id(scan, j);
    bool panel = a->roles.time >= 0;
    if (s == NULL) {
        return UP_OK;
    }
    upi_sample_count(s, &r);
    upi_sample_count(&scan->by_time, &by_time);
    bool declared = a->declared.cluster >= 0 && !panel;
    if (r.repeated == 0 || declared || (panel && by_time.repeated == 0)) {
        return UP_OK;
    }
    if (panel) {
        return upi_notes_add(&a->notes, UP_W_REPEATED_UNITS, a->names[j],
            (double)by_time.repeated, 0, err,
            "%lld%s pairs of '%s' and '%s' have more than one row: a row is neither a "
            "unit nor a unit in a period. Aggregate first, or declare --cluster %s, so "
            "that rows are not taken as independent.",
            (long long)by_time.repeated, part_of(&by_time, part, sizeof part),
            a->names[j], a->names[a->roles.time], a->names[j]);
    }
    return upi_notes_add(&a->notes, UP_W_REPEATED_UNITS, a->names[j],
        (double)r.repeated, 0, err,
        "%lld%s '%s' have more than one row, %.3g rows each over all: taken as "
        "independent, rows make intervals too narrow. Declare --cluster %s, or "
        "aggregate to one row each.",
        (long long)r.repeated, part_of(&r, part, sizeof part), a->names[j],
        (double)r.rows / (double)r.units, a->names[j]);
}

static up_status
trap_duplicates(up_audit *a, const upi_audit_scan *scan, up_error *err)
{
    upi_repeats r;
    char part[64];
    upi_sample_count(&scan->whole_rows, &r);
    if (a->roles.unit < 0 || r.repeated == 0) {
        return UP_OK;
    }
    return upi_notes_add(&a->notes, UP_W_DUPLICATE_ROWS, a->names[a->roles.unit],
        (double)(r.rows - r.units), 0, err,
        "%lld%s rows occur more than once in every column, identifier included (%lld "
        "copies): a join or a load ran twice. Remove the copies; they count as data.",
        (long long)r.repeated, part_of(&r, part, sizeof part),
        (long long)(r.rows - r.units));
}

/* ---- time ---- */

static up_status
trap_time(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    const upi_audit_column *c = &a->columns[j];
    const upi_audit_dates *d = &scan->dates[j];
    int64_t all = d->before + d->after + d->same;
    bool before = upi_audit_is_before(c) || 2 * d->before > all;
    int64_t wrong = before ? d->after : d->before;
    char late[120] = "";
    if (d->late > 0) {
        (void)snprintf(late, sizeof late,
            "%lld rows (%.3g %%) are later than the last day there can be. ",
            (long long)d->late, percent(d->late, a->n_rows));
    }
    if (j == a->roles.assigned_at || wrong == 0) {
        return d->late == 0
                   ? UP_OK
                   : upi_notes_add(&a->notes, UP_W_TIME_TRAVEL, c->info.name,
                         (double)d->late, 0, err,
                         "'%s': %sCheck the clock, the time zone and the order of day "
                         "and month, or leave those rows out.",
                         c->info.name, late);
    }
    return upi_notes_add(&a->notes, UP_W_TIME_TRAVEL, c->info.name, (double)wrong, 0,
        err,
        "%s%lld rows (%.3g %%) have '%s' %s the assignment ('%s'): %s. Check the "
        "clock and the time zone, or leave those rows out.",
        late, (long long)wrong, percent(wrong, all), c->info.name,
        before ? "after" : "before", a->names[a->roles.assigned_at],
        before ? "what is known only after it is no covariate"
               : "what happened before it is no outcome of it");
}

/* ---- labels of arms ---- */

/* The next byte that counts, in lower case; 0 at the end. */
static char
plain_byte(const char **s)
{
    while (**s == ' ' || **s == '_' || **s == '-' || **s == '\t') {
        ++*s;
    }
    char c = (char)tolower((unsigned char)**s);
    *s += c != '\0';
    return c;
}

static bool
same_label(const char *a, const char *b)
{
    for (;;) {
        char x = plain_byte(&a);
        char y = plain_byte(&b);
        if (x != y || x == '\0') {
            return x == y;
        }
    }
}

static up_status
trap_labels(up_audit *a, up_error *err)
{
    up_status status = UP_OK;
    const upi_audit_column *c = &a->columns[a->roles.arm];
    upi_text pairs = {0};
    int64_t rows = 0;
    for (int64_t i = 0; c->type == UPI_STR && i < c->n_levels; i++) {
        for (int64_t k = 0; k < i; k++) {
            if (same_label(c->levels[i].text, c->levels[k].text)) {
                upi_text_addf(&pairs, "%s'%.40s' and '%.40s' (%lld rows)",
                    rows > 0 ? "; " : "", c->levels[k].text, c->levels[i].text,
                    (long long)c->levels[i].count);
                rows += c->levels[i].count;
                break;
            }
        }
    }
    if (rows > 0) {
        status = upi_notes_add(&a->notes, UP_W_ARM_LABELS, c->info.name, (double)rows,
            (double)NAN, err,
            "Labels of '%s' differ by case, spaces or dashes alone, and count as arms "
            "of their own: %s. Make each pair one label before the analysis.",
            c->info.name, pairs.failed ? "" : pairs.s);
    }
    upi_text_free(&pairs);
    return status;
}

static up_status
trap_rare_arm(up_audit *a, up_error *err)
{
    up_status status = UP_OK;
    const upi_audit_column *c = &a->columns[a->roles.arm];
    int64_t most = c->levels[0].count;
    int64_t rows = 0;
    upi_text labels = {0};
    for (int64_t i = 0; i < c->n_levels; i++) {
        int64_t n = c->levels[i].count;
        if ((n <= RARE_ROWS && most > 10) || n < most / RARE_SHARE) {
            upi_text_addf(&labels, "%s'%.40s' (%lld row%s)", rows > 0 ? ", " : "",
                c->levels[i].text, (long long)n, n == 1 ? "" : "s");
            rows += n;
        }
    }
    if (rows > 0) {
        status = upi_notes_add(&a->notes, UP_W_RARE_ARM, c->info.name, (double)rows,
            (double)most / RARE_SHARE, err,
            "'%s' has labels with next to no rows: %s; the largest arm has %lld. A "
            "typing error, a test account or a leak, and no arm: leave them out with "
            "--filter.",
            c->info.name, labels.failed ? "" : labels.s, (long long)most);
    }
    upi_text_free(&labels);
    return status;
}

/* ---- all of them ---- */

static up_status
trap_column(up_audit *a, const upi_audit_scan *scan, int64_t j, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(trap_affected(a, scan, j, err));
    UP_TRY(trap_identifier(a, j, err));
    UP_TRY(trap_sentinel(a, scan, j, err));
    UP_TRY(trap_time(a, scan, j, err));
out:
    return status;
}

up_status
upi_audit_traps(up_audit *a, const upi_audit_scan *scan, up_error *err)
{
    up_status status = UP_OK;
    int64_t unit = a->roles.unit;
    int64_t cluster = a->declared.cluster != unit ? a->declared.cluster : -1;
    UP_TRY(a->roles.arm >= 0 ? trap_labels(a, err) : UP_OK);
    UP_TRY(a->roles.arm >= 0 ? trap_rare_arm(a, err) : UP_OK);
    UP_TRY(trap_duplicates(a, scan, err));
    UP_TRY(unit >= 0 ? trap_crossover(a, scan, unit, err) : UP_OK);
    UP_TRY(unit >= 0 ? trap_repeated(a, scan, unit, err) : UP_OK);
    UP_TRY(cluster >= 0 ? trap_crossover(a, scan, cluster, err) : UP_OK);
    for (int64_t j = 0; j < a->n_columns; j++) {
        UP_TRY(a->columns[j].usable ? trap_column(a, scan, j, err) : UP_OK);
    }
out:
    return status;
}
