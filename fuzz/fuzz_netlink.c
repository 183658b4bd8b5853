/* fuzz_netlink.c: any bytes as a datagram from the kernel, read as each kind of message that the daemon asks
 * for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/link.h"
#include "daemon/netlink.h"
#include "daemon/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that was read ends within its room. */
static void check_text(const char *text, size_t size)
{
    if (memchr(text, '\0', size) == NULL)
        abort();
}

static void read_one(const struct netlink_message *message)
{
    char text[24], table[40];
    struct link link;
    int code = netlink_verdict(message, text, sizeof text);
    check_text(text, sizeof text);
    if (code < 0)
        abort();
    if (link_read(message, &link) && (link.index == 0 || link.name[0] == '\0'))
        abort();
    check_text(link.name, sizeof link.name);
    nft_read_table(message, table, sizeof table);
    check_text(table, sizeof table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct netlink_reader reader = netlink_read(data, size);
    struct netlink_message message;
    size_t left = netlink_left(&reader);
    while (netlink_next(&reader, &message)) {
        if (netlink_left(&reader) >= left && left > 0)
            abort();
        left = netlink_left(&reader);
        read_one(&message);
    }
    return 0;
}
