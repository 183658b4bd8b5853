/* inflate.h: a compressed image made whole; apart from bivy-check, so that tests and a fuzzer reach it. */
#ifndef DAEMON_INFLATE_H
#define DAEMON_INFLATE_H

#include <stdint.h>

struct error;

/*
 * Inflates the zlib stream that is the file behind INPUT, from its beginning, and writes what comes out to
 * OUTPUT from its file position on; both are borrowed. What follows the stream's end is not looked at. 0,
 * or with ERR filled: -EBADMSG if it is no whole zlib stream, -EFBIG if it yields more than LIMIT bytes
 * (at most LIMIT have been written then), another -errno from reading or writing.
 */
int inflate_file(int input, int output, uint64_t limit, struct error *err);

#endif
