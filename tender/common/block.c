/* block.c: attaches a file or a block device; see device.h and the Solo5 ABI facts, section 4. */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "tender/common/device.h"
#include "tender/common/message.h"
#include "tender/common/system.h"

#define SECTOR_DEFAULT 512u
#define SECTOR_MIN     512u
#define SECTOR_MAX     32768u

static int block_size(const struct device *device, uint16_t *size, struct message *message)
{
    uint64_t number = SECTOR_DEFAULT;
    if (device->sector_size != NULL && (options_parse_number(device->sector_size, SECTOR_MAX, &number) != 0 ||
                                        number < SECTOR_MIN || (number & (number - 1)) != 0))
        return message_say(message, -EINVAL, "Malformed argument to --block-sector-size: '",
                           device->sector_size, "' is not a power of two from 512 to 32768");
    *size = (uint16_t)number;
    return 0;
}

static int refuse_size(const char *path, const char *rule, uint16_t size, const char *end,
                       struct message *message)
{
    message_say(message, 0, path, ": ", rule);
    message_add(message, " (");
    message_add_number(message, size);
    message_add(message, end);
    return -EINVAL;
}

int block_attach(const struct device *device, struct mft_entry *entry, struct message *message)
{
    int fd;
    uint16_t size = 0;
    int result = block_size(device, &size, message);
    if (result != 0)
        return result;
    if (options_parse_descriptor(device->attachment, &fd) != 0)
        fd = system_open(device->attachment, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return message_fail(message, fd, "Could not open block device", device->attachment);
    int64_t capacity = system_seek(fd, 0, SEEK_END);
    if (capacity < 0)
        return message_fail(message, (int)capacity, "Could not determine capacity", device->attachment);
    if (capacity < size)
        return refuse_size(device->attachment, "Backing storage must be at least 1 block", size,
                           " bytes) in size", message);
    if ((capacity & (size - 1)) != 0)
        return refuse_size(device->attachment, "Backing storage size must be block aligned", size, " bytes)",
                           message);
    entry->u.block_basic.capacity = (uint64_t)capacity;
    entry->u.block_basic.block_size = size;
    entry->b.hostfd = fd;
    return 0;
}
