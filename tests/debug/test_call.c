/* test_call.c: system calls in Solo5's words. */
#include "debug/call.h"

#include <errno.h>
#include <sys/syscall.h>

#include "tests/check.h"

static const struct call_device devices[CALL_DEVICES_MAX] = {{.fd = -1}, {.fd = 4, .name = "service"}};

static void expect(const struct call *call, const char *wanted)
{
    char text[CALL_TEXT_SIZE];
    call_describe(call, devices, text);
    assert_string_equal(text, wanted);
}

static void frames_name_their_device(void **state)
{
    (void)state;
    expect(&(struct call){.number = SYS_write, .arguments = {4, 0, 60}, .returned = true, .result = 60},
           "net_write(service, 60 bytes) = OK");
    expect(&(struct call){.number = SYS_read, .arguments = {4, 0, 1514}, .returned = true, .result = -EAGAIN},
           "net_read(service, 1514 bytes) = AGAIN");
}

static void a_yield_tells_who_is_ready(void **state)
{
    (void)state;
    expect(
        &(struct call){
            .number = SYS_epoll_pwait, .returned = true, .result = 1, .events = {1}, .event_count = 1},
        "yield() = {service}");
}

static void an_event_of_no_device_is_unknown(void **state)
{
    (void)state;
    expect(&(struct call){.number = SYS_epoll_pwait,
                          .returned = true,
                          .result = 1,
                          .events = {UINT64_MAX},
                          .event_count = 1},
           "yield() = {unknown}");
}

static void an_exit_does_not_return(void **state)
{
    (void)state;
    expect(&(struct call){.number = SYS_exit_group, .arguments = {3}}, "exit(3)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_name_their_device), cmocka_unit_test(a_yield_tells_who_is_ready),
        cmocka_unit_test(an_event_of_no_device_is_unknown), cmocka_unit_test(an_exit_does_not_return)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
