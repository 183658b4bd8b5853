/* announce.h: RUN/web.json, by which others find a running server: {"url","setup_code"|null,"pid"}. */
#ifndef WEB_SERVER_ANNOUNCE_H
#define WEB_SERVER_ANNOUNCE_H

struct error;
struct server;

/* Writes the file (0600) in one step; 0 or -errno. */
int announce_write(struct server *server, struct error *err);

/* Removes the file, if this server wrote it. */
void announce_remove(struct server *server);

#endif
