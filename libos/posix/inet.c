/* inet.c: starting the network, and addresses; see inet.h. */
#include "libos/posix/inet.h"

#include "libos/kernel/say.h"

#include <bivy/device.h>
#include <bivy/net.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/priv/tcp_priv.h>

#define INET_WAIT   UINT64_C(10000000000) /* ns for an address */
#define INET_LINGER UINT64_C(5000000000)  /* ns, when the program ends, for what it sent last */

/* Whether TCP still has something to send or to have acknowledged. */
static bool unfinished(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->unsent || pcb->unacked)
            return true;
    }
    return false;
}

/* A program that ends has sent what it wrote, as it would on another system. */
static void inet_end(void)
{
    solo5_time_t end = solo5_clock_monotonic() + INET_LINGER;

    while (unfinished() && solo5_clock_monotonic() < end)
        net_run(end);
}

int inet_start(void)
{
    static int result = 1;

    if (result <= 0)
        return result;
    sched_set_outside(net_run);
    result = net_start_all() == SOLO5_R_OK ? 0 : -ENETDOWN;
    if (result == 0 && bindings_net_name(0) && !net_wait(INET_WAIT))
        say("net: no address from DHCP in ten seconds; going on without\n");
    if (result == 0)
        atexit(inet_end);
    return result;
}

void inet_open(struct inet_socket *socket, const struct file_ops *ops, int family, int flags)
{
    file_open(&socket->file, ops, flags);
    socket->family = family;
    socket->send_timeout = socket->receive_timeout = SCHED_NEVER;
}

int inet_errno(err_t error)
{
    static const struct {
        err_t error;
        int number;
    } errors[] = {
        {ERR_OK, 0},
        {ERR_MEM, ENOBUFS},
        {ERR_BUF, EMSGSIZE},
        {ERR_TIMEOUT, ETIMEDOUT},
        {ERR_RTE, EHOSTUNREACH},
        {ERR_INPROGRESS, EINPROGRESS},
        {ERR_VAL, EINVAL},
        {ERR_WOULDBLOCK, EAGAIN},
        {ERR_USE, EADDRINUSE},
        {ERR_ALREADY, EALREADY},
        {ERR_ISCONN, EISCONN},
        {ERR_CONN, ENOTCONN},
        {ERR_IF, ENETDOWN},
        {ERR_ABRT, ECONNABORTED},
        {ERR_RST, ECONNRESET},
        {ERR_CLSD, ENOTCONN},
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].error == error)
            return -errors[i].number;
    }
    return -EIO;
}

int inet_address_read(const struct inet_socket *socket, const struct sockaddr *address, socklen_t size,
                      ip_addr_t *ip, uint16_t *port)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

    if (size < sizeof address->sa_family)
        return -EINVAL;
    if (address->sa_family != socket->family)
        return -EAFNOSUPPORT;
    if (size < (socket->family == AF_INET ? sizeof *in : sizeof *in6))
        return -EINVAL;
    memset(ip, 0, sizeof *ip);
    if (socket->family == AF_INET) {
        ip_addr_set_ip4_u32(ip, in->sin_addr.s_addr);
        *port = lwip_ntohs(in->sin_port);
        return 0;
    }
    *port = lwip_ntohs(in6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        uint32_t v4;
        memcpy(&v4, in6->sin6_addr.s6_addr + 12, sizeof v4);
        ip_addr_set_ip4_u32(ip, v4);
        return 0;
    }
    memcpy(ip_2_ip6(ip)->addr, &in6->sin6_addr, sizeof in6->sin6_addr);
    IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V6);
    if (ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(ip), (u8_t)in6->sin6_scope_id);
    return 0;
}

void inet_address_write(const struct inet_socket *socket, const ip_addr_t *ip, uint16_t port,
                        struct sockaddr_storage *address, socklen_t *size)
{
    memset(address, 0, sizeof *address);
    if (socket->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;
        in->sin_family = AF_INET;
        in->sin_port = lwip_htons(port);
        in->sin_addr.s_addr = IP_IS_V4(ip) ? ip_2_ip4(ip)->addr : 0;
        *size = sizeof *in;
        return;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = lwip_htons(port);
    *size = sizeof *in6;
    if (IP_IS_V6(ip)) {
        memcpy(&in6->sin6_addr, ip_2_ip6(ip)->addr, sizeof in6->sin6_addr);
        in6->sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
    } else if (IP_IS_V4_VAL(*ip) && !ip_addr_isany(ip)) {
        memset(in6->sin6_addr.s6_addr + 10, 0xff, 2);
        memcpy(in6->sin6_addr.s6_addr + 12, &ip_2_ip4(ip)->addr, 4);
    }
}

int socket_open(int family, int type, int protocol, int flags, struct file **file)
{
    bool stream = type == SOCK_STREAM;

    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    if (!stream && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != 0 && protocol != (stream ? IPPROTO_TCP : IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    if (inet_start() < 0)
        return -ENETDOWN;
    return stream ? tcp_socket_open(family, flags, file) : udp_socket_open(family, flags, file);
}
