/* boot.c: splitting the boot arguments, and finding those that the library OS takes. */
#include "libos/kernel/boot.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char *const option_names[BOOT_OPTION_COUNT] = {
    [BOOT_NAME] = "--name=", [BOOT_IPV4] = "--ipv4=", [BOOT_IPV4_GATEWAY] = "--ipv4-gateway=",
    [BOOT_IPV6] = "--ipv6=", [BOOT_DNS] = "--dns=",   [BOOT_LOG] = "--log=",
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t boot_argv_size(const char *line)
{
    size_t words = 0;

    for (size_t i = 0; line[i]; i++)
        words += !is_space(line[i]) && (i == 0 || is_space(line[i - 1]));
    return words + 2;
}

/* Takes one word off *LINE: the word, unquoted in place, or NULL at the end. */
static char *word_take(char **line)
{
    char *in = *line, *out, *word, quote = 0;

    while (is_space(*in))
        in++;
    if (!*in)
        return NULL;
    for (word = out = in; *in && (quote || !is_space(*in)); in++) {
        if (quote ? *in == quote : *in == '\'' || *in == '"') {
            quote = quote ? 0 : *in;
            continue;
        }
        if (*in == '\\' && quote != '\'' && in[1])
            in++;
        *out++ = *in;
    }
    *line = *in ? in + 1 : in;
    *out = '\0';
    return word;
}

static bool option_take(struct boot *boot, const char *word)
{
    for (size_t i = 0; i < BOOT_OPTION_COUNT; i++) {
        size_t size = strlen(option_names[i]);
        if (strncmp(word, option_names[i], size) == 0) {
            boot->options[i] = word + size;
            return true;
        }
    }
    return false;
}

void boot_parse(struct boot *boot, char *line, char **argv)
{
    static char unnamed[] = "unikernel";
    bool rest = false;
    char *word;

    *boot = (struct boot){.argv = argv, .argc = 1};
    while ((word = word_take(&line))) {
        if (!rest && strcmp(word, "--") == 0)
            rest = true;
        else if (rest || !option_take(boot, word))
            argv[boot->argc++] = word;
    }
    argv[0] = boot->options[BOOT_NAME] ? (char *)(uintptr_t)boot->options[BOOT_NAME] : unnamed;
    argv[boot->argc] = NULL;
}
