/*
 * stack.c: see stack.h.
 *
 * lwIP sees two interfaces without addresses of the link: one for the gateway, one for the resolver.
 * Whatever it sends is given to the port that has the destination address. A port that takes no more
 * makes TCP keep its segment, so that a slow guest costs no retransmission.
 */
#define _GNU_SOURCE
#include "stack.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lwip/init.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/udp.h"

#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "net/port.h"

#define SEND_PARTS       32 /* pieces of one frame; lwIP makes far fewer */
#define TCP_TICK_NS      (TCP_TMR_INTERVAL * (uint64_t)1000000)
#define READ_BEYOND      8 /* lwIP looks for the length of a TCP option whose kind was the last byte */
#define TICKS_PER_SECOND (1000 / TCP_TMR_INTERVAL)

struct stack {
    struct net *net;
    struct netif gateway, resolver;
    struct loop_timer *timer;
    unsigned ticks;
    unsigned busy; /* ticks for which the timer goes on without connections, for reassembly's sake */
};

static struct stack *running; /* lwIP itself is one to a process */

void stack_fail(const char *why)
{
    log_error("TCP/IP stack: lwIP: %s", why);
    abort();
}

uint32_t stack_random(void)
{
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = (uint32_t)loop_now();
    return value;
}

u32_t sys_now(void)
{
    return (u32_t)(loop_now() / 1000000u);
}

static void start_timer(struct stack *stack);

static void tick(void *context)
{
    struct stack *stack = context;
    stack->timer = NULL;
    tcp_tmr();
    if (++stack->ticks % TICKS_PER_SECOND == 0) {
        ip_reass_tmr();
        ip6_reass_tmr();
    }
    if (stack->busy > 0)
        stack->busy--;
    if (tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL || stack->busy > 0)
        start_timer(stack);
}

static void start_timer(struct stack *stack)
{
    if (stack->timer == NULL)
        stack->timer = loop_after(stack->net->loop, TCP_TICK_NS, tick, stack, NULL);
}

/* lwIP calls this when its first connection begins. */
void tcp_timer_needed(void)
{
    if (running != NULL)
        start_timer(running);
}

static err_t send_to(struct port *port, uint16_t type, const struct pbuf *p)
{
    uint8_t header[PACKET_ETHERNET_SIZE];
    struct frame_writer writer = frame_write(header, sizeof header);
    if (port == NULL)
        return ERR_RTE;
    frame_put(&writer, port->mac, PACKET_MAC_SIZE);
    frame_put(&writer, port->net->mac, PACKET_MAC_SIZE);
    frame_put16(&writer, type);
    struct iovec parts[SEND_PARTS] = {{.iov_base = header, .iov_len = sizeof header}};
    size_t count = 1;
    for (; p != NULL && count < SEND_PARTS; p = p->next)
        parts[count++] = (struct iovec){.iov_base = p->payload, .iov_len = p->len};
    if (p != NULL)
        return ERR_BUF;
    int result = port_send_parts(port, parts, count);
    return result == 0 ? ERR_OK : result == -EAGAIN ? ERR_MEM : ERR_IF;
}

static err_t output_ipv4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    const struct stack *stack = netif->state;
    return send_to(port_find_ipv4(stack->net, (const uint8_t *)&to->addr), PACKET_IPV4, p);
}

static err_t output_ipv6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    const struct stack *stack = netif->state;
    return send_to(port_find_ipv6(stack->net, (const uint8_t *)to->addr), PACKET_IPV6, p);
}

static err_t start_interface(struct netif *netif)
{
    const struct stack *stack = netif->state;
    netif->name[0] = 'g';
    netif->name[1] = 'w';
    netif->mtu = stack->net->config.mtu;
    netif->output = output_ipv4;
    netif->output_ip6 = output_ipv6;
    return ERR_OK;
}

static void add_ipv6(struct netif *netif, s8_t index, const uint8_t *address)
{
    ip6_addr_t value = {0};
    memcpy(value.addr, address, 16);
    netif_ip6_addr_set(netif, index, &value);
    netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
}

static int add_interface(struct stack *stack, struct netif *netif, const uint8_t *address)
{
    ip4_addr_t ip, mask, gateway = {0};
    memcpy(&ip.addr, address, 4);
    mask.addr = lwip_htonl(~(UINT32_MAX >> stack->net->config.prefix));
    if (netif_add(netif, &ip, &mask, &gateway, stack, start_interface, ip_input) == NULL)
        return -ENOMEM;
    netif_set_up(netif);
    netif_set_link_up(netif);
    return 0;
}

int stack_open(struct net *net, struct error *err)
{
    static bool initialised;
    struct stack *stack = calloc(1, sizeof *stack);
    if (stack == NULL)
        return error_set(err, ENOMEM, "start TCP/IP stack", NULL, NULL);
    if (!initialised)
        lwip_init();
    initialised = true;
    stack->net = net;
    net->stack = running = stack;
    /* lwIP sends from the interface that was added last, where both would do. */
    if (add_interface(stack, &stack->resolver, net->resolver) < 0 ||
        add_interface(stack, &stack->gateway, net->gateway) < 0)
        return error_set(err, ENOMEM, "start TCP/IP stack", "interface", NULL);
    add_ipv6(&stack->gateway, 0, net->link6);
    add_ipv6(&stack->gateway, 1, net->gateway6);
    add_ipv6(&stack->gateway, 2, net->resolver6);
    netif_set_default(&stack->gateway);
    return 0;
}

void stack_close(struct net *net)
{
    struct stack *stack = net->stack;
    if (stack == NULL)
        return;
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs != NULL)
        tcp_abort(tcp_tw_pcbs);
    loop_cancel(&stack->timer);
    netif_remove(&stack->gateway);
    netif_remove(&stack->resolver);
    running = NULL;
    free(stack);
    net->stack = NULL;
}

void stack_input(struct net *net, const struct packet *packet)
{
    struct stack *stack = net->stack;
    size_t size = frame_left(&packet->datagram);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(size + READ_BEYOND), PBUF_RAM);
    if (p == NULL)
        return;
    memset((uint8_t *)p->payload + size, 0, READ_BEYOND);
    pbuf_take(p, packet->datagram.at, (u16_t)size);
    pbuf_realloc(p, (u16_t)size);
    if (packet->fragmented) {
        stack->busy = (IP_REASS_MAXAGE + 2) * TICKS_PER_SECOND;
        start_timer(stack);
    }
    if (ip_input(p, &stack->gateway) != ERR_OK)
        pbuf_free(p);
}

static bool is_same(const ip_addr_t *a, const struct packet *packet, const uint8_t *address)
{
    if (packet->type == PACKET_IPV4)
        return IP_IS_V4(a) && memcmp(&ip_2_ip4(a)->addr, address, 4) == 0;
    return IP_IS_V6(a) && memcmp(ip_2_ip6(a)->addr, address, 16) == 0;
}

static bool has_connection(const struct tcp_pcb *pcb, const struct packet *packet)
{
    for (; pcb != NULL; pcb = pcb->next)
        if (pcb->local_port == packet->to_port && pcb->remote_port == packet->from_port &&
            is_same(&pcb->remote_ip, packet, packet->from))
            return true;
    return false;
}

bool stack_expects(const struct net *net, const struct packet *packet)
{
    (void)net;
    if (packet->protocol == IPPROTO_TCP)
        return has_connection(tcp_active_pcbs, packet) || has_connection(tcp_tw_pcbs, packet);
    for (const struct udp_pcb *pcb = udp_pcbs; pcb != NULL; pcb = pcb->next)
        if (pcb->local_port == packet->to_port &&
            (pcb->remote_port == 0 ||
             (pcb->remote_port == packet->from_port && is_same(&pcb->remote_ip, packet, packet->from))))
            return true;
    return false;
}
