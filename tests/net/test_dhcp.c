#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define BODY_AT 42 /* Ethernet, IPv4, UDP */

static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};

/* A message of TYPE with OPTIONS behind its type, from a guest without an address. */
static size_t write_message(uint8_t frame[static HARNESS_FRAME_MAX], const struct guest *guest, uint8_t type,
                            const void *options, size_t size, const uint8_t *hardware)
{
    static const uint8_t none[4];
    uint8_t body[600] = {1, 1, 6, 0, 0xaa, 0xbb, 0xcc, 0xdd};
    const uint8_t start[7] = {0x63, 0x82, 0x53, 0x63, 53, 1, type};
    memcpy(body + 28, hardware, 6);
    memcpy(body + 236, start, sizeof start);
    memcpy(body + 243, options, size);
    body[243 + size] = 255;
    struct frame_writer writer = frame_write(frame, HARNESS_FRAME_MAX);
    const struct packet_udp udp = {.to_mac = everybody,
                                   .from_mac = guest->port->mac,
                                   .from = none,
                                   .to = everybody,
                                   .from_port = 68,
                                   .to_port = 67,
                                   .body = body,
                                   .body_size = 244 + size};
    packet_write_udp(&writer, &udp);
    return frame_written(&writer);
}

static void send_message(struct guest *guest, uint8_t type, const void *options, size_t size)
{
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t length = write_message(frame, guest, type, options, size, guest->port->mac);
    harness_send(guest, frame, length);
}

/* The body of option KIND in the answer just received, or NULL. */
static const uint8_t *option(const struct guest *guest, uint8_t kind)
{
    size_t at = BODY_AT + 240;
    while (at + 2 <= guest->size && guest->frame[at] != 255) {
        if (guest->frame[at] == kind)
            return guest->frame + at + 2;
        at += 2u + guest->frame[at + 1];
    }
    return NULL;
}

static void a_discovery_is_offered_the_ports_address(void **state)
{
    struct harness_one *one = *state;
    const struct net *net = one->harness.net;
    send_message(&one->guest, 1, "", 0);
    assert_true(harness_receive(&one->guest));
    assert_int_equal(option(&one->guest, 53)[0], 2);
    assert_memory_equal(one->guest.frame + BODY_AT + 16, one->guest.port->ipv4, 4);
    assert_memory_equal(one->guest.frame + BODY_AT + 4, "\xaa\xbb\xcc\xdd", 4);
    assert_memory_equal(option(&one->guest, 1), "\xff\xff\xff\0", 4);
    assert_memory_equal(option(&one->guest, 3), net->gateway, 4);
    assert_memory_equal(option(&one->guest, 6), net->resolver, 4);
    assert_memory_equal(option(&one->guest, 12), "first", 5);
    assert_memory_equal(option(&one->guest, 15), "internal", 8);
    assert_memory_equal(option(&one->guest, 26), "\x05\xdc", 2);
    assert_memory_equal(option(&one->guest, 54), net->gateway, 4);
}

static void a_request_for_the_ports_address_is_acknowledged(void **state)
{
    struct harness_one *one = *state;
    uint8_t options[6] = {50, 4};
    memcpy(options + 2, one->guest.port->ipv4, 4);
    send_message(&one->guest, 3, options, sizeof options);
    assert_true(harness_receive(&one->guest));
    assert_int_equal(option(&one->guest, 53)[0], 5);
    assert_non_null(option(&one->guest, 51));
}

static void a_request_for_another_address_is_refused(void **state)
{
    struct harness_one *one = *state;
    send_message(&one->guest, 3, "\x32\4\x0a\0\2\x63", 6);
    assert_true(harness_receive(&one->guest));
    assert_int_equal(option(&one->guest, 53)[0], 6);
    assert_memory_equal(one->guest.frame + BODY_AT + 16, "\0\0\0\0", 4);
    assert_null(option(&one->guest, 51));
}

static void a_request_to_another_server_is_not_answered(void **state)
{
    struct harness_one *one = *state;
    send_message(&one->guest, 3, "\x36\4\x0a\0\2\x63", 6);
    assert_false(harness_receive(&one->guest));
}

static void information_is_given_without_a_lease(void **state)
{
    struct harness_one *one = *state;
    send_message(&one->guest, 8, "", 0);
    assert_true(harness_receive(&one->guest));
    assert_int_equal(option(&one->guest, 53)[0], 5);
    assert_null(option(&one->guest, 51));
    assert_memory_equal(one->guest.frame + BODY_AT + 16, "\0\0\0\0", 4);
}

static void a_release_changes_nothing(void **state)
{
    struct harness_one *one = *state;
    send_message(&one->guest, 7, "", 0);
    assert_false(harness_receive(&one->guest));
    send_message(&one->guest, 1, "", 0);
    assert_true(harness_receive(&one->guest));
    assert_memory_equal(one->guest.frame + BODY_AT + 16, one->guest.port->ipv4, 4);
}

static void another_hardware_address_is_dropped(void **state)
{
    struct harness_one *one = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    const uint8_t other[6] = {2, 0, 0, 0, 0, 9};
    size_t size = write_message(frame, &one->guest, 1, "", 0, other);
    harness_send(&one->guest, frame, size);
    assert_false(harness_receive(&one->guest));
    assert_int_equal(one->guest.port->dropped, 1);
}

static void options_beyond_the_end_are_dropped(void **state)
{
    struct harness_one *one = *state;
    send_message(&one->guest, 1, "\x0c\xff", 2);
    assert_false(harness_receive(&one->guest));
    assert_int_equal(one->guest.port->dropped, 1);
}

static void cut_messages_are_not_answered(void **state)
{
    struct harness_one *one = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = write_message(frame, &one->guest, 1, "", 0, one->guest.port->mac);
    for (size_t cut = 0; cut < size; cut++)
        harness_send(&one->guest, frame, cut);
    assert_false(harness_receive(&one->guest));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_open_one, harness_close_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_discovery_is_offered_the_ports_address),
        TEST(a_request_for_the_ports_address_is_acknowledged),
        TEST(a_request_for_another_address_is_refused),
        TEST(a_request_to_another_server_is_not_answered),
        TEST(information_is_given_without_a_lease),
        TEST(a_release_changes_nothing),
        TEST(another_hardware_address_is_dropped),
        TEST(options_beyond_the_end_are_dropped),
        TEST(cut_messages_are_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
