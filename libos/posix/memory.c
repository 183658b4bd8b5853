/*
 * memory.c: mappings, as blocks of the one heap.
 *
 * There is one region of memory and nothing that protects a part of it: a mapping is memory that begins at a
 * page and is zero or a copy of a file. A file of the image is not copied: it is in memory already.
 */
#include "libos/posix/memory.h"
#include "libos/kernel/heap.h"
#include "libos/kernel/kernel.h"
#include "libos/posix/call.h"
#include "libos/posix/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

struct mapping {
    struct mapping *next;
    uintptr_t start;
    size_t size;     /* whole pages */
    size_t unmapped; /* bytes of it that were given back, and wait for the rest */
    bool borrowed;   /* memory of the file */
};

static struct mapping *mappings;

static size_t whole_pages(size_t size)
{
    return (size + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static struct mapping **mapping_find(uintptr_t address)
{
    struct mapping **at = &mappings;

    while (*at && (address < (*at)->start || address - (*at)->start >= (*at)->size))
        at = &(*at)->next;
    return at;
}

uintptr_t memory_mapping_start(uintptr_t address)
{
    struct mapping *mapping = *mapping_find(address);

    return mapping ? mapping->start : 0;
}

static void mapping_free(struct mapping **at)
{
    struct mapping *mapping = *at;

    *at = mapping->next;
    if (!mapping->borrowed)
        free((void *)mapping->start);
    free(mapping);
}

static long mapping_add(uintptr_t start, size_t size, bool borrowed)
{
    struct mapping *mapping = malloc(sizeof *mapping);

    if (!mapping)
        return -ENOMEM;
    *mapping = (struct mapping){mappings, start, size, 0, borrowed};
    mappings = mapping;
    return (long)start;
}

/* Zero-filled pages; those that were never written are not touched. */
static long map_pages(size_t size)
{
    void *pages = heap_allocate_aligned_zeroed(kernel_heap(), PAGE, size);
    long result = pages ? mapping_add((uintptr_t)pages, size, false) : -ENOMEM;

    if (result == -ENOMEM)
        free(pages);
    return result;
}

static long map_copy(struct file *file, off_t offset, size_t size)
{
    long start = map_pages(whole_pages(size));
    size_t done = 0;

    if (start < 0)
        return start;
    while (done < size) {
        ssize_t n = file->ops->read_at(file, (char *)start + done, size - done, offset + (off_t)done);
        if (n < 0) {
            mapping_free(mapping_find((uintptr_t)start));
            return n;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return start;
}

static long map_file(int fd, off_t offset, size_t size, int protection, int flags)
{
    struct file *file = fd_file(fd);
    const void *data;

    if (!file)
        return -EBADF;
    if (!file->ops->read_at || (offset & (PAGE - 1)) != 0)
        return file->ops->read_at ? -EINVAL : -ENODEV;
    if ((flags & MAP_SHARED) && (protection & PROT_WRITE))
        return -ENODEV;
    /* What is only read may be the image's own bytes, if these begin at a page. */
    if (!(protection & PROT_WRITE) && file->ops->map && file->ops->map(file, offset, size, &data) == 0)
        return mapping_add((uintptr_t)data, whole_pages(size), true);
    return map_copy(file, offset, size);
}

/* Partial: no protection; a file is copied or, in the image, shared; MAP_SHARED of a file that may be written
 * and MAP_FIXED over what is not mapped fail. */
POSIX_CALL(mmap, void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    uintptr_t start = (uintptr_t)address;

    if (size == 0 || size > SIZE_MAX - PAGE)
        return size == 0 ? -EINVAL : -ENOMEM;
    if (flags & MAP_FIXED) {
        struct mapping *mapping = *mapping_find(start);
        if (!mapping || mapping->borrowed || !(flags & MAP_ANONYMOUS) || start % PAGE != 0 ||
            whole_pages(size) > mapping->size - (start - mapping->start))
            return -ENOMEM;
        memset(address, 0, whole_pages(size));
        return (long)start;
    }
    return flags & MAP_ANONYMOUS ? map_pages(whole_pages(size))
                                 : map_file(fd, offset, size, protection, flags);
}

/* Partial: memory is given back when all of the mapping is unmapped. */
POSIX_CALL(munmap, void *address, size_t size)
{
    uintptr_t start = (uintptr_t)address;
    struct mapping **at = mapping_find(start);

    if (start % PAGE != 0 || size == 0)
        return -EINVAL;
    size = whole_pages(size);
    if (!*at)
        return 0;
    if (size > (*at)->size - (start - (*at)->start))
        size = (*at)->size - (start - (*at)->start);
    (*at)->unmapped += size;
    if ((*at)->unmapped >= (*at)->size)
        mapping_free(at);
    return 0;
}

/* Partial: the whole of a mapping, which may move. */
POSIX_CALL(mremap, void *address, size_t old_size, size_t new_size, int flags)
{
    struct mapping **at = mapping_find((uintptr_t)address);
    size_t size = whole_pages(new_size), kept;
    long moved;

    if (!*at || (*at)->start != (uintptr_t)address || new_size == 0 || whole_pages(old_size) != (*at)->size)
        return -EINVAL;
    if (size == (*at)->size)
        return (long)(uintptr_t)address;
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    kept = size < (*at)->size ? size : (*at)->size;
    moved = map_pages(size);
    if (moved < 0)
        return moved;
    memcpy((void *)moved, address, kept);
    mapping_free(mapping_find((uintptr_t)address));
    return moved;
}

/* Partial: nothing is protected; it succeeds. */
POSIX_CALL(mprotect, void *address, size_t size, int protection)
{
    (void)address, (void)size, (void)protection;
    return 0;
}

/* Partial: advice is not needed, MADV_DONTNEED zeroes the pages. */
POSIX_CALL(madvise, void *address, size_t size, int advice)
{
    if (advice == MADV_DONTNEED && *mapping_find((uintptr_t)address))
        memset(address, 0, size);
    return 0;
}

/* A mapping of a file is a copy: there is nothing to write back. */
POSIX_CALL(msync, void *address, size_t size, int flags)
{
    (void)address, (void)size, (void)flags;
    return 0;
}

/* Memory is never taken away. */
POSIX_CALL(mlock, const void *address, size_t size)
{
    (void)address, (void)size;
    return 0;
}

/* Memory is never taken away. */
POSIX_CALL(munlock, const void *address, size_t size)
{
    (void)address, (void)size;
    return 0;
}
