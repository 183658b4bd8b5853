/*
 * build_files.c: a folder of files to an assembler source that holds them and a sorted table of them.
 *
 * The assembler reads the contents itself (.incbin). Symbolic links are refused: a project from elsewhere
 * must not be able to put a file of this machine into an image.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "host/error.h"
#include "host/fd.h"

#define FILES_MAX     65536
#define DEPTH_MAX     32
#define FILE_SIZE_MAX (1LL << 30)
#define READ_SIZE     65536

/* The first eight bytes of the contents' SHA-256. */
static int fingerprint(int fd, const char *path, uint64_t *result, struct error *err)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    uint8_t *chunk = malloc(READ_SIZE);
    ssize_t n = chunk ? 1 : -ENOMEM;

    sha256_init(&context);
    while (n > 0) {
        n = fd_read_all(fd, chunk, READ_SIZE);
        if (n > 0)
            sha256_update(&context, (size_t)n, chunk);
    }
    free(chunk);
    if (n < 0)
        return error_set(err, (int)-n, "read", path, NULL);
    sha256_digest(&context, sizeof digest, digest);
    memcpy(result, digest, sizeof *result);
    return 0;
}

/* TEXT as the inside of an assembler string. */
static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
}

static int scan_entry(struct build_list *list, const char *root, const char *inside, int depth,
                      struct error *err);

static int scan_folder(struct build_list *list, const char *root, const char *inside, int depth,
                       struct error *err)
{
    char path[PATH_MAX];
    struct dirent *entry;
    int result = 0;
    DIR *folder;

    if (snprintf(path, sizeof path, "%s/%s", root, inside) >= (int)sizeof path)
        return error_set(err, ENAMETOOLONG, "read folder", inside, NULL);
    folder = opendir(path);
    if (!folder)
        return error_set(err, errno, "read folder", path, NULL);
    while (result == 0 && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(path, sizeof path, "%s%s%s", inside, inside[0] ? "/" : "", entry->d_name) >=
            (int)sizeof path)
            result = error_set(err, ENAMETOOLONG, "read folder", inside, NULL);
        else
            result = scan_entry(list, root, path, depth, err);
    }
    closedir(folder);
    return result;
}

static int scan_entry(struct build_list *list, const char *root, const char *inside, int depth,
                      struct error *err)
{
    char path[PATH_MAX];
    struct stat st;

    if (snprintf(path, sizeof path, "%s/%s", root, inside) >= (int)sizeof path)
        return error_set(err, ENAMETOOLONG, "read file", inside, NULL);
    if (lstat(path, &st) < 0)
        return error_set(err, errno, "read file", path, NULL);
    if (S_ISDIR(st.st_mode))
        return depth < DEPTH_MAX ? scan_folder(list, root, inside, depth + 1, err)
                                 : error_set(err, ELOOP, "read folder", path, "more than %d deep", DEPTH_MAX);
    if (!S_ISREG(st.st_mode)) {
        error_set(err, EINVAL, "read file", path, "neither a file nor a folder");
        error_hint(err, "symbolic links are not followed; copy what it points to");
        return -EINVAL;
    }
    if (st.st_size > FILE_SIZE_MAX)
        return error_set(err, EFBIG, "read file", path, "over 1 GiB");
    if (list->count >= FILES_MAX)
        return error_set(err, E2BIG, "read folder", root, "more than %d files", FILES_MAX);
    return build_list_add(list, inside);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int write_file(FILE *out, const char *root, const char *inside, size_t index, struct error *err)
{
    char path[PATH_MAX];
    uint64_t print = 0;
    int result;

    if (snprintf(path, sizeof path, "%s/%s", root, inside) >= (int)sizeof path)
        return error_set(err, ENAMETOOLONG, "read file", inside, NULL);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set(err, errno, "read file", path, NULL);
    result = fingerprint(fd, path, &print, err);
    if (result < 0)
        return result;
    fprintf(out, "    .section .bivy.files.data, \"a\"\n.Lpath%zu: .asciz \"", index);
    write_escaped(out, inside);
    fprintf(out, "\"\n    .balign 8\n.Ldata%zu: .incbin \"", index);
    write_escaped(out, path);
    fprintf(out, "\"\n.Lend%zu:\n    .section .bivy.files.table, \"a\"\n", index);
    fprintf(out, "    .quad .Lpath%zu, .Ldata%zu, .Lend%zu - .Ldata%zu, %#llx\n", index, index, index, index,
            (unsigned long long)print);
    return 0;
}

int build_files_write(const char *root, FILE *out, struct error *err)
{
    struct build_list list = {0};
    int result = root[0] ? scan_folder(&list, root, "", 0, err) : 0;

    if (list.count > 0)
        qsort(list.items, list.count, sizeof *list.items, compare);
    fprintf(out,
            "    .section .bivy.files.table, \"a\"\n    .balign 8\n    .globl bivy_files, bivy_files_count\n"
            "bivy_files_count: .quad %zu\nbivy_files:\n",
            list.count);
    for (size_t i = 0; result == 0 && i < list.count; i++)
        result = write_file(out, root, list.items[i], i, err);
    fputs("    .section .note.GNU-stack, \"\", @progbits\n", out);
    build_list_free(&list);
    return result;
}
