/* ramfs.h: what the tree (ramfs.c) and the files (ramfs_file.c) of the file system in memory share. */
#ifndef LIBOS_POSIX_RAMFS_H
#define LIBOS_POSIX_RAMFS_H

#include "libos/posix/vfs.h"

struct ramfs_node {
    struct ramfs_node *parent, *next, *children; /* no parent: the root, or unlinked */
    char *name;                                  /* behind the node itself, or allocated by a rename */
    uint8_t **blocks;                            /* NULL: a block of zeros */
    size_t block_count;
    uint64_t size_bytes, number, cursor;
    uint64_t accessed, changed; /* nanoseconds since 1970 */
    mode_t mode;
    unsigned opened; /* files that are open on it */
};

struct ramfs {
    struct vfs_fs fs;
    struct ramfs_node root;
    uint64_t last_number, last_cursor;
};

/* The node of PATH, or NULL; the child of DIRECTORY whose name is the SIZE bytes at NAME, or NULL. */
struct ramfs_node *ramfs_find(struct ramfs *fs, const char *path);
struct ramfs_node *ramfs_child(const struct ramfs_node *directory, const char *name, size_t size);

/* Makes a node of MODE at PATH; 0, -ENOENT, -EEXIST, -ENOSPC. CREATED may be NULL. */
int ramfs_create(struct ramfs *fs, const char *path, mode_t mode, struct ramfs_node **created);

/* Frees a node that is not linked and not open. */
void ramfs_node_free(struct ramfs *fs, struct ramfs_node *node);

void ramfs_node_stat(const struct ramfs_node *node, struct stat *status);

/* Opens a file; as of struct vfs_ops. */
int ramfs_open_file(struct vfs_fs *vfs, const char *path, int flags, mode_t mode, struct file **file);

#endif
