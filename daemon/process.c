/* process.c: see process.h. */
#define _GNU_SOURCE
#include "process.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/fd.h"

int64_t process_started_ms(uint64_t start_ticks)
{
    struct timespec wall, boot;
    int64_t per_second = sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    int64_t boot_ms = (int64_t)(wall.tv_sec - boot.tv_sec) * 1000 + (wall.tv_nsec - boot.tv_nsec) / 1000000;
    return boot_ms + (int64_t)start_ticks * 1000 / per_second;
}

void process_await_death(pid_t pid)
{
    cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return;
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    poll(&wait, 1, 1000);
}
