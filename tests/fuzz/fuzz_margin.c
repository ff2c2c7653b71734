/* Any bytes as a margin: what is refused is refused in one line, and what is read is a claim that,
 * written down again, is read as the same claim. */
#include "base/base.h"
#include "catalog/inference.h"
#include "fuzz_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
read_again(const up_margin *m, const char *text)
{
    char claim[64];
    char again[80];
    up_margin second = {0};
    char *name = NULL;
    up_effect e = {.margin = m->margin,
        .margin_kind = m->kind,
        .margin_relative = m->relative,
        .margin_better = m->better};
    upi_margin_text(&e, claim, sizeof claim);
    (void)snprintf(again, sizeof again, "m %s", claim);
    /* Six digits can carry the greatest number over the edge of what a double holds. */
    if (m->margin > 1e300 || m->margin < 1e-300) {
        return;
    }
    promise(upi_margin_read(again, &second, &name, NULL) == UP_OK, "read again", again);
    bool same = second.kind == m->kind && second.relative == m->relative &&
                (m->kind == UP_MARGIN_EQUIVALENCE || second.better == m->better) &&
                fabs(second.margin - m->margin) <= 1e-5 * m->margin;
    promise(same && strcmp(name, "m") == 0, "the same claim", text);
    upi_free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    char *name = NULL;
    up_margin m = {0};
    up_error err = UP_ERROR_INIT;
    if (text == NULL) {
        return 0;
    }
    up_status status = upi_margin_read(text, &m, &name, &err);
    if (status == UP_OK) {
        promise(name != NULL && name[0] != '\0' && m.metric == name, "name", text);
        promise(m.margin > 0 && isfinite(m.margin), "margin", text);
        read_again(&m, text);
    } else {
        promise(name == NULL, "nothing is handed out", text);
        promise_error(&err, status, text);
    }
    upi_free(name);
    free(text);
    return 0;
}
