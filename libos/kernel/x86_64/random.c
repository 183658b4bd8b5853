/* random.c: the processor's sources of unpredictable bits, on x86-64. */
#include "libos/kernel/kernel.h"

#include <stdbool.h>
#include <string.h>

#define CPUID_RDRAND (1u << 30)
#define ATTEMPTS     16 /* RDRAND may be exhausted for a moment; its makers advise ten */

static bool rdrand_present(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c & CPUID_RDRAND) != 0;
}

static bool rdrand_take(uint64_t *value)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        bool valid;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(valid));
        if (valid)
            return true;
    }
    return false;
}

size_t random_processor(void *data, size_t size)
{
    uint8_t *bytes = data;
    size_t done = 0;

    if (!rdrand_present())
        return 0;
    while (done < size) {
        uint64_t value;
        size_t part = size - done < sizeof value ? size - done : sizeof value;
        /* A generator known to be broken gives all ones. */
        if (!rdrand_take(&value) || value == UINT64_MAX)
            break;
        memcpy(bytes + done, &value, part);
        done += part;
    }
    return done;
}

uint64_t random_cycles(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
