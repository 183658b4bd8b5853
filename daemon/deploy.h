/*
 * deploy.h: from a request to a running unikernel.
 *
 * In this order, so that a failure or a crash at any point leaves what was before or what was asked
 * for: the configuration is admitted (name, policy, networks, ports); the image is received,
 * hashed, checked; the configuration is held against what the image declares; the image gets its
 * name in the store; the unikernel that is replaced, if any, is ended; one transaction records the
 * new state; the tender is started. If it cannot be started, what was replaced comes back.
 */
#ifndef DAEMON_DEPLOY_H
#define DAEMON_DEPLOY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire_types.h"

struct connection;

enum deploy_form {
    DEPLOY_BIVY,     /* `ready`, perhaps chunks, then `deployed` */
    DEPLOY_ALBATROSS /* "created unikernel" */
};

/* What a deployment is in the history of its unikernel. */
struct deploy_release {
    char what[64];      /* for people */
    bool trial;         /* it must prove itself, or what was before comes back by itself */
    uint64_t within_ns; /* to pass its health check */
    uint64_t stay_ns;   /* without one: to have run so long */
    int64_t number;     /* once it is recorded */
};

/* The command's name and DEPLOY; the image is in the store (digest) or comes in chunks (upload). */
void deploy_begin(struct connection *connection, enum deploy_form form, const struct wire_deploy *deploy);

/* The same as RELEASE (copied; its number is ignored). */
void deploy_as(struct connection *connection, enum deploy_form form, const struct wire_deploy *deploy,
               const struct deploy_release *release);

/* The same with the image in IMAGE, zlib-compressed or not. */
void deploy_with_image(struct connection *connection, const struct wire_deploy *deploy,
                       struct wire_bytes image, bool compressed);

/* An image for the store alone. */
void deploy_image_only(struct connection *connection, const struct wire_image_add *add);

#endif
