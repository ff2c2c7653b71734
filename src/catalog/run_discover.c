/* Carries out `discover`. */
#include "base/json.h"
#include "catalog/pipeline.h"
#include "catalog/verbs.h"
#include "moments/moments.h"

#include <upshot/discover.h>

static const upi_sheet_column columns[] = {{"from", UPI_CELL_TEXT, false},
    {"edge", UPI_CELL_TEXT, false}, {"to", UPI_CELL_TEXT, false},
    {"frequency", UPI_CELL_NUMBER, false}, {"as_shown", UPI_CELL_NUMBER, false},
    {"correlation", UPI_CELL_NUMBER, false}, {"p_value", UPI_CELL_NUMBER, false}};

static const char *const assumptions[] = {
    "No common cause of two columns is missing from the columns.",
    "Two columns that are independent given others have no arrow between them, and no "
    "two "
    "paths cancel.",
    "Relations are linear, so that partial correlations show every dependence."};

/* Without being asked for them, a capsule of independent rows goes without resamples. */
static int64_t
resamples(const upi_request *q, const upi_pipeline *p)
{
    int64_t n = upi_request_integer(q, "bootstrap");
    bool given = upi_request_value(q, "bootstrap")->given;
    return n == 0 || (p->capsule && p->moments->ways == 0 && !given) ? -1 : n;
}

static up_status
fill_rows(const up_discovery *d, up_result *r, int64_t *directed, up_error *err)
{
    up_status status = UP_OK;
    r->rows.columns = columns;
    r->rows.n_columns = sizeof columns / sizeof columns[0];
    *directed = 0;
    for (int64_t i = 0; i < up_discovery_edges(d); i++) {
        up_found_edge e = up_discovery_edge(d, i);
        upi_cell *row = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &row, err));
        UP_TRY(upi_cell_set(&row[0], e.from, err));
        UP_TRY(upi_cell_set(&row[1], e.directed != 0 ? "->" : "--", err));
        UP_TRY(upi_cell_set(&row[2], e.to, err));
        row[3].number = e.frequency;
        row[4].number = e.direction_frequency;
        row[5].number = e.correlation;
        row[6].number = e.p_value;
        *directed += e.directed;
    }
out:
    return status;
}

static up_status
set_options(const upi_request *q, int64_t bootstrap, up_result *r, up_error *err)
{
    upi_text t = {0};
    upi_json j;
    upi_json_start(&j, &t, 0, 0);
    upi_json_object(&j);
    upi_json_put_string(&j, "tiers", upi_request_text(q, "tiers"));
    upi_json_put_double(&j, "alpha", upi_request_number(q, "alpha"));
    upi_json_put_int(&j, "max_given", upi_request_integer(q, "max-given"));
    upi_json_put_string(&j, "orient", upi_request_text(q, "orient"));
    upi_json_put_int(&j, "bootstrap", bootstrap > 0 ? bootstrap : 0);
    upi_json_put_int(&j, "seed", upi_request_integer(q, "seed"));
    upi_json_put_list(&j, "accept", upi_request_value(q, "accept"));
    upi_json_object_end(&j);
    return upi_text_take(&t, &r->options, err);
}

/* The graph can be asked once every edge has a direction; until then it can be drawn. */
static up_status
add_next(const upi_request *q, bool decided, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    upi_text t = {0};
    char *roles = NULL;
    char *line = NULL;
    const char *source = upi_request_text(q, "source");
    upi_text_add(&t, "upshot graph ");
    upi_shell_word(&t, r->text);
    if (decided) {
        /* the same words behind the graph as behind the verb */
        UP_TRY(upi_next_command(q, "graph", source, true, &roles, err));
        upi_text_add(&t, roles + sizeof "upshot graph" - 1);
    } else {
        upi_text_add(&t, " --format dot");
    }
    UP_TRY(upi_text_take(&t, &line, err));
    UP_TRY(upi_strings_add(&r->next, err, "%s", line));
out:
    upi_text_free(&t);
    upi_free(roles);
    upi_free(line);
    return status;
}

static up_status
add_words(const up_discovery *d, up_result *r, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(upi_strdup_to(
        &r->estimand, "a graph of direct causes among the columns: a hypothesis", err));
    for (size_t i = 0; i < sizeof assumptions / sizeof assumptions[0]; i++) {
        UP_TRY(upi_strings_add(&r->assumptions, err, "%s", assumptions[i]));
    }
    for (int64_t i = 0; i < up_discovery_notes(d); i++) {
        UP_TRY(upi_pipeline_note(&r->notes, up_discovery_note(d, i), err));
    }
out:
    return status;
}

up_status
upi_handle_discover(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    up_status status = UP_OK;
    upi_pipeline p = {0};
    up_discovery *d = NULL;
    int64_t directed = 0;
    UP_TRY(upi_pipeline_run(q, run, &p, err));
    UP_TRY(upi_pipeline_guard(&p, q, err));
    int64_t bootstrap = resamples(q, &p);
    UP_TRY(up_discover(p.moments,
        UP_DISCOVER_OPTS(.alpha = upi_request_number(q, "alpha"),
            .max_given = upi_request_integer(q, "max-given"),
            .orient = upi_request_integer(q, "orient"),
            .tiers = upi_request_text(q, "tiers"), .bootstrap = bootstrap),
        run, &d, err));
    out->view = UPI_VIEW_TABLE;
    UP_TRY(upi_pipeline_describe(&p, q, out, err));
    UP_TRY(fill_rows(d, out, &directed, err));
    UP_TRY(up_graph_write(up_discovery_graph(d), UP_GRAPH_TEXT, &out->text, err));
    UP_TRY(add_words(d, out, err));
    UP_TRY(upi_pipeline_checks(&p, q, out, err));
    UP_TRY(set_options(q, bootstrap, out, err));
    UP_TRY(add_next(q, directed == up_discovery_edges(d), out, err));
    UP_TRY(upi_result_say(&out->headline, err,
        "a hypothesis, not a finding: %lld edges among %lld columns, %lld of them with "
        "a "
        "direction, from %lld tests",
        (long long)up_discovery_edges(d),
        (long long)up_graph_nodes(up_discovery_graph(d)), (long long)directed,
        (long long)up_discovery_tests(d)));
out:
    up_discovery_free(d);
    upi_pipeline_clear(&p);
    return status;
}
