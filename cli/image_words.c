/* image_words.c: names of targets, devices, flags; see image_words.h. */
#include "image_words.h"

#include "image/image.h"

const char *image_target_name(uint32_t target)
{
    static const char *const names[] = {"unknown", "hvt", "spt", "virtio", "muen", "genode", "xen"};
    return names[target < sizeof names / sizeof names[0] ? target : 0];
}

const char *image_device_type_name(uint32_t type)
{
    if (type == MFT_DEV_NET_BASIC)
        return "net";
    return type == MFT_DEV_BLOCK_BASIC ? "block" : "unknown";
}

void image_flags_print(uint32_t flags, char text[static 4])
{
    text[0] = flags & IMAGE_SEGMENT_READ ? 'r' : '-';
    text[1] = flags & IMAGE_SEGMENT_WRITE ? 'w' : '-';
    text[2] = flags & IMAGE_SEGMENT_EXECUTE ? 'x' : '-';
    text[3] = '\0';
}
