/*
 * checksum.c: the Internet checksum (RFC 1071).
 *
 * Sums of 32-bit words in 64-bit accumulators: the order of additions does not matter, nor does byte
 * order, so that no byte is swapped; compilers make vector code of the loop. It is the one loop over
 * every byte that passes through the stack.
 */
#include <arch/cc.h>
#include <string.h>

uint16_t net_checksum(const void *data, int size)
{
    const uint8_t *bytes = data;
    uint64_t sum[4] = {0, 0, 0, 0};
    uint64_t total;

    for (; size >= 16; size -= 16, bytes += 16) {
        uint32_t words[4];
        memcpy(words, bytes, sizeof words);
        for (int i = 0; i < 4; i++)
            sum[i] += words[i];
    }
    total = sum[0] + sum[1] + sum[2] + sum[3];
    for (; size >= 2; size -= 2, bytes += 2) {
        uint16_t word;
        memcpy(&word, bytes, sizeof word);
        total += word;
    }
    if (size > 0)
        total += *bytes;
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)total;
}
