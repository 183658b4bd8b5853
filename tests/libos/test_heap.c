/*
 * test_heap.c: the guest's allocator against a model: random calls, with every block's contents checked, so
 * that two blocks that overlap or a moved block that lost bytes are found.
 */
#include "tests/check.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "libos/kernel/heap.h"

#define REGION ((size_t)1 << 20)
#define BLOCKS 300

static struct heap heap;
static uint8_t *region;
static jmp_buf corrupted;
static unsigned long long state;

void heap_corrupt(const void *block)
{
    (void)block;
    longjmp(corrupted, 1);
}

static unsigned random_below(unsigned limit)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % limit;
}

static int open_heap(void **unused)
{
    (void)unused;
    region = aligned_alloc(4096, REGION);
    if (!region)
        return -1;
    memset(region, 0, REGION);
    heap_open(&heap, (uintptr_t)region, (uintptr_t)region + REGION);
    return 0;
}

static int close_heap(void **unused)
{
    (void)unused;
    free(region);
    return 0;
}

struct block {
    uint8_t *data;
    size_t size;
    uint8_t fill;
};

static void check_block(const struct block *block)
{
    for (size_t i = 0; i < block->size; i++)
        assert_int_equal(block->data[i], block->fill);
}

static void fill_block(struct block *block, void *data, size_t size)
{
    block->data = data;
    block->size = size;
    block->fill = (uint8_t)(1 + random_below(255));
    assert_true((uintptr_t)data % HEAP_ALIGNMENT == 0);
    assert_true((uint8_t *)data >= region && (uint8_t *)data + size <= region + REGION);
    assert_true(heap_block_size(data) >= size);
    memset(data, block->fill, size);
}

static size_t random_size(void)
{
    return random_below(8) == 0 ? random_below(20000) : random_below(300);
}

static void step_allocate(struct block *block)
{
    size_t size = random_size();
    unsigned kind = random_below(4);
    uint8_t *data;

    if (kind == 0) {
        size_t alignment = (size_t)16 << random_below(6);
        data = heap_allocate_aligned(&heap, alignment, size);
        if (data)
            assert_true((uintptr_t)data % alignment == 0);
    } else if (kind == 1) {
        data = heap_allocate_zeroed(&heap, size);
        for (size_t i = 0; data && i < size; i++)
            assert_int_equal(data[i], 0);
    } else {
        data = heap_allocate(&heap, size);
    }
    if (data)
        fill_block(block, data, size);
}

static void step_resize(struct block *block)
{
    size_t size = random_size();
    uint8_t *data = heap_resize(&heap, block->data, size);

    if (!data)
        return;
    for (size_t i = 0; i < size && i < block->size; i++)
        assert_int_equal(data[i], block->fill);
    fill_block(block, data, size);
}

static void step(struct block *block)
{
    if (!block->data) {
        step_allocate(block);
        return;
    }
    check_block(block);
    if (random_below(3) == 0) {
        step_resize(block);
        return;
    }
    heap_release(&heap, block->data);
    block->data = NULL;
}

static void random_calls_keep_every_block_whole(void **unused)
{
    static struct block blocks[BLOCKS];

    (void)unused;
    for (state = 1; state < 4; state++) {
        unsigned long long seed = state;
        memset(blocks, 0, sizeof blocks);
        for (unsigned i = 0; i < 40000; i++)
            step(&blocks[random_below(BLOCKS)]);
        for (size_t i = 0; i < BLOCKS; i++) {
            if (blocks[i].data)
                check_block(&blocks[i]);
            heap_release(&heap, blocks[i].data);
            blocks[i].data = NULL;
        }
        /* All came back and merged: the region is as at the start. */
        assert_int_equal(heap.frontier, heap.start);
        assert_int_equal(heap.filled[0] | heap.filled[1], 0);
        state = seed;
    }
}

static void opening_touches_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < REGION; i++)
        assert_int_equal(region[i], 0);
}

static void freed_memory_is_used_before_new_memory(void **unused)
{
    void *first = heap_allocate(&heap, 1000), *fence = heap_allocate(&heap, 16);
    uintptr_t touched;

    (void)unused;
    assert_non_null(fence);
    touched = heap.touched;
    for (int i = 0; i < 100; i++) {
        heap_release(&heap, first);
        first = heap_allocate(&heap, 900);
        assert_non_null(first);
    }
    assert_int_equal(heap.touched, touched);
}

static void too_much_is_refused_and_changes_nothing(void **unused)
{
    void *block = heap_allocate(&heap, 100);
    uintptr_t frontier = heap.frontier;

    (void)unused;
    assert_null(heap_allocate(&heap, REGION));
    assert_null(heap_allocate(&heap, SIZE_MAX));
    assert_null(heap_allocate(&heap, SIZE_MAX - 8));
    assert_null(heap_allocate_aligned(&heap, (size_t)1 << 40, 16));
    assert_null(heap_allocate_aligned(&heap, 64, SIZE_MAX - 16));
    assert_null(heap_resize(&heap, block, SIZE_MAX));
    assert_int_equal(heap.frontier, frontier);
}

static void all_memory_can_be_used(void **unused)
{
    size_t blocks = 0;

    (void)unused;
    while (heap_allocate(&heap, 4000))
        blocks++;
    assert_in_range(blocks, REGION / 4100, REGION / 4000);
}

static void a_second_free_is_noticed(void **unused)
{
    void *block = heap_allocate(&heap, 100), *fence = heap_allocate(&heap, 16);

    (void)unused;
    assert_non_null(fence);
    heap_release(&heap, block);
    if (setjmp(corrupted) == 0) {
        heap_release(&heap, block);
        fail_msg("the second free went through");
    }
}

static void a_pointer_into_a_block_is_noticed(void **unused)
{
    uint8_t *block = heap_allocate_zeroed(&heap, 1000);

    (void)unused;
    if (setjmp(corrupted) == 0) {
        heap_release(&heap, block + 64);
        fail_msg("the stray pointer went through");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_calls_keep_every_block_whole, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(opening_touches_nothing, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(freed_memory_is_used_before_new_memory, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(too_much_is_refused_and_changes_nothing, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(all_memory_can_be_used, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(a_second_free_is_noticed, open_heap, close_heap),
        cmocka_unit_test_setup_teardown(a_pointer_into_a_block_is_noticed, open_heap, close_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
