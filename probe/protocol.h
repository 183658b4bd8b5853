/*
 * protocol.h: how bivyd and bivy-probe understand each other.
 *
 * The probe reads what a guest wrote, so the daemon takes two small numbers from it and no text: what people
 * read is worded by the daemon.
 */
#ifndef PROBE_PROTOCOL_H
#define PROBE_PROTOCOL_H

#include <stdint.h>

/* Descriptors of bivy-probe. 1: where the reply goes. */
#define PROBE_FD_GUEST 3 /* the connection to the guest: from NET_OP_CONNECT, or TCP that is being made */

#define PROBE_PATH_MAX 1024 /* bytes of the path that is asked for */

enum probe_verdict {
    PROBE_PASSING = 1,
    PROBE_NO_CONNECTION, /* nobody listens, or the network ended it */
    PROBE_NO_ANSWER,     /* it ended before the first line was complete */
    PROBE_NO_HTTP,       /* the first line is none of HTTP */
    PROBE_STATUS         /* `status` says that it does not work */
};

struct probe_reply {
    uint32_t verdict; /* enum probe_verdict */
    uint32_t status;  /* of HTTP, 100..599; 0: none was seen */
};

#endif
