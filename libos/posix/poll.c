/* poll.c: waiting for many descriptors: poll() and select(). */
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/file.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>

#define ON_STACK 16

/* Looks at every descriptor; how many are ready. */
static int look(struct pollfd *polled, size_t count)
{
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        struct file *file = fd_file(polled[i].fd);
        unsigned wanted = (unsigned)(unsigned short)polled[i].events | POLLERR | POLLHUP;
        if (wanted & POLLIN)
            wanted |= POLLRDNORM;
        polled[i].revents = 0;
        if (polled[i].fd >= 0)
            polled[i].revents = (short)(file ? file_ready(file) & wanted : POLLNVAL);
        ready += polled[i].revents != 0;
    }
    return ready;
}

struct polling {
    struct wait wait;
    struct file *file; /* held; NULL: none */
};

static void polling_begin(struct polling *pollings, const struct pollfd *polled, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct file *file = fd_file(polled[i].fd);
        pollings[i].file = file ? file_hold(file) : NULL;
        if (file)
            waitq_add_self(&file->waiters, &pollings[i].wait);
    }
}

static void polling_end(struct polling *pollings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!pollings[i].file)
            continue;
        wait_remove(&pollings[i].wait);
        file_release(pollings[i].file);
    }
}

static long poll_until(struct pollfd *polled, size_t count, solo5_time_t deadline)
{
    struct polling few[ON_STACK], *pollings = few;
    int ready = look(polled, count);

    if (ready == 0 && deadline == 0) {
        /* Who only looks again and again must not keep the network from being looked at. */
        sched_pass();
        ready = look(polled, count);
    }
    if (ready > 0 || deadline == 0)
        return ready;
    if (count > ON_STACK)
        pollings = malloc(count * sizeof *pollings);
    if (!pollings)
        return -ENOMEM;
    polling_begin(pollings, polled, count);
    while ((ready = look(polled, count)) == 0 && sched_block("poll", deadline))
        continue;
    if (ready == 0)
        ready = look(polled, count);
    polling_end(pollings, count);
    if (pollings != few)
        free(pollings);
    return ready;
}

/* Waits for descriptors, by milliseconds. */
POSIX_CALL(poll, struct pollfd *polled, nfds_t count, int timeout_ms)
{
    if (count > FD_MAX)
        return -EINVAL;
    return poll_until(polled, count, clock_deadline_ms(timeout_ms));
}

static int deadline_of(const struct timespec *timeout, solo5_time_t *deadline)
{
    solo5_time_t duration;

    *deadline = SCHED_NEVER;
    if (!timeout)
        return 0;
    if (clock_duration(timeout, &duration) < 0)
        return -EINVAL;
    *deadline = duration == 0 ? 0 : clock_deadline(duration);
    return 0;
}

/* Partial: waits for descriptors, by nanoseconds; signals cannot come meanwhile. */
POSIX_CALL(ppoll, struct pollfd *polled, nfds_t count, const struct timespec *timeout)
{
    solo5_time_t deadline;
    int result = count > FD_MAX ? -EINVAL : deadline_of(timeout, &deadline);

    return result < 0 ? result : poll_until(polled, count, deadline);
}

static const struct {
    short wanted;
    unsigned ready;
} kinds[] = {{POLLIN, POLLIN | POLLHUP | POLLERR}, {POLLOUT, POLLOUT | POLLERR}, {POLLPRI, POLLPRI}};

/* The descriptors of SETS as a list for poll; how many, or -EBADF or -ENOMEM. */
static long sets_read(int limit, fd_set *sets[static 3], struct pollfd **list)
{
    long count = 0;

    *list = calloc((size_t)limit + 1, sizeof **list);
    if (!*list)
        return -ENOMEM;
    for (unsigned fd = 0; fd < (unsigned)limit; fd++) {
        short wanted = 0;
        for (size_t kind = 0; kind < 3; kind++)
            wanted |= sets[kind] && FD_ISSET(fd, sets[kind]) ? kinds[kind].wanted : 0;
        if (!wanted)
            continue;
        if (!fd_file((int)fd))
            return -EBADF;
        (*list)[count++] = (struct pollfd){.fd = (int)fd, .events = wanted};
    }
    return count;
}

static int sets_write(fd_set *sets[static 3], const struct pollfd *list, long count)
{
    int bits = 0;

    for (size_t kind = 0; kind < 3; kind++) {
        if (!sets[kind])
            continue;
        for (long i = 0; i < count; i++) {
            bool on =
                (list[i].events & kinds[kind].wanted) && ((unsigned)list[i].revents & kinds[kind].ready);
            if (on)
                FD_SET((unsigned)list[i].fd, sets[kind]);
            else
                FD_CLR((unsigned)list[i].fd, sets[kind]);
            bits += on;
        }
    }
    return bits;
}

static long select_until(int limit, fd_set *sets[static 3], solo5_time_t deadline)
{
    struct pollfd *list = NULL;
    long count, result;

    if (limit < 0 || limit > FD_SETSIZE)
        return -EINVAL;
    result = count = sets_read(limit, sets, &list);
    if (count >= 0)
        result = poll_until(list, (size_t)count, deadline);
    if (result >= 0)
        result = sets_write(sets, list, count);
    free(list);
    return result;
}

/* Waits for sets of descriptors, by microseconds. */
POSIX_CALL(select, int limit, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
    fd_set *sets[3] = {in, out, except};
    struct timespec time;
    solo5_time_t deadline;

    if (timeout)
        time = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    return deadline_of(timeout ? &time : NULL, &deadline) < 0 ? -EINVAL : select_until(limit, sets, deadline);
}

/* Partial: waits for sets of descriptors, by nanoseconds; signals cannot come meanwhile. */
POSIX_CALL(pselect6, int limit, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout)
{
    fd_set *sets[3] = {in, out, except};
    solo5_time_t deadline;

    return deadline_of(timeout, &deadline) < 0 ? -EINVAL : select_until(limit, sets, deadline);
}
