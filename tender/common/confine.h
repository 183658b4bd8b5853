/*
 * confine.h: takes from the tender's process what no guest needs: descriptors and privileges. Each tender
 * installs its filter of system calls itself, last of all.
 */
#ifndef TENDER_COMMON_CONFINE_H
#define TENDER_COMMON_CONFINE_H

#include "image/image.h"

struct message;

/*
 * Makes sure that descriptors 0, 1 and 2 are open, so that none that is opened later is taken for the
 * console. 0, or a negative errno.
 */
int confine_standard_descriptors(void);

/*
 * No new privileges, no capabilities, no core dump. With IGNORE_PIPE a write to a socket whose peer is
 * gone fails instead of ending the guest. 0, or a negative errno with MESSAGE.
 */
int confine_privileges(bool ignore_pipe, struct message *message);

/* The open descriptors that the guest keeps: 1, EPOLL, OTHER and the attached devices of MANIFEST. */
#define CONFINE_MAX_KEPT (3u + MFT_MAX_ENTRIES)
size_t confine_kept(int kept[static CONFINE_MAX_KEPT], const struct image_manifest *manifest, int epoll,
                    int other);

/* Closes every descriptor but the COUNT in KEPT (at least 1), which it sorts. 0, or a negative errno. */
int confine_close_others(int *kept, size_t count);

#endif
