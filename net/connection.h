/*
 * connection.h: one TCP client from outside, relayed to the guest by a TCP endpoint of the switch's own.
 *
 * Both ways have back-pressure: bytes are read from the client only as far as the guest's connection takes
 * them, and the guest's window opens only when the client has taken its bytes. Half-closing passes through.
 */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/listener.h"

/*
 * Relays CLIENT, a non-blocking socket that becomes the connection's, to LISTENER's guest. A guest that
 * does not answer yet is asked again for ten seconds; after that, or when it refuses, the client is reset.
 */
void connection_open(struct listener *listener, int client);

/* The same for the parent itself, at most once and without a listener: see NET_OP_CONNECT. */
void connection_open_to(struct port *port, uint16_t guest_port, int client);

/* Resets the connections of PORT that came through LISTENER (NULL: all). */
void connection_close_all(struct port *port, const struct listener *listener);

/* Goes on with what waited for the port's first frame, or for room in its socket. */
void connection_port_ready(struct port *port);

#endif
