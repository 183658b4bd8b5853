/* root.h: an empty file system to live in; a part of jail.h. */
#ifndef JAIL_ROOT_H
#define JAIL_ROOT_H

struct error;
struct jail;

/*
 * Inside a mount namespace of its own: makes an empty read-only directory the root, with the jail's
 * readable paths bound into it. 0, or -errno with ERR filled.
 */
int root_enter(const struct jail *jail, struct error *err);

#endif
