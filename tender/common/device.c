/* device.c: see device.h. */
#include "tender/common/device.h"

#include <errno.h>

#include "tender/common/message.h"

static uint32_t type_of(enum option_kind kind)
{
    return kind == OPTION_BLOCK || kind == OPTION_BLOCK_SECTOR_SIZE ? MFT_DEV_BLOCK_BASIC : MFT_DEV_NET_BASIC;
}

static const char *type_name(uint32_t type)
{
    switch (type) {
    case MFT_DEV_BLOCK_BASIC:
        return "BLOCK_BASIC";
    case MFT_DEV_NET_BASIC:
        return "NET_BASIC";
    default:
        return "UNKNOWN";
    }
}

/* The manifest index of the device that OPTION is about, or 0: a name of another type does not count. */
static uint32_t find_device(const struct image_manifest *manifest, const struct device_option *option)
{
    for (uint32_t i = 1; i < manifest->entries; i++)
        if (manifest->e[i].type == type_of(option->kind) &&
            __builtin_strcmp(manifest->e[i].name, option->name) == 0)
            return i;
    return 0;
}

static const char **place_of(struct device *device, enum option_kind kind)
{
    switch (kind) {
    case OPTION_NET_MAC:
        return &device->mac;
    case OPTION_NET_MTU:
        return &device->mtu;
    case OPTION_BLOCK_SECTOR_SIZE:
        return &device->sector_size;
    default:
        return &device->attachment;
    }
}

static int match_option(struct devices *devices, const struct image_manifest *manifest,
                        const struct device_option *option, struct message *message)
{
    uint32_t index = find_device(manifest, option);
    if (index == 0)
        return message_say(message, -EINVAL, "Resource not declared in manifest: '", option->name, "'");
    const char **place = place_of(&devices->of[index], option->kind);
    if (*place != NULL)
        return message_say(message, -EINVAL, "Option given twice: `", option->text, "'");
    *place = option->value;
    int fd;
    if (option->kind == OPTION_NET && options_parse_descriptor(option->value, &fd) == 0)
        devices->has_socket_net = true;
    return 0;
}

int device_match(struct devices *devices, const struct image_manifest *manifest,
                 const struct options *options, struct message *message)
{
    __builtin_memset(devices, 0, sizeof *devices);
    for (size_t i = 0; i < options->device_count; i++) {
        int result = match_option(devices, manifest, &options->devices[i], message);
        if (result != 0)
            return result;
    }
    for (uint32_t i = 1; i < manifest->entries; i++) {
        if (devices->of[i].attachment != NULL || manifest->e[i].type >= MFT_RESERVED_FIRST)
            continue;
        message_say(message, 0, "Device '", manifest->e[i].name, "' of type ");
        message_add(message, type_name(manifest->e[i].type));
        message_add(message, " declared but not attached.");
        return -EINVAL;
    }
    return 0;
}

int device_attach(struct devices *devices, struct image_manifest *manifest, struct message *message)
{
    for (uint32_t i = 1; i < manifest->entries; i++) {
        struct mft_entry *entry = &manifest->e[i];
        int result = 0;
        if (devices->of[i].attachment == NULL)
            continue;
        __builtin_memset(&entry->u, 0, sizeof entry->u);
        entry->b.data = 0;
        if (entry->type == MFT_DEV_NET_BASIC)
            result = net_attach(&devices->of[i], entry, message);
        else
            result = block_attach(&devices->of[i], entry, message);
        if (result != 0)
            return result;
        entry->attached = 1;
    }
    return 0;
}
