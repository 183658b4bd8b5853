/*
 * imagefs.c: the files that were built into the image (bivy/files.h) as a read-only file system.
 *
 * Their table is sorted by path and has no entries for directories: one is there if a path begins with its
 * own. A file's bytes lie in the image, so that reading is copying, and mapping is nothing.
 */
#include "libos/posix/position.h"
#include "libos/posix/vfs.h"

#include <bivy/files.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct image_file {
    struct file file;
    const struct files_entry *entry;
    off_t position;
};

/* The first file below the directory PATH, or how many files there are: it is none. */
static size_t directory_first(const char *path)
{
    size_t size = strlen(path), i = 0;

    while (i < files_count() &&
           (strncmp(files_at(i)->path, path, size) != 0 || (size > 0 && files_at(i)->path[size] != '/')))
        i++;
    return i;
}

static bool is_directory(const char *path)
{
    return !*path || directory_first(path) < files_count();
}

static void stat_entry(const struct files_entry *entry, struct stat *status)
{
    status->st_mode = S_IFREG | 0444;
    status->st_nlink = 1;
    status->st_ino = (ino_t)(entry - files_at(0)) + 2;
    status->st_size = (off_t)entry->size_bytes;
    status->st_blksize = 4096;
    status->st_blocks = (blkcnt_t)((entry->size_bytes + 511) / 512);
}

static int image_stat(struct vfs_fs *fs, const char *path, struct stat *status)
{
    const struct files_entry *entry = files_find(path, strlen(path));

    (void)fs;
    if (entry) {
        stat_entry(entry, status);
        return 0;
    }
    if (!is_directory(path))
        return -ENOENT;
    status->st_mode = S_IFDIR | 0555;
    status->st_nlink = 1;
    status->st_ino = *path ? directory_first(path) + 2 + files_count() : 1;
    return 0;
}

/* *CURSOR is one more than the index of the file that the last entry was made of. */
static int image_list(struct vfs_fs *fs, const char *path, uint64_t *cursor, struct vfs_entry *entry)
{
    size_t first = directory_first(path), skip = *path ? strlen(path) + 1 : 0;

    (void)fs;
    if (!is_directory(path))
        return -ENOENT;
    for (size_t i = *cursor > first ? (size_t)*cursor : first; i < files_count(); i++) {
        const char *name = files_at(i)->path + skip;
        size_t size = strcspn(name, "/");
        if (skip > 0 &&
            (strncmp(files_at(i)->path, path, skip - 1) != 0 || files_at(i)->path[skip - 1] != '/'))
            continue;
        *cursor = i + 1;
        /* The files of one folder stand together: it is named by the first. */
        if (name[size] && i > first &&
            strncmp(files_at(i - 1)->path, files_at(i)->path, skip + size + 1) == 0)
            continue;
        if (size > VFS_NAME_MAX)
            continue;
        entry->number = i + 2;
        entry->type = name[size] ? S_IFDIR : S_IFREG;
        memcpy(entry->name, name, size);
        entry->name[size] = '\0';
        return 1;
    }
    return 0;
}

static ssize_t image_read_at(struct file *file, void *data, size_t size, off_t offset)
{
    const struct files_entry *entry = ((struct image_file *)file)->entry;

    if ((uint64_t)offset >= entry->size_bytes)
        return 0;
    if (size > entry->size_bytes - (uint64_t)offset)
        size = (size_t)(entry->size_bytes - (uint64_t)offset);
    memcpy(data, entry->data + offset, size);
    return (ssize_t)size;
}

static ssize_t image_read(struct file *file, void *data, size_t size)
{
    return position_read(file, &((struct image_file *)file)->position, data, size);
}

static off_t image_seek(struct file *file, off_t offset, int whence)
{
    struct image_file *own = (struct image_file *)file;

    return position_seek(&own->position, own->entry->size_bytes, offset, whence);
}

static int image_file_stat(struct file *file, struct stat *status)
{
    stat_entry(((struct image_file *)file)->entry, status);
    return 0;
}

/* Only what begins at a page and does not show what follows the file. */
static int image_map(struct file *file, off_t offset, size_t size, const void **data)
{
    const struct files_entry *entry = ((struct image_file *)file)->entry;

    if ((uint64_t)offset > entry->size_bytes || size > entry->size_bytes - (uint64_t)offset ||
        ((uintptr_t)entry->data + (uintptr_t)offset) % 4096 != 0 || size % 4096 != 0)
        return -ENODEV;
    *data = entry->data + offset;
    return 0;
}

static void image_close(struct file *file)
{
    free(file);
}

static const struct file_ops image_file_ops = {
    .read = image_read,
    .read_at = image_read_at,
    .seek = image_seek,
    .stat = image_file_stat,
    .map = image_map,
    .close = image_close,
};

static int image_open(struct vfs_fs *fs, const char *path, int flags, mode_t mode, struct file **file)
{
    const struct files_entry *entry = files_find(path, strlen(path));
    struct image_file *opened;

    (void)fs, (void)mode;
    if (!entry && is_directory(path))
        return -EISDIR;
    if (entry && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (!entry && !(flags & O_CREAT))
        return -ENOENT;
    if (!entry || (flags & O_ACCMODE) != O_RDONLY)
        return -EROFS;
    opened = calloc(1, sizeof *opened);
    if (!opened)
        return -ENOMEM;
    file_open(&opened->file, &image_file_ops, flags);
    opened->entry = entry;
    *file = &opened->file;
    return 0;
}

static const struct vfs_ops image_ops = {.open = image_open, .stat = image_stat, .list = image_list};

struct vfs_fs *imagefs_open(void)
{
    static struct vfs_fs fs = {&image_ops};

    return &fs;
}
