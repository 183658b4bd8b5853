/* random.c: random bytes for programs. */
#include "libos/posix/call.h"

#include <bivy/random.h>

/* Random bytes, as bivy/random.h makes them; EIO where the processor gives no seed. */
POSIX_CALL(getrandom, void *data, size_t size, unsigned flags)
{
    (void)flags;
    if (!random_is_strong())
        return -EIO;
    random_fill(data, size);
    return (long)size;
}
