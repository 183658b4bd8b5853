/*
 * gdb_packet.h: the packets of gdb's remote protocol: "$" text "#" and a checksum of two digits.
 *
 * Pure and bounded: whoever reaches the port may send anything. Source: the GDB manual, "Remote Protocol".
 */
#ifndef DEBUG_GDB_PACKET_H
#define DEBUG_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 4096u /* bytes of a packet's text */

struct gdb_reader {
    enum { GDB_IDLE, GDB_TEXT, GDB_SUM1, GDB_SUM2 } state;
    uint8_t sum, got;
    bool overflow;
    size_t size;
    char text[GDB_PACKET_MAX + 1]; /* of the packet that is complete, NUL-terminated */
};

enum gdb_event {
    GDB_NOTHING,   /* more bytes are needed */
    GDB_PACKET,    /* text and size hold a packet; acknowledge with '+' */
    GDB_BAD,       /* broken or too long; answer '-' */
    GDB_INTERRUPT, /* byte 3: stop the guest */
    GDB_RESEND     /* '-': the last answer did not arrive whole */
};

/* Takes one byte. */
enum gdb_event gdb_reader_take(struct gdb_reader *reader, uint8_t byte);

/* Reads hexadecimal digits at *TEXT, at most 16, and moves *TEXT behind them; false if there are none. */
bool gdb_take_number(const char **text, uint64_t *value);

/* Takes the character WANTED at *TEXT. */
bool gdb_take_char(const char **text, char wanted);

/* Decodes SIZE bytes from 2 * SIZE digits, all of TEXT; false if TEXT is anything else. */
bool gdb_take_bytes(const char *text, uint8_t *bytes, size_t size);

/* Encodes SIZE bytes as digits and a NUL (2 * SIZE + 1 bytes). */
void gdb_put_bytes(char *text, const void *bytes, size_t size);

/* Frames TEXT as a packet in OUT (room for strlen + 5); its size. */
size_t gdb_packet_make(const char *text, char *out);

#endif
