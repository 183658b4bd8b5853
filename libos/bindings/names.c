/* names.c: the names of the devices (bivy/device.h). */
#include "libos/bindings/bindings.h"

#include <bivy/device.h>

const char *bindings_net_name(size_t index)
{
    for (uint64_t handle = 1; handle < MFT_MAX_ENTRIES; handle++) {
        const struct mft_entry *entry = bindings_device(handle, MFT_DEV_NET_BASIC);
        if (entry && index-- == 0)
            return entry->name;
    }
    return NULL;
}
