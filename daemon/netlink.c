/*
 * netlink.c: see netlink.h.
 *
 * A socket for each exchange: an answer that nobody waited for any more cannot be taken for the next one's.
 */
#define _GNU_SOURCE
#include "netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif

#define RECEIVE_SIZE  32768u /* more than the kernel puts into one datagram of a dump */
#define TIMEOUT_MS    3000
#define ALIGNED(size) (((size) + 3u) & ~(size_t)3)

/* Room for SIZE bytes and their padding, zeroed, or NULL. */
static uint8_t *room(struct netlink_batch *batch, size_t size)
{
    if (batch->full || size > NETLINK_BATCH_SIZE || ALIGNED(size) > NETLINK_BATCH_SIZE - batch->size) {
        batch->full = true;
        return NULL;
    }
    uint8_t *taken = batch->data + batch->size;
    memset(taken, 0, ALIGNED(size));
    batch->size += ALIGNED(size);
    return taken;
}

/* The message's length is always that of what has been put so far. */
static void set_length(struct netlink_batch *batch)
{
    uint32_t length = (uint32_t)(batch->size - batch->message);
    memcpy(batch->data + batch->message, &length, sizeof length);
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
                   size_t size)
{
    struct nlmsghdr message = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST)};
    size_t start = batch->size;
    uint8_t *to = room(batch, sizeof message + size);
    if (to == NULL)
        return;
    batch->message = start;
    batch->depth = 0;
    message.nlmsg_seq = ++batch->sequence;
    memcpy(to, &message, sizeof message);
    if (size > 0)
        memcpy(to + sizeof message, header, size);
    set_length(batch);
    if (flags & NLM_F_ACK)
        batch->expected++;
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
    struct nlattr attribute = {.nla_len = (uint16_t)(sizeof attribute + size), .nla_type = type};
    uint8_t *to = room(batch, sizeof attribute + size);
    if (to == NULL)
        return;
    memcpy(to, &attribute, sizeof attribute);
    if (size > 0)
        memcpy(to + sizeof attribute, data, size);
    set_length(batch);
}

void netlink_put8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
    netlink_put(batch, type, &value, sizeof value);
}

void netlink_put32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
    netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
    netlink_put32(batch, type, htonl(value));
}

void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
    value = htobe64(value);
    netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_text(struct netlink_batch *batch, uint16_t type, const char *text)
{
    netlink_put(batch, type, text, strlen(text) + 1);
}

void netlink_nest(struct netlink_batch *batch, uint16_t type)
{
    if (batch->depth == NETLINK_NEST_MAX)
        batch->full = true;
    if (batch->full)
        return;
    batch->nest[batch->depth++] = batch->size;
    netlink_put(batch, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
}

void netlink_unnest(struct netlink_batch *batch)
{
    if (batch->full || batch->depth == 0)
        return;
    size_t start = batch->nest[--batch->depth];
    uint16_t length = (uint16_t)(batch->size - start);
    memcpy(batch->data + start, &length, sizeof length);
}

struct netlink_reader netlink_read(const void *data, size_t size)
{
    const uint8_t *start = data;
    return (struct netlink_reader){.at = start, .end = start + size};
}

size_t netlink_left(const struct netlink_reader *reader)
{
    return reader->bad ? 0 : (size_t)(reader->end - reader->at);
}

const uint8_t *netlink_take(struct netlink_reader *reader, size_t size)
{
    if (reader->bad || size > netlink_left(reader)) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *taken = reader->at;
    reader->at += size;
    return taken;
}

/* Passes over the padding; the last item may lack it. */
static void skip_padding(struct netlink_reader *reader, size_t size)
{
    size_t padding = ALIGNED(size) - size;
    netlink_take(reader, padding < netlink_left(reader) ? padding : netlink_left(reader));
}

bool netlink_next(struct netlink_reader *reader, struct netlink_message *message)
{
    struct nlmsghdr header;
    if (netlink_left(reader) == 0)
        return false;
    const uint8_t *start = netlink_take(reader, sizeof header);
    if (start == NULL)
        return false;
    memcpy(&header, start, sizeof header);
    if (header.nlmsg_len < sizeof header) {
        reader->bad = true;
        return false;
    }
    size_t size = header.nlmsg_len - sizeof header;
    const uint8_t *body = netlink_take(reader, size);
    if (body == NULL)
        return false;
    *message = (struct netlink_message){.type = header.nlmsg_type,
                                        .flags = header.nlmsg_flags,
                                        .sequence = header.nlmsg_seq,
                                        .body = netlink_read(body, size)};
    skip_padding(reader, size);
    return true;
}

bool netlink_next_attribute(struct netlink_reader *reader, struct netlink_attribute *attribute)
{
    struct nlattr header;
    if (netlink_left(reader) == 0)
        return false;
    const uint8_t *start = netlink_take(reader, sizeof header);
    if (start == NULL)
        return false;
    memcpy(&header, start, sizeof header);
    if (header.nla_len < sizeof header) {
        reader->bad = true;
        return false;
    }
    size_t size = header.nla_len - sizeof header;
    const uint8_t *body = netlink_take(reader, size);
    if (body == NULL)
        return false;
    *attribute = (struct netlink_attribute){
        .type = (uint16_t)(header.nla_type & ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)),
        .body = netlink_read(body, size)};
    skip_padding(reader, size);
    return true;
}

uint32_t netlink_number(const struct netlink_attribute *attribute)
{
    struct netlink_reader body = attribute->body;
    uint32_t value = 0;
    const uint8_t *data = netlink_take(&body, sizeof value);
    if (data != NULL)
        memcpy(&value, data, sizeof value);
    return value;
}

void netlink_text(const struct netlink_attribute *attribute, char *text, size_t size)
{
    size_t length = strnlen((const char *)attribute->body.at, netlink_left(&attribute->body));
    length = length < size ? length : size - 1;
    memcpy(text, attribute->body.at, length);
    text[length] = '\0';
}

int netlink_verdict(const struct netlink_message *message, char *text, size_t size)
{
    struct netlink_reader body = message->body;
    struct netlink_attribute attribute;
    int32_t code = 0;
    uint32_t echoed = 0;
    text[0] = '\0';
    const uint8_t *start = netlink_take(&body, sizeof code);
    const uint8_t *original = netlink_take(&body, sizeof(struct nlmsghdr));
    if (start == NULL || original == NULL)
        return EPROTO;
    memcpy(&code, start, sizeof code);
    memcpy(&echoed, original, sizeof echoed);
    /* Unless it was cut, the message complained about follows whole. */
    if (code != 0 && !(message->flags & NLM_F_CAPPED) && echoed > sizeof(struct nlmsghdr))
        netlink_take(&body, ALIGNED((size_t)echoed) - sizeof(struct nlmsghdr));
    while ((message->flags & NLM_F_ACK_TLVS) && netlink_next_attribute(&body, &attribute))
        if (attribute.type == NLMSGERR_ATTR_MSG)
            netlink_text(&attribute, text, size);
    return code > 0 || code == INT32_MIN ? EPROTO : -code;
}

static int netlink_socket(int protocol, struct error *err)
{
    int one = 1;
    int size = 1 << 20;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return error_set(err, errno, "netlink", NULL, NULL);
    /* Older kernels have neither; their errors are then shorter. */
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return fd_take(&fd);
}

static int netlink_transmit(int fd, const struct netlink_batch *batch, struct error *err)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (batch->full)
        return error_set(err, ENOBUFS, "netlink", NULL, "the request is too long");
    if (sendto(fd, batch->data, batch->size, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
        return error_set(err, errno, "netlink", NULL, NULL);
    return 0;
}

/* One datagram, from the kernel alone; its size or -errno. */
static ssize_t netlink_receive(int fd, uint8_t *data, size_t size)
{
    struct sockaddr_nl from;
    socklen_t length = sizeof from;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&wait, 1, TIMEOUT_MS);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return ready == 0 ? -ETIMEDOUT : -errno;
    ssize_t n = recvfrom(fd, data, size, MSG_TRUNC, (struct sockaddr *)&from, &length);
    if (n < 0)
        return -errno;
    if ((size_t)n > size)
        return -EMSGSIZE;
    return from.nl_pid == 0 ? n : 0;
}

/* Takes the verdicts of one datagram; 1: all are here, 0: more to come, -errno. */
static int take_verdicts(struct netlink_reader reader, unsigned *acknowledged, unsigned expected, char *text,
                         size_t size)
{
    struct netlink_message message;
    while (netlink_next(&reader, &message)) {
        if (message.type != NLMSG_ERROR)
            continue;
        int code = netlink_verdict(&message, text, size);
        if (code != 0)
            return -code;
        if (++*acknowledged == expected)
            return 1;
    }
    return reader.bad ? -EPROTO : 0;
}

int netlink_send(int protocol, const struct netlink_batch *batch, const char *what, const char *which,
                 struct error *err)
{
    uint8_t data[RECEIVE_SIZE];
    char text[160] = "";
    unsigned acknowledged = 0;
    cleanup_fd int fd = netlink_socket(protocol, err);
    int result = fd < 0 ? fd : netlink_transmit(fd, batch, err);
    if (result < 0)
        return result;
    while (result == 0 && acknowledged < batch->expected) {
        ssize_t n = netlink_receive(fd, data, sizeof data);
        result = n < 0 ? (int)n
                       : take_verdicts(netlink_read(data, (size_t)n), &acknowledged, batch->expected, text,
                                       sizeof text);
    }
    if (result >= 0)
        return 0;
    return error_set(err, -result, what, which, text[0] != '\0' ? "%s" : NULL, text);
}

/* The messages of one datagram of a dump; 1: that was the end, 0: more to come, -errno. */
static int take_dump(struct netlink_reader reader,
                     void (*function)(void *context, const struct netlink_message *message), void *context)
{
    char text[160];
    struct netlink_message message;
    while (netlink_next(&reader, &message)) {
        if (message.type == NLMSG_DONE)
            return 1;
        if (message.type == NLMSG_ERROR) {
            int code = netlink_verdict(&message, text, sizeof text);
            return code == 0 ? 1 : -code;
        }
        if (message.type >= NLMSG_MIN_TYPE)
            function(context, &message);
    }
    return reader.bad ? -EPROTO : 0;
}

int netlink_dump(int protocol, const struct netlink_batch *batch,
                 void (*function)(void *context, const struct netlink_message *message), void *context,
                 struct error *err)
{
    uint8_t data[RECEIVE_SIZE];
    cleanup_fd int fd = netlink_socket(protocol, err);
    int result = fd < 0 ? fd : netlink_transmit(fd, batch, err);
    if (result < 0)
        return result;
    while (result == 0) {
        ssize_t n = netlink_receive(fd, data, sizeof data);
        result = n < 0 ? (int)n : take_dump(netlink_read(data, (size_t)n), function, context);
    }
    return result < 0 ? error_set(err, -result, "netlink", NULL, NULL) : 0;
}

int netlink_listen(int protocol, uint32_t groups, struct error *err)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return error_set(err, errno, "netlink", NULL, NULL);
    return fd_take(&fd);
}
