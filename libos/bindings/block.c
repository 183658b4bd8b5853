/* block.c: block devices: exactly one block a call, checked here as solo5.h says. */
#include "libos/bindings/bindings.h"

solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle, struct solo5_block_info *info)
{
    const struct mft_entry *entry;

    *handle = bindings_find(name, MFT_DEV_BLOCK_BASIC);
    entry = bindings_device(*handle, MFT_DEV_BLOCK_BASIC);
    if (!entry)
        return SOLO5_R_EINVAL;
    info->capacity = entry->u.block_basic.capacity;
    info->block_size = entry->u.block_basic.block_size;
    return SOLO5_R_OK;
}

static bool block_is_whole(solo5_handle_t handle, solo5_off_t offset, size_t size)
{
    const struct mft_entry *entry = bindings_device(handle, MFT_DEV_BLOCK_BASIC);
    uint64_t block, capacity;

    if (!entry)
        return false;
    block = entry->u.block_basic.block_size;
    capacity = entry->u.block_basic.capacity;
    return size == block && (offset & (block - 1)) == 0 && offset < capacity && capacity - offset >= size;
}

solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buf, size_t size)
{
    return block_is_whole(handle, offset, size) ? bindings_ops->block_write(handle, offset, buf, size)
                                                : SOLO5_R_EINVAL;
}

solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buf, size_t size)
{
    return block_is_whole(handle, offset, size) ? bindings_ops->block_read(handle, offset, buf, size)
                                                : SOLO5_R_EINVAL;
}

static void one_by_one(struct bivy_block_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bivy_block_request *at = &requests[i];
        at->result = at->write ? bindings_ops->block_write(at->handle, at->offset, at->data, at->size)
                               : bindings_ops->block_read(at->handle, at->offset, at->data, at->size);
    }
}

void bivy_block_batch(struct bivy_block_request *requests, size_t count)
{
    void (*serve)(struct bivy_block_request *, size_t) =
        bindings_ops->block_batch ? bindings_ops->block_batch : one_by_one;
    size_t first = 0;

    /* Runs of correct requests; what stands between them is answered here. */
    for (size_t i = 0; i < count; i++) {
        if (block_is_whole(requests[i].handle, requests[i].offset, requests[i].size))
            continue;
        serve(requests + first, i - first);
        requests[i].result = SOLO5_R_EINVAL;
        first = i + 1;
    }
    serve(requests + first, count - first);
}
