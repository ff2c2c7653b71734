/* What clients are known to stumble over in lists of tools, and the room that the list takes in
 * a model's context. */
#include "offer_helper.h"
#include "tools.h"

#include <string.h>

static json_t *
tools_of(mcp_offer *o)
{
    json_t *tools = json_loads(o->tools, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_array(tools));
    return tools;
}

/* No references and no composition, anywhere. */
static void
check_plain(const json_t *value, int depth)
{
    static const char *const refused[] = {
        "$ref", "$defs", "oneOf", "anyOf", "allOf", "not", "if", NULL};
    const char *name = NULL;
    json_t *item = NULL;
    size_t i = 0;
    assert_true(depth <= 8);
    for (const char *const *r = refused; *r != NULL; r++) {
        assert_null(json_object_get(value, *r));
    }
    json_object_foreach(mcp_borrow(value), name, item)
    {
        check_plain(item, depth + 1);
    }
    json_array_foreach(value, i, item)
    {
        check_plain(item, depth + 1);
    }
}

static void
check_property(const char *tool, const char *name, const json_t *p)
{
    const char *type = json_string_value(json_object_get(p, "type"));
    const char *doc = json_string_value(json_object_get(p, "description"));
    if (type == NULL || doc == NULL || strlen(doc) < 5 || strstr(doc, "--") != NULL) {
        print_message("%s.%s: %s\n", tool, name, doc != NULL ? doc : "no description");
        fail();
        return;
    }
    bool array = strcmp(type, "array") == 0;
    const json_t *items = json_object_get(p, "items");
    assert_true(array == (items != NULL));
    if (array) {
        assert_string_equal(
            json_string_value(json_object_get(items, "type")), "string");
    }
    assert_true(array || strcmp(type, "string") == 0 || strcmp(type, "boolean") == 0 ||
                strcmp(type, "integer") == 0 || strcmp(type, "number") == 0);
    assert_null(strchr(name, '-'));
}

static void
lint(void **state)
{
    mcp_offer o = offer_open();
    json_t *tools = tools_of(&o);
    json_t *tool = NULL;
    size_t i = 0;
    (void)state;
    assert_in_range(json_array_size(tools), 10, 12);
    json_array_foreach(tools, i, tool)
    {
        const char *name = json_string_value(json_object_get(tool, "name"));
        const json_t *input = json_object_get(tool, "inputSchema");
        const json_t *output = json_object_get(tool, "outputSchema");
        const json_t *properties = json_object_get(input, "properties");
        json_t *required = json_object_get(input, "required");
        json_t *item = NULL;
        const char *key = NULL;
        size_t k = 0;
        assert_string_equal(
            json_string_value(json_object_get(input, "type")), "object");
        assert_string_equal(
            json_string_value(json_object_get(output, "type")), "object");
        assert_true(json_is_false(json_object_get(input, "additionalProperties")));
        assert_non_null(json_string_value(json_object_get(tool, "description")));
        check_plain(tool, 0);
        json_object_foreach(mcp_borrow(properties), key, item)
        {
            check_property(name, key, item);
        }
        json_array_foreach(required, k, item)
        {
            assert_non_null(json_object_get(properties, json_string_value(item)));
        }
    }
    json_decref(tools);
    mcp_offer_close(&o);
}

/* Measured: 22,735 bytes of this list are 5,618 tokens in the o200k vocabulary and 5,716 in that of
 * the first Claude models, 3.98 bytes each. 23,500 bytes are then below 6,000 tokens. */
static void
budget(void **state)
{
    mcp_offer o = offer_open();
    (void)state;
    print_message("tools: %zu bytes\n", strlen(o.tools));
    assert_true(strlen(o.tools) < 23500);
    assert_true(strlen(o.instructions) <= 2000);
    mcp_offer_close(&o);
}

/* Every option that the table shows is one of the catalog, and no verb is forgotten. */
static void
table(void **state)
{
    static const char *const left_out[] = {"simulate", "schema", "version", "mcp"};
    (void)state;
    for (int64_t i = 0; mcp_tool_at(i) != NULL; i++) {
        const mcp_tool *t = mcp_tool_at(i);
        for (const char *s = t->shown; *s != '\0';) {
            char name[64];
            s += *s == '!' ? 1 : 0;
            size_t n = strcspn(s, " ");
            (void)snprintf(name, sizeof name, "%.*s", (int)n, s);
            if (mcp_tool_option(t, name) == NULL) {
                print_message("%s shows %s\n", t->name, name);
                fail();
            }
            s += n;
            s += strspn(s, " ");
        }
    }
    for (int64_t i = 0; up_catalog_verb(i) != NULL; i++) {
        const mcp_role *role = NULL;
        const char *verb = up_catalog_verb(i)->name;
        bool known = mcp_tool_of_verb(verb, &role) != NULL;
        for (size_t k = 0; k < sizeof left_out / sizeof left_out[0]; k++) {
            known |= strcmp(left_out[k], verb) == 0;
        }
        if (!known) {
            print_message("no tool has the verb %s\n", verb);
        }
        assert_true(known);
    }
}

static int
place(void **state)
{
    (void)state;
    offer_place();
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    offer_leave();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint), cmocka_unit_test(budget), cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, place, leave);
}
