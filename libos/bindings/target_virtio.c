/* target_virtio.c: an image for any machine with the PVH protocol and virtio devices; no tender runs it. */
#include "libos/bindings/bindings.h"

const struct bindings_abi_note bindings_note_virtio
    __attribute__((section(".note.solo5.abi.1"), aligned(4))) =
        BINDINGS_ABI_NOTE(ABI_TARGET_VIRTIO, ABI_VERSION_VIRTIO);

const struct bindings_ops *bindings_choose(const void *boot)
{
    (void)boot;
    return &bindings_ops_virtio;
}
