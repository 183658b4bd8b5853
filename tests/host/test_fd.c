#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/fd.h"

static void passes_descriptors(void **state)
{
    (void)state;
    int s[2], p[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(fd_send(s[0], "hi", 2, &p[1], 1, 0), 2);
    char text[8];
    int fds[4];
    size_t count = 4;
    assert_int_equal(fd_receive(s[1], text, sizeof text, fds, &count, 0), 2);
    assert_int_equal(count, 1);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fd_write_all(fds[0], "x", 1), 0);
    assert_int_equal(fd_read_all(p[0], text, 1), 1);
    int all[] = {s[0], s[1], p[0], p[1], fds[0]};
    for (size_t i = 0; i < 5; i++)
        close(all[i]);
}

static void refuses_and_closes_what_it_has_no_room_for(void **state)
{
    (void)state;
    int s[2], p[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    assert_int_equal(pipe(p), 0);
    fd_send(s[0], "hi", 2, p, 2, 0);
    int fds[1];
    size_t count = 1;
    char text[8];
    assert_int_equal(fd_receive(s[1], text, sizeof text, fds, &count, 0), -EMSGSIZE);
    assert_int_equal(count, 0);
    close(p[1]);
    /* The pipe's only writers were in the message: its end shows that they were closed. */
    assert_int_equal(fd_read_all(p[0], text, 1), 0);
    close(p[0]);
    close(s[0]);
    close(s[1]);
}

static void a_message_cut_short_is_an_error(void **state)
{
    (void)state;
    int s[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    fd_send(s[0], "0123456789", 10, NULL, 0, 0);
    char text[4];
    size_t count = 0;
    assert_int_equal(fd_receive(s[1], text, sizeof text, NULL, &count, 0), -EMSGSIZE);
    close(s[0]);
    close(s[1]);
}

static void closing_clears(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY);
    int copy = fd;
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
    int taken = 5;
    assert_int_equal(fd_take(&taken), 5);
    assert_int_equal(taken, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_descriptors),
        cmocka_unit_test(refuses_and_closes_what_it_has_no_room_for),
        cmocka_unit_test(a_message_cut_short_is_an_error),
        cmocka_unit_test(closing_clears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
