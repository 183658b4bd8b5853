/* request.c: the parser of request.h. */
#include "request.h"

#include <string.h>

/* A line without its end; *NEXT is where the following one begins, or NULL if the line is not complete. */
static struct request_text line_take(const char *data, size_t size, const char **next)
{
    const char *end = memchr(data, '\n', size);
    struct request_text line = {data, end ? (size_t)(end - data) : 0};

    *next = end ? end + 1 : NULL;
    if (line.size > 0 && data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* WORD is in small letters. */
static bool text_is(struct request_text text, const char *word)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!word[i] || lower(text.data[i]) != word[i])
            return false;
    }
    return !word[text.size];
}

static struct request_text text_trim(struct request_text text)
{
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t'))
        text.data++, text.size--;
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Takes the text up to SEPARATOR off the front of *REST. */
static struct request_text text_split(struct request_text *rest, char separator)
{
    const char *end = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    struct request_text part = {rest->data, end ? (size_t)(end - rest->data) : rest->size};

    if (rest->size == 0) /* of an absent field, whose data is NULL */
        return part;
    rest->data += part.size + (end != NULL);
    rest->size -= part.size + (end != NULL);
    return part;
}

/* The characters of a method or a field's name (RFC 9110, section 5.6.2). */
static bool is_token(struct request_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool word = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
        if (!word && (c <= ' ' || c > '~' || strchr("\"(),/:;<=>?@[\\]{}", c)))
            return false;
    }
    return text.size > 0;
}

static enum request_method method_of(struct request_text text)
{
    static const char *const known[] = {"post", "put", "delete", "options", "patch", "trace", "connect"};
    char first = text.data[0];

    /* Methods are case-sensitive: text_is() is used only on those that are capital already. */
    for (size_t i = 0; i < text.size; i++) {
        if (lower(text.data[i]) == text.data[i])
            return REQUEST_UNKNOWN;
    }
    if (text_is(text, "get"))
        return REQUEST_GET;
    if (first == 'H' && text_is(text, "head"))
        return REQUEST_HEAD;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_is(text, known[i]))
            return REQUEST_KNOWN;
    }
    return REQUEST_UNKNOWN;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of *TEXT, percent-decoded; -1: not valid. */
static int byte_take(struct request_text *text)
{
    int high, low;
    char c = *text->data;

    if (c != '%') {
        text->data++, text->size--;
        return (unsigned char)c;
    }
    if (text->size < 3)
        return -1;
    high = hex_value(text->data[1]);
    low = hex_value(text->data[2]);
    text->data += 3, text->size -= 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Whether the SIZE bytes at PATH have a segment that is "." or "..", or an empty one inside. */
static bool path_escapes(const char *path, size_t size)
{
    struct request_text rest = {path, size};

    while (rest.size > 0) {
        struct request_text segment = text_split(&rest, '/');
        if (segment.size == 0 || text_is(segment, ".") || text_is(segment, ".."))
            return true;
    }
    return false;
}

/* Decodes the target's path into the request; 0, or a negative status. */
static int path_decode(struct request *request)
{
    struct request_text target = request->target, path;

    /* The absolute form, "http://host/path" (RFC 9112, section 3.2.2). */
    if (target.size > 7 && text_is((struct request_text){target.data, 7}, "http://")) {
        target.data += 7, target.size -= 7;
        text_split(&target, '/');
    } else if (target.size == 0 || *target.data != '/') {
        return request->method == REQUEST_KNOWN ? 0 : -400;
    } else {
        target.data++, target.size--;
    }
    path = text_split(&target, '?');
    while (path.size > 0) {
        int byte = byte_take(&path);
        if (byte < ' ' || byte == 127)
            return -400;
        if (request->path_size == REQUEST_PATH_MAX)
            return -414;
        request->path[request->path_size++] = (char)byte;
    }
    request->path[request->path_size] = '\0';
    request->directory = request->path_size == 0 || request->path[request->path_size - 1] == '/';
    return path_escapes(request->path, request->path_size) ? -400 : 0;
}

/* The request line (RFC 9112, section 3); 0, or a negative status. *MINOR: the minor version. */
static int line_parse(struct request *request, struct request_text line, int *minor)
{
    struct request_text version;

    request->method_text = text_split(&line, ' ');
    request->target = text_split(&line, ' ');
    version = line;
    if (!is_token(request->method_text) || request->target.size == 0)
        return -400;
    if (version.size != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.')
        return -400;
    if (version.data[5] != '1' || version.data[7] < '0' || version.data[7] > '9')
        return -505;
    *minor = version.data[7] - '0';
    request->method = method_of(request->method_text);
    if (request->method == REQUEST_UNKNOWN)
        return -501;
    if (request->target.size > REQUEST_TARGET_MAX)
        return -414;
    request->keep_alive = *minor >= 1;
    return path_decode(request);
}

static void connection_parse(struct request *request, struct request_text value)
{
    while (value.size > 0) {
        struct request_text option = text_trim(text_split(&value, ','));
        if (text_is(option, "close"))
            request->keep_alive = false;
        else if (text_is(option, "keep-alive") && !request->has_body)
            request->keep_alive = true;
    }
}

/* A field's line (RFC 9112, section 5); 0, or a negative status. *HOSTS counts Host fields. */
static int field_parse(struct request *request, struct request_text line, unsigned *hosts)
{
    struct request_text value = line, name = text_split(&value, ':');

    /* No colon, a space before it, or a folded line: refused, because proxies disagree about them. */
    if (name.size == line.size || !is_token(name))
        return -400;
    value = text_trim(value);
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.data[i] < ' ' && value.data[i] != '\t')
            return -400;
    }
    if (text_is(name, "host"))
        ++*hosts;
    else if (text_is(name, "connection"))
        connection_parse(request, value);
    else if (text_is(name, "transfer-encoding"))
        request->has_body = true;
    else if (text_is(name, "content-length"))
        request->has_body |= !text_is(value, "0");
    else if (text_is(name, "if-none-match"))
        request->if_none_match = value;
    else if (text_is(name, "if-range"))
        request->if_range = value;
    else if (text_is(name, "range"))
        request->range = value;
    return 0;
}

/* Whether the line that has begun may still become a request line of an allowed length. */
static int incomplete(const char *data, size_t size, bool first_line)
{
    if (size < REQUEST_HEAD_MAX)
        return 0;
    return first_line && memchr(data, ' ', 16) ? -414 : -431;
}

int request_parse(struct request *request, const char *data, size_t size)
{
    const char *at = data, *next;
    unsigned hosts = 0;
    int minor = 0, status = 0;
    struct request_text line;
    bool first = true;

    *request = (struct request){.method = REQUEST_UNKNOWN};
    for (;;) {
        line = line_take(at, size - (size_t)(at - data), &next);
        if (!next)
            return incomplete(data, size, first);
        if ((size_t)(next - data) > REQUEST_HEAD_MAX)
            return first ? -414 : -431;
        at = next;
        /* Empty lines before a request are skipped (RFC 9112, section 2.2). */
        if (first && line.size == 0)
            continue;
        if (line.size == 0)
            break;
        status = first ? line_parse(request, line, &minor) : field_parse(request, line, &hosts);
        if (status < 0)
            return status;
        first = false;
    }
    if (hosts > 1 || (hosts == 0 && minor >= 1))
        return -400;
    if (request->has_body)
        request->keep_alive = false;
    return (int)(at - data);
}

/* A decimal number that takes all of TEXT. */
static bool number_parse(struct request_text text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(*number, 10u, number) ||
            __builtin_add_overflow(*number, (uint64_t)(text.data[i] - '0'), number))
            return false;
    }
    return text.size > 0;
}

enum request_range request_range(struct request_text field, uint64_t length, uint64_t *first, uint64_t *last)
{
    struct request_text end = field, unit = text_split(&end, '='), start;
    uint64_t from, to;

    if (!text_is(text_trim(unit), "bytes") || unit.size == field.size || memchr(end.data, ',', end.size))
        return RANGE_ALL;
    start = text_split(&end, '-');
    start = text_trim(start);
    end = text_trim(end);
    if (start.size == 0) { /* the last bytes */
        if (!number_parse(end, &to))
            return RANGE_ALL;
        if (to == 0 || length == 0)
            return RANGE_IMPOSSIBLE;
        *first = to < length ? length - to : 0;
        *last = length - 1;
        return RANGE_PART;
    }
    if (!number_parse(start, &from) || (end.size > 0 && !number_parse(end, &to)) ||
        (end.size > 0 && to < from))
        return RANGE_ALL;
    if (from >= length)
        return RANGE_IMPOSSIBLE;
    *first = from;
    *last = end.size > 0 && to < length ? to : length - 1;
    return RANGE_PART;
}

bool request_tag_matches(struct request_text field, const char *tag)
{
    size_t size = strlen(tag);

    if (field.size == 1 && *field.data == '*')
        return true;
    while (field.size > 0) {
        struct request_text item = text_trim(text_split(&field, ','));
        if (item.size > 2 && item.data[0] == 'W' && item.data[1] == '/')
            item.data += 2, item.size -= 2;
        if (item.size == size && memcmp(item.data, tag, size) == 0)
            return true;
    }
    return false;
}
