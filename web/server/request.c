/* request.c: one parsed request; see request.h. */
#include "request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "host/error.h"
#include "wire/utf8.h"

void request_free(struct request *request)
{
    buffer_free(&request->body);
    json_decref(request->json);
    request->json = NULL;
}

void request_set_method(struct request *request, const char *name)
{
    static const struct {
        const char *name;
        enum request_method method;
    } methods[] = {{"GET", REQUEST_GET},
                   {"HEAD", REQUEST_GET},
                   {"POST", REQUEST_POST},
                   {"PATCH", REQUEST_PATCH},
                   {"DELETE", REQUEST_DELETE}};
    request->method = REQUEST_OTHER;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            request->method = methods[i].method;
    request->head = strcmp(name, "HEAD") == 0;
}

int request_set_target(struct request *request, const char *target)
{
    const char *mark = strchr(target, '?');
    size_t size = mark != NULL ? (size_t)(mark - target) : strlen(target);
    request->path[0] = '\0';
    request->query[0] = '\0';
    if (strlen(target) >= REQUEST_TARGET_MAX)
        return -EMSGSIZE;
    if (target[0] != '/')
        return -EINVAL;
    memcpy(request->path, target, size);
    request->path[size] = '\0';
    if (mark != NULL)
        strcpy(request->query, mark + 1);
    return 0;
}

struct known_header {
    const char *name;
    size_t offset, size;
};

#define HEADER(text, member)                                                                                 \
    {                                                                                                        \
        text, offsetof(struct request_headers, member), sizeof(((struct request_headers *)0)->member)        \
    }

void request_set_header(struct request *request, const char *name, const char *value)
{
    static const struct known_header known[] = {
        HEADER("Host", host),
        HEADER("Origin", origin),
        HEADER("Sec-Fetch-Site", fetch_site),
        HEADER("Cookie", cookie),
        HEADER("X-Bivy-CSRF", csrf),
        HEADER("Content-Type", content_type),
        HEADER("Content-Length", content_length),
        HEADER("Transfer-Encoding", transfer_encoding),
        HEADER("Upload-Offset", upload_offset),
        HEADER("Last-Event-ID", last_event_id),
        HEADER("Accept", accept),
        HEADER("Accept-Encoding", accept_encoding),
        HEADER("If-None-Match", if_none_match),
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(known[i].name, name) != 0)
            continue;
        char *to = (char *)&request->headers + known[i].offset;
        if (request->headers.seen & 1u << i)
            request->headers.duplicate = true;
        else if (strlen(value) >= known[i].size)
            request->headers.too_long = true;
        else
            strcpy(to, value);
        request->headers.seen |= 1u << i;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int request_decode(const char *from, size_t size, char *to, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)from[i];
        if (byte == '%') {
            int high = i + 2 < size ? hex_value(from[i + 1]) : -1;
            int low = i + 2 < size ? hex_value(from[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -EINVAL;
            byte = (unsigned char)(high << 4 | low);
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f)
            return -EINVAL;
        if (length + 1 >= room)
            return -EMSGSIZE;
        to[length++] = (char)byte;
    }
    to[length] = '\0';
    return utf8_is_text((const uint8_t *)to, length) ? 0 : -EINVAL;
}

int request_query(const struct request *request, const char *name, char *value, size_t room)
{
    size_t name_size = strlen(name);
    for (const char *at = request->query; *at != '\0';) {
        size_t size = strcspn(at, "&");
        if (size > name_size && at[name_size] == '=' && memcmp(at, name, name_size) == 0)
            return request_decode(at + name_size + 1, size - name_size - 1, value, room);
        at += size + (at[size] == '&');
    }
    return -ENOENT;
}

int request_number(const char *text, int64_t *value)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return -EINVAL;
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    *value = number;
    return 0;
}

int request_query_number(const struct request *request, const char *name, int64_t minimum, int64_t maximum,
                         int64_t fallback, int64_t *value)
{
    char text[24];
    int result = request_query(request, name, text, sizeof text);
    *value = fallback;
    if (result == -ENOENT)
        return 0;
    if (result < 0 || request_number(text, value) < 0 || *value < minimum || *value > maximum)
        return -EINVAL;
    return 0;
}

int request_cookie(const struct request *request, const char *name, char *value, size_t room)
{
    size_t name_size = strlen(name);
    int result = -ENOENT;
    for (const char *at = request->headers.cookie; *at != '\0';) {
        at += strspn(at, " \t;");
        size_t size = strcspn(at, ";");
        if (size > name_size && at[name_size] == '=' && memcmp(at, name, name_size) == 0) {
            size_t length = size - name_size - 1;
            if (result == 0 || length >= room)
                return -ENOENT;
            memcpy(value, at + name_size + 1, length);
            value[length] = '\0';
            result = 0;
        }
        at += size;
    }
    return result;
}

/* The parser recurses: what it may be given is counted before it sees it. */
static int check_depth(const char *text, size_t size)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > REQUEST_DEPTH_MAX)
                return -EINVAL;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return 0;
}

int request_parse_json(struct request *request, struct error *err)
{
    json_error_t where;
    const char *text = (const char *)request->body.data;
    if (request->body.size == 0)
        return error_set(err, EINVAL, "read request", NULL, "the body is empty; a JSON object is expected");
    if (check_depth(text, request->body.size) < 0)
        return error_set(err, EINVAL, "read request", NULL, "the JSON is nested deeper than %d levels",
                         REQUEST_DEPTH_MAX);
    request->json = json_loadb(text, request->body.size, JSON_REJECT_DUPLICATES, &where);
    if (request->json == NULL)
        return error_set(err, EINVAL, "read request", NULL, "not JSON: line %d, column %d: %s", where.line,
                         where.column, where.text);
    if (!json_is_object(request->json))
        return error_set(err, EINVAL, "read request", NULL, "a JSON object is expected");
    return 0;
}
