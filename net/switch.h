/* switch.h: what becomes of a frame that a guest sent: another port's, the switch's own, outside's, or
 * nobody's. */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include "net/port.h"

/*
 * Takes one frame of SIZE bytes from PORT's guest. Frames with another's addresses in them are dropped
 * and counted. FRAME must stay as it is until port_flush().
 */
void switch_input(struct port *port, const uint8_t *frame, size_t size);

/* Sends PACKET to every port but its own, as far as PORT's allowance of floods goes. */
void switch_flood(struct port *port, const struct packet *packet);

/* Counts a frame of PORT that goes nowhere. */
static inline void switch_drop(struct port *port)
{
    port->dropped++;
}

#endif
