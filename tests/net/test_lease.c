#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <stdio.h>

#include "harness.h"
#include "host/error.h"
#include "net/lease.h"

static const uint8_t any[4];

static void a_name_keeps_its_address(void **state)
{
    struct harness_one *one = *state;
    struct error err;
    uint8_t address[4], again[4];
    assert_int_equal(lease_take(one->harness.net, "web", any, address, &err), 0);
    assert_int_equal(lease_take(one->harness.net, "other", any, again, &err), 0);
    assert_memory_not_equal(address, again, 4);
    assert_int_equal(lease_take(one->harness.net, "WEB", any, again, &err), 0);
    assert_memory_equal(address, again, 4);
}

static void a_wanted_address_is_given_and_remembered(void **state)
{
    struct harness_one *one = *state;
    struct error err;
    const uint8_t wanted[4] = {10, 0, 2, 77};
    uint8_t address[4];
    assert_int_equal(lease_take(one->harness.net, "web", wanted, address, &err), 0);
    assert_int_equal(lease_take(one->harness.net, "web", any, address, &err), 0);
    assert_memory_equal(address, wanted, 4);
}

static void addresses_that_are_not_for_guests_are_refused(void **state)
{
    struct harness_one *one = *state;
    struct error err;
    uint8_t address[4];
    const uint8_t wrong[5][4] = {{10, 0, 2, 0}, {10, 0, 2, 1}, {10, 0, 2, 3}, {10, 0, 2, 255}, {10, 0, 3, 9}};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(lease_take(one->harness.net, "web", wrong[i], address, &err), -EINVAL);
    assert_int_equal(lease_take(one->harness.net, "web", one->guest.port->ipv4, address, &err), -EADDRINUSE);
}

static void a_full_network_takes_the_address_of_a_name_without_a_port(void **state)
{
    struct harness_one *one = *state;
    struct error err;
    uint8_t address[4];
    char name[16];
    for (int i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(lease_take(one->harness.net, name, any, address, &err), 0);
        assert_memory_not_equal(address, one->guest.port->ipv4, 4);
    }
    assert_true(one->harness.net->leases.count < 256);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_open_one, harness_close_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_keeps_its_address),
        TEST(a_wanted_address_is_given_and_remembered),
        TEST(addresses_that_are_not_for_guests_are_refused),
        TEST(a_full_network_takes_the_address_of_a_name_without_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
