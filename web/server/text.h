/* text.h: making bytes of others fit to be JSON texts. */
#ifndef WEB_SERVER_TEXT_H
#define WEB_SERVER_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Copies SIZE bytes to TO (room for 3 * SIZE + 1) with each byte that is no part of UTF-8, zeros too, as
 * U+FFFD. Its length. */
size_t text_repair(const uint8_t *data, size_t size, char *to);

/* The bytes as a JSON text, repaired; a new reference, NULL when out of memory. */
json_t *text_json(const uint8_t *data, size_t size);

#endif
