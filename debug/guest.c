/* guest.c: see guest.h. */
#define _GNU_SOURCE
#include "debug/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/vm.h"
#include "debug/x86_64/machine.h"
#include "host/error.h"
#include "host/fd.h"
#include "image/image.h"

#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD)

int guest_open(struct guest *guest, pid_t pid, struct error *err)
{
    char path[64];
    siginfo_t info = {0};
    guest->pid = pid;
    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return error_set(err, errno, "debug", guest->name, NULL);
    if (info.si_code != CLD_TRAPPED)
        return error_set(err, ESRCH, "debug", guest->name, "it ended before it began");
    waitid(P_PID, (id_t)pid, &info, WSTOPPED);
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, OPTIONS) < 0)
        return error_set(err, errno, "debug", guest->name, NULL);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    guest->memory_fd = open(path, O_RDWR | O_CLOEXEC);
    return guest->memory_fd < 0 ? error_set(err, errno, "debug", guest->name, NULL) : 0;
}

void guest_close(struct guest *guest)
{
    fd_close(&guest->memory_fd);
}

/* Where the guest's address 0 lies in the process. */
static uint64_t base(const struct guest *guest)
{
    return guest->vm ? VM_MEMORY : 0;
}

size_t guest_read(const struct guest *guest, uint64_t address, void *to, size_t size)
{
    size_t done = 0;
    if (address >= guest->memory_size)
        return 0;
    if (size > guest->memory_size - address)
        size = guest->memory_size - address;
    while (done < size) {
        ssize_t n =
            pread(guest->memory_fd, (char *)to + done, size - done, (off_t)(base(guest) + address + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

int guest_write(const struct guest *guest, uint64_t address, const void *from, size_t size)
{
    if (address >= guest->memory_size || size > guest->memory_size - address)
        return -EFAULT;
    return pwrite(guest->memory_fd, from, size, (off_t)(base(guest) + address)) == (ssize_t)size ? 0
                                                                                                 : -EFAULT;
}

bool guest_is_code(const struct guest *guest, uint64_t address)
{
    for (size_t i = 0; i < guest->image->segment_count; i++) {
        const struct image_segment *segment = &guest->image->segments[i];
        if ((segment->flags & IMAGE_SEGMENT_EXECUTE) && address >= segment->start && address < segment->end)
            return true;
    }
    return false;
}

int guest_resume(const struct guest *guest, int request, int signal)
{
    return ptrace((enum __ptrace_request)request, guest->pid, NULL, (long)signal) < 0 ? -errno : 0;
}

bool guest_registers(const struct guest *guest, struct user_regs_struct *registers)
{
    if (!guest->vm)
        return ptrace(PTRACE_GETREGS, guest->pid, NULL, registers) == 0;
    vm_registers(guest, registers);
    return guest->report.kind != VM_NOTHING;
}

bool guest_set_registers(struct guest *guest, const struct user_regs_struct *registers)
{
    if (!guest->vm)
        return ptrace(PTRACE_SETREGS, guest->pid, NULL, registers) == 0;
    vm_set_registers(guest, registers);
    return true;
}

/* A signal is what a crash means to a process; a virtual machine's guest that gets one ends of it. */
int guest_go(struct guest *guest, bool step, int signal)
{
    if (!guest->vm)
        return guest_resume(guest, step ? PTRACE_SINGLESTEP : PTRACE_CONT, signal);
    if (!guest->at_breakpoint)
        return guest_resume(guest, PTRACE_CONT, signal);
    guest->at_breakpoint = false;
    return vm_resume(guest, signal != 0 && guest->report.kind != VM_INTERRUPTED ? VM_END
                            : step                                              ? VM_STEP
                                                                                : VM_GO);
}

void guest_interrupt(const struct guest *guest)
{
    if (guest->vm)
        vm_interrupt(guest);
    else
        kill(guest->pid, SIGINT);
}

bool guest_was_step(const struct guest *guest)
{
    siginfo_t info;
    return guest->vm ? vm_signal(guest, &info) == SIGTRAP && info.si_code == TRAP_TRACE
                     : machine_was_step(guest);
}
