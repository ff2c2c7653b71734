/* A graph to text, DOT, dagitty or JSON, such that reading it back gives the same graph.
 *
 * In the own syntax edges come first, in their order; what edges do not tell (nodes without
 * edges, marks) follows with names sorted, so that the text is a fixed point of reading and
 * writing. */
#include "base/json.h"
#include "why/graph.h"

#include <string.h>

static bool
plain(const char *name, int64_t format)
{
    static const char *const words[] = {"latent", "treatment", "outcome", "dag", "pdag",
        "mag", "pag", "graph", "digraph", "strict", "subgraph", "node", "edge", "bb"};
    bool digit = name[0] >= '0' && name[0] <= '9';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(name, words[i]) == 0) {
            return false;
        }
    }
    for (const char *s = name; *s != '\0'; s++) {
        bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '_';
        bool number = *s >= '0' && *s <= '9';
        if (!letter && !number && (*s != '.' || format != UP_GRAPH_TEXT)) {
            return false;
        }
    }
    return name[0] != '\0' && (format == UP_GRAPH_TEXT || !digit);
}

void
upi_graph_add_name(upi_text *t, const char *name, int64_t format)
{
    if (plain(name, format)) {
        upi_text_add(t, name);
        return;
    }
    upi_text_add_char(t, '"');
    for (const char *s = name; *s != '\0'; s++) {
        if (*s == '"' || (*s == '\\' && format != UP_GRAPH_TEXT)) {
            upi_text_add_char(t, format == UP_GRAPH_TEXT ? '"' : '\\');
        }
        upi_text_add_char(t, *s);
    }
    upi_text_add_char(t, '"');
}

/* The nodes of a set by name. */
static int64_t
sorted(const up_graph *g, const upi_set *s, int64_t out[UP_GRAPH_MOST_NODES])
{
    int64_t n = 0;
    for (int64_t i = upi_set_next(s, 0); i >= 0; i = upi_set_next(s, i + 1)) {
        int64_t k = n++;
        for (; k > 0 && strcmp(g->name[out[k - 1]], g->name[i]) > 0; k--) {
            out[k] = out[k - 1];
        }
        out[k] = i;
    }
    return n;
}

static void
add_marks(const up_graph *g, const char *word, const upi_set *s, upi_text *t)
{
    int64_t node[UP_GRAPH_MOST_NODES];
    int64_t n = sorted(g, s, node);
    for (int64_t k = 0; k < n; k++) {
        upi_text_add(t, k > 0 ? ", " : t->length > 0 ? "; " : "");
        upi_text_add(t, k == 0 ? word : "");
        upi_graph_add_name(t, g->name[node[k]], UP_GRAPH_TEXT);
    }
}

static void
write_text(const up_graph *g, upi_text *t)
{
    static const char *const arrows[] = {" -> ", " <-> ", " -- "};
    int64_t node[UP_GRAPH_MOST_NODES];
    upi_set told = upi_set_or(g->latent, upi_set_or(g->treatment, g->outcome));
    for (int64_t k = 0; k < g->n_edges; k++) {
        upi_text_add(t, k > 0 ? "; " : "");
        upi_graph_add_name(t, g->name[g->edge[k].from], UP_GRAPH_TEXT);
        upi_text_add(t, arrows[g->edge[k].kind]);
        upi_graph_add_name(t, g->name[g->edge[k].to], UP_GRAPH_TEXT);
        upi_set_add(&told, g->edge[k].from);
        upi_set_add(&told, g->edge[k].to);
    }
    upi_set alone = upi_set_minus(upi_graph_all(g), told);
    int64_t n = sorted(g, &alone, node);
    for (int64_t k = 0; k < n; k++) {
        upi_text_add(t, t->length > 0 ? "; " : "");
        upi_graph_add_name(t, g->name[node[k]], UP_GRAPH_TEXT);
    }
    add_marks(g, "latent ", &g->latent, t);
    add_marks(g, "treatment ", &g->treatment, t);
    add_marks(g, "outcome ", &g->outcome, t);
}

static void
write_framed(const up_graph *g, int64_t format, upi_text *t)
{
    static const char *const dot[] = {
        "latent=true, style=dashed", "role=treatment", "role=outcome"};
    static const char *const dagitty[] = {"latent", "exposure", "outcome"};
    static const char *const dot_edges[] = {"", " [dir=both]", " [dir=none]"};
    static const char *const arrows[] = {" -> ", " <-> ", " -- "};
    bool is_dot = format == UP_GRAPH_DOT;
    bool directed = true;
    for (int64_t k = 0; k < g->n_edges; k++) {
        directed = directed && g->edge[k].kind != UP_EDGE_UNDIRECTED;
    }
    upi_text_add(t, is_dot ? "digraph {\n" : directed ? "dag {\n" : "pdag {\n");
    for (int64_t i = 0; i < g->n; i++) {
        bool marks[] = {upi_set_has(&g->latent, i), upi_set_has(&g->treatment, i),
            upi_set_has(&g->outcome, i)};
        const char *between = " [";
        upi_text_add(t, is_dot ? "  " : "");
        upi_graph_add_name(t, g->name[i], format);
        for (int k = 0; k < 3; k++) {
            if (marks[k]) {
                upi_text_addf(t, "%s%s", between, is_dot ? dot[k] : dagitty[k]);
                between = ", ";
            }
        }
        upi_text_add(t, between[0] == ',' ? "]" : "");
        upi_text_add(t, is_dot ? ";\n" : "\n");
    }
    for (int64_t k = 0; k < g->n_edges; k++) {
        up_edge e = g->edge[k];
        upi_text_add(t, is_dot ? "  " : "");
        upi_graph_add_name(t, g->name[e.from], format);
        upi_text_add(t, is_dot ? " -> " : arrows[e.kind]);
        upi_graph_add_name(t, g->name[e.to], format);
        upi_text_add(t, is_dot ? dot_edges[e.kind] : "");
        upi_text_add(t, is_dot ? ";\n" : "\n");
    }
    upi_text_add(t, "}\n");
}

static void
write_json(const up_graph *g, upi_text *t)
{
    static const char *const kinds[] = {"directed", "bidirected", "undirected"};
    upi_json j;
    upi_json_start(&j, t, 0, 0);
    upi_json_object(&j);
    upi_json_key(&j, "nodes");
    upi_json_array(&j);
    for (int64_t i = 0; i < g->n; i++) {
        upi_json_object(&j);
        upi_json_put_string(&j, "name", g->name[i]);
        upi_json_put_bool(&j, "latent", upi_set_has(&g->latent, i));
        upi_json_put_bool(&j, "treatment", upi_set_has(&g->treatment, i));
        upi_json_put_bool(&j, "outcome", upi_set_has(&g->outcome, i));
        upi_json_object_end(&j);
    }
    upi_json_array_end(&j);
    upi_json_key(&j, "edges");
    upi_json_array(&j);
    for (int64_t k = 0; k < g->n_edges; k++) {
        upi_json_object(&j);
        upi_json_put_string(&j, "from", g->name[g->edge[k].from]);
        upi_json_put_string(&j, "to", g->name[g->edge[k].to]);
        upi_json_put_string(&j, "kind", kinds[g->edge[k].kind]);
        upi_json_object_end(&j);
    }
    upi_json_array_end(&j);
    upi_json_object_end(&j);
}

up_status
up_graph_write(const up_graph *g, int64_t format, char **out, up_error *err)
{
    UP_GUARD(err);
    upi_text t = {0};
    if (g == NULL || out == NULL || format < UP_GRAPH_TEXT || format > UP_GRAPH_JSON) {
        return upi_fail(err, UP_E_ARGUMENT, "format",
            g == NULL || out == NULL ? "no graph was given" : "there is no format %lld",
            (long long)format);
    }
    if (format == UP_GRAPH_TEXT) {
        write_text(g, &t);
    } else if (format == UP_GRAPH_JSON) {
        write_json(g, &t);
    } else {
        write_framed(g, format, &t);
    }
    up_status status = upi_text_take(&t, out, err);
    upi_text_free(&t);
    return status;
}
