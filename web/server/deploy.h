/* deploy.h: a deployment in JSON becomes the daemon's message. */
#ifndef WEB_SERVER_DEPLOY_H
#define WEB_SERVER_DEPLOY_H

#include <jansson.h>

#include "wire/arena.h"
#include "wire_types.h"

struct error;

struct deploy {
    struct wire_deploy message; /* borrows from the JSON and the arena */
    struct wire_arena arena;
    uint8_t digest[32];
};

/*
 * Reads JSON, which has the shape schema_deployment and must live as long as DEPLOY. -EINVAL with ERR naming
 * the field for what a shape cannot say; -ENOMEM. deploy_free() is due after either.
 */
int deploy_read(struct deploy *deploy, const json_t *json, struct error *err);
void deploy_free(struct deploy *deploy);

#endif
