/*
 * build_link.c: the compiler's and the linker's command lines.
 *
 * Programs are compiled as hosted C (main() returns 0 by itself, printf() is known to the optimiser): there
 * is a C library. The host's headers are out of reach, so that what compiles is what the image has. The
 * linker is always GNU ld, whatever the compiler: the layout of an image is a script of its language.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "host/buffer.h"
#include "host/error.h"
#include "host/path.h"

#define MESSAGES_MAX (4u << 20)

static const char *const compile_flags[] = {
    "-O2",
    "-g",
    "-Wall",
    "-Werror=implicit-function-declaration",
    "-fno-pic",
    "-fno-pie",
    "-fno-strict-aliasing",
    "-fno-common",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fstack-protector-strong",
    "-mstack-protector-guard=global",
    "-fcf-protection=none",
    "-fno-ident",
    "-D__bivy__=1",
    "-U_FORTIFY_SOURCE",
    "-nostdinc",
};

static const char *const link_flags[] = {
    "-nostdlib",
    "-static",
    "-no-pie",
    "-fuse-ld=bfd",
    "-Wl,-z,max-page-size=4096",
    "-Wl,-z,noseparate-code",
    "-Wl,-z,noexecstack",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,--strip-debug",
};

/* In one group: each may need any other. */
static const char *const libraries[] = {"libkernel.a", "libposix.a", "libnet.a", "libc.a"};

static int add_all(struct build_list *list, const char *const *items, size_t count)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++)
        result = build_list_add(list, items[i]);
    return result;
}

/* Finds NAME on PATH. */
static bool find_program(const char *name, char path[static PATH_MAX])
{
    const char *folders = getenv("PATH");

    if (strchr(name, '/'))
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && access(path, X_OK) == 0;
    for (folders = folders ? folders : "/usr/bin:/bin"; *folders; folders += *folders == ':') {
        size_t size = strcspn(folders, ":");
        if (snprintf(path, PATH_MAX, "%.*s/%s", (int)size, folders, name) < PATH_MAX &&
            access(path, X_OK) == 0)
            return true;
        folders += size;
    }
    return false;
}

/* Splits COMMAND ("ccache gcc") at spaces; its first word is looked for on PATH. */
static int compiler_split(struct build_list *list, const char *command, struct error *err)
{
    char path[PATH_MAX], *copy = strdup(command), *rest = copy, *word;
    int result = copy ? 0 : -ENOMEM;

    while (result == 0 && (word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (list->count == 0 && !find_program(word, path))
            result = error_set(err, ENOENT, "find compiler", command, "CC names no program");
        else
            result = build_list_add(list, list->count == 0 ? path : word);
    }
    free(copy);
    return result;
}

int build_compiler_find(struct build *build, struct error *err)
{
    static const char *const names[] = {"gcc", "clang", "cc"};
    const char *given = getenv("CC");
    char path[PATH_MAX];

    if (given && *given)
        return compiler_split(&build->compiler, given, err);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (find_program(names[i], path))
            return build_list_add(&build->compiler, path);
    }
    error_set(err, ENOENT, "find compiler", "gcc", "there is none on PATH");
    error_hint(err, "apt-get install gcc, or set CC");
    return -ENOENT;
}

/* Where the compiler keeps its own headers (stdatomic.h, immintrin.h): it is asked. */
static int compiler_headers(const struct build *build, char path[static PATH_MAX], struct error *err)
{
    char question[PATH_MAX + 64];
    FILE *answer;

    if (snprintf(question, sizeof question, "'%s' -print-file-name=include", build->compiler.items[0]) >=
        (int)sizeof question)
        return error_set(err, ENAMETOOLONG, "ask compiler", build->compiler.items[0], NULL);
    answer = popen(question, "re");
    if (!answer)
        return error_set(err, errno, "ask compiler", build->compiler.items[0], NULL);
    if (!fgets(path, PATH_MAX, answer))
        path[0] = '\0';
    path[strcspn(path, "\n")] = '\0';
    return pclose(answer) == 0 && path[0] == '/'
               ? 0
               : error_set(err, ENOEXEC, "ask compiler", build->compiler.items[0],
                           "it does not say where its headers are");
}

static bool is_linked_as_is(const char *path)
{
    size_t size = strlen(path);

    return path[0] == '-' ||
           (size > 2 && (strcmp(path + size - 2, ".o") == 0 || strcmp(path + size - 2, ".a") == 0));
}

struct compile {
    const struct build *build;
    struct build_list *commands; /* one for each program to run */
    size_t count;
};

int build_compile_prefix(const struct build *build, struct build_list *command, struct error *err)
{
    char headers[PATH_MAX], include[PATH_MAX];
    int result = path_resource(include, "include", err);

    if (result == 0)
        result = compiler_headers(build, headers, err);
    if (result < 0)
        return result;
    if (add_all(command, (const char *const *)build->compiler.items, build->compiler.count) ||
        add_all(command, compile_flags, sizeof compile_flags / sizeof *compile_flags) ||
        build_list_add(command, "-isystem") || build_list_add(command, include) ||
        build_list_add(command, "-idirafter") || build_list_add(command, headers))
        return error_set(err, ENOMEM, "compile", "source", NULL);
    return 0;
}

static int compile_command(struct compile *compile, const struct build_list *prefix, const char *source,
                           const char *object, bool user)
{
    struct build_list *command = &compile->commands[compile->count++];
    const struct build *build = compile->build;
    int result = add_all(command, (const char *const *)prefix->items, prefix->count);

    if (result == 0 && user)
        result = add_all(command, (const char *const *)build->flags.items, build->flags.count);
    if (result == 0)
        result = build_list_add(command, "-c") || build_list_add(command, source) ||
                         build_list_add(command, "-o") || build_list_add(command, object)
                     ? -ENOMEM
                     : 0;
    return result;
}

static int compile_run(struct compile *compile, struct error *err)
{
    char *const **programs = calloc(compile->count, sizeof *programs);
    size_t failed = 0;
    int result = programs ? 0 : -ENOMEM;

    for (size_t i = 0; result == 0 && i < compile->count; i++)
        programs[i] = compile->commands[i].items;
    if (result == 0)
        result = build_tool_run_all((char *const *const *)programs, compile->count, &failed, err);
    if (result == -ENOEXEC) {
        const struct build_list *command = &compile->commands[failed];
        error_set(err, ENOEXEC, "compile", command->items[command->count - 3], "the compiler refused it");
    }
    free(programs);
    return result;
}

/* Adds every source's object to OBJECTS and a command for each that has to be compiled. */
static int compile_plan(struct compile *compile, const struct build_list *prefix, struct build_list *objects)
{
    const struct build *build = compile->build;
    char source[PATH_MAX + 16];
    int result = 0;

    for (size_t i = 0; result == 0 && i < build->sources.count; i++) {
        if (is_linked_as_is(build->sources.items[i])) {
            result = build_list_add(objects, build->sources.items[i]);
            continue;
        }
        result = build_list_addf(objects, "%s/%zu.o", build->work, i);
        if (result == 0)
            result = compile_command(compile, prefix, build->sources.items[i], objects->items[i], true);
    }
    snprintf(source, sizeof source, "%s/image.S", build->work);
    if (result == 0)
        result = build_list_addf(objects, "%s/image.o", build->work);
    return result == 0 ? compile_command(compile, prefix, source, objects->items[objects->count - 1], false)
                       : result;
}

int build_compile(const struct build *build, struct build_list *objects, struct error *err)
{
    struct compile compile = {.build = build};
    struct build_list prefix = {0};
    int result = build_compile_prefix(build, &prefix, err);

    compile.commands = calloc(build->sources.count + 1, sizeof *compile.commands);
    if (result == 0 && !compile.commands)
        result = -ENOMEM;
    if (result == 0)
        result = compile_plan(&compile, &prefix, objects);
    if (result == 0)
        result = compile_run(&compile, err);
    if (result == -ENOMEM)
        error_set(err, ENOMEM, "compile", build->sources.items[0], NULL);
    for (size_t i = 0; compile.commands && i < compile.count; i++)
        build_list_free(&compile.commands[i]);
    free(compile.commands);
    build_list_free(&prefix);
    return result;
}

static int link_command(const struct build *build, const struct build_list *objects, const char *image,
                        struct build_list *command, struct error *err)
{
    char folder[PATH_MAX];
    int result = path_resource(folder, "x86_64", err);

    if (result < 0)
        return result;
    if (add_all(command, (const char *const *)build->compiler.items, build->compiler.count) ||
        add_all(command, link_flags, sizeof link_flags / sizeof *link_flags) ||
        build_list_add(command, "-T") || build_list_addf(command, "%s/%s.lds", folder, build->target) ||
        build_list_add(command, "-Xlinker") || build_list_add(command, "-Map") ||
        build_list_add(command, "-Xlinker") || build_list_addf(command, "%s/map", build->work) ||
        build_list_add(command, "-o") || build_list_add(command, image) ||
        add_all(command, (const char *const *)objects->items, objects->count) ||
        build_list_add(command, "-Wl,--start-group"))
        return error_set(err, ENOMEM, "link", image, NULL);
    result = build_list_addf(command, "%s/libbindings_%s.a", folder, build->target);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        result |= build_list_addf(command, "%s/%s", folder, libraries[i]);
    if (result || build_list_add(command, "-lgcc") || build_list_add(command, "-Wl,--end-group"))
        return error_set(err, ENOMEM, "link", image, NULL);
    return 0;
}

int build_link(const struct build *build, const struct build_list *objects, const char *image,
               struct error *err)
{
    struct build_list command = {0};
    cleanup_buffer struct buffer messages = {.limit = MESSAGES_MAX};
    int status = link_command(build, objects, image, &command, err);
    size_t missing = 0;

    if (status == 0)
        status = build_tool_run(command.items, &messages, err);
    build_list_free(&command);
    if (status <= 0)
        return status;
    if (buffer_append(&messages, "", 1) == 0)
        missing = build_link_explain((const char *)messages.data, stderr);
    if (missing > 0)
        return error_set(err, ENOEXEC, "link", build->output, "%zu symbol%s missing", missing,
                         missing == 1 ? " is" : "s are");
    if (messages.data)
        fputs((const char *)messages.data, stderr);
    return error_set(err, ENOEXEC, "link", build->output, "the linker refused it");
}
