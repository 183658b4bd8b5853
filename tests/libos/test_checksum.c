/* test_checksum.c: the Internet checksum against its definition, for every length and alignment of a frame.
 */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "libos/net/arch/cc.h"

/* RFC 1071: the sum of 16-bit words in network order, carries added back. */
static uint16_t by_definition(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)(sum << 8 | sum >> 8);
}

/* Two representations of zero are the same checksum. */
static unsigned normal(uint16_t sum)
{
    return sum == 0xffff ? 0 : sum;
}

static void every_length_and_alignment(void **unused)
{
    uint8_t *data = malloc(2048);

    (void)unused;
    assert_non_null(data);
    for (size_t i = 0; i < 2048; i++)
        data[i] = (uint8_t)(i * 167 + (i >> 3));
    for (size_t start = 0; start < 16; start++) {
        for (size_t size = 0; size <= 1514; size++)
            assert_int_equal(normal(net_checksum(data + start, (int)size)),
                             normal(by_definition(data + start, size)));
    }
    free(data);
}

static void all_ones_carry(void **unused)
{
    uint8_t data[1500];

    (void)unused;
    memset(data, 0xff, sizeof data);
    assert_int_equal(normal(net_checksum(data, sizeof data)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_alignment),
        cmocka_unit_test(all_ones_carry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
