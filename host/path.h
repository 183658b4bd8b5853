/*
 * path.h: where Bivy keeps its things.
 *
 * Programs and the library OS are found relative to the running program (PREFIX/bin/../lib/bivy),
 * so that a build tree, an installation and a moved copy of either all work the same.
 */
#ifndef HOST_PATH_H
#define HOST_PATH_H

#include <limits.h>
#include <stddef.h>

struct error;

/* Joins DIRECTORY and NAME with one '/' into PATH; 0 or -ENAMETOOLONG. */
int path_join(char path[static PATH_MAX], const char *directory, const char *name, struct error *err);

/* The program NAME (bivy-spt, bivyd, ...) that stands beside the running one. */
int path_program(char path[static PATH_MAX], const char *name, struct error *err);

/* A resource below PREFIX/lib/bivy: "x86_64/fat.lds", "include", "web", ... */
int path_resource(char path[static PATH_MAX], const char *name, struct error *err);

/*
 * The run directory (sockets, pid files): GIVEN if not NULL, else /run/bivy for root, else
 * $XDG_RUNTIME_DIR/bivy, else /tmp/bivy-UID. Created if absent (0700, parents too); refused with
 * -EPERM if it belongs to another user or others may write to it.
 */
int path_run_directory(char path[static PATH_MAX], const char *given, struct error *err);

/* The state directory (database, images, volumes): GIVEN, else /var/lib/bivy, else
 * $XDG_STATE_HOME/bivy, else
 * ~/.local/state/bivy; created and checked as the run directory. */
int path_state_directory(char path[static PATH_MAX], const char *given, struct error *err);

/* Creates PATH and its parents (0700); an existing directory is fine. */
int path_make_directory(const char *path, struct error *err);

#endif
