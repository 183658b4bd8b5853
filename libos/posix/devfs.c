/* devfs.c: /dev: the few devices that programs open by name. */
#include "libos/posix/vfs.h"

#include <bivy/random.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static ssize_t null_read(struct file *file, void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return 0;
}

static ssize_t null_write(struct file *file, const void *data, size_t size)
{
    (void)file, (void)data;
    return (ssize_t)size;
}

static ssize_t zero_read(struct file *file, void *data, size_t size)
{
    (void)file;
    memset(data, 0, size);
    return (ssize_t)size;
}

static ssize_t random_read(struct file *file, void *data, size_t size)
{
    (void)file;
    if (!random_is_strong())
        return -EIO;
    random_fill(data, size);
    return (ssize_t)size;
}

static int device_stat(struct file *file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR | 0666;
    status->st_nlink = 1;
    status->st_blksize = 4096;
    return 0;
}

static void device_close(struct file *file)
{
    free(file);
}

#define DEVICE(reader)                                                                                       \
    {                                                                                                        \
        .read = reader, .write = null_write, .stat = device_stat, .close = device_close                      \
    }

static const struct {
    const char *name;
    struct file_ops ops;
} devices[] = {
    {"null", DEVICE(null_read)},
    {"zero", DEVICE(zero_read)},
    {"random", DEVICE(random_read)},
    {"urandom", DEVICE(random_read)},
};
#define DEVICES (sizeof devices / sizeof *devices)

/* These stand for what a program has open from the start. */
static const char *const consoles[] = {"console", "tty", "stdin", "stdout", "stderr"};
#define CONSOLES (sizeof consoles / sizeof *consoles)

/* The index of PATH: a device, or DEVICES and more for a console, or their number: there is none. */
static size_t device_find(const char *path)
{
    for (size_t i = 0; i < DEVICES; i++) {
        if (strcmp(devices[i].name, path) == 0)
            return i;
    }
    for (size_t i = 0; i < CONSOLES; i++) {
        if (strcmp(consoles[i], path) == 0)
            return DEVICES + i;
    }
    return DEVICES + CONSOLES;
}

static int dev_open(struct vfs_fs *fs, const char *path, int flags, mode_t mode, struct file **file)
{
    size_t index = device_find(path);

    (void)fs, (void)mode;
    if (!*path)
        return -EISDIR;
    if (index == DEVICES + CONSOLES)
        return -ENOENT;
    if (index >= DEVICES) {
        *file = file_hold(&console_file);
        return 0;
    }
    *file = calloc(1, sizeof **file);
    if (!*file)
        return -ENOMEM;
    file_open(*file, &devices[index].ops, flags);
    return 0;
}

static int dev_stat(struct vfs_fs *fs, const char *path, struct stat *status)
{
    size_t index = device_find(path);

    (void)fs;
    if (*path && index == DEVICES + CONSOLES)
        return -ENOENT;
    status->st_mode = *path ? S_IFCHR | 0666 : S_IFDIR | 0555;
    status->st_nlink = 1;
    status->st_ino = *path ? index + 2 : 1;
    return 0;
}

static int dev_list(struct vfs_fs *fs, const char *path, uint64_t *cursor, struct vfs_entry *entry)
{
    size_t index = (size_t)*cursor;

    (void)fs;
    if (*path)
        return -ENOTDIR;
    if (index == DEVICES + CONSOLES)
        return 0;
    *cursor += 1;
    entry->number = index + 2;
    entry->type = S_IFCHR;
    strcpy(entry->name, index < DEVICES ? devices[index].name : consoles[index - DEVICES]);
    return 1;
}

static const struct vfs_ops dev_ops = {.open = dev_open, .stat = dev_stat, .list = dev_list};

struct vfs_fs *devfs_open(void)
{
    static struct vfs_fs fs = {&dev_ops};

    return &fs;
}
