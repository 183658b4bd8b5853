/* target.h: whether an image is for this tender. */
#ifndef TENDER_COMMON_TARGET_H
#define TENDER_COMMON_TARGET_H

#include "image/image.h"

struct message;

/*
 * 0 if some ABI note of IMAGE names TARGET in this VERSION; else -ENOEXEC with MESSAGE filled. KERNEL is the
 * image's name in texts.
 */
int target_check(const struct image *image, enum abi_target target, uint32_t version, const char *kernel,
                 struct message *message);

#endif
