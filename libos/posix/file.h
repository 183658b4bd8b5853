/*
 * file.h: what a descriptor stands for, and the table of descriptors.
 *
 * Every kind of file (console, pipe, socket, file of a file system) embeds struct file and has a const table
 * of operations. None of these ever waits: an operation that cannot go on returns -EAGAIN, and the one place
 * that waits (io.c) waits on the file's queue and asks again. Whoever changes a file's readiness calls
 * file_wake().
 */
#ifndef LIBOS_POSIX_FILE_H
#define LIBOS_POSIX_FILE_H

#include "libos/kernel/wait.h"

#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct iovec;
struct socket_ops;
struct file;
struct stat;

/* What can be done with a kind of file. One that is NULL fails as the comment says. */
struct file_ops {
    ssize_t (*read)(struct file *, void *data, size_t size);                         /* EBADF */
    ssize_t (*write)(struct file *, const void *data, size_t size);                  /* EBADF */
    ssize_t (*writev)(struct file *, const struct iovec *parts, int count);          /* by write() */
    ssize_t (*read_at)(struct file *, void *data, size_t size, off_t offset);        /* ESPIPE */
    ssize_t (*write_at)(struct file *, const void *data, size_t size, off_t offset); /* ESPIPE */
    off_t (*seek)(struct file *, off_t offset, int whence);                          /* ESPIPE */
    int (*stat)(struct file *, struct stat *);                                       /* zeros */
    int (*truncate)(struct file *, off_t size);                                      /* EINVAL */
    int (*sync)(struct file *);                                                      /* EINVAL */
    ssize_t (*list)(struct file *, void *entries, size_t size);                      /* ENOTDIR */
    int (*map)(struct file *, off_t offset, size_t size, const void **data);         /* copied by read_at() */
    int (*control)(struct file *, unsigned long request, void *argument);            /* ENOTTY */
    unsigned (*ready)(struct file *); /* the POLL* bits that hold now; NULL: always in and out */
    void (*close)(struct file *);     /* the last reference is gone: frees the file */
    const struct socket_ops *socket;  /* NULL: it is no socket (posix/socket.h) */
};

struct file {
    const struct file_ops *ops;
    struct waitq waiters; /* who waits for it to become ready */
    unsigned references;
    int flags; /* of open(): access mode and status */
};

/* A new file has one reference, which fd_install() or the caller's file_release() takes. */
void file_open(struct file *file, const struct file_ops *ops, int flags);
struct file *file_hold(struct file *file);
void file_release(struct file *file);

/* Something about FILE has changed: all who wait for it look again. */
void file_wake(struct file *file);

/* The POLL* bits that hold now. */
unsigned file_ready(struct file *file);

/* Waits until FILE changes or DEADLINE; 0 or -EAGAIN (the time is over). REASON as for sched_block(). */
int file_wait(struct file *file, const char *reason, solo5_time_t deadline);

/* Whether -EAGAIN of an operation is to be waited out. */
bool file_blocks(const struct file *file);

#define FD_MAX 65536

/* The file behind FD, or NULL: there is none. The table keeps the reference. */
struct file *fd_file(int fd);

/* Gives FILE, whose reference it takes, the lowest free descriptor from LEAST on: that, or -EMFILE or
 * -ENOMEM, and the reference is released. */
int fd_install(struct file *file, int least, bool close_on_exec);

/* Puts FILE in the place of whatever FD stands for; FD or -EBADF or -ENOMEM. Takes the reference. */
int fd_replace(struct file *file, int fd, bool close_on_exec);

/* Frees FD; 0 or -EBADF. */
int fd_close(int fd);

/* The close-on-exec flag, which nothing here acts on but which programs ask back. */
bool fd_close_on_exec(int fd);
void fd_set_close_on_exec(int fd, bool on);

/* How many descriptors the table has room for now; all in use are below. */
int fd_limit(void);

/* The console, which descriptors 0 to 2 stand for when the program starts. */
extern struct file console_file;

#endif
