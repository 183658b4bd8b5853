/*
 * bindings.h: what the parts of the bindings share.
 *
 * The functions of solo5.h check what their callers ask and leave the rest to one table of operations, chosen
 * once, by the first instructions, from what the tender passed: a fat image holds the tables of both tenders,
 * a plain one only its own. What an image never calls is dropped by the linker all the same, but for a few
 * hundred bytes that the table names.
 */
#ifndef LIBOS_BINDINGS_H
#define LIBOS_BINDINGS_H

#include <bivy/abi/manifest.h>
#include <bivy/abi/note.h>
#include <bivy/batch.h>
#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bindings_level {
    BINDINGS_QUIET,
    BINDINGS_ERROR,
    BINDINGS_WARN, /* the default: an image prints what its program prints */
    BINDINGS_INFO,
    BINDINGS_DEBUG
};

/* What every tender says, whatever the structure it says it in. */
struct bindings_boot {
    uint64_t mem_size; /* one past the last byte of memory */
    const char *cmdline;
    const struct mft *manifest;
};

/* What a tender is asked, in its own way. Devices were found, and sizes and offsets checked, before. */
struct bindings_ops {
    const char *banner;
    struct bindings_boot (*open)(const void *boot);
    void (*exit)(int status) __attribute__((noreturn));
    void (*console_write)(const char *text, size_t size);
    solo5_time_t (*clock_monotonic)(void);
    solo5_time_t (*clock_wall)(void);
    solo5_result_t (*set_tls_base)(uintptr_t base);
    solo5_handle_set_t (*yield)(solo5_time_t deadline);
    solo5_result_t (*net_write)(solo5_handle_t handle, const void *frame, size_t size);
    solo5_result_t (*net_read)(solo5_handle_t handle, void *frame, size_t *size);
    solo5_result_t (*block_write)(solo5_handle_t handle, solo5_off_t offset, const void *data, size_t size);
    solo5_result_t (*block_read)(solo5_handle_t handle, solo5_off_t offset, void *data, size_t size);
    /* Of bivy/batch.h; NULL where there is nothing to gain. The requests of a batch are correct. */
    void (*net_hold)(bool hold);
    void (*block_batch)(struct bivy_block_request *requests, size_t count);
};

extern const struct bindings_ops bindings_ops_spt, bindings_ops_hvt, bindings_ops_virtio;

/* The operations for the tender that passed BOOT. One target_*.c is linked, which defines this and the ABI
 * notes by which tenders know the image. */
const struct bindings_ops *bindings_choose(const void *boot);

/* Set once by bindings_start(). */
extern const struct bindings_ops *bindings_ops;
extern struct bindings_boot bindings_boot;
extern enum bindings_level bindings_level;

/* The entry point behind _start: BOOT is the tender's boot information. */
void bindings_start(const void *boot) __attribute__((noreturn));

/*
 * Consumes the log options ("--solo5:quiet", ":error", ":warn", ":info", ":debug") from the front of
 * CMDLINE, stores the last one's meaning in *LEVEL, and returns where the rest begins. Source: the
 * Solo5 ABI facts, section 1.3.
 */
const char *bindings_options(const char *cmdline, enum bindings_level *level);

/* Prints TEXT, a whole line, if LEVEL is to be shown. */
void bindings_log(enum bindings_level level, const char *text);

/* The attached entry of the manifest behind HANDLE if it is of TYPE, else NULL. */
const struct mft_entry *bindings_device(uint64_t handle, uint32_t type);

/* The handle of the attached device NAME of TYPE, or 0, which no device has. */
uint64_t bindings_find(const char *name, uint32_t type);

/* An ABI note: by it a tender knows the image as its own (Solo5 ABI facts, section 1.2). */
struct bindings_abi_note {
    struct note_header header;
    char owner[8];
    struct abi1_info info;
};
#define BINDINGS_ABI_NOTE(target, version)                                                                   \
    {                                                                                                        \
        .header = {NOTE_SOLO5_OWNER_SIZE, sizeof(struct abi1_info), NOTE_ABI1_TYPE},                         \
        .owner = NOTE_SOLO5_OWNER, .info = {                                                                 \
            (target),                                                                                        \
            (version),                                                                                       \
            0,                                                                                               \
            0                                                                                                \
        }                                                                                                    \
    }

#endif
