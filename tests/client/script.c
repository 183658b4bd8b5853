/* script.c: a daemon that plays a script; see script.h. */
#define _GNU_SOURCE
#include "tests/client/script.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/fd.h"
#include "wire/frame.h"

static bool hear(struct wire_frame_reader *reader, int fd, struct buffer *to, bool with_header)
{
    struct wire_bytes frame;
    uint8_t header[WIRE_FRAME_HEADER];
    if (wire_frame_read(reader, fd, &frame, NULL) != WIRE_FRAME_READY)
        return false;
    wire_frame_header(header, (uint32_t)frame.size);
    if (with_header)
        buffer_append(to, header, sizeof header);
    buffer_append(to, frame.data, frame.size);
    return frame.size > 0;
}

static void say(int fd, const struct wire_payload *payload)
{
    cleanup_buffer struct buffer out = {0};
    struct wire_wire message = {.header = {.version = WIRE_VERSION, .name = wire_text(":")},
                                .payload = *payload};
    if (wire_frame_append(&out, &message, NULL) == 0)
        send(fd, out.data, out.size, MSG_NOSIGNAL);
}

static void play(struct script *script, const struct script_step *step, struct wire_frame_reader *reader,
                 int *fd)
{
    switch (step->kind) {
    case SCRIPT_HEAR:
        hear(reader, *fd, &script->heard, true);
        break;
    case SCRIPT_CHUNK:
        hear(reader, *fd, &script->chunks, false);
        break;
    case SCRIPT_CHUNKS:
        while (hear(reader, *fd, &script->chunks, false))
            ;
        break;
    case SCRIPT_SAY:
        say(*fd, &step->payload);
        break;
    case SCRIPT_BYTES:
        send(*fd, step->bytes, step->size, MSG_NOSIGNAL);
        break;
    case SCRIPT_NEXT:
        fd_close(fd);
        wire_frame_free(reader);
        *fd = accept(script->listener, NULL, NULL);
        break;
    case SCRIPT_WAIT:
        poll(&(struct pollfd){.fd = *fd, .events = POLLRDHUP}, 1, 20000);
        break;
    }
}

static void *play_all(void *context)
{
    struct script *script = context;
    struct wire_frame_reader reader = {0};
    cleanup_fd int fd = accept(script->listener, NULL, NULL);
    for (size_t i = 0; i < script->count && fd >= 0; i++)
        play(script, &script->steps[i], &reader, &fd);
    wire_frame_free(&reader);
    return NULL;
}

void script_begin(struct script *script, const struct script_step *steps, size_t count)
{
    *script = (struct script){.directory = "/tmp/bivy-test-XXXXXX", .steps = steps, .count = count};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    if (mkdtemp(script->directory) == NULL)
        abort();
    snprintf(path, sizeof path, "%.64s/util", script->directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%.64s/util/vmmd.sock", script->directory);
    script->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (mkdir(path, 0700) < 0 || bind(script->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(script->listener, 8) < 0 || pthread_create(&script->thread, NULL, play_all, script) != 0)
        abort();
}

void script_end(struct script *script)
{
    char path[PATH_MAX];
    pthread_join(script->thread, NULL);
    fd_close(&script->listener);
    snprintf(path, sizeof path, "%.64s/util/vmmd.sock", script->directory);
    unlink(path);
    snprintf(path, sizeof path, "%.64s/util", script->directory);
    rmdir(path);
    rmdir(script->directory);
}

void script_free(struct script *script)
{
    buffer_free(&script->heard);
    buffer_free(&script->chunks);
}
