/*
 * error.h: why something failed, filled in where the context is known and printed once, at the top.
 *
 * A function that can fail takes a struct error last and returns a negative errno. The text reads
 * "what failed: which object: why"; the hint, where there is one, says what to do about it.
 */
#ifndef HOST_ERROR_H
#define HOST_ERROR_H

#include <stddef.h>

struct error {
    int code;       /* a positive errno; 0: no error */
    char text[512]; /* what: which: why; one line, printable */
    char hint[256]; /* empty where no remedy is known */
};

/*
 * Fills ERR (which may be NULL) and returns -CODE. WHY is a format; NULL means strerror(CODE).
 * Bytes that are not printable are replaced by '?', because WHICH and WHY may come from a hostile
 * file or peer.
 */
int error_set(struct error *err, int code, const char *what, const char *which, const char *why, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds to ERR (which may be NULL) what to do about the failure. */
void error_hint(struct error *err, const char *hint, ...) __attribute__((format(printf, 2, 3)));

/*
 * A failure as one text for a peer: the error's text and, where there is one, "\nhint: " and the hint. Cut to
 * SIZE bytes with its NUL; the length.
 */
size_t error_to_text(const struct error *err, char *text, size_t size);

/* The inverse, for a text that a peer sent: fills ERR (which may be NULL) and returns -CODE. */
int error_from_text(struct error *err, int code, const char *text, size_t size);

/* Prints "PROGRAM: text" and, where there is one, "hint: ..." on standard error. */
void error_print(const struct error *err, const char *program);

#endif
