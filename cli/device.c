/* device.c: devices on the command line; see device.h. */
#include "device.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "host/error.h"
#include "option.h"

int device_check_name(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > MFT_NAME_MAX)
        return -EINVAL;
    for (const char *p = name; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p))
            return -EINVAL;
    return 0;
}

int device_parse_mac(const char *text, uint8_t mac[static 6])
{
    unsigned bits = 0;
    for (int i = 0; i < 6; i++) {
        const char *pair = text + 3 * i;
        char end = i < 5 ? ':' : '\0';
        unsigned value;
        if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]) || pair[2] != end)
            return -EINVAL;
        sscanf(pair, "%2x", &value);
        mac[i] = (uint8_t)value;
        bits |= value;
    }
    return bits == 0 || (mac[0] & 1) != 0 ? -EINVAL : 0;
}

int device_random_mac(uint8_t mac[static 6])
{
    if (getrandom(mac, 6, 0) != 6)
        return -EIO;
    mac[0] = (uint8_t)((mac[0] & 0xfe) | 0x02);
    return 0;
}

static int refuse_net(const char *text, const char *why, struct error *err)
{
    error_set(err, EINVAL, "attach network", text, "%s", why);
    error_hint(
        err,
        "DEV[=SPEC][,mac=aa:bb:cc:dd:ee:ff], SPEC one of user, tap:IF, bridge:IF, @FD, or a network's name");
    return -EINVAL;
}

/* The part of TEXT behind PREFIX, or NULL if it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static int parse_source(const char *spec, struct device_net *net)
{
    const char *interface;
    int64_t fd;
    if (strcmp(spec, "user") == 0) {
        net->kind = DEVICE_NET_USER;
        return 0;
    }
    if (spec[0] == '@') {
        net->kind = DEVICE_NET_FD;
        int result = option_parse_number(spec + 1, 0, INT32_MAX, &fd);
        net->fd = result == 0 ? (int)fd : -1;
        return result;
    }
    net->kind = DEVICE_NET_NAMED;
    if ((interface = behind(spec, "tap:")) != NULL)
        net->kind = DEVICE_NET_TAP;
    else if ((interface = behind(spec, "bridge:")) != NULL)
        net->kind = DEVICE_NET_BRIDGE;
    const char *source = interface != NULL ? interface : spec;
    size_t limit = interface != NULL ? IFNAMSIZ : sizeof net->source;
    if (source[0] == '\0' || strlen(source) >= limit)
        return -EINVAL;
    strcpy(net->source, source);
    return 0;
}

int device_parse_net(const char *text, struct device_net *net, struct error *err)
{
    char rest[MFT_NAME_SIZE + DEVICE_SOURCE_SIZE + 32];
    memset(net, 0, sizeof *net);
    net->fd = -1;
    if (strlen(text) >= sizeof rest)
        return refuse_net(text, "too long", err);
    strcpy(rest, text);
    char *comma = strchr(rest, ',');
    if (comma != NULL) {
        *comma = '\0';
        const char *mac = behind(comma + 1, "mac=");
        if (mac == NULL || device_parse_mac(mac, net->mac) < 0)
            return refuse_net(text, "behind the comma only mac= and the address of one station may stand",
                              err);
        net->has_mac = true;
    }
    char *equals = strchr(rest, '=');
    if (equals != NULL)
        *equals = '\0';
    if (device_check_name(rest) < 0)
        return refuse_net(text, "a device's name is 1 to 67 letters and digits", err);
    strcpy(net->device, rest);
    if (equals != NULL && parse_source(equals + 1, net) < 0)
        return refuse_net(text, "unknown kind of network", err);
    return 0;
}

int device_parse_block(const char *text, struct device_block *block, struct error *err)
{
    const char *equals = strchr(text, '=');
    size_t size = equals != NULL ? (size_t)(equals - text) : 0;
    memset(block, 0, sizeof *block);
    if (equals == NULL || equals[1] == '\0')
        return error_set(err, EINVAL, "attach volume", text, "not DEV=FILE");
    if (size <= MFT_NAME_MAX)
        memcpy(block->device, text, size);
    if (device_check_name(block->device) < 0)
        return error_set(err, EINVAL, "attach volume", text, "a device's name is 1 to 67 letters and digits");
    block->source = equals + 1;
    return 0;
}
