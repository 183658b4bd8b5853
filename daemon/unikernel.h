/*
 * unikernel.h: the unikernels that exist, running or not, and what became of them.
 *
 * supervise.h moves them from state to state; this is the table they stand in, and what is said of
 * them to others.
 */
#ifndef DAEMON_UNIKERNEL_H
#define DAEMON_UNIKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "health.h"
#include "owned.h"
#include "policy.h"
#include "scope.h"
#include "state.h"
#include "store.h"
#include "wire_types.h"

struct daemon;
struct error;
struct image_facts;
struct loop_timer;
struct trial;

#define UNIKERNEL_NETS_MAX  6 /* network devices of one unikernel: each is a descriptor of its tender */
#define UNIKERNEL_PORTS_MAX 32

#define UNIKERNEL_NETWORK_SIZE (SCOPE_NAME_SIZE + 32) /* "LABEL@PATH" with its NUL */

/* One network device as it is attached. */
struct attachment {
    uint8_t mac[6];
    uint32_t ipv4;                        /* host order; 0: not known */
    uint8_t prefix;                       /* of its network */
    uint32_t gateway, resolver;           /* 0: none */
    char network[UNIKERNEL_NETWORK_SIZE]; /* what leases and switches call it */
    char tap[16];                         /* the host's interface; "": it is on a switch */
    uint32_t tap_index;
    char bridge[16];   /* the interface that the tap belongs on */
    uint32_t mtu;      /* of the tap when it was attached */
    char trouble[128]; /* what is wrong with it; "": nothing */
};

struct unikernel {
    struct daemon *daemon;
    int64_t id; /* of this deployment, in the store and in the keep */
    char name[SCOPE_NAME_SIZE];
    struct owned *config;
    const struct wire_deploy *deploy; /* in config; its image is a digest */
    struct owned *image;              /* struct wire_image_info */
    uint8_t digest[STORE_DIGEST_SIZE];

    enum wire_state_value state;
    pid_t pid;                      /* 0: no process */
    int64_t created_ms, started_ms; /* started: 0 never */
    int64_t exit_status;            /* -1: none yet */
    int64_t restarts;
    char reason[256];

    unsigned attempt;                  /* of the back-off */
    uint64_t up_since_ns;              /* monotonic */
    struct loop_timer *timer;          /* to start again, or to kill */
    bool name_passed;                  /* --name was among the arguments */
    bool busy;                         /* an operation has it; others are refused */
    void (*ended)(struct unikernel *); /* called once the process is gone, instead of the restart policy */
    void *operation;                   /* of ended() */

    struct trial *trial; /* of its release; NULL: none */

    struct attachment nets[UNIKERNEL_NETS_MAX];
    struct health health;
    bool attached;                      /* its ports stand in a switch */
    int listeners[UNIKERNEL_PORTS_MAX]; /* bound sockets for the next start; -1: none */
};

/* A new unikernel, not yet in the table; takes CONFIG and IMAGE even after a failure. NULL: no memory. */
struct unikernel *unikernel_create(struct daemon *daemon, const char *name, struct owned *config,
                                   struct owned *image);

/* Frees one that is not in the table and has no process. */
void unikernel_free(struct unikernel *unikernel);

/* Into the table, by name; 0, -EEXIST or -ENOMEM. And out of it, without freeing it. */
int unikernel_insert(struct unikernel *unikernel);
void unikernel_remove(struct unikernel *unikernel);

/* By full name or id; NULL if there is none. */
struct unikernel *unikernel_find(const struct daemon *daemon, const char *name);
struct unikernel *unikernel_find_id(const struct daemon *daemon, int64_t id);

/* One by name that no operation holds, or NULL and ERR. */
struct unikernel *unikernel_take(const struct daemon *daemon, const char *name, struct error *err);

/* Gives the unikernel another configuration; takes CONFIG. */
void unikernel_configure(struct unikernel *unikernel, struct owned *config);

/* What its tender needs beside the guest's memory, in MiB. */
int64_t unikernel_overhead(const struct wire_deploy *deploy);

/* Lets EVENT happen to its state, as the table says; one that cannot happen changes nothing and is logged. */
void unikernel_move(struct unikernel *unikernel, enum state_event event);

/* Whether it has no process and is to be started again by itself. */
bool unikernel_waits(const struct unikernel *unikernel);

/* What it demands of the policies. */
struct policy_demand unikernel_demand(const char *name, const struct wire_deploy *deploy);

/* What is said of it, with its full name; arrays from ARENA, texts from the unikernel. 0 or -ENOMEM. */
int unikernel_describe(const struct unikernel *unikernel, struct wire_arena *arena,
                       struct wire_unikernel *description);

/* The MAC address of network device INDEX: as configured, or derived from the names (Albatross protocol
 * facts, section 7). */
void unikernel_mac(const char *name, const struct wire_deploy_net *net, uint8_t mac[static 6]);

/* Whether the image says that it accepts the boot argument. */
bool unikernel_accepts(const struct unikernel *unikernel, const char *argument);

#endif
