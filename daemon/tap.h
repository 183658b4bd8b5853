/*
 * tap.h: the tap interface of one network device.
 *
 * It exists as long as somebody holds its descriptor, which is the tender alone once it has started: it
 * cannot leak, and a new daemon finds it as it is. Its name is made of the daemon's state directory, the
 * deployment's number and the device's, so that whoever sees it can be asked for, and two daemons on one host
 * never take another's for theirs.
 */
#ifndef DAEMON_TAP_H
#define DAEMON_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* "bvTTTT-": what the names of all taps of the daemon with STATE_DIR begin with. */
#define TAP_PREFIX_SIZE 8
void tap_prefix(const char *state_dir, char prefix[static TAP_PREFIX_SIZE]);

/* The name for device DEVICE (0..9) of deployment ID. */
void tap_name(const char *prefix, int64_t id, size_t device, char name[static IFNAMSIZ]);

/* Whether NAME is one of the daemon's; *ID and *DEVICE are then the deployment's low 24 bits and the device.
 */
bool tap_parse(const char *prefix, const char *name, int64_t *id, size_t *device);

/* The part of a deployment's id that its taps' names tell. */
#define TAP_ID_MASK 0xffffffu

/* Makes the tap, down and on no bridge; its descriptor (non-blocking, close-on-exec), or -errno. */
int tap_open(const char *name, struct error *err);

#endif
