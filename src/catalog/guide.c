/* `upshot guide`: a page of the guide as it stands, or the list of pages with the summary
 * that each has in its first line. */
#include "catalog/guide.h"

#include "catalog/paragraph.h"
#include "catalog/verbs.h"

#include <string.h>

enum { MAX_PAGES = 64 };

static up_status
refuse(const char *name, up_error *err)
{
    const char *names[MAX_PAGES];
    int n = 0;
    for (; n < MAX_PAGES && upi_guide_pages[n].name != NULL; n++) {
        names[n] = upi_guide_pages[n].name;
    }
    (void)upi_fail(err, UP_E_USAGE, "topic", "there is no topic '%s'", name);
    const char *near = upi_text_nearest(name, names, n);
    if (near != NULL) {
        return upi_fix(err, "did you mean 'upshot guide %s'?", near);
    }
    return upi_fix(err, "'upshot guide' lists the topics");
}

static void
add_to_list(upi_text *t, const upi_guide_page *page)
{
    const char *summary = page->text + strlen("# : ") + strlen(page->name);
    upi_text_addf(t, "  %s", page->name);
    upi_spaces(t, 17 - (int)strlen(page->name));
    upi_text_add_n(t, summary, (int64_t)strcspn(summary, "\n") + 1);
}

up_status
up_catalog_guide(const char *name, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    const upi_guide_page *page = upi_guide_pages;
    if (name == NULL) {
        for (; page->name != NULL; page++) {
            add_to_list(&t, page);
        }
    } else {
        while (page->name != NULL && strcmp(page->name, name) != 0) {
            page++;
        }
        if (page->name == NULL) {
            status = refuse(name, err);
            goto out;
        }
        upi_text_add(&t, page->text);
    }
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}
