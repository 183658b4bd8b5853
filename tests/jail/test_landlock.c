#include "tests/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/error.h"
#include "jail/landlock.h"

enum { ALL_HELD, NO_LANDLOCK, FAILED, READ_OUTSIDE, WROTE_OUTSIDE, EXECUTED, CONNECTED, LOCKED_OUT };

static int connect_somewhere(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

static int opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd >= 0 ? 0 : errno;
}

/* In a child: what the confined may and may not do. */
static int try_everything(const char *directory)
{
    struct error err;
    char inside[128];
    char *const nothing[] = {(char *)(uintptr_t) "true", NULL};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const struct landlock_rules rules = {.writable = &directory, .writable_count = 1, .isolated = true};
    int version = landlock_enter(&rules, &err);
    if (version <= 0)
        return version == 0 ? NO_LANDLOCK : FAILED;
    snprintf(inside, sizeof inside, "%s/inside", directory);
    if (opens(inside, O_RDWR | O_CREAT) != 0 || truncate(inside, 5) < 0 || unlink(inside) < 0)
        return LOCKED_OUT;
    if (opens("/etc/passwd", O_RDONLY) != EACCES)
        return READ_OUTSIDE;
    if (opens("/tmp/bivy-landlock-outside", O_RDWR | O_CREAT) != EACCES)
        return WROTE_OUTSIDE;
    if (execv("/bin/true", nothing) == 0 || errno != EACCES)
        return EXECUTED;
    return version >= 4 && connect_somewhere() != EACCES ? CONNECTED : ALL_HELD;
}

static void holds_a_program_in_its_folders(void **state)
{
    (void)state;
    char directory[] = "/tmp/bivy-landlock-XXXXXX";
    int status;
    assert_non_null(mkdtemp(directory));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(try_everything(directory));
    assert_int_equal(waitpid(child, &status, 0), child);
    rmdir(directory);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_LANDLOCK)
        skip();
    assert_int_equal(WEXITSTATUS(status), ALL_HELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_a_program_in_its_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
