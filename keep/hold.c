/* hold.c: descriptors by name; see hold.h. */
#define _GNU_SOURCE
#include "hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/fd.h"
#include "protocol.h"

struct hold {
    struct hold *next;
    int fd;
    char name[KEEP_NAME_SIZE];
};

static struct hold **hold_find(struct hold **list, const char *name)
{
    while (*list != NULL && strcmp((*list)->name, name) != 0)
        list = &(*list)->next;
    return list;
}

int hold_put(struct hold **list, const char *name, int fd)
{
    hold_drop(list, name);
    struct hold *held = calloc(1, sizeof *held);
    if (held == NULL) {
        fd_close(&fd);
        return -ENOMEM;
    }
    held->fd = fd;
    strncpy(held->name, name, sizeof held->name - 1);
    held->next = *list;
    *list = held;
    return 0;
}

int hold_get(const struct hold *list, const char *name)
{
    while (list != NULL && strcmp(list->name, name) != 0)
        list = list->next;
    return list == NULL ? -1 : list->fd;
}

int hold_drop(struct hold **list, const char *name)
{
    struct hold **slot = hold_find(list, name);
    struct hold *held = *slot;
    if (held == NULL)
        return -ENOENT;
    *slot = held->next;
    fd_close(&held->fd);
    free(held);
    return 0;
}
