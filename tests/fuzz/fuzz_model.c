/* The fit that fuzz targets ask: 48 rows that are the same everywhere. */
#include "fuzz_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 48 };

void
promise(bool kept, const char *what, const char *text)
{
    if (!kept) {
        (void)fprintf(stderr, "%s: %s\n", what, text);
        abort();
    }
}

void
promise_error(const up_error *err, up_status status, const char *text)
{
    promise(err->status == status && err->message[0] != '\0' &&
                strchr(err->message, '\n') == NULL,
        "error", text);
}

char *
text_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
    }
    return text;
}

const up_graph *
graph_of_model(void)
{
    static up_graph *graph = NULL;
    if (graph == NULL) {
        up_status status = up_graph_parse(
            "arm -> {searches views sales}; searches -> {views sales}; views -> sales",
            &graph, NULL);
        promise(status == UP_OK, "graph", "");
    }
    return graph;
}

const up_model *
model_of_rows(void)
{
    static up_model *model = NULL;
    static up_source *source = NULL;
    static up_experiment *experiment = NULL;
    static up_moments *moments = NULL;
    static const char *arm[ROWS];
    static const char *device[ROWS];
    static double score[ROWS];
    static double metric[3][ROWS];
    static const char *const interactions[] = {"searches:views"};
    if (model != NULL) {
        return model;
    }
    for (int i = 0; i < ROWS; i++) {
        arm[i] = i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c";
        device[i] = i % 4 < 2 ? "mobile" : "desktop";
        score[i] = (i * 7) % 11;
        metric[0][i] = (i * 5) % 7 + i % 3;
        metric[1][i] = metric[0][i] + (i * 11) % 13;
        metric[2][i] = metric[1][i] + (i * 17) % 19;
    }
    const up_column columns[] = {{.name = "arm", .text = arm},
        {.name = "device", .text = device}, {.name = "score", .f64 = score},
        {.name = "searches", .f64 = metric[0]}, {.name = "views", .f64 = metric[1]},
        {.name = "sales", .f64 = metric[2]}};
    const up_mediate_opts *products =
        UP_MEDIATE_OPTS(.interactions = interactions, .n_interactions = 1);
    bool made =
        up_source_from_columns_borrow(columns, 6, ROWS, &source, NULL) == UP_OK &&
        up_experiment_new(source, UP_ROLES(.intent_to_treat = "arm", .control = "a"),
            &experiment, NULL) == UP_OK &&
        up_experiment_add_covariate(experiment, "device", NULL) == UP_OK &&
        up_experiment_add_covariate(experiment, "score", NULL) == UP_OK &&
        up_experiment_add_graph(experiment, graph_of_model(), products, NULL) ==
            UP_OK &&
        up_moments_build(experiment, NULL, NULL, &moments, NULL) == UP_OK &&
        up_fit_linear(moments, NULL, NULL, &model, NULL) == UP_OK;
    promise(made, "model", "");
    return model;
}
