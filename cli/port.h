/* port.h: a published port as the command line writes it: [DEV@][ADDR:]HOST:GUEST[/udp]. */
#ifndef CLI_PORT_H
#define CLI_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "bivy/abi/manifest.h"

struct error;

#define PORT_ADDRESS_SIZE 46 /* an IPv6 address in text with its NUL */

struct port_spec {
    char device[MFT_NAME_SIZE];      /* "": the image's first network device */
    char address[PORT_ADDRESS_SIZE]; /* numeric, IPv4 or IPv6 without brackets; 127.0.0.1 if none was given */
    uint16_t host;                   /* 0: a free one */
    uint16_t guest;                  /* 1..65535 */
    bool udp;
};

/* Parses TEXT; 0, or -EINVAL with ERR quoting it. */
int port_parse(const char *text, struct port_spec *port, struct error *err);

/*
 * Opens the host's side: a listening TCP socket, or a bound UDP one; close-on-exec, non-blocking. Stores the
 * real port number in PORT->host. Returns the descriptor, or -errno with ERR.
 */
int port_open(struct port_spec *port, struct error *err);

/* "127.0.0.1:80" or "[::1]:80" into TEXT. */
void port_print_host(const struct port_spec *port, char text[static PORT_ADDRESS_SIZE + 8]);

#endif
