/*
 * request.h: reads the head of an HTTP/1.x request.
 *
 * Pure: bytes in, a description out, nothing kept and nothing allocated, so that it is tested and fuzzed
 * on any machine. Rules: RFC 9110 and RFC 9112.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_HEAD_MAX   4096 /* bytes of request line and header fields */
#define REQUEST_TARGET_MAX 1024 /* bytes of the target */
#define REQUEST_PATH_MAX   512  /* bytes of the decoded path */

enum request_method { REQUEST_GET, REQUEST_HEAD, REQUEST_KNOWN, REQUEST_UNKNOWN };

/* A piece of the request; not NUL-terminated. */
struct request_text {
    const char *data;
    size_t size;
};

struct request {
    enum request_method method;
    char path[REQUEST_PATH_MAX + 1]; /* decoded, without the leading slash and the query; NUL-terminated */
    size_t path_size;
    bool directory;  /* the path is empty or ends with a slash */
    bool keep_alive; /* the connection goes on after the answer */
    bool has_body;   /* a body follows, which is not read: the connection ends after the answer */
    struct request_text method_text, target, if_none_match, if_range, range; /* size 0: absent */
};

/*
 * Reads the request that begins at DATA (SIZE bytes have come). Returns the bytes of its head, 0 if the
 * rest of it has not come yet, or the negative status code to answer with (-400, -414, -431, -501, -505);
 * the connection then ends. The texts point into DATA.
 */
int request_parse(struct request *request, const char *data, size_t size);

/* What a Range field asks for. */
enum request_range { RANGE_ALL, RANGE_PART, RANGE_IMPOSSIBLE };

/*
 * The range that FIELD asks of LENGTH bytes: with RANGE_PART, *FIRST <= *LAST < LENGTH. More than one
 * range, another unit or nonsense is RANGE_ALL, as RFC 9110, section 14.2 allows.
 */
enum request_range request_range(struct request_text field, uint64_t length, uint64_t *first, uint64_t *last);

/* Whether the list of entity tags in FIELD ("*" included) names TAG, a quoted string; weak comparison. */
bool request_tag_matches(struct request_text field, const char *tag);

#endif
