/*
 * manifest.h: the application manifest, the list of devices an image declares and the tender
 * attaches.
 *
 * The structures are the payload of the MFT1 note (note.h) and, filled in by the tender, what the
 * guest finds through its boot information. Little-endian, natural alignment. Source: the Solo5 ABI
 * facts, section 1.2.
 */
#ifndef BIVY_ABI_MANIFEST_H
#define BIVY_ABI_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#define MFT_VERSION     1
#define MFT_MAX_ENTRIES 64 /* entry 0 is reserved: 63 devices; an index fits a bit of a 64-bit set */
#define MFT_NAME_SIZE   68 /* 1..67 characters of [A-Za-z0-9] and a NUL */
#define MFT_NAME_MAX    67

enum mft_type {
    MFT_DEV_BLOCK_BASIC = 1,
    MFT_DEV_NET_BASIC = 2,
    MFT_RESERVED_FIRST = 0x40000000 /* the type of entry 0, whose name is empty */
};

/* Filled in by the tender for an attached block device. */
struct mft_block_basic {
    uint64_t capacity;   /* 0: bytes */
    uint16_t block_size; /* 8: bytes, a power of two, 512..32768 */
};

/* Filled in by the tender for an attached network device. */
struct mft_net_basic {
    uint8_t mac[6]; /* 0 */
    uint16_t mtu;   /* 6: bytes without the Ethernet header */
};

struct mft_entry {
    char name[MFT_NAME_SIZE]; /* 0: NUL-terminated, the last byte always NUL */
    uint32_t type;            /* 68: enum mft_type */
    union {
        struct mft_block_basic block_basic;
        struct mft_net_basic net_basic;
    } u; /* 72: zero in an image */
    union {
        int32_t hostfd; /* the descriptor for a process guest's own system calls */
        uint64_t data;
    } b;              /* 88: zero in an image */
    uint8_t attached; /* 96: 0 in an image, 1 once attached */
    uint8_t pad[7];   /* 97 */
};

struct mft {
    uint32_t version;     /* 0: MFT_VERSION */
    uint32_t entries;     /* 4: 1..MFT_MAX_ENTRIES */
    struct mft_entry e[]; /* 8: entries, e[0] reserved; the index is the guest's handle */
};

#define MFT_SIZE(entries) (sizeof(struct mft) + (size_t)(entries) * sizeof(struct mft_entry))
#define MFT_MAX_SIZE      MFT_SIZE(MFT_MAX_ENTRIES)

_Static_assert(sizeof(struct mft_block_basic) == 16, "block_basic");
_Static_assert(offsetof(struct mft_block_basic, block_size) == 8, "block_size");
_Static_assert(sizeof(struct mft_net_basic) == 8, "net_basic");
_Static_assert(offsetof(struct mft_net_basic, mtu) == 6, "mtu");
_Static_assert(sizeof(struct mft_entry) == 104, "entry");
_Static_assert(offsetof(struct mft_entry, type) == 68, "type");
_Static_assert(offsetof(struct mft_entry, u) == 72, "u");
_Static_assert(offsetof(struct mft_entry, b) == 88, "b");
_Static_assert(offsetof(struct mft_entry, attached) == 96, "attached");
_Static_assert(sizeof(struct mft) == 8, "mft");
_Static_assert(offsetof(struct mft, entries) == 4, "entries");
_Static_assert(MFT_MAX_SIZE == 8 + 104 * 64, "maximum size");

#endif
