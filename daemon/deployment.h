/* deployment.h: a deployment on its way; for deploy.c, which admits it, and install.c, which puts it in
 * place. */
#ifndef DAEMON_DEPLOYMENT_H
#define DAEMON_DEPLOYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy.h"
#include "host/error.h"
#include "image.h"
#include "policies.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"
#include "wire_types.h"

struct check;
struct connection;

struct deployment {
    struct daemon *daemon;
    struct connection *connection; /* NULL: the peer went away; a replacement that began is finished */
    enum deploy_form form;
    char name[SCOPE_NAME_SIZE];
    bool fill;                            /* give undeclared network devices the network "user" */
    struct owned *config;                 /* struct wire_deploy; NULL: the image alone */
    struct wire_arena arena;              /* of what was changed in it */
    struct image_upload upload, inflated; /* inflated.fd: -1 unless compressed */
    uint64_t expected;                    /* bytes announced */
    bool has_wanted;
    uint8_t wanted[STORE_DIGEST_SIZE]; /* the digest announced */
    uint8_t digest[STORE_DIGEST_SIZE];
    struct check *check;
    struct owned *image;
    int64_t targets;
    int listeners[UNIKERNEL_PORTS_MAX];
    struct unikernel *old, *new;
    struct policy_reservation reservation; /* of the new one until it exists, then of the old one */
    bool old_ran;
    struct error failure; /* why what was started is being ended again */
    struct deploy_release release;
    char author[32];
};

void deployment_free(struct deployment *deployment);

/* Answers with the failure, and forgets the deployment. */
void deployment_fail(struct deployment *deployment, const struct error *err);

/* Its unikernel is admitted and its image kept: it takes the place of the one before, if any. Everything is
 * answered and freed, now or later. */
void deployment_install(struct deployment *deployment);

/* The row of an image that came with it. */
int deployment_put_image(struct deployment *deployment, bool kept, struct error *err);

#endif
