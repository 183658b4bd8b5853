/* options.c: see options.h. */
#include "tender/common/options.h"

#include <errno.h>
#include <limits.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/spt.h"
#include "tender/common/message.h"

static const struct {
    enum option_kind kind;
    const char *prefix;
} device_prefixes[] = {
    {OPTION_NET, "--net:"},
    {OPTION_NET_MAC, "--net-mac:"},
    {OPTION_NET_MTU, "--net-mtu:"},
    {OPTION_BLOCK, "--block:"},
    {OPTION_BLOCK_SECTOR_SIZE, "--block-sector-size:"},
};

/* What follows PREFIX in TEXT, or NULL if TEXT does not begin with it. */
static const char *text_after(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (*text != *prefix)
            return NULL;
    return text;
}

int options_parse_number(const char *text, uint64_t limit, uint64_t *number)
{
    *number = 0;
    if (*text == '\0')
        return -EINVAL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *text - '0', number))
            return -EINVAL;
    }
    return *number <= limit ? 0 : -EINVAL;
}

int options_parse_descriptor(const char *text, int *fd)
{
    uint64_t number;
    if (text[0] != '@' || options_parse_number(text + 1, INT_MAX, &number) != 0)
        return -EINVAL;
    *fd = (int)number;
    return 0;
}

/* Copies a device's name up to the '='; what follows that, or NULL if it is no name or no '='. */
static const char *parse_name(const char *text, char name[static MFT_NAME_SIZE])
{
    size_t length = 0;
    for (; *text != '='; text++) {
        bool valid = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9');
        if (!valid || length == MFT_NAME_MAX)
            return NULL;
        name[length++] = *text;
    }
    name[length] = '\0';
    return length > 0 ? text + 1 : NULL;
}

static int invalid_option(const char *text, struct message *message)
{
    return message_say(message, -EINVAL, "Invalid option: `", text, "'");
}

static int parse_device(struct options *options, const char *text, struct message *message)
{
    const char *rest = NULL;
    size_t i = 0;
    for (; i < sizeof device_prefixes / sizeof device_prefixes[0] && rest == NULL; i++)
        rest = text_after(text, device_prefixes[i].prefix);
    if (rest == NULL)
        return invalid_option(text, message);
    if (options->device_count == OPTIONS_MAX_DEVICES)
        return message_say(message, -EINVAL, "Too many device options", "", "");
    struct device_option *option = &options->devices[options->device_count];
    option->kind = device_prefixes[i - 1].kind;
    option->text = text;
    option->value = parse_name(rest, option->name);
    if (option->value == NULL || option->value[0] == '\0')
        return invalid_option(text, message);
    options->device_count++;
    return 0;
}

static int parse_debug(struct options *options, const char *value, struct message *message)
{
    static const char *const names[] = {"stops", "calls", "all"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (__builtin_strcmp(value, names[i]) == 0)
            options->debug = i + 1;
    if (options->debug == 0)
        return message_say(message, -EINVAL, "Malformed argument to --debug", "", "");
    return 0;
}

static int parse_option(struct options *options, const char *text, struct message *message)
{
    const char *value = text_after(text, "--mem=");
    if (value != NULL) {
        uint64_t mib;
        if (options_parse_number(value, UINT64_MAX >> 20, &mib) != 0 || mib == 0)
            return message_say(message, -EINVAL, "Malformed argument to --mem", "", "");
        options->memory_bytes = mib << 20;
        return 0;
    }
    value = text_after(text, "--debug=");
    if (value != NULL)
        return parse_debug(options, value, message);
    if (__builtin_strcmp(text, "--help") == 0)
        options->action = OPTIONS_HELP;
    else if (__builtin_strcmp(text, "--version") == 0)
        options->action = OPTIONS_VERSION;
    else if (__builtin_strcmp(text, "--no-net-ring") == 0)
        options->no_ring = true;
    else if (__builtin_strcmp(text, "--x-exec-heap") == 0)
        options->execute_heap = true;
    else
        return parse_device(options, text, message);
    return 0;
}

int options_parse(struct options *options, int argc, const char *const *argv, struct message *message)
{
    int next = 1;
    options->action = OPTIONS_RUN;
    options->memory_bytes = (uint64_t)SPT_MEM_DEFAULT << 20;
    options->execute_heap = false;
    options->no_ring = false;
    options->debug = 0;
    options->device_count = 0;
    for (; next < argc && argv[next][0] == '-'; next++) {
        if (__builtin_strcmp(argv[next], "--") == 0) {
            next++;
            break;
        }
        int result = parse_option(options, argv[next], message);
        if (result != 0 || options->action != OPTIONS_RUN)
            return result;
    }
    if (next >= argc)
        return message_say(message, -ENOENT, "Missing KERNEL operand", "", "");
    options->kernel = argv[next];
    options->arguments = argv + next + 1;
    return 0;
}
