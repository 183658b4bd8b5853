/* options.c: the log options at the front of the boot arguments; pure, so that it is tested on the host. */
#include "libos/bindings/bindings.h"

static const struct {
    const char *text;
    enum bindings_level level;
} options[] = {
    {"--solo5:quiet", BINDINGS_QUIET}, {"--solo5:error", BINDINGS_ERROR}, {"--solo5:warn", BINDINGS_WARN},
    {"--solo5:info", BINDINGS_INFO},   {"--solo5:debug", BINDINGS_DEBUG},
};

/* The first byte after the word WORD at the start of TEXT, or NULL if TEXT starts with another word. */
static const char *word_end(const char *text, const char *word)
{
    while (*word && *text == *word)
        text++, word++;
    return !*word && (*text == ' ' || !*text) ? text : NULL;
}

const char *bindings_options(const char *cmdline, enum bindings_level *level)
{
    size_t i;

    do {
        while (*cmdline == ' ')
            cmdline++;
        for (i = 0; i < sizeof options / sizeof *options; i++) {
            const char *end = word_end(cmdline, options[i].text);
            if (end) {
                *level = options[i].level;
                cmdline = end;
                break;
            }
        }
    } while (i < sizeof options / sizeof *options);
    return cmdline;
}
