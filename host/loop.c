/* loop.c: the event loop; see loop.h. Timers are a binary heap; removed sources are freed after the
 * turn. */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

#define LOOP_BATCH 64

struct loop_source {
    struct loop *loop;
    struct loop_source *next_removed;
    loop_function *function; /* NULL: removed */
    void *context;
    int fd;
};

struct loop_timer {
    struct loop *loop;
    loop_timer_function *function;
    void *context;
    uint64_t when_ns;
    size_t index; /* in the heap */
};

struct loop {
    int epoll;
    bool stopped;
    struct loop_source *removed;
    struct loop_timer **heap;
    size_t timers, capacity;
};

uint64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct loop *loop_create(struct error *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        error_set(err, ENOMEM, "create event loop", NULL, NULL);
        return NULL;
    }
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        error_set(err, errno, "create event loop", "epoll", NULL);
        free(loop);
        return NULL;
    }
    return loop;
}

static void free_removed(struct loop *loop)
{
    while (loop->removed != NULL) {
        struct loop_source *source = loop->removed;
        loop->removed = source->next_removed;
        free(source);
    }
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    free_removed(loop);
    for (size_t i = 0; i < loop->timers; i++)
        free(loop->heap[i]);
    free(loop->heap);
    close(loop->epoll);
    free(loop);
}

struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_function *function,
                             void *context, struct error *err)
{
    struct loop_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        error_set(err, ENOMEM, "watch descriptor", NULL, NULL);
        return NULL;
    }
    *source = (struct loop_source){.loop = loop, .function = function, .context = context, .fd = fd};
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        error_set(err, errno, "watch descriptor", NULL, NULL);
        free(source);
        return NULL;
    }
    return source;
}

void loop_change(struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    epoll_ctl(source->loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop_source **slot)
{
    struct loop_source *source = *slot;
    if (source == NULL)
        return;
    *slot = NULL;
    epoll_ctl(source->loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    source->function = NULL;
    source->next_removed = source->loop->removed;
    source->loop->removed = source;
}

static void heap_place(struct loop *loop, size_t index, struct loop_timer *timer)
{
    loop->heap[index] = timer;
    timer->index = index;
}

static void heap_rise(struct loop *loop, size_t index, struct loop_timer *timer)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (loop->heap[parent]->when_ns <= timer->when_ns)
            break;
        heap_place(loop, index, loop->heap[parent]);
        index = parent;
    }
    heap_place(loop, index, timer);
}

static void heap_sink(struct loop *loop, size_t index, struct loop_timer *timer)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= loop->timers)
            break;
        if (child + 1 < loop->timers && loop->heap[child + 1]->when_ns < loop->heap[child]->when_ns)
            child++;
        if (loop->heap[child]->when_ns >= timer->when_ns)
            break;
        heap_place(loop, index, loop->heap[child]);
        index = child;
    }
    heap_place(loop, index, timer);
}

struct loop_timer *loop_after(struct loop *loop, uint64_t delay_ns, loop_timer_function *function,
                              void *context, struct error *err)
{
    if (loop->timers == loop->capacity) {
        size_t capacity = loop->capacity > 0 ? loop->capacity * 2 : 16;
        struct loop_timer **heap = realloc(loop->heap, capacity * sizeof(struct loop_timer *));
        if (heap == NULL) {
            error_set(err, ENOMEM, "set timer", NULL, NULL);
            return NULL;
        }
        loop->heap = heap;
        loop->capacity = capacity;
    }
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) {
        error_set(err, ENOMEM, "set timer", NULL, NULL);
        return NULL;
    }
    *timer = (struct loop_timer){
        .loop = loop, .function = function, .context = context, .when_ns = loop_now() + delay_ns};
    heap_rise(loop, loop->timers++, timer);
    return timer;
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
    size_t index = timer->index;
    struct loop_timer *last = loop->heap[--loop->timers];
    if (last == timer)
        return;
    if (index > 0 && last->when_ns < loop->heap[(index - 1) / 2]->when_ns)
        heap_rise(loop, index, last);
    else
        heap_sink(loop, index, last);
}

void loop_cancel(struct loop_timer **slot)
{
    struct loop_timer *timer = *slot;
    if (timer == NULL)
        return;
    *slot = NULL;
    heap_remove(timer->loop, timer);
    free(timer);
}

static void fire_timers(struct loop *loop)
{
    /* Only those due at the start of the turn: a timer that sets itself anew cannot starve the
     * descriptors. */
    uint64_t now = loop_now();
    while (loop->timers > 0 && loop->heap[0]->when_ns <= now) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_function *function = timer->function;
        void *context = timer->context;
        heap_remove(loop, timer);
        free(timer);
        function(context);
    }
}

static struct timespec *time_left(struct loop *loop, int64_t timeout_ns, struct timespec *left)
{
    uint64_t wait = timeout_ns < 0 ? UINT64_MAX : (uint64_t)timeout_ns;
    if (loop->timers > 0) {
        uint64_t now = loop_now();
        uint64_t due = loop->heap[0]->when_ns;
        uint64_t until = due > now ? due - now : 0;
        wait = until < wait ? until : wait;
    }
    if (wait == UINT64_MAX)
        return NULL;
    left->tv_sec = (time_t)(wait / 1000000000u);
    left->tv_nsec = (long)(wait % 1000000000u);
    return left;
}

int loop_turn(struct loop *loop, int64_t timeout_ns)
{
    struct epoll_event events[LOOP_BATCH];
    struct timespec left;
    int n = epoll_pwait2(loop->epoll, events, LOOP_BATCH, time_left(loop, timeout_ns, &left), NULL);
    if (n < 0 && errno != EINTR)
        return -errno;
    for (int i = 0; i < n; i++) {
        struct loop_source *source = events[i].data.ptr;
        if (source->function != NULL)
            source->function(source->context, events[i].events);
    }
    fire_timers(loop);
    free_removed(loop);
    return 0;
}

int loop_run(struct loop *loop)
{
    int result = 0;
    loop->stopped = false;
    while (!loop->stopped && result == 0)
        result = loop_turn(loop, -1);
    return result;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
