/* device.c: finding the devices that the tender attached, by name and by handle. */
#include "libos/bindings/bindings.h"

static bool name_is(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

const struct mft_entry *bindings_device(uint64_t handle, uint32_t type)
{
    const struct mft *mft = bindings_boot.manifest;

    if (handle == 0 || handle >= mft->entries || handle >= MFT_MAX_ENTRIES)
        return NULL;
    return mft->e[handle].type == type && mft->e[handle].attached ? &mft->e[handle] : NULL;
}

uint64_t bindings_find(const char *name, uint32_t type)
{
    for (uint64_t handle = 1; handle < MFT_MAX_ENTRIES; handle++) {
        const struct mft_entry *entry = bindings_device(handle, type);
        if (entry && name_is(entry->name, name))
            return handle;
    }
    return 0;
}
