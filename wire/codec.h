/*
 * codec.h: messages to DER and back, driven by the tables that wire/generate.py makes of the ASN.1 modules.
 *
 * One reader and one writer serve every type, so that what is checked is checked everywhere (Albatross
 * protocol facts, section 2). The decoder takes strict DER: definite minimal lengths, minimal tags and
 * integers, nothing unknown, nothing left over; a SET OF may come in any order, and a BOOLEAN is any byte.
 * Integers have 63 bits. Texts must be UTF-8 without NUL, which Albatross does not ask for; only AnyText
 * (console lines, failures, answers for people) may be any bytes: whoever prints them makes them printable.
 * The encoder writes DER with every SET OF sorted.
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/arena.h"

struct buffer;
struct error;

/* The protocol's version, in every Header. */
#define WIRE_VERSION 5

/* The version of BivyCommand and BivySuccess. */
#define WIRE_BIVY_VERSION 1

/* The longest SEQUENCE OF or SET OF that is decoded. */
#define WIRE_LIST_MAX 65536

/* Bytes that stand elsewhere: in the decoded message's input, or wherever the encoder's caller has them. */
struct wire_bytes {
    const uint8_t *data;
    size_t size;
};

/* A type of the ASN.1 modules; all of them are declared in wire_types.h. */
struct wire_type;

/*
 * Decodes DATA, all of it one value of TYPE, into OUT (the struct of that type), which is zeroed first.
 * Arrays are taken from ARENA; bytes and texts point into DATA, so both must live as long as OUT is used.
 *
 * 0; -EBADMSG: not such a value; -EPROTONOSUPPORT: another version; -EMSGSIZE: more than the arena or a list
 * may hold; -ENOMEM. ERR names the field: "decode Wire.payload.command.unikernel: why".
 */
int wire_decode(const struct wire_type *type, const uint8_t *data, size_t size, struct wire_arena *arena,
                void *out, struct error *err);

/*
 * Appends VALUE, a struct of TYPE, to OUT. 0; -EINVAL: VALUE is none of TYPE (a CHOICE without alternative, a
 * number outside 63 bits, bytes of the wrong size, text that is not UTF-8, a time without year); -EMSGSIZE:
 * over OUT's limit; -ENOMEM. OUT is unchanged after a failure. ERR names the field.
 */
int wire_encode(const struct wire_type *type, const void *value, struct buffer *out, struct error *err);

/* The bytes of a C string, without its NUL; borrowed. */
struct wire_bytes wire_text(const char *text);

/* Whether BYTES are the bytes of TEXT. */
bool wire_text_is(struct wire_bytes bytes, const char *text);

/* BYTES as a C string in ARENA, cut at the first NUL; NULL: no room. */
char *wire_text_copy(struct wire_arena *arena, struct wire_bytes bytes);

#endif
