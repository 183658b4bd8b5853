/* fuzz_http.c: the HTTP example's request parser, and what is done with the fields it found. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "examples/http/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request;
    uint64_t first, last;
    int used = request_parse(&request, (const char *)data, size);

    assert(used <= (int)size && used <= REQUEST_HEAD_MAX);
    if (used <= 0)
        return 0;
    assert(strlen(request.path) == request.path_size);
    assert(!strstr(request.path, "/../") && strncmp(request.path, "../", 3) != 0);
    assert(!strstr(request.path, "//") && request.path[0] != '/');
    if (request_range(request.range, size, &first, &last) == RANGE_PART)
        assert(first <= last && last < size);
    (void)request_tag_matches(request.if_none_match, "\"0123456789abcdef\"");
    return 0;
}
