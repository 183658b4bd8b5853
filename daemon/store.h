/*
 * store.h: what the daemon must still know after a power cut, in one SQLite file.
 *
 * Desired state, policies, images, addresses and the last events. One writer, WAL, synchronous=FULL: a
 * function that changes something returns once it is on disk (but for what store_set_lazy() lets wait), or,
 * between store_begin() and store_commit(), together with the rest. The schema's version is in user_version;
 * older files are migrated in one transaction, newer ones are refused.
 *
 * Statements are prepared once and kept: the way from a deployment's last byte to its guest passes here.
 */
#ifndef DAEMON_STORE_H
#define DAEMON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct store;

#define STORE_VERSION      3
#define STORE_DIGEST_SIZE  32u
#define STORE_EVENTS_MAX   10000 /* of these the youngest are kept */
#define STORE_RELEASES_MAX 20    /* of each unikernel */

/* What a unikernel is meant to be after a restart of the machine. */
enum store_state {
    STORE_RUNNING = 0, /* started again */
    STORE_STOPPED = 1, /* an operator stopped it */
    STORE_EXITED = 2,  /* it ended and is not to be restarted */
    STORE_FAILED = 3   /* it could not be started; reason says why */
};

struct store_unikernel {
    int64_t id;       /* names one deployment for good: never used again */
    const char *name; /* full name, as the protocol writes it */
    const uint8_t *digest;
    const void *config; /* DER of a Deploy */
    size_t config_size;
    enum store_state state;
    int64_t exit_status; /* -1: none */
    const char *reason;
    int64_t created_ms; /* since 1970 */
};

struct store_image {
    const uint8_t *digest;
    const void *info; /* DER of an ImageInfo */
    size_t info_size;
    int64_t targets; /* 1 << enum abi_target of everything that can run it */
    bool kept;       /* stays until it is removed; else only as long as something uses it */
};

/* How a release did. */
enum store_result { STORE_TRIAL = 0, STORE_GOOD = 1, STORE_BAD = 2 };

/* What a unikernel was from one change of its configuration to the next. */
struct store_release {
    const char *name;
    int64_t number; /* 1, 2, ... for each name */
    const uint8_t *digest;
    const void *config; /* DER of a Deploy */
    size_t config_size;
    int64_t created_ms;
    const char *author;
    enum store_result result;
    const char *detail;
};

struct store_lease {
    const char *name; /* of the unikernel */
    const char *device;
    const char *network;
    uint32_t ipv4; /* host order */
};

struct store_event {
    int64_t id, time_ms;
    const char *name;
    int64_t kind;
    const char *detail;
};

/* Opens or creates the file; NULL and ERR after a failure. */
struct store *store_open(const char *path, struct error *err);
void store_close(struct store *store);

/* One change to disk out of several; not nested. 0 or -errno. After a failed commit nothing of it
 * has happened. */
int store_begin(struct store *store, struct error *err);
int store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store);

/*
 * What is changed from here on (LAZY true) may reach the disk later: with the next change that is not lazy,
 * or when SQLite next moves its log into the file. It is never lost to the death of this process, only to
 * that of the machine, and then in order: a later change never survives an earlier one. For what a machine
 * that stopped need not know: events, and ends of processes that ended with it anyway. Not between
 * store_begin() and store_commit().
 */
void store_set_lazy(struct store *store, bool lazy);

/* Inserts UNIKERNEL, in place of one of the same name; returns its id (the field is ignored), or -errno. */
int64_t store_unikernel_put(struct store *store, const struct store_unikernel *unikernel, struct error *err);
int store_unikernel_update(struct store *store, int64_t id, enum store_state state, int64_t exit_status,
                           const char *reason, struct error *err);
/* Replaces the configuration alone. */
int store_unikernel_configure(struct store *store, int64_t id, const void *config, size_t size,
                              struct error *err);
/* Makes it one of another release, to run. */
int store_unikernel_release(struct store *store, int64_t id, const void *config, size_t size,
                            const uint8_t *digest, struct error *err);
int store_unikernel_delete(struct store *store, int64_t id, struct error *err);

int store_policy_put(struct store *store, const char *path, const void *policy, size_t size,
                     struct error *err);
int store_policy_delete(struct store *store, const char *path, struct error *err);

/* An image that is kept already stays kept. */
int store_image_put(struct store *store, const struct store_image *image, struct error *err);
int store_image_delete(struct store *store, const uint8_t *digest, struct error *err);

/* The images that neither a unikernel nor a release uses and that are not kept. */
int store_unused_images(struct store *store, int (*function)(void *, const struct store_image *),
                        void *context, struct error *err);

/* Appends RELEASE (its number is ignored) and forgets all but the youngest STORE_RELEASES_MAX of the name;
 * its number, or -errno. */
int64_t store_release_put(struct store *store, const struct store_release *release, struct error *err);
/* Its verdict; DETAIL is appended to what it was. */
int store_release_result(struct store *store, const char *name, int64_t number, enum store_result result,
                         const char *detail, struct error *err);
int store_releases_delete(struct store *store, const char *name, struct error *err);
/* Of NAME, the youngest first, as the walks below. */
int store_releases(struct store *store, const char *name,
                   int (*function)(void *, const struct store_release *), void *context, struct error *err);

/* The name of a unikernel of which a release uses the image; 1, 0 if there is none, or -errno. */
int store_release_of(struct store *store, const uint8_t *digest, char name[static 256], struct error *err);

int store_lease_put(struct store *store, const struct store_lease *lease, struct error *err);
int store_lease_delete(struct store *store, const char *name, struct error *err);

/* NETWORK is the DER of a NetworkCreate. */
int store_network_put(struct store *store, const char *name, const void *network, size_t size,
                      struct error *err);
int store_network_delete(struct store *store, const char *name, struct error *err);

/* A small number that belongs to PATH for good, from 1; or -errno. */
int64_t store_tenant(struct store *store, const char *path, struct error *err);

int store_event_put(struct store *store, const struct store_event *event, struct error *err);
/* Forgets all but the last STORE_EVENTS_MAX events. */
int store_event_trim(struct store *store, struct error *err);

/*
 * Each calls FUNCTION for every row in order (unikernels by id, images by digest, events by id, those above
 * AFTER); what FUNCTION gets lives until it returns; one that does not return 0 ends the walk, and its value
 * is returned. It must not call the store. 0 or -errno.
 */
int store_unikernels(struct store *store, int (*function)(void *, const struct store_unikernel *),
                     void *context, struct error *err);
int store_policies(struct store *store, int (*function)(void *, const char *, const void *, size_t),
                   void *context, struct error *err);
int store_networks(struct store *store, int (*function)(void *, const char *, const void *, size_t),
                   void *context, struct error *err);
int store_images(struct store *store, int (*function)(void *, const struct store_image *), void *context,
                 struct error *err);
int store_leases(struct store *store, int (*function)(void *, const struct store_lease *), void *context,
                 struct error *err);
int store_events(struct store *store, int64_t after, int (*function)(void *, const struct store_event *),
                 void *context, struct error *err);

/* The image's row through FUNCTION; -ENOENT if there is none. */
int store_image_get(struct store *store, const uint8_t *digest,
                    int (*function)(void *, const struct store_image *), void *context, struct error *err);

/* The greatest id that an event ever had. */
int64_t store_last_event(struct store *store);

#endif
