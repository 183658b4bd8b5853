/*
 * device.h: devices as the command line writes them: networks DEV[=SPEC][,mac=M] and volumes DEV=FILE.
 *
 * The words are the same for `bivy run` and `bivy deploy`; what a SPEC may be differs, so that the commands
 * say which kinds they take.
 */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "bivy/abi/manifest.h"

struct error;

#define DEVICE_SOURCE_SIZE 256

enum device_net_kind {
    DEVICE_NET_USER,   /* the user-mode switch */
    DEVICE_NET_TAP,    /* tap:IF; source is IF */
    DEVICE_NET_BRIDGE, /* bridge:IF; source is IF */
    DEVICE_NET_FD,     /* @FD; fd */
    DEVICE_NET_NAMED   /* a network of the daemon's; source is its name */
};

struct device_net {
    char device[MFT_NAME_SIZE];
    enum device_net_kind kind;
    char source[DEVICE_SOURCE_SIZE];
    int fd;
    bool has_mac;
    uint8_t mac[6];
};

struct device_block {
    char device[MFT_NAME_SIZE];
    const char *source; /* a path (run) or a volume's name (deploy); borrowed from the command line */
};

/* 0 if NAME may be a device's: 1..67 of [A-Za-z0-9]; else -EINVAL. */
int device_check_name(const char *name);

/* Parse TEXT; 0, or -EINVAL with ERR quoting it. */
int device_parse_net(const char *text, struct device_net *net, struct error *err);
int device_parse_block(const char *text, struct device_block *block, struct error *err);

/* aa:bb:cc:dd:ee:ff; 0, or -EINVAL: not six bytes, or a group address, or all zero. */
int device_parse_mac(const char *text, uint8_t mac[static 6]);

/* A locally administered address at random; 0 or -errno. */
int device_random_mac(uint8_t mac[static 6]);

#endif
