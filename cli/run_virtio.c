/* run_virtio.c: an image that no tender runs: what boots it is said instead. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"
#include "run.h"

/* QEMU's words for one device of the manifest. */
static const struct {
    uint32_t type;
    const char *format; /* with the device's name */
} words[] = {
    {MFT_DEV_NET_BASIC, " -nic user,model=virtio-net-pci,id=%s"},
    {MFT_DEV_BLOCK_BASIC, " -drive file=%s.img,format=raw,if=virtio"},
};

static void add_device(char *text, size_t size, const struct mft_entry *device)
{
    size_t used = strlen(text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].type == device->type)
            snprintf(text + used, size - used, words[i].format, device->name);
}

int run_virtio_refuse(const struct run *run, struct error *err)
{
    const uint32_t ours = 1u << ABI_TARGET_SPT | 1u << ABI_TARGET_HVT;
    char devices[160] = "";
    if ((run->image.targets & ours) != 0 || (run->image.targets & 1u << ABI_TARGET_VIRTIO) == 0)
        return 0;
    for (uint32_t i = 1; i < run->image.manifest.entries; i++)
        add_device(devices, sizeof devices, &run->image.manifest.e[i]);
    error_set(err, ENOEXEC, "run", run->path,
              "the image is for machines with virtio devices, which bivy does not make");
    error_hint(err, "qemu-system-x86_64 -M q35 -m %lld -nographic -no-reboot%s -kernel %s",
               (long long)RUN_DEFAULT_MEMORY, devices, run->path);
    return -ENOEXEC;
}
