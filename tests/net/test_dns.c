#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "net/dns_message.h"

static const uint8_t query[] = {0x12, 0x34, 1,   0,   0,   1,   0,   0,   0,   0,   0, 0, 3, 'W', 'e',
                                'b',  8,    'i', 'n', 't', 'e', 'r', 'n', 'a', 'l', 0, 0, 1, 0,   1};

static void reads_a_question(void **state)
{
    (void)state;
    struct dns_question question;
    assert_true(dns_read(&question, query, sizeof query));
    assert_string_equal(question.name, "Web.internal");
    assert_int_equal(question.type, DNS_TYPE_A);
    assert_int_equal(question.question_size, sizeof query - DNS_HEADER_SIZE);
}

static void refuses_cut_questions(void **state)
{
    (void)state;
    struct dns_question question;
    for (size_t cut = 0; cut < sizeof query; cut++)
        assert_false(dns_read(&question, query, cut));
}

static void refuses_pointers_and_disguised_dots(void **state)
{
    (void)state;
    struct dns_question question;
    uint8_t message[sizeof query];
    memcpy(message, query, sizeof query);
    message[12] = 0xc0;
    assert_false(dns_read(&question, message, sizeof message));
    message[12] = 3;
    message[14] = '.';
    assert_false(dns_read(&question, message, sizeof message));
    message[14] = 0;
    assert_false(dns_read(&question, message, sizeof message));
}

static void refuses_names_that_are_too_long(void **state)
{
    (void)state;
    uint8_t message[600] = {0, 0, 0, 0, 0, 1};
    struct dns_question question;
    size_t at = DNS_HEADER_SIZE;
    for (int i = 0; i < 5; i++) {
        message[at] = 63;
        memset(message + at + 1, 'a', 63);
        at += 64;
    }
    assert_false(dns_read(&question, message, sizeof message));
}

static void writes_an_answer(void **state)
{
    (void)state;
    struct dns_question question;
    const uint8_t address[4] = {10, 0, 2, 4};
    uint8_t answer[100];
    struct frame_writer writer = frame_write(answer, sizeof answer);
    dns_read(&question, query, sizeof query);
    dns_write(&writer, &question, DNS_FLAG_OWN, DNS_OK, address, 4);
    assert_int_equal(frame_written(&writer), sizeof query + 16);
    assert_memory_equal(answer, "\x12\x34\x85\x80\0\1\0\1", 8);
    assert_memory_equal(answer + sizeof query + 12, address, 4);
}

static void a_ports_name_resolves(void **state)
{
    (void)state;
    struct harness harness;
    struct guest guest;
    uint8_t frame[HARNESS_FRAME_MAX];
    harness_open(&harness, 0);
    harness_add(&harness, &guest, 1, "web");
    size_t size =
        harness_udp(&guest, harness.net->mac, harness.net->resolver, 53, query, sizeof query, frame);
    harness_send(&guest, frame, size);
    assert_true(harness_receive(&guest));
    assert_memory_equal(guest.frame + guest.size - 4, guest.port->ipv4, 4);
    assert_memory_equal(guest.frame + 14 + 12, harness.net->resolver, 4);
    harness_remove(&guest);
    harness_close(&harness);
}

static void nonsense_is_not_answered(void **state)
{
    (void)state;
    struct harness harness;
    struct guest guest;
    uint8_t frame[HARNESS_FRAME_MAX];
    harness_open(&harness, 0);
    harness_add(&harness, &guest, 1, "web");
    for (size_t cut = 0; cut < sizeof query; cut++) {
        size_t size = harness_udp(&guest, harness.net->mac, harness.net->resolver, 53, query, cut, frame);
        harness_send(&guest, frame, size);
    }
    assert_false(harness_receive(&guest));
    harness_remove(&guest);
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_question),
        cmocka_unit_test(refuses_cut_questions),
        cmocka_unit_test(refuses_pointers_and_disguised_dots),
        cmocka_unit_test(refuses_names_that_are_too_long),
        cmocka_unit_test(writes_an_answer),
        cmocka_unit_test(a_ports_name_resolves),
        cmocka_unit_test(nonsense_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
