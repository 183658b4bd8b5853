/* counter.c: descriptors that count: eventfd, what threads tell each other, and timerfd, what time has
 * passed. */
#include "libos/kernel/sched.h"
#include "libos/kernel/timer.h"
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/file.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define COUNT_MAX (UINT64_MAX - 1)

struct event {
    struct file file;
    uint64_t count;
    bool semaphore;
};

struct timer_file {
    struct file file;
    struct timer timer;
    clockid_t clock;
    solo5_time_t interval; /* 0: once */
    uint64_t passed;
};

static ssize_t event_read(struct file *file, void *data, size_t size)
{
    struct event *event = (struct event *)file;
    uint64_t taken = event->semaphore ? 1 : event->count;

    if (size < sizeof taken)
        return -EINVAL;
    if (event->count == 0)
        return -EAGAIN;
    event->count -= taken;
    memcpy(data, &taken, sizeof taken);
    file_wake(file);
    return sizeof taken;
}

static ssize_t event_write(struct file *file, const void *data, size_t size)
{
    struct event *event = (struct event *)file;
    uint64_t more;

    if (size < sizeof more)
        return -EINVAL;
    memcpy(&more, data, sizeof more);
    if (more == UINT64_MAX)
        return -EINVAL;
    if (more > COUNT_MAX - event->count)
        return -EAGAIN;
    event->count += more;
    file_wake(file);
    return sizeof more;
}

static unsigned event_ready(struct file *file)
{
    const struct event *event = (const struct event *)file;

    return (event->count > 0 ? POLLIN : 0) | (event->count < COUNT_MAX ? POLLOUT : 0);
}

static void event_close(struct file *file)
{
    free(file);
}

static const struct file_ops event_ops = {
    .read = event_read,
    .write = event_write,
    .ready = event_ready,
    .close = event_close,
};

/* A counter that threads add to and take from. */
POSIX_CALL(eventfd2, unsigned count, int flags)
{
    struct event *event = calloc(1, sizeof *event);

    if (!event)
        return -ENOMEM;
    file_open(&event->file, &event_ops, O_RDWR | (flags & EFD_NONBLOCK ? O_NONBLOCK : 0));
    event->count = count;
    event->semaphore = flags & EFD_SEMAPHORE;
    return fd_install(&event->file, 0, flags & EFD_CLOEXEC);
}

static void timer_passed(struct timer *timer)
{
    struct timer_file *own = (struct timer_file *)((char *)timer - offsetof(struct timer_file, timer));
    solo5_time_t now = solo5_clock_monotonic();
    uint64_t periods = own->interval > 0 ? (now - timer->deadline) / own->interval + 1 : 1;

    own->passed += periods;
    if (own->interval > 0)
        timer_set(timer, timer->deadline + periods * own->interval, timer_passed);
    file_wake(&own->file);
}

static ssize_t timer_read(struct file *file, void *data, size_t size)
{
    struct timer_file *own = (struct timer_file *)file;

    if (size < sizeof own->passed)
        return -EINVAL;
    timers_check();
    if (own->passed == 0)
        return -EAGAIN;
    memcpy(data, &own->passed, sizeof own->passed);
    own->passed = 0;
    return sizeof own->passed;
}

static unsigned timer_ready(struct file *file)
{
    timers_check();
    return ((const struct timer_file *)file)->passed > 0 ? POLLIN : 0;
}

static void timer_close(struct file *file)
{
    timer_cancel(&((struct timer_file *)file)->timer);
    free(file);
}

static const struct file_ops timer_ops = {.read = timer_read, .ready = timer_ready, .close = timer_close};

/* A timer that is read. */
POSIX_CALL(timerfd_create, int clock, int flags)
{
    struct timer_file *own;
    solo5_time_t now;

    if (!clock_read(clock, &now))
        return -EINVAL;
    own = calloc(1, sizeof *own);
    if (!own)
        return -ENOMEM;
    file_open(&own->file, &timer_ops, O_RDWR | (flags & TFD_NONBLOCK ? O_NONBLOCK : 0));
    own->clock = clock;
    return fd_install(&own->file, 0, flags & TFD_CLOEXEC);
}

static struct timer_file *timer_of(int fd)
{
    struct file *file = fd_file(fd);

    return file && file->ops == &timer_ops ? (struct timer_file *)file : NULL;
}

/* What is left of the timer's time, and its interval. */
POSIX_CALL(timerfd_gettime, int fd, struct itimerspec *result)
{
    struct timer_file *own = timer_of(fd);
    solo5_time_t now = solo5_clock_monotonic();

    if (!own)
        return fd_file(fd) ? -EINVAL : -EBADF;
    timers_check();
    result->it_interval = clock_timespec(own->interval);
    result->it_value =
        clock_timespec(own->timer.link && own->timer.deadline > now ? own->timer.deadline - now : 0);
    return 0;
}

/* Sets the timer; a step of the wall clock is not noticed. */
POSIX_CALL(timerfd_settime, int fd, int flags, const struct itimerspec *wanted, struct itimerspec *before)
{
    struct timer_file *own = timer_of(fd);
    solo5_time_t first, interval, now;

    if (!own)
        return fd_file(fd) ? -EINVAL : -EBADF;
    if (clock_duration(&wanted->it_value, &first) < 0 || clock_duration(&wanted->it_interval, &interval) < 0)
        return -EINVAL;
    if (before)
        posix_call_timerfd_gettime(fd, before);
    timer_cancel(&own->timer);
    own->interval = interval;
    own->passed = 0;
    if (first == 0)
        return 0;
    clock_read(own->clock, &now);
    if (flags & TFD_TIMER_ABSTIME)
        first = first > now ? first - now : 0;
    timer_set(&own->timer, clock_deadline(first), timer_passed);
    return 0;
}
