/*
 * image.h: reads a unikernel image (ELF headers, notes, device manifest) without trusting it.
 *
 * Freestanding: no libc, no allocation, no descriptor; the same code runs in the tenders, the command
 * line and the daemon's checker, so that an image is never accepted by one and refused by another.
 * Source: the Solo5 ABI facts, section 1.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/note.h"

#define IMAGE_PAGE_SIZE       4096u
#define IMAGE_GUEST_MIN       0x100000u /* lowest address of a segment or of the entry point */
#define IMAGE_MAX_SEGMENTS    16u       /* loadable, not empty; linkers make five */
#define IMAGE_MAX_HEADERS     64u       /* program headers of any type */
#define IMAGE_MAX_TARGETS     8u        /* enum abi_target values 1..7 are remembered */
#define IMAGE_MAX_ARGUMENTS   2048u     /* bytes of the Bivy note's list of boot arguments */
#define IMAGE_MAX_BUILD_ID    32u
#define IMAGE_DEFAULT_STACK   65536u  /* bytes assumed where no Bivy note says */
#define IMAGE_LEAST_HEAP      524288u /* bytes that Solo5's start code insists on above the image */
#define IMAGE_SEGMENT_EXECUTE 1u      /* image_segment.flags: the ELF's PF_X, PF_W, PF_R */
#define IMAGE_SEGMENT_WRITE   2u
#define IMAGE_SEGMENT_READ    4u

/*
 * Where the bytes come from. read_at() reads exactly SIZE bytes at OFFSET into TO and returns 0, or
 * -EIO; it is only called for ranges within size.
 */
struct image_source {
    int (*read_at)(void *context, uint64_t offset, void *to, size_t size);
    void *context;
    uint64_t size; /* bytes */
};

/* Why an image is refused. */
struct image_error {
    int code;        /* positive errno: EIO the source failed, ENOEXEC a rule is broken, ENOMEM memory */
    const char *why; /* a constant sentence without the final stop */
    char detail[80]; /* printable: which header, note or device and what it says; may be empty */
};

/* One loadable, not empty segment. All of [start, end) belongs to it and gets its protection. */
struct image_segment {
    uint64_t start, end;  /* guest addresses, multiples of IMAGE_PAGE_SIZE */
    uint64_t address;     /* where the file's bytes go; start <= address */
    uint64_t file_offset; /* bytes */
    uint64_t file_size;   /* bytes, at least 1; all within the file */
    uint64_t memory_size; /* bytes, at least file_size; what is above file_size reads as zero */
    uint32_t flags;       /* IMAGE_SEGMENT_*; never both writable and executable */
};

/* A range of the file that a reader may fetch with image_source_read(). */
struct image_range {
    uint64_t offset; /* bytes */
    uint32_t size;   /* bytes; 0: absent */
};

/* What the Bivy note says; every field 0 or empty where it is absent or silent. */
struct image_bivy {
    bool present;
    uint32_t entry_mode;                 /* enum bivy_entry_mode */
    uint64_t min_memory;                 /* bytes */
    uint64_t stack_size;                 /* bytes */
    uint32_t ring;                       /* HVT_FEATURE_* (bivy/abi/hvt.h) that the image makes use of */
    struct image_range license_text;     /* "COMPONENT SPDX-ID" lines, in the file */
    uint32_t arguments_size;             /* bytes of arguments[] in use */
    char arguments[IMAGE_MAX_ARGUMENTS]; /* accepted boot arguments, a NUL after each */
    uint8_t build_id[IMAGE_MAX_BUILD_ID];
    uint32_t build_id_size; /* bytes */
};

/* struct mft (bivy/abi/manifest.h) with room for every entry: the same bytes, of a fixed size. */
struct image_manifest {
    uint32_t version;
    uint32_t entries; /* 1..MFT_MAX_ENTRIES; e[0] is the reserved one */
    struct mft_entry e[MFT_MAX_ENTRIES];
};
_Static_assert(sizeof(struct image_manifest) == MFT_MAX_SIZE, "image manifest");

struct image {
    uint64_t entry;       /* guest address */
    uint32_t target;      /* enum abi_target of the first ABI note, the one that counts */
    uint32_t abi_version; /* its version */
    uint32_t targets;     /* bit mask 1 << enum abi_target over all ABI notes */
    uint32_t target_version[IMAGE_MAX_TARGETS];        /* by enum abi_target, for those in targets */
    struct image_segment segments[IMAGE_MAX_SEGMENTS]; /* ascending, not overlapping */
    size_t segment_count;
    uint64_t end;     /* end of the highest segment: the boot information's kernel_end */
    uint64_t bss_end; /* highest address of any loadable segment, pure bss included */
    struct image_manifest manifest;
    struct image_bivy bivy;
};

/*
 * Reads and checks all that depends on the file alone. Returns 0 with *IMAGE filled (nothing in it
 * points into the source), or -err->code with ERR filled and *IMAGE undefined.
 */
int image_read(struct image *image, const struct image_source *source, struct image_error *err);

/* The rules that need the guest's memory size, in bytes. 0, or -err->code. */
int image_check_memory(const struct image *image, uint64_t memory_bytes, struct image_error *err);

/*
 * The least guest memory in bytes: what the Bivy note says, or else the highest address used, plus
 * IMAGE_LEAST_HEAP, plus the stack, rounded up to 1 MiB.
 */
uint64_t image_min_memory(const struct image *image);

/* Whether the Bivy note lists the boot argument NAME ("--ipv4"). */
bool image_accepts_argument(const struct image *image, const char *name);

/* The index of the device NAME in the manifest, 1..63, or 0. */
uint32_t image_find_device(const struct image *image, const char *name);

/*
 * The one way to a source's bytes: -ENOEXEC with "the file is truncated" unless [OFFSET, OFFSET + SIZE)
 * lies within it, -EIO if reading fails.
 */
int image_source_read(const struct image_source *source, uint64_t offset, void *to, size_t size,
                      struct image_error *err);

#endif
