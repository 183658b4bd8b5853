/*
 * open.c: what the C library must know before main(): its thread pointer and the storage of threads.
 *
 * musl finds this out from what a kernel passes to a process; here it is known. The storage of a thread ends
 * at its thread pointer, where musl keeps the thread's descriptor (variant II): the image's initial values
 * stand below it, and at the very start two words by which other runtimes find them.
 */
#include "libos/libc/license.h"

#include "pthread_impl.h"
#include <locale.h>
#include <solo5.h>
#include <string.h>

#define ALIGNMENT 64 /* of a thread pointer: enough for every type, vectors included */

void libc_open(char *name);

/* Absolute symbols of the linker script: the addresses are lengths. */
extern const char _stdata[], _ltdata[], _ltbss[];

extern const struct __locale_map __c_dot_utf8;

volatile int __thread_list_lock;

static size_t auxiliary[2]; /* what getauxval() looks through: nothing */
static struct tls_module module;
/* Of the initial thread, if the program has no storage of its own. */
static _Alignas(ALIGNMENT) unsigned char plain[2 * sizeof(uintptr_t) + sizeof(struct pthread) + ALIGNMENT];

static void module_open(void)
{
    size_t size = (size_t)_ltdata + (size_t)_ltbss;

    libc.tls_align = ALIGNMENT;
    libc.tls_size = sizeof plain;
    if (size == 0)
        return;
    module = (struct tls_module){
        .image = (void *)_stdata, .len = (size_t)_ltdata, .size = size, .align = ALIGNMENT, .offset = size};
    libc.tls_head = &module;
    libc.tls_cnt = 1;
    libc.tls_size += (size + ALIGNMENT - 1) & -(size_t)ALIGNMENT;
}

/* Lays out the storage at MEMORY, zeros of libc.tls_size bytes, and returns the descriptor in it. */
void *__copy_tls(unsigned char *memory)
{
    uintptr_t *vector = (uintptr_t *)memory;
    uintptr_t end = (uintptr_t)memory + libc.tls_size - sizeof(struct pthread);
    struct pthread *thread = (struct pthread *)(end & -(uintptr_t)ALIGNMENT);

    vector[0] = libc.tls_cnt;
    if (libc.tls_head) {
        vector[1] = (uintptr_t)thread - module.offset;
        memcpy((void *)vector[1], module.image, module.len);
    }
    thread->dtv = vector;
    return thread;
}

static void thread_open(struct pthread *thread)
{
    thread->self = thread->prev = thread->next = thread;
    thread->tid = 1;
    thread->detach_state = DT_JOINABLE;
    thread->locale = &libc.global_locale;
    thread->robust_list.head = &thread->robust_list.head;
    if (solo5_set_tls_base((uintptr_t)thread) != SOLO5_R_OK)
        solo5_abort();
}

void libc_open(char *name)
{
    unsigned char *memory = plain;

    libc.page_size = 4096;
    libc.auxv = auxiliary;
    libc.can_do_threads = 1;
    libc.global_locale.cat[LC_CTYPE] = &__c_dot_utf8;
    __progname = __progname_full = name;
    module_open();
    if (libc.tls_size > sizeof plain) {
        memory = calloc(1, libc.tls_size);
        if (!memory)
            solo5_abort();
    }
    thread_open(__copy_tls(memory));
}
