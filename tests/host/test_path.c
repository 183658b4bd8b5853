#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/error.h"
#include "host/path.h"

static void makes_private_directories_and_refuses_public_ones(void **state)
{
    (void)state;
    char base[] = "/tmp/bivy-test-XXXXXX", path[PATH_MAX], wanted[64];
    struct error err;
    assert_non_null(mkdtemp(base));
    snprintf(wanted, sizeof wanted, "%s/a/b", base);
    assert_int_equal(path_run_directory(path, wanted, &err), 0);
    struct stat st;
    assert_int_equal(stat(wanted, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    chmod(wanted, 0777);
    assert_int_equal(path_run_directory(path, wanted, &err), -EPERM);
    assert_non_null(strstr(err.text, "others may write to it"));
    assert_non_null(strstr(err.hint, "chmod 700"));
    rmdir(wanted);
    snprintf(wanted, sizeof wanted, "%s/a", base);
    rmdir(wanted);
    rmdir(base);
}

static void joins(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_int_equal(path_join(path, "/a", "b", NULL), 0);
    assert_string_equal(path, "/a/b");
    assert_int_equal(path_join(path, "/", "b", NULL), 0);
    assert_string_equal(path, "/b");
    static char long_name[PATH_MAX + 1];
    memset(long_name, 'x', PATH_MAX);
    assert_int_equal(path_join(path, "/a", long_name, NULL), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_private_directories_and_refuses_public_ones),
        cmocka_unit_test(joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
