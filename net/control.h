/* control.h: the parent's requests (bivy/net_control.h), carried out one at a time and answered in order. */
#ifndef NET_CONTROL_H
#define NET_CONTROL_H

#include "net/net.h"

struct control;

/*
 * Serves requests from SOCKET, which becomes the control's, until its other end is closed: then the loop
 * of NET is stopped. NULL and ERR after a failure.
 */
struct control *control_open(struct net *net, int socket, struct error *err);
void control_close(struct control *control);

/*
 * Carries out REQUEST with the COUNT descriptors FDS that came with it, all of which are taken, and fills
 * REPLY.
 */
void control_answer(struct net *net, const struct net_request *request, int *fds, size_t count,
                    struct net_reply *reply);

#endif
