/* events.h: what a guest sleeps on: its network devices. Source: the Solo5 ABI facts, sections 2.4 and 3. */
#ifndef TENDER_COMMON_EVENTS_H
#define TENDER_COMMON_EVENTS_H

#include "image/image.h"

struct message;

/*
 * Creates the level-triggered epoll over every attached network device of MANIFEST; an event's data is the
 * device's handle. 0 with *EPOLL filled, or a negative errno with MESSAGE.
 */
int events_open(const struct image_manifest *manifest, int *epoll, struct message *message);

/* Adds FD to EPOLL: when it can be read, there is an event with DATA. 0 or a negative errno. */
int events_watch(int epoll, int fd, uint64_t data);

#endif
