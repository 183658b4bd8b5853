/* mac.h: the hardware address of a device that was given none (Albatross protocol facts, section 7). */
#ifndef WIRE_MAC_H
#define WIRE_MAC_H

#include <stdint.h>

struct name;

#define MAC_SIZE 6

/* 00:80:41 and the first three bytes of MD5(DEVICE, the text of the unikernel's NAME): what Albatross gives
 * it, so that a unikernel keeps its address when it moves. */
void mac_derive(const char *device, const struct name *name, uint8_t mac[static MAC_SIZE]);

#endif
