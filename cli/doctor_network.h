/* doctor_network.h: which kinds of network this user may attach unikernels to. */
#ifndef CLI_DOCTOR_NETWORK_H
#define CLI_DOCTOR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

/* Says in FOUND which kinds there are and why not the others, in FIX what to do. Whether all are there. */
bool doctor_network(char *found, size_t found_size, char *fix, size_t fix_size);

#endif
