/* Policies from JSON: whatever the text, an answer or an error and nothing leaked; and a policy
 * that is read decides. */
#include <upshot/policy.h>

#include <stdlib.h>

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    up_policy *p = NULL;
    up_error err = UP_ERROR_INIT;
    if (up_policy_parse((const char *)data, (int64_t)size, &p, &err) == UP_OK) {
        double context[64] = {0};
        up_policy_decision d;
        if (up_policy_decide(p, context, "u1", &d, NULL, &err) == UP_OK &&
            !(d.propensity >= 0 && d.propensity <= 1)) {
            abort();
        }
    }
    up_policy_free(p);
    return 0;
}
