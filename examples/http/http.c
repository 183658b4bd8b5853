/*
 * http.c: a web server for the files of root/.
 *
 * Argument: --port=N (80). With --log=info (bivy/boot.h) there is a line for each answer. The network is
 * configured by the library OS (bivy/net.h).
 */
#include "connection.h"

#include <bivy/boot.h>
#include <bivy/files.h>
#include <bivy/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_WAIT_NS UINT64_C(30000000000)

struct options {
    uint16_t port;
    bool log;
};

static bool options_read(struct options *options, int argc, char **argv)
{
    const char *level = boot_option(BOOT_LOG);

    *options = (struct options){.port = 80,
                                .log = level && (strcmp(level, "info") == 0 || strcmp(level, "debug") == 0)};
    for (int i = 1; i < argc; i++) {
        char *end = argv[i];
        unsigned long port = strncmp(argv[i], "--port=", 7) == 0 ? strtoul(argv[i] + 7, &end, 10) : 0;
        if (port > 0 && port <= UINT16_MAX && !*end) {
            options->port = (uint16_t)port;
        } else {
            printf("http: %s: unknown argument; there is --port=N\n", argv[i]);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    char address[NET_ADDRESS_SIZE];
    struct options options;

    if (!options_read(&options, argc, argv))
        return EXIT_FAILURE;
    if (net_start("service") != SOLO5_R_OK) {
        printf("http: the network device 'service' could not be started\n");
        return EXIT_FAILURE;
    }
    while (!net_wait(ADDRESS_WAIT_NS))
        printf("http: no address yet: no DHCP server answers, and there is no --ipv4\n");
    if (!connection_listen(options.port, options.log)) {
        printf("http: port %u: could not listen\n", options.port);
        return EXIT_FAILURE;
    }
    printf("http: listening on %s port %u, %zu files\n", net_address(address), options.port, files_count());
    for (;;)
        net_run(UINT64_MAX);
}
