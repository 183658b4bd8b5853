/*
 * pvh.h: what a machine says to a guest that it enters by the PVH protocol.
 *
 * Source: Xen's public headers, arch-x86/hvm/start_info.h, which QEMU, Cloud Hypervisor and Firecracker
 * follow. Pure, so that it is tested on the host.
 */
#ifndef BINDINGS_VIRTIO_PVH_H
#define BINDINGS_VIRTIO_PVH_H

#include "libos/bindings/virtio/physical.h"

#define PVH_CMDLINE_SIZE 4096u /* bytes, NUL included */

struct pvh {
    uint64_t ram_end; /* where the memory that holds the image ends, at most 4 GiB; a multiple of 4096 */
    uint64_t rsdp;    /* physical address of ACPI's root, or 0 */
    char cmdline[PVH_CMDLINE_SIZE];
};

/*
 * Reads the start information at ADDRESS. IMAGE_START and IMAGE_END are where the image lies. NULL if *PVH is
 * filled, otherwise a constant sentence that says what is wrong.
 */
const char *virtio_pvh_read(struct pvh *pvh, const struct physical *memory, uint64_t address,
                            uint64_t image_start, uint64_t image_end);

#endif
