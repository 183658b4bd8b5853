/* health.c: see health.h. */
#define _GNU_SOURCE
#include "health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "event.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "network.h"
#include "probe.h"
#include "probe/protocol.h"
#include "trial.h"
#include "unikernel.h"

#define INTERVAL_LEAST_MS 100
#define TIME_MOST_MS      INT64_C(86400000)
#define RETRIES_MOST      1000
#define NS_OF_MS          UINT64_C(1000000)

static int64_t wanted_port(const struct wire_health *wanted)
{
    return wanted->kind.kind == WIRE_HEALTH_KIND_TCP ? wanted->kind.u.tcp : wanted->kind.u.http.port;
}

/* It becomes part of a request's first line: nothing in it may end that. */
static bool is_path(struct wire_bytes path)
{
    if (path.size == 0 || path.size > PROBE_PATH_MAX || path.data[0] != '/')
        return false;
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] <= ' ' || path.data[i] > '~')
            return false;
    return true;
}

int health_check(const char *name, const struct wire_health *wanted, struct error *err)
{
    if (wanted_port(wanted) < 1 || wanted_port(wanted) > 65535)
        return error_set(err, EINVAL, "health check", name, "a port is 1 to 65535");
    if (wanted->kind.kind == WIRE_HEALTH_KIND_HTTP && !is_path(wanted->kind.u.http.path))
        return error_set(err, EINVAL, "health check", name,
                         "a path begins with / and has at most %d printable bytes without blanks",
                         PROBE_PATH_MAX);
    if (wanted->interval_ms < INTERVAL_LEAST_MS || wanted->interval_ms > TIME_MOST_MS)
        return error_set(err, EINVAL, "health check", name, "an interval is %d ms to a day",
                         INTERVAL_LEAST_MS);
    if (wanted->timeout_ms < 1 || wanted->timeout_ms > TIME_MOST_MS)
        return error_set(err, EINVAL, "health check", name, "a time-out is 1 ms to a day");
    if (wanted->retries < 1 || wanted->retries > RETRIES_MOST)
        return error_set(err, EINVAL, "health check", name, "1 to %d failures make it failing", RETRIES_MOST);
    return 0;
}

static void ask(void *context);

static void ask_later(struct unikernel *unikernel)
{
    int64_t interval_ms = unikernel->deploy->health.interval_ms;
    if (unikernel->trial != NULL && interval_ms > TRIAL_ASK_MS)
        interval_ms = TRIAL_ASK_MS;
    uint64_t interval_ns = (uint64_t)interval_ms * NS_OF_MS;
    unikernel->health.timer = loop_after(unikernel->daemon->loop, interval_ns, ask, unikernel, NULL);
}

static void set_state(struct unikernel *unikernel, enum wire_health_state_value state, const char *why)
{
    bool passing = state == WIRE_HEALTH_STATE_PASSING;
    if (unikernel->health.state == state)
        return;
    unikernel->health.state = state;
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_HEALTH, unikernel->name, unikernel, "%s%s",
               passing ? "health: passing" : "health: failing: ", passing ? "" : why);
}

static void answered(void *context, bool passing, const char *why)
{
    struct unikernel *unikernel = context;
    struct health *health = &unikernel->health;
    health->probe = NULL;
    snprintf(health->why, sizeof health->why, "%s", passing ? "" : why);
    if (passing) {
        health->failures = 0;
        set_state(unikernel, WIRE_HEALTH_STATE_PASSING, why);
        if (unikernel->trial != NULL)
            trial_passed(unikernel);
    } else if (health->failures < RETRIES_MOST && ++health->failures >= unikernel->deploy->health.retries) {
        set_state(unikernel, WIRE_HEALTH_STATE_FAILING, why);
    }
    ask_later(unikernel);
}

static void ask(void *context)
{
    struct unikernel *unikernel = context;
    const struct wire_health *wanted = &unikernel->deploy->health;
    struct error err = {0};
    char path[PROBE_PATH_MAX + 1] = "";
    bool http = wanted->kind.kind == WIRE_HEALTH_KIND_HTTP;
    unikernel->health.timer = NULL;
    if (http)
        snprintf(path, sizeof path, "%.*s", (int)wanted->kind.u.http.path.size,
                 (const char *)wanted->kind.u.http.path.data);
    cleanup_fd int socket = network_connect(unikernel, (uint16_t)wanted_port(wanted), &err);
    if (socket >= 0)
        unikernel->health.probe =
            probe_start(unikernel->daemon->loop, socket, http ? path : NULL, scope_label(unikernel->name),
                        (uint64_t)wanted->timeout_ms * NS_OF_MS, answered, unikernel, &err);
    if (unikernel->health.probe == NULL)
        answered(unikernel, false, err.text);
}

void health_begin(struct unikernel *unikernel)
{
    health_end(unikernel);
    if (unikernel->deploy->has_health)
        unikernel->health.timer = loop_after(unikernel->daemon->loop, 0, ask, unikernel, NULL);
}

void health_end(struct unikernel *unikernel)
{
    loop_cancel(&unikernel->health.timer);
    probe_cancel(&unikernel->health.probe);
    unikernel->health = (struct health){.state = WIRE_HEALTH_STATE_NONE};
}
