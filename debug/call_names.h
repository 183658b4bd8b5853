/* call_names.h: the names of system calls by number, generated from the kernel's header; NULL: there is none.
 */
#ifndef DEBUG_CALL_NAMES_H
#define DEBUG_CALL_NAMES_H

#define CALL_NAMES_SIZE 512

extern const char *const call_names[CALL_NAMES_SIZE];

#endif
