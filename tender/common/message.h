/*
 * message.h: one line of text about a failure, for programs without libc.
 *
 * A function that fails fills the caller's message where the context is known and returns a negative
 * errno; main prints it once. What does not fit is cut.
 */
#ifndef TENDER_COMMON_MESSAGE_H
#define TENDER_COMMON_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct message {
    size_t size;     /* bytes in use */
    char text[1024]; /* printable, NUL-terminated */
};

/* Empties MESSAGE and begins it with TEXT. */
void message_begin(struct message *message, const char *text);

/* Appends; bytes that are not printable become '?'. */
void message_add(struct message *message, const char *text);
void message_add_part(struct message *message, const char *text, size_t size);
void message_add_number(struct message *message, uint64_t number);
void message_add_hex(struct message *message, uint64_t number); /* without "0x" */

/* Appends what errno CODE (positive) means, in the C library's words. */
void message_add_errno(struct message *message, int code);

/* "WHAT: WHICH: meaning of -RESULT"; returns RESULT, a negative errno. */
int message_fail(struct message *message, int result, const char *what, const char *which);

/* "TEXT" followed by "WHICH" and "END"; returns RESULT. */
int message_say(struct message *message, int result, const char *text, const char *which, const char *end);

/* Writes "PROGRAM: text\n" to standard error. */
void message_print(const struct message *message, const char *program);

#endif
