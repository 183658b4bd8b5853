/*
 * replay.c: a fuzzer's main() without a fuzzer: each file of the folders named is an input, run once.
 *
 * With this the fuzzers' seeds are tests of every build, whatever its compiler. The name of the input stands
 * on standard error before it is run, so that a crash says which it was.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int folder, const char *name)
{
    struct stat st;
    cleanup_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    /* Of the input's very size, so that a sanitizer sees one byte too many. */
    uint8_t *data = malloc((size_t)st.st_size + (st.st_size == 0));
    if (data == NULL || fd_read_all(fd, data, (size_t)st.st_size) != st.st_size) {
        free(data);
        return -EIO;
    }
    fprintf(stderr, "%s\n", name);
    LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    free(data);
    return 0;
}

/* The inputs that were run, or -errno. */
static int replay_folder(const char *path)
{
    int count = 0, result = 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -errno;
    for (struct dirent *entry; result == 0 && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        result = replay_file(dirfd(folder), entry->d_name);
        count++;
    }
    closedir(folder);
    return result < 0 ? result : count;
}

int main(int argc, char **argv)
{
    int total = 0;
    int out = dup(STDOUT_FILENO); /* a guest's console may take the other's place */
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count < 0) {
            fprintf(stderr, "replay: %s: %s\n", argv[i], strerror(-count));
            return 1;
        }
        total += count;
    }
    return dprintf(out, "%d\n", total) < 0;
}
