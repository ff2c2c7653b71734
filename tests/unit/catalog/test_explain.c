/* Every status and note of the two lists has a page, and no page is of an unknown code. */
#include "catalog/explain.h"
#include "catalog/verbs.h"
#include "up_test.h"

#include <upshot/note.h>

#include <string.h>

static const char *const codes[] = {
#define STATUS(name, number, exit_code, sentence) #name,
#define NOTE(name, number, sentence)              #name,
    UP_STATUS_LIST(STATUS) UP_NOTE_LIST(NOTE)
#undef STATUS
#undef NOTE
};

enum { N_CODES = sizeof codes / sizeof codes[0] };

static void
test_every_code_has_a_page(void **state)
{
    (void)state;
    for (int i = 0; i < N_CODES; i++) {
        up_error err = UP_ERROR_INIT;
        char *page = NULL;
        assert_ok(up_catalog_explain(codes[i], &page, &err), &err);
        assert_int_equal(strncmp(page, codes[i], strlen(codes[i])), 0);
        assert_non_null(strstr(page, "\nWhat it means\n"));
        assert_non_null(strstr(page, "\nWhy it matters\n"));
        assert_non_null(strstr(page, "\nWhat to do\n"));
        up_text_free(page);
    }
}

static void
test_no_page_is_foreign(void **state)
{
    (void)state;
    int64_t n = 0;
    for (; upi_explain_code(n) != NULL; n++) {
        bool known = false;
        for (int i = 0; i < N_CODES; i++) {
            known |= strcmp(codes[i], upi_explain_code(n)) == 0;
        }
        assert_true(known);
    }
    assert_int_equal(n, N_CODES);
}

static void
test_texts(void **state)
{
    (void)state;
    const upi_page *const tables[] = {upi_status_pages, upi_note_pages};
    for (int t = 0; t < 2; t++) {
        for (const upi_page *p = tables[t]; p->code != NULL; p++) {
            const char *texts[] = {p->means, p->matters, p->todo};
            for (int k = 0; k < 3; k++) {
                if (texts[k][0] < 'A' || texts[k][strlen(texts[k]) - 1] != '.') {
                    fail_msg("%s: %s", p->code, texts[k]);
                }
            }
        }
    }
}

static void
test_list_and_refusal(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    char *page = NULL;
    assert_ok(up_catalog_explain(NULL, &page, &err), &err);
    assert_non_null(strstr(page, "W_SRM"));
    up_text_free(page);
    page = NULL;
    assert_fails(up_catalog_explain("W_SRMM", &page, &err), UP_E_USAGE, &err);
    assert_non_null(strstr(err.fix, "W_SRM"));
    assert_null(page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_page),
        cmocka_unit_test(test_no_page_is_foreign),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_list_and_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
