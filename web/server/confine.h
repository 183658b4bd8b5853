/* confine.h: what the server gives up before it answers anybody. */
#ifndef WEB_SERVER_CONFINE_H
#define WEB_SERVER_CONFINE_H

struct error;
struct server;

/*
 * No new privileges, no capabilities, no core dump (it would hold passwords), bounded descriptors, no files
 * but those of its run and state directories (landlock.h). 0 or -errno.
 */
int confine(struct server *server, struct error *err);

#endif
