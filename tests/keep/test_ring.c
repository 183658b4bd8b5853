#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/error.h"
#include "keep/ring.h"

#define CAPACITY 8192u

static int make_file(void)
{
    struct error err;
    int fd = memfd_create("ring", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ring_format(fd, CAPACITY, &err), 0);
    return fd;
}

static struct ring *make_ring(int *fd)
{
    struct error err;
    *fd = make_file();
    struct ring *ring = ring_map(*fd, &err);
    assert_non_null(ring);
    return ring;
}

static struct ring_text text;

static void gives_back_what_was_appended(void **state)
{
    int fd;
    uint64_t position = 0;
    struct ring *ring = make_ring(&fd);
    (void)state;
    ring_append(ring, RING_START, 1, NULL, 0);
    ring_append(ring, RING_TEXT, 2, "hello", 5);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_int_equal(text.record.kind, RING_START);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_int_equal(text.record.time_ns, 2);
    assert_int_equal(text.record.size, 5);
    assert_memory_equal(text.data, "hello", 5);
    assert_int_equal(ring_read(ring, &position, &text), 0);
    ring_unmap(ring);
    close(fd);
}

static void a_long_text_comes_in_pieces(void **state)
{
    static uint8_t long_text[RING_RECORD_MAX + 10];
    int fd;
    uint64_t position = 0;
    struct ring *ring = make_ring(&fd);
    (void)state;
    ring_append(ring, RING_TEXT, 1, long_text, sizeof long_text);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_int_equal(text.record.size, RING_RECORD_MAX);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_int_equal(text.record.size, 10);
    ring_unmap(ring);
    close(fd);
}

static void an_overtaken_reader_learns_what_it_lost(void **state)
{
    int fd;
    uint64_t position = 0;
    struct ring *ring = make_ring(&fd);
    (void)state;
    ring_append(ring, RING_TEXT, 1, "first", 5);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    uint64_t behind = position;
    for (int i = 0; i < 1000; i++)
        ring_append(ring, RING_TEXT, 2, "0123456789abcdef", 16);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_int_equal(text.lost, ring_tail(ring) - behind);
    assert_int_equal(text.position, ring_tail(ring));
    assert_true(ring_head(ring) - ring_tail(ring) <= CAPACITY);
    ring_unmap(ring);
    close(fd);
}

static void what_fits_is_never_lost(void **state)
{
    int fd;
    struct ring *ring = make_ring(&fd);
    (void)state;
    /* Every size leaves as many of the youngest records as fit. */
    for (size_t size = 0; size < 200; size++) {
        uint8_t bytes[200];
        memset(bytes, (int)size, sizeof bytes);
        for (int i = 0; i < 300; i++)
            ring_append(ring, RING_TEXT, i, bytes, size);
        uint64_t space = (16 + size + 15) / 16 * 16;
        uint64_t position = 0;
        int64_t last = -1;
        size_t count = 0;
        while (ring_read(ring, &position, &text)) {
            if (text.record.size == size) {
                last = text.record.time_ns;
                count++;
            }
        }
        assert_int_equal(last, 299);
        assert_true(count >= (CAPACITY / space < 300 ? CAPACITY / space : 300));
    }
    ring_unmap(ring);
    close(fd);
}

static void a_ring_survives_its_writer(void **state)
{
    struct error err;
    int fd;
    uint64_t position = 0;
    struct ring *ring = make_ring(&fd);
    (void)state;
    ring_append(ring, RING_TEXT, 1, "before", 6);
    uint64_t head = ring_head(ring);
    ring_unmap(ring);
    assert_int_equal(ring_format(fd, CAPACITY, &err), 0);
    ring = ring_map(fd, &err);
    assert_int_equal(ring_head(ring), head);
    ring_append(ring, RING_TEXT, 2, "after", 5);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_memory_equal(text.data, "before", 6);
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_memory_equal(text.data, "after", 5);
    ring_unmap(ring);
    close(fd);
}

static void tells_once_for_each_question(void **state)
{
    int fd;
    struct ring *ring = make_ring(&fd);
    (void)state;
    assert_int_equal(ring_append(ring, RING_TEXT, 1, "a", 1), 0);
    ring_ask(ring);
    assert_int_equal(ring_append(ring, RING_TEXT, 1, "b", 1), 1);
    assert_int_equal(ring_append(ring, RING_TEXT, 1, "c", 1), 0);
    ring_unmap(ring);
    close(fd);
}

static void damage_is_given_up_not_followed(void **state)
{
    struct error err;
    uint8_t noise[4096];
    int fd;
    struct ring *ring = make_ring(&fd);
    (void)state;
    for (int i = 0; i < 500; i++)
        ring_append(ring, RING_TEXT, 1, "0123456789", 10);
    memset(noise, 0xff, sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 4096), sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 8192), sizeof noise);
    uint64_t position = 0;
    while (ring_read(ring, &position, &text))
        assert_true(text.record.size <= RING_RECORD_MAX);
    for (int i = 0; i < 2000; i++)
        ring_append(ring, RING_TEXT, 2, "abc", 3);
    position = 0;
    assert_int_equal(ring_read(ring, &position, &text), 1);
    assert_memory_equal(text.data, "abc", 3);
    /* A header that is nonsense makes a new ring. */
    ring_unmap(ring);
    assert_int_equal(pwrite(fd, noise, 64, 0), 64);
    assert_null(ring_map(fd, &err));
    assert_int_equal(ring_format(fd, CAPACITY, &err), 0);
    ring = ring_map(fd, &err);
    assert_non_null(ring);
    ring_unmap(ring);
    close(fd);
}

struct race {
    struct ring *ring;
    atomic_int stop;
};

static void *write_on(void *context)
{
    struct race *race = context;
    uint8_t bytes[64];
    for (int64_t n = 1; !atomic_load(&race->stop); n++) {
        memset(bytes, (int)(n & 0xff), sizeof bytes);
        ring_append(race->ring, RING_TEXT, n, bytes, (size_t)(n % 64));
    }
    return NULL;
}

/* Near the end of 64 bits a reader would be given one record for ever; near that of 63, ids would turn
 * negative. */
static void positions_that_would_turn_over_are_no_ring(void **state)
{
    struct error err;
    const uint64_t heads[] = {UINT64_MAX - 15, INT64_MAX - 15};
    int fd = make_file();
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const uint64_t positions[2] = {heads[i] - 48, heads[i]}; /* tail and head */
        assert_int_equal(pwrite(fd, positions, sizeof positions, 24), sizeof positions);
        assert_null(ring_map(fd, &err));
        assert_int_equal(err.code, EUCLEAN);
    }
    assert_int_equal(ring_format(fd, CAPACITY, &err), 0);
    struct ring *ring = ring_map(fd, &err);
    assert_non_null(ring);
    ring_unmap(ring);
    close(fd);
}

static void a_reader_beside_a_fast_writer_sees_whole_records(void **state)
{
    int fd;
    struct race race = {.ring = make_ring(&fd)};
    pthread_t writer;
    uint64_t position = 0;
    int64_t last = 0;
    (void)state;
    assert_int_equal(pthread_create(&writer, NULL, write_on, &race), 0);
    for (int seen = 0; seen < 20000;) {
        if (ring_read(race.ring, &position, &text) == 0)
            continue;
        seen++;
        assert_true(text.record.time_ns > last);
        assert_true(text.lost > 0 || last == 0 || text.record.time_ns == last + 1);
        last = text.record.time_ns;
        assert_int_equal(text.record.size, (size_t)(last % 64));
        for (uint32_t i = 0; i < text.record.size; i++)
            assert_int_equal(text.data[i], last & 0xff);
    }
    atomic_store(&race.stop, 1);
    pthread_join(writer, NULL);
    ring_unmap(race.ring);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_appended),
        cmocka_unit_test(a_long_text_comes_in_pieces),
        cmocka_unit_test(an_overtaken_reader_learns_what_it_lost),
        cmocka_unit_test(what_fits_is_never_lost),
        cmocka_unit_test(a_ring_survives_its_writer),
        cmocka_unit_test(tells_once_for_each_question),
        cmocka_unit_test(damage_is_given_up_not_followed),
        cmocka_unit_test(positions_that_would_turn_over_are_no_ring),
        cmocka_unit_test(a_reader_beside_a_fast_writer_sees_whole_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
