/*
 * fuzz_tender.c: any words as a tender's command line, against any manifest.
 *
 * The first byte is the number of devices; each byte after it is the type of one, which is called "a", "b"
 * and so on. The rest is the command line, a NUL between words. Nothing is opened: attaching begins only
 * after all of this has been accepted.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tender/common/device.h"
#include "tender/common/message.h"
#include "tender/common/options.h"

#define WORDS_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct device *device)
{
    uint64_t number;
    uint8_t mac[6];
    int fd = -1;
    if (device->attachment != NULL && options_parse_descriptor(device->attachment, &fd) == 0 &&
        (fd < 0 || device->attachment[0] != '@'))
        abort();
    if (device->mac != NULL && net_parse_mac(device->mac, mac) == 0 && strlen(device->mac) != 17)
        abort();
    if (device->mtu != NULL && options_parse_number(device->mtu, 9000, &number) == 0 && number > 9000)
        abort();
    if (device->sector_size != NULL && options_parse_number(device->sector_size, 32768, &number) == 0 &&
        number > 32768)
        abort();
}

static void match(const struct image_manifest *manifest, const struct options *options,
                  struct message *message)
{
    struct devices devices;
    if (device_match(&devices, manifest, options, message) != 0) {
        if (message->text[0] == '\0')
            abort();
        return;
    }
    for (uint32_t i = 1; i < manifest->entries; i++) {
        if (manifest->e[i].type < MFT_RESERVED_FIRST && devices.of[i].attachment == NULL)
            abort();
        check_values(&devices.of[i]);
    }
}

static size_t read_manifest(struct image_manifest *manifest, const uint8_t *data, size_t size)
{
    size_t devices = data[0] % MFT_MAX_ENTRIES;
    devices = devices < size - 1 ? devices : size - 1;
    memset(manifest, 0, sizeof *manifest);
    manifest->version = MFT_VERSION;
    manifest->entries = (uint32_t)devices + 1;
    manifest->e[0].type = MFT_RESERVED_FIRST;
    for (size_t i = 1; i <= devices; i++) {
        manifest->e[i].type = data[i] % 4;
        manifest->e[i].name[0] = (char)('A' + (i - 1) % 58);
    }
    return 1 + devices;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image_manifest manifest;
    static struct options options;
    const char *words[WORDS_MAX + 2] = {"tender"};
    struct message message;
    int count = 1;
    if (size == 0)
        return 0;
    size_t at = read_manifest(&manifest, data, size);
    char *text = malloc(size - at + 1);
    if (text == NULL)
        abort();
    memcpy(text, data + at, size - at);
    text[size - at] = '\0';
    for (size_t next = 0; next < size - at && count <= WORDS_MAX; next += strlen(text + next) + 1)
        words[count++] = text + next;
    message_begin(&message, "");
    int result = options_parse(&options, count, words, &message);
    if (result == 0 && options.action == OPTIONS_RUN) {
        if (options.kernel == NULL || options.memory_bytes == 0 || options.device_count > OPTIONS_MAX_DEVICES)
            abort();
        match(&manifest, &options, &message);
    } else if (result != 0 && message.text[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
