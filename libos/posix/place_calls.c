/* place_calls.c: the calls about directories and what is known of files: the current directory, modes, times,
 * sizes. */
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/directory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>

/* The current directory. */
POSIX_CALL(getcwd, char *path, size_t size)
{
    size_t needed = strlen(directory_current()) + 1;

    if (needed > size)
        return -ERANGE;
    memcpy(path, directory_current(), needed);
    return (long)needed;
}

/* Sets the current directory. */
POSIX_CALL(chdir, const char *path)
{
    struct place place;
    struct stat status;
    int result = place_find(&place, AT_FDCWD, path);

    if (result == 0)
        result = place_stat(&place, &status);
    if (result == 0 && !S_ISDIR(status.st_mode))
        result = -ENOTDIR;
    return result < 0 ? result : directory_set_current(place.path);
}

/* Sets the current directory to an open one. */
POSIX_CALL(fchdir, int fd)
{
    struct file *file = fd_file(fd);
    const char *path = file ? directory_path(file) : NULL;

    if (!path)
        return file ? -ENOTDIR : -EBADF;
    return directory_set_current(path);
}

/* Reads the entries of a directory. */
POSIX_CALL(getdents64, int fd, void *entries, size_t size)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    return file->ops->list ? file->ops->list(file, entries, size) : -ENOTDIR;
}

/* Partial: the mode is kept and shown, and hinders nobody. */
POSIX_CALL(fchmodat, int at, const char *path, mode_t mode)
{
    struct place place;
    int result = place_find(&place, at, path);

    if (result < 0)
        return result;
    return place.fs->ops->set_mode ? place.fs->ops->set_mode(place.fs, place.inside, mode) : -EROFS;
}

/* Partial: as fchmodat. */
POSIX_CALL(chmod, const char *path, mode_t mode)
{
    return posix_call_fchmodat(AT_FDCWD, path, mode);
}

/* Partial: the mode of an open file cannot be changed; it succeeds. */
POSIX_CALL(fchmod, int fd, mode_t mode)
{
    (void)mode;
    return fd_file(fd) ? 0 : -EBADF;
}

static uint64_t time_of(const struct timespec *time, uint64_t now, uint64_t before)
{
    if (time->tv_nsec == UTIME_NOW)
        return now;
    return time->tv_nsec == UTIME_OMIT ? before
                                       : (uint64_t)time->tv_sec * CLOCK_SECOND + (uint64_t)time->tv_nsec;
}

/* Partial: sets the times of a file by its path; those of an open file are not set, and it succeeds. */
POSIX_CALL(utimensat, int at, const char *path, const struct timespec *times, int flags)
{
    static const struct timespec now_twice[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    uint64_t now = solo5_clock_wall();
    struct place place;
    struct stat before;
    int result;

    (void)flags;
    if (!path)
        return fd_file(at) ? 0 : -EBADF;
    if (!times)
        times = now_twice;
    result = place_find(&place, at, path);
    if (result == 0)
        result = place_stat(&place, &before);
    if (result < 0)
        return result;
    if (!place.fs->ops->set_times)
        return -EROFS;
    return place.fs->ops->set_times(
        place.fs, place.inside,
        time_of(&times[0], now,
                (uint64_t)before.st_atim.tv_sec * CLOCK_SECOND + (uint64_t)before.st_atim.tv_nsec),
        time_of(&times[1], now,
                (uint64_t)before.st_mtim.tv_sec * CLOCK_SECOND + (uint64_t)before.st_mtim.tv_nsec));
}

static int usage_of(struct vfs_fs *fs, struct statfs *result)
{
    struct vfs_usage usage = {0};

    memset(result, 0, sizeof *result);
    if (fs->ops->usage && fs->ops->usage(fs, &usage) < 0)
        return -EIO;
    result->f_bsize = result->f_frsize = 4096;
    result->f_blocks = usage.size_bytes / 4096;
    result->f_bfree = result->f_bavail = usage.free_bytes / 4096;
    result->f_namelen = VFS_NAME_MAX;
    return 0;
}

/* Partial: sizes, where the file system knows them. */
POSIX_CALL(statfs, const char *path, struct statfs *result)
{
    struct place place;
    int found = place_find(&place, AT_FDCWD, path);

    return found < 0 ? found : usage_of(place.fs, result);
}

/* Sets the size of a file. */
POSIX_CALL(truncate, const char *path, off_t size)
{
    struct place place;
    struct file *file;
    int result = place_find(&place, AT_FDCWD, path);

    if (result == 0)
        result = place.fs->ops->open(place.fs, place.inside, O_WRONLY, 0, &file);
    if (result < 0)
        return result;
    result = size < 0 || !file->ops->truncate ? -EINVAL : file->ops->truncate(file, size);
    file_release(file);
    return result;
}

/* Partial: as statfs, for directories; of other files only that they are there. */
POSIX_CALL(fstatfs, int fd, struct statfs *result)
{
    static struct vfs_ops nothing;
    struct file *file = fd_file(fd);
    const char *path = file ? directory_path(file) : NULL, *inside;

    if (!file)
        return -EBADF;
    return usage_of(path ? vfs_find(path, &inside) : &(struct vfs_fs){&nothing}, result);
}

/* Nothing is kept back: what a file system must keep is kept when fsync() returns. */
POSIX_CALL(sync, void)
{
    return 0;
}
