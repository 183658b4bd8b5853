/*
 * boot.h: the boot information of a process guest: the structure, the manifest, the command line, one
 * directly after the other. Source: the Solo5 ABI facts, section 3.
 */
#ifndef TENDER_SPT_BOOT_H
#define TENDER_SPT_BOOT_H

#include "bivy/abi/spt.h"
#include "image/image.h"

/* Bytes that boot_write() may use at most. */
#define BOOT_MAX_SIZE (sizeof(struct spt_boot_info) + MFT_MAX_SIZE + SPT_CMDLINE_SIZE)

/*
 * Writes at TO what the guest finds at address GUEST. INFO has mem_size, kernel_end, epollfd and timerfd;
 * the addresses are filled in. ARGUMENTS (NULL-terminated) are joined by single spaces. Returns 0, or
 * -E2BIG if they do not fit SPT_CMDLINE_SIZE with their NUL.
 */
int boot_write(void *to, uint64_t guest, const struct spt_boot_info *info,
               const struct image_manifest *manifest, const char *const *arguments);

#endif
