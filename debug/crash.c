/* crash.c: see crash.h. */
#define _GNU_SOURCE
#include "debug/crash.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "debug/backtrace.h"
#include "debug/call_names.h"
#include "debug/guest.h"
#include "debug/symbols.h"
#include "debug/x86_64/machine.h"

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP, SIGABRT};

/* What a fault's code means, for those that say more than the signal. */
static const struct {
    int number, code;
    const char *meaning;
} kinds[] = {
    {SIGSEGV, SEGV_MAPERR, "nothing is mapped there"},
    {SIGSEGV, SEGV_ACCERR, "the memory's protection forbids it"},
    {SIGSEGV, SI_KERNEL, "not an address, or an instruction that is not for programs"},
    {SIGBUS, BUS_ADRALN, "not aligned"},
    {SIGBUS, BUS_ADRERR, "nothing is behind the mapping any more"},
    {SIGILL, ILL_ILLOPN, "an instruction that does not exist, or a trap of the compiler"},
    {SIGFPE, FPE_INTDIV, "integer division by zero"},
    {SIGFPE, FPE_INTOVF, "integer overflow"},
};

/* What every process guest may call, with the right arguments; the Solo5 ABI facts, section 3. */
static const long allowed[] = {SYS_read,          SYS_write,      SYS_pread64,         SYS_pwrite64,
                               SYS_clock_gettime, SYS_arch_prctl, SYS_timerfd_settime, SYS_epoll_pwait,
                               SYS_exit_group};

bool crash_is_fault(int number)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (faults[i] == number)
            return true;
    return false;
}

static void print_fault(int number, const siginfo_t *fault, FILE *out)
{
    fprintf(out, "crash: SIG%s", sigabbrev_np(number));
    for (size_t i = 0; fault != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].number == number && kinds[i].code == fault->si_code)
            fprintf(out, ": %s", kinds[i].meaning);
    if (fault != NULL && fault->si_code > 0 && fault->si_code != SI_KERNEL)
        fprintf(out, ": address 0x%llx", (unsigned long long)(uintptr_t)fault->si_addr);
    fprintf(out, "\n");
}

/* The kernel has put the call's number back where the guest had it. */
static void print_call(const struct user_regs_struct *registers, FILE *out)
{
    unsigned long long number = registers->rax;
    const char *name = number < CALL_NAMES_SIZE ? call_names[number] : NULL;
    const char *why = "a guest may not make this call";
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if ((unsigned long long)allowed[i] == number)
            why = "a guest may make this call, but not with these arguments";
    fprintf(out, "crash: SIGSYS: system call %s (%llu) with 0x%llx, 0x%llx, 0x%llx: %s\n",
            name != NULL ? name : "unknown", number, registers->rdi, registers->rsi, registers->rdx, why);
}

void crash_print(const struct guest *guest, int number, const siginfo_t *fault, FILE *out)
{
    struct user_regs_struct registers;
    struct backtrace trace;
    if (!guest_registers(guest, &registers))
        return;
    if (guest->vm && guest->report.kind == VM_TRAP)
        fprintf(out, "crash: the guest trapped: error code 0x%llx, address 0x%llx\n",
                (unsigned long long)guest->report.error_code,
                (unsigned long long)guest->report.fault_address);
    else if (guest->vm && guest->report.kind == VM_BROKEN)
        fprintf(out, "crash: the guest did what no guest may\n");
    else if (number == SIGSYS)
        print_call(&registers, out);
    else
        print_fault(number, fault, out);
    machine_print_registers(&registers, out);
    backtrace_make(&trace, guest, registers.rip, registers.rsp);
    backtrace_print(&trace, guest, out);
}

bool crash_print_abort(const struct guest *guest, FILE *out)
{
    struct user_regs_struct registers;
    struct backtrace trace;
    char name[SYMBOLS_NAME_SIZE];
    bool aborted = false;
    if (!guest_registers(guest, &registers))
        return false;
    backtrace_make(&trace, guest, registers.rip, registers.rsp);
    for (size_t i = 0; i < trace.count && trace.frames[i].certain; i++) {
        symbols_find(guest->symbols, trace.frames[i].address - (i > 0), name);
        aborted = aborted || strcmp(name, "solo5_abort") == 0 || strcmp(name, "abort") == 0;
    }
    if (aborted) {
        fprintf(out, "crash: the guest aborted\n");
        backtrace_print(&trace, guest, out);
    }
    return aborted;
}
