/* fd.h: file descriptors: owning them, whole reads and writes, passing them between processes. */
#ifndef HOST_FD_H
#define HOST_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* Closes *FD if it is not negative and sets it to -1; errno is kept. */
void fd_close(int *fd);

/* A variable that owns its descriptor: closed when it goes out of scope. */
#define cleanup_fd __attribute__((cleanup(fd_close)))

/* Gives up ownership: returns *FD and sets it to -1. */
int fd_take(int *fd);

/* Writes all of DATA, through short writes and EINTR; 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Reads until SIZE bytes or the end of the file; the number read, or -errno. */
ssize_t fd_read_all(int fd, void *data, size_t size);

/* Sets or clears O_NONBLOCK; 0 or -errno. */
int fd_set_nonblocking(int fd, int on);

#define FD_PASS_MAX 16

/*
 * Sends one message with COUNT (0..FD_PASS_MAX) descriptors, which the caller keeps. Returns the
 * bytes sent or -errno. MSG_NOSIGNAL is set; FLAGS are added.
 */
ssize_t fd_send(int socket, const void *data, size_t size, const int *fds, size_t count, int flags);

/*
 * Receives one message and up to *COUNT descriptors (close-on-exec, owned by the caller); *COUNT
 * becomes the number received. Returns the bytes received, 0 at the end, or -errno. A message or
 * its descriptors cut short is -EMSGSIZE, and what came with it is closed.
 */
ssize_t fd_receive(int socket, void *data, size_t size, int *fds, size_t *count, int flags);

#endif
