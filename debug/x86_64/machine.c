/* machine.c: see machine.h. */
#define _GNU_SOURCE
#include "debug/x86_64/machine.h"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>

#include "debug/guest.h"

/* Whether the bytes of [AT, end) are `call r/m64` (FF /2), the whole of them. */
static int is_indirect(const uint8_t *at, size_t size)
{
    if (size > 2 && (at[0] & 0xf0) == 0x40) { /* REX */
        at++;
        size--;
    }
    if (size < 2 || at[0] != 0xff || ((at[1] >> 3) & 7) != 2)
        return 0;
    unsigned mode = at[1] >> 6;
    unsigned base = at[1] & 7;
    size_t need = 2;
    if (mode != 3 && base == 4)
        need++;
    if (mode == 1)
        need += 1;
    else if (mode == 2 || (mode == 0 && base == 5) ||
             (mode == 0 && base == 4 && size > 2 && (at[2] & 7) == 5))
        need += 4;
    return size == need;
}

enum machine_call machine_call_before(uint64_t return_address, const uint8_t *bytes, size_t size,
                                      uint64_t *target)
{
    if (size >= 5 && bytes[size - 5] == 0xe8) {
        int32_t distance;
        memcpy(&distance, bytes + size - 4, sizeof distance);
        *target = return_address + (uint64_t)(int64_t)distance;
        return MACHINE_CALL;
    }
    for (size_t length = 2; length <= size && length <= MACHINE_CALL_MAX; length++)
        if (is_indirect(bytes + size - length, length))
            return MACHINE_CALL_INDIRECT;
    return MACHINE_NO_CALL;
}

void machine_print_registers(const struct user_regs_struct *r, FILE *out)
{
    const struct {
        const char *name;
        unsigned long long value;
    } all[] = {{"rip", r->rip}, {"rsp", r->rsp}, {"rbp", r->rbp}, {"rfl", r->eflags}, {"rax", r->rax},
               {"rbx", r->rbx}, {"rcx", r->rcx}, {"rdx", r->rdx}, {"rsi", r->rsi},    {"rdi", r->rdi},
               {"r8 ", r->r8},  {"r9 ", r->r9},  {"r10", r->r10}, {"r11", r->r11},    {"r12", r->r12},
               {"r13", r->r13}, {"r14", r->r14}, {"r15", r->r15}, {"fs ", r->fs_base}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        fprintf(out, "%s%s %016llx%s", i % 4 == 0 ? "  " : " ", all[i].name, all[i].value,
                i % 4 == 3 || i + 1 == sizeof all / sizeof all[0] ? "\n" : "");
}

const uint8_t machine_breakpoint[MACHINE_BREAKPOINT_SIZE] = {0xcc};

const char machine_gdb_target[] = "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
                                  "<target><architecture>i386:x86-64</architecture></target>";

/* gdb's first registers: 17 of 8 bytes, then flags and segments of 4. */
#define FIELD(name) offsetof(struct user_regs_struct, name)
static const size_t wide[] = {FIELD(rax), FIELD(rbx), FIELD(rcx), FIELD(rdx), FIELD(rsi), FIELD(rdi),
                              FIELD(rbp), FIELD(rsp), FIELD(r8),  FIELD(r9),  FIELD(r10), FIELD(r11),
                              FIELD(r12), FIELD(r13), FIELD(r14), FIELD(r15), FIELD(rip)};
static const size_t narrow[] = {FIELD(eflags), FIELD(cs), FIELD(ss), FIELD(ds),
                                FIELD(es),     FIELD(fs), FIELD(gs)};
_Static_assert(sizeof wide + sizeof narrow / 2 == MACHINE_GDB_SIZE, "gdb's registers");

void machine_to_gdb(const struct user_regs_struct *registers, uint8_t bytes[static MACHINE_GDB_SIZE])
{
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++, bytes += 8)
        memcpy(bytes, (const char *)registers + wide[i], 8);
    for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++, bytes += 4)
        memcpy(bytes, (const char *)registers + narrow[i], 4);
}

/* Flags too: the kernel lets a tracer set only those that a program may set. Segments stay. */
void machine_from_gdb(const uint8_t bytes[static MACHINE_GDB_SIZE], struct user_regs_struct *registers)
{
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++, bytes += 8)
        memcpy((char *)registers + wide[i], bytes, 8);
    memcpy(&registers->eflags, bytes, 4);
}

bool machine_was_step(const struct guest *guest)
{
    siginfo_t info;
    return ptrace(PTRACE_GETSIGINFO, guest->pid, NULL, &info) == 0 && info.si_code == TRAP_TRACE;
}
