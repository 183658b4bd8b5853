/* mac.c: derived hardware addresses; see mac.h. */
#include "wire/mac.h"

#include <string.h>

#include <nettle/md5.h>

#include "wire/name.h"

void mac_derive(const char *device, const struct name *name, uint8_t mac[static MAC_SIZE])
{
    static const uint8_t prefix[3] = {0x00, 0x80, 0x41};
    char text[NAME_TEXT_SIZE];
    size_t size = name_print(name, text);
    struct md5_ctx md5;
    md5_init(&md5);
    md5_update(&md5, strlen(device), (const uint8_t *)device);
    md5_update(&md5, size, (const uint8_t *)text);
    memcpy(mac, prefix, sizeof prefix);
    md5_digest(&md5, MAC_SIZE - sizeof prefix, mac + sizeof prefix);
}
