#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t all[4] = {255, 255, 255, 255};
static const uint8_t outside[4] = {192, 0, 2, 1};

struct three {
    struct harness harness;
    struct guest a, b, c;
};

static int open_three(void **state)
{
    struct three *three = calloc(1, sizeof *three);
    harness_open(&three->harness, NET_GRANT_NO_EGRESS);
    harness_add(&three->harness, &three->a, 1, "a");
    harness_add(&three->harness, &three->b, 2, "b");
    harness_add(&three->harness, &three->c, 3, "c");
    *state = three;
    return 0;
}

static int close_three(void **state)
{
    struct three *three = *state;
    if (three->c.port != NULL)
        harness_remove(&three->c);
    harness_remove(&three->b);
    harness_remove(&three->a);
    harness_close(&three->harness);
    free(three);
    return 0;
}

static void send_udp(struct guest *from, const uint8_t *to_mac, const uint8_t *to)
{
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_udp(from, to_mac, to, 2000, "hello", 5, frame);
    harness_send(from, frame, size);
}

static void a_frame_reaches_its_port_only(void **state)
{
    struct three *three = *state;
    send_udp(&three->a, three->b.port->mac, three->b.port->ipv4);
    assert_int_equal(harness_drain(&three->b), 1);
    assert_int_equal(harness_drain(&three->c), 0);
    assert_int_equal(harness_drain(&three->a), 0);
}

static void a_frame_to_nobody_goes_nowhere(void **state)
{
    struct three *three = *state;
    const uint8_t nobody[6] = {2, 9, 9, 9, 9, 9};
    send_udp(&three->a, nobody, three->b.port->ipv4);
    assert_int_equal(harness_drain(&three->b) + harness_drain(&three->c), 0);
    assert_int_equal(three->a.port->dropped, 1);
}

static void another_mac_is_dropped(void **state)
{
    struct three *three = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_udp(&three->a, three->b.port->mac, three->b.port->ipv4, 2000, "x", 1, frame);
    frame[11] = 3;
    harness_send(&three->a, frame, size);
    assert_int_equal(harness_drain(&three->b), 0);
    assert_int_equal(three->a.port->dropped, 1);
}

static void another_address_is_dropped(void **state)
{
    struct three *three = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_udp(&three->a, three->b.port->mac, three->b.port->ipv4, 2000, "x", 1, frame);
    memcpy(frame + 14 + 12, three->c.port->ipv4, 4);
    harness_send(&three->a, frame, size);
    assert_int_equal(harness_drain(&three->b), 0);
    assert_int_equal(three->a.port->dropped, 1);
}

static void another_ipv6_address_is_dropped(void **state)
{
    struct three *three = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_icmp6(&three->a, three->b.port->mac, three->c.port->ipv6, three->b.port->ipv6, 128,
                                "abcd", 4, frame);
    harness_send(&three->a, frame, size);
    assert_int_equal(harness_drain(&three->b), 0);
    assert_int_equal(three->a.port->dropped, 1);
}

static void a_broadcast_reaches_those_that_have_spoken(void **state)
{
    struct three *three = *state;
    send_udp(&three->b, three->a.port->mac, three->a.port->ipv4);
    send_udp(&three->a, everybody, all);
    assert_int_equal(harness_drain(&three->b), 1);
    assert_int_equal(harness_drain(&three->c), 0);
}

static void floods_are_bounded(void **state)
{
    struct three *three = *state;
    three->b.port->seen4 = true;
    size_t received = 0;
    for (int i = 0; i < 2000; i++) {
        send_udp(&three->a, everybody, all);
        received += harness_drain(&three->b);
    }
    assert_in_range(received, 100, 1500);
    assert_int_equal(received + three->a.port->dropped, 2000);
}

static void one_guest_does_not_configure_another(void **state)
{
    struct three *three = *state;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_udp(&three->a, three->b.port->mac, three->b.port->ipv4, 68, "x", 1, frame);
    frame[14 + 20] = 0;
    frame[14 + 21] = 67;
    harness_send(&three->a, frame, size);
    assert_int_equal(harness_drain(&three->b), 0);
}

static void a_removed_port_gets_nothing_and_the_others_live(void **state)
{
    struct three *three = *state;
    uint8_t mac[6], ipv4[4];
    memcpy(mac, three->c.port->mac, 6);
    memcpy(ipv4, three->c.port->ipv4, 4);
    harness_remove(&three->c);
    three->c.port = NULL;
    send_udp(&three->a, mac, ipv4);
    send_udp(&three->a, three->b.port->mac, three->b.port->ipv4);
    assert_int_equal(harness_drain(&three->b), 1);
    assert_int_equal(three->a.port->dropped, 1);
}

static void a_full_socket_loses_frames_and_counts_them(void **state)
{
    struct three *three = *state;
    for (int i = 0; i < 5000; i++)
        send_udp(&three->a, three->b.port->mac, three->b.port->ipv4);
    size_t received = harness_drain(&three->b);
    assert_in_range(received, 1, 4999);
    assert_int_equal(received + three->b.port->dropped, 5000);
}

static void nothing_leaves_without_leave(void **state)
{
    struct three *three = *state;
    send_udp(&three->a, three->harness.net->mac, outside);
    assert_null(three->a.port->egress);
    assert_int_equal(three->a.port->dropped, 1);
}

static void unknown_kinds_of_frames_are_dropped(void **state)
{
    struct three *three = *state;
    uint8_t frame[60] = {0};
    memcpy(frame, everybody, 6);
    memcpy(frame + 6, three->a.port->mac, 6);
    frame[12] = 0x81; /* a VLAN tag */
    three->b.port->seen4 = true;
    harness_send(&three->a, frame, sizeof frame);
    assert_int_equal(harness_drain(&three->b), 0);
    assert_int_equal(three->a.port->dropped, 1);
}

static void the_gateway_answers_an_echo(void **state)
{
    struct three *three = *state;
    const struct net *net = three->harness.net;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size =
        harness_icmp6(&three->a, net->mac, three->a.port->ipv6, net->gateway6, 128, "abcd", 4, frame);
    harness_send(&three->a, frame, size);
    assert_true(harness_receive(&three->a));
    assert_int_equal(three->a.frame[14 + 40], 129);
}

static void cut_frames_do_no_harm(void **state)
{
    struct three *three = *state;
    const struct net *net = three->harness.net;
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size =
        harness_icmp6(&three->a, net->mac, three->a.port->ipv6, net->gateway6, 128, "abcd", 4, frame);
    for (size_t cut = 0; cut < size; cut++)
        harness_send(&three->a, frame, cut);
    assert_int_equal(harness_drain(&three->a), 0);
    assert_int_equal(three->a.port->dropped, size);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_three, close_three)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame_reaches_its_port_only),
        TEST(a_frame_to_nobody_goes_nowhere),
        TEST(another_mac_is_dropped),
        TEST(another_address_is_dropped),
        TEST(another_ipv6_address_is_dropped),
        TEST(a_broadcast_reaches_those_that_have_spoken),
        TEST(floods_are_bounded),
        TEST(one_guest_does_not_configure_another),
        TEST(a_removed_port_gets_nothing_and_the_others_live),
        TEST(a_full_socket_loses_frames_and_counts_them),
        TEST(nothing_leaves_without_leave),
        TEST(unknown_kinds_of_frames_are_dropped),
        TEST(the_gateway_answers_an_echo),
        TEST(cut_frames_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
