/*
 * inbox.h: frames from a peer, the large ones through a file.
 *
 * Albatross's create carries its image within the message. Up to INBOX_MEMORY a frame is kept in
 * memory, which grows as bytes come and not as they are promised; what is longer goes to a file without
 * a name and is mapped when it is whole: no peer makes the daemon hold an image in its memory.
 */
#ifndef DAEMON_INBOX_H
#define DAEMON_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/buffer.h"
#include "wire/codec.h"

struct error;

#define INBOX_MEMORY ((size_t)1 << 20)

struct inbox {
    int directory; /* where the file goes; borrowed */
    uint8_t header[4];
    size_t header_have;
    size_t size, have; /* bytes of the frame; how many are here */
    struct buffer buffer;
    int spool; /* -1: none */
    void *map; /* the spool's, once it is whole */
};

void inbox_open(struct inbox *inbox, int directory);

/*
 * Reads what FD (non-blocking) has, at most a few hundred KiB a call, so that others have their turn. 1: a
 * frame of at most LIMIT bytes is whole; 0: more must come; -EMSGSIZE, -EBADMSG: no frame of ours;
 * -ENODATA: the peer ended between two frames; -ECONNRESET: within one; other errnos.
 */
int inbox_read(struct inbox *inbox, int fd, size_t limit, struct error *err);

/* The whole frame, borrowed until inbox_clear(). */
struct wire_bytes inbox_frame(const struct inbox *inbox);

/* Makes room for the next frame. */
void inbox_clear(struct inbox *inbox);

#endif
