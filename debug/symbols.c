/* symbols.c: see symbols.h. */
#define _GNU_SOURCE
#include "debug/symbols.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MAX (64u << 20) /* bytes of one table */

struct symbols {
    Elf64_Sym *functions; /* ascending by address */
    size_t count;
    char *names;
    size_t names_size;
};

/* SIZE bytes at OFFSET of FD, owned; NULL if they are not all there. */
static void *read_part(int fd, uint64_t offset, uint64_t size)
{
    if (size == 0 || size > TABLE_MAX || offset > INT64_MAX - TABLE_MAX)
        return NULL;
    char *part = malloc(size + 1);
    if (part == NULL)
        return NULL;
    if (pread(fd, part, size, (off_t)offset) != (ssize_t)size) {
        free(part);
        return NULL;
    }
    part[size] = '\0';
    return part;
}

static int compare(const void *a, const void *b)
{
    const Elf64_Sym *left = a;
    const Elf64_Sym *right = b;
    return (left->st_value > right->st_value) - (left->st_value < right->st_value);
}

static bool is_function(const Elf64_Sym *symbol, size_t names_size)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    /* Assembler sources often give their labels no type. */
    return (type == STT_FUNC || type == STT_NOTYPE) && symbol->st_shndx != SHN_UNDEF &&
           symbol->st_shndx < SHN_LORESERVE && symbol->st_name != 0 && symbol->st_name < names_size;
}

static struct symbols *read_table(int fd, const Elf64_Shdr *table, const Elf64_Shdr *names)
{
    struct symbols *symbols = calloc(1, sizeof *symbols);
    if (symbols == NULL)
        return NULL;
    symbols->functions = read_part(fd, table->sh_offset, table->sh_size);
    symbols->names = read_part(fd, names->sh_offset, names->sh_size);
    if (symbols->functions == NULL || symbols->names == NULL) {
        symbols_free(symbols);
        return NULL;
    }
    symbols->names_size = names->sh_size;
    size_t all = table->sh_size / sizeof(Elf64_Sym);
    for (size_t i = 0; i < all; i++)
        if (is_function(&symbols->functions[i], symbols->names_size))
            symbols->functions[symbols->count++] = symbols->functions[i];
    qsort(symbols->functions, symbols->count, sizeof(Elf64_Sym), compare);
    return symbols;
}

struct symbols *symbols_read(int fd)
{
    Elf64_Ehdr header;
    struct symbols *symbols = NULL;
    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        header.e_shentsize != sizeof(Elf64_Shdr))
        return NULL;
    Elf64_Shdr *sections = read_part(fd, header.e_shoff, (uint64_t)header.e_shnum * sizeof(Elf64_Shdr));
    for (unsigned i = 0; sections != NULL && symbols == NULL && i < header.e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_link < header.e_shnum)
            symbols = read_table(fd, &sections[i], &sections[sections[i].sh_link]);
    free(sections);
    return symbols;
}

void symbols_free(struct symbols *symbols)
{
    if (symbols == NULL)
        return;
    free(symbols->functions);
    free(symbols->names);
    free(symbols);
}

static void copy_name(const struct symbols *symbols, uint32_t at, char name[static SYMBOLS_NAME_SIZE])
{
    size_t used = 0;
    /* read_part() put a NUL behind the names. */
    for (const char *p = symbols->names + at; *p != '\0' && used + 1 < SYMBOLS_NAME_SIZE; p++)
        name[used++] = *p > ' ' && *p < 127 ? *p : '?';
    name[used] = '\0';
}

/* Of several names at one address, one with a size is the function's. */
static const Elf64_Sym *better(const Elf64_Sym *first, const Elf64_Sym *second)
{
    return first->st_value == second->st_value && first->st_size != 0 ? first : second;
}

uint64_t symbols_find(const struct symbols *symbols, uint64_t address, char name[static SYMBOLS_NAME_SIZE])
{
    const Elf64_Sym *found = NULL;
    size_t low = 0;
    size_t high = symbols != NULL ? symbols->count : 0;
    name[0] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->functions[middle].st_value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && low - i < 8; i--)
        found = found == NULL ? &symbols->functions[i - 1] : better(&symbols->functions[i - 1], found);
    if (found == NULL || (found->st_size != 0 && address - found->st_value >= found->st_size))
        return 0;
    copy_name(symbols, found->st_name, name);
    return found->st_value;
}

bool symbols_name(const struct symbols *symbols, size_t index, char name[static SYMBOLS_NAME_SIZE])
{
    if (symbols == NULL || index >= symbols->count)
        return false;
    copy_name(symbols, symbols->functions[index].st_name, name);
    return true;
}
