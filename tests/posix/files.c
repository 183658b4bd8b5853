/* Files: the image's tree, the file system in memory, directories, positions, mappings, and what is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void show(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static void list(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, order);

    printf("%s:", path);
    for (int i = 0; i < count; i++)
        printf(" %s%s", entries[i]->d_name, entries[i]->d_type == DT_DIR ? "/" : "");
    printf("%s\n", count < 0 ? strerror(errno) : "");
}

static void streams(void)
{
    char line[64];
    FILE *file = fopen("/tmp/a", "w+");

    fprintf(file, "one\ntwo\n");
    rewind(file);
    while (fgets(line, sizeof line, file))
        printf("line %s", line);
    fseek(file, 5000, SEEK_SET);
    fputc('x', file);
    fclose(file);
    struct stat status;
    stat("/tmp/a", &status);
    printf("size %lld blocks %lld\n", (long long)status.st_size, (long long)status.st_blocks);
    truncate("/tmp/a", 4);
    file = fopen("/tmp/a", "a");
    fputs("end\n", file);
    fclose(file);
    int fd = open("/tmp/a", O_RDONLY);
    memset(line, 0, sizeof line);
    printf("%zd ", pread(fd, line, sizeof line, 0));
    printf("[%s]", line);
    const char *map = mmap(NULL, 8, PROT_READ, MAP_PRIVATE, fd, 0);
    printf(" map %.3s %d\n", map, map[4000]);
    munmap((void *)map, 8);
    close(fd);
}

static void tree(void)
{
    mkdir("/tmp/d", 0755);
    mkdir("/tmp/d/e", 0755);
    close(open("/tmp/d/f", O_CREAT | O_WRONLY, 0644));
    list("/tmp/d");
    show("rmdir", rmdir("/tmp/d"));
    show("rename", rename("/tmp/d/f", "/tmp/d/e/g"));
    show("rename below itself", rename("/tmp/d", "/tmp/d/e/x"));
    list("/tmp/d/e");
    chdir("/tmp/d/e");
    char path[100];
    printf("%s\n", getcwd(path, sizeof path));
    show("access", access("g", F_OK));
    show("access", access("../e/./g", F_OK));
    int fd = open("g", O_RDWR);
    show("unlink", unlink("g"));
    show("write unlinked", write(fd, "abc", 3));
    show("access", access("g", F_OK));
    close(fd);
    chdir("/");
    show("rmdir", rmdir("/tmp/d/e"));
    show("rmdir", rmdir("/tmp/d"));
    list("/tmp");
}

static void refused(void)
{
    show("new file in the image", open("/new", O_CREAT | O_WRONLY, 0644));
    show("write to the image", open("/etc/motd", O_WRONLY));
    show("no file", open("/none", O_RDONLY));
    show("a directory", open("/tmp", O_WRONLY));
    show("below a file", open("/tmp/a/b", O_RDONLY));
    show("read", read(99, (char[1]){0}, 1));
    show("symlink", symlink("/a", "/tmp/s"));
    show("rename", rename("/tmp/a", "/b"));
    show("rename", rename("/tmp/a", "/dev/b"));
}

static void image(void)
{
    char line[64];
    FILE *file = fopen("/etc/motd", "r");

    while (file && fgets(line, sizeof line, file))
        printf("motd %s", line);
    list("/");
    list("/etc");
    list("/etc/deep");
    int fd = open("/etc/deep/er", O_RDONLY | O_DIRECTORY);
    int inside = openat(fd, "file", O_RDONLY);
    show("openat", inside < 0 ? inside : 0);
    show("seek", lseek(inside, 0, SEEK_END));
}

int main(void)
{
    streams();
    tree();
    refused();
    image();
    list("/dev");
    return 0;
}
