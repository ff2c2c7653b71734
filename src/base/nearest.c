/* "Did you mean": the optimal string alignment distance (insert, delete, replace, swap of
 * neighbours), by dynamic programming over three rows; and the nearest of a list of names. */
#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST = 128 };

static int
smaller(int a, int b)
{
    return a < b ? a : b;
}

int
upi_text_distance(const char *a, const char *b, int limit)
{
    size_t na = strnlen(a, LONGEST + 1);
    size_t nb = strnlen(b, LONGEST + 1);
    int gap = (int)na - (int)nb;
    if (na > LONGEST || nb > LONGEST || gap > limit || -gap > limit) {
        return strcmp(a, b) == 0 ? 0 : limit + 1;
    }
    int rows[3][LONGEST + 1];
    int *before = rows[0];
    int *last = rows[1];
    int *now = rows[2];
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= nb; j++) {
        last[j] = (int)j;
    }
    for (size_t i = 1; i <= na; i++) {
        now[0] = (int)i;
        int least = now[0];
        for (size_t j = 1; j <= nb; j++) {
            int same = a[i - 1] == b[j - 1] ? 0 : 1;
            int best = smaller(last[j] + 1, now[j - 1] + 1);
            best = smaller(best, last[j - 1] + same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = smaller(best, before[j - 2] + 1);
            }
            now[j] = best;
            least = smaller(least, best);
        }
        /* A swap looks back two rows, so one row above the limit is not yet proof. */
        if (least > limit + 1) {
            return limit + 1;
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return smaller(last[nb], limit + 1);
}

/* ASCII letters in lower case; false if s is too long to be worth a guess. */
static bool
lowered(const char *s, char out[LONGEST + 1])
{
    size_t n = strnlen(s, LONGEST + 1);
    if (n > LONGEST) {
        return false;
    }
    for (size_t i = 0; i <= n; i++) {
        out[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + ('a' - 'A') : s[i]);
    }
    return true;
}

const char *
upi_text_nearest(const char *wanted, const char *const *names, int64_t n)
{
    char low_wanted[LONGEST + 1] = "";
    char low_name[LONGEST + 1] = "";
    if (!lowered(wanted, low_wanted)) {
        return NULL;
    }
    /* One slip is forgiven in a short word, one in three letters in longer ones. */
    int limit = (int)(strlen(low_wanted) / 3);
    limit = limit < 1 ? 1 : smaller(limit, 4);
    const char *nearest = NULL;
    for (int64_t i = 0; i < n; i++) {
        if (names[i] == NULL || !lowered(names[i], low_name)) {
            continue;
        }
        int distance = upi_text_distance(low_wanted, low_name, limit);
        /* A distance as long as the word itself means nothing is in common. */
        if (distance <= limit && (size_t)distance < strlen(low_name)) {
            nearest = names[i];
            limit = distance - 1;
        }
        if (limit < 0) {
            break;
        }
    }
    return nearest;
}
