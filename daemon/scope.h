/*
 * scope.h: names as text, and what lies below what.
 *
 * Inside the daemon a name is its canonical text (wire/name.h parses and prints it): labels joined
 * by ':', a path ends in ':', the root is ":", a unikernel at the root is ":web", one deeper
 * "tenant:web". No label holds a ':', so that a path contains exactly the names that begin with it.
 */
#ifndef DAEMON_SCOPE_H
#define DAEMON_SCOPE_H

#include <stdbool.h>

#define SCOPE_NAME_SIZE 224 /* bytes of the longest name with its NUL: a file name with a suffix */

/* Whether the text is a path: a place for unikernels, not one of them. */
bool scope_is_path(const char *name);

/* Whether NAME, a path or not, lies at or below PATH. */
bool scope_contains(const char *path, const char *name);

/* The path that holds NAME ("a:b:web" and "a:b:" are held by "a:b:" and "a:"). The root is held by itself. */
void scope_parent(const char *name, char parent[static SCOPE_NAME_SIZE]);

/* Whether a request for QUERY (a path or a full name) means NAME. */
bool scope_matches(const char *query, const char *name);

/* NAME as a reply to a request for QUERY says it: relative to a path, unchanged for a full name
 * (Albatross protocol facts, section 5). */
void scope_relative(const char *query, const char *name, char relative[static SCOPE_NAME_SIZE]);

/* The last label of a full name, within NAME. */
const char *scope_label(const char *name);

#endif
