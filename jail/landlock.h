/* landlock.h: which files a program can still reach by path. A layer of jail.h, and for others by itself. */
#ifndef JAIL_LANDLOCK_H
#define JAIL_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct landlock_rules {
    /* Files and directories that can be read; one that does not exist is left out. */
    const char *const *readable;
    size_t readable_count;

    /* Directories below which regular files can be read, written, made and removed; all must exist. */
    const char *const *writable;
    size_t writable_count;

    /*
     * Where the kernel knows how: no TCP port can be connected to or bound, no abstract socket of another
     * program reached, no signal sent to one. Sockets that have a path are not touched.
     */
    bool isolated;
};

/*
 * From now on this thread and those it makes reach by path only what RULES name, and execute nothing. Needs
 * no_new_privs. The version of Landlock that holds; 0: this kernel has none; or -errno with ERR filled.
 */
int landlock_enter(const struct landlock_rules *rules, struct error *err);

#endif
