/*
 * fuzz_console.c: a console's ring, as a guest fills it or as a damaged disk gives it back, read as lines.
 *
 * The first byte says which. Written: pieces of a guest's output, each behind two bytes of size and one of
 * kind. Damaged: the head's position and the tail's distance from it, then the bytes of records, over the
 * file. Whatever is in the ring, lines end, their ids rise and they are valid UTF-8; and the ring can still
 * be appended to.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/console.c"

#define CAPACITY    4096u
#define HEADER_SIZE 4096u
#define LINES_MAX   (2 * CAPACITY)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The daemon around it is not here. */
struct unikernel *unikernel_find_id(const struct daemon *daemon, int64_t id)
{
    (void)daemon, (void)id;
    return NULL;
}

struct unikernel *unikernel_find(const struct daemon *daemon, const char *name)
{
    (void)daemon, (void)name;
    return NULL;
}

void connection_console_more(struct daemon *daemon, const char *name)
{
    (void)daemon, (void)name;
}

static void write_pieces(struct ring *ring, const uint8_t *data, size_t size)
{
    for (size_t at = 0; size - at >= 3;) {
        size_t piece = (size_t)(data[at] << 8 | data[at + 1]) % (CAPACITY - 16);
        enum ring_kind kind = data[at + 2] % 3;
        at += 3;
        piece = kind != RING_TEXT ? 0 : piece < size - at ? piece : size - at;
        ring_append(ring, kind, (int64_t)at * 1000000, data + at, piece);
        at += piece;
    }
}

/* Offsets of the header as keep/ring.c has it: 24 is the tail, 32 the head. */
static void damage(int fd, const uint8_t *data, size_t size)
{
    uint64_t head, tail;
    uint16_t back;
    if (size < sizeof head + sizeof back)
        return;
    memcpy(&head, data, sizeof head);
    memcpy(&back, data + sizeof head, sizeof back);
    tail = head - back;
    data += sizeof head + sizeof back;
    size -= sizeof head + sizeof back;
    if (pwrite(fd, &tail, sizeof tail, 24) != sizeof tail ||
        pwrite(fd, &head, sizeof head, 32) != sizeof head ||
        pwrite(fd, data, size < CAPACITY ? size : CAPACITY, HEADER_SIZE) < 0)
        abort();
}

static void check_line(const struct console_line *line, int64_t *last)
{
    const uint8_t *p = (const uint8_t *)line->text;
    if (line->id <= *last)
        abort();
    *last = line->id;
    for (size_t length, left = strlen(line->text); left > 0; p += length, left -= length)
        if ((length = utf8_length(p, left)) == 0 || *p == '\n')
            abort();
}

static void read_lines(struct console_reader *reader)
{
    struct console_line line;
    size_t lines = 0;
    int64_t last = INT64_MIN, middle = 0;
    while (console_reader_next(reader, &line)) {
        check_line(&line, &last);
        if (++lines > LINES_MAX)
            abort();
        if (lines == 2)
            middle = line.id;
    }
    console_reader_after(reader, middle);
    if (console_reader_next(reader, &line) && middle != 0 && line.id <= middle)
        abort();
    console_reader_tail(reader, 3);
    for (lines = 0; console_reader_next(reader, &line); lines++)
        if (lines == 3)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    if (size == 0)
        return 0;
    cleanup_fd int fd = memfd_create("console", MFD_CLOEXEC);
    if (fd < 0 || ring_format(fd, CAPACITY, &err) < 0)
        abort();
    if (data[0] & 1)
        damage(fd, data + 1, size - 1);
    struct console_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        abort();
    reader->ring = ring_map(fd, &err);
    if (reader->ring == NULL) {
        free(reader);
        return 0;
    }
    if (!(data[0] & 1))
        write_pieces(reader->ring, data + 1, size - 1);
    read_lines(reader);
    ring_append(reader->ring, RING_TEXT, 0, "\nmore\n", 6);
    read_lines(reader);
    console_reader_close(reader);
    return 0;
}
