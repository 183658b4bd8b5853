/* connection.h: the server's connections: accepting them, and what each one may cost. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

/* Listens on PORT of every address; with LOG, each answer is a line on the console. false: no memory, or
 * the port is taken. */
bool connection_listen(uint16_t port, bool log);

#endif
