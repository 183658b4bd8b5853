/* boot.c: see boot.h. */
#include "tender/spt/boot.h"

#include "tender/common/arguments.h"

int boot_write(void *to, uint64_t guest, const struct spt_boot_info *info,
               const struct image_manifest *manifest, const char *const *arguments)
{
    struct spt_boot_info filled = *info;
    size_t manifest_size = MFT_SIZE(manifest->entries);
    filled.mft = guest + sizeof filled;
    filled.cmdline = filled.mft + manifest_size;
    __builtin_memcpy(to, &filled, sizeof filled);
    __builtin_memcpy((char *)to + sizeof filled, manifest, manifest_size);
    return arguments_join((char *)to + sizeof filled + manifest_size, SPT_CMDLINE_SIZE, arguments);
}
