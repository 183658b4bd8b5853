/* deploy_request.h: the command line of `bivy deploy` as the daemon's message. */
#ifndef CLI_DEPLOY_REQUEST_H
#define CLI_DEPLOY_REQUEST_H

#include "option.h"
#include "wire/arena.h"
#include "wire_types.h"

struct error;

struct deploy_values {
    struct option_number memory, startup, check_interval, check_timeout, check_retries;
    struct option_list cpus, nets, blocks, ports;
    const char *restart, *check;
    int tender; /* enum wire_tender_value */
    bool force, timing;
    int format;
    const char *run_directory;
};

#define DEPLOY_CHECK_INTERVAL 5000 /* ms */
#define DEPLOY_CHECK_TIMEOUT  2000 /* ms */
#define DEPLOY_CHECK_RETRIES  3

/* "never", "always", "on-failure", or exit statuses "1,2,255"; numbers from ARENA. 0 or -EINVAL with ERR. */
int deploy_parse_restart(const char *text, struct wire_arena *arena, struct wire_restart *restart,
                         struct error *err);

/* "tcp:PORT" or "http:PORT/PATH", borrowed from TEXT; its times are left. 0 or -EINVAL with ERR. */
int deploy_parse_check(const char *text, struct wire_health *health, struct error *err);

/*
 * Fills all of REQUEST but its image from VALUES and COUNT guest ARGUMENTS, with lists from ARENA; texts are
 * borrowed from the command line or stand in ARENA. 0 or -errno with ERR.
 */
int deploy_request_fill(const struct deploy_values *values, int count, char **arguments,
                        struct wire_arena *arena, struct wire_deploy *request, struct error *err);

#endif
