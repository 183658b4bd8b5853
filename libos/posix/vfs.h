/*
 * vfs.h: file systems and where they are mounted: all that a file system must provide, and nothing else.
 *
 * A file system is a struct that embeds struct vfs_fs and a const table of operations over paths. A path that
 * an operation gets is relative to the mount point and clean: no slash at either end, none doubled, no "."
 * and no "..", at most VFS_PATH_MAX bytes with the NUL; "" is the root. There are no symbolic links. Every
 * operation returns 0 (or what is said) or a negative errno. None may wait for another thread while it holds
 * a state that another call would see half changed: threads are cooperative, and a call that does not wait
 * runs undisturbed.
 *
 * An open file is a struct file of the file system's own (posix/file.h), made by open(). Directories are
 * opened by the layer above, which calls list() again and again.
 */
#ifndef LIBOS_POSIX_VFS_H
#define LIBOS_POSIX_VFS_H

#include "libos/posix/file.h"

#include <sys/stat.h>

#define VFS_PATH_MAX   1024 /* bytes of a path, NUL included */
#define VFS_NAME_MAX   255  /* bytes of one name, without the NUL */
#define VFS_MOUNTS_MAX 16

struct vfs_fs;

/* One entry of a directory. */
struct vfs_entry {
    uint64_t number; /* as st_ino */
    mode_t type;     /* S_IFREG or S_IFDIR, or another S_IF* */
    char name[VFS_NAME_MAX + 1];
};

/* What a file system may use of itself. */
struct vfs_usage {
    uint64_t size_bytes, free_bytes;
};

struct vfs_ops {
    /* Opens the file (no directory) PATH by FLAGS, of which O_CREAT, O_EXCL, O_TRUNC, O_APPEND and the access
     * mode are the file system's to obey; MODE as for open(). The new file has one reference. -EISDIR: it is
     * a directory. */
    int (*open)(struct vfs_fs *, const char *path, int flags, mode_t mode, struct file **file);
    /* Fills STATUS, which is zeros: at least the mode, number, size and times. */
    int (*stat)(struct vfs_fs *, const char *path, struct stat *status);
    /* The next entry of the directory PATH behind *CURSOR, which begins as 0 and is then advanced: 1, or 0 at
     * the end. What is created or removed between two calls may or may not be seen; everything else is seen
     * once. Without "." and "..". */
    int (*list)(struct vfs_fs *, const char *path, uint64_t *cursor, struct vfs_entry *entry);

    /* Those below may be NULL: the file system is read-only (EROFS). */
    int (*mkdir)(struct vfs_fs *, const char *path, mode_t mode);
    int (*rmdir)(struct vfs_fs *, const char *path);  /* -ENOTEMPTY unless it is empty */
    int (*unlink)(struct vfs_fs *, const char *path); /* files that are open live on until they are closed */
    /* Atomic: who looks finds the old or the new. Replaces a file by a file, an empty directory by a
     * directory. */
    int (*rename)(struct vfs_fs *, const char *from, const char *to);
    /* Sets the times of access and of change, in nanoseconds since 1970. */
    int (*set_times)(struct vfs_fs *, const char *path, uint64_t accessed, uint64_t changed);
    int (*set_mode)(struct vfs_fs *, const char *path, mode_t mode);
    int (*sync)(struct vfs_fs *); /* everything that was written so far survives; NULL: nothing to do */

    int (*usage)(struct vfs_fs *, struct vfs_usage *usage); /* NULL: unknown */
};

struct vfs_fs {
    const struct vfs_ops *ops;
};

/* Mounts FS, which must live on, at the absolute clean path AT, over whatever is there. 0, -EBUSY (something
 * is mounted at AT itself), -ENOSPC (VFS_MOUNTS_MAX) or -EINVAL (not an absolute path). AT must live on too.
 */
int vfs_mount(const char *at, struct vfs_fs *fs);

/* Where an absolute clean path lies: the file system and, in *INSIDE, the rest of the path. */
struct vfs_fs *vfs_find(const char *path, const char **inside);

/* The mount points directly below the directory PATH: the name of the INDEXth, or NULL. */
const char *vfs_mount_below(const char *path, size_t index);

/*
 * Makes RESULT, an absolute clean path, of PATH, which is relative to BASE (absolute and clean). 0, -ENOENT
 * (PATH is empty) or -ENAMETOOLONG. *DIRECTORY: PATH ended in a slash, "." or "..", so that it must name a
 * directory.
 */
int vfs_path(const char *base, const char *path, char result[static VFS_PATH_MAX], bool *directory);

/* Checks that NAME's last part, which is to be created, is one. */
bool vfs_path_has_name(const char *inside);

/* What is mounted when the program starts: the image's files at /, memory at /tmp, devices at /dev. */
struct vfs_fs *imagefs_open(void);
struct vfs_fs *devfs_open(void);

/* A new, empty file system in memory, or NULL: no memory. */
struct vfs_fs *ramfs_open(void);

#endif
