/* target_spt.c: an image for the process tender only. */
#include "libos/bindings/bindings.h"

#include <bivy/abi/spt.h>

const struct bindings_abi_note bindings_note_spt __attribute__((section(".note.solo5.abi.1"), aligned(4))) =
    BINDINGS_ABI_NOTE(ABI_TARGET_SPT, ABI_VERSION_SPT);

const struct bindings_ops *bindings_choose(const void *boot)
{
    (void)boot;
    return &bindings_ops_spt;
}
