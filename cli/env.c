/* env.c: `bivy env`: the files by which other build systems make images. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>

#include "commands.h"
#include "host/error.h"
#include "host/path.h"

struct env_values {
    bool cmake, meson;
};

static const struct option_row options[] = {
    {.name = "cmake",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct env_values, cmake),
     .help = "the path of CMake's toolchain file"},
    {.name = "meson",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct env_values, meson),
     .help = "the path of Meson's cross file"},
    OPTION_END,
};

const struct command_usage env_usage = {
    .about = "Prints the path of a file that tells a build system to use bivy-cc; without an option, what "
             "Make and "
             "configure scripts want to know.",
    .example = "cmake -DCMAKE_TOOLCHAIN_FILE=$(bivy env --cmake) -B build\n"
               "meson setup --cross-file $(bivy env --meson) build\n"
               "eval $(bivy env) && ./configure --host=$BIVY_HOST && make\n",
    .options = options,
    .values_size = sizeof(struct env_values),
};

int env_main(const struct command_call *call, struct error *err)
{
    const struct env_values *values = call->values;
    char path[PATH_MAX];
    int result = 0;

    if (values->cmake || values->meson) {
        result = path_resource(path, values->cmake ? "toolchain/bivy.cmake" : "toolchain/bivy.meson", err);
        if (result == 0)
            puts(path);
    } else {
        result = path_resource(path, "../../bin/bivy-cc", err);
        if (result == 0)
            printf("export CC='%s' AR=ar RANLIB=ranlib BIVY_HOST=x86_64-bivy-linux\n", path);
    }
    return result == 0 ? COMMAND_DONE : COMMAND_FAILED;
}
