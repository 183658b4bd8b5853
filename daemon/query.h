/* query.h: what exists, told. Each answers the connection about what is at or below its name. */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include <stdint.h>

#include "scope.h"
#include "wire_types.h"

struct connection;

/* Albatross's: names relative to the path that was asked about, no failure for an empty list. */
void query_info(struct connection *connection);
void query_info_v4(struct connection *connection);
void query_info_v5(struct connection *connection);
void query_policies(struct connection *connection);
void query_consoles(struct connection *connection);                /* those without a running unikernel */
void query_image_of(struct connection *connection, int64_t level); /* `get`; always sent uncompressed */

/* The path of a policy: "web" and "web:" mean the same one (section 5). */
void query_policy_path(const char *name, char path[static SCOPE_NAME_SIZE + 1]);

/* Ours. */
void query_list(struct connection *connection);
void query_images(struct connection *connection);
void query_image(struct connection *connection, struct wire_bytes digest);
void query_host(struct connection *connection);

#endif
