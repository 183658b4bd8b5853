/*
 * table.h: an intrusive hash table from 64-bit keys to entries; equal keys may stand several times.
 *
 * The switch finds a port by number, hardware address, IPv4 address and name for every frame; the
 * entry lives inside the port, so that finding costs one cache line and adding costs no allocation
 * but the slots'.
 */
#ifndef NET_TABLE_H
#define NET_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
    struct table_entry *next;
    uint64_t key;
    void *owner; /* what the entry stands for; NULL while it is in no table */
};

struct table {
    struct table_entry **slots;
    size_t size; /* a power of two, or 0 */
    size_t count;
};

/* Adds ENTRY, which must be in no table, for OWNER. 0 or -ENOMEM. */
int table_add(struct table *table, struct table_entry *entry, uint64_t key, void *owner);

/* Takes ENTRY out; nothing happens if it is in no table. */
void table_remove(struct table *table, struct table_entry *entry);

/* The owner of an entry with KEY, or NULL. */
void *table_find(const struct table *table, uint64_t key);

/* The next entry with KEY after AFTER (NULL: the first), or NULL. */
struct table_entry *table_next(const struct table *table, uint64_t key, const struct table_entry *after);

/* Frees the slots; the entries are their owners'. */
void table_free(struct table *table);

/* A key for a name, the same for all spellings of its letters' case (FNV-1a). */
uint64_t table_name_key(const char *name);

#endif
