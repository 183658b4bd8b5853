#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/spawn.h"

static int run(char *script, const int *fds, size_t count)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", script, NULL};
    struct spawn spawn = {.program = "/bin/sh", .arguments = arguments, .fds = fds, .fd_count = count};
    struct error err;
    int pidfd, status = -1;
    assert_true(spawn_program(&spawn, &pidfd, &err) > 0);
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 10000), 1);
    assert_int_equal(spawn_reap(pidfd, &status), 1);
    close(pidfd);
    return status;
}

static void gives_the_status_as_a_shell_does(void **state)
{
    (void)state;
    int fds[] = {-1, -1, 2};
    assert_int_equal(run((char *)"exit 42", fds, 3), 42);
    assert_int_equal(run((char *)"kill -9 $$", fds, 3), 137);
}

static void passes_exactly_the_descriptors_given(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    int leak = open("/dev/null", O_RDONLY);
    /* 3 becomes the pipe though the pipe's own number may be 3 or 4; the leak must not arrive. */
    int fds[] = {-1, -1, 2, -1, p[1]};
    assert_int_equal(run((char *)"echo $(ls /proc/self/fd | wc -l) >&4; [ ! -e /proc/$$/fd/3 ]", fds, 5), 0);
    char text[8] = {0};
    assert_int_equal(read(p[0], text, 7), 2);
    assert_string_equal(text, "5\n"); /* 0, 1, 2, 4 and the directory itself */
    close(p[0]);
    close(p[1]);
    close(leak);
}

/* A cgroup is entered by a file of its folder; any folder with such a file will do to see it done. */
static void the_child_enters_its_cgroup(void **state)
{
    (void)state;
    char folder[] = "/tmp/spawn-XXXXXX";
    char text[8] = {0};
    int fds[] = {-1, -1, 2};
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"exit 0", NULL};
    struct error err;
    int pidfd, status;
    assert_non_null(mkdtemp(folder));
    int directory = open(folder, O_RDONLY | O_DIRECTORY);
    struct spawn spawn = {
        .program = "/bin/sh", .arguments = arguments, .fds = fds, .fd_count = 3, .cgroup_fd = directory};
    assert_int_equal(spawn_program(&spawn, &pidfd, &err), -ENOENT);
    assert_non_null(strstr(err.text, "enter cgroup"));
    int file = openat(directory, "cgroup.procs", O_RDWR | O_CREAT, 0600);
    assert_true(spawn_program(&spawn, &pidfd, &err) > 0);
    assert_int_equal(pread(file, text, sizeof text, 0), 1);
    assert_string_equal(text, "0");
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 10000), 1);
    spawn_reap(pidfd, &status);
    unlinkat(directory, "cgroup.procs", 0);
    rmdir(folder);
    close(file);
    close(directory);
    close(pidfd);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    char *arguments[] = {(char *)"x", NULL};
    int fds[] = {-1, -1, 2};
    struct spawn spawn = {.program = "/nonexistent/x", .arguments = arguments, .fds = fds, .fd_count = 3};
    struct error err;
    int pidfd;
    assert_int_equal(spawn_program(&spawn, &pidfd, &err), -ENOENT);
    assert_string_equal(err.text, "execute: /nonexistent/x: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_status_as_a_shell_does),
        cmocka_unit_test(passes_exactly_the_descriptors_given),
        cmocka_unit_test(the_child_enters_its_cgroup),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
