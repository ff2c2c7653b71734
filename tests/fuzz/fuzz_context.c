/* Any bytes as a line of `upshot decide`: a refusal in one line, or a decision whose propensity is
 * that of its arm and whose line is one JSON object. */
#include "base/base.h"
#include "catalog/context_json.h"
#include "fuzz_model.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const up_policy *
policy_of_model(void)
{
    static up_policy *p = NULL;
    if (p == NULL) {
        promise(
            up_policy_make(model_of_rows(),
                UP_POLICY_OPTS(.metric = "sales", .floor = 0.01), &p, NULL) == UP_OK,
            "policy", "");
    }
    return p;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const up_policy *p = policy_of_model();
    char *text = text_of(data, size);
    upi_served s = {0};
    upi_text line = {0};
    up_error err = UP_ERROR_INIT;
    if (text == NULL || upi_served_make(p, &s, NULL) != UP_OK) {
        free(text);
        return 0;
    }
    up_status status = upi_serve_json(p, text, (int64_t)size, &s, &err);
    if (status == UP_OK) {
        upi_served_write(p, &s, &line);
        json_t *root = json_loads(line.s, JSON_REJECT_DUPLICATES, NULL);
        promise(json_is_object(root), "JSON", text);
        promise(strchr(line.s, '\n') == line.s + line.length - 1, "one line", text);
        promise(fabs(s.probability[s.decision.arm] - s.decision.propensity) < 1e-12,
            "propensity", text);
        json_decref(root);
    } else {
        promise_error(&err, status, text);
    }
    upi_text_free(&line);
    upi_served_clear(&s);
    free(text);
    return 0;
}
