/* path.c: where Bivy keeps its things; see path.h. */
#define _GNU_SOURCE
#include "path.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static int path_format(char path[static PATH_MAX], struct error *err, const char *format, const char *a,
                       const char *b)
{
    int n = snprintf(path, PATH_MAX, format, a, b);
    if (n < 0 || n >= PATH_MAX)
        return error_set(err, ENAMETOOLONG, "make path", a, NULL);
    return 0;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

int path_join(char path[static PATH_MAX], const char *directory, const char *name, struct error *err)
{
    size_t size = strlen(directory);
    const char *format = size > 0 && directory[size - 1] == '/' ? "%s%s" : "%s/%s";
    return path_format(path, err, format, directory, name);
}

/* The directory of the running program, without a trailing '/'. */
static int program_directory(char path[static PATH_MAX], struct error *err)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n < 0)
        return error_set(err, errno, "find own program", "/proc/self/exe", NULL);
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return error_set(err, ENOENT, "find own program", path, "not an absolute path");
    *slash = '\0';
    return 0;
}

int path_program(char path[static PATH_MAX], const char *name, struct error *err)
{
    char directory[PATH_MAX];
    int result = program_directory(directory, err);
    if (result == 0)
        result = path_join(path, directory, name, err);
    if (result == 0 && access(path, X_OK) < 0) {
        result = error_set(err, errno, "find program", path, NULL);
        error_hint(err, "all of Bivy's programs stand in one directory; install %s beside bivy", name);
    }
    return result;
}

int path_resource(char path[static PATH_MAX], const char *name, struct error *err)
{
    char directory[PATH_MAX];
    char base[PATH_MAX];
    int result = program_directory(directory, err);
    if (result == 0)
        result = path_join(base, directory, "../lib/bivy", err);
    if (result == 0)
        result = path_join(path, base, name, err);
    if (result == 0 && access(path, R_OK) < 0)
        return error_set(err, errno, "find resource", path, NULL);
    return result;
}

int path_make_directory(const char *path, struct error *err)
{
    char part[PATH_MAX];
    int result = path_format(part, err, "%s%s", path, "/");
    if (result < 0)
        return result;
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return error_set(err, errno, "make directory", part, NULL);
        *p = '/';
    }
    return 0;
}

/* What lies here decides what runs: a directory that others own or may write to is refused. */
static int path_check_private(const char *path, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return error_set(err, errno, "check directory", path, NULL);
    if (!S_ISDIR(st.st_mode))
        return error_set(err, ENOTDIR, "check directory", path, NULL);
    if (st.st_uid != geteuid())
        return error_set(err, EPERM, "check directory", path, "belongs to user %u, not to %u", st.st_uid,
                         geteuid());
    if (st.st_mode & 022) {
        error_set(err, EPERM, "check directory", path, "others may write to it");
        error_hint(err, "chmod 700 %s", path);
        return -EPERM;
    }
    return 0;
}

static int path_private(const char *path, struct error *err)
{
    int result = path_make_directory(path, err);
    return result < 0 ? result : path_check_private(path, err);
}

int path_run_directory(char path[static PATH_MAX], const char *given, struct error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char fallback[64];
    snprintf(fallback, sizeof fallback, "/tmp/bivy-%u", geteuid());
    int result;
    if (given != NULL)
        result = path_format(path, err, "%s%s", given, "");
    else if (geteuid() == 0)
        result = path_format(path, err, "%s%s", "/run/bivy", "");
    else if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK) == 0)
        result = path_join(path, runtime, "bivy", err);
    else
        result = path_format(path, err, "%s%s", fallback, "");
    return result < 0 ? result : path_private(path, err);
}

int path_state_directory(char path[static PATH_MAX], const char *given, struct error *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    const struct passwd *user = home == NULL ? getpwuid(geteuid()) : NULL;
    if (user != NULL)
        home = user->pw_dir;
    int result;
    if (given != NULL)
        result = path_format(path, err, "%s%s", given, "");
    else if (geteuid() == 0)
        result = path_format(path, err, "%s%s", "/var/lib/bivy", "");
    else if (state != NULL && state[0] == '/')
        result = path_join(path, state, "bivy", err);
    else if (home != NULL)
        result = path_join(path, home, ".local/state/bivy", err);
    else
        result = error_set(err, ENOENT, "find state directory", "HOME", "not set");
    return result < 0 ? result : path_private(path, err);
}
