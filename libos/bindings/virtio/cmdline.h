/*
 * cmdline.h: what of a machine's command line is the unikernel's, and what are devices.
 *
 * Monitors add words of their own: "virtio_mmio.device=SIZE@ADDRESS:IRQ" for each device that no bus can
 * list, and some of them a row of Linux's. So: the words of devices are taken out wherever they stand; if one
 * word is "--", the unikernel's are those after the first such word; otherwise all that is left is.
 * Pure, so that it is tested on the host.
 */
#ifndef BINDINGS_VIRTIO_CMDLINE_H
#define BINDINGS_VIRTIO_CMDLINE_H

#include <stddef.h>
#include <stdint.h>

#define PLACES_MOST 64u

/* Where a virtio-mmio device has its registers, and its global interrupt number. */
struct virtio_place {
    uint64_t address;
    uint32_t interrupt;
};

struct virtio_places {
    struct virtio_place place[PLACES_MOST];
    size_t count;
};

/* Adds a place; one whose address is known already, or that there is no room for, is left out. */
void virtio_places_add(struct virtio_places *places, uint64_t address, uint32_t interrupt);

/* Takes the devices out of LINE, which is changed, and adds them to PLACES; returns the unikernel's part. A
 * device's word that is not of that form is taken out as well. */
char *virtio_cmdline_split(char *line, struct virtio_places *places);

#endif
