/*
 * note.h: the ELF notes that make a file a unikernel image.
 *
 * Each note is the first of a PT_NOTE header of its own: tenders look at the start of the segment
 * only. The Solo5 notes are fixed by the Solo5 ABI facts, section 1.2; the Bivy note is ours.
 */
#ifndef BIVY_ABI_NOTE_H
#define BIVY_ABI_NOTE_H

#include <stddef.h>
#include <stdint.h>

/* The header of any ELF note; the owner's name follows, then the padded description. */
struct note_header {
    uint32_t name_size; /* 0: bytes of the owner's name with its NUL */
    uint32_t desc_size; /* 4: bytes of the description, leading padding included for Solo5's notes */
    uint32_t type;      /* 8 */
};
_Static_assert(sizeof(struct note_header) == 12, "note header");

#define NOTE_SOLO5_OWNER      "Solo5"
#define NOTE_SOLO5_OWNER_SIZE 6
/* Header, "Solo5\0", two bytes of padding: where the description begins, before its own alignment.
 */
#define NOTE_SOLO5_DESC_OFFSET 20

/* The ABI note: which tender, which version. Description at offset 20. */
#define NOTE_ABI1_TYPE     0x31494241u /* "ABI1" */
#define NOTE_ABI1_MAX_DESC 32u

enum abi_target {
    ABI_TARGET_HVT = 1,
    ABI_TARGET_SPT = 2,
    ABI_TARGET_VIRTIO = 3,
    ABI_TARGET_MUEN = 4,
    ABI_TARGET_GENODE = 5,
    ABI_TARGET_XEN = 6
};

#define ABI_VERSION_HVT    2
#define ABI_VERSION_SPT    2
#define ABI_VERSION_VIRTIO 1 /* no tender looks at it */

struct abi1_info {
    uint32_t target;    /* 0: enum abi_target */
    uint32_t version;   /* 4: equal to the tender's, or the image is refused */
    uint32_t reserved0; /* 8 */
    uint32_t reserved1; /* 12 */
};
_Static_assert(sizeof(struct abi1_info) == 16, "abi1");
_Static_assert(offsetof(struct abi1_info, version) == 4, "abi1 version");

/* The manifest note: struct mft at offset 24 (aligned to 8; the four bytes of padding count as
 * description). */
#define NOTE_MFT1_TYPE     0x3154464du /* "MFT1" */
#define NOTE_MFT1_PADDING  4u
#define NOTE_MFT1_MAX_DESC (4u + 8u + 104u * 64u)

/*
 * The Bivy note says what Solo5's notes cannot. Its description is struct bivy_note_header and then
 * entries, each struct bivy_note_entry, its value, and padding to 8 bytes. A reader skips an entry
 * whose tag it does not know, unless BIVY_NOTE_CRITICAL is set in the tag: then it refuses the
 * image and names the tag.
 */
#define NOTE_BIVY_OWNER       "Bivy"
#define NOTE_BIVY_OWNER_SIZE  5
#define NOTE_BIVY_TYPE        1u
#define NOTE_BIVY_DESC_OFFSET 20 /* 12 + "Bivy\0" padded to 8 */
#define NOTE_BIVY_MAX_DESC    65536u
#define NOTE_BIVY_VERSION     1u

struct bivy_note_header {
    uint32_t version; /* 0: NOTE_BIVY_VERSION; a reader refuses a higher one */
    uint32_t entries; /* 4: how many follow, at most 64 */
};
_Static_assert(sizeof(struct bivy_note_header) == 8, "bivy note header");

struct bivy_note_entry {
    uint32_t tag;  /* 0: enum bivy_note_tag, perhaps with BIVY_NOTE_CRITICAL */
    uint32_t size; /* 4: bytes of the value, without the padding that follows it */
};
_Static_assert(sizeof(struct bivy_note_entry) == 8, "bivy note entry");

#define BIVY_NOTE_CRITICAL 0x80000000u

enum bivy_note_tag {
    BIVY_NOTE_ENTRY_MODE = 1, /* u32: enum bivy_entry_mode */
    BIVY_NOTE_MIN_MEMORY = 2, /* u64: bytes of guest memory below which the image does not start */
    BIVY_NOTE_STACK_SIZE = 3, /* u64: bytes that the initial stack may use */
    BIVY_NOTE_ARGUMENTS = 4,  /* text: accepted boot arguments, "--ipv4", "--dns", ..., NUL after each */
    BIVY_NOTE_LICENSES = 5,   /* text: one "COMPONENT SPDX-ID" per line */
    BIVY_NOTE_BUILD_ID = 6,   /* bytes: identifies the build, 8..32 */
    BIVY_NOTE_RING = 7        /* u32: HVT_FEATURE_* of the net ring that the image makes use of */
};

enum bivy_entry_mode {
    BIVY_ENTRY_KERNEL = 0, /* the entry needs the privileges its Solo5 target gives */
    BIVY_ENTRY_USER = 1    /* the image holds no privileged instruction: a VM runs it in ring 3 */
};

#endif
