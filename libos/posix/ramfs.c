/*
 * ramfs.c: a file system in memory: a tree of nodes, and files in blocks of a page.
 *
 * Blocks that were never written do not exist and read as zeros. A node that is unlinked while it is open
 * lives on until it is closed. Entries of a directory have numbers that only grow, so that a directory may
 * change while it is read.
 */
#include "libos/posix/ramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct ramfs_node *ramfs_child(const struct ramfs_node *directory, const char *name, size_t size)
{
    for (struct ramfs_node *node = directory->children; node; node = node->next) {
        if (strlen(node->name) == size && memcmp(node->name, name, size) == 0)
            return node;
    }
    return NULL;
}

struct ramfs_node *ramfs_find(struct ramfs *fs, const char *path)
{
    struct ramfs_node *node = &fs->root;

    while (node && *path) {
        size_t size = strcspn(path, "/");
        node = S_ISDIR(node->mode) ? ramfs_child(node, path, size) : NULL;
        path += size;
        path += *path == '/';
    }
    return node;
}

/* The directory that PATH, which is not the root, is or would be in, and its last name. */
static struct ramfs_node *parent_find(struct ramfs *fs, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char above[VFS_PATH_MAX];
    struct ramfs_node *node;

    *name = slash ? slash + 1 : path;
    memcpy(above, path, slash ? (size_t)(slash - path) : 0);
    above[slash ? slash - path : 0] = '\0';
    node = ramfs_find(fs, above);
    return node && S_ISDIR(node->mode) ? node : NULL;
}

static void node_link(struct ramfs *fs, struct ramfs_node *directory, struct ramfs_node *node)
{
    struct ramfs_node **last = &directory->children;

    while (*last)
        last = &(*last)->next;
    node->cursor = ++fs->last_cursor;
    node->parent = directory;
    node->next = NULL;
    *last = node;
    directory->changed = solo5_clock_wall();
}

static void node_unlink(struct ramfs_node *node)
{
    struct ramfs_node **at = &node->parent->children;

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->parent->changed = solo5_clock_wall();
    node->parent = NULL;
}

static void node_drop(struct ramfs *fs, struct ramfs_node *node)
{
    node_unlink(node);
    if (node->opened == 0)
        ramfs_node_free(fs, node);
}

int ramfs_create(struct ramfs *fs, const char *path, mode_t mode, struct ramfs_node **created)
{
    const char *name;
    struct ramfs_node *directory = parent_find(fs, path, &name), *node;

    if (!directory)
        return -ENOENT;
    if (!*name || ramfs_child(directory, name, strlen(name)))
        return -EEXIST;
    node = calloc(1, sizeof *node + strlen(name) + 1);
    if (!node)
        return -ENOSPC;
    node->name = memcpy(node + 1, name, strlen(name) + 1);
    node->mode = mode;
    node->number = ++fs->last_number;
    node->accessed = node->changed = solo5_clock_wall();
    node_link(fs, directory, node);
    if (created)
        *created = node;
    return 0;
}

static int ramfs_stat(struct vfs_fs *vfs, const char *path, struct stat *status)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node)
        return -ENOENT;
    ramfs_node_stat(node, status);
    return 0;
}

static int ramfs_list(struct vfs_fs *vfs, const char *path, uint64_t *cursor, struct vfs_entry *entry)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node || !S_ISDIR(node->mode))
        return node ? -ENOTDIR : -ENOENT;
    for (node = node->children; node; node = node->next) {
        if (node->cursor <= *cursor)
            continue;
        *cursor = node->cursor;
        entry->number = node->number;
        entry->type = node->mode & S_IFMT;
        strcpy(entry->name, node->name);
        return 1;
    }
    return 0;
}

static int ramfs_mkdir(struct vfs_fs *vfs, const char *path, mode_t mode)
{
    return ramfs_create((struct ramfs *)vfs, path, S_IFDIR | (mode & 07777), NULL);
}

static int ramfs_rmdir(struct vfs_fs *vfs, const char *path)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node || !S_ISDIR(node->mode))
        return node ? -ENOTDIR : -ENOENT;
    if (!node->parent)
        return -EBUSY;
    if (node->children)
        return -ENOTEMPTY;
    node_drop((struct ramfs *)vfs, node);
    return 0;
}

static int ramfs_unlink(struct vfs_fs *vfs, const char *path)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node || S_ISDIR(node->mode))
        return node ? -EISDIR : -ENOENT;
    node_drop((struct ramfs *)vfs, node);
    return 0;
}

/* Whether DIRECTORY is NODE or lies below it. */
static bool lies_below(const struct ramfs_node *directory, const struct ramfs_node *node)
{
    for (; directory; directory = directory->parent) {
        if (directory == node)
            return true;
    }
    return false;
}

/* Whether NODE may take the place of TARGET. */
static int replace_check(const struct ramfs_node *node, const struct ramfs_node *target)
{
    if (S_ISDIR(node->mode) != S_ISDIR(target->mode))
        return S_ISDIR(target->mode) ? -EISDIR : -ENOTDIR;
    return target->children ? -ENOTEMPTY : 0;
}

static int ramfs_rename(struct vfs_fs *vfs, const char *from, const char *to)
{
    struct ramfs *fs = (struct ramfs *)vfs;
    const char *name;
    struct ramfs_node *node = ramfs_find(fs, from), *directory = parent_find(fs, to, &name), *target;
    char *copy;

    if (!node || !directory)
        return -ENOENT;
    if (!node->parent || lies_below(directory, node))
        return node->parent ? -EINVAL : -EBUSY;
    target = ramfs_child(directory, name, strlen(name));
    if (target == node)
        return 0;
    if (target && replace_check(node, target) < 0)
        return replace_check(node, target);
    copy = strdup(name);
    if (!copy)
        return -ENOSPC;
    if (target)
        node_drop(fs, target);
    if (node->name != (char *)(node + 1))
        free(node->name);
    node->name = copy;
    node_unlink(node);
    node_link(fs, directory, node);
    return 0;
}

static int ramfs_set_times(struct vfs_fs *vfs, const char *path, uint64_t accessed, uint64_t changed)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node)
        return -ENOENT;
    node->accessed = accessed;
    node->changed = changed;
    return 0;
}

static int ramfs_set_mode(struct vfs_fs *vfs, const char *path, mode_t mode)
{
    struct ramfs_node *node = ramfs_find((struct ramfs *)vfs, path);

    if (!node)
        return -ENOENT;
    node->mode = (node->mode & S_IFMT) | (mode & 07777);
    return 0;
}

static const struct vfs_ops ramfs_ops = {
    .open = ramfs_open_file,
    .stat = ramfs_stat,
    .list = ramfs_list,
    .mkdir = ramfs_mkdir,
    .rmdir = ramfs_rmdir,
    .unlink = ramfs_unlink,
    .rename = ramfs_rename,
    .set_times = ramfs_set_times,
    .set_mode = ramfs_set_mode,
};

struct vfs_fs *ramfs_open(void)
{
    struct ramfs *fs = calloc(1, sizeof *fs);

    if (!fs)
        return NULL;
    fs->fs.ops = &ramfs_ops;
    fs->root = (struct ramfs_node){.name = NULL, .mode = S_IFDIR | 01777, .number = 1};
    fs->last_number = 1;
    return &fs->fs;
}
