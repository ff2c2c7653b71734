/* Any lines as families of comparisons, each line one text of the option: a refusal in one line,
 * or every row of the effects in one of the families that were named, or in none. */
#include "effect/effect.h"
#include "fuzz_model.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 8, ROWS = 64 };

/* Effects of one question, made once; only their families are read anew. */
typedef struct asked {
    up_effects *effects;
    upi_question question;
} asked;

static asked *
effects_of_model(void)
{
    static asked a;
    if (a.effects == NULL) {
        promise(up_infer_effect(model_of_rows(), UP_EFFECT_OPTS(.by = "device"),
                    &a.effects, NULL) == UP_OK &&
                    upi_question_read(a.effects, &a.question, NULL) == UP_OK &&
                    a.effects->n_rows <= ROWS,
            "effects", "");
    }
    return &a;
}

static void
forget(up_effects *e)
{
    for (int64_t i = 0; i < e->n_families; i++) {
        upi_free(e->families[i]);
    }
    upi_free(e->families);
    e->families = NULL;
    e->n_families = 0;
}

static void
hold(const up_effects *e, const int64_t *family, const char *text)
{
    bool seen[ROWS] = {false};
    for (int64_t i = 0; i < e->n_rows; i++) {
        promise(family[i] >= -1 && family[i] < e->n_families, "family", text);
        if (family[i] >= 0) {
            seen[family[i]] = true;
        }
    }
    for (int64_t f = 0; f < e->n_families; f++) {
        promise(seen[f] && e->families[f][0] != '\0', "a family of rows", text);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asked *a = effects_of_model();
    const char *list[MOST];
    int64_t family[ROWS];
    int64_t n = 0;
    char *text = text_of(data, size);
    char *copy = text_of(data, size);
    up_error err = UP_ERROR_INIT;
    for (char *s = copy; s != NULL && n < MOST;) {
        list[n++] = s;
        s = strchr(s, '\n');
        if (s != NULL) {
            *s++ = '\0';
        }
    }
    a->effects->opts.family = list;
    a->effects->opts.n_family = n;
    up_status status = upi_families_read(a->effects, &a->question, family, &err);
    if (status == UP_OK) {
        hold(a->effects, family, text);
    } else {
        promise_error(&err, status, text);
    }
    forget(a->effects);
    a->effects->opts.n_family = 0;
    free(copy);
    free(text);
    return 0;
}
