/*
 * dns.c: see dns.h.
 *
 * Each forwarded question has a socket of its own, connected to the host's resolver, and a random id:
 * an answer must come from there, to a port that the kernel chose, with that id and that question.
 */
#define _GNU_SOURCE
#include "dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lwip/udp.h"

#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "net/dns_message.h"

#define DNS_PORT         53
#define MESSAGE_MAX      4096u
#define QUERIES_MAX      512u /* forwarded at a time, of all ports */
#define PORT_QUERIES_MAX 64u
#define TIME_OUT_NS      5000000000u
#define CLASS_INTERNET   1

struct asker {
    ip_addr_t address, asked; /* the guest, and the address at which it asked us */
    u16_t port;
};

struct query {
    struct dns *dns;
    struct port *port;
    struct query *next, **link;
    int socket;
    struct loop_source *source;
    struct loop_timer *timer;
    uint16_t id; /* as forwarded */
    struct asker asker;
    struct dns_question question; /* as the guest asked */
};

struct dns {
    struct net *net;
    struct udp_pcb *server;
    struct query *queries;
    unsigned count;
};

static void destroy(struct query *query)
{
    loop_remove(&query->source);
    loop_cancel(&query->timer);
    fd_close(&query->socket);
    *query->link = query->next;
    if (query->next != NULL)
        query->next->link = query->link;
    query->dns->count--;
    query->port->queries--;
    free(query);
}

static void send_answer(struct dns *dns, const struct asker *asker, const uint8_t *message, size_t size)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    if (p == NULL)
        return;
    if (pbuf_take(p, message, (u16_t)size) == ERR_OK && netif_default != NULL)
        udp_sendto_if_src(dns->server, p, &asker->address, asker->port, netif_default, &asker->asked);
    pbuf_free(p);
}

static void answer(struct dns *dns, const struct asker *asker, const struct dns_question *question,
                   enum dns_result result, const uint8_t *address, size_t size)
{
    uint8_t space[DNS_HEADER_SIZE + DNS_QUESTION_MAX + 32];
    struct frame_writer writer = frame_write(space, sizeof space);
    dns_write(&writer, question, result == DNS_FAILURE ? 0 : DNS_FLAG_OWN, result, address, size);
    if (!writer.full)
        send_answer(dns, asker, space, frame_written(&writer));
}

static void give_up(struct query *query)
{
    answer(query->dns, &query->asker, &query->question, DNS_FAILURE, NULL, 0);
    destroy(query);
}

static void time_out(void *context)
{
    struct query *query = context;
    query->timer = NULL;
    give_up(query);
}

static void on_reply(void *context, uint32_t events)
{
    struct query *query = context;
    uint8_t message[MESSAGE_MAX];
    struct dns_question reply;
    (void)events;
    ssize_t n = recv(query->socket, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 || n > (ssize_t)sizeof message) {
        give_up(query);
        return;
    }
    if (!dns_read(&reply, message, (size_t)n) || reply.id != query->id ||
        !(reply.flags & DNS_FLAG_RESPONSE) || !dns_is_same(&reply, &query->question))
        return;
    message[0] = (uint8_t)(query->question.id >> 8);
    message[1] = (uint8_t)query->question.id;
    send_answer(query->dns, &query->asker, message, (size_t)n);
    destroy(query);
}

/* A socket connected to the host's resolver, or -1. */
static int connect_resolver(const struct net_network *config)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
    bool has4 = packet_ipv4_key(config->resolver) != 0;
    memcpy(&ipv4.sin_addr, config->resolver, 4);
    memcpy(&ipv6.sin6_addr, config->resolver6, 16);
    if (config->resolver_port != 0)
        ipv4.sin_port = ipv6.sin6_port = htons(config->resolver_port);
    if (!has4 && IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr))
        return -1;
    int fd = socket(has4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr *to = has4 ? (const struct sockaddr *)&ipv4 : (const struct sockaddr *)&ipv6;
    if (fd >= 0 && connect(fd, to, has4 ? sizeof ipv4 : sizeof ipv6) < 0)
        fd_close(&fd);
    return fd;
}

static struct query *open_query(struct dns *dns, struct port *port, const struct asker *asker,
                                const struct dns_question *question)
{
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    *query = (struct query){.dns = dns,
                            .port = port,
                            .next = dns->queries,
                            .link = &dns->queries,
                            .id = (uint16_t)LWIP_RAND(),
                            .asker = *asker,
                            .question = *question,
                            .socket = connect_resolver(&dns->net->config)};
    if (dns->queries != NULL)
        dns->queries->link = &query->next;
    dns->queries = query;
    dns->count++;
    port->queries++;
    if (query->socket >= 0)
        query->source = loop_add(dns->net->loop, query->socket, EPOLLIN, on_reply, query, NULL);
    query->timer = loop_after(dns->net->loop, TIME_OUT_NS, time_out, query, NULL);
    if (query->source != NULL && query->timer != NULL)
        return query;
    destroy(query);
    return NULL;
}

static void forward(struct dns *dns, struct port *port, const struct asker *asker,
                    const struct dns_question *question, uint8_t *message, size_t size)
{
    struct query *query = NULL;
    bool allowed = !(dns->net->config.grants & NET_GRANT_NO_EGRESS) && dns->count < QUERIES_MAX &&
                   port->queries < PORT_QUERIES_MAX;
    if (allowed)
        query = open_query(dns, port, asker, question);
    if (query == NULL) {
        answer(dns, asker, question, DNS_FAILURE, NULL, 0);
        return;
    }
    message[0] = (uint8_t)(query->id >> 8);
    message[1] = (uint8_t)query->id;
    if (send(query->socket, message, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        give_up(query);
}

static bool is_in_domain(const struct net *net, const char *name)
{
    size_t length = strlen(name), domain = strlen(net->config.domain);
    return length >= domain && strcasecmp(name + length - domain, net->config.domain) == 0 &&
           (length == domain || name[length - domain - 1] == '.');
}

/* Answers what this network knows; false: the question is for outside. */
static bool answer_own(struct dns *dns, const struct port *guest, const struct asker *asker,
                       const struct dns_question *question)
{
    const struct port *named = port_find_name(guest, question->name);
    if (question->class != CLASS_INTERNET || (named == NULL && !is_in_domain(dns->net, question->name)))
        return false;
    if (named == NULL)
        answer(dns, asker, question, DNS_NO_NAME, NULL, 0);
    else if (question->type == DNS_TYPE_A)
        answer(dns, asker, question, DNS_OK, named->ipv4, 4);
    else if (question->type == DNS_TYPE_AAAA)
        answer(dns, asker, question, DNS_OK, named->ipv6, 16);
    else
        answer(dns, asker, question, DNS_OK, NULL, 0);
    return true;
}

static struct port *port_of(const struct net *net, const ip_addr_t *address)
{
    return IP_IS_V6(address) ? port_find_ipv6(net, (const uint8_t *)ip_2_ip6(address)->addr)
                             : port_find_ipv4(net, (const uint8_t *)&ip_2_ip4(address)->addr);
}

static void on_question(void *context, struct udp_pcb *server, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    struct dns *dns = context;
    uint8_t message[MESSAGE_MAX];
    struct dns_question question;
    const struct asker asker = {.address = *from, .asked = *ip_current_dest_addr(), .port = port};
    (void)server;
    struct port *guest = port_of(dns->net, from);
    size_t size = pbuf_copy_partial(p, message, sizeof message, 0);
    bool whole = size == p->tot_len;
    pbuf_free(p);
    if (guest == NULL || !whole || !dns_read(&question, message, size) ||
        (question.flags & DNS_FLAG_RESPONSE))
        return;
    if (!answer_own(dns, guest, &asker, &question))
        forward(dns, guest, &asker, &question, message, size);
}

int dns_open(struct net *net, struct error *err)
{
    struct dns *dns = calloc(1, sizeof *dns);
    struct udp_pcb *server = dns != NULL ? udp_new_ip_type(IPADDR_TYPE_ANY) : NULL;
    if (server == NULL || udp_bind(server, IP_ANY_TYPE, DNS_PORT) != ERR_OK) {
        if (server != NULL)
            udp_remove(server);
        free(dns);
        return error_set(err, ENOMEM, "start resolver", NULL, NULL);
    }
    *dns = (struct dns){.net = net, .server = server};
    udp_recv(server, on_question, dns);
    net->dns = dns;
    return 0;
}

void dns_close(struct net *net)
{
    if (net->dns == NULL)
        return;
    while (net->dns->queries != NULL)
        destroy(net->dns->queries);
    udp_remove(net->dns->server);
    free(net->dns);
    net->dns = NULL;
}

void dns_forget(struct port *port)
{
    struct query *next;
    if (port->queries == 0)
        return;
    for (struct query *query = port->net->dns->queries; query != NULL; query = next) {
        next = query->next;
        if (query->port == port)
            destroy(query);
    }
}
