/*
 * asset.h: the pages: the files of PREFIX/lib/bivy/web, read once at the start.
 *
 * They are few and small, so they are kept: no name of a request is ever made into a name of a file, and the
 * server needs no file system to show its pages.
 */
#ifndef WEB_SERVER_ASSET_H
#define WEB_SERVER_ASSET_H

#include <stddef.h>

#define ASSET_COUNT_MAX 256
#define ASSET_SIZE_MAX  (8 << 20) /* bytes of one file */
#define ASSET_NAME_MAX  128

struct error;
struct request;
struct response;

struct asset {
    char name[ASSET_NAME_MAX]; /* path below the folder: "index.html", "fonts/a.woff2" */
    char *data;                /* owned */
    size_t size;
    char tag[72];     /* ETag, quotes included */
    const char *type; /* Content-Type */
};

struct asset_store {
    struct asset *items; /* owned, sorted by name */
    size_t count;
};

/* Reads every regular file below DIRECTORY; 0, or -errno with the store empty. A missing folder is an empty
 * store. */
int asset_load(struct asset_store *store, const char *directory, struct error *err);
void asset_free(struct asset_store *store);

/*
 * Answers a GET of a page: the file, its .gz beside it where the browser takes it, 304 where the browser has
 * it; the front page for any other path that a browser navigates to, because the console's own URLs are such
 * paths.
 */
void asset_answer(const struct asset_store *store, const struct request *request, struct response *response);

#endif
