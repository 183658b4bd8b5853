#include "tests/web/fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "web/server/clock.h"
#include "web/server/stream.h"

/* A source whose events are the bytes of a pipe. */
struct source {
    int ends[2];
    bool closed;
};

static int source_read(void *context, struct buffer *out)
{
    struct source *source = context;
    char bytes[64];
    ssize_t size = read(source->ends[0], bytes, sizeof bytes);
    if (size < 0)
        return errno == EAGAIN ? 1 : -errno;
    if (size > 0)
        stream_event(out, size, NULL, "x");
    return size > 0;
}

static int source_descriptor(void *context)
{
    return ((struct source *)context)->ends[0];
}

static void source_close(void *context)
{
    ((struct source *)context)->closed = true;
}

static struct stream *open_stream(struct fixture *fixture, struct source *source,
                                  const struct session *session, int socket)
{
    struct stream_source calls = {source, source_read, source_descriptor, source_close};
    assert_int_equal(pipe(source->ends), 0);
    fd_set_nonblocking(source->ends[0], 1);
    source->closed = false;
    fixture->server.stop_fd = eventfd(0, EFD_CLOEXEC);
    return stream_open(&fixture->server, session, socket, &calls);
}

static void close_stream(struct fixture *fixture, struct source *source, struct stream *stream)
{
    stream_close(stream);
    assert_true(source->closed);
    assert_int_equal(atomic_load(&fixture->server.streams), 0);
    close(source->ends[0]);
    fd_close(&source->ends[1]);
    close(fixture->server.stop_fd);
}

static void expect(struct stream *stream, const char *text)
{
    char bytes[256];
    size_t size = 0;
    while (size < strlen(text)) {
        ssize_t more = stream_read(stream, bytes + size, strlen(text) - size);
        assert_true(more > 0);
        size += (size_t)more;
    }
    assert_memory_equal(bytes, text, size);
}

static void gives_events_then_the_end(void **state)
{
    struct source source;
    struct session session = {0};
    struct stream *stream = open_stream(*state, &source, &session, -1);
    expect(stream, "retry: 2000\n\n");
    assert_int_equal(write(source.ends[1], "abc", 3), 3);
    expect(stream, "id: 3\ndata: x\n\n");
    fd_close(&source.ends[1]);
    char byte;
    assert_int_equal(stream_read(stream, &byte, 1), 0);
    close_stream(*state, &source, stream);
}

static void ends_when_the_browser_leaves(void **state)
{
    struct source source;
    struct session session = {0};
    int ends[2];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct stream *stream = open_stream(*state, &source, &session, ends[0]);
    expect(stream, "retry: 2000\n\n");
    close(ends[1]);
    assert_int_equal(stream_read(stream, &byte, 1), 0);
    close_stream(*state, &source, stream);
    close(ends[0]);
}

static void ends_when_the_server_stops(void **state)
{
    struct fixture *fixture = *state;
    struct source source;
    struct session session = {0};
    char byte;
    struct stream *stream = open_stream(fixture, &source, &session, -1);
    expect(stream, "retry: 2000\n\n");
    assert_int_equal(eventfd_write(fixture->server.stop_fd, 1), 0);
    assert_int_equal(stream_read(stream, &byte, 1), 0);
    close_stream(fixture, &source, stream);
}

static void beats_until_the_session_ends(void **state)
{
    struct fixture *fixture = *state;
    struct source source;
    struct session session;
    char token[SESSION_TEXT_SIZE];
    char byte;
    struct error err;
    database_run(&fixture->server.database, NULL, NULL, NULL, "INSERT INTO user VALUES ('u1', 'ada', '', 0)",
                 "");
    assert_int_equal(session_create(&fixture->server.database, "u1", clock_now_ms(), token, &session, &err),
                     0);
    fixture->server.heartbeat_ms = 10;
    struct stream *stream = open_stream(fixture, &source, &session, -1);
    expect(stream, "retry: 2000\n\n: \n\n: \n\n");
    assert_int_equal(session_remove(&fixture->server.database, &session, &err), 0);
    while (stream_read(stream, &byte, 1) > 0)
        ;
    close_stream(fixture, &source, stream);
}

static void are_bounded_in_number(void **state)
{
    struct fixture *fixture = *state;
    struct source source;
    struct session session = {0};
    atomic_store(&fixture->server.streams, SERVER_STREAMS);
    assert_null(open_stream(fixture, &source, &session, -1));
    assert_int_equal(atomic_load(&fixture->server.streams), SERVER_STREAMS);
    atomic_store(&fixture->server.streams, 0);
    close_stream(fixture, &source, NULL);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(gives_events_then_the_end),  WITH_SERVER(ends_when_the_browser_leaves),
        WITH_SERVER(ends_when_the_server_stops), WITH_SERVER(beats_until_the_session_ends),
        WITH_SERVER(are_bounded_in_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
