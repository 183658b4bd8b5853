/*
 * spt.h: the contract between a process guest and its tender (ABI version 2).
 *
 * The guest runs in the tender's own process: its memory is mapped at its guest addresses, and it
 * makes the system calls listed here itself, under a filter that allows nothing else. Source: the
 * Solo5 ABI facts, section 3.
 */
#ifndef BIVY_ABI_SPT_H
#define BIVY_ABI_SPT_H

#include <stddef.h>
#include <stdint.h>

#define SPT_MEM_BASE     0x10000u    /* lowest mapped guest address; the page belongs to the tender */
#define SPT_BOOT_INFO    0x11000u    /* struct spt_boot_info; passed to the entry point in RDI */
#define SPT_GUEST_MIN    0x100000u   /* lowest address of a segment or of the entry point */
#define SPT_CMDLINE_SIZE 8192u       /* bytes, NUL included */
#define SPT_MEM_DEFAULT  512u        /* MiB */
#define SPT_EVENT_TIMER  0xfffffffeu /* epoll data of the timer; a network device has its handle */

/* At SPT_BOOT_INFO; the manifest follows directly, then the command line. */
struct spt_boot_info {
    uint64_t mem_size;   /* 0: one past the last guest address; the initial RSP is 8 below */
    uint64_t kernel_end; /* 8: end of the highest non-empty segment */
    uint64_t cmdline;    /* 16: address of the NUL-terminated boot arguments */
    uint64_t mft;        /* 24: address of struct mft with every device attached */
    int32_t epollfd;     /* 32: level-triggered epoll over all network devices and the timer */
    int32_t timerfd;     /* 36: CLOCK_MONOTONIC, non-blocking */
};

_Static_assert(sizeof(struct spt_boot_info) == 40, "spt boot info");
_Static_assert(offsetof(struct spt_boot_info, kernel_end) == 8, "kernel_end");
_Static_assert(offsetof(struct spt_boot_info, cmdline) == 16, "cmdline");
_Static_assert(offsetof(struct spt_boot_info, mft) == 24, "mft");
_Static_assert(offsetof(struct spt_boot_info, epollfd) == 32, "epollfd");
_Static_assert(offsetof(struct spt_boot_info, timerfd) == 36, "timerfd");

#endif
