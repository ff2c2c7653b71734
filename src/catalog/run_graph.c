/* Carries out `graph`. */
#include "base/json.h"
#include "catalog/graph_text.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "moments/moments.h"

#include <upshot/discover.h>

#include <math.h>
#include <string.h>

enum { ABOUT, TEXT, NODES, GIVEN, OPEN, CORRELATION, P_VALUE, P_ADJUSTED, REJECTED };

static const upi_sheet_column columns[] = {{"about", UPI_CELL_TEXT, false},
    {"text", UPI_CELL_TEXT, false}, {"nodes", UPI_CELL_TEXT, false},
    {"given", UPI_CELL_TEXT, false}, {"open", UPI_CELL_INTEGER, false},
    {"correlation", UPI_CELL_NUMBER, false}, {"p_value", UPI_CELL_NUMBER, false},
    {"p_adjusted", UPI_CELL_NUMBER, false}, {"rejected", UPI_CELL_INTEGER, false}};

/* What is asked, of which graph, and where the answer goes. */
typedef struct inquiry {
    const upi_request *q;
    up_graph *g;
    up_result *r;
    up_implications *tests; /* NULL without a source */
} inquiry;

static up_status
set_names(upi_cell *c, const char *const *names, int64_t n, up_error *err)
{
    upi_text t = {0};
    for (int64_t i = 0; i < n; i++) {
        upi_text_addf(&t, "%s%s", i > 0 ? "," : "", names[i]);
    }
    upi_free(c->text);
    c->text = NULL;
    up_status status = upi_text_take(&t, &c->text, err);
    upi_text_free(&t);
    return status;
}

static up_status
add_finding(up_result *r, up_finding f, upi_cell **row, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_sheet_add(&r->rows, row, err));
    UP_TRY(upi_cell_set(&(*row)[ABOUT], f.kind, err));
    UP_TRY(upi_cell_set(&(*row)[TEXT], f.text, err));
    UP_TRY(set_names(&(*row)[NODES], f.nodes, f.n_nodes, err));
    UP_TRY(set_names(&(*row)[GIVEN], f.given, f.n_given, err));
    (*row)[OPEN].integer = f.holds;
out:
    return status;
}

static void
add_test(const inquiry *i, up_finding f, upi_cell *row)
{
    for (int64_t k = 0; k < up_implications_count(i->tests); k++) {
        up_implication t = up_implications_get(i->tests, k);
        if (strcmp(t.first, f.nodes[0]) == 0 && strcmp(t.second, f.nodes[1]) == 0) {
            row[CORRELATION].number = t.correlation;
            row[P_VALUE].number = t.p_value;
            row[P_ADJUSTED].number = t.p_adjusted;
            row[REJECTED].integer = t.rejected;
        }
    }
}

/* Asks, adds the findings as rows, and hands on the answer's own sentence. */
static up_status
ask(const inquiry *i, const up_question *question, int *verdict, char **sentence,
    up_error *err)
{
    up_status status = UP_OK;
    up_answer *a = NULL;
    UP_TRY(up_graph_ask(i->g, question, &a, err));
    for (int64_t k = 0; k < up_answer_findings(a); k++) {
        up_finding f = up_answer_finding(a, k);
        upi_cell *row = NULL;
        UP_TRY(add_finding(i->r, f, &row, err));
        if (question->ask == UP_ASK_IMPLICATIONS) {
            add_test(i, f, row);
        }
    }
    if (up_answer_complete(a) == 0) {
        UP_TRY(upi_notes_add(&i->r->notes, UP_N_APPROXIMATE, "graph",
            (double)up_answer_findings(a), (double)NAN, err,
            "a list was cut at %lld: %s", (long long)up_answer_findings(a),
            up_answer_text(a)));
    }
    *verdict = up_answer_verdict(a);
    if (sentence != NULL) {
        UP_TRY(upi_result_say(sentence, err, "%s", up_answer_text(a)));
    }
out:
    up_answer_free(a);
    return status;
}

/* --independent "a, b | c, d" */
static up_status
ask_independent(const inquiry *i, up_error *err)
{
    up_status status = UP_OK;
    upi_strings pair = {0};
    upi_strings given = {0};
    int verdict = 0;
    const char *at = upi_request_text(i->q, "independent");
    UP_TRY(upi_names_read(&at, '|', "independent", &pair, err));
    if (*at == '|') {
        at++;
        UP_TRY(upi_names_read(&at, '\0', "independent", &given, err));
    }
    if (pair.n != 2) {
        (void)upi_fail(err, UP_E_USAGE, "independent",
            "--independent speaks of two nodes, not %lld", (long long)pair.n);
        status = upi_fix(err, "write --independent \"a, b\" or \"a, b | c, d\"");
        goto out;
    }
    UP_TRY(ask(i,
        UP_QUESTION(.from = pair.items[0], .to = pair.items[1],
            .given = (const char *const *)given.items, .n_given = given.n),
        &verdict, &i->r->headline, err));
out:
    upi_strings_clear(&pair);
    upi_strings_clear(&given);
    return status;
}

/* The effect of a treatment on an outcome. */
static up_status
ask_effect(const inquiry *i, up_error *err)
{
    up_status status = UP_OK;
    const upi_value *adjust = upi_request_value(i->q, "adjust-for");
    bool all = upi_request_flag(i->q, "all-sets");
    int verdict = 0;
    char *sentence = NULL;
    up_question base = *UP_QUESTION(.from = upi_request_text(i->q, "treatment"),
        .to = upi_request_text(i->q, "outcome"),
        .given = (const char *const *)adjust->text, .n_given = adjust->n, .all = all);
    if (adjust->given) {
        base.ask = UP_ASK_VALID;
        UP_TRY(ask(
            i, &base, &verdict, i->r->headline == NULL ? &i->r->headline : NULL, err));
    }
    base.ask = UP_ASK_IDENTIFIED;
    UP_TRY(ask(i, &base, &verdict, &sentence, err));
    if (verdict == 0 && i->r->headline == NULL) {
        (void)upi_fail(err, UP_E_NOT_IDENTIFIED, "treatment", "%s", sentence);
        status =
            upi_fix(err, "measure a node on that path, or randomise the treatment; "
                         "'upshot explain E_NOT_IDENTIFIED' tells more");
        goto out;
    }
    if (i->r->headline == NULL) {
        UP_TRY(upi_result_say(&i->r->headline, err, "%s", sentence));
    }
    base.ask = UP_ASK_FORBIDDEN;
    UP_TRY(ask(i, &base, &verdict, NULL, err));
out:
    upi_free(sentence);
    return status;
}

static up_status
note_rejections(const inquiry *i, up_error *err)
{
    int64_t n = 0;
    up_implication worst = up_implications_get(NULL, 0);
    for (int64_t k = 0; k < up_implications_count(i->tests); k++) {
        up_implication t = up_implications_get(i->tests, k);
        if (t.rejected != 0 && (n == 0 || t.p_value < worst.p_value)) {
            worst = t;
        }
        n += t.rejected;
    }
    if (n == 0) {
        return UP_OK;
    }
    return upi_notes_add(&i->r->notes, UP_W_IMPLICATION, worst.second, worst.p_adjusted,
        upi_request_number(i->q, "alpha"), err,
        "%lld of %lld independences that the graph implies are rejected; most clearly "
        "that of %s and %s (partial correlation %.3g, adjusted p %.3g): an arrow or a "
        "common cause is missing",
        (long long)n, (long long)up_implications_count(i->tests), worst.first,
        worst.second, worst.correlation, worst.p_adjusted);
}

static up_status
add_headline(const inquiry *i, const char *implied, up_error *err)
{
    up_status status = UP_OK;
    char *before = NULL;
    int64_t tested = up_implications_count(i->tests);
    int64_t rejected = 0;
    for (int64_t k = 0; k < tested; k++) {
        rejected += up_implications_get(i->tests, k).rejected;
    }
    if (i->r->headline == NULL) {
        UP_TRY(upi_result_say(&i->r->headline, err, "%lld nodes, %lld edges: %s",
            (long long)up_graph_nodes(i->g), (long long)up_graph_edges(i->g), implied));
    }
    if (i->tests != NULL && tested > 0) {
        UP_TRY(upi_strdup_to(&before, i->r->headline, err));
        UP_TRY(upi_result_say(&i->r->headline, err,
            "%s; of %lld tested the data reject %lld", before, (long long)tested,
            (long long)rejected));
    }
out:
    upi_free(before);
    return status;
}

static up_status
set_options(const inquiry *i, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "treatment", upi_request_text(i->q, "treatment"));
    upi_json_put_string(&j, "outcome", upi_request_text(i->q, "outcome"));
    upi_json_put_list(&j, "adjust_for", upi_request_value(i->q, "adjust-for"));
    upi_json_put_string(&j, "independent", upi_request_text(i->q, "independent"));
    upi_json_put_bool(&j, "all_sets", upi_request_flag(i->q, "all-sets"));
    upi_json_put_double(&j, "alpha", upi_request_number(i->q, "alpha"));
    upi_json_put_string(&j, "format", upi_request_text(i->q, "format"));
    upi_json_put_list(&j, "accept", upi_request_value(i->q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &i->r->options, err);
}

static up_status
answer(const inquiry *i, up_error *err)
{
    up_status status = UP_OK;
    int verdict = 0;
    char *implied = NULL;
    bool named = upi_request_text(i->q, "treatment") != NULL ||
                 upi_request_text(i->q, "outcome") != NULL ||
                 upi_request_value(i->q, "adjust-for")->given ||
                 upi_request_flag(i->q, "all-sets");
    bool marked = up_graph_treatment(i->g) >= 0 && up_graph_outcome(i->g) >= 0;
    if (upi_request_text(i->q, "independent") != NULL) {
        UP_TRY(ask_independent(i, err));
    }
    if (named || (marked && i->r->headline == NULL)) {
        UP_TRY(ask_effect(i, err));
    }
    UP_TRY(ask(i, UP_QUESTION(.ask = UP_ASK_IMPLICATIONS, .most = 1024), &verdict,
        &implied, err));
    UP_TRY(note_rejections(i, err));
    UP_TRY(add_headline(i, implied, err));
out:
    upi_free(implied);
    return status;
}

/* Holds the graph against the rows or the capsule. */
static up_status
test_on_data(inquiry *i, upi_pipeline *p, const up_run *run, up_error *err)
{
    up_status status = UP_OK;
    char *next = NULL;
    UP_TRY(upi_pipeline_run(i->q, run, p, err));
    UP_TRY(up_graph_check(i->g, p->moments, err));
    UP_TRY(upi_pipeline_guard(p, i->q, err));
    UP_TRY(up_graph_test(
        i->g, p->moments, upi_request_number(i->q, "alpha"), run, &i->tests, err));
    UP_TRY(upi_pipeline_describe(p, i->q, i->r, err));
    UP_TRY(upi_pipeline_checks(p, i->q, i->r, err));
    if (p->moments->ways > 0) {
        UP_TRY(upi_notes_add(&i->r->notes, UP_N_APPROXIMATE, "cluster",
            up_implications_n(i->tests), (double)NAN, err,
            "each of the %.0f clusters counts as one observation in the tests, which "
            "rejects less often rather than more",
            up_implications_n(i->tests)));
    }
    UP_TRY(upi_next_command(
        i->q, "effect", upi_request_text(i->q, "source"), true, &next, err));
    UP_TRY(upi_strings_add(&i->r->next, err, "%s", next));
out:
    upi_free(next);
    return status;
}

up_status
upi_handle_graph(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    inquiry i = {.q = q, .r = out};
    upi_pipeline p = {0};
    int64_t format = upi_request_integer(q, "format");
    out->has_rows = true;
    out->limit = upi_request_integer(q, "limit");
    out->view = format > 0 ? UPI_VIEW_TEXT : UPI_VIEW_FINDINGS;
    out->rows.columns = columns;
    out->rows.n_columns = sizeof columns / sizeof columns[0];
    UP_TRY(upi_graph_read(upi_request_text(q, "graph"), &i.g, err));
    UP_TRY(
        up_graph_write(i.g, format > 0 ? format - 1 : UP_GRAPH_TEXT, &out->text, err));
    UP_TRY(set_options(&i, err));
    if (upi_request_text(q, "source") != NULL) {
        UP_TRY(test_on_data(&i, &p, run, err));
    }
    if (format > 0) {
        UP_TRY(upi_result_say(&out->headline, err, "%lld nodes, %lld edges",
            (long long)up_graph_nodes(i.g), (long long)up_graph_edges(i.g)));
        goto out;
    }
    UP_TRY(answer(&i, err));
out:
    up_implications_free(i.tests);
    up_graph_free(i.g);
    upi_pipeline_clear(&p);
    return status;
}
