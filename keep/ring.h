/*
 * ring.h: a console's history: a bounded ring of records in a mapped file.
 *
 * bivy-keep appends, any number of processes read. The file survives them all: the keep, the
 * tender, the daemon. Positions are byte counters that never go back, so that one of them names a
 * place in the stream for good; the file holds those from tail to head. The writer overwrites the
 * oldest records and never waits; a reader that was overtaken learns how many bytes it lost.
 *
 * One writer at a time. A reader copies a record and then looks whether the writer took its place
 * meanwhile (as with a sequence lock), so that neither needs the other to be alive.
 */
#ifndef KEEP_RING_H
#define KEEP_RING_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct ring;

#define RING_CAPACITY   (256u * 1024u) /* bytes of records in a console's file; about 3,000 lines */
#define RING_RECORD_MAX 4096u          /* bytes of the longest record's text */
#define RING_ALIGNMENT  16u            /* of positions: a record's header never wraps */

enum ring_kind {
    RING_TEXT = 0,  /* bytes that the guest wrote, in pieces as they came */
    RING_START = 1, /* a new instance begins; no bytes */
    RING_END = 2    /* the instance has ended; no bytes: what it wrote last is complete */
};

/* The header of a record in the file; its bytes follow, padded to RING_ALIGNMENT. */
struct ring_record {
    int64_t time_ns; /* CLOCK_REALTIME */
    uint32_t size;   /* bytes that follow, 0..RING_RECORD_MAX */
    uint32_t kind;   /* enum ring_kind */
};

/* What ring_read() found. */
struct ring_text {
    struct ring_record record;
    uint64_t position; /* of the record */
    uint64_t lost;     /* bytes of the file that were overwritten before this record was read */
    uint8_t data[RING_RECORD_MAX];
};

/*
 * Makes the file behind FD a ring of CAPACITY bytes (a multiple of 4096) unless it is a sound one
 * already, whose records stay. The space is allocated, so that a full disk fails here and not in a
 * later append. 0 or -errno. FD stays the caller's and is not needed after ring_map().
 */
int ring_format(int fd, uint64_t capacity, struct error *err);

/* Maps the ring behind FD (readable and writable); NULL and ERR if it is none. */
struct ring *ring_map(int fd, struct error *err);
void ring_unmap(struct ring *ring);

/* Appends bytes, in as many records as they need; TIME_NS is the wall clock. Returns 1 if a reader
 * asked to be told (ring_ask()), once for each time it asked, else 0. */
int ring_append(struct ring *ring, enum ring_kind kind, int64_t time_ns, const void *data, size_t size);

/* Where the oldest record stands, and where the next one will. */
uint64_t ring_tail(const struct ring *ring);
uint64_t ring_head(const struct ring *ring);

/*
 * Reads the record at *POSITION, or the oldest one if that is gone (or if *POSITION is 0), and moves
 * *POSITION behind it. 1: read; 0: none there yet.
 */
int ring_read(struct ring *ring, uint64_t *position, struct ring_text *text);

/* Asks the writer to tell of the next append; look once more for records after asking. */
void ring_ask(struct ring *ring);

#endif
