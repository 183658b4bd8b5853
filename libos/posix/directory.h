/* directory.h: open directories, and what a path means to a call: the layer between the calls and vfs.h. */
#ifndef LIBOS_POSIX_DIRECTORY_H
#define LIBOS_POSIX_DIRECTORY_H

#include "libos/posix/vfs.h"

/* A place that a call named. */
struct place {
    char path[VFS_PATH_MAX]; /* absolute and clean */
    struct vfs_fs *fs;
    const char *inside; /* the file system's part of the path */
    bool directory;     /* it was named as a directory */
};

/* Finds what PATH means to a call with the directory descriptor AT (AT_FDCWD: the current directory). What is
 * mounted from the start is mounted by the first call. 0 or -ENOENT, -ENAMETOOLONG, -EBADF, -ENOTDIR. */
int place_find(struct place *place, int at, const char *path);

/* Fills STATUS, without what the file system leaves out; 0, -ENOENT, or -ENOTDIR: it was named as a
 * directory. */
int place_stat(const struct place *place, struct stat *status);

/* Opens the directory PATH, which exists. */
int directory_open(const char *path, int flags, struct file **file);

/* The path of an open directory, or NULL: FILE is none. */
const char *directory_path(const struct file *file);

/* The current directory. */
const char *directory_current(void);
int directory_set_current(const char *path);

#endif
