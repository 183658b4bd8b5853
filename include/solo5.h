/*
 * solo5.h: the interface between an application (or a language runtime) and the unikernel base
 * layer.
 *
 * The names, types and meanings are those of the Solo5 API, so that a program written to it
 * compiles here unchanged, and one written here compiles there. Source: the Solo5 ABI facts,
 * sections 1.3 and 2.4.
 *
 * Ownership: every buffer belongs to the caller; nothing is kept after a call returns, except the
 * strings and the heap in solo5_start_info, which live as long as the program. Nothing here is
 * thread-safe or reentrant: a unikernel has one processor and no interrupts.
 */
#ifndef SOLO5_H
#define SOLO5_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call answers. */
typedef enum {
    SOLO5_R_OK = 0, /* done */
    SOLO5_R_AGAIN,  /* nothing to do now; wait with solo5_yield() and try again */
    SOLO5_R_EINVAL, /* an argument is out of range */
    SOLO5_R_EUNSPEC /* the device or the host failed; the device may be gone */
} solo5_result_t;

/* What solo5_app_main() is given. */
struct solo5_start_info {
    const char *cmdline;  /* boot arguments joined by single spaces, NUL-terminated; log options removed */
    uintptr_t heap_start; /* first byte of free memory, page-aligned, zero-filled */
    size_t heap_size;     /* bytes up to the end of memory; the initial stack grows down from that end */
};

/* The application's entry point. Its return value is the unikernel's exit status, as by
 * solo5_exit(). */
int solo5_app_main(const struct solo5_start_info *info);

#define SOLO5_EXIT_SUCCESS 0
#define SOLO5_EXIT_FAILURE 1
#define SOLO5_EXIT_ABORT   255

/* Ends the unikernel; STATUS modulo 256 becomes the exit status of its tender. */
void solo5_exit(int status) __attribute__((noreturn));

/* Ends the unikernel after a failure it cannot handle; exit status 255. */
void solo5_abort(void) __attribute__((noreturn));

/* Sets the thread pointer (x86_64: FS base) to BASE. EUNSPEC where the host refuses it. */
solo5_result_t solo5_set_tls_base(uintptr_t base);

/* Bytes that one thread's static TLS area needs, the thread pointer's own word included. */
size_t solo5_tls_size(void);

/* The thread pointer that belongs to the TLS area at TLS (TLS variant II: the area ends at the
 * pointer). */
uintptr_t solo5_tls_tp_offset(uintptr_t tls);

/* Fills the TLS area at TLS (solo5_tls_size() bytes, 16-byte aligned) with the image's initial
 * values. */
solo5_result_t solo5_tls_init(uintptr_t tls);

typedef uint64_t solo5_time_t; /* nanoseconds */

/* Nanoseconds since an unspecified start; never steps back and never jumps. */
solo5_time_t solo5_clock_monotonic(void);

/* Nanoseconds since 1970-01-01T00:00:00Z; may step when the host's clock is set. */
solo5_time_t solo5_clock_wall(void);

typedef uint64_t solo5_handle_t;     /* an acquired device: its index in the manifest, 1..63 */
typedef uint64_t solo5_handle_set_t; /* bit N stands for handle N */

/*
 * Sleeps until a packet can be read on some network device, or until the monotonic clock reaches
 * DEADLINE (nanoseconds; in the past means: only look). If READY_SET is not NULL it receives the
 * devices that are ready, the empty set after a timeout. May return early with the empty set.
 */
void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set);

/* Writes SIZE bytes to the console. Output that the host cannot take is lost without an error. */
void solo5_console_write(const char *buf, size_t size);

#define SOLO5_NET_ALEN 6  /* bytes of an Ethernet address */
#define SOLO5_NET_HLEN 14 /* bytes of an Ethernet header */

struct solo5_net_info {
    uint8_t mac_address[SOLO5_NET_ALEN];
    size_t mtu; /* bytes of payload, without the Ethernet header: 68..65535, mostly 1500 */
};

/* Opens the network device NAME of the manifest. EINVAL: no such device of this type. */
solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle, struct solo5_net_info *info);

/* Sends one Ethernet frame of SIZE bytes, header included: 14..mtu+14. EINVAL: bad handle or size.
 */
solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size);

/*
 * Receives one frame into BUF (SIZE at least mtu+14 bytes; a longer frame is cut) and stores its
 * length in *READ_SIZE. AGAIN: none is waiting.
 */
solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size);

typedef uint64_t solo5_off_t; /* bytes from the start of a block device */

struct solo5_block_info {
    solo5_off_t capacity;   /* bytes, a multiple of block_size */
    solo5_off_t block_size; /* bytes, a power of two, 512..32768 */
};

/* Opens the block device NAME of the manifest. EINVAL: no such device of this type. */
solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle, struct solo5_block_info *info);

/*
 * Writes or reads exactly one block: SIZE must equal block_size, OFFSET must be a multiple of it
 * and lie within the capacity, otherwise EINVAL. EUNSPEC: the host's storage failed.
 */
solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf, size_t size);
solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
