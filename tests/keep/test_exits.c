#define _GNU_SOURCE
#include "tests/check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "host/error.h"
#include "keep/exits.h"
#include "keep/protocol.h"

static uint64_t seen[8];
static size_t seen_count;

static void note(void *context, const struct keep_child *child)
{
    (void)context;
    seen[seen_count++ % 8] = child->id;
}

static int make(void)
{
    struct error err;
    int fd = memfd_create("exits", MFD_CLOEXEC);
    assert_int_equal(exits_format(fd, &err), 0);
    seen_count = 0;
    return fd;
}

static void records_come_back_in_order_until_cleared(void **state)
{
    int fd = make();
    (void)state;
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(exits_append(fd, &(struct keep_child){.id = id}), 0);
    assert_int_equal(exits_read(fd, note, NULL), 0);
    assert_int_equal(seen_count, 3);
    assert_int_equal(seen[2], 3);
    exits_clear(fd);
    assert_int_equal(exits_read(fd, note, NULL), 0);
    assert_int_equal(seen_count, 3);
    close(fd);
}

static void a_record_cut_short_is_left_out(void **state)
{
    int fd = make();
    (void)state;
    assert_int_equal(exits_append(fd, &(struct keep_child){.id = 1}), 0);
    assert_int_equal(write(fd, "half", 4), 4);
    assert_int_equal(exits_read(fd, note, NULL), 0);
    assert_int_equal(seen_count, 1);
    close(fd);
}

static void a_file_of_before_the_machine_restarted_counts_for_nothing(void **state)
{
    int fd = make();
    (void)state;
    assert_int_equal(exits_append(fd, &(struct keep_child){.id = 1}), 0);
    assert_int_equal(pwrite(fd, "another-boot", 12, 16), 12);
    assert_true(exits_read(fd, note, NULL) < 0);
    assert_int_equal(seen_count, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_in_order_until_cleared),
        cmocka_unit_test(a_record_cut_short_is_left_out),
        cmocka_unit_test(a_file_of_before_the_machine_restarted_counts_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
