/* vfs.c: paths and the mount table. */
#include "libos/posix/vfs.h"

#include <errno.h>
#include <string.h>

static struct {
    const char *at; /* without the final slash: "" is the root */
    size_t size;
    struct vfs_fs *fs;
} mounts[VFS_MOUNTS_MAX];
static size_t mount_count;

static int path_append(char result[static VFS_PATH_MAX], size_t *used, const char *part, size_t size)
{
    if (size > VFS_NAME_MAX || *used + 1 + size + 1 > VFS_PATH_MAX)
        return -ENAMETOOLONG;
    result[(*used)++] = '/';
    memcpy(result + *used, part, size);
    *used += size;
    return 0;
}

int vfs_path(const char *base, const char *path, char result[static VFS_PATH_MAX], bool *directory)
{
    size_t used = path[0] == '/' || strcmp(base, "/") == 0 ? 0 : strlen(base);

    if (!path[0])
        return -ENOENT;
    if (used >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(result, base, used);
    *directory = false;
    while (*path) {
        size_t size = strcspn(path, "/");
        bool up = size == 2 && path[0] == '.' && path[1] == '.';
        *directory = size == 0 || up || (size == 1 && path[0] == '.');
        if (up) {
            while (used > 0 && result[--used] != '/')
                continue;
        } else if (!*directory && path_append(result, &used, path, size) < 0) {
            return -ENAMETOOLONG;
        }
        path += size;
        if (*path == '/') {
            *directory = true;
            path++;
        }
    }
    if (used == 0)
        result[used++] = '/';
    result[used] = '\0';
    return 0;
}

bool vfs_path_has_name(const char *inside)
{
    return inside[0] != '\0';
}

int vfs_mount(const char *at, struct vfs_fs *fs)
{
    size_t size = strcmp(at, "/") == 0 ? 0 : strlen(at);

    if (at[0] != '/' || (size > 0 && at[size - 1] == '/'))
        return -EINVAL;
    for (size_t i = 0; i < mount_count; i++) {
        if (mounts[i].size == size && memcmp(mounts[i].at, at, size) == 0)
            return -EBUSY;
    }
    if (mount_count == VFS_MOUNTS_MAX)
        return -ENOSPC;
    mounts[mount_count].at = at;
    mounts[mount_count].size = size;
    mounts[mount_count++].fs = fs;
    return 0;
}

/* Whether PATH is the mount point I or lies below it. */
static bool mount_holds(size_t i, const char *path)
{
    size_t size = mounts[i].size;

    return strncmp(path, mounts[i].at, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

struct vfs_fs *vfs_find(const char *path, const char **inside)
{
    size_t best = mount_count;

    for (size_t i = 0; i < mount_count; i++) {
        if (mount_holds(i, path) && (best == mount_count || mounts[i].size > mounts[best].size))
            best = i;
    }
    if (best == mount_count)
        return NULL;
    *inside = path + mounts[best].size;
    *inside += **inside == '/';
    return mounts[best].fs;
}

const char *vfs_mount_below(const char *path, size_t index)
{
    size_t size = strcmp(path, "/") == 0 ? 0 : strlen(path);

    for (size_t i = 0; i < mount_count; i++) {
        const char *at = mounts[i].at;
        if (mounts[i].size <= size + 1 || strncmp(at, path, size) != 0 || at[size] != '/' ||
            strchr(at + size + 1, '/'))
            continue;
        if (index-- == 0)
            return at + size + 1;
    }
    return NULL;
}
