/* upload.c: images on their way from a browser to the daemon's store; see upload.h. */
#include "upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "image.h"
#include "server.h"

struct upload {
    char id[UPLOAD_ID_SIZE];
    char name[256];
    int64_t size; /* bytes when it is whole */
};

struct upload_writer {
    struct upload upload;
    char path[PATH_MAX];
    int64_t offset; /* bytes in the file */
    int fd;
};

static int spool_path(const struct upload_store *store, const char *id, char path[static PATH_MAX],
                      struct error *err)
{
    return path_join(path, store->directory, id, err);
}

static int read_upload(void *context, sqlite3_stmt *statement)
{
    struct upload *upload = context;
    upload->size = sqlite3_column_int64(statement, 1);
    int result = database_text(statement, 0, upload->id, sizeof upload->id);
    return result < 0 ? result : database_text(statement, 2, upload->name, sizeof upload->name);
}

/* The upload that a request names; false and 404 if its user has none such. */
static bool find_upload(struct server *server, struct request *request, struct upload *upload,
                        struct response *response)
{
    struct error err = {0};
    int found = database_run(&server->database, read_upload, upload, &err,
                             "SELECT id, size_bytes, name FROM upload WHERE id = ? AND user = ?", "tt",
                             request->parameters[0], request->session.user);
    if (found < 0)
        response_failure(response, 500, &err);
    else if (found == 0)
        response_error(response, 404, "begin again with POST /api/v1/uploads",
                       "find upload: %.64s: no such upload, or it has expired", request->parameters[0]);
    return found > 0;
}

static json_t *upload_json(const struct upload *upload, int64_t offset)
{
    return json_pack("{s:s, s:I, s:I, s:s}", "id", upload->id, "offset_bytes", (json_int_t)offset,
                     "size_bytes", (json_int_t)upload->size, "name", upload->name);
}

static int forget(struct server *server, const char *id, struct error *err)
{
    char path[PATH_MAX];
    int result = database_run(&server->database, NULL, NULL, err, "DELETE FROM upload WHERE id = ?", "t", id);
    if (result >= 0)
        result = spool_path(&server->uploads, id, path, err);
    if (result >= 0)
        unlink(path);
    return result < 0 ? result : 0;
}

static int make_spool(struct server *server, struct upload *upload, struct error *err)
{
    uint8_t raw[(UPLOAD_ID_SIZE - 1) / 2];
    char path[PATH_MAX];
    if (token_random(raw, sizeof raw) < 0)
        return error_set(err, EIO, "begin upload", upload->name, "the system gives no random bytes");
    token_print(raw, sizeof raw, upload->id);
    int result = spool_path(&server->uploads, upload->id, path, err);
    if (result < 0)
        return result;
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? error_set(err, errno, "begin upload", path, NULL) : 0;
}

void upload_create(struct server *server, struct request *request, struct response *response)
{
    struct upload upload = {.size = json_integer_value(json_object_get(request->json, "size_bytes"))};
    struct error err = {0};
    snprintf(upload.name, sizeof upload.name, "%s",
             json_string_value(json_object_get(request->json, "name")));
    upload_purge(server, clock_now_ms());
    int result = make_spool(server, &upload, &err);
    if (result == 0)
        result =
            database_run(&server->database, NULL, NULL, &err,
                         "INSERT INTO upload SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM upload) < ?"
                         " AND (SELECT coalesce(sum(size_bytes), 0) FROM upload) + ? <= ?",
                         "tttiiiii", upload.id, request->session.user, upload.name, upload.size,
                         clock_now_ms(), (int64_t)UPLOAD_COUNT_MAX, upload.size, UPLOAD_TOTAL_MAX);
    if (result > 0) {
        response_json(response, 201, upload_json(&upload, 0));
        return;
    }
    forget(server, upload.id, NULL);
    if (result == 0)
        response_error(response, 507, "finish or delete other uploads first",
                       "begin upload: %.255s: too many are unfinished", upload.name);
    else
        response_failure(response, result == -ENOSPC ? 507 : 500, &err);
}

void upload_get(struct server *server, struct request *request, struct response *response)
{
    struct upload upload;
    char path[PATH_MAX];
    struct stat st;
    struct error err = {0};
    if (!find_upload(server, request, &upload, response))
        return;
    if (spool_path(&server->uploads, upload.id, path, &err) < 0 || stat(path, &st) < 0)
        response_error(response, 404, "begin again", "find upload: %s: its bytes are gone", upload.id);
    else
        response_json(response, 200, upload_json(&upload, st.st_size));
}

void upload_delete(struct server *server, struct request *request, struct response *response)
{
    struct upload upload;
    struct error err = {0};
    if (!find_upload(server, request, &upload, response))
        return;
    if (forget(server, upload.id, &err) < 0)
        response_failure(response, 500, &err);
    else
        response_empty(response, 204);
}

static void refuse_offset(struct response *response, int64_t offset)
{
    response_error(response, 409, "go on from offset_bytes",
                   "write upload: Upload-Offset: the upload is at %lld", (long long)offset);
    json_object_set_new(response->json, "offset_bytes", json_integer(offset));
    response_header(response, "Upload-Offset", "%lld", (long long)offset);
}

/* Opens the spool for this request alone. */
static bool open_spool(struct server *server, struct upload_writer *writer, struct response *response)
{
    struct stat st;
    struct error err = {0};
    int result = spool_path(&server->uploads, writer->upload.id, writer->path, &err);
    if (result == 0)
        writer->fd = open(writer->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (result < 0 || writer->fd < 0 || fstat(writer->fd, &st) < 0) {
        response_error(response, 404, "begin again", "find upload: %s: its bytes are gone",
                       writer->upload.id);
        return false;
    }
    writer->offset = st.st_size;
    if (flock(writer->fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    response_error(response, 409, "wait until the other request has ended",
                   "write upload: %s: another request writes to it", writer->upload.id);
    return false;
}

struct upload_writer *upload_open(struct server *server, struct request *request, struct response *response)
{
    int64_t offset;
    if (request_number(request->headers.upload_offset, &offset) < 0) {
        response_error(response, 400, "", "read request: Upload-Offset: missing or no number");
        return NULL;
    }
    struct upload_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        response_error(response, 500, "", "write upload: out of memory");
        return NULL;
    }
    writer->fd = -1;
    if (find_upload(server, request, &writer->upload, response) && open_spool(server, writer, response) &&
        writer->offset != offset)
        refuse_offset(response, writer->offset);
    if (response->status == 0)
        return writer;
    upload_close(writer);
    return NULL;
}

void upload_write(struct upload_writer *writer, const void *data, size_t size, struct response *response)
{
    if ((int64_t)size > writer->upload.size - writer->offset) {
        response_error(response, 413, "", "write upload: more than the %lld bytes that were announced",
                       (long long)writer->upload.size);
        return;
    }
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t written = pwrite(writer->fd, at, size, writer->offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            response_error(response, 507, "free space on the server, then go on", "write upload: %s: %s",
                           writer->upload.id, written < 0 ? strerror(errno) : "the disk takes nothing");
            return;
        }
        at += written;
        size -= (size_t)written;
        writer->offset += written;
    }
}

/* All is there: the daemon checks and keeps it. What it refuses for good is not worth keeping here either. */
static void hand_over(struct server *server, struct upload_writer *writer, struct response *response)
{
    json_t *image = image_add(server, writer->fd, writer->upload.size, response);
    if (image == NULL) {
        if (response->status == 422)
            forget(server, writer->upload.id, NULL);
        return;
    }
    forget(server, writer->upload.id, NULL);
    json_t *answer = upload_json(&writer->upload, writer->offset);
    json_object_set_new(answer, "image", image);
    response_json(response, 200, answer);
}

void upload_finish(struct server *server, struct upload_writer *writer, struct response *response)
{
    struct error err = {0};
    if (database_run(&server->database, NULL, NULL, &err, "UPDATE upload SET touched_ms = ? WHERE id = ?",
                     "it", clock_now_ms(), writer->upload.id) < 0)
        response_failure(response, 500, &err);
    else if (writer->offset < writer->upload.size)
        response_json(response, 200, upload_json(&writer->upload, writer->offset));
    else
        hand_over(server, writer, response);
}

void upload_close(struct upload_writer *writer)
{
    if (writer == NULL)
        return;
    fd_close(&writer->fd);
    free(writer);
}

struct stale {
    char ids[UPLOAD_COUNT_MAX][UPLOAD_ID_SIZE];
    size_t count;
};

static int read_stale(void *context, sqlite3_stmt *statement)
{
    struct stale *stale = context;
    if (stale->count == UPLOAD_COUNT_MAX)
        return 0;
    return database_text(statement, 0, stale->ids[stale->count++], UPLOAD_ID_SIZE);
}

void upload_purge(struct server *server, int64_t now_ms)
{
    struct stale stale = {0};
    database_run(&server->database, read_stale, &stale, NULL, "SELECT id FROM upload WHERE touched_ms < ?",
                 "i", now_ms - UPLOAD_IDLE_MS);
    for (size_t i = 0; i < stale.count; i++)
        forget(server, stale.ids[i], NULL);
}

static void remove_orphan(struct server *server, int folder, const char *name)
{
    if (name[0] != '.' && database_run(&server->database, NULL, NULL, NULL,
                                       "SELECT 1 FROM upload WHERE id = ?", "t", name) == 0)
        unlinkat(folder, name, 0);
}

int upload_init(struct server *server, struct error *err)
{
    int result = path_join(server->uploads.directory, server->state_directory, "uploads", err);
    if (result == 0)
        result = path_make_directory(server->uploads.directory, err);
    if (result < 0)
        return result;
    DIR *folder = opendir(server->uploads.directory);
    if (folder == NULL)
        return error_set(err, errno, "read uploads", server->uploads.directory, NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        remove_orphan(server, dirfd(folder), entry->d_name);
    closedir(folder);
    upload_purge(server, clock_now_ms());
    return 0;
}
