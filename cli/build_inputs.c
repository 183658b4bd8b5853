/*
 * build_inputs.c: what the words of a command line mean for a build.
 *
 * A folder is a project: its *.c, its manifest.json and its root/, each if it is there. A file is a source,
 * an object or an archive by its ending.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"
#include "host/error.h"
#include "host/path.h"

static const char *const endings[] = {".c", ".s", ".S", ".o", ".a"};

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), less = strlen(ending);

    return size > less && strcmp(text + size - less, ending) == 0;
}

static int is_c_source(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ends_with(entry->d_name, ".c");
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_sources(struct build *build, const char *folder, struct error *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_c_source, name_order);
    int result = count < 0 ? error_set(err, errno, "read folder", folder, NULL) : 0;

    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = build_list_addf(&build->sources, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return result;
}

/* Sets PATH to NAME in FOLDER if that is there and of TYPE; one that is set already is an error. */
static int add_part(char path[static PATH_MAX], const char *folder, const char *name, mode_t type,
                    struct error *err)
{
    char found[PATH_MAX];
    struct stat st;
    int result = path_join(found, folder, name, err);

    if (result < 0 || stat(found, &st) < 0)
        return result;
    if ((st.st_mode & S_IFMT) != type)
        return error_set(err, EINVAL, "read project", found, "not a %s", type == S_IFDIR ? "folder" : "file");
    if (path[0])
        return error_set(err, EINVAL, "read project", found, "there is one already: %s", path);
    strcpy(path, found);
    return 0;
}

static int add_folder(struct build *build, const char *folder, bool manifest_given, struct error *err)
{
    int result = add_sources(build, folder, err);

    if (result == 0 && !manifest_given)
        result = add_part(build->manifest, folder, "manifest.json", S_IFREG, err);
    if (result == 0)
        result = add_part(build->root, folder, "root", S_IFDIR, err);
    return result;
}

static int add_file(struct build *build, const char *path, struct error *err)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_with(path, endings[i]))
            return build_list_add(&build->sources, path);
    }
    error_set(err, EINVAL, "build", path, "not a source that bivy knows");
    error_hint(err, "C (.c), assembler (.s, .S), objects (.o, .a), or a folder of .c files");
    return -EINVAL;
}

/* The project's own name with .uk: a folder's, or a source's without its ending. */
static int name_output(struct build *build, const char *word, struct error *err)
{
    char whole[PATH_MAX];
    const char *name;
    char *dot;

    if (!realpath(word, whole))
        return error_set(err, errno, "build", word, NULL);
    name = strrchr(whole, '/') + 1;
    dot = strrchr(name, '.');
    if (dot && dot != name && !(build->root[0] || build->manifest[0]))
        *dot = '\0';
    if (!*name)
        name = "image";
    return snprintf(build->output, sizeof build->output, "%s.uk", name) < (int)sizeof build->output
               ? 0
               : error_set(err, ENAMETOOLONG, "build", word, NULL);
}

int build_inputs_find(struct build *build, int count, char *const *words, struct error *err)
{
    bool manifest_given = build->manifest[0] != '\0';
    int result = 0;

    for (int i = 0; result == 0 && i < count; i++) {
        struct stat st;
        if (stat(words[i], &st) < 0)
            return error_set(err, errno, "build", words[i], NULL);
        result = S_ISDIR(st.st_mode) ? add_folder(build, words[i], manifest_given, err)
                                     : add_file(build, words[i], err);
    }
    if (result == 0 && build->sources.count == 0)
        result = error_set(err, ENOENT, "build", words[0], "no .c file in it");
    if (result == 0 && !build->output[0])
        result = name_output(build, words[0], err);
    return result;
}
