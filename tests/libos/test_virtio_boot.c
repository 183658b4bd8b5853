/* test_virtio_boot.c: what a machine says about itself: start information, command line, ACPI tables, clocks.
 */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libos/bindings/virtio/acpi.h"
#include "libos/bindings/virtio/cmdline.h"
#include "libos/bindings/virtio/pvh.h"
#include "libos/bindings/virtio/x86_64/kvmclock.h"
#include "libos/bindings/virtio/x86_64/timer.h"

#define MEMORY_SIZE 0x4000u
#define LIST        0x1000u
#define FIXED       0x1100u
#define INTERRUPTS  0x1300u
#define AML         0x1400u
#define ROOT        0x0800u

static uint8_t memory[MEMORY_SIZE];

static bool read_memory(void *context, uint64_t address, void *to, size_t size)
{
    (void)context;
    if (address > sizeof memory || size > sizeof memory - address)
        return false;
    memcpy(to, memory + address, size);
    return true;
}

static const struct physical physical = {read_memory, NULL};

static void put(uint32_t at, uint64_t number, size_t size)
{
    memcpy(memory + at, &number, size);
}

static int clear(void **unused)
{
    (void)unused;
    memset(memory, 0, sizeof memory);
    return 0;
}

/* Start information */

static const char *pvh(struct pvh *found)
{
    return virtio_pvh_read(found, &physical, 0x100, 0x100000, 0x180000);
}

static void build_pvh(uint32_t entries)
{
    put(0x100, 0x336ec578, 4);
    put(0x104, 1, 4);
    put(0x118, 0x300, 8);
    put(0x120, 0xe0000, 8);
    put(0x128, 0x200, 8);
    put(0x130, entries, 4);
    put(0x218, 0x100000, 8);
    put(0x220, 0x1f00123, 8);
    put(0x228, 1, 4);
    strcpy((char *)memory + 0x300, "a b");
}

static void start_information_is_read(void **unused)
{
    static struct pvh found;
    (void)unused;
    build_pvh(2);
    assert_null(pvh(&found));
    assert_string_equal(found.cmdline, "a b");
    assert_int_equal(found.ram_end, 0x2000000);
    assert_int_equal(found.rsdp, 0xe0000);
    put(0x220, UINT64_C(0x200000000), 8);
    assert_null(pvh(&found));
    assert_int_equal(found.ram_end, UINT64_C(0x100000000));
}

static void wrong_start_information_is_a_sentence(void **unused)
{
    static const struct {
        uint32_t at;
        uint64_t number;
    } cases[] = {{0x100, 1}, {0x104, 0},      {0x118, MEMORY_SIZE}, {0x118, UINT64_MAX}, {0x128, UINT64_MAX},
                 {0x228, 2}, {0x220, 0x1000}, {0x220, UINT64_MAX},  {0x218, 0x100001},   {0x130, 1}};
    static struct pvh found;
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clear(NULL);
        build_pvh(2);
        put(cases[i].at, cases[i].number,
            cases[i].at <= 0x104 || cases[i].at == 0x228 || cases[i].at == 0x130 ? 4 : 8);
        assert_non_null(pvh(&found));
    }
    clear(NULL);
    build_pvh(2);
    memset(memory + 0x300, 'x', MEMORY_SIZE - 0x300);
    assert_non_null(pvh(&found));
}

/* Command line */

static void check_line(const char *line, const char *ours, size_t devices, uint64_t address,
                       uint32_t interrupt)
{
    struct virtio_places places = {.count = 0};
    char copy[256];
    strcpy(copy, line);
    assert_string_equal(virtio_cmdline_split(copy, &places), ours);
    assert_int_equal(places.count, devices);
    if (devices > 0) {
        assert_int_equal(places.place[devices - 1].address, address);
        assert_int_equal(places.place[devices - 1].interrupt, interrupt);
    }
}

static void devices_are_taken_out_of_the_command_line(void **unused)
{
    (void)unused;
    check_line("", "", 0, 0, 0);
    check_line("  a   b ", "a b", 0, 0, 0);
    check_line("a virtio_mmio.device=4K@0xd0000000:5 b", "a b", 1, 0xd0000000, 5);
    check_line("virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=512@4273999872:7:3", "", 2,
               4273999872, 7);
    check_line("virtio_mmio.device=4K@0x1000:5 virtio_mmio.device=4K@0x1000:6", "", 1, 0x1000, 5);
    check_line("xvirtio_mmio.device=4K@0x1000:5", "xvirtio_mmio.device=4K@0x1000:5", 0, 0, 0);
}

static void words_behind_two_dashes_are_the_unikernel_s(void **unused)
{
    (void)unused;
    check_line("root=/dev/vda -- a b virtio_mmio.device=4K@0x1000:5", "a b", 1, 0x1000, 5);
    check_line("virtio_mmio.device=4K@0x1000:5 quiet -- a -- b", "a -- b", 1, 0x1000, 5);
    check_line("--", "", 0, 0, 0);
    check_line("'a -- b' c", "'a -- b' c", 0, 0, 0);
    check_line("a\\ -- b", "a\\ -- b", 0, 0, 0);
    check_line("x --ipv4=10.0.0.2/24 'open -- quote", "x --ipv4=10.0.0.2/24 'open -- quote", 0, 0, 0);
}

static void wrong_devices_are_ignored(void **unused)
{
    static const char *const words[] = {"",
                                        "4K",
                                        "4K@",
                                        "4K@0x",
                                        "4K@0x1000",
                                        "4K@0x1000:",
                                        "4K@0x1000:x",
                                        "@1:2",
                                        "4K@0x1000:5x",
                                        "4K@0x10000000000000000:5",
                                        "4K@0x1000:4294967296",
                                        "99999999999999999999999@1:2"};
    char line[128];
    (void)unused;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(line, sizeof line, "a virtio_mmio.device=%s b", words[i]);
        check_line(line, "a b", 0, 0, 0);
    }
}

static void places_are_bounded(void **unused)
{
    struct virtio_places places = {.count = 0};
    (void)unused;
    for (uint64_t i = 1; i < 2 * PLACES_MOST; i++)
        virtio_places_add(&places, i, 0);
    assert_int_equal(places.count, PLACES_MOST);
}

/* ACPI */

static void seal(uint32_t at, const char *signature, uint32_t size)
{
    uint8_t sum = 0;
    memcpy(memory + at, signature, 4);
    put(at + 4, size, 4);
    memory[at + 9] = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[at + 9] = (uint8_t)-sum;
}

static const uint8_t aml[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00,
                              0x00, /* Name(_S5, Package{5, 1, 0, 0}) */
                              0x08, '_',  'H',  'I',  'D',  0x0d, 'L',  'N',  'R',  'O',  '0',  '0',
                              '0',  '5',  0,    0x86, 9,    0,    1,    0x00, 0x0e, 0xb0, 0xfe, 0x00,
                              0x02, 0,    0,    0x89, 6,    0,    1,    1,    12,   0,    0,    0,
                              0x79, 0,    0x08, '_',  'H',  'I',  'D',  0x0d, 'L',  'N',  'R',  'O',
                              '0',  '0',  '0',  '5',  0,    0x86, 9,    0,    1,    0x00, 0x10, 0xb0,
                              0xfe, 0x00, 0x02, 0,    0,    0x89, 6,    0,    1,    1,    13,   0,
                              0,    0,    0x79, 0,    0x08, '_',  'H',  'I',  'D',  0x0d, 'L',  'N',
                              'R',  'O',  '0',  '0',  '0',  '5',  0,    0x86, 9,    0}; /* cut off */

static void build_acpi(void)
{
    uint8_t sum = 0;
    memcpy(memory + AML + 36, aml, sizeof aml);
    seal(AML, "DSDT", 36 + sizeof aml);
    put(FIXED + 40, AML, 4);
    put(FIXED + 64, 0x604, 4);
    put(FIXED + 244, ACPI_SPACE_PORT, 1);
    put(FIXED + 248, 0x600, 8);
    seal(FIXED, "FACP", 276);
    memcpy(memory + INTERRUPTS + 44,
           "\0\10\0\0\1\0\0\0"
           "\1\14\2\0\0\0\300\376\30\0\0\0",
           20);
    seal(INTERRUPTS, "APIC", 64);
    put(LIST + 36, FIXED, 8);
    put(LIST + 44, INTERRUPTS, 8);
    put(LIST + 52, UINT64_MAX, 8);
    seal(LIST, "XSDT", 60);
    memcpy(memory + ROOT, "RSD PTR ", 8);
    memory[ROOT + 15] = 2;
    put(ROOT + 24, LIST, 8);
    for (uint32_t i = 0; i < 20; i++)
        sum = (uint8_t)(sum + memory[ROOT + i]);
    memory[ROOT + 8] = (uint8_t)-sum;
}

static void read_acpi(struct acpi *acpi, struct virtio_places *places)
{
    *places = (struct virtio_places){.count = 0};
    virtio_acpi_read(acpi, places, &physical, ROOT);
}

static void tables_are_read(void **unused)
{
    struct acpi acpi;
    struct virtio_places places;
    (void)unused;
    build_acpi();
    read_acpi(&acpi, &places);
    assert_true(acpi.can_sleep);
    assert_int_equal(acpi.sleep_type[0], 5);
    assert_int_equal(acpi.sleep_type[1], 1);
    assert_int_equal(acpi.pm1_control[0], 0x604);
    assert_int_equal(acpi.pm1_control[1], 0);
    assert_int_equal(acpi.sleep_control.address, 0x600);
    assert_int_equal(acpi.sleep_control.space, ACPI_SPACE_PORT);
    assert_int_equal(acpi.ioapic_count, 1);
    assert_int_equal(acpi.ioapic[0].address, 0xfec00000);
    assert_int_equal(acpi.ioapic[0].first, 24);
    assert_int_equal(places.count, 2);
    assert_int_equal(places.place[0].address, 0xfeb00e00);
    assert_int_equal(places.place[0].interrupt, 12);
    assert_int_equal(places.place[1].address, 0xfeb01000);
}

static void the_older_list_is_read(void **unused)
{
    struct acpi acpi;
    struct virtio_places places;
    (void)unused;
    build_acpi();
    memory[ROOT + 15] = 0;
    memory[ROOT + 8] = (uint8_t)(memory[ROOT + 8] + 2);
    put(ROOT + 16, LIST, 4);
    memory[ROOT + 8] = (uint8_t)(memory[ROOT + 8] - (LIST >> 8));
    put(LIST + 40, INTERRUPTS, 4);
    seal(LIST, "RSDT", 44);
    read_acpi(&acpi, &places);
    assert_true(acpi.can_sleep);
    assert_int_equal(acpi.ioapic_count, 1);
}

static void a_table_with_a_wrong_sum_is_not_read(void **unused)
{
    struct acpi acpi;
    struct virtio_places places;
    (void)unused;
    build_acpi();
    memory[AML + 40]++;
    read_acpi(&acpi, &places);
    assert_false(acpi.can_sleep);
    assert_int_equal(acpi.pm1_control[0], 0x604);
    memory[ROOT]++;
    read_acpi(&acpi, &places);
    assert_int_equal(acpi.pm1_control[0], 0);
}

static void what_lies_behind_a_table_is_not_read(void **unused)
{
    struct acpi acpi;
    struct virtio_places places;
    (void)unused;
    build_acpi();
    seal(FIXED, "FACP", 66); /* in the middle of a register; the rest of it and others follow as before */
    seal(INTERRUPTS, "APIC", 60); /* in the middle of the entry that counts */
    read_acpi(&acpi, &places);
    assert_true(acpi.can_sleep);
    assert_int_equal(acpi.pm1_control[0], 0);
    assert_int_equal(acpi.sleep_control.address, 0);
    assert_int_equal(acpi.ioapic[0].address, 0xfec00000);
    assert_int_equal(acpi.ioapic[0].first, 0);
}

static void a_fixed_table_that_names_itself_ends(void **unused)
{
    struct acpi acpi;
    struct virtio_places places;
    (void)unused;
    build_acpi();
    put(FIXED + 40, FIXED, 4);
    seal(FIXED, "FACP", 276);
    read_acpi(&acpi, &places);
    assert_false(acpi.can_sleep);
}

/* Clocks */

static uint64_t cycles_now;
static uint64_t cycles(void)
{
    return cycles_now;
}

static void kvmclock_is_scaled(void **unused)
{
    struct kvmclock clock = {.cycles = 1000, .time = 50, .multiplier = 0x80000000, .shift = 1};
    const struct kvmclock_wall wall = {0, 3, 7};
    (void)unused;
    assert_true(virtio_kvmclock_valid(&clock));
    cycles_now = 1600;
    assert_int_equal(virtio_kvmclock_read(&clock, cycles), 650);
    clock.shift = -2;
    assert_int_equal(virtio_kvmclock_read(&clock, cycles), 125);
    cycles_now = 900;
    assert_int_equal(virtio_kvmclock_read(&clock, cycles), 50);
    clock.shift = 64;
    assert_false(virtio_kvmclock_valid(&clock));
    clock = (struct kvmclock){.shift = 0};
    assert_false(virtio_kvmclock_valid(&clock));
    assert_int_equal(virtio_kvmclock_wall_read(&wall), 3000000007);
}

static void dates_are_counted(void **unused)
{
    static const struct {
        struct timer_date date;
        uint64_t seconds;
    } cases[] = {{{0, 1, 1, 0, 0, 0}, 946684800},       {{0, 2, 29, 0, 0, 0}, 951782400},
                 {{0, 3, 1, 0, 0, 0}, 951868800},       {{1, 1, 1, 0, 0, 0}, 978307200},
                 {{24, 2, 29, 12, 34, 56}, 1709210096}, {{26, 11, 25, 4, 30, 0}, 1795581000},
                 {{99, 12, 31, 23, 59, 59}, 4102444799}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(virtio_timer_seconds(cases[i].date), cases[i].seconds);
    virtio_timer_seconds((struct timer_date){99, 0, 0, 0, 0, 0});
    virtio_timer_seconds((struct timer_date){99, 165, 165, 165, 165, 165});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(start_information_is_read, clear),
        cmocka_unit_test_setup(wrong_start_information_is_a_sentence, clear),
        cmocka_unit_test(devices_are_taken_out_of_the_command_line),
        cmocka_unit_test(words_behind_two_dashes_are_the_unikernel_s),
        cmocka_unit_test(wrong_devices_are_ignored),
        cmocka_unit_test(places_are_bounded),
        cmocka_unit_test_setup(tables_are_read, clear),
        cmocka_unit_test_setup(the_older_list_is_read, clear),
        cmocka_unit_test_setup(a_table_with_a_wrong_sum_is_not_read, clear),
        cmocka_unit_test_setup(what_lies_behind_a_table_is_not_read, clear),
        cmocka_unit_test_setup(a_fixed_table_that_names_itself_ends, clear),
        cmocka_unit_test(kvmclock_is_scaled),
        cmocka_unit_test(dates_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
