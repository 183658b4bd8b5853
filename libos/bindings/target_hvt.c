/* target_hvt.c: an image for any Solo5 tender of virtual machines, in ring 0. */
#include "libos/bindings/bindings.h"

#include <bivy/abi/hvt.h>

const struct bindings_abi_note bindings_note_hvt __attribute__((section(".note.solo5.abi.1"), aligned(4))) =
    BINDINGS_ABI_NOTE(ABI_TARGET_HVT, ABI_VERSION_HVT);

const struct bindings_ops *bindings_choose(const void *boot)
{
    (void)boot;
    return &bindings_ops_hvt;
}
