/*
 * rules.h: which system calls a process guest may make: a pure function of its attached manifest.
 *
 * Source: the Solo5 ABI facts, section 3. Nothing is allowed beyond what the ABI names, and every
 * argument that selects an object is fixed.
 */
#ifndef TENDER_SPT_RULES_H
#define TENDER_SPT_RULES_H

#include "image/image.h"
#include "jail/filter.h"

/* Eight for every guest, two a device. */
#define RULES_MAX (8u + 2u * MFT_MAX_ENTRIES)

/*
 * Fills RULES and returns how many. Only attached entries of MANIFEST count. EPOLL and TIMER are the
 * descriptors named in the boot information.
 */
size_t rules_make(struct filter_rule rules[static RULES_MAX], const struct image_manifest *manifest,
                  int epoll, int timer);

#endif
