/*
 * symbols.h: the names of an image's functions.
 *
 * From its .symtab, which `bivy build` leaves in every image. The file may be anybody's: section headers,
 * sizes and names are checked and bounded, and an image whose table is broken simply has no names.
 */
#ifndef DEBUG_SYMBOLS_H
#define DEBUG_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

#define SYMBOLS_NAME_SIZE 128 /* bytes of a printed name, NUL included; longer ones are cut */

/* Reads the symbols of the image behind FD; NULL if it has none that can be read. */
struct symbols *symbols_read(int fd);
void symbols_free(struct symbols *symbols);

/*
 * The function that holds ADDRESS: its printable name in NAME and its first address, or 0 (NAME empty) if
 * none does. SYMBOLS may be NULL.
 */
uint64_t symbols_find(const struct symbols *symbols, uint64_t address, char name[static SYMBOLS_NAME_SIZE]);

/* The name of the INDEXth function, in the order of addresses; false: there are no more. SYMBOLS may be NULL.
 */
bool symbols_name(const struct symbols *symbols, size_t index, char name[static SYMBOLS_NAME_SIZE]);

#endif
