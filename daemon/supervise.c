/* supervise.c: starting, hearing ends, starting again; see supervise.h. */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backoff.h"
#include "bridge.h"
#include "cgroup.h"
#include "collect.h"
#include "console.h"
#include "daemon.h"
#include "event.h"
#include "health.h"
#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "keeper.h"
#include "launch.h"
#include "network.h"
#include "owned.h"
#include "process.h"
#include "store.h"
#include "trial.h"
#include "unikernel.h"
#include "usernet.h"

#define EXIT_ARGUMENT 64 /* the guest did not understand an argument */

/* Codes of a guest that a restart does not help (Albatross protocol facts, section 11.5). */
static bool is_final(int status)
{
    return status == 1 || (status >= 60 && status <= 64);
}

bool supervise_restarts(const struct wire_restart *policy, bool by_signal, int status)
{
    if (policy->kind == WIRE_RESTART_ALWAYS)
        return true;
    if (policy->kind == WIRE_RESTART_ON_FAILURE)
        return by_signal || status != 0;
    if (policy->kind != WIRE_RESTART_CODES || by_signal)
        return false;
    for (size_t i = 0; i < policy->u.codes.count; i++)
        if (policy->u.codes.items[i] == status)
            return true;
    return policy->u.codes.count == 0 && !is_final(status);
}

/* How it ended, lazily: a power cut at this moment may run it once more, as one a moment earlier would. */
static void save_state(struct unikernel *unikernel, enum store_state state)
{
    struct store *store = unikernel->daemon->store;
    struct error err;
    store_set_lazy(store, true);
    if (store_unikernel_update(store, unikernel->id, state, unikernel->exit_status, unikernel->reason, &err) <
        0)
        log_failure(&err);
    store_set_lazy(store, false);
}

int supervise_start(struct unikernel *unikernel, struct error *err)
{
    loop_cancel(&unikernel->timer);
    int pid = launch(unikernel, err);
    if (pid < 0)
        return pid;
    unikernel->pid = pid;
    unikernel_move(unikernel, STATE_STARTED);
    unikernel->started_ms = daemon_now_ms();
    unikernel->up_since_ns = loop_now();
    unikernel->reason[0] = '\0';
    health_begin(unikernel);
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_STARTED, unikernel->name, unikernel, "started, process %d",
               pid);
    return 0;
}

static void start_again(void *context)
{
    struct unikernel *unikernel = context;
    struct error err = {0};
    unikernel->timer = NULL;
    unikernel->restarts++;
    if (supervise_start(unikernel, &err) < 0)
        supervise_start_failed(unikernel, &err);
}

void supervise_start_later(struct unikernel *unikernel)
{
    uint32_t random = 0;
    if (unikernel->up_since_ns != 0 && loop_now() - unikernel->up_since_ns >= BACKOFF_RESET_NS)
        unikernel->attempt = 0;
    unikernel->up_since_ns = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint32_t)loop_now();
    uint64_t delay = backoff_delay(unikernel->attempt++, random);
    unikernel_move(unikernel, unikernel->attempt > BACKOFF_LOOP ? STATE_LOOPED : STATE_PAUSED);
    unikernel->timer = loop_after(unikernel->daemon->loop, delay, start_again, unikernel, NULL);
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_RESTARTED, unikernel->name, unikernel,
               "%sstarts again in %llu ms",
               unikernel->state == WIRE_STATE_CRASH_LOOP ? "it ends again and again; " : "",
               (unsigned long long)(delay / 1000000));
}

void supervise_start_failed(struct unikernel *unikernel, const struct error *err)
{
    snprintf(unikernel->reason, sizeof unikernel->reason, "%.*s", (int)sizeof unikernel->reason - 1,
             err->text);
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_FAILED, unikernel->name, NULL, "%s", err->text);
    if (unikernel->trial != NULL) {
        trial_failed(unikernel, err->text);
        return;
    }
    if (unikernel->deploy->restart.kind != WIRE_RESTART_NEVER) {
        supervise_start_later(unikernel);
        return;
    }
    unikernel_move(unikernel, STATE_GAVE_UP);
    save_state(unikernel, STORE_FAILED);
}

static void kill_now(void *context)
{
    struct unikernel *unikernel = context;
    unikernel->timer = NULL;
    log_warning("%s: still runs %llu s after SIGTERM: killed", unikernel->name,
                (unsigned long long)(SUPERVISE_GRACE_NS / 1000000000));
    keeper_signal(unikernel->daemon->keeper, (uint64_t)unikernel->id, SIGKILL, NULL);
}

void supervise_end(struct unikernel *unikernel, void (*ended)(struct unikernel *), void *operation)
{
    unikernel->operation = operation;
    loop_cancel(&unikernel->timer);
    if (unikernel->pid == 0) {
        ended(unikernel);
        return;
    }
    unikernel->ended = ended;
    /* An operation may take over from what ends it already: a switch's death, for one. */
    if (unikernel->state != WIRE_STATE_STOPPING)
        unikernel_move(unikernel, STATE_ENDING);
    health_end(unikernel);
    unikernel->timer = loop_after(unikernel->daemon->loop, SUPERVISE_GRACE_NS, kill_now, unikernel, NULL);
    keeper_signal(unikernel->daemon->keeper, (uint64_t)unikernel->id, SIGTERM, NULL);
}

/* The guest refused its arguments and --name was among them: once more without it, for good. */
static bool retry_without_name(struct unikernel *unikernel)
{
    struct error err = {0};
    struct wire_deploy deploy = *unikernel->deploy;
    if (!unikernel->name_passed || !deploy.add_name)
        return false;
    deploy.add_name = false;
    struct owned *config = owned_copy(&wire_type_deploy, &deploy, sizeof deploy, &err);
    if (config == NULL)
        return false;
    unikernel_configure(unikernel, config);
    if (store_unikernel_configure(unikernel->daemon->store, unikernel->id, config->der.data, config->der.size,
                                  &err) < 0)
        log_failure(&err);
    if (supervise_start(unikernel, &err) < 0)
        supervise_start_failed(unikernel, &err);
    return true;
}

static void after_exit(struct unikernel *unikernel, bool by_signal, int status)
{
    struct daemon *daemon = unikernel->daemon;
    bool again = supervise_restarts(&unikernel->deploy->restart, by_signal, status);
    unikernel_move(unikernel, by_signal && !again ? STATE_DIED : STATE_EXITED);
    if (!by_signal && status == EXIT_ARGUMENT && retry_without_name(unikernel))
        return;
    event_emit(daemon, by_signal && !again ? WIRE_EVENT_KIND_FAILED : WIRE_EVENT_KIND_EXITED, unikernel->name,
               unikernel, "%s", unikernel->reason[0] != '\0' ? unikernel->reason : "exited with status 0");
    if (unikernel->trial != NULL)
        trial_failed(unikernel, unikernel->reason[0] != '\0' ? unikernel->reason : "exited with status 0");
    else if (again)
        supervise_start_later(unikernel);
    else
        save_state(unikernel, by_signal ? STORE_FAILED : STORE_EXITED);
}

static void unikernel_exited(struct unikernel *unikernel, bool by_signal, int status)
{
    void (*ended)(struct unikernel *) = unikernel->ended;
    loop_cancel(&unikernel->timer);
    health_end(unikernel);
    network_detach(unikernel);
    bool out_of_memory = cgroup_remove(unikernel);
    unikernel->pid = 0;
    unikernel->ended = NULL;
    unikernel->exit_status = by_signal ? 128 + status : status;
    unikernel->reason[0] = '\0';
    if (ended != NULL) {
        unikernel_move(unikernel, STATE_ENDED);
        ended(unikernel);
        return;
    }
    if (by_signal && out_of_memory)
        snprintf(unikernel->reason, sizeof unikernel->reason,
                 "out of memory: it and its tender needed more than %lld MiB",
                 (long long)(unikernel->deploy->memory + unikernel_overhead(unikernel->deploy)));
    else if (by_signal)
        snprintf(unikernel->reason, sizeof unikernel->reason, "killed by signal %d (%s)", status,
                 strsignal(status));
    else if (status != 0)
        snprintf(unikernel->reason, sizeof unikernel->reason, "exited with status %d", status);
    after_exit(unikernel, by_signal, status);
}

static void child_exited(struct daemon *daemon, const struct keep_child *child)
{
    struct unikernel *unikernel = unikernel_find_id(daemon, (int64_t)child->id);
    if (unikernel != NULL && unikernel->pid != 0 && unikernel->pid == child->pid)
        unikernel_exited(unikernel, child->by_signal != 0, child->status);
}

void supervise_exited(struct daemon *daemon, const struct keep_child *child)
{
    keeper_acknowledge(daemon->keeper, child->id, NULL);
    if (usernet_exited(daemon, child->id))
        return;
    child_exited(daemon, child);
}

static int compare_startup(const void *a, const void *b)
{
    const struct unikernel *const *x = a;
    const struct unikernel *const *y = b;
    int64_t left = (*x)->deploy->has_startup ? (*x)->deploy->startup : 50;
    int64_t right = (*y)->deploy->has_startup ? (*y)->deploy->startup : 50;
    if (left != right)
        return left < right ? -1 : 1;
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* Starts what shall run and does not, lower priorities first. */
static void start_missing(struct daemon *daemon)
{
    struct unikernel **order = calloc(daemon->unikernel_count + 1, sizeof(struct unikernel *));
    size_t count = 0;
    if (order == NULL)
        return;
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        if (daemon->unikernels[i]->state == WIRE_STATE_STARTING)
            order[count++] = daemon->unikernels[i];
    qsort(order, count, sizeof(struct unikernel *), compare_startup);
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        if (supervise_start(order[i], &err) < 0)
            supervise_start_failed(order[i], &err);
    }
    free(order);
}

static int load_image_info(void *context, const struct store_image *image)
{
    struct owned **info = context;
    *info = owned_decode(&wire_type_image_info, image->info, image->info_size, sizeof(struct wire_image_info),
                         NULL);
    return 0;
}

/* The state after a restart of everything; adoption corrects it for what still runs. */
static void restore_state(struct unikernel *unikernel, const struct store_unikernel *row)
{
    static const enum wire_state_value states[] = {[STORE_RUNNING] = WIRE_STATE_STARTING,
                                                   [STORE_STOPPED] = WIRE_STATE_STOPPED,
                                                   [STORE_EXITED] = WIRE_STATE_EXITED,
                                                   [STORE_FAILED] = WIRE_STATE_FAILED};
    unikernel->id = row->id;
    unikernel->created_ms = row->created_ms;
    unikernel->exit_status = row->exit_status;
    snprintf(unikernel->reason, sizeof unikernel->reason, "%s", row->reason);
    unikernel->state = (unsigned)row->state < 4 ? states[row->state] : WIRE_STATE_STOPPED;
}

/* A row that cannot be read is passed over with a sentence: it must not keep the others down. */
static int load_unikernel(void *context, const struct store_unikernel *row)
{
    struct daemon *daemon = context;
    struct error err = {0};
    struct owned *config =
        owned_decode(&wire_type_deploy, row->config, row->config_size, sizeof(struct wire_deploy), &err);
    if (config == NULL) {
        log_error("unikernel %s is not restored: %s", row->name, err.text);
        return 0;
    }
    struct unikernel *unikernel = unikernel_create(daemon, row->name, config, NULL);
    if (unikernel == NULL)
        return -ENOMEM;
    restore_state(unikernel, row);
    if (unikernel_insert(unikernel) < 0) {
        unikernel_free(unikernel);
        return -ENOMEM;
    }
    return 0;
}

/* The second pass, because a walk through the store must not use the store. */
static void load_images(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        struct error err = {0};
        store_image_get(daemon->store, unikernel->digest, load_image_info, &unikernel->image, &err);
        if (unikernel->image != NULL)
            continue;
        /* Without what the store said of the image the file still can run. */
        struct wire_image_info nothing = {.digest = {unikernel->digest, sizeof unikernel->digest}};
        unikernel->image = owned_copy(&wire_type_image_info, &nothing, sizeof nothing, &err);
        log_warning("unikernel %s: %s", unikernel->name, err.text);
    }
}

/* Switches first: their ports of what ended meanwhile must go before anything is started again. */
static void adopt_switch(void *context, const struct keep_child *child)
{
    usernet_adopt(context, child);
}

static void adopt_child(void *context, const struct keep_child *child)
{
    struct daemon *daemon = context;
    if (child->id >= USERNET_ID_FIRST)
        return;
    struct unikernel *unikernel = unikernel_find_id(daemon, (int64_t)child->id);
    if (child->ended_ns != 0) {
        if (unikernel != NULL && unikernel->state == WIRE_STATE_STARTING)
            unikernel->pid = child->pid;
        usernet_forget(daemon, (int64_t)child->id);
        supervise_exited(daemon, child);
    } else if (unikernel == NULL || unikernel->state != WIRE_STATE_STARTING) {
        /* It was being ended, or was never recorded, when the daemon went away. */
        log_info("%s: process %d is left over and is ended", child->name, child->pid);
        keeper_signal(daemon->keeper, child->id, SIGKILL, NULL);
        usernet_forget(daemon, (int64_t)child->id);
    } else {
        unikernel->pid = child->pid;
        unikernel_move(unikernel, STATE_ADOPTED);
        unikernel->started_ms = process_started_ms(child->start_ticks);
        unikernel->up_since_ns = loop_now();
        network_reattach(unikernel);
        health_begin(unikernel);
        log_info("%s: runs on, process %d", unikernel->name, child->pid);
    }
}

struct past {
    struct past *next;
    struct keep_child child;
};

static void remember_exit(void *context, const struct keep_child *child)
{
    struct past **list = context;
    struct past *past = calloc(1, sizeof *past);
    if (past == NULL)
        return;
    past->child = *child;
    past->next = *list;
    *list = past;
}

static const struct keeper_listener *listener(struct daemon *daemon);

static int open_keeper(struct daemon *daemon, bool *started, struct error *err)
{
    daemon->keeper = keeper_open(daemon->run_dir, daemon->loop, listener(daemon), started, err);
    return daemon->keeper == NULL ? -EIO : 0;
}

/* Exits that a keep which is dead now had recorded. */
static void use_past(struct daemon *daemon, struct past *list, bool use)
{
    while (list != NULL) {
        struct past *past = list;
        struct unikernel *unikernel = unikernel_find_id(daemon, (int64_t)past->child.id);
        list = past->next;
        if (use && unikernel != NULL && unikernel->state == WIRE_STATE_STARTING) {
            unikernel->pid = past->child.pid;
            child_exited(daemon, &past->child);
        }
        free(past);
    }
}

int supervise_open(struct daemon *daemon, struct error *err)
{
    struct past *past = NULL;
    bool started = false;
    int result = store_unikernels(daemon->store, load_unikernel, daemon, err);
    if (result < 0)
        return result;
    load_images(daemon);
    cgroup_open(daemon);
    keeper_exits(daemon->run_dir, remember_exit, &past);
    result = open_keeper(daemon, &started, err);
    use_past(daemon, past, result == 0 && started);
    if (result == 0)
        result = network_open(daemon, err);
    if (result == 0)
        result = keeper_children(daemon->keeper, adopt_switch, daemon, err);
    if (result == 0)
        result = keeper_children(daemon->keeper, adopt_child, daemon, err);
    if (result < 0)
        return result;
    bridge_sweep(daemon);
    start_missing(daemon);
    trial_resume(daemon);
    collect_strays(daemon);
    return 0;
}

void supervise_keep_lost(struct daemon *daemon)
{
    struct error err = {0};
    bool started;
    log_error("bivy-keep is dead, and all that it ran%s",
              daemon->ending_all ? "" : ": everything is started again");
    keeper_close(daemon->keeper);
    daemon->keeper = NULL;
    usernet_lose_all(daemon);
    /* What is ending anyway needs no other one: nothing would ever end that. */
    if (!daemon->ending_all && open_keeper(daemon, &started, &err) < 0) {
        log_failure(&err);
        loop_stop(daemon->loop);
        return;
    }
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        if (unikernel->pid == 0)
            continue;
        bool wanted = unikernel->ended == NULL;
        process_await_death(unikernel->pid);
        health_end(unikernel);
        network_detach(unikernel);
        if (wanted) {
            unikernel->pid = 0;
            unikernel_move(unikernel, STATE_LOST);
            unikernel->restarts++;
        }
    }
    if (!daemon->ending_all)
        start_missing(daemon);
    /* Those that were being ended have ended; an operation may change the table. */
    for (size_t i = 0; i < daemon->unikernel_count;) {
        struct unikernel *unikernel = daemon->unikernels[i];
        bool ending = unikernel->pid != 0 && unikernel->ended != NULL;
        if (ending)
            unikernel_exited(unikernel, true, SIGKILL);
        i = ending ? 0 : i + 1;
    }
}

static void on_exited(void *context, const struct keep_child *child)
{
    supervise_exited(context, child);
}

static void on_console(void *context, uint64_t id)
{
    console_appended(context, id);
}

static void on_lost(void *context)
{
    supervise_keep_lost(context);
}

static const struct keeper_listener *listener(struct daemon *daemon)
{
    static struct keeper_listener listener = {.exited = on_exited, .console = on_console, .lost = on_lost};
    listener.context = daemon;
    return &listener;
}
