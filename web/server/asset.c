/* asset.c: the pages; see asset.h. */
#include "asset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "request.h"
#include "response.h"
#include "token.h"

#define ASSET_DEPTH_MAX 4

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
    };
    size_t size = strlen(name);
    if (size > 3 && strcmp(name + size - 3, ".gz") == 0)
        size -= 3;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t ending = strlen(types[i][0]);
        if (size > ending && strncmp(name + size - ending, types[i][0], ending) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

static int read_file(int fd, struct asset *asset, struct error *err)
{
    struct stat st;
    uint8_t hash[TOKEN_HASH_SIZE];
    if (fstat(fd, &st) < 0)
        return error_set(err, errno, "read page", asset->name, NULL);
    if (st.st_size > ASSET_SIZE_MAX)
        return error_set(err, EFBIG, "read page", asset->name, "larger than %d bytes", ASSET_SIZE_MAX);
    asset->data = malloc((size_t)st.st_size + 1);
    if (asset->data == NULL)
        return error_set(err, ENOMEM, "read page", asset->name, NULL);
    ssize_t size = fd_read_all(fd, asset->data, (size_t)st.st_size);
    if (size < 0)
        return error_set(err, (int)-size, "read page", asset->name, NULL);
    asset->size = (size_t)size;
    asset->type = type_of(asset->name);
    token_hash("asset", asset->data, asset->size, hash);
    asset->tag[0] = '"';
    token_print(hash, sizeof hash, asset->tag + 1);
    strcat(asset->tag, "\"");
    return 0;
}

static int load_file(struct asset_store *store, int folder, const char *entry, const char *name,
                     struct error *err)
{
    if (store->count == ASSET_COUNT_MAX)
        return error_set(err, E2BIG, "read pages", name, "more than %d files", ASSET_COUNT_MAX);
    cleanup_fd int fd = openat(folder, entry, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set(err, errno, "read page", name, NULL);
    struct asset *asset = &store->items[store->count++];
    snprintf(asset->name, sizeof asset->name, "%s", name);
    return read_file(fd, asset, err);
}

static int load_folder(struct asset_store *store, int folder, const char *prefix, int depth,
                       struct error *err);

static int load_entry(struct asset_store *store, int folder, const char *entry, const char *prefix, int depth,
                      struct error *err)
{
    char name[ASSET_NAME_MAX];
    struct stat st;
    if (entry[0] == '.')
        return 0;
    if (snprintf(name, sizeof name, "%s%s", prefix, entry) >= (int)sizeof name - 1)
        return error_set(err, ENAMETOOLONG, "read page", entry, NULL);
    if (fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(err, errno, "read page", name, NULL);
    if (S_ISREG(st.st_mode))
        return load_file(store, folder, entry, name, err);
    if (!S_ISDIR(st.st_mode) || depth == ASSET_DEPTH_MAX)
        return 0;
    int inner = openat(folder, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    strcat(name, "/");
    return load_folder(store, inner, name, depth + 1, err);
}

/* Takes over the descriptor FOLDER. */
static int load_folder(struct asset_store *store, int folder, const char *prefix, int depth,
                       struct error *err)
{
    DIR *stream = folder >= 0 ? fdopendir(folder) : NULL;
    if (stream == NULL) {
        fd_close(&folder);
        return error_set(err, errno, "read pages", prefix, NULL);
    }
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(stream)) != NULL;)
        result = load_entry(store, dirfd(stream), entry->d_name, prefix, depth, err);
    closedir(stream);
    return result;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct asset *)a)->name, ((const struct asset *)b)->name);
}

int asset_load(struct asset_store *store, const char *directory, struct error *err)
{
    *store = (struct asset_store){.items = calloc(ASSET_COUNT_MAX, sizeof(struct asset))};
    if (store->items == NULL)
        return error_set(err, ENOMEM, "read pages", directory, NULL);
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT)
        return 0;
    int result = load_folder(store, folder, "", 0, err);
    if (result < 0)
        asset_free(store);
    else
        qsort(store->items, store->count, sizeof store->items[0], compare);
    return result;
}

void asset_free(struct asset_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        free(store->items[i].data);
    free(store->items);
    *store = (struct asset_store){0};
}

static const struct asset *find(const struct asset_store *store, const char *name)
{
    struct asset key = {0};
    if (store->count == 0 || strlen(name) >= sizeof key.name)
        return NULL;
    strcpy(key.name, name);
    return bsearch(&key, store->items, store->count, sizeof store->items[0], compare);
}

/* The name below the folder that a path means; NULL for a path that walks about. */
static const char *asset_name(const struct request *request, char *decoded, size_t room)
{
    if (request_decode(request->path, strlen(request->path), decoded, room) < 0)
        return NULL;
    if (strstr(decoded, "/../") != NULL || strstr(decoded, "/./") != NULL || strstr(decoded, "//") != NULL)
        return NULL;
    size_t size = strlen(decoded);
    if (size >= 3 && strcmp(decoded + size - 3, "/..") == 0)
        return NULL;
    return size == 1 ? "index.html" : decoded + 1;
}

/* "gzip" as a token of Accept-Encoding, and not refused with q=0. */
static bool takes_gzip(const struct request *request)
{
    const char *at = strstr(request->headers.accept_encoding, "gzip");
    if (at == NULL)
        return false;
    at += 4 + strspn(at + 4, " \t");
    if (*at != ';')
        return true;
    const char *q = strstr(at, "q=");
    return q == NULL || strtod(q + 2, NULL) > 0;
}

static void send(const struct asset_store *store, const struct asset *asset, const struct request *request,
                 struct response *response)
{
    char packed_name[ASSET_NAME_MAX + 4];
    snprintf(packed_name, sizeof packed_name, "%s.gz", asset->name);
    const struct asset *packed = find(store, packed_name);
    if (packed != NULL)
        response_header(response, "Vary", "Accept-Encoding");
    if (packed != NULL && takes_gzip(request)) {
        asset = packed;
        response_header(response, "Content-Encoding", "gzip");
    }
    response_header(response, "ETag", "%s", asset->tag);
    response_header(response, "Cache-Control", "no-cache");
    if (strstr(request->headers.if_none_match, asset->tag) != NULL) {
        response_empty(response, 304);
        return;
    }
    response_header(response, "Content-Type", "%s", asset->type);
    response->status = 200;
    response->data = asset->data;
    response->size = asset->size;
}

void asset_answer(const struct asset_store *store, const struct request *request, struct response *response)
{
    char decoded[REQUEST_TARGET_MAX];
    const char *name = asset_name(request, decoded, sizeof decoded);
    if (name == NULL) {
        response_error(response, 400, "", "read request: the path is malformed");
        return;
    }
    const struct asset *asset = find(store, name);
    if (asset == NULL && strstr(request->headers.accept, "text/html") != NULL)
        asset = find(store, "index.html");
    if (asset != NULL)
        send(store, asset, request, response);
    else if (store->count == 0)
        response_error(response, 404, "the interface under /api/v1 works without them; make installs them",
                       "find page: the console's pages are not installed");
    else
        response_error(response, 404, "", "find page: %.256s: no such page", request->path);
}
