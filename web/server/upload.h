/*
 * upload.h: images on their way from a browser to the daemon's store.
 *
 * A spool file each, so that a cut connection, a closed laptop or a restart of this program loses nothing:
 * how far an upload is, is the size of its file. Once all has arrived the daemon gets the file and the spool
 * is removed.
 */
#ifndef WEB_SERVER_UPLOAD_H
#define WEB_SERVER_UPLOAD_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define UPLOAD_SIZE_MAX  (256 << 20)                 /* bytes of one file */
#define UPLOAD_TOTAL_MAX (INT64_C(1) << 30)          /* bytes that all unfinished uploads may come to */
#define UPLOAD_COUNT_MAX 32                          /* unfinished uploads */
#define UPLOAD_IDLE_MS   (24 * 3600 * INT64_C(1000)) /* an upload that nobody went on with */
#define UPLOAD_ID_SIZE   33                          /* hexadecimal text, zero included */

struct error;
struct request;
struct response;
struct server;
struct upload_writer;

struct upload_store {
    char directory[PATH_MAX];
};

/* Makes STATE/uploads and removes spool files that no upload owns; 0 or -errno. */
int upload_init(struct server *server, struct error *err);

/* Removes uploads that nobody went on with. */
void upload_purge(struct server *server, int64_t now_ms);

/* The operations. */
void upload_create(struct server *server, struct request *request, struct response *response);
void upload_get(struct server *server, struct request *request, struct response *response);
void upload_delete(struct server *server, struct request *request, struct response *response);

/*
 * PATCH: opens the upload for the bytes that follow. NULL and an answer when there is none of this user
 * (404), another request writes to it, or Upload-Offset is not its size (409, with the right one).
 */
struct upload_writer *upload_open(struct server *server, struct request *request, struct response *response);

/* Appends bytes of the body; answers (413, 507) when they cannot be kept, and then takes no more. */
void upload_write(struct upload_writer *writer, const void *data, size_t size, struct response *response);

/* The body has ended: answers how far the upload is; when it is whole, after the daemon has taken it. */
void upload_finish(struct server *server, struct upload_writer *writer, struct response *response);

/* Frees the writer (NULL is fine); what was written stays. */
void upload_close(struct upload_writer *writer);

#endif
