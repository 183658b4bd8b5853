/* run_capture.c: see run_capture.h. A frame that the other side does not take yet is kept, and no further one
 * is read meanwhile: a capture slows a network down but loses nothing that would arrive without it. */
#define _GNU_SOURCE
#include "run_capture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "debug/pcap.h"
#include "host/error.h"
#include "host/fd.h"
#include "run.h"

#define BURST 64 /* frames in one direction before the other has its turn */

struct direction {
    bool ended;
    size_t kept; /* bytes of the frame that waits; 0: none */
    uint8_t frame[PCAP_FRAME_MAX];
};

struct capture {
    size_t net; /* index */
    char path[4096];
    int ends[2]; /* the guest's side, the network's */
    struct direction from[2];
    struct pcap pcap;
};

struct run_captures {
    size_t count;
    struct capture *items[MFT_MAX_ENTRIES];
};

/* FILE[:DEV]: what follows the last colon is a device if the image has such a one. */
static size_t split(const struct run *run, const char *text, char path[static 4096])
{
    const char *colon = strrchr(text, ':');
    size_t net = 0;
    size_t size = strlen(text);
    for (size_t i = 0; colon != NULL && i < run->net_count; i++) {
        if (strcmp(run->nets[i].spec.device, colon + 1) != 0)
            continue;
        net = i;
        size = (size_t)(colon - text);
    }
    if (size >= 4096)
        size = 4095;
    memcpy(path, text, size);
    path[size] = '\0';
    return net;
}

/* Takes the network's end from the device and gives it one of its own. */
static int step_between(struct run *run, struct capture *capture, struct error *err)
{
    struct run_net *net = &run->nets[capture->net];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, errno, "capture frames", capture->path, NULL);
    capture->ends[0] = ends[1];
    capture->ends[1] = net->fd;
    net->fd = ends[0];
    fd_set_nonblocking(capture->ends[0], 1);
    fd_set_nonblocking(capture->ends[1], 1);
    return pcap_open(&capture->pcap, capture->path, err);
}

static int add(struct run *run, struct run_captures *captures, const char *text, struct error *err)
{
    if (run->net_count == 0)
        return error_set(err, ENODEV, "capture frames", text, "the image has no network device");
    struct capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL)
        return error_set(err, ENOMEM, "capture frames", text, NULL);
    *capture->ends = capture->ends[1] = capture->pcap.fd = -1;
    capture->net = split(run, text, capture->path);
    for (size_t i = 0; i < captures->count; i++) {
        if (captures->items[i]->net != capture->net)
            continue;
        free(capture);
        return error_set(err, EINVAL, "capture frames", text, "the device is given twice");
    }
    captures->items[captures->count++] = capture;
    return step_between(run, capture, err);
}

struct run_captures *run_capture_start(struct run *run, struct error *err)
{
    const struct option_list *list = &run->values->captures;
    struct run_captures *captures = calloc(1, sizeof *captures);
    int result = captures == NULL ? error_set(err, ENOMEM, "run", run->path, NULL) : 0;
    /* A network that has gone is no reason to end before the guest does. */
    if (list->count > 0)
        signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; result == 0 && i < list->count; i++)
        result = add(run, captures, list->items[i], err);
    if (result == 0)
        return captures;
    run_capture_end(captures);
    return NULL;
}

size_t run_capture_poll(const struct run_captures *captures, struct pollfd fds[static RUN_CAPTURE_FDS])
{
    size_t count = 0;
    for (size_t i = 0; i < captures->count; i++) {
        const struct capture *capture = captures->items[i];
        for (int side = 0; side < 2; side++) {
            const struct direction *out = &capture->from[side];
            const struct direction *in = &capture->from[!side];
            short events = (short)((out->kept == 0 ? POLLIN : 0) | (in->kept != 0 ? POLLOUT : 0));
            fds[count++] = (struct pollfd){.fd = out->ended ? -1 : capture->ends[side], .events = events};
        }
    }
    return count;
}

static void keep(struct capture *capture, const struct direction *direction)
{
    struct timespec now;
    struct error why = {.code = 0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (pcap_add(&capture->pcap, direction->frame, direction->kept, time_ns, &why) < 0)
        error_print(&why, "bivy");
}

/* One frame from SIDE to the other; whether there may be more. */
static bool move(struct capture *capture, int side)
{
    struct direction *direction = &capture->from[side];
    if (direction->ended)
        return false;
    if (direction->kept == 0) {
        ssize_t n = read(capture->ends[side], direction->frame, sizeof direction->frame);
        if (n <= 0) {
            direction->ended = n == 0 || (errno != EAGAIN && errno != EINTR);
            return n < 0 && errno == EINTR;
        }
        direction->kept = (size_t)n;
        keep(capture, direction);
    }
    ssize_t n = write(capture->ends[!side], direction->frame, direction->kept);
    if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return false;
    /* What the other side refuses is lost, as on a wire. */
    direction->kept = 0;
    return true;
}

void run_capture_step(struct run_captures *captures)
{
    for (size_t i = 0; i < captures->count; i++)
        for (int side = 0; side < 2; side++)
            for (int n = 0; n < BURST && move(captures->items[i], side); n++)
                ;
}

void run_capture_end(struct run_captures *captures)
{
    if (captures == NULL)
        return;
    for (size_t i = 0; i < captures->count; i++) {
        struct capture *capture = captures->items[i];
        while (capture->ends[0] >= 0 && move(capture, 0))
            ;
        fd_close(&capture->ends[0]);
        fd_close(&capture->ends[1]);
        pcap_close(&capture->pcap);
        free(capture);
    }
    free(captures);
}
