/* new.c: `bivy new`: a small project that builds, copied from the templates that are installed with bivy. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"

static const char *const templates[] = {"hello", "http", "tcp", "worker", NULL};
/* What `bivy run` is to publish of each. */
static const char *const ports[] = {"", " -p 8080:80", " -p 7000:7", ""};

struct new_values {
    int template;
};

static const struct option_row options[] = {
    {.name = "template",
     .letter = 't',
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct new_values, template),
     .argument = "TEMPLATE",
     .choices = templates,
     .preset = "hello",
     .help = "hello; http: a small web server; tcp: sockets and threads; worker: threads and a queue"},
    OPTION_END,
};

const struct command_usage new_usage = {
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_DIRECTORY,
    .example =
        "bivy new greeting && bivy run greeting\nbivy new --template http api && bivy run -p 8080:80 api\n",
    .options = options,
    .values_size = sizeof(struct new_values),
};

static int copy_file(int from_directory, int to_directory, const char *name, struct error *err)
{
    struct stat st;
    cleanup_fd int from = openat(from_directory, name, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &st) < 0)
        return error_set(err, errno, "read template", name, NULL);
    cleanup_fd int to = openat(to_directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (to < 0)
        return error_set(err, errno, "write", name, NULL);
    ssize_t n;
    do
        n = sendfile(to, from, NULL, (size_t)st.st_size);
    while (n > 0);
    return n < 0 ? error_set(err, errno, "write", name, NULL) : 0;
}

/* Templates are flat: files only. */
static int copy_files(DIR *from, int to, struct error *err)
{
    struct dirent *entry;
    int result = 0;
    while (result == 0 && (entry = readdir(from)) != NULL)
        if (entry->d_name[0] != '.')
            result = copy_file(dirfd(from), to, entry->d_name, err);
    return result;
}

static int make_project(const char *name, const char *template, struct error *err)
{
    char resource[64];
    char path[PATH_MAX];
    snprintf(resource, sizeof resource, "templates/%s", template);
    int result = path_resource(path, resource, err);
    if (result < 0)
        return result;
    DIR *from = opendir(path);
    if (from == NULL)
        return error_set(err, errno, "read template", path, NULL);
    if (mkdir(name, 0777) < 0) {
        result = error_set(err, errno, "make project", name, NULL);
        if (errno == EEXIST)
            error_hint(err, "another name; nothing was changed");
    } else {
        cleanup_fd int to = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = to < 0 ? error_set(err, errno, "make project", name, NULL) : copy_files(from, to, err);
    }
    closedir(from);
    return result;
}

int new_main(const struct command_call *call, struct error *err)
{
    const struct new_values *values = call->values;
    const char *name = call->operands[0];
    if (make_project(name, templates[values->template], err) < 0)
        return COMMAND_FAILED;
    printf("made %s; to build and run it:\n  bivy run%s %s\n", name, ports[values->template], name);
    return COMMAND_DONE;
}
