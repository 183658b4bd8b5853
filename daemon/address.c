/* address.c: see address.h. */
#define _GNU_SOURCE
#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool address_parse(struct wire_bytes text, uint32_t *ipv4, uint8_t *prefix)
{
    char copy[INET_ADDRSTRLEN + 4] = "";
    struct in_addr address;
    if (text.size >= sizeof copy || memchr(text.data, '\0', text.size) != NULL)
        return false;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    char *slash = strchr(copy, '/');
    long bits = 0;
    if (slash != NULL) {
        char *end;
        *slash = '\0';
        bits = strtol(slash + 1, &end, 10);
        if (*end != '\0' || end == slash + 1 || bits < 1 || bits > 32)
            return false;
    }
    if (inet_pton(AF_INET, copy, &address) != 1)
        return false;
    *ipv4 = ntohl(address.s_addr);
    *prefix = (uint8_t)bits;
    return true;
}
