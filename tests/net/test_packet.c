#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "net/packet.h"

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 1}, mac_b[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t a[4] = {10, 0, 2, 4}, b[4] = {10, 0, 2, 5};

static size_t make_udp(uint8_t *frame, size_t size)
{
    struct frame_writer writer = frame_write(frame, size);
    const struct packet_udp udp = {.to_mac = mac_b,
                                   .from_mac = mac_a,
                                   .from = a,
                                   .to = b,
                                   .from_port = 7,
                                   .to_port = 9,
                                   .body = (const uint8_t *)"hello",
                                   .body_size = 5};
    packet_write_udp(&writer, &udp);
    return writer.full ? 0 : frame_written(&writer);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    uint8_t frame[100];
    struct packet packet;
    size_t size = make_udp(frame, sizeof frame);
    assert_int_equal(size, 14 + 20 + 8 + 5);
    assert_true(packet_read(&packet, frame, size));
    assert_int_equal(packet.type, PACKET_IPV4);
    assert_memory_equal(packet.from, a, 4);
    assert_memory_equal(packet.to, b, 4);
    assert_int_equal(packet.protocol, IPPROTO_UDP);
    assert_int_equal(packet.from_port, 7);
    assert_int_equal(packet.to_port, 9);
    assert_int_equal(packet_checksum(frame + 14, 20, NULL, NULL, 0, 0), 0);
    assert_int_equal(packet_checksum(frame + 34, 13, a, b, 4, IPPROTO_UDP), 0);
}

static void leaves_padding_out(void **state)
{
    (void)state;
    uint8_t frame[100] = {0};
    struct packet packet;
    make_udp(frame, sizeof frame);
    assert_true(packet_read(&packet, frame, 60));
    assert_int_equal(frame_left(&packet.datagram), 20 + 8 + 5);
}

static void refuses_headers_that_lie_about_their_size(void **state)
{
    (void)state;
    uint8_t frame[100];
    struct packet packet;
    size_t size = make_udp(frame, sizeof frame);
    for (size_t cut = 0; cut < size; cut++)
        assert_false(packet_read(&packet, frame, cut));
    frame[14] = 0x44; /* a header of 16 bytes */
    assert_false(packet_read(&packet, frame, size));
    frame[14] = 0x4f; /* options beyond the end */
    assert_false(packet_read(&packet, frame, size));
    frame[14] = 0x65;
    assert_false(packet_read(&packet, frame, size));
}

static void has_no_ports_in_a_later_fragment(void **state)
{
    (void)state;
    uint8_t frame[100];
    struct packet packet;
    size_t size = make_udp(frame, sizeof frame);
    frame[14 + 7] = 1;
    assert_true(packet_read(&packet, frame, size));
    assert_int_equal(packet.protocol, PACKET_FRAGMENT);
    assert_true(packet.fragmented);
    assert_int_equal(packet.to_port, 0);
}

/* An IPv6 header, COUNT hop-by-hop options of 8 bytes each, and 8 bytes of ICMPv6. */
static size_t make_ipv6(uint8_t *frame, size_t size, unsigned count)
{
    struct frame_writer writer = frame_write(frame, size);
    frame_put(&writer, mac_b, 6);
    frame_put(&writer, mac_a, 6);
    frame_put16(&writer, PACKET_IPV6);
    frame_put32(&writer, 0x60000000);
    frame_put16(&writer, (uint16_t)(8 * count + 8));
    frame_put8(&writer, count > 0 ? IPPROTO_HOPOPTS : IPPROTO_ICMPV6);
    frame_put8(&writer, 255);
    frame_fill(&writer, 1, 32);
    for (unsigned i = 1; i <= count; i++) {
        frame_put8(&writer, i < count ? IPPROTO_DSTOPTS : IPPROTO_ICMPV6);
        frame_fill(&writer, 0, 7);
    }
    frame_fill(&writer, 135, 8);
    return writer.full ? 0 : frame_written(&writer);
}

static void sees_through_extension_headers(void **state)
{
    (void)state;
    uint8_t frame[300];
    struct packet packet;
    size_t size = make_ipv6(frame, sizeof frame, 3);
    assert_true(packet_read(&packet, frame, size));
    assert_int_equal(packet.protocol, IPPROTO_ICMPV6);
    assert_int_equal(frame_left(&packet.body), 8);
}

static void refuses_endless_extension_headers(void **state)
{
    (void)state;
    uint8_t frame[300];
    struct packet packet;
    size_t size = make_ipv6(frame, sizeof frame, 20);
    assert_false(packet_read(&packet, frame, size));
}

static void makes_the_address_of_a_mac(void **state)
{
    (void)state;
    const uint8_t prefix[8] = {0xfe, 0x80}, mac[6] = {0x52, 0x54, 0, 1, 2, 3};
    const uint8_t expected[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 1, 2, 3};
    uint8_t address[16];
    packet_eui64(address, prefix, mac);
    assert_memory_equal(address, expected, 16);
}

static void a_writer_stops_at_its_end(void **state)
{
    (void)state;
    uint8_t frame[40];
    assert_int_equal(make_udp(frame, sizeof frame), 0);
}

static void a_reader_turns_bad_at_its_end_and_stays_so(void **state)
{
    (void)state;
    const uint8_t bytes[3] = {1, 2, 3};
    struct frame_reader reader = frame_read(bytes, sizeof bytes);
    assert_int_equal(frame_take16(&reader), 0x0102);
    assert_int_equal(frame_take16(&reader), 0);
    assert_int_equal(frame_take8(&reader), 0);
    assert_true(reader.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(leaves_padding_out),
        cmocka_unit_test(refuses_headers_that_lie_about_their_size),
        cmocka_unit_test(has_no_ports_in_a_later_fragment),
        cmocka_unit_test(sees_through_extension_headers),
        cmocka_unit_test(refuses_endless_extension_headers),
        cmocka_unit_test(makes_the_address_of_a_mac),
        cmocka_unit_test(a_writer_stops_at_its_end),
        cmocka_unit_test(a_reader_turns_bad_at_its_end_and_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
