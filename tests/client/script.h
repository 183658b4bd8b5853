/*
 * script.h: a daemon that plays a script: for each connection, what it hears is kept and what it says was
 * given.
 *
 * It runs in a thread of its own on a socket in a temporary directory; nothing is asserted there, the test
 * looks at what was heard after script_end().
 */
#ifndef TESTS_CLIENT_SCRIPT_H
#define TESTS_CLIENT_SCRIPT_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "host/buffer.h"
#include "wire_types.h"

enum script_kind {
    SCRIPT_HEAR,   /* reads one frame, which is appended to `heard` with its header */
    SCRIPT_CHUNKS, /* reads chunks to their end; their contents are appended to `chunks` */
    SCRIPT_CHUNK,  /* reads one chunk */
    SCRIPT_SAY,    /* sends a payload */
    SCRIPT_BYTES,  /* sends bytes as they are */
    SCRIPT_NEXT,   /* closes the connection and accepts another */
    SCRIPT_WAIT,   /* waits until the client hangs up */
};

struct script_step {
    enum script_kind kind;
    struct wire_payload payload;
    const char *bytes;
    size_t size;
};

struct script {
    char directory[PATH_MAX]; /* the run directory */
    const struct script_step *steps;
    size_t count;
    struct buffer heard;
    struct buffer chunks;
    int listener;
    pthread_t thread;
};

/* Begins to listen and to play; the steps are borrowed. */
void script_begin(struct script *script, const struct script_step *steps, size_t count);

/* Waits until the script is through and removes the socket. */
void script_end(struct script *script);

void script_free(struct script *script);

#endif
