/*
 * check_protocol.h: what bivy-check answers about an image: one struct check_reply on its standard
 * output.
 *
 * The daemon believes of it no more than what the child could say about its own image anyway: every
 * text is bounded and checked, and the tender reads the image again with the same rules.
 */
#ifndef DAEMON_CHECK_PROTOCOL_H
#define DAEMON_CHECK_PROTOCOL_H

#include <stdint.h>

#include "bivy/abi/manifest.h"

#define CHECK_ARGUMENTS_MAX 2048u

/* Descriptors of bivy-check. 0: a byte on it says "begin". 1: the reply. */
#define CHECK_FD_INPUT  3 /* the image, or the compressed image */
#define CHECK_FD_OUTPUT 4 /* with --inflate=LIMIT: where the image goes, at most LIMIT bytes of it */

struct check_device {
    char name[MFT_NAME_SIZE];
    uint32_t type; /* MFT_DEV_* */
};

struct check_reply {
    int32_t code;        /* 0, or a positive errno: refused */
    uint32_t target;     /* enum abi_target of the note that counts */
    uint32_t targets;    /* 1 << enum abi_target of every note */
    uint32_t devices;    /* how many */
    uint64_t min_memory; /* bytes */
    uint32_t arguments_size;
    char arguments[CHECK_ARGUMENTS_MAX]; /* accepted boot arguments, a NUL after each */
    struct check_device device[MFT_MAX_ENTRIES];
    char text[512]; /* why it is refused */
    char hint[256];
};

#endif
