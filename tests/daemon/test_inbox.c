#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/inbox.h"
#include "host/error.h"
#include "host/fd.h"
#include "wire/frame.h"

static int ends[2];
static struct inbox inbox;
static int directory;

static int setup(void **state)
{
    (void)state;
    directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    inbox_open(&inbox, directory);
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static int teardown(void **state)
{
    (void)state;
    inbox_clear(&inbox);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    close(directory);
    return 0;
}

static void send_frame(const void *data, size_t size)
{
    uint8_t header[WIRE_FRAME_HEADER];
    wire_frame_header(header, (uint32_t)size);
    assert_int_equal(write(ends[0], header, sizeof header), sizeof header);
    assert_int_equal(write(ends[0], data, size), size);
}

static void frames_come_one_by_one(void **state)
{
    (void)state;
    send_frame("one", 3);
    send_frame("", 0);
    send_frame("three", 5);
    for (const char **expected = (const char *[]){"one", "", "three", NULL}; *expected != NULL; expected++) {
        assert_int_equal(inbox_read(&inbox, ends[1], 100, NULL), 1);
        struct wire_bytes frame = inbox_frame(&inbox);
        assert_int_equal(frame.size, strlen(*expected));
        if (frame.size > 0)
            assert_memory_equal(frame.data, *expected, frame.size);
        inbox_clear(&inbox);
    }
    assert_int_equal(inbox_read(&inbox, ends[1], 100, NULL), 0);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    static const char bytes[] = "\0\0\0\3abc";
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(write(ends[0], bytes + i, 1), 1);
        assert_int_equal(inbox_read(&inbox, ends[1], 100, NULL), i == 6);
    }
    assert_memory_equal(inbox_frame(&inbox).data, "abc", 3);
}

static void a_frame_over_the_limit_is_refused_by_its_header(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(write(ends[0], "\0\0\0\x65", 4), 4);
    assert_int_equal(inbox_read(&inbox, ends[1], 100, &err), -EMSGSIZE);
}

static void a_negative_length_is_refused(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(write(ends[0], "\x80\0\0\0", 4), 4);
    assert_int_equal(inbox_read(&inbox, ends[1], SIZE_MAX, &err), -EBADMSG);
}

static void the_end_between_frames_is_no_error(void **state)
{
    (void)state;
    fd_close(&ends[0]);
    assert_int_equal(inbox_read(&inbox, ends[1], 100, NULL), -ENODATA);
}

static void the_end_within_a_frame_is_one(void **state)
{
    (void)state;
    assert_int_equal(write(ends[0], "\0\0\0\5ab", 6), 6);
    fd_close(&ends[0]);
    assert_int_equal(inbox_read(&inbox, ends[1], 100, NULL), -ECONNRESET);
}

static void a_large_frame_goes_through_a_file(void **state)
{
    size_t size = INBOX_MEMORY + 12345;
    uint8_t *data = malloc(size);
    uint8_t header[WIRE_FRAME_HEADER];
    (void)state;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7);
    wire_frame_header(header, (uint32_t)size);
    assert_int_equal(write(ends[0], header, sizeof header), sizeof header);
    size_t sent = 0;
    int result = 0;
    while (result == 0) {
        ssize_t n = sent < size ? write(ends[0], data + sent, size - sent) : 0;
        sent += n > 0 ? (size_t)n : 0;
        result = inbox_read(&inbox, ends[1], size, NULL);
    }
    assert_int_equal(result, 1);
    assert_int_equal(inbox.buffer.capacity, 0);
    assert_int_equal(inbox_frame(&inbox).size, size);
    assert_memory_equal(inbox_frame(&inbox).data, data, size);
    free(data);
}

int main(void)
{
#define INBOX_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        INBOX_TEST(frames_come_one_by_one),
        INBOX_TEST(a_frame_may_come_byte_by_byte),
        INBOX_TEST(a_frame_over_the_limit_is_refused_by_its_header),
        INBOX_TEST(a_negative_length_is_refused),
        INBOX_TEST(the_end_between_frames_is_no_error),
        INBOX_TEST(the_end_within_a_frame_is_one),
        INBOX_TEST(a_large_frame_goes_through_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
