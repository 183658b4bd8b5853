/*
 * netlink.h: messages to the kernel's network configuration, and the one way to the bytes of what it answers.
 *
 * Written with a bounded cursor that turns full instead of overflowing and read with one that turns bad
 * instead of running past the end, so that both are looked at once, at the end. The kernel is trusted, but
 * names in its answers are other people's, and a length that is not checked today is wrong tomorrow.
 * Sources: netlink(7), rtnetlink(7), linux/netlink.h.
 */
#ifndef DAEMON_NETLINK_H
#define DAEMON_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define NETLINK_BATCH_SIZE 32768u /* bytes of the longest request: a guard with all its rules */
#define NETLINK_NEST_MAX   8u     /* attributes within attributes */

/* One or several messages that go out together. */
struct netlink_batch {
    size_t size;
    bool full; /* something did not fit; nothing is sent then */
    uint32_t sequence;
    unsigned expected; /* acknowledgements */
    size_t message;    /* where the last one begins */
    size_t nest[NETLINK_NEST_MAX];
    unsigned depth;
    _Alignas(4) uint8_t data[NETLINK_BATCH_SIZE];
};

/* Begins a message with its family's SIZE bytes of HEADER; NLM_F_REQUEST is added to FLAGS. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
                   size_t size);

/* Appends an attribute: SIZE bytes, a number in the host's or the network's order, a text with its NUL. */
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value);
void netlink_put_text(struct netlink_batch *batch, uint16_t type, const char *text);

/* What is put between these two is inside an attribute of TYPE. */
void netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_unnest(struct netlink_batch *batch);

/*
 * Sends the batch and waits until every message that asked for it is acknowledged. 0; the kernel's -errno
 * with what it says about it, as a failure of WHAT WHICH.
 */
int netlink_send(int protocol, const struct netlink_batch *batch, const char *what, const char *which,
                 struct error *err);

struct netlink_reader {
    const uint8_t *at, *end;
    bool bad; /* a length that cannot be was met */
};

struct netlink_message {
    uint16_t type, flags;
    uint32_t sequence;
    struct netlink_reader body;
};

struct netlink_attribute {
    uint16_t type; /* without the flags */
    struct netlink_reader body;
};

struct netlink_reader netlink_read(const void *data, size_t size);

/* Bytes left; none in a bad reader. */
size_t netlink_left(const struct netlink_reader *reader);

/* The next SIZE bytes, or NULL. */
const uint8_t *netlink_take(struct netlink_reader *reader, size_t size);

/* The next message, or attribute; false at the end, and then READER says whether it was one. */
bool netlink_next(struct netlink_reader *reader, struct netlink_message *message);
bool netlink_next_attribute(struct netlink_reader *reader, struct netlink_attribute *attribute);

/* The attribute's value as a number (0 if it is too short) or as a text cut to SIZE with its NUL. */
uint32_t netlink_number(const struct netlink_attribute *attribute);
void netlink_text(const struct netlink_attribute *attribute, char *text, size_t size);

/* An error message's code (positive errno, 0: an acknowledgement) and the kernel's sentence, or "". */
int netlink_verdict(const struct netlink_message *message, char *text, size_t size);

/*
 * Sends a batch of one request, for a dump or with NLM_F_ACK, and calls FUNCTION for every message of the
 * answer. 0 or -errno.
 */
int netlink_dump(int protocol, const struct netlink_batch *batch,
                 void (*function)(void *context, const struct netlink_message *message), void *context,
                 struct error *err);

/* A non-blocking socket that hears GROUPS (a mask), or -errno. */
int netlink_listen(int protocol, uint32_t groups, struct error *err);

#endif
