/* directory.c: see directory.h. */
#include "libos/posix/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct directory {
    struct file file;
    uint64_t cursor; /* the file system's */
    size_t position; /* 0: ".", 1: "..", 2: the file system's entries; beyond: the mount points below */
    char path[];
};

static char current[VFS_PATH_MAX] = "/";

static void mount_first(void)
{
    static bool done;
    struct vfs_fs *memory;

    if (done)
        return;
    done = true;
    vfs_mount("/", imagefs_open());
    vfs_mount("/dev", devfs_open());
    memory = ramfs_open();
    if (memory)
        vfs_mount("/tmp", memory);
}

const char *directory_current(void)
{
    return current;
}

int directory_set_current(const char *path)
{
    strcpy(current, path);
    return 0;
}

int place_find(struct place *place, int at, const char *path)
{
    const char *base = current;
    int result;

    if (!path)
        return -EFAULT;
    if (at != AT_FDCWD && path[0] != '/') {
        struct file *file = fd_file(at);
        if (!file)
            return -EBADF;
        base = directory_path(file);
        if (!base)
            return -ENOTDIR;
    }
    mount_first();
    result = vfs_path(base, path, place->path, &place->directory);
    if (result == 0)
        place->fs = vfs_find(place->path, &place->inside);
    return result;
}

int place_stat(const struct place *place, struct stat *status)
{
    int result;

    memset(status, 0, sizeof *status);
    result = place->fs->ops->stat(place->fs, place->inside, status);
    if (result == 0 && place->directory && !S_ISDIR(status->st_mode))
        return -ENOTDIR;
    status->st_dev = (dev_t)(uintptr_t)place->fs;
    return result;
}

static const struct file_ops directory_ops;

const char *directory_path(const struct file *file)
{
    return file->ops == &directory_ops ? ((const struct directory *)file)->path : NULL;
}

/* The next entry of DIRECTORY: 1, 0 at the end, or a negative errno. */
static int entry_next(struct directory *directory, struct vfs_entry *entry)
{
    const char *inside, *name;
    struct vfs_fs *fs = vfs_find(directory->path, &inside);

    if (directory->position < 2) {
        *entry = (struct vfs_entry){.number = 1, .type = S_IFDIR};
        strcpy(entry->name, directory->position++ ? ".." : ".");
        return 1;
    }
    if (directory->position == 2) {
        int result = fs->ops->list(fs, inside, &directory->cursor, entry);
        if (result != 0)
            return result;
        directory->position++;
    }
    name = vfs_mount_below(directory->path, directory->position - 3);
    if (!name)
        return 0;
    directory->position++;
    *entry = (struct vfs_entry){.number = 1, .type = S_IFDIR};
    strncpy(entry->name, name, sizeof entry->name - 1);
    return 1;
}

static ssize_t directory_list(struct file *file, void *entries, size_t size)
{
    struct directory *directory = (struct directory *)file;
    size_t used = 0;

    for (;;) {
        struct directory before = *directory;
        struct vfs_entry entry;
        struct dirent *place;
        size_t length;
        int result = entry_next(directory, &entry);
        if (result <= 0)
            return used > 0 ? (ssize_t)used : result;
        length = (offsetof(struct dirent, d_name) + strlen(entry.name) + 1 + 7) & ~(size_t)7;
        if (length > size - used) {
            directory->cursor = before.cursor;
            directory->position = before.position;
            return used > 0 ? (ssize_t)used : -EINVAL;
        }
        place = (struct dirent *)((char *)entries + used);
        place->d_ino = entry.number;
        place->d_off = 0;
        place->d_reclen = (unsigned short)length;
        place->d_type = (unsigned char)(entry.type >> 12);
        strcpy(place->d_name, entry.name);
        used += length;
    }
}

/* Only back to the beginning. */
static off_t directory_seek(struct file *file, off_t offset, int whence)
{
    struct directory *directory = (struct directory *)file;

    if (offset != 0 || whence != SEEK_SET)
        return -EINVAL;
    directory->cursor = 0;
    directory->position = 0;
    return 0;
}

static int directory_stat(struct file *file, struct stat *status)
{
    struct place place = {.directory = true};

    strcpy(place.path, ((struct directory *)file)->path);
    place.fs = vfs_find(place.path, &place.inside);
    return place_stat(&place, status);
}

static ssize_t directory_read(struct file *file, void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return -EISDIR;
}

static int directory_sync(struct file *file)
{
    const char *inside;
    struct vfs_fs *fs = vfs_find(((struct directory *)file)->path, &inside);

    return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

static void directory_close(struct file *file)
{
    free(file);
}

static const struct file_ops directory_ops = {
    .read = directory_read,
    .list = directory_list,
    .seek = directory_seek,
    .stat = directory_stat,
    .sync = directory_sync,
    .close = directory_close,
};

int directory_open(const char *path, int flags, struct file **file)
{
    struct directory *directory = calloc(1, sizeof *directory + strlen(path) + 1);

    if (!directory)
        return -ENOMEM;
    strcpy(directory->path, path);
    file_open(&directory->file, &directory_ops, flags);
    *file = &directory->file;
    return 0;
}
