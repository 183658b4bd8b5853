/* Starts user guests of a few instructions on the machine's own /dev/kvm and looks at how they end. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tender/hvt/x86_64/machine.h"

#define MEMORY (4u << 20)
#define TEXT   0x100000u
#define RODATA 0x101000u
#define DATA   0x102000u
#define GUARD  0x300000u

struct guest {
    int kvm, vm, vcpu;
    uint8_t *memory, *tables;
    struct kvm_run *run;
    struct machine_frame frame;
    uint64_t cr2;
};

static uint8_t *pages(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void add_slot(struct guest *g, uint32_t slot, uint64_t address, uint8_t *at, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = address, .memory_size = size, .userspace_addr = (uintptr_t)at};
    assert_int_equal(ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
}

static void set_cpuid(struct guest *g)
{
    union {
        struct kvm_cpuid2 head;
        uint8_t room[sizeof(struct kvm_cpuid2) + 128 * sizeof(struct kvm_cpuid_entry2)];
    } cpuid = {.head.nent = 128};
    assert_int_equal(ioctl(g->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), 0);
    assert_int_equal(ioctl(g->vcpu, KVM_SET_CPUID2, &cpuid), 0);
}

static int open_guest(void **state)
{
    static struct guest guest;
    struct guest *g = &guest;
    memset(g, 0, sizeof *g);
    *state = g;
    g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (g->kvm < 0)
        return 0;
    g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
    g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
    g->memory = pages(MEMORY);
    g->tables = pages(MACHINE_TABLES_SIZE);
    g->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
    return 0;
}

static int close_guest(void **state)
{
    struct guest *g = *state;
    if (g->kvm < 0)
        return 0;
    close(g->vcpu);
    close(g->vm);
    close(g->kvm);
    munmap(g->memory, MEMORY);
    munmap(g->tables, MACHINE_TABLES_SIZE);
    munmap(g->run, 4096);
    return 0;
}

/* Runs CODE at TEXT until the guest leaves by a port and returns that port; a crash's frame is taken. */
static unsigned run_code(struct guest *g, const void *code, size_t size)
{
    static const struct machine_range ranges[] = {{TEXT, RODATA, PF_R | PF_X}, {RODATA, DATA, PF_R}};
    const struct machine_plan plan = {.memory_bytes = MEMORY,
                                      .mapped_bytes = MEMORY,
                                      .entry = TEXT,
                                      .boot_info = 0x10000,
                                      .xcr0 = 7,
                                      .ranges = ranges,
                                      .range_count = 2,
                                      .guard = GUARD};
    struct machine_state machine;
    if (g->kvm < 0)
        skip();
    memcpy(g->memory + TEXT, code, size);
    add_slot(g, 0, 0, g->memory, MEMORY);
    add_slot(g, 1, MACHINE_TABLES_BASE, g->tables, MACHINE_TABLES_SIZE);
    set_cpuid(g);
    assert_int_equal(ioctl(g->vcpu, KVM_GET_SREGS, &machine.sregs), 0);
    assert_int_equal(machine_prepare_user(&plan, g->memory, g->tables, &machine), 0);
    assert_int_equal(ioctl(g->vcpu, KVM_SET_SREGS, &machine.sregs), 0);
    assert_int_equal(ioctl(g->vcpu, KVM_SET_XCRS, &machine.xcrs), 0);
    assert_int_equal(ioctl(g->vcpu, KVM_SET_REGS, &machine.regs), 0);
    assert_int_equal(ioctl(g->vcpu, KVM_RUN, 0), 0);
    assert_int_equal(g->run->exit_reason, KVM_EXIT_IO);
    if (g->run->io.port == MACHINE_PORT_EXCEPTION) {
        struct kvm_regs regs;
        struct kvm_sregs sregs;
        ioctl(g->vcpu, KVM_GET_REGS, &regs);
        ioctl(g->vcpu, KVM_GET_SREGS, &sregs);
        assert_in_range(regs.rsp, MACHINE_STACK_TOP - 4096, MACHINE_STACK_TOP - sizeof g->frame);
        memcpy(&g->frame, g->memory + regs.rsp, sizeof g->frame);
        g->cr2 = sregs.cr2;
    }
    return g->run->io.port;
}

#define RUN(g, ...) run_code(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define OUT_HALT    0x66, 0xba, 0x08, 0x05, 0xef /* mov dx, 0x508; out dx, eax */

static void a_hypercall_leaves_and_the_guest_is_in_ring_3(void **state)
{
    struct guest *g = *state;
    /* mov eax, cs; hypercall */
    assert_int_equal(RUN(g, 0x8c, 0xc8, OUT_HALT), 0x508);
    struct kvm_regs regs;
    assert_int_equal(ioctl(g->vcpu, KVM_GET_REGS, &regs), 0);
    assert_int_equal(regs.rax & 3, 3);
}

static void sse_avx_and_fs_base_work(void **state)
{
    /* mulps xmm0, xmm1; vaddps ymm0, ymm1, ymm2; wrfsbase rax; push rax; pop rax */
    assert_int_equal(RUN(*state, 0x0f, 0x59, 0xc1, 0xc5, 0xf4, 0x58, 0xc2, 0xf3, 0x48, 0x0f, 0xae, 0xd0, 0x50,
                         0x58, OUT_HALT),
                     0x508);
}

static void an_undefined_instruction_is_told_with_its_place(void **state)
{
    struct guest *g = *state;
    assert_int_equal(RUN(g, 0x90, 0x0f, 0x0b), MACHINE_PORT_EXCEPTION);
    assert_int_equal(g->frame.vector, 6);
    assert_int_equal(g->frame.rip, TEXT + 1);
}

static void a_breakpoint_is_told(void **state)
{
    struct guest *g = *state;
    assert_int_equal(RUN(g, 0xcc), MACHINE_PORT_EXCEPTION);
    assert_int_equal(g->frame.vector, 3);
}

static void another_port_is_a_fault_or_leaves_as_it_is(void **state)
{
    struct guest *g = *state;
    /* mov dx, 0x3f8; out dx, al: where the host honours IOPL 3 it is the tender that must refuse the port */
    unsigned port = RUN(g, 0x66, 0xba, 0xf8, 0x03, 0xee);
    assert_true(port == 0x3f8 || (port == MACHINE_PORT_EXCEPTION && g->frame.vector == 13));
}

static void expect_page_fault(struct guest *g, unsigned port, uint64_t address, uint64_t error_code)
{
    assert_int_equal(port, MACHINE_PORT_EXCEPTION);
    assert_int_equal(g->frame.vector, 14);
    assert_int_equal(g->cr2, address);
    assert_int_equal(g->frame.error_code, error_code);
}

static void text_and_constants_cannot_be_written(void **state)
{
    /* mov byte [0x101000], 0 */
    expect_page_fault(*state, RUN(*state, 0xc6, 0x04, 0x25, 0x00, 0x10, 0x10, 0x00, 0x00), RODATA, 7);
}

static void data_cannot_be_executed(void **state)
{
    /* mov eax, DATA; jmp rax */
    expect_page_fault(*state, RUN(*state, 0xb8, 0x00, 0x20, 0x10, 0x00, 0xff, 0xe0), DATA, 0x15);
}

static void the_zero_page_is_not_there(void **state)
{
    /* xor eax, eax; mov al, [rax + 8] */
    expect_page_fault(*state, RUN(*state, 0x31, 0xc0, 0x8a, 0x40, 0x08), 8, 4);
}

static void the_guard_page_is_not_there(void **state)
{
    /* mov byte [0x300000], 0 */
    expect_page_fault(*state, RUN(*state, 0xc6, 0x04, 0x25, 0x00, 0x00, 0x30, 0x00, 0x00), GUARD, 6);
}

static void the_machine_s_tables_are_out_of_reach(void **state)
{
    /* movabs rax, MACHINE_TABLES_BASE; mov [rax], al */
    expect_page_fault(*state, RUN(*state, 0x48, 0xb8, 0, 0, 0, 0, 1, 0, 0, 0, 0x88, 0x00),
                      MACHINE_TABLES_BASE, 7);
}

static void a_lost_stack_is_still_told(void **state)
{
    struct guest *g = *state;
    /* xor esp, esp; push rax */
    assert_int_equal(RUN(g, 0x31, 0xe4, 0x50), MACHINE_PORT_EXCEPTION);
    assert_true(g->frame.vector == 14 || g->frame.vector == 12);
}

#define KVM_TEST(name) cmocka_unit_test_setup_teardown(name, open_guest, close_guest)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KVM_TEST(a_hypercall_leaves_and_the_guest_is_in_ring_3),
        KVM_TEST(sse_avx_and_fs_base_work),
        KVM_TEST(an_undefined_instruction_is_told_with_its_place),
        KVM_TEST(a_breakpoint_is_told),
        KVM_TEST(another_port_is_a_fault_or_leaves_as_it_is),
        KVM_TEST(text_and_constants_cannot_be_written),
        KVM_TEST(data_cannot_be_executed),
        KVM_TEST(the_zero_page_is_not_there),
        KVM_TEST(the_guard_page_is_not_there),
        KVM_TEST(the_machine_s_tables_are_out_of_reach),
        KVM_TEST(a_lost_stack_is_still_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
