/* table.c: see table.h. Slots double when there are as many entries as slots. */
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define TABLE_FIRST_SIZE 16

static size_t slot_of(const struct table *table, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (table->size - 1);
}

static void place(struct table *table, struct table_entry *entry)
{
    struct table_entry **slot = &table->slots[slot_of(table, entry->key)];
    entry->next = *slot;
    *slot = entry;
}

static int grow(struct table *table)
{
    struct table old = *table;
    size_t size = old.size > 0 ? old.size * 2 : TABLE_FIRST_SIZE;
    struct table_entry **slots = calloc(size, sizeof(struct table_entry *));
    if (slots == NULL)
        return -ENOMEM;
    table->slots = slots;
    table->size = size;
    for (size_t i = 0; i < old.size; i++) {
        while (old.slots[i] != NULL) {
            struct table_entry *entry = old.slots[i];
            old.slots[i] = entry->next;
            place(table, entry);
        }
    }
    free(old.slots);
    return 0;
}

int table_add(struct table *table, struct table_entry *entry, uint64_t key, void *owner)
{
    if (table->count == table->size && grow(table) < 0)
        return -ENOMEM;
    *entry = (struct table_entry){.key = key, .owner = owner};
    place(table, entry);
    table->count++;
    return 0;
}

void table_remove(struct table *table, struct table_entry *entry)
{
    if (entry->owner == NULL)
        return;
    struct table_entry **slot = &table->slots[slot_of(table, entry->key)];
    while (*slot != entry)
        slot = &(*slot)->next;
    *slot = entry->next;
    entry->owner = NULL;
    table->count--;
}

struct table_entry *table_next(const struct table *table, uint64_t key, const struct table_entry *after)
{
    if (table->size == 0)
        return NULL;
    struct table_entry *entry = after != NULL ? after->next : table->slots[slot_of(table, key)];
    while (entry != NULL && entry->key != key)
        entry = entry->next;
    return entry;
}

void *table_find(const struct table *table, uint64_t key)
{
    const struct table_entry *entry = table_next(table, key, NULL);
    return entry != NULL ? entry->owner : NULL;
}

void table_free(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

uint64_t table_name_key(const char *name)
{
    uint64_t key = 0xcbf29ce484222325u;
    for (; *name != '\0'; name++)
        key = (key ^ (uint64_t)tolower((unsigned char)*name)) * 0x100000001b3u;
    return key;
}
