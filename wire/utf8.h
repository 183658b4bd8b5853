/*
 * utf8.h: whether bytes are text.
 *
 * Albatross does not look; Bivy does, because what comes in as a name, an argument or a path goes out as a
 * file name, an argv string or JSON.
 */
#ifndef WIRE_UTF8_H
#define WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, at most U+10FFFF) without NUL. */
bool utf8_is_text(const uint8_t *data, size_t size);

#endif
