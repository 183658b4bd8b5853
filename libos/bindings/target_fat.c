/*
 * target_fat.c: an image for both tenders.
 *
 * They pass their boot information at addresses of their own, which is how they are told apart. The note of
 * the virtual machine's tender comes first: a Solo5 tender looks at no other, so that one of them runs the
 * image.
 */
#include "libos/bindings/bindings.h"

#include <bivy/abi/hvt.h>
#include <bivy/abi/spt.h>

const struct bindings_abi_note bindings_note_hvt __attribute__((section(".note.solo5.abi.1"), aligned(4))) =
    BINDINGS_ABI_NOTE(ABI_TARGET_HVT, ABI_VERSION_HVT);
const struct bindings_abi_note bindings_note_spt __attribute__((section(".note.solo5.abi.2"), aligned(4))) =
    BINDINGS_ABI_NOTE(ABI_TARGET_SPT, ABI_VERSION_SPT);

const struct bindings_ops *bindings_choose(const void *boot)
{
    return (uintptr_t)boot == HVT_BOOT_INFO ? &bindings_ops_hvt : &bindings_ops_spt;
}
