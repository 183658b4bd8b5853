/*
 * udp.h: datagrams from outside: each client is one of the gateway's ports for the guest, for as long as
 * one of the two says something within a minute.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/listener.h"

/* A loop_function: LISTENER, the context, has datagrams. */
void udp_receive(void *listener, uint32_t events);

/* Forgets LISTENER's clients. */
void udp_close_all(struct listener *listener);

#endif
