/* ARP and neighbour discovery: the gateway answers, the asked one is asked, nobody is impersonated. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define ARP_SIZE 42

static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t group_mac[6] = {0x33, 0x33, 0, 0, 0, 2};
static const uint8_t all_routers[16] = {0xff, 2, [15] = 2};

struct two {
    struct harness harness;
    struct guest a, b;
};

static int open_two(void **state)
{
    struct two *two = calloc(1, sizeof *two);
    harness_open(&two->harness, 0);
    harness_add(&two->harness, &two->a, 1, "a");
    harness_add(&two->harness, &two->b, 2, "b");
    *state = two;
    return 0;
}

static int close_two(void **state)
{
    struct two *two = *state;
    harness_remove(&two->b);
    harness_remove(&two->a);
    harness_close(&two->harness);
    free(two);
    return 0;
}

static void write_arp(uint8_t frame[static ARP_SIZE], const struct guest *from, uint8_t operation,
                      const uint8_t *sender_mac, const uint8_t *sender, const uint8_t *target)
{
    const uint8_t head[7] = {0, 1, 8, 0, 6, 4, 0};
    memcpy(frame, everybody, 6);
    memcpy(frame + 6, from->port->mac, 6);
    frame[12] = 8;
    frame[13] = 6;
    memcpy(frame + 14, head, sizeof head);
    frame[21] = operation;
    memcpy(frame + 22, sender_mac, 6);
    memcpy(frame + 28, sender, 4);
    memset(frame + 32, 0, 6);
    memcpy(frame + 38, target, 4);
}

static void send_arp(struct guest *from, uint8_t operation, const uint8_t *sender_mac, const uint8_t *sender,
                     const uint8_t *target)
{
    uint8_t frame[ARP_SIZE];
    write_arp(frame, from, operation, sender_mac, sender, target);
    harness_send(from, frame, sizeof frame);
}

static void arp_for_the_gateway_and_the_resolver_is_answered(void **state)
{
    struct two *two = *state;
    const struct net *net = two->harness.net;
    const struct port *a = two->a.port;
    const uint8_t *own[2] = {net->gateway, net->resolver};
    for (int i = 0; i < 2; i++) {
        send_arp(&two->a, 1, a->mac, a->ipv4, own[i]);
        assert_true(harness_receive(&two->a));
        assert_memory_equal(two->a.frame + 22, net->mac, 6);
        assert_memory_equal(two->a.frame + 28, own[i], 4);
    }
    assert_int_equal(harness_drain(&two->b), 0);
}

static void arp_for_a_port_reaches_it(void **state)
{
    struct two *two = *state;
    send_arp(&two->a, 1, two->a.port->mac, two->a.port->ipv4, two->b.port->ipv4);
    assert_int_equal(harness_drain(&two->b), 1);
    assert_int_equal(two->a.port->dropped, 0);
}

static void arp_in_anothers_name_is_dropped(void **state)
{
    struct two *two = *state;
    const struct net *net = two->harness.net;
    send_arp(&two->a, 2, two->a.port->mac, net->gateway, two->b.port->ipv4);
    send_arp(&two->a, 2, net->mac, two->a.port->ipv4, two->b.port->ipv4);
    assert_int_equal(harness_drain(&two->b), 0);
    assert_int_equal(two->a.port->dropped, 2);
}

static void cut_arp_is_dropped(void **state)
{
    struct two *two = *state;
    uint8_t frame[ARP_SIZE];
    write_arp(frame, &two->a, 1, two->a.port->mac, two->a.port->ipv4, two->harness.net->gateway);
    for (size_t cut = 0; cut < ARP_SIZE; cut++)
        harness_send(&two->a, frame, cut);
    assert_int_equal(harness_drain(&two->a), 0);
    assert_int_equal(two->a.port->dropped, ARP_SIZE);
}

static void send_icmp6(struct guest *from, const uint8_t *source, const uint8_t *to, uint8_t type,
                       const void *body, size_t size)
{
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t length = harness_icmp6(from, group_mac, source, to, type, body, size, frame);
    harness_send(from, frame, length);
}

static void a_solicitation_of_routers_is_answered(void **state)
{
    struct two *two = *state;
    const struct net *net = two->harness.net;
    send_icmp6(&two->a, two->a.port->link6, all_routers, 133, "\0\0\0\0", 4);
    assert_true(harness_receive(&two->a));
    const uint8_t *message = two->a.frame + 14 + 40;
    assert_int_equal(message[0], 134);
    assert_memory_equal(two->a.frame + 14 + 8, net->link6, 16);
    assert_int_equal(
        packet_checksum(message, two->a.size - 54, two->a.frame + 22, two->a.frame + 38, 16, IPPROTO_ICMPV6),
        0);
    assert_int_equal(harness_drain(&two->b), 0);
}

static void send_solicitation(struct guest *from, const uint8_t *source, const uint8_t *target,
                              const uint8_t *mac)
{
    uint8_t body[4 + 16 + 8] = {0};
    const uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, target[13], target[14], target[15]};
    memcpy(body + 4, target, 16);
    body[20] = 1;
    body[21] = 1;
    memcpy(body + 22, mac, 6);
    send_icmp6(from, source, group, 135, body, sizeof body);
}

static void a_solicitation_of_the_gateway_is_answered(void **state)
{
    struct two *two = *state;
    const struct net *net = two->harness.net;
    const uint8_t *own[3] = {net->gateway6, net->resolver6, net->link6};
    for (int i = 0; i < 3; i++) {
        send_solicitation(&two->a, two->a.port->ipv6, own[i], two->a.port->mac);
        assert_true(harness_receive(&two->a));
        assert_int_equal(two->a.frame[54], 136);
        assert_memory_equal(two->a.frame + 54 + 8, own[i], 16);
        assert_memory_equal(two->a.frame + 54 + 26, net->mac, 6);
    }
}

static void a_solicitation_of_a_port_reaches_it_only(void **state)
{
    struct two *two = *state;
    send_solicitation(&two->a, two->a.port->ipv6, two->b.port->ipv6, two->a.port->mac);
    assert_int_equal(harness_drain(&two->b), 1);
}

static void a_solicitation_with_anothers_mac_is_dropped(void **state)
{
    struct two *two = *state;
    send_solicitation(&two->a, two->a.port->ipv6, two->b.port->ipv6, two->b.port->mac);
    assert_int_equal(harness_drain(&two->b), 0);
    assert_int_equal(two->a.port->dropped, 1);
}

static void an_advertisement_of_anothers_address_is_dropped(void **state)
{
    struct two *two = *state;
    uint8_t body[4 + 16] = {0xa0};
    memcpy(body + 4, two->harness.net->gateway6, 16);
    uint8_t frame[HARNESS_FRAME_MAX];
    size_t size = harness_icmp6(&two->a, two->b.port->mac, two->a.port->ipv6, two->b.port->ipv6, 136, body,
                                sizeof body, frame);
    harness_send(&two->a, frame, size);
    assert_int_equal(harness_drain(&two->b), 0);
    assert_int_equal(two->a.port->dropped, 1);
}

static void a_guest_is_no_router(void **state)
{
    struct two *two = *state;
    const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
    const uint8_t body[36] = {64};
    two->b.port->seen6 = true;
    send_icmp6(&two->a, two->a.port->link6, all_nodes, 134, body, 12);
    send_icmp6(&two->a, two->a.port->link6, all_nodes, 137, body, sizeof body);
    assert_int_equal(harness_drain(&two->b), 0);
    assert_int_equal(two->a.port->dropped, 2);
}

static void options_without_a_length_are_dropped(void **state)
{
    struct two *two = *state;
    send_icmp6(&two->a, two->a.port->link6, all_routers, 133, "\0\0\0\0\1\0\0\0\0\0\0\0", 12);
    assert_int_equal(harness_drain(&two->a), 0);
    assert_int_equal(two->a.port->dropped, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_two, close_two)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arp_for_the_gateway_and_the_resolver_is_answered),
        TEST(arp_for_a_port_reaches_it),
        TEST(arp_in_anothers_name_is_dropped),
        TEST(cut_arp_is_dropped),
        TEST(a_solicitation_of_routers_is_answered),
        TEST(a_solicitation_of_the_gateway_is_answered),
        TEST(a_solicitation_of_a_port_reaches_it_only),
        TEST(a_solicitation_with_anothers_mac_is_dropped),
        TEST(an_advertisement_of_anothers_address_is_dropped),
        TEST(a_guest_is_no_router),
        TEST(options_without_a_length_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
