/*
 * build.h: what the parts of `bivy build` share.
 *
 * A build is: gather the inputs, write the assembler sources of what only this image has (its manifest
 * note, its files), compile each source, link, name what is missing, and put the image in place in one
 * step. The compiler and the linker are the machine's own.
 */
#ifndef CLI_BUILD_H
#define CLI_BUILD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;
struct buffer;

/* A growing list of texts that it owns; NULL-terminated for exec. */
struct build_list {
    size_t count, capacity;
    char **items;
};

/* Appends a copy of TEXT, or of the text a format makes; 0 or -ENOMEM. */
int build_list_add(struct build_list *list, const char *text);
int build_list_addf(struct build_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void build_list_free(struct build_list *list);

struct build {
    char output[PATH_MAX];      /* the image */
    char manifest[PATH_MAX];    /* the manifest's JSON, or "" */
    char root[PATH_MAX];        /* the folder of files, or "" */
    char work[PATH_MAX];        /* a temporary folder for objects */
    const char *target;         /* fat, spt or hvt: which bindings and which linker script */
    struct build_list sources;  /* .c, .s, .S, .o and .a files, and words for the linker, in their order */
    struct build_list flags;    /* for the compiler, after ours */
    struct build_list compiler; /* the compiler's command: a path and perhaps arguments */
};

/* Finds sources, manifest and files in WORDS (files and folders), and the output's name if it is "". */
int build_inputs_find(struct build *build, int count, char *const *words, struct error *err);

/* Reads the manifest of PATH ("": no devices) and writes its note as an assembler source. */
int build_manifest_write(const char *path, FILE *out, struct error *err);

/* Writes the folder ROOT ("": no files) as an assembler source: contents by .incbin, and the table. */
int build_files_write(const char *root, FILE *out, struct error *err);

/* Finds the compiler: $CC, else gcc, clang or cc on PATH. */
int build_compiler_find(struct build *build, struct error *err);

/* The beginning of every command that compiles: the compiler, our flags, the headers' folders. */
int build_compile_prefix(const struct build *build, struct build_list *command, struct error *err);

/* Does all of it, BUILD being filled in but for the temporary folder; prints the sizes unless QUIET. */
int build_run(struct build *build, bool quiet, struct error *err);

/* Frees BUILD, which was allocated, and its lists; NULL is ignored. */
void build_free(struct build *build);

/* Compiles every source and what was generated; adds the objects to OBJECTS in the order of the sources.
 * The compiler's messages pass through; after a failure all that had begun is waited for. */
int build_compile(const struct build *build, struct build_list *objects, struct error *err);

/* Links OBJECTS into the file IMAGE and writes the linker's map beside it in build->work. Missing symbols
 * are explained on standard error. */
int build_link(const struct build *build, const struct build_list *objects, const char *image,
               struct error *err);

/* Explains the linker's MESSAGES (NUL-terminated): one paragraph for each missing symbol. Returns how many
 * symbols are missing; 0: the linker failed for another reason. */
size_t build_link_explain(const char *messages, FILE *out);

/* Prints what the image at PATH, linked with MAP, is made of. */
int build_size_print(const char *path, const char *map, const char *work, FILE *out, struct error *err);

/* Runs the program of ARGUMENTS[0] (a path). Its standard error goes to MESSAGES if not NULL. Returns its
 * exit status or -errno. */
int build_tool_run(char *const *arguments, struct buffer *messages, struct error *err);

/* Runs many programs, as many at a time as there are processors. 0, or -ENOEXEC if one failed (which one
 * stands in *FAILED), or -errno. */
int build_tool_run_all(char *const *const *programs, size_t count, size_t *failed, struct error *err);

#endif
