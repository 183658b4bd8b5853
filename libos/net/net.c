/*
 * net.c: Ethernet devices under lwIP, and the loop of bivy/net.h.
 *
 * A frame is read straight into the buffer that lwIP will own. One that is to be sent goes straight from
 * lwIP's buffer if it is in one piece; otherwise it is put together in one page kept for that.
 */
#include "libos/kernel/say.h"
#include "libos/net/timers.h"

#include <bivy/batch.h>
#include <bivy/boot.h>
#include <bivy/device.h>
#include <bivy/net.h>
#include <bivy/random.h>
#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .bivy.licenses.lwip,\"aG\",@progbits,bivy_license_lwip,comdat\n"
        ".ascii \"lwip BSD-3-Clause\\n\"\n"
        ".popsection\n"
        ".pushsection .bivy.arguments,\"a\",@progbits\n"
        ".asciz \"--ipv4\"\n"
        ".asciz \"--ipv4-gateway\"\n"
        ".asciz \"--ipv6\"\n"
        ".asciz \"--dns\"\n"
        ".popsection\n");

#define NSEC_PER_MSEC 1000000u
#define FRAMES_A_STEP 64      /* read before timers are looked at again */
#define FULL_RETRY_NS 100000u /* until a full send queue is tried again */
#define MTU_MAX       9000
#define PREFIX_MAX_V4 32

struct device {
    struct netif netif; /* first: lwIP hands it back */
    solo5_handle_t handle;
    size_t mtu;
    uint8_t *frame;     /* where a frame in several pieces is put together */
    struct pbuf *spare; /* a receive buffer that the last read left empty */
    bool empty;         /* the last read found no frame */
    bool send_full;     /* the device took no more frames */
    struct device *next;
};

static struct device first_device, *devices, **last_device = &devices;

uint32_t net_random(void)
{
    uint32_t value;

    random_fill(&value, sizeof value);
    return value;
}

void net_assertion_failed(const char *what)
{
    say("net: the TCP/IP stack found its own state impossible: ");
    say(what);
    say("\n");
    solo5_abort();
}

u32_t sys_now(void)
{
    return (u32_t)(solo5_clock_monotonic() / NSEC_PER_MSEC);
}

static void device_gone(void)
{
    say("net: the network device is gone\n");
    solo5_exit(SOLO5_EXIT_FAILURE);
}

static err_t frame_send(struct netif *to, struct pbuf *frame)
{
    struct device *device = (struct device *)to;
    const uint8_t *bytes = frame->payload;
    solo5_result_t result;

    if (frame->tot_len > device->mtu + SOLO5_NET_HLEN)
        return ERR_BUF;
    if (frame->len != frame->tot_len) {
        pbuf_copy_partial(frame, device->frame, frame->tot_len, 0);
        bytes = device->frame;
    }
    result = solo5_net_write(device->handle, bytes, frame->tot_len);
    if (result == SOLO5_R_AGAIN)
        device->send_full = true;
    return result == SOLO5_R_OK ? ERR_OK : ERR_MEM;
}

/* Reads one frame and hands it to lwIP; false: there is none. */
static bool frame_receive(struct device *device)
{
    size_t size = device->mtu + SOLO5_NET_HLEN;
    struct pbuf *frame = device->spare ? device->spare : pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
    solo5_result_t result;

    device->spare = NULL;
    if (!frame) {
        /* No memory for it: the frame is read into the page for sending, and lost. */
        return solo5_net_read(device->handle, device->frame, size, &size) == SOLO5_R_OK;
    }
    result = solo5_net_read(device->handle, frame->payload, size, &size);
    if (result == SOLO5_R_EUNSPEC)
        device_gone();
    if (result != SOLO5_R_OK) {
        device->spare = frame;
        return false;
    }
    pbuf_realloc(frame, (u16_t)size);
    if (device->netif.input(frame, &device->netif) != ERR_OK)
        pbuf_free(frame);
    return true;
}

static err_t device_open(struct netif *to)
{
    to->name[0] = 'b';
    to->name[1] = 'v';
    to->mtu = (u16_t)((struct device *)to)->mtu;
    to->hwaddr_len = SOLO5_NET_ALEN;
    to->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    to->output = etharp_output;
    to->output_ip6 = ethip6_output;
    to->linkoutput = frame_send;
    to->hostname = boot_option(BOOT_NAME);
    return ERR_OK;
}

static solo5_result_t refuse(const char *option, const char *value)
{
    say("net: ");
    say(option);
    say("=");
    say(value);
    say(": not an address\n");
    return SOLO5_R_EINVAL;
}

/* Splits "ADDRESS/N" (N at most MOST; without one, MOST) into TEXT and *PREFIX. */
static bool prefix_split(const char *value, char text[static NET_ADDRESS_SIZE], unsigned most,
                         unsigned *prefix)
{
    const char *slash = strchr(value, '/');
    size_t size = slash ? (size_t)(slash - value) : strlen(value);
    unsigned long bits = most;

    if (size >= NET_ADDRESS_SIZE)
        return false;
    memcpy(text, value, size);
    text[size] = '\0';
    if (slash) {
        char *end;
        bits = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end || bits > most)
            return false;
    }
    *prefix = (unsigned)bits;
    return true;
}

static solo5_result_t configure_ipv4(struct netif *netif)
{
    const char *value = netif == &first_device.netif ? boot_option(BOOT_IPV4) : NULL;
    const char *gateway_value = boot_option(BOOT_IPV4_GATEWAY);
    ip4_addr_t address, mask, gateway = {0};
    char text[NET_ADDRESS_SIZE];
    unsigned prefix;

    if (!value)
        return dhcp_start(netif) == ERR_OK ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
    if (!prefix_split(value, text, PREFIX_MAX_V4, &prefix) || !ip4addr_aton(text, &address))
        return refuse("--ipv4", value);
    if (gateway_value && !ip4addr_aton(gateway_value, &gateway))
        return refuse("--ipv4-gateway", gateway_value);
    mask.addr = prefix == 0 ? 0 : lwip_htonl(UINT32_MAX << (PREFIX_MAX_V4 - prefix));
    netif_set_addr(netif, &address, &mask, &gateway);
    return SOLO5_R_OK;
}

static solo5_result_t configure_ipv6(struct netif *netif)
{
    const char *value = netif == &first_device.netif ? boot_option(BOOT_IPV6) : NULL;
    char text[NET_ADDRESS_SIZE];
    ip6_addr_t address;
    unsigned prefix;
    s8_t slot;

    netif_create_ip6_linklocal_address(netif, 1);
    netif->ip6_autoconfig_enabled = 1;
    if (!value)
        return SOLO5_R_OK;
    if (!prefix_split(value, text, 128, &prefix) || !ip6addr_aton(text, &address))
        return refuse("--ipv6", value);
    if (netif_add_ip6_address(netif, &address, &slot) != ERR_OK)
        return SOLO5_R_EUNSPEC;
    return SOLO5_R_OK;
}

static solo5_result_t configure_dns(void)
{
    const char *value = boot_option(BOOT_DNS);
    ip_addr_t address;

    if (!value)
        return SOLO5_R_OK;
    if (!ipaddr_aton(value, &address))
        return refuse("--dns", value);
    dns_setserver(0, &address);
    return SOLO5_R_OK;
}

/* The place of a device: the first one's is set aside, because most programs have no second. */
static struct device *device_make(size_t frame_size)
{
    struct device *device = devices ? calloc(1, sizeof *device) : &first_device;

    if (!device)
        return NULL;
    device->frame = malloc(frame_size);
    if (!device->frame) {
        if (device != &first_device)
            free(device);
        return NULL;
    }
    return device;
}

/* What is there without any device: the protocols, and the way back to oneself. */
static void net_open(void)
{
    static bool opened;

    if (opened)
        return;
    opened = true;
    lwip_init();
    timers_open(solo5_clock_monotonic() / NSEC_PER_MSEC);
}

static struct netif *netif_open(struct device *device, const uint8_t mac[static SOLO5_NET_ALEN])
{
    struct netif *netif = &device->netif;

    net_open();
    memcpy(netif->hwaddr, mac, SOLO5_NET_ALEN);
    if (!netif_add(netif, NULL, NULL, NULL, NULL, device_open, netif_input))
        return NULL;
    if (!devices)
        netif_set_default(netif);
    *last_device = device;
    last_device = &device->next;
    netif_set_link_up(netif);
    netif_set_up(netif);
    return netif;
}

solo5_result_t net_start(const char *name)
{
    struct solo5_net_info info;
    struct device *device;
    struct netif *netif;
    solo5_handle_t handle;
    solo5_result_t result = solo5_net_acquire(name, &handle, &info);

    if (result != SOLO5_R_OK)
        return result;
    /* Room for what the tender's device may deliver, whatever of it lwIP is told of. */
    device = device_make(info.mtu + SOLO5_NET_HLEN);
    if (!device)
        return SOLO5_R_EUNSPEC;
    device->handle = handle;
    device->mtu = info.mtu < MTU_MAX ? info.mtu : MTU_MAX;
    netif = netif_open(device, info.mac_address);
    if (!netif)
        return SOLO5_R_EUNSPEC;
    result = configure_ipv4(netif);
    if (result == SOLO5_R_OK)
        result = configure_ipv6(netif);
    return result == SOLO5_R_OK ? configure_dns() : result;
}

solo5_result_t net_start_all(void)
{
    solo5_result_t result = SOLO5_R_OK;
    const char *name;

    net_open();
    for (size_t i = 0; result == SOLO5_R_OK && (name = bindings_net_name(i)); i++)
        result = net_start(name);
    return result == SOLO5_R_OK ? configure_dns() : result;
}

bool net_ready(void)
{
    return !ip4_addr_isany(netif_ip4_addr(&first_device.netif));
}

bool net_wait(solo5_time_t timeout_ns)
{
    solo5_time_t end = solo5_clock_monotonic() + timeout_ns;

    while (!net_ready() && solo5_clock_monotonic() < end)
        net_run(end);
    return net_ready();
}

/* Frames that a device refused are sent again; those of TCP at once, others by their own protocols. */
static void send_again(void)
{
    bool any = false;

    for (struct device *device = devices; device; device = device->next) {
        any = any || device->send_full;
        device->send_full = false;
    }
    if (any)
        tcp_txnow();
}

/* What the program sent itself; whether there was any. */
static bool loop_run(void)
{
    struct netif *netif;
    bool any = false;

    NETIF_FOREACH(netif)
    {
        any = any || netif->loop_first;
    }
    if (any)
        netif_poll_all();
    return any;
}

/* Waits until a frame comes, a timer is due, or DEADLINE. */
static void wait_for_frames(solo5_time_t deadline)
{
    solo5_time_t wake = timers_next() * NSEC_PER_MSEC;

    for (struct device *device = devices; device; device = device->next) {
        /* After a step that was cut short more frames are waiting: that is known without asking. */
        if (!device->empty)
            return;
        if (device->send_full)
            wake = solo5_clock_monotonic() + FULL_RETRY_NS;
    }
    solo5_yield(wake < deadline ? wake : deadline, NULL);
}

void net_run(solo5_time_t deadline)
{
    unsigned frames = 0;
    uint64_t now_ms;

    wait_for_frames(loop_run() ? 0 : deadline);
    /* What is answered from here on leaves with the next wait; a program's own frames leave at once. */
    bivy_net_hold(true);
    for (struct device *device = devices; device; device = device->next) {
        unsigned before = frames;
        device->empty = false;
        while (frames - before < FRAMES_A_STEP && !device->empty) {
            device->empty = !frame_receive(device);
            frames += !device->empty;
        }
    }
    now_ms = solo5_clock_monotonic() / NSEC_PER_MSEC;
    if (frames > 0)
        timers_activity(now_ms);
    timers_run(now_ms);
    send_again();
    bivy_net_hold(false);
}

const char *net_address(char text[static NET_ADDRESS_SIZE])
{
    return ip4addr_ntoa_r(netif_ip4_addr(&first_device.netif), text, NET_ADDRESS_SIZE);
}
