/* Each test puts a child into a jail and looks at it, from inside by what it may do, from outside in /proc.
 */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/error.h"
#include "jail/jail.h"

/* What a child needs to look around and to end; sanitizers' own calls included. */
static const struct filter_rule rules[] = {
    FILTER_ALLOW(SYS_read),          FILTER_ALLOW(SYS_write),     FILTER_ALLOW(SYS_openat),
    FILTER_ALLOW(SYS_newfstatat),    FILTER_ALLOW(SYS_prlimit64), FILTER_ALLOW(SYS_exit_group),
    FILTER_FAIL(SYS_getppid, EPERM), FILTER_ALLOW(SYS_futex),
};

static struct jail a_jail(void)
{
    return (struct jail){
        .max_file_size = UINT64_MAX, .rules = rules, .rule_count = sizeof rules / sizeof rules[0]};
}

struct child {
    pid_t pid;
    int to, from; /* pipes */
    int held;     /* what jail_enter() returned */
};

/* Not _exit(): a sanitizer does more there than the jail allows. */
static void leave(int status)
{
    syscall(SYS_exit_group, status);
}

/* Forks; in the child: enters JAIL (keeping its two pipes), reports the layers, waits for a byte, runs BODY.
 */
static struct child child_start(struct jail jail, int (*body)(void))
{
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    struct child child = {fork(), to[1], from[0], 0};
    if (child.pid == 0) {
        struct error err = {0};
        int keep[] = {from[1], 2, to[0]};
        char byte;
        jail.keep = keep;
        jail.keep_count = 3;
        int held = jail_enter(&jail, &err);
        if (held < 0 && write(2, err.text, strlen(err.text)) < 0)
            leave(99);
        if (write(from[1], &held, sizeof held) != sizeof held || read(to[0], &byte, 1) != 1)
            leave(98);
        leave(body());
    }
    close(to[0]);
    close(from[1]);
    assert_int_equal(read(child.from, &child.held, sizeof child.held), sizeof child.held);
    assert_true(child.held >= 0);
    return child;
}

/* Lets the body run; the wait status. */
static int child_finish(struct child *child)
{
    int status;
    assert_int_equal(write(child->to, "x", 1), 1);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->to);
    close(child->from);
    return status;
}

static int nothing(void)
{
    return 0;
}

static int forbidden(void)
{
    return (int)syscall(SYS_getuid);
}

static int denied(void)
{
    return syscall(SYS_getppid) == -1 && errno == EPERM ? 0 : 1;
}

static int open_errno(const char *path)
{
    return open(path, O_RDONLY) >= 0 ? 0 : errno;
}

static int open_passwd(void)
{
    return open_errno("/etc/passwd");
}

static int open_hostname(void)
{
    return open_errno("/etc/group");
}

static void kills_what_no_rule_allows(void **state)
{
    (void)state;
    struct child child = child_start(a_jail(), forbidden);
    int status = child_finish(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void fails_what_a_rule_denies(void **state)
{
    (void)state;
    struct child child = child_start(a_jail(), denied);
    assert_int_equal(child_finish(&child), 0);
}

static void status_line(pid_t pid, const char *key, char *value, size_t size)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    value[0] = '\0';
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
            snprintf(value, size, "%s", line + strlen(key) + 2);
    fclose(file);
    value[strcspn(value, "\n")] = '\0';
}

static void has_no_privileges_left(void **state)
{
    (void)state;
    struct child child = child_start(a_jail(), nothing);
    static const struct {
        const char *key, *value;
    } expected[] = {{"NoNewPrivs", "1"},
                    {"Seccomp", "2"},
                    {"CapInh", "0000000000000000"},
                    {"CapPrm", "0000000000000000"},
                    {"CapEff", "0000000000000000"},
                    {"CapAmb", "0000000000000000"}};
    char value[128];
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        status_line(child.pid, expected[i].key, value, sizeof value);
        assert_string_equal(value, expected[i].value);
    }
    if (geteuid() == 0) {
        status_line(child.pid, "CapBnd", value, sizeof value);
        assert_string_equal(value, "0000000000000000");
    }
    assert_int_equal(child_finish(&child), 0);
}

static void keeps_only_the_given_descriptors(void **state)
{
    (void)state;
    int other = open("/dev/null", O_RDONLY);
    struct child child = child_start(a_jail(), nothing);
    char path[64];
    int open_count = 0;
    for (int fd = 0; fd < 64; fd++) {
        struct stat status;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", child.pid, fd);
        open_count += lstat(path, &status) == 0;
    }
    assert_int_equal(open_count, 3);
    assert_int_equal(child_finish(&child), 0);
    close(other);
}

static void landlock_closes_the_file_system(void **state)
{
    (void)state;
    struct jail jail = a_jail();
    static const char *const readable[] = {"/etc/group", "/nonexistent/file"};
    jail.layers = JAIL_LANDLOCK;
    jail.readable = readable;
    jail.readable_count = 2;
    struct child child = child_start(jail, open_passwd);
    int held = child.held;
    int status = child_finish(&child);
    if (held == 0)
        skip();
    assert_int_equal(WEXITSTATUS(status), EACCES);
    child = child_start(jail, open_hostname);
    assert_int_equal(child_finish(&child), 0);
}

static void the_root_is_empty_but_for_what_is_readable(void **state)
{
    (void)state;
    struct jail jail = a_jail();
    static const char *const readable[] = {"/etc/group", "/nonexistent/file"};
    jail.layers = JAIL_EMPTY_ROOT;
    jail.readable = readable;
    jail.readable_count = 2;
    struct child child = child_start(jail, open_passwd);
    int held = child.held;
    int status = child_finish(&child);
    if (held == 0)
        skip();
    assert_int_equal(WEXITSTATUS(status), ENOENT);
    child = child_start(jail, open_hostname);
    assert_int_equal(child_finish(&child), 0);
}

static void all_layers_go_together(void **state)
{
    (void)state;
    struct jail jail = a_jail();
    jail.layers = JAIL_USER_NAMESPACE | JAIL_EMPTY_ROOT | JAIL_NO_NETWORK | JAIL_IPC | JAIL_LANDLOCK;
    struct child child = child_start(jail, open_passwd);
    int held = child.held;
    int status = child_finish(&child);
    if ((held & (JAIL_EMPTY_ROOT | JAIL_LANDLOCK)) == 0)
        skip();
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 0);
}

static int limits_hold(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != 20 || limit.rlim_max != 20)
        return 1;
    getrlimit(RLIMIT_FSIZE, &limit);
    if (limit.rlim_cur != 0)
        return 2;
    getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_max == 0 ? 0 : 3;
}

static void sets_limits(void **state)
{
    (void)state;
    struct jail jail = a_jail();
    jail.max_files = 20;
    jail.max_file_size = 0;
    struct child child = child_start(jail, limits_hold);
    assert_int_equal(child_finish(&child), 0);
}

static pthread_barrier_t entered;

static void *forbidden_thread(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&entered);
    syscall(SYS_getuid);
    return NULL;
}

/* A thread that was there before is in the jail as well, and what it does ends the whole process. */
static void holds_every_thread(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        struct jail jail = a_jail();
        pthread_barrier_init(&entered, NULL, 2);
        pthread_create(&thread, NULL, forbidden_thread, NULL);
        if (jail_enter(&jail, NULL) < 0)
            _exit(1);
        pthread_barrier_wait(&entered);
        pthread_join(thread, NULL);
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_what_no_rule_allows),
        cmocka_unit_test(fails_what_a_rule_denies),
        cmocka_unit_test(has_no_privileges_left),
        cmocka_unit_test(keeps_only_the_given_descriptors),
        cmocka_unit_test(landlock_closes_the_file_system),
        cmocka_unit_test(the_root_is_empty_but_for_what_is_readable),
        cmocka_unit_test(all_layers_go_together),
        cmocka_unit_test(sets_limits),
        cmocka_unit_test(holds_every_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
