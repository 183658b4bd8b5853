/*
 * net.c: attaches a tap interface, or a descriptor that carries one frame a read; see device.h and the
 * Solo5 ABI facts, section 4.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ioctl.h>
#include <linux/sockios.h>

#include "tender/common/device.h"
#include "tender/common/message.h"
#include "tender/common/system.h"

#define MTU_DEFAULT 1500u
#define MTU_MIN     68u /* what IPv4 asks of every link */
#define MTU_MAX     65535u

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int net_parse_mac(const char *text, uint8_t mac[static 6])
{
    for (int i = 0; i < 6; i++, text += 3) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
            return -EINVAL;
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* The given address, or a random one: unicast, locally administered. */
static int choose_mac(const struct device *device, uint8_t mac[static 6], struct message *message)
{
    static const uint8_t none[6];
    if (device->mac != NULL && net_parse_mac(device->mac, mac) != 0)
        return message_say(message, -EINVAL, "Malformed argument to --net-mac: '", device->mac, "'");
    if (device->mac != NULL && __builtin_memcmp(mac, none, 6) != 0)
        return 0;
    long got = system_getrandom(mac, 6);
    if (got != 6)
        return message_fail(message, got < 0 ? (int)got : -EIO, "Could not choose a MAC address",
                            "getrandom");
    mac[0] = (uint8_t)((mac[0] & 0xfe) | 0x02);
    return 0;
}

static int choose_mtu(const struct device *device, uint64_t interface_mtu, uint16_t *mtu,
                      struct message *message)
{
    uint64_t number = interface_mtu;
    if (device->mtu != NULL && (options_parse_number(device->mtu, MTU_MAX, &number) != 0 || number < MTU_MIN))
        return message_say(message, -EINVAL, "Malformed argument to --net-mtu: '", device->mtu,
                           "' is not a number from 68 to 65535");
    *mtu = number > MTU_MAX ? MTU_MAX : (uint16_t)number;
    return 0;
}

/* The interface must exist and be up; *MTU becomes its MTU. */
static int interface_check(struct ifreq *request, int *mtu)
{
    int socket = system_socket(1 /* AF_UNIX */, 2 /* SOCK_DGRAM */ | O_CLOEXEC, 0);
    if (socket < 0)
        return socket;
    int result = system_ioctl(socket, SIOCGIFFLAGS, request);
    if (result == -ENODEV)
        result = -ENOENT;
    else if (result == 0 && (request->ifr_flags & (IFF_UP | IFF_RUNNING)) == 0)
        result = -ENETDOWN;
    if (result == 0)
        result = system_ioctl(socket, SIOCGIFMTU, request);
    *mtu = result == 0 ? request->ifr_mtu : 0;
    system_close(socket);
    return result;
}

/* A guest of this interface has no segmentation offload: what the host would merge could not be read. */
static void interface_disable_offload(struct ifreq *request)
{
    static const uint32_t commands[] = {ETHTOOL_SGRO, ETHTOOL_SGSO};
    int socket = system_socket(1 /* AF_UNIX */, 2 /* SOCK_DGRAM */ | O_CLOEXEC, 0);
    if (socket < 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct ethtool_value value = {commands[i], 0};
        request->ifr_data = &value; // cppcheck-suppress autoVariables ; taken back below
        system_ioctl(socket, SIOCETHTOOL, request);
    }
    request->ifr_data = NULL;
    system_close(socket);
}

/* Opens the tap interface NAME; its descriptor (non-blocking), or a negative errno. */
static int tap_open(const char *name, int *mtu)
{
    struct ifreq request;
    size_t length = __builtin_strlen(name);
    if (length >= IFNAMSIZ)
        return -ENAMETOOLONG;
    __builtin_memset(&request, 0, sizeof request);
    __builtin_memcpy(request.ifr_name, name, length);
    int result = interface_check(&request, mtu);
    if (result != 0)
        return result;
    int fd = system_open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fd;
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    result = system_ioctl(fd, TUNSETIFF, &request);
    if (result == 0 && __builtin_strncmp(request.ifr_name, name, IFNAMSIZ) != 0)
        result = -ENODEV;
    if (result != 0) {
        system_close(fd);
        return result;
    }
    interface_disable_offload(&request);
    return fd;
}

/* An inherited descriptor is made non-blocking, as the guest expects of every network device. */
static int descriptor_take(int fd)
{
    int flags = system_fcntl(fd, F_GETFL, 0);
    int result = flags < 0 ? flags : system_fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return result < 0 ? result : fd;
}

int net_attach(const struct device *device, struct mft_entry *entry, struct message *message)
{
    int fd, mtu = MTU_DEFAULT;
    if (options_parse_descriptor(device->attachment, &fd) == 0)
        fd = descriptor_take(fd);
    else
        fd = tap_open(device->attachment, &mtu);
    if (fd < 0)
        return message_fail(message, fd, "Could not attach interface", device->attachment);
    entry->b.hostfd = fd;
    int result = choose_mtu(device, (uint64_t)mtu, &entry->u.net_basic.mtu, message);
    return result != 0 ? result : choose_mac(device, entry->u.net_basic.mac, message);
}
