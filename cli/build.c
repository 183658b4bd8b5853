/*
 * build.c: `bivy build`: C sources to one image.
 *
 * The image is written beside its final place and renamed: a running unikernel has the old file mapped, and
 * nobody ever sees half of a new one. The same inputs give the same bytes; the build's identity is a hash of
 * them.
 */
#define _GNU_SOURCE
#include "build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bivy/abi/note.h"
#include "commands.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"

struct build_values {
    const char *output, *manifest;
    int target;
    bool quiet;
};

static const char *const targets[] = {"fat", "spt", "hvt", "virtio", NULL};

static const struct option_row options[] = {
    {.name = "out",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .completion = COMPLETE_FILE,
     .argument = "IMAGE",
     .offset = offsetof(struct build_values, output),
     .help = "the image; otherwise the project's name with .uk"},
    {.name = "manifest",
     .kind = OPTION_TEXT,
     .completion = COMPLETE_FILE,
     .argument = "FILE",
     .offset = offsetof(struct build_values, manifest),
     .help = "the devices; otherwise the folder's manifest.json"},
    {.name = "target",
     .kind = OPTION_CHOICE,
     .argument = "TARGET",
     .choices = targets,
     .preset = "fat",
     .offset = offsetof(struct build_values, target),
     .help = "fat: a process or a virtual machine of bivy; spt, hvt: any Solo5 tender; virtio: QEMU, "
             "Firecracker, Cloud Hypervisor"},
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct build_values, quiet),
     .help = "print nothing but errors"},
    OPTION_END,
};

const struct command_usage build_usage = {
    .operands = "FILE|FOLDER...",
    .least = 1,
    .most = -1,
    .completion = COMPLETE_FILE,
    .tail = "options for the compiler",
    .about =
        "Compiles C into one image that holds the program and only the parts of the library OS it uses. A "
        "folder "
        "is a project: its *.c, its manifest.json (the devices) and its root/ (files for the image). A call "
        "that "
        "a unikernel cannot honour is refused here, with the line that makes it and what to use instead.",
    .example = "bivy build hello.c\nbivy build -o web.uk ./web -- -O3 -DPORT=8080\n",
    .options = options,
    .values_size = sizeof(struct build_values),
};

/* The note's last bytes are the identity (libos/toolchain); 0 if IMAGE has no such note. */
static size_t identity_offset(const uint8_t *image, size_t size)
{
    static const char owner[] = NOTE_BIVY_OWNER;

    for (size_t at = 0; at + sizeof(struct note_header) + NOTE_BIVY_OWNER_SIZE < size && at < 65536;
         at += 4) {
        struct note_header header;
        memcpy(&header, image + at, sizeof header);
        if (header.name_size == NOTE_BIVY_OWNER_SIZE && header.type == NOTE_BIVY_TYPE &&
            memcmp(image + at + sizeof header, owner, sizeof owner) == 0 &&
            header.desc_size >= SHA256_DIGEST_SIZE && header.desc_size <= size - at - NOTE_BIVY_DESC_OFFSET)
            return at + NOTE_BIVY_DESC_OFFSET + header.desc_size - SHA256_DIGEST_SIZE;
    }
    return 0;
}

/* Writes the hash of the image, its identity being zeros, into the image as its identity. */
static int set_identity(const char *path, struct error *err)
{
    cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC);
    struct sha256_ctx context;
    struct stat st;
    uint8_t *image;
    size_t at;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, errno, "write image", path, NULL);
    image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (image == MAP_FAILED)
        return error_set(err, errno, "write image", path, NULL);
    at = identity_offset(image, (size_t)st.st_size);
    if (at > 0) {
        sha256_init(&context);
        sha256_update(&context, (size_t)st.st_size, image);
        sha256_digest(&context, SHA256_DIGEST_SIZE, image + at);
    }
    munmap(image, (size_t)st.st_size);
    return at > 0 ? 0 : error_set(err, ENOEXEC, "write image", path, "the linker left out the Bivy note");
}

/* The assembler source of what is only this image's. */
static int write_image_source(const struct build *build, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, build->work, "image.S", err);
    FILE *out = result == 0 ? fopen(path, "wxe") : NULL;

    if (result == 0 && !out)
        return error_set(err, errno, "write", path, NULL);
    if (result == 0)
        result = build_manifest_write(build->manifest, out, err);
    if (result == 0)
        result = build_files_write(build->root, out, err);
    if (out && (ferror(out) | fclose(out)) && result == 0)
        result = error_set(err, EIO, "write", path, NULL);
    return result;
}

/* Links into a new file beside the output, and puts it in the output's place. */
static int make_image(const struct build *build, const struct build_list *objects, struct error *err)
{
    char temporary[PATH_MAX + 16];
    mode_t mask = umask(022);
    int result, fd;

    umask(mask);
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", build->output);
    fd = mkstemp(temporary);
    if (fd < 0)
        return error_set(err, errno, "write image", build->output, NULL);
    fd_close(&fd);
    result = build_link(build, objects, temporary, err);
    if (result == 0)
        result = set_identity(temporary, err);
    if (result == 0 && (chmod(temporary, 0666 & ~mask) < 0 || rename(temporary, build->output) < 0))
        result = error_set(err, errno, "write image", build->output, NULL);
    if (result != 0)
        unlink(temporary);
    return result;
}

static void remove_work(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(path);
}

static int make_work(struct build *build, struct error *err)
{
    const char *base = getenv("TMPDIR");

    if (snprintf(build->work, sizeof build->work, "%s/bivy-build-XXXXXX",
                 base && base[0] == '/' ? base : "/tmp") >= (int)sizeof build->work ||
        !mkdtemp(build->work)) {
        int result = error_set(err, errno, "make temporary folder", build->work, NULL);
        build->work[0] = '\0';
        return result;
    }
    return 0;
}

int build_run(struct build *build, bool quiet, struct error *err)
{
    struct build_list objects = {0};
    char map[PATH_MAX];
    int result = make_work(build, err);

    if (result == 0)
        result = write_image_source(build, err);
    if (result == 0)
        result = build_compile(build, &objects, err);
    if (result == 0)
        result = make_image(build, &objects, err);
    if (result == 0 && !quiet)
        result = path_join(map, build->work, "map", err);
    if (result == 0 && !quiet)
        result = build_size_print(build->output, map, build->work, stdout, err);
    build_list_free(&objects);
    if (build->work[0])
        remove_work(build->work);
    return result;
}

void build_free(struct build *build)
{
    if (!build)
        return;
    build_list_free(&build->sources);
    build_list_free(&build->flags);
    build_list_free(&build->compiler);
    free(build);
}

static int copy_path(char path[static PATH_MAX], const char *given, struct error *err)
{
    if (given && snprintf(path, PATH_MAX, "%s", given) >= PATH_MAX - 16)
        return error_set(err, ENAMETOOLONG, "build", given, NULL);
    return 0;
}

int build_main(const struct command_call *call, struct error *err)
{
    const struct build_values *values = call->values;
    struct build *build = calloc(1, sizeof *build);
    int result = build ? copy_path(build->output, values->output, err)
                       : error_set(err, ENOMEM, "build", "image", NULL);

    if (result == 0)
        build->target = targets[values->target];
    if (result == 0)
        result = copy_path(build->manifest, values->manifest, err);
    for (int i = 0; result == 0 && i < call->tail_count; i++)
        result = build_list_add(&build->flags, call->tail[i]);
    if (result == 0)
        result = build_inputs_find(build, call->count, call->operands, err);
    if (result == 0)
        result = build_compiler_find(build, err);
    if (result == 0)
        result = build_run(build, values->quiet, err);
    build_free(build);
    return result == 0 ? COMMAND_DONE : COMMAND_FAILED;
}
