/* target.c: see target.h. */
#include "tender/common/target.h"

#include <errno.h>

#include "tender/common/message.h"

static const char *target_name(enum abi_target target)
{
    return target == ABI_TARGET_HVT ? "hvt" : "spt";
}

int target_check(const struct image *image, enum abi_target target, uint32_t version, const char *kernel,
                 struct message *message)
{
    if ((image->targets & (1u << target)) == 0) {
        message_say(message, 0, kernel,
                    ": the image is not for this tender: ", "it has no ABI note for target ");
        message_add(message, target_name(target));
        return -ENOEXEC;
    }
    if (image->target_version[target] != version) {
        message_say(message, 0, kernel, ": the image needs another tender: ", "ABI version ");
        message_add_number(message, image->target_version[target]);
        message_add(message, ", this one has ");
        message_add_number(message, version);
        return -ENOEXEC;
    }
    return 0;
}
