/* SHA-256 against the examples of FIPS 180 and, for every length around a block, against the
 * same bytes added one by one. */
#include "sha256.h"
#include "up_test.h"

#include <stdlib.h>
#include <string.h>

static void
published(void **state)
{
    static const struct {
        const char *text, *hash;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmn"
         "opq"
         "klmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char hex[65];
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mcp_sha256_of(known[i].text, strlen(known[i].text), hex);
        assert_string_equal(hex, known[i].hash);
    }
}

static void
a_million_letters(void **state)
{
    char hex[65];
    char *text = malloc(1000000);
    (void)state;
    memset(text, 'a', 1000000);
    mcp_sha256_of(text, 1000000, hex);
    assert_string_equal(
        hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(text);
}

static void
pieces(void **state)
{
    unsigned char bytes[200];
    char whole[65];
    char parts[65];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(7 * i);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        mcp_sha256 h;
        mcp_sha256_of(bytes, n, whole);
        mcp_sha256_start(&h);
        for (size_t i = 0; i < n; i++) {
            mcp_sha256_add(&h, bytes + i, 1);
        }
        mcp_sha256_end(&h, parts);
        assert_string_equal(whole, parts);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published),
        cmocka_unit_test(a_million_letters), cmocka_unit_test(pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
