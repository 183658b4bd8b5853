/*
 * cc.c: `bivy cc`: the compiler that Make, configure scripts, CMake and Meson call.
 *
 * Its words are the compiler's own. What only compiles goes to the compiler with the guest's headers and
 * flags; what links becomes an image, as `bivy build` makes it: the manifest and the folder of files come
 * from the environment (BIVY_MANIFEST, BIVY_ROOT), because no build system knows of them. Libraries that the
 * C library holds already (-lm, -lpthread) are left out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "commands.h"
#include "host/error.h"

const struct command_usage cc_usage = {
    .operands = "WORD...",
    .least = 0,
    .most = -1,
    .completion = COMPLETE_FILE,
    .about = "Takes the words of a C compiler. What it links is an image; the devices are those of "
             "BIVY_MANIFEST (a "
             "manifest.json), the files for the image those of the folder BIVY_ROOT. The compiler below is "
             "gcc or clang. "
             "bivy-cc is the same as one word.",
    .example =
        "make CC=bivy-cc\n./configure --host=x86_64-bivy CC=bivy-cc\nbivy cc -O2 -o hello.uk hello.c -lm\n",
    .raw = true,
};

/* Words that mean: nothing is linked. */
static const char *const compile_only[] = {
    "-c", "-S", "-E",           "-M",           "-MM",        "-fsyntax-only", "--version",
    "-v", "-V", "-dumpversion", "-dumpmachine", "-dumpspecs", "-qversion"};

/* Words that ask for what an image is not; without them it becomes what they want. */
static const char *const dropped[] = {"-fPIC",
                                      "-fpic",
                                      "-fPIE",
                                      "-fpie",
                                      "-pie",
                                      "-static-pie",
                                      "-static",
                                      "-rdynamic",
                                      "-pthread",
                                      "-Wl,-E",
                                      "-Wl,--export-dynamic",
                                      "-lc",
                                      "-lm",
                                      "-lpthread",
                                      "-lrt",
                                      "-ldl",
                                      "-lutil",
                                      "-lcrypt",
                                      "-lresolv",
                                      "-lxnet"};

/* Words that the next word belongs to: for the compiler, and for the linker. */
static const char *const with_value[] = {
    "-I",      "-D", "-U",  "-include", "-imacros", "-isystem", "-idirafter",
    "-iquote", "-x", "-MF", "-MT",      "-MQ",      "--param",  "-Xpreprocessor"};
static const char *const linker_with_value[] = {"-L", "-l", "-Xlinker", "-u", "-z", "-T"};

#define IS_ONE_OF(word, table) is_one_of(word, table, sizeof(table) / sizeof *(table))

static bool is_one_of(const char *word, const char *const *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, table[i]) == 0)
            return true;
    }
    return false;
}

static bool is_for_linker(const char *word)
{
    return strncmp(word, "-L", 2) == 0 || strncmp(word, "-l", 2) == 0 || strncmp(word, "-Wl,", 4) == 0;
}

static bool only_compiles(const struct command_call *call)
{
    bool source = false;

    for (int i = 0; i < call->count; i++) {
        if (IS_ONE_OF(call->operands[i], compile_only) || strncmp(call->operands[i], "-print-", 7) == 0)
            return true;
        source = source || call->operands[i][0] != '-';
    }
    return !source;
}

/* Becomes the compiler. */
static int run_compiler(const struct command_call *call, const struct build *build, struct error *err)
{
    struct build_list command = {0};
    int result = build_compile_prefix(build, &command, err);

    for (int i = 0; result == 0 && i < call->count; i++) {
        if (!IS_ONE_OF(call->operands[i], dropped))
            result = build_list_add(&command, call->operands[i]);
    }
    if (result == 0) {
        execv(command.items[0], command.items);
        result = error_set(err, errno, "run", command.items[0], NULL);
    }
    build_list_free(&command);
    return result;
}

static int copy_text(char to[static PATH_MAX], const char *from, struct error *err)
{
    return !from || snprintf(to, PATH_MAX, "%s", from) < PATH_MAX - 16
               ? 0
               : error_set(err, ENAMETOOLONG, "link", from, NULL);
}

/* Sorts one word, and the one behind it if that belongs to it, into BUILD. */
static int take_word(struct build *build, const struct command_call *call, int *at, struct error *err)
{
    const char *word = call->operands[*at];
    const char *next = *at + 1 < call->count ? call->operands[*at + 1] : NULL;
    bool linker = IS_ONE_OF(word, linker_with_value);

    if (IS_ONE_OF(word, dropped))
        return 0;
    if (strcmp(word, "-shared") == 0) {
        error_set(err, EINVAL, "link", "-shared", "an image is complete when it is built");
        error_hint(err,
                   "build a static library (.a) and link it in: --disable-shared, or BUILD_SHARED_LIBS=OFF");
        return -EINVAL;
    }
    if (strncmp(word, "-o", 2) == 0) {
        *at += !word[2];
        return copy_text(build->output, word[2] ? word + 2 : next, err);
    }
    if (next && (linker || IS_ONE_OF(word, with_value))) {
        struct build_list *list = linker ? &build->sources : &build->flags;
        ++*at;
        return build_list_add(list, word) || build_list_add(list, next) ? -ENOMEM : 0;
    }
    return build_list_add(word[0] != '-' || is_for_linker(word) ? &build->sources : &build->flags, word);
}

static int link_image(const struct command_call *call, struct build *build, struct error *err)
{
    int result = copy_text(build->manifest, getenv("BIVY_MANIFEST"), err);

    strcpy(build->output, "a.out");
    build->target = "fat";
    if (result == 0)
        result = copy_text(build->root, getenv("BIVY_ROOT"), err);
    for (int i = 0; result == 0 && i < call->count; i++)
        result = take_word(build, call, &i, err);
    return result == 0 ? build_run(build, true, err) : result;
}

int cc_main(const struct command_call *call, struct error *err)
{
    struct build *build = calloc(1, sizeof *build);
    int result = build ? 0 : error_set(err, ENOMEM, "compile", "source", NULL);

    /* CC is this program, as far as the build system is concerned. */
    unsetenv("CC");
    if (result == 0)
        result = build_compiler_find(build, err);
    if (result == 0)
        result = only_compiles(call) ? run_compiler(call, build, err) : link_image(call, build, err);
    build_free(build);
    return result == 0 ? COMMAND_DONE : COMMAND_FAILED;
}
