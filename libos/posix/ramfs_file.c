/* ramfs_file.c: the files of the file system in memory, and their bytes. */
#include "libos/posix/position.h"
#include "libos/posix/ramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK         4096u
#define FILE_SIZE_MAX (UINT64_C(1) << 40)

struct ramfs_file {
    struct file file;
    struct ramfs *fs;
    struct ramfs_node *node;
    off_t position;
};

static struct ramfs_node *node_of(struct file *file)
{
    return ((struct ramfs_file *)file)->node;
}

static void blocks_free(struct ramfs_node *node, size_t from)
{
    for (size_t i = from; i < node->block_count; i++) {
        free(node->blocks[i]);
        node->blocks[i] = NULL;
    }
}

void ramfs_node_free(struct ramfs *fs, struct ramfs_node *node)
{
    (void)fs;
    blocks_free(node, 0);
    free(node->blocks);
    if (node->name != (char *)(node + 1))
        free(node->name);
    free(node);
}

static struct timespec timespec_of(uint64_t time)
{
    return (struct timespec){.tv_sec = (time_t)(time / 1000000000u), .tv_nsec = (long)(time % 1000000000u)};
}

void ramfs_node_stat(const struct ramfs_node *node, struct stat *status)
{
    status->st_mode = node->mode;
    status->st_ino = node->number;
    status->st_nlink = node->parent || node->number == 1;
    status->st_size = (off_t)node->size_bytes;
    status->st_blksize = BLOCK;
    for (size_t i = 0; i < node->block_count; i++)
        status->st_blocks += node->blocks[i] ? BLOCK / 512 : 0;
    status->st_atim = timespec_of(node->accessed);
    status->st_mtim = status->st_ctim = timespec_of(node->changed);
}

/* The block at INDEX, made if it is not there; NULL: no memory. */
static uint8_t *block_make(struct ramfs_node *node, size_t index)
{
    if (index >= node->block_count) {
        size_t count = node->block_count * 2 > index + 1 ? node->block_count * 2 : index + 1;
        uint8_t **blocks = realloc(node->blocks, count * sizeof *blocks);
        if (!blocks)
            return NULL;
        memset(blocks + node->block_count, 0, (count - node->block_count) * sizeof *blocks);
        node->blocks = blocks;
        node->block_count = count;
    }
    if (!node->blocks[index])
        node->blocks[index] = calloc(1, BLOCK);
    return node->blocks[index];
}

static ssize_t ramfs_read_at(struct file *file, void *data, size_t size, off_t offset)
{
    struct ramfs_node *node = node_of(file);
    uint64_t at = (uint64_t)offset;
    size_t done = 0;

    if (at >= node->size_bytes)
        return 0;
    if (size > node->size_bytes - at)
        size = (size_t)(node->size_bytes - at);
    while (done < size) {
        size_t index = (size_t)((at + done) / BLOCK), skip = (size_t)((at + done) % BLOCK);
        size_t part = BLOCK - skip < size - done ? BLOCK - skip : size - done;
        const uint8_t *block = index < node->block_count ? node->blocks[index] : NULL;
        if (block)
            memcpy((uint8_t *)data + done, block + skip, part);
        else
            memset((uint8_t *)data + done, 0, part);
        done += part;
    }
    return (ssize_t)done;
}

static ssize_t ramfs_write_at(struct file *file, const void *data, size_t size, off_t offset)
{
    struct ramfs_node *node = node_of(file);
    uint64_t at = (uint64_t)offset;
    size_t done = 0;

    if (at >= FILE_SIZE_MAX || size > FILE_SIZE_MAX - at)
        return -EFBIG;
    while (done < size) {
        size_t skip = (size_t)((at + done) % BLOCK);
        size_t part = BLOCK - skip < size - done ? BLOCK - skip : size - done;
        uint8_t *block = block_make(node, (size_t)((at + done) / BLOCK));
        if (!block)
            break;
        memcpy(block + skip, (const uint8_t *)data + done, part);
        done += part;
    }
    if (done == 0 && size > 0)
        return -ENOSPC;
    if (at + done > node->size_bytes)
        node->size_bytes = at + done;
    node->changed = solo5_clock_wall();
    return (ssize_t)done;
}

static ssize_t ramfs_read(struct file *file, void *data, size_t size)
{
    return position_read(file, &((struct ramfs_file *)file)->position, data, size);
}

static ssize_t ramfs_write(struct file *file, const void *data, size_t size)
{
    struct ramfs_file *own = (struct ramfs_file *)file;

    if (file->flags & O_APPEND)
        own->position = (off_t)own->node->size_bytes;
    return position_write(file, &own->position, data, size);
}

static off_t ramfs_seek(struct file *file, off_t offset, int whence)
{
    struct ramfs_file *own = (struct ramfs_file *)file;

    return position_seek(&own->position, own->node->size_bytes, offset, whence);
}

static int ramfs_file_stat(struct file *file, struct stat *status)
{
    ramfs_node_stat(node_of(file), status);
    return 0;
}

static int ramfs_truncate(struct file *file, off_t size)
{
    struct ramfs_node *node = node_of(file);
    size_t skip = (size_t)((uint64_t)size % BLOCK), index = (size_t)((uint64_t)size / BLOCK);

    if ((uint64_t)size > FILE_SIZE_MAX)
        return -EFBIG;
    if ((uint64_t)size < node->size_bytes) {
        blocks_free(node, index + (skip > 0));
        if (skip > 0 && index < node->block_count && node->blocks[index])
            memset(node->blocks[index] + skip, 0, BLOCK - skip);
    }
    node->size_bytes = (uint64_t)size;
    node->changed = solo5_clock_wall();
    return 0;
}

static int ramfs_sync(struct file *file)
{
    (void)file;
    return 0;
}

static void ramfs_close(struct file *file)
{
    struct ramfs_file *own = (struct ramfs_file *)file;

    if (--own->node->opened == 0 && !own->node->parent)
        ramfs_node_free(own->fs, own->node);
    free(own);
}

static const struct file_ops ramfs_file_ops = {
    .read = ramfs_read,
    .write = ramfs_write,
    .read_at = ramfs_read_at,
    .write_at = ramfs_write_at,
    .seek = ramfs_seek,
    .stat = ramfs_file_stat,
    .truncate = ramfs_truncate,
    .sync = ramfs_sync,
    .close = ramfs_close,
};

int ramfs_open_file(struct vfs_fs *vfs, const char *path, int flags, mode_t mode, struct file **file)
{
    struct ramfs *fs = (struct ramfs *)vfs;
    struct ramfs_node *node = ramfs_find(fs, path);
    struct ramfs_file *opened;
    int result = 0;

    if (node && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (node && S_ISDIR(node->mode))
        return -EISDIR;
    if (!node && !(flags & O_CREAT))
        return -ENOENT;
    opened = calloc(1, sizeof *opened);
    if (!opened)
        return -ENOMEM;
    if (!node)
        result = ramfs_create(fs, path, S_IFREG | (mode & 07777), &node);
    if (result < 0) {
        free(opened);
        return result;
    }
    file_open(&opened->file, &ramfs_file_ops, flags);
    opened->fs = fs;
    opened->node = node;
    node->opened++;
    *file = &opened->file;
    return flags & O_TRUNC && (flags & O_ACCMODE) != O_RDONLY ? ramfs_truncate(*file, 0) : 0;
}
