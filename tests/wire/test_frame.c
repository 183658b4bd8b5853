/* Frames in pieces, frames in a row, and frames that are none. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "wire/frame.h"
#include "wire_types.h"

struct pair {
    int near, far;
};

static struct pair make_pair(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    return (struct pair){fds[0], fds[1]};
}

static void close_pair(struct pair *pair)
{
    fd_close(&pair->near);
    fd_close(&pair->far);
}

static void push(struct wire_frame_reader *reader, const void *data, size_t size)
{
    size_t room;
    uint8_t *space = wire_frame_space(reader, &room);
    assert_true(space != NULL && room >= size);
    memcpy(space, data, size);
    wire_frame_filled(reader, size);
}

static void a_message_is_one_frame(void **state)
{
    (void)state;
    cleanup_buffer struct buffer out = {0};
    struct wire_wire message = {.header = {.version = WIRE_VERSION, .name = wire_text(":")},
                                .payload = {.kind = WIRE_PAYLOAD_FAILURE, .u.failure = wire_text("no")}};
    assert_int_equal(wire_frame_append(&out, &message, NULL), 0);
    assert_int_equal(wire_frame_append(&out, &message, NULL), 0);
    assert_int_equal(out.size % 2, 0);
    size_t size = out.size / 2;
    assert_memory_equal(out.data, ((uint8_t[]){0, 0, 0, (uint8_t)(size - 4)}), 4);
    assert_memory_equal(out.data, out.data + size, size);
}

static void a_message_that_cannot_be_leaves_nothing(void **state)
{
    (void)state;
    cleanup_buffer struct buffer out = {0};
    struct wire_wire message = {0};
    assert_int_equal(wire_frame_append(&out, &message, NULL), -EINVAL);
    assert_int_equal(out.size, 0);
}

static void frames_may_be_split_anywhere(void **state)
{
    (void)state;
    static const uint8_t stream[] = "\0\0\0\3abc\0\0\0\1d\0\0\0\0\0\0\0\2ef";
    enum { SIZE = sizeof stream - 1 };
    for (size_t split = 0; split <= SIZE; split++) {
        struct wire_frame_reader reader = {0};
        struct wire_bytes frame;
        char seen[32] = "";
        for (int part = 0; part < 2; part++) {
            push(&reader, part == 0 ? stream : stream + split, part == 0 ? split : SIZE - split);
            while (wire_frame_next(&reader, &frame, NULL) == WIRE_FRAME_READY) {
                strncat(seen, (const char *)frame.data, frame.size);
                strcat(seen, ";");
            }
        }
        assert_string_equal(seen, "abc;d;;ef;");
        wire_frame_free(&reader);
    }
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    struct pair pair = make_pair();
    struct wire_frame_reader reader = {0};
    struct wire_bytes frame;
    static const uint8_t stream[] = "\0\0\0\3abc";
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), WIRE_FRAME_MORE);
        assert_int_equal(write(pair.far, stream + i, 1), 1);
    }
    assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), WIRE_FRAME_READY);
    assert_int_equal(frame.size, 3);
    assert_memory_equal(frame.data, "abc", 3);
    wire_frame_free(&reader);
    close_pair(&pair);
}

static void an_end_between_frames_is_an_end(void **state)
{
    (void)state;
    struct pair pair = make_pair();
    struct wire_frame_reader reader = {0};
    struct wire_bytes frame;
    assert_int_equal(write(pair.far, "\0\0\0\1a", 5), 5);
    fd_close(&pair.far);
    assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), WIRE_FRAME_READY);
    assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), WIRE_FRAME_END);
    assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), WIRE_FRAME_END);
    wire_frame_free(&reader);
    close_pair(&pair);
}

static void an_end_within_a_frame_is_an_error(void **state)
{
    (void)state;
    for (ssize_t size = 1; size < 5; size++) {
        struct pair pair = make_pair();
        struct wire_frame_reader reader = {0};
        struct wire_bytes frame;
        assert_int_equal(write(pair.far, "\0\0\0\1a", (size_t)size), size);
        fd_close(&pair.far);
        assert_int_equal(wire_frame_read(&reader, pair.near, &frame, NULL), -ECONNRESET);
        wire_frame_free(&reader);
        close_pair(&pair);
    }
}

static void a_negative_length_is_an_error(void **state)
{
    (void)state;
    struct wire_frame_reader reader = {.limit = SIZE_MAX};
    struct wire_bytes frame;
    push(&reader, "\x80\0\0\0", 4);
    assert_int_equal(wire_frame_next(&reader, &frame, NULL), -EBADMSG);
    wire_frame_free(&reader);
}

static void a_frame_over_the_limit_is_an_error_before_it_comes(void **state)
{
    (void)state;
    struct wire_frame_reader reader = {.limit = 10};
    struct wire_bytes frame;
    struct error err = {0};
    push(&reader, "\0\0\0\x0a", 4);
    assert_int_equal(wire_frame_next(&reader, &frame, NULL), WIRE_FRAME_MORE);
    wire_frame_free(&reader);
    push(&reader, "\0\0\0\x0b", 4);
    assert_int_equal(wire_frame_next(&reader, &frame, &err), -EMSGSIZE);
    assert_string_equal(err.text, "read message: 11 bytes; at most 10 are taken");
    wire_frame_free(&reader);
}

static void a_promise_takes_no_memory(void **state)
{
    (void)state;
    struct wire_frame_reader reader = {.limit = WIRE_IMAGE_LIMIT};
    struct wire_bytes frame;
    push(&reader,
         "\x0f\xff\xff\xff"
         "a",
         5);
    assert_int_equal(wire_frame_next(&reader, &frame, NULL), WIRE_FRAME_MORE);
    size_t room;
    assert_non_null(wire_frame_space(&reader, &room));
    assert_true(reader.buffer.capacity <= (size_t)1 << 20);
    wire_frame_free(&reader);
}

static void a_large_frame_comes_whole(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    struct pair pair = make_pair();
    struct wire_frame_reader reader = {.limit = SIZE};
    struct wire_bytes frame;
    uint8_t *data = malloc(SIZE + 4);
    wire_frame_header(data, SIZE);
    for (size_t i = 4; i < SIZE + 4; i++)
        data[i] = (uint8_t)(i * 31 >> 4);
    int result = WIRE_FRAME_MORE;
    for (size_t sent = 0; result == WIRE_FRAME_MORE;) {
        ssize_t n = sent < SIZE + 4 ? write(pair.far, data + sent, SIZE + 4 - sent) : 0;
        sent += n > 0 ? (size_t)n : 0;
        result = wire_frame_read(&reader, pair.near, &frame, NULL);
    }
    assert_int_equal(result, WIRE_FRAME_READY);
    assert_int_equal(frame.size, SIZE);
    assert_memory_equal(frame.data, data + 4, SIZE);
    free(data);
    wire_frame_free(&reader);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_frame),
        cmocka_unit_test(a_message_that_cannot_be_leaves_nothing),
        cmocka_unit_test(frames_may_be_split_anywhere),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(an_end_between_frames_is_an_end),
        cmocka_unit_test(an_end_within_a_frame_is_an_error),
        cmocka_unit_test(a_negative_length_is_an_error),
        cmocka_unit_test(a_frame_over_the_limit_is_an_error_before_it_comes),
        cmocka_unit_test(a_promise_takes_no_memory),
        cmocka_unit_test(a_large_frame_comes_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
