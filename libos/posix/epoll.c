/*
 * epoll.c: waiting for many descriptors that stay the same.
 *
 * An item stands in its file's queue for as long as it is registered. A wake-up moves it to the list of those
 * that may be ready; whether one is, is asked when the program asks. So waiting costs what is ready, not what
 * is registered.
 */
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/file.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct item {
    struct wait wait; /* first: it is found by it */
    struct epoll *epoll;
    struct item *next;       /* of all */
    struct item *next_ready; /* of those that may be ready */
    struct file *file;       /* not held: the item goes when it is closed */
    struct epoll_event event;
    int fd;
    bool queued;
};

struct epoll {
    struct file file;
    struct item *items;
    struct item *ready_first, **ready_last;
};

static const struct file_ops epoll_ops;

static void item_queue(struct item *item)
{
    struct epoll *epoll = item->epoll;

    if (item->queued)
        return;
    item->queued = true;
    item->next_ready = NULL;
    *epoll->ready_last = item;
    epoll->ready_last = &item->next_ready;
}

static void item_wake(struct wait *wait)
{
    struct item *item = (struct item *)wait;

    item_queue(item);
    file_wake(&item->epoll->file);
}

static void item_unqueue(struct item *item)
{
    struct epoll *epoll = item->epoll;
    struct item **at = &epoll->ready_first;

    if (!item->queued)
        return;
    while (*at != item)
        at = &(*at)->next_ready;
    *at = item->next_ready;
    if (epoll->ready_last == &item->next_ready)
        epoll->ready_last = at;
    item->queued = false;
}

static void item_free(struct item **at)
{
    struct item *item = *at;

    *at = item->next;
    item_unqueue(item);
    wait_remove(&item->wait);
    free(item);
}

static struct item **item_find(struct epoll *epoll, int fd, const struct file *file)
{
    struct item **at = &epoll->items;

    while (*at && ((*at)->fd != fd || (*at)->file != file))
        at = &(*at)->next;
    return at;
}

/* The file is closed for good. */
static void item_gone(struct wait *wait)
{
    struct item *item = (struct item *)wait;

    item_free(item_find(item->epoll, item->fd, item->file));
}

static unsigned item_ready(const struct item *item)
{
    return file_ready(item->file) & (item->event.events | POLLERR | POLLHUP);
}

/* Whether an item's descriptor was closed: then its registration is over. */
static bool item_stale(const struct item *item)
{
    return fd_file(item->fd) != item->file;
}

static unsigned epoll_is_ready(struct file *file)
{
    const struct epoll *epoll = (const struct epoll *)file;

    for (const struct item *item = epoll->ready_first; item; item = item->next_ready) {
        if (!item_stale(item) && item_ready(item))
            return POLLIN;
    }
    return 0;
}

static void epoll_close(struct file *file)
{
    struct epoll *epoll = (struct epoll *)file;

    while (epoll->items)
        item_free(&epoll->items);
    free(epoll);
}

static const struct file_ops epoll_ops = {.ready = epoll_is_ready, .close = epoll_close};

/* A set of descriptors to wait for. */
POSIX_CALL(epoll_create1, int flags)
{
    struct epoll *epoll = calloc(1, sizeof *epoll);

    if (!epoll)
        return -ENOMEM;
    file_open(&epoll->file, &epoll_ops, O_RDWR);
    epoll->ready_last = &epoll->ready_first;
    return fd_install(&epoll->file, 0, flags & EPOLL_CLOEXEC);
}

/* A set of descriptors to wait for. */
POSIX_CALL(epoll_create, int size)
{
    return size > 0 ? posix_call_epoll_create1(0) : -EINVAL;
}

static int item_add(struct epoll *epoll, int fd, struct file *file, const struct epoll_event *event)
{
    struct item *item = calloc(1, sizeof *item);

    if (!item)
        return -ENOMEM;
    item->epoll = epoll;
    item->file = file;
    item->fd = fd;
    item->event = *event;
    item->next = epoll->items;
    epoll->items = item;
    item->wait.wake = item_wake;
    item->wait.gone = item_gone;
    waitq_add(&file->waiters, &item->wait);
    item_wake(&item->wait);
    return 0;
}

/* Adds, changes or removes a descriptor of a set. */
POSIX_CALL(epoll_ctl, int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    struct file *set = fd_file(epoll_fd), *file = fd_file(fd);
    struct epoll *epoll = (struct epoll *)set;
    struct item **at;

    if (!set || !file)
        return -EBADF;
    /* A set in a set would need a look for circles; nobody asks for it. */
    if (set->ops != &epoll_ops || file->ops == &epoll_ops)
        return -EINVAL;
    at = item_find(epoll, fd, file);
    if (operation == EPOLL_CTL_ADD)
        return *at ? -EEXIST : item_add(epoll, fd, file, event);
    if (!*at)
        return -ENOENT;
    if (operation == EPOLL_CTL_DEL) {
        item_free(at);
        return 0;
    }
    if (operation != EPOLL_CTL_MOD)
        return -EINVAL;
    (*at)->event = *event;
    item_wake(&(*at)->wait);
    return 0;
}

/* Takes what is ready off the list: how many events. Level-triggered items go back to its end. */
static int epoll_collect(struct epoll *epoll, struct epoll_event *events, int most)
{
    struct item *item = epoll->ready_first,
                *last = (struct item *)((char *)epoll->ready_last - offsetof(struct item, next_ready));
    int count = 0;
    bool end = !item;

    while (!end && count < most) {
        struct item *next = item->next_ready;
        unsigned ready;
        end = item == last;
        item_unqueue(item);
        if (item_stale(item)) {
            item_free(item_find(epoll, item->fd, item->file));
        } else if ((ready = item_ready(item))) {
            events[count++] = (struct epoll_event){.events = ready, .data = item->event.data};
            if (item->event.events & EPOLLONESHOT)
                item->event.events = 0;
            else if (!(item->event.events & EPOLLET))
                item_queue(item);
        }
        item = next;
    }
    return count;
}

static long epoll_until(int epoll_fd, struct epoll_event *events, int most, solo5_time_t deadline)
{
    struct file *set = fd_file(epoll_fd);
    int count;

    if (!set || set->ops != &epoll_ops || most <= 0)
        return set ? -EINVAL : -EBADF;
    file_hold(set);
    sched_pass();
    while ((count = epoll_collect((struct epoll *)set, events, most)) == 0 && deadline != 0) {
        if (file_wait(set, "epoll", deadline) < 0) {
            count = epoll_collect((struct epoll *)set, events, most);
            break;
        }
    }
    file_release(set);
    return count;
}

/* Partial: waits for a set; EPOLLEXCLUSIVE is not needed, and sets in sets are refused. */
POSIX_CALL(epoll_wait, int epoll_fd, struct epoll_event *events, int most, int timeout_ms)
{
    return epoll_until(epoll_fd, events, most, clock_deadline_ms(timeout_ms));
}

/* Partial: as epoll_wait; signals cannot come meanwhile. */
POSIX_CALL(epoll_pwait, int epoll_fd, struct epoll_event *events, int most, int timeout_ms)
{
    return epoll_until(epoll_fd, events, most, clock_deadline_ms(timeout_ms));
}
