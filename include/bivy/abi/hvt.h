/*
 * hvt.h: the contract between a virtual-machine guest and its tender (ABI version 2).
 *
 * The guest asks by a 32-bit OUT to HVT_PORT_BASE + number whose value is the guest-physical
 * address of the call's arguments. Source: the Solo5 ABI facts, section 2.
 */
#ifndef BIVY_ABI_HVT_H
#define BIVY_ABI_HVT_H

#include <stddef.h>
#include <stdint.h>

#define HVT_GUEST_MIN    0x100000u /* lowest address of a segment or of the entry point */
#define HVT_BOOT_INFO    0x10000u  /* struct hvt_boot_info; passed to the entry point in RDI */
#define HVT_CMDLINE_SIZE 8192u     /* bytes, NUL included */
#define HVT_PORT_BASE    0x500u
#define HVT_PORT_KICK    0x600u /* tells the tender that the net ring has entries */

enum hvt_hypercall {
    HVT_HYPERCALL_WALLTIME = 1,
    HVT_HYPERCALL_PUTS = 2,
    HVT_HYPERCALL_POLL = 3,
    HVT_HYPERCALL_BLOCK_WRITE = 4,
    HVT_HYPERCALL_BLOCK_READ = 5,
    HVT_HYPERCALL_NET_WRITE = 6,
    HVT_HYPERCALL_NET_READ = 7,
    HVT_HYPERCALL_HALT = 8
};

/* At HVT_BOOT_INFO; the manifest follows directly, then the command line. */
struct hvt_boot_info {
    uint64_t mem_size;       /* 0: bytes of guest memory; the initial RSP is 8 below */
    uint64_t kernel_end;     /* 8: end of the highest non-empty segment */
    uint64_t cpu_cycle_freq; /* 16: Hz of the time-stamp counter */
    uint64_t cmdline;        /* 24: guest-physical */
    uint64_t mft;            /* 32: guest-physical */
    uint32_t host_features;  /* 40: HVT_FEATURE_*; counts only if net_ring is not 0 (older tenders
                                end at 40) */
    uint32_t guest_features; /* 44 */
    uint64_t net_ring;       /* 48: guest-physical address of the ring, or 0 */
};
#define HVT_FEATURE_NET_RING 1u
/*
 * Ours; no other tender sets it and no other guest looks at it. The ring has no thread behind it: needs_kick
 * stays 1, a kick serves all entries before the guest goes on, HALT too, and POLL serves them up to the first
 * read before it waits and the rest after it has waited. Every entry gets a commit, writes included, and
 * blocks may be asked for (HVT_RING_BLOCK_*). In one such round a device that answered AGAIN is not asked
 * again in that direction, so that the order of frames is kept; POLL waits at most HVT_RING_BLOCKED_NS after
 * a write had that answer.
 */
#define HVT_FEATURE_BATCH   0x80000000u
#define HVT_RING_BYTES      (2u << 20) /* from net_ring on: the ring, and */
#define HVT_RING_ROOM       0x10000u   /* from here on, memory that the guest may use for buffers */
#define HVT_RING_BLOCKED_NS 200000u

struct hvt_walltime {
    uint64_t nsecs; /* 0 out: CLOCK_REALTIME */
};
struct hvt_puts {
    uint64_t data; /* 0: guest-physical */
    uint64_t len;  /* 8 */
};
struct hvt_poll {
    uint64_t timeout_nsecs; /* 0: relative */
    uint64_t ready_set;     /* 8 out */
    int32_t ret;            /* 16 out: number of ready devices */
};
struct hvt_block_io {
    uint64_t handle; /* 0 */
    uint64_t offset; /* 8 */
    uint64_t data;   /* 16 */
    uint64_t len;    /* 24 */
    int32_t ret;     /* 32 out: solo5_result_t */
};
struct hvt_net_io {
    uint64_t handle; /* 0 */
    uint64_t data;   /* 8 */
    uint64_t len;    /* 16: in for a write, in and out for a read */
    int32_t ret;     /* 24 out: solo5_result_t */
};
struct hvt_halt {
    uint64_t cookie;     /* 0: 0, or the guest-physical address of a struct hvt_trap */
    int32_t exit_status; /* 8 */
};
#define HVT_HALT_COOKIE_SIZE 512u
struct hvt_trap {
    uint64_t cr2, error_code, rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct hvt_boot_info) == 56, "hvt boot info");
_Static_assert(offsetof(struct hvt_boot_info, cpu_cycle_freq) == 16, "cpu_cycle_freq");
_Static_assert(offsetof(struct hvt_boot_info, mft) == 32, "mft");
_Static_assert(offsetof(struct hvt_boot_info, host_features) == 40, "host_features");
_Static_assert(offsetof(struct hvt_boot_info, net_ring) == 48, "net_ring");
_Static_assert(sizeof(struct hvt_walltime) == 8, "walltime");
_Static_assert(sizeof(struct hvt_puts) == 16, "puts");
_Static_assert(offsetof(struct hvt_poll, ret) == 16, "poll");
_Static_assert(sizeof(struct hvt_block_io) == 40, "block io");
_Static_assert(offsetof(struct hvt_block_io, ret) == 32, "block ret");
_Static_assert(sizeof(struct hvt_net_io) == 32, "net io");
_Static_assert(offsetof(struct hvt_net_io, ret) == 24, "net ret");
_Static_assert(sizeof(struct hvt_halt) == 16, "halt");
_Static_assert(sizeof(struct hvt_trap) == 56, "trap frame");

/* The net ring (ABI facts, section 2.5): free-running indices, one ring for all devices of a guest.
 */
#define HVT_RING_ENTRIES 1024u
enum hvt_ring_op {
    HVT_RING_NET_WRITE = 1,
    HVT_RING_NET_READ = 2,
    HVT_RING_BLOCK_WRITE = 0x80000001, /* HVT_FEATURE_BATCH only */
    HVT_RING_BLOCK_READ = 0x80000002
};
struct hvt_ring_entry {
    uint32_t op;     /* 0: enum hvt_ring_op */
    uint32_t handle; /* 4 */
    uint64_t data;   /* 8: guest-physical */
    uint32_t len;    /* 16: bytes */
    uint32_t id;     /* 20: the guest's own, given back in the commit */
    uint64_t offset; /* 24: bytes, of a block request; reserved for frames */
};
struct hvt_ring_commit {
    uint32_t id;   /* 0 */
    int32_t ret;   /* 4: solo5_result_t */
    uint32_t len;  /* 8: bytes of a frame that was read */
    uint32_t rsvd; /* 12 */
};
struct hvt_ring {
    uint32_t ent_tail;                                /* 0: written by the guest */
    uint32_t com_head;                                /* 4: written by the guest */
    uint8_t pad0[56];                                 /* 8 */
    uint32_t ent_head;                                /* 64: written by the tender */
    uint32_t com_tail;                                /* 68: written by the tender */
    uint32_t needs_kick;                              /* 72: written by the tender */
    uint8_t pad1[52];                                 /* 76 */
    struct hvt_ring_entry entries[HVT_RING_ENTRIES];  /* 128 */
    struct hvt_ring_commit commits[HVT_RING_ENTRIES]; /* 0x8080 */
};
_Static_assert(sizeof(struct hvt_ring_entry) == 32, "ring entry");
_Static_assert(sizeof(struct hvt_ring_commit) == 16, "ring commit");
_Static_assert(offsetof(struct hvt_ring, ent_head) == 64, "ent_head");
_Static_assert(offsetof(struct hvt_ring, entries) == 128, "entries");
_Static_assert(offsetof(struct hvt_ring, commits) == 0x8080, "commits");
_Static_assert(sizeof(struct hvt_ring) == 49280, "ring");

#endif
