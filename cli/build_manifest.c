/*
 * build_manifest.c: manifest.json to the note that declares an image's devices.
 *
 * The format is Solo5's: {"type": "solo5.manifest", "version": 1, "devices": [{"name": "service", "type":
 * "NET_BASIC"}]}. A word that is not known is an error rather than ignored: here it can only be a mistake.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/note.h"
#include "build.h"
#include "host/error.h"

#define MANIFEST_MAX 65536 /* bytes: 63 devices need a tenth of it */

struct device {
    const char *name;
    enum mft_type type;
};

static int refuse(const char *path, struct error *err, const char *why)
{
    int result = error_set(err, EINVAL, "read manifest", path, "%s", why);

    error_hint(err, "{\"type\": \"solo5.manifest\", \"version\": 1, \"devices\": [{\"name\": \"service\", "
                    "\"type\": \"NET_BASIC\"}]}");
    return result;
}

static bool name_fits(const char *name)
{
    size_t size = strlen(name);

    return size >= 1 && size <= MFT_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == size;
}

/* Only the keys of KEYS (NULL-terminated), all of them. */
static bool has_exactly(const json_t *object, const char *const *keys)
{
    size_t count = 0;

    for (; keys[count]; count++) {
        if (!json_object_get(object, keys[count]))
            return false;
    }
    return json_object_size(object) == count;
}

static int read_device(const char *path, const json_t *json, struct device *device, struct error *err)
{
    static const char *const keys[] = {"name", "type", NULL};
    const char *type;

    if (!json_is_object(json) || !has_exactly(json, keys))
        return refuse(path, err, "a device has exactly a name and a type");
    device->name = json_string_value(json_object_get(json, "name"));
    type = json_string_value(json_object_get(json, "type"));
    if (!device->name || !name_fits(device->name))
        return refuse(path, err, "a device's name is 1 to 67 letters and digits");
    if (type && strcmp(type, "NET_BASIC") == 0)
        device->type = MFT_DEV_NET_BASIC;
    else if (type && strcmp(type, "BLOCK_BASIC") == 0)
        device->type = MFT_DEV_BLOCK_BASIC;
    else
        return refuse(path, err, "a device's type is NET_BASIC or BLOCK_BASIC");
    return 0;
}

/* Fills DEVICES, whose names then belong to JSON; the number of devices or -EINVAL. */
static int read_devices(const char *path, const json_t *json, struct device devices[static MFT_MAX_ENTRIES],
                        struct error *err)
{
    static const char *const keys[] = {"type", "version", "devices", NULL};
    const char *type = json_string_value(json_object_get(json, "type"));
    const json_t *list = json_object_get(json, "devices");
    size_t count = json_array_size(list);

    if (!json_is_object(json) || !has_exactly(json, keys) || !json_is_array(list))
        return refuse(path, err, "it is an object with exactly type, version and devices");
    if (!type || strcmp(type, "solo5.manifest") != 0)
        return refuse(path, err, "its type is not \"solo5.manifest\"");
    if (!json_is_integer(json_object_get(json, "version")) ||
        json_integer_value(json_object_get(json, "version")) != MFT_VERSION)
        return refuse(path, err, "its version is not 1");
    if (count >= MFT_MAX_ENTRIES)
        return refuse(path, err, "more than 63 devices");
    for (size_t i = 0; i < count; i++) {
        int result = read_device(path, json_array_get(list, i), &devices[i], err);
        if (result < 0)
            return result;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(devices[i].name, devices[j].name) == 0)
                return refuse(path, err, "two devices have one name");
        }
    }
    return (int)count;
}

static void write_entry(FILE *out, const char *name, uint32_t type)
{
    fprintf(out, "    .ascii \"%s\"\n    .zero %zu\n    .long %#x\n    .zero %zu\n", name,
            MFT_NAME_SIZE - strlen(name), type, sizeof(struct mft_entry) - offsetof(struct mft_entry, u));
}

static void write_note(FILE *out, const struct device *devices, size_t count)
{
    fprintf(out,
            "    .section .note.solo5.manifest, \"a\", @note\n    .balign 8\n"
            "    .long %d, %zu, %#x\n    .asciz \"%s\"\n    .zero 2\n    .zero %u\n    .long %d, %zu\n",
            NOTE_SOLO5_OWNER_SIZE, NOTE_MFT1_PADDING + MFT_SIZE(count + 1), NOTE_MFT1_TYPE, NOTE_SOLO5_OWNER,
            NOTE_MFT1_PADDING, MFT_VERSION, count + 1);
    write_entry(out, "", MFT_RESERVED_FIRST);
    for (size_t i = 0; i < count; i++)
        write_entry(out, devices[i].name, devices[i].type);
}

int build_manifest_write(const char *path, FILE *out, struct error *err)
{
    struct device devices[MFT_MAX_ENTRIES];
    json_error_t why;
    struct stat st;
    json_t *json;
    int count;

    if (!path[0]) {
        write_note(out, NULL, 0);
        return 0;
    }
    if (stat(path, &st) < 0)
        return error_set(err, errno, "read manifest", path, NULL);
    if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX)
        return refuse(path, err, "not a file of at most 64 KiB");
    json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        return error_set(err, EINVAL, "read manifest", path, "line %d: %s", why.line, why.text);
    count = read_devices(path, json, devices, err);
    if (count >= 0)
        write_note(out, devices, (size_t)count);
    json_decref(json);
    return count < 0 ? count : 0;
}
