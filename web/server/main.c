/* main.c: bivy-web: options, the order of the start, and the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "announce.h"
#include "clock.h"
#include "confine.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/path.h"
#include "server.h"
#include "user.h"
#include "version.h"

#define MAIN_PURGE_S 600 /* how often what has expired is removed */

struct options {
    const char *run_directory, *state_directory, *listen, *certificate, *key;
};

static const char usage[] =
    "usage: bivy-web [--run-dir DIR] [--state-dir DIR] [--listen ADDRESS:PORT]\n"
    "                [--certificate PEM --key PEM]\n"
    "Serves the web console and the REST interface of the daemon that runs in the same run directory.\n"
    "Plain HTTP is for loopback addresses only (the default: 127.0.0.1:8080, or the next free port);\n"
    "any other address is served over TLS, with a self-signed certificate where none is given.\n"
    "example: bivy-web --listen 192.0.2.1:8443 --certificate web.pem --key web.key\n";

/* 1: go on; 0: done; -1: a usage error. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"run-dir", required_argument, NULL, 'r'}, {"state-dir", required_argument, NULL, 's'},
        {"listen", required_argument, NULL, 'l'},  {"certificate", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},     {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},       {0},
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (letter == 'h' || letter == 'v') {
            fputs(letter == 'h' ? usage : "bivy-web " BIVY_VERSION "\n", stdout);
            return 0;
        }
        const char **to = letter == 'r'   ? &options->run_directory
                          : letter == 's' ? &options->state_directory
                          : letter == 'l' ? &options->listen
                          : letter == 'c' ? &options->certificate
                          : letter == 'k' ? &options->key
                                          : NULL;
        if (to == NULL)
            return -1;
        *to = optarg;
    }
    return optind == argc && (options->certificate == NULL) == (options->key == NULL) ? 1 : -1;
}

/* Two servers on one state would each believe that they alone know who has signed in. Held until the process
 * ends. */
static int lock_state(struct server *server, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, server->state_directory, "web.lock", err);
    if (result < 0)
        return result;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err, errno, "lock state", path, NULL);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        error_set(err, EBUSY, "lock state", path, "another bivy-web uses this state directory");
        error_hint(err, "stop it, or choose another --state-dir");
        return -EBUSY;
    }
    server->lock_fd = fd;
    return 0;
}

static int open_directories(struct server *server, const struct options *options, struct error *err)
{
    int result = path_run_directory(server->run_directory, options->run_directory, err);
    if (result == 0)
        result = path_state_directory(server->state_directory, options->state_directory, err);
    return result == 0 ? lock_state(server, err) : result;
}

static int open_state(struct server *server, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, server->state_directory, "web.db", err);
    if (result == 0)
        result = database_open(&server->database, path, err);
    int exists = result == 0 ? user_exists(&server->database, err) : result;
    if (exists < 0)
        return exists;
    if (setup_init(&server->setup, exists == 0) < 0)
        return error_set(err, EIO, "make setup code", NULL, "the system gives no random bytes");
    session_purge(&server->database, clock_now_ms());
    return upload_init(server, err);
}

static int open_pages(struct server *server, struct error *err)
{
    char path[PATH_MAX] = "";
    if (path_resource(path, "web", NULL) < 0)
        log_warning("the console's pages are not installed: only the REST interface answers");
    return path[0] != '\0' ? asset_load(&server->assets, path, err) : 0;
}

/* What is said over the network is said in the clear only where nobody else listens. */
static int open_door(struct server *server, const struct options *options, struct error *err)
{
    struct listen *listen = &server->listen;
    int result = listen_parse(listen, options->listen, err);
    if (result < 0)
        return result;
    listen->tls = options->certificate != NULL || !listen->loopback;
    if (options->certificate != NULL)
        result = tls_load(&server->certificate, options->certificate, options->key, err);
    else if (listen->tls)
        result = tls_load_own(&server->certificate, server->state_directory, listen->host, err);
    return result == 0 ? listen_open(listen, err) : result;
}

static void greet(struct server *server, const struct options *options)
{
    fprintf(stderr, "bivy-web: %s\n", server->listen.url);
    if (server->listen.tls)
        fprintf(stderr, "bivy-web: %s certificate, SHA-256 fingerprint %s\n",
                options->certificate != NULL ? "given" : "self-signed", server->certificate.fingerprint);
    if (setup_needed(&server->setup))
        fprintf(stderr, "bivy-web: setup code %s\n", server->setup.code);
}

/* Signals are taken here, by waiting, and nowhere else: every thread that MHD makes inherits that they are
 * blocked. */
static void wait_for_end(struct server *server, const sigset_t *signals)
{
    struct timespec period = {.tv_sec = MAIN_PURGE_S};
    while (sigtimedwait(signals, NULL, &period) < 0) {
        if (errno != EAGAIN)
            continue;
        session_purge(&server->database, clock_now_ms());
        upload_purge(server, clock_now_ms());
    }
}

static int start(struct server *server, const struct options *options, struct error *err)
{
    static int (*const steps[])(struct server *, const struct options *, struct error *) = {open_directories,
                                                                                            open_door};
    static int (*const more[])(struct server *, struct error *) = {open_state, open_pages, confine,
                                                                   server_start, announce_write};
    int result = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && result == 0; i++)
        result = steps[i](server, options, err);
    for (size_t i = 0; i < sizeof more / sizeof more[0] && result == 0; i++)
        result = more[i](server, err);
    return result;
}

static void finish(struct server *server)
{
    announce_remove(server);
    server_stop(server);
    asset_free(&server->assets);
    tls_free(&server->certificate);
    database_close(&server->database);
    fd_close(&server->listen.fd);
    fd_close(&server->stop_fd);
    fd_close(&server->lock_fd);
}

int main(int argc, char **argv)
{
    /* Megabytes of limiter tables and paths: not for a stack. */
    static struct server server = {.lock_fd = -1, .listen.fd = -1};
    struct options options = {0};
    struct error err = {0};
    sigset_t signals;
    int go_on = read_options(argc, argv, &options);
    if (go_on <= 0) {
        if (go_on < 0)
            fputs(usage, stderr);
        return go_on < 0 ? 2 : 0;
    }
    umask(077);
    log_open("bivy-web", getenv("BIVY_DEBUG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    server.stop_fd = eventfd(0, EFD_CLOEXEC);
    limiter_init(&server.tries_of_address, 10, 15000);
    limiter_init(&server.tries_of_name, 10, 15000);
    int result = start(&server, &options, &err);
    if (result == 0) {
        greet(&server, &options);
        wait_for_end(&server, &signals);
    } else {
        error_print(&err, "bivy-web");
    }
    finish(&server);
    return result == 0 ? 0 : 1;
}
