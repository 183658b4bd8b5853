/* open.c: the calls that name a file by its path. */
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/directory.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static mode_t mask = 022;

static int open_place(struct place *place, int flags, mode_t mode, struct file **file)
{
    struct stat status;
    int result = place_stat(place, &status);

    if (result < 0 && (result != -ENOENT || !(flags & O_CREAT) || place->directory))
        return result;
    if (result == 0 && S_ISDIR(status.st_mode)) {
        if ((flags & O_CREAT) && (flags & O_EXCL))
            return -EEXIST;
        return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT)
                   ? -EISDIR
                   : directory_open(place->path, flags, file);
    }
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    return place->fs->ops->open(place->fs, place->inside, flags, mode & ~mask, file);
}

/* Opens a file or a directory, relative to an open directory. */
POSIX_CALL(openat, int at, const char *path, int flags, mode_t mode)
{
    struct place place;
    struct file *file = NULL;
    int result = place_find(&place, at, path);

    if (result == 0)
        result = open_place(&place, flags, mode, &file);
    return result < 0 ? result : fd_install(file, 0, flags & O_CLOEXEC);
}

/* Opens a file or a directory. */
POSIX_CALL(open, const char *path, int flags, mode_t mode)
{
    return posix_call_openat(AT_FDCWD, path, flags, mode);
}

/* Tells about a file, relative to an open directory. */
POSIX_CALL(newfstatat, int at, const char *path, struct stat *status, int flags)
{
    struct place place;
    int result;

    if ((flags & AT_EMPTY_PATH) && !*path && at != AT_FDCWD) {
        struct file *file = fd_file(at);
        memset(status, 0, sizeof *status);
        return !file ? -EBADF : file->ops->stat ? file->ops->stat(file, status) : 0;
    }
    result = place_find(&place, at, path);
    return result < 0 ? result : place_stat(&place, status);
}

/* Tells about a file. */
POSIX_CALL(stat, const char *path, struct stat *status)
{
    return posix_call_newfstatat(AT_FDCWD, path, status, 0);
}

/* Tells about a file; there are no symbolic links. */
POSIX_CALL(lstat, const char *path, struct stat *status)
{
    return posix_call_newfstatat(AT_FDCWD, path, status, 0);
}

/* Partial: there are no users: whether the file is there, and for writing whether its file system is
 * read-only. */
POSIX_CALL(faccessat, int at, const char *path, int mode)
{
    struct stat status;
    struct place place;
    int result = place_find(&place, at, path);

    if (result == 0)
        result = place_stat(&place, &status);
    if (result == 0 && (mode & W_OK) && !place.fs->ops->unlink && !S_ISCHR(status.st_mode))
        return -EROFS;
    return result == 0 && (mode & X_OK) && S_ISREG(status.st_mode) && !(status.st_mode & 0111) ? -EACCES
                                                                                               : result;
}

/* Partial: as faccessat. */
POSIX_CALL(access, const char *path, int mode)
{
    return posix_call_faccessat(AT_FDCWD, path, mode);
}

/* There are no symbolic links: EINVAL. */
POSIX_CALL(readlinkat, int at, const char *path, char *target, size_t size)
{
    struct stat status;
    struct place place;
    int result = place_find(&place, at, path);

    (void)target, (void)size;
    if (result == 0)
        result = place_stat(&place, &status);
    return result < 0 ? result : -EINVAL;
}

/* There are no symbolic links: EINVAL. */
POSIX_CALL(readlink, const char *path, char *target, size_t size)
{
    return posix_call_readlinkat(AT_FDCWD, path, target, size);
}

/* Makes a directory, relative to an open one. */
POSIX_CALL(mkdirat, int at, const char *path, mode_t mode)
{
    struct stat status;
    struct place place;
    int result = place_find(&place, at, path);

    if (result < 0)
        return result;
    if (place_stat(&place, &status) == 0)
        return -EEXIST;
    return place.fs->ops->mkdir ? place.fs->ops->mkdir(place.fs, place.inside, mode & ~mask) : -EROFS;
}

/* Makes a directory. */
POSIX_CALL(mkdir, const char *path, mode_t mode)
{
    return posix_call_mkdirat(AT_FDCWD, path, mode);
}

/* Removes a file or, with AT_REMOVEDIR, a directory. */
POSIX_CALL(unlinkat, int at, const char *path, int flags)
{
    struct stat status;
    struct place place;
    int result = place_find(&place, at, path);

    if (result == 0)
        result = place_stat(&place, &status);
    if (result < 0)
        return result;
    if (!place.fs->ops->unlink)
        return -EROFS;
    return flags & AT_REMOVEDIR ? place.fs->ops->rmdir(place.fs, place.inside)
                                : place.fs->ops->unlink(place.fs, place.inside);
}

/* Removes a file. */
POSIX_CALL(unlink, const char *path)
{
    return posix_call_unlinkat(AT_FDCWD, path, 0);
}

/* Removes an empty directory. */
POSIX_CALL(rmdir, const char *path)
{
    return posix_call_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* Renames within one file system; replaces what has the new name. */
POSIX_CALL(renameat, int from_at, const char *from, int to_at, const char *to)
{
    struct place old, new;
    struct stat status;
    int result = place_find(&old, from_at, from);

    if (result == 0)
        result = place_stat(&old, &status);
    if (result < 0)
        return result;
    result = place_find(&new, to_at, to);
    if (result < 0)
        return result;
    if (new.directory && !S_ISDIR(status.st_mode))
        return -ENOTDIR;
    if (old.fs != new.fs)
        return -EXDEV;
    return old.fs->ops->rename ? old.fs->ops->rename(old.fs, old.inside, new.inside) : -EROFS;
}

/* Renames within one file system; replaces what has the new name. */
POSIX_CALL(rename, const char *from, const char *to)
{
    return posix_call_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* Sets what new files may not be. */
POSIX_CALL(umask, mode_t new_mask)
{
    mode_t before = mask;

    mask = new_mask & 0777;
    return (long)before;
}
