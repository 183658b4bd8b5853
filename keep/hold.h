/* hold.h: descriptors that outlive the daemon, by name: the control sockets of the switches. */
#ifndef KEEP_HOLD_H
#define KEEP_HOLD_H

#include <stddef.h>

struct hold;

/* Keeps FD under NAME, in place of an earlier one; takes ownership of it even after a failure. 0 or
 * -ENOMEM. */
int hold_put(struct hold **list, const char *name, int fd);

/* The descriptor under NAME, which stays the hold's, or -1. */
int hold_get(const struct hold *list, const char *name);

/* Closes the descriptor under NAME; 0 or -ENOENT. */
int hold_drop(struct hold **list, const char *name);

#endif
