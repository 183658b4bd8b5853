/* networks_table.h: the list of definitions, for networks.c and networks_request.c alone. */
#ifndef DAEMON_NETWORKS_TABLE_H
#define DAEMON_NETWORKS_TABLE_H

#include "networks.h"

/* By full name, or NULL. */
struct network_entry *networks_find(const struct daemon *daemon, const char *name);

/* The definition that NETWORK means for the unikernel NAME, or NULL. */
const struct network_entry *networks_entry_for(const struct daemon *daemon, const char *name,
                                               struct wire_bytes network);

/* Takes OWNED, also after a failure. 0 or -ENOMEM. */
int networks_insert(struct daemon *daemon, const char *name, struct owned *owned);
void networks_forget(struct daemon *daemon, struct network_entry *entry);

const struct wire_network_create *networks_config(const struct network_entry *entry);

/* The addresses that a definition, which has been checked, gives out; false: none. */
bool networks_range(const struct wire_network_create *config, struct lease_range *range);

/* Makes the bridge that a definition owns, or gives it its address. */
int networks_make_bridge(const struct wire_network_create *config, struct error *err);

/* BYTES as a text, cut to SIZE. */
void networks_text(struct wire_bytes bytes, char *text, size_t size);

#endif
