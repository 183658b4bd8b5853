/*
 * service.h: the two programs that `bivy up` starts and `bivy down` ends: bivyd and bivy-web.
 *
 * They are asked whether they answer, not whether a file says that they run; a stale file therefore never
 * stands in the way.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct error;

struct service {
    char run_directory[PATH_MAX], state_directory[PATH_MAX];
    int lock; /* held by one `bivy up` or `bivy down` of the run directory at a time */
};

struct service_web {
    pid_t pid;
    char url[256];
    char setup_code[128]; /* "": not needed any more */
};

/* Finds (and makes) the directories and waits for the lock. 0 or -errno. */
int service_open(struct service *service, const char *run_directory, const char *state_directory,
                 struct error *err);
void service_close(struct service *service);

/* Whether the daemon answers. */
bool service_daemon_answers(const struct service *service);

/* Whether the web console of this run directory answers; *WEB is then filled. */
bool service_web_answers(const struct service *service, struct service_web *web);

/* Start what does not run and wait until it answers. 0 or -errno with the end of its log in ERR. */
int service_start_daemon(const struct service *service, struct error *err);
int service_start_web(const struct service *service, const char *listen, struct service_web *web,
                      struct error *err);

/* End what runs and wait until it is gone; nothing to end is no error. */
int service_stop_web(const struct service *service, struct error *err);
int service_stop_daemon(struct service *service, struct error *err);

#endif
