/*
 * fuzz_guest_net.c: what a hostile network sends to a unikernel: the guest's own TCP/IP, compiled for the
 * host, on a device whose frames are the input.
 *
 * The first byte says how the guest was started. Then come records: a byte of flags, a 16-bit big-endian
 * length, as many bytes of a frame. Checksums are not looked at here (see meson.build), and a record may ask
 * that its frame be addressed to the guest and answer what the guest sent last, so that answers of DHCP and
 * DNS servers and segments of open connections get behind the first checks. The guest listens on port 80
 * and echoes, resolves a name and opens a connection of its own. Time passes only as records say.
 *
 * lwIP keeps its state in static variables: after each input everything is closed and forgotten, so that
 * an input does the same alone as after others. A failed assertion of lwIP's ends a unikernel, and so it
 * ends the fuzzer.
 */
#include <stdlib.h>
#include <string.h>

/* Their own: what a run leaves in their tables has to be wiped. */
#include <../core/dns.c>

#include "libos/net/net.c"

#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/tcp.h>

#define ADDRESSED   1u /* flags of a record: to the guest's MAC, the length of IPv4 and IPv6 repaired */
#define FOLLOW      2u /* answers what the guest sent last: ports, sequence, transaction */
#define LATER       4u /* time passes first: 10 ms shifted by the upper four bits */
#define STATIC      1u /* flags of the start: --ipv4, else DHCP */
#define STATIC6     2u /* --ipv6 */
#define RECORDS_MAX 64
#define FRAME_SIZE  2048u
#define UDP         17
#define TCP         6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    uint8_t start;
    uint64_t now_ns;
    uint64_t random;
    uint8_t frame[FRAME_SIZE]; /* the one that the device holds, if it is not empty */
    size_t size;
    uint8_t tcp_ports[4]; /* of the guest's last segment: from, to */
    uint32_t expected;    /* the sequence number that follows it */
    uint8_t dns_port[2], dns_id[2], transaction[4];
    struct tcp_pcb *client;
} world;

const char *bindings_net_name(size_t index)
{
    return index == 0 ? "service" : NULL;
}

const char *boot_option(enum boot_option option)
{
    switch (option) {
    case BOOT_NAME:
        return "guest";
    case BOOT_IPV4:
        return world.start & STATIC ? "10.0.2.4/24" : NULL;
    case BOOT_IPV4_GATEWAY:
        return "10.0.2.1";
    case BOOT_IPV6:
        return world.start & STATIC6 ? "fdb1:700a::4/64" : NULL;
    default:
        return world.start & STATIC ? "10.0.2.3" : NULL;
    }
}

void random_fill(void *data, size_t size)
{
    uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        world.random = world.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (uint8_t)(world.random >> 56);
    }
}

void solo5_console_write(const char *text, size_t size)
{
    (void)text, (void)size;
}

void solo5_exit(int status)
{
    (void)status;
    abort();
}

void solo5_abort(void)
{
    abort();
}

solo5_time_t solo5_clock_monotonic(void)
{
    return world.now_ns;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready)
{
    (void)deadline, (void)ready;
}

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle, struct solo5_net_info *info)
{
    (void)name;
    *handle = 1;
    *info = (struct solo5_net_info){.mac_address = {2, 0, 0, 0, 0, 1}, .mtu = 1500};
    return SOLO5_R_OK;
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *to, size_t room, size_t *size)
{
    (void)handle;
    if (world.size == 0)
        return SOLO5_R_AGAIN;
    *size = world.size < room ? world.size : room;
    memcpy(to, world.frame, *size);
    world.size = 0;
    return SOLO5_R_OK;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Where the transport's header begins in an IP frame without options, and its protocol; 0: not such a one. */
static size_t transport(const uint8_t *frame, size_t size, uint8_t *protocol)
{
    if (size >= 14 + 20 + 20 && get16(frame + 12) == 0x0800) {
        *protocol = frame[14 + 9];
        return 14 + 20;
    }
    if (size >= 14 + 40 + 20 && get16(frame + 12) == 0x86dd) {
        *protocol = frame[14 + 6];
        return 14 + 40;
    }
    return 0;
}

static void note_segment(const uint8_t *segment, size_t size)
{
    size_t header = (size_t)(segment[12] >> 4) * 4;
    memcpy(world.tcp_ports, segment, 4);
    world.expected = ((uint32_t)get16(segment + 4) << 16 | get16(segment + 6)) + (segment[13] & 3);
    if (size > header)
        world.expected += (uint32_t)(size - header);
}

void bivy_net_hold(bool hold)
{
    (void)hold;
}

solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *frame, size_t size)
{
    uint8_t protocol = 0;
    size_t at = transport(frame, size, &protocol);
    (void)handle;
    if (at != 0 && protocol == TCP) {
        note_segment(frame + at, size - at);
    } else if (at != 0 && protocol == UDP && get16(frame + at + 2) == 53) {
        memcpy(world.dns_port, frame + at, 2);
        memcpy(world.dns_id, frame + at + 8, 2);
    } else if (at != 0 && protocol == UDP && get16(frame + at + 2) == 67) {
        memcpy(world.transaction, frame + at + 12, 4);
    }
    return SOLO5_R_OK;
}

static void follow(uint8_t *frame, size_t size)
{
    uint8_t protocol = 0;
    size_t at = transport(frame, size, &protocol);
    uint8_t *header = frame + at;
    if (at != 0 && protocol == TCP) {
        memcpy(header, world.tcp_ports + 2, 2);
        memcpy(header + 2, world.tcp_ports, 2);
        put16(header + 8, world.expected >> 16);
        put16(header + 10, world.expected & 0xffff);
    } else if (at != 0 && protocol == UDP && get16(header) == 53) {
        memcpy(header + 2, world.dns_port, 2);
        memcpy(header + 8, world.dns_id, 2);
    } else if (at != 0 && protocol == UDP && get16(header + 2) == 68) {
        memcpy(header + 12, world.transaction, 4);
    }
}

static void address(uint8_t *frame, size_t size)
{
    if (size < 14 + 20)
        return;
    if (!(frame[0] & 1))
        memcpy(frame, first_device.netif.hwaddr, 6);
    if (get16(frame + 12) == 0x0800)
        put16(frame + 14 + 2, size - 14);
    else if (get16(frame + 12) == 0x86dd && size >= 14 + 40)
        put16(frame + 14 + 4, size - 14 - 40);
}

static err_t echo(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    (void)context, (void)error;
    if (data == NULL) {
        if (tcp_close(pcb) != ERR_OK) {
            tcp_abort(pcb);
            return ERR_ABRT;
        }
        return ERR_OK;
    }
    for (struct pbuf *piece = data; piece != NULL; piece = piece->next)
        tcp_write(pcb, piece->payload, piece->len, TCP_WRITE_FLAG_COPY);
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    tcp_output(pcb);
    return ERR_OK;
}

static err_t accept_one(void *context, struct tcp_pcb *pcb, err_t error)
{
    (void)context;
    if (pcb != NULL && error == ERR_OK)
        tcp_recv(pcb, echo);
    return ERR_OK;
}

static void client_gone(void *context, err_t error)
{
    (void)context, (void)error;
    world.client = NULL;
}

static err_t client_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    static char question[4000];
    (void)context, (void)error;
    tcp_recv(pcb, echo);
    tcp_write(pcb, question, sizeof question, 0);
    return ERR_OK;
}

static void found(const char *name, const ip_addr_t *to, void *context)
{
    (void)name, (void)context;
    if (to == NULL || world.client != NULL)
        return;
    world.client = tcp_new_ip_type(IP_GET_TYPE(to));
    if (world.client == NULL)
        abort();
    tcp_err(world.client, client_gone);
    if (tcp_connect(world.client, to, 80, client_connected) != ERR_OK)
        tcp_abort(world.client);
}

static void open_world(uint8_t start)
{
    ip_addr_t known;
    memset(&world, 0, sizeof world);
    world.start = start;
    world.now_ns = UINT64_C(1000000000);
    if (net_start("service") != SOLO5_R_OK)
        abort();
    /* What net_start() does only once. */
    tcp_init();
    udp_init();
    timers_open(world.now_ns / NSEC_PER_MSEC);
    struct tcp_pcb *listener = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (listener == NULL || tcp_bind(listener, IP_ANY_TYPE, 80) != ERR_OK)
        abort();
    listener = tcp_listen(listener);
    tcp_accept(listener, accept_one);
    if (start & STATIC)
        dns_gethostbyname("example.org", &known, found, NULL);
    net_run(world.now_ns);
}

static void close_connections(void)
{
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs != NULL)
        tcp_abort(tcp_tw_pcbs);
    while (tcp_listen_pcbs.pcbs != NULL)
        tcp_close(tcp_listen_pcbs.pcbs);
    while (tcp_bound_pcbs != NULL)
        tcp_abort(tcp_bound_pcbs);
}

static void close_world(void)
{
    close_connections();
    for (int i = 0; i <= IP_REASS_MAXAGE; i++)
        ip_reass_tmr();
    for (int i = 0; i <= IPV6_REASS_MAXAGE; i++)
        ip6_reass_tmr();
    dhcp_stop(&first_device.netif);
    dhcp_cleanup(&first_device.netif);
    netif_remove(&first_device.netif);
    nd6_clear_destination_cache();
    while (udp_pcbs != NULL)
        udp_remove(udp_pcbs);
    memset(dns_table, 0, sizeof dns_table);
    memset(dns_requests, 0, sizeof dns_requests);
    memset(dns_pcbs, 0, sizeof dns_pcbs);
    memset(dns_servers, 0, sizeof dns_servers);
    if (first_device.spare != NULL)
        pbuf_free(first_device.spare);
    free(first_device.frame);
    memset(&first_device, 0, sizeof first_device);
    devices = NULL;
    last_device = &devices;
}

/* One record; the bytes that it took. */
static size_t play(const uint8_t *data, size_t size)
{
    uint8_t flags = data[0];
    size_t length = get16(data + 1) % FRAME_SIZE;
    length = length < size - 3 ? length : size - 3;
    memcpy(world.frame, data + 3, length);
    if (flags & ADDRESSED)
        address(world.frame, length);
    if (flags & FOLLOW)
        follow(world.frame, length);
    world.size = length;
    if (flags & LATER)
        world.now_ns += UINT64_C(10000000) << (flags >> 4);
    do
        net_run(world.now_ns);
    while (world.size > 0);
    return 3 + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    open_world(data[0]);
    for (size_t at = 1, records = 0; records < RECORDS_MAX && size - at >= 3; records++)
        at += play(data + at, size - at);
    close_world();
    return 0;
}
