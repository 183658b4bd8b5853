/* ring.c: a console's history in a mapped file; see ring.h. */
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/error.h"

#define RING_MAGIC        UINT64_C(0x31676e6972796276) /* "vbyring1" */
#define RING_VERSION      1u
#define RING_HEADER_SIZE  4096u
#define RING_CAPACITY_MAX (256u * 1024u * 1024u)
/* No ring lives that long; so positions, and the ids of lines made of them, neither turn over nor sign. */
#define RING_POSITION_MAX (UINT64_C(1) << 62)

struct ring_header {
    uint64_t magic;
    uint32_t version;
    _Atomic uint32_t asked; /* a reader waits to be told */
    uint64_t capacity;      /* bytes of records, from RING_HEADER_SIZE on */
    _Atomic uint64_t tail, head;
};

struct ring {
    struct ring_header *header;
    uint8_t *bytes;
    uint64_t capacity; /* a copy: what was checked stays true */
};

static uint64_t record_space(uint64_t size)
{
    return (sizeof(struct ring_record) + size + RING_ALIGNMENT - 1) & ~(uint64_t)(RING_ALIGNMENT - 1);
}

static bool header_sound(const struct ring_header *header, uint64_t file_size)
{
    uint64_t tail = header->tail;
    uint64_t head = header->head;
    return header->magic == RING_MAGIC && header->version == RING_VERSION && header->capacity >= 4096 &&
           header->capacity <= RING_CAPACITY_MAX && header->capacity % 4096 == 0 &&
           file_size >= RING_HEADER_SIZE + header->capacity && tail <= head && head <= RING_POSITION_MAX &&
           head - tail <= header->capacity && tail % RING_ALIGNMENT == 0 && head % RING_ALIGNMENT == 0;
}

static int read_header(int fd, struct ring_header *header, uint64_t *file_size)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    *file_size = (uint64_t)status.st_size;
    memset(header, 0, sizeof *header);
    return pread(fd, header, sizeof *header, 0) < 0 ? -errno : 0;
}

int ring_format(int fd, uint64_t capacity, struct error *err)
{
    struct ring_header header;
    uint64_t file_size;
    int result = read_header(fd, &header, &file_size);
    if (result < 0)
        return error_set(err, -result, "read console history", NULL, NULL);
    if (header_sound(&header, file_size))
        return 0;
    int failure = ftruncate(fd, 0) < 0 ? errno : posix_fallocate(fd, 0, (off_t)(RING_HEADER_SIZE + capacity));
    if (failure != 0)
        return error_set(err, failure, "make room for console history", NULL, NULL);
    /* Position 0 means "from the beginning" to a reader; records begin one turn later. */
    header = (struct ring_header){.magic = RING_MAGIC, .version = RING_VERSION, .capacity = capacity};
    header.tail = capacity;
    header.head = capacity;
    if (pwrite(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return error_set(err, EIO, "write console history", NULL, NULL);
    return 0;
}

struct ring *ring_map(int fd, struct error *err)
{
    struct ring_header header;
    uint64_t file_size = 0;
    int result = read_header(fd, &header, &file_size);
    if (result < 0 || !header_sound(&header, file_size)) {
        error_set(err, result < 0 ? -result : EUCLEAN, "open console history", NULL, NULL);
        return NULL;
    }
    struct ring *ring = calloc(1, sizeof *ring);
    void *map = ring == NULL ? MAP_FAILED
                             : mmap(NULL, RING_HEADER_SIZE + header.capacity, PROT_READ | PROT_WRITE,
                                    MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        error_set(err, errno, "map console history", NULL, NULL);
        free(ring);
        return NULL;
    }
    *ring =
        (struct ring){.header = map, .bytes = (uint8_t *)map + RING_HEADER_SIZE, .capacity = header.capacity};
    return ring;
}

void ring_unmap(struct ring *ring)
{
    if (ring == NULL)
        return;
    munmap(ring->header, RING_HEADER_SIZE + ring->capacity);
    free(ring);
}

static void copy_in(struct ring *ring, uint64_t position, const void *data, size_t size)
{
    uint64_t offset = position % ring->capacity;
    size_t first = size < ring->capacity - offset ? size : (size_t)(ring->capacity - offset);
    memcpy(ring->bytes + offset, data, first);
    memcpy(ring->bytes, (const uint8_t *)data + first, size - first);
}

static void copy_out(const struct ring *ring, uint64_t position, void *data, size_t size)
{
    uint64_t offset = position % ring->capacity;
    size_t first = size < ring->capacity - offset ? size : (size_t)(ring->capacity - offset);
    memcpy(data, ring->bytes + offset, first);
    memcpy((uint8_t *)data + first, ring->bytes, size - first);
}

/* Gives up the oldest records until SPACE bytes are free behind HEAD. */
static void make_space(struct ring *ring, uint64_t head, uint64_t space)
{
    uint64_t tail = atomic_load_explicit(&ring->header->tail, memory_order_relaxed);
    while (head + space - tail > ring->capacity) {
        struct ring_record oldest;
        copy_out(ring, tail, &oldest, sizeof oldest);
        uint64_t next = tail + record_space(oldest.size);
        /* A power cut may have left nonsense: then all of the past is given up. */
        tail = oldest.size > RING_RECORD_MAX || next > head ? head : next;
    }
    atomic_store_explicit(&ring->header->tail, tail, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

static void append_record(struct ring *ring, enum ring_kind kind, int64_t time_ns, const void *data,
                          size_t size)
{
    uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_relaxed);
    uint64_t space = record_space(size);
    struct ring_record record = {.time_ns = time_ns, .size = (uint32_t)size, .kind = kind};
    make_space(ring, head, space);
    copy_in(ring, head, &record, sizeof record);
    if (size > 0)
        copy_in(ring, head + sizeof record, data, size);
    atomic_store_explicit(&ring->header->head, head + space, memory_order_seq_cst);
}

int ring_append(struct ring *ring, enum ring_kind kind, int64_t time_ns, const void *data, size_t size)
{
    const uint8_t *p = data;
    do {
        size_t piece = size < RING_RECORD_MAX ? size : RING_RECORD_MAX;
        append_record(ring, kind, time_ns, p, piece);
        p += piece;
        size -= piece;
    } while (size > 0);
    return atomic_exchange(&ring->header->asked, 0) != 0;
}

uint64_t ring_tail(const struct ring *ring)
{
    return atomic_load(&ring->header->tail);
}

uint64_t ring_head(const struct ring *ring)
{
    return atomic_load(&ring->header->head);
}

int ring_read(struct ring *ring, uint64_t *position, struct ring_text *text)
{
    uint64_t wanted = *position;
    for (;;) {
        /* In this order the tail is never beyond the head. */
        uint64_t tail = ring_tail(ring);
        uint64_t head = ring_head(ring);
        uint64_t at = wanted < tail || wanted > head ? tail : wanted;
        if (at >= head)
            return 0;
        copy_out(ring, at, &text->record, sizeof text->record);
        bool sound = text->record.size <= RING_RECORD_MAX && at + record_space(text->record.size) <= head;
        if (sound)
            copy_out(ring, at + sizeof text->record, text->data, text->record.size);
        atomic_thread_fence(memory_order_seq_cst);
        if (ring_tail(ring) > at)
            continue; /* overtaken while copying */
        text->position = at;
        text->lost = wanted != 0 && at > wanted ? at - wanted : 0;
        *position = sound ? at + record_space(text->record.size) : head;
        if (sound)
            return 1;
        wanted = head; /* damaged by a power cut: nothing before the head can be told apart */
    }
}

void ring_ask(struct ring *ring)
{
    atomic_store(&ring->header->asked, 1);
}
