/*
 * response.c: the answers of a server of read-only files.
 *
 * There is no Date field: a server whose clock may be unset must not send one (RFC 9110, section 6.6.1),
 * and nothing here depends on it. The validator is the file's fingerprint as an entity tag; there is no
 * Last-Modified, because a file in an image has no time of its own.
 */
#include "response.h"

#include <bivy/files.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".mp3", "audio/mpeg"},
    {".zip", "application/zip"},
    {".gz", "application/gzip"},
    {".webmanifest", "application/manifest+json"},
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {414, "URI Too Long"},
    {416, "Range Not Satisfiable"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {505, "HTTP Version Not Supported"},
};

static const char *type_of(const char *path)
{
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++) {
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Error";
}

static void head_add(struct response *response, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void head_add(struct response *response, const char *format, ...)
{
    size_t room = sizeof response->head - response->head_size;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(response->head + response->head_size, room, format, arguments);
    va_end(arguments);
    if (size > 0)
        response->head_size += (size_t)size < room ? (size_t)size : room - 1;
}

static void head_begin(struct response *response, int status)
{
    response->status = status;
    response->head_size = 0;
    response->body_size = 0;
    head_add(response, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
}

static void head_end(struct response *response)
{
    head_add(response, "%s\r\n", response->keep_alive ? "" : "Connection: close\r\n");
}

/* An answer whose body is a sentence; METHOD_HEAD leaves the body out. */
static void answer_text(struct response *response, int status, const char *field, bool method_head)
{
    const char *reason = reason_of(status);

    head_begin(response, status);
    head_add(response, "%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n", field,
             strlen(reason));
    head_end(response);
    response->body = (const uint8_t *)reason;
    response->body_size = method_head ? 0 : strlen(reason);
}

/* The file itself, or the index.html of a folder. */
static const struct files_entry *file_of(const struct request *request)
{
    static const char index[] = "index.html";
    char path[REQUEST_PATH_MAX + sizeof index];

    if (!request->directory)
        return files_find(request->path, request->path_size);
    memcpy(path, request->path, request->path_size);
    memcpy(path + request->path_size, index, sizeof index);
    return files_find(path, request->path_size + sizeof index - 1);
}

/* A folder asked for without its slash: links in its pages would lead elsewhere, so it is asked again. */
static bool answer_folder(struct response *response, const struct request *request)
{
    struct request folder = *request;
    struct request_text path = request->target;
    const char *query = memchr(path.data, '?', path.size);
    char field[REQUEST_PATH_MAX + 32];

    if (request->directory || request->path_size + 1 >= REQUEST_PATH_MAX || path.size >= REQUEST_PATH_MAX ||
        *path.data != '/')
        return false;
    folder.path[folder.path_size++] = '/';
    folder.directory = true;
    if (!file_of(&folder))
        return false;
    if (query)
        path.size = (size_t)(query - path.data);
    snprintf(field, sizeof field, "Location: %.*s/\r\n", (int)path.size, path.data);
    answer_text(response, 301, field, request->method == REQUEST_HEAD);
    return true;
}

/* The range that is asked for, if the tag in If-Range still names the file. */
static enum request_range range_of(const struct request *request, const struct files_entry *file,
                                   const char *tag, uint64_t *first, uint64_t *last)
{
    /* If-Range compares strongly (RFC 9110, section 13.1.5): a weak tag, or a date, never matches. */
    bool current = request->if_range.size == 0 || (request->if_range.size == strlen(tag) &&
                                                   memcmp(request->if_range.data, tag, strlen(tag)) == 0);

    if (request->range.size == 0 || request->method != REQUEST_GET || !current)
        return RANGE_ALL;
    return request_range(request->range, file->size_bytes, first, last);
}

static void answer_file(struct response *response, const struct request *request,
                        const struct files_entry *file)
{
    uint64_t first = 0, last = 0;
    enum request_range range;
    char tag[24];

    snprintf(tag, sizeof tag, "\"%016llx\"", (unsigned long long)file->fingerprint);
    if (request->if_none_match.size > 0 && request_tag_matches(request->if_none_match, tag)) {
        head_begin(response, 304);
        head_add(response, "ETag: %s\r\n", tag);
        head_end(response);
        return;
    }
    range = range_of(request, file, tag, &first, &last);
    if (range == RANGE_IMPOSSIBLE) {
        char field[64];
        snprintf(field, sizeof field, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)file->size_bytes);
        answer_text(response, 416, field, false);
        return;
    }
    head_begin(response, range == RANGE_PART ? 206 : 200);
    response->body = file->data + first;
    response->body_size = range == RANGE_PART ? last - first + 1 : file->size_bytes;
    if (range == RANGE_PART)
        head_add(response, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)file->size_bytes);
    head_add(response, "Content-Type: %s\r\nContent-Length: %zu\r\nETag: %s\r\nAccept-Ranges: bytes\r\n",
             type_of(file->path), response->body_size, tag);
    head_add(response, "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n");
    head_end(response);
    if (request->method == REQUEST_HEAD)
        response->body_size = 0;
}

void response_make(struct response *response, const struct request *request)
{
    const struct files_entry *file;

    response->keep_alive = request->keep_alive;
    if (request->method == REQUEST_KNOWN) {
        answer_text(response, 405, "Allow: GET, HEAD\r\n", false);
        return;
    }
    file = file_of(request);
    if (file)
        answer_file(response, request, file);
    else if (!answer_folder(response, request))
        answer_text(response, 404, "", request->method == REQUEST_HEAD);
}

void response_refuse(struct response *response, int status)
{
    response->keep_alive = false;
    answer_text(response, status, "", false);
}
