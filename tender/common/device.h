/*
 * device.h: attaches what the command line gives to what the image's manifest declares.
 *
 * First every option finds its manifest entry, then every declared device must have its attachment; only
 * then is anything opened. A descriptor that was given as @FD stays with its number.
 */
#ifndef TENDER_COMMON_DEVICE_H
#define TENDER_COMMON_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "tender/common/options.h"

struct message;

/* What the options say about one device; all NULL or 0 where they are silent. */
struct device {
    const char *attachment;  /* interface, path or @FD */
    const char *mac;         /* "aa:bb:cc:dd:ee:ff" */
    const char *mtu;         /* bytes, decimal */
    const char *sector_size; /* bytes, decimal */
};

struct devices {
    struct device of[MFT_MAX_ENTRIES]; /* by manifest index */
    bool has_socket_net;               /* some network device is an inherited descriptor */
};

/*
 * Finds the manifest entry of every option. Unknown names, a device given twice, and declared devices
 * without attachment are refused. 0, or -EINVAL with MESSAGE filled. Opens nothing.
 */
int device_match(struct devices *devices, const struct image_manifest *manifest,
                 const struct options *options, struct message *message);

/*
 * Opens and checks every device and fills its manifest entry (descriptor, MAC and MTU, or capacity and
 * block size; attached). 0, or a negative errno with MESSAGE filled; what was opened stays open.
 */
int device_attach(struct devices *devices, struct image_manifest *manifest, struct message *message);

/* One type each; ENTRY is filled. net.c and block.c. */
int net_attach(const struct device *device, struct mft_entry *entry, struct message *message);
int block_attach(const struct device *device, struct mft_entry *entry, struct message *message);

/* "aa:bb:cc:dd:ee:ff", all six hexadecimal pairs; 0 or -EINVAL. */
int net_parse_mac(const char *text, uint8_t mac[static 6]);

#endif
