/* test_virtqueue.c: the driver's side of a queue, and devices that break its rules. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "libos/bindings/virtio/virtqueue.h"

static struct virtqueue queue;
static uint8_t *memory;

static int open_queue(void **unused)
{
    (void)unused;
    memory = aligned_alloc(VIRTQUEUE_ALIGNMENT, virtqueue_bytes(8));
    memset(memory, 0, virtqueue_bytes(8));
    virtqueue_open(&queue, memory, 8);
    return 0;
}

static int close_queue(void **unused)
{
    (void)unused;
    free(memory);
    return 0;
}

/* What a device does: says that it has finished the chain ID. */
static void finish(uint32_t id, uint32_t size)
{
    queue.used->ring[queue.used->index % 8] = (struct virtqueue_used_entry){id, size};
    queue.used->index++;
}

static void sizes_are_powers_of_two(void **unused)
{
    static const struct {
        uint32_t most;
        uint16_t size;
    } cases[] = {{0, 0}, {1, 1}, {3, 2}, {4, 4}, {63, 32}, {64, 64}, {1024, 64}, {UINT32_MAX, 64}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(virtqueue_fit(cases[i].most), cases[i].size);
}

static void what_is_given_comes_back_in_any_order(void **unused)
{
    struct virtqueue_used_entry entry;
    (void)unused;
    virtqueue_give(&queue, 3);
    virtqueue_give(&queue, 5);
    assert_int_equal(queue.available->index, 2);
    assert_int_equal(queue.available->ring[0], 3);
    assert_int_equal(queue.available->ring[1], 5);
    assert_false(virtqueue_ready(&queue));
    finish(5, 100);
    finish(3, 200);
    assert_true(virtqueue_take(&queue, &entry));
    assert_int_equal(entry.id, 5);
    assert_int_equal(entry.size, 100);
    assert_int_equal(queue.held, 1 << 3);
    assert_true(virtqueue_take(&queue, &entry));
    assert_int_equal(entry.id, 3);
    assert_false(virtqueue_take(&queue, &entry));
    assert_false(queue.broken);
}

static void indices_wrap(void **unused)
{
    struct virtqueue_used_entry entry;
    (void)unused;
    for (uint32_t i = 0; i < 70000; i++) {
        virtqueue_give(&queue, (uint16_t)(i % 8));
        assert_int_equal(queue.available->ring[i % 8], i % 8);
        finish(i % 8, i);
        assert_true(virtqueue_take(&queue, &entry));
        assert_int_equal(entry.size, i);
    }
}

static void breaks(uint32_t id)
{
    struct virtqueue_used_entry entry;
    finish(id, 0);
    assert_true(virtqueue_ready(&queue));
    assert_false(virtqueue_take(&queue, &entry));
    assert_true(queue.broken);
    finish(1, 0);
    assert_false(virtqueue_take(&queue, &entry));
    assert_true(virtqueue_ready(&queue));
}

static void a_chain_that_was_never_given_breaks_the_queue(void **unused)
{
    (void)unused;
    virtqueue_give(&queue, 1);
    breaks(2);
}

static void a_chain_beyond_the_queue_breaks_it(void **unused)
{
    (void)unused;
    virtqueue_give(&queue, 1);
    breaks(8);
}

static void a_chain_of_a_huge_number_breaks_the_queue(void **unused)
{
    (void)unused;
    virtqueue_give(&queue, 1);
    breaks(UINT32_MAX);
}

static void a_chain_that_comes_twice_breaks_the_queue(void **unused)
{
    struct virtqueue_used_entry entry;
    (void)unused;
    virtqueue_give(&queue, 0);
    virtqueue_give(&queue, 1);
    finish(0, 0);
    assert_true(virtqueue_take(&queue, &entry));
    breaks(0);
}

static void an_index_that_runs_ahead_breaks_the_queue(void **unused)
{
    struct virtqueue_used_entry entry;
    (void)unused;
    virtqueue_give(&queue, 0);
    queue.used->index = 2;
    assert_false(virtqueue_take(&queue, &entry));
    assert_true(queue.broken);
}

static void what_the_device_writes_over_the_other_ring_is_not_believed(void **unused)
{
    (void)unused;
    virtqueue_give(&queue, 0);
    queue.available->index = 12345;
    virtqueue_give(&queue, 1);
    assert_int_equal(queue.available->index, 2);
    assert_int_equal(queue.available->ring[1], 1);
}

static void notices_are_asked_for(void **unused)
{
    (void)unused;
    assert_int_equal(queue.available->flags, VIRTQUEUE_NO_NOTICES);
    virtqueue_interrupts(&queue, true);
    assert_int_equal(queue.available->flags, 0);
    assert_true(virtqueue_notify_wanted(&queue));
    queue.used->flags = VIRTQUEUE_NO_NOTICES;
    assert_false(virtqueue_notify_wanted(&queue));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_queue, close_queue)
    const struct CMUnitTest tests[] = {
        TEST(sizes_are_powers_of_two),
        TEST(what_is_given_comes_back_in_any_order),
        TEST(indices_wrap),
        TEST(a_chain_that_was_never_given_breaks_the_queue),
        TEST(a_chain_beyond_the_queue_breaks_it),
        TEST(a_chain_of_a_huge_number_breaks_the_queue),
        TEST(a_chain_that_comes_twice_breaks_the_queue),
        TEST(an_index_that_runs_ahead_breaks_the_queue),
        TEST(what_the_device_writes_over_the_other_ring_is_not_believed),
        TEST(notices_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
