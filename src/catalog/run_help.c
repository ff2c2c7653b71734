/* Carries out the verbs that explain. */
#include "catalog/verbs.h"

#include <upshot/version.h>

#include <string.h>

/* The first line of a page, as its headline, without the mark of a heading. */
static up_status
first_line(const char *text, up_result *out, up_error *err)
{
    text += strncmp(text, "# ", 2) == 0 ? 2 : 0;
    return upi_result_say(&out->headline, err, "%.*s", (int)strcspn(text, "\n"), text);
}

up_status
upi_handle_explain(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    (void)run;
    up_status status = UP_OK;
    UP_TRY(up_catalog_explain(upi_request_text(q, "code"), &out->text, err));
    UP_TRY(first_line(out->text, out, err));
out:
    return status;
}

up_status
upi_handle_guide(const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    (void)run;
    up_status status = UP_OK;
    const char *topic = upi_request_text(q, "topic");
    UP_TRY(up_catalog_guide(topic, &out->text, err));
    UP_TRY(first_line(topic != NULL ? out->text : "the topics of the guide", out, err));
out:
    return status;
}

up_status
upi_handle_schema(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    (void)run;
    up_status status = UP_OK;
    const char *verb = upi_request_text(q, "verb");
    UP_TRY(up_catalog_schema(verb, &out->text, err));
    UP_TRY(upi_strdup_to(&out->schema, out->text, err));
    UP_TRY(upi_result_say(
        &out->headline, err, "schema of %s", verb != NULL ? verb : "all verbs"));
out:
    return status;
}

up_status
upi_handle_version(
    const upi_request *q, const up_run *run, up_result *out, up_error *err)
{
    (void)q;
    (void)run;
    up_status status = UP_OK;
    upi_text t = {0};
    UP_TRY(upi_result_say(&out->headline, err, "upshot %s", up_version()));
    upi_text_addf(&t, "upshot %s\n%s\n", up_version(), up_build_info());
    UP_TRY(upi_text_take(&t, &out->text, err));
out:
    upi_text_free(&t);
    return status;
}
