/*
 * resolver.c: where the C library's resolver asks: the name servers of the boot arguments, or of DHCP.
 *
 * The resolver is musl's, over UDP sockets. It reads /etc/hosts, if the image has one; /etc/resolv.conf it
 * does not: what the host says at the start counts.
 */
#include "libos/kernel/say.h"
#include "libos/libc/license.h"

#include "lookup.h"
#include <lwip/dns.h>
#include <string.h>

int __get_resolv_conf(struct resolvconf *configuration, char *search, size_t search_size)
{
    memset(configuration, 0, sizeof *configuration);
    configuration->ndots = 1;
    configuration->timeout = 5;
    configuration->attempts = 2;
    if (search && search_size > 0)
        *search = '\0';
    for (u8_t i = 0; i < DNS_MAX_SERVERS && configuration->nns < MAXNS; i++) {
        const ip_addr_t *server = dns_getserver(i);
        struct address *to = &configuration->ns[configuration->nns];
        if (ip_addr_isany(server))
            continue;
        to->family = IP_IS_V4(server) ? AF_INET : AF_INET6;
        memcpy(to->addr, IP_IS_V4(server) ? (const void *)&ip_2_ip4(server)->addr : ip_2_ip6(server)->addr,
               IP_IS_V4(server) ? 4 : 16);
        to->scopeid = 0;
        configuration->nns++;
    }
    if (configuration->nns > 0)
        return 0;
    say("net: a name cannot be resolved: no name server is known (--dns=ADDRESS)\n");
    return -1;
}
