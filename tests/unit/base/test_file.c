/* Writing files: whole or not at all, and nothing but a regular file is ever replaced. */
#include "base/file.h"
#include "up_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/up_file_XXXXXX";

static int
enter(void **state)
{
    (void)state;
    return mkdtemp(place) != NULL && chdir(place) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
    (void)state;
    (void)unlink("a.txt");
    (void)unlink("pipe");
    return chdir("/") == 0 && rmdir(place) == 0 ? 0 : -1;
}

static void
assert_holds(const char *path, const char *text)
{
    char read[64] = {0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(read, 1, sizeof read - 1, f), strlen(text));
    assert_int_equal(fclose(f), 0);
    assert_string_equal(read, text);
}

static void
test_replaces_whole_files(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    assert_int_equal(upi_file_write("a.txt", "one", 3, "to", &err), UP_OK);
    assert_holds("a.txt", "one");
    assert_int_equal(upi_file_write("a.txt", "second", 6, "to", &err), UP_OK);
    assert_holds("a.txt", "second");
}

static void
test_refuses_what_is_not_a_file(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    struct stat info;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(upi_file_write("pipe", "x", 1, "to", &err), UP_E_WRITE);
    assert_non_null(strstr(err.message, "not a regular file"));
    assert_string_equal(err.field, "to");
    assert_int_equal(stat("pipe", &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(upi_file_write("/dev/null", "x", 1, "to", &err), UP_E_WRITE);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(upi_file_write(".", "x", 1, "to", &err), UP_E_WRITE);
    assert_non_null(strstr(err.message, "it is a directory"));
    assert_int_equal(upi_file_write("none/a.txt", "x", 1, "to", &err), UP_E_WRITE);
    assert_non_null(strstr(err.message, "no such directory"));
    assert_true(err.fix[0] != '\0');
}

static void
test_leaves_nothing_beside(void **state)
{
    (void)state;
    DIR *d = opendir(".");
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        assert_null(strstr(e->d_name, ".partial"));
    }
    assert_int_equal(closedir(d), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces_whole_files),
        cmocka_unit_test(test_refuses_what_is_not_a_file),
        cmocka_unit_test(test_leaves_nothing_beside),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
