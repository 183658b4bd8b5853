/*
 * net.h: TCP/IP in a unikernel: bringing the network up, and the loop that drives it.
 *
 * The protocols are lwIP's, used through its raw interface (lwip/tcp.h, lwip/udp.h): callbacks, called
 * from within net_run() and nowhere else. Addresses come from the boot arguments (bivy/boot.h): --ipv4,
 * --ipv4-gateway, --ipv6, --dns; without --ipv4 from DHCP, and IPv6 from router advertisements always.
 */
#ifndef BIVY_NET_H
#define BIVY_NET_H

#include <solo5.h>
#include <stdbool.h>

#define NET_ADDRESS_SIZE 48 /* bytes of an address as text, NUL included */

/*
 * Opens the network device NAME of the manifest and starts to configure it; once for each. EINVAL: no such
 * device, or a boot argument is not an address (the console says which); EUNSPEC: no memory.
 */
solo5_result_t net_start(const char *name);

/* Starts every network device of the manifest, and the way back to oneself (127.0.0.1), which is there
 * without any. The boot arguments are the first device's, the others are configured by DHCP. Results as of
 * net_start(). */
solo5_result_t net_start_all(void);

/* Whether the first device has an IPv4 address, given or leased. */
bool net_ready(void);

/*
 * Runs the network until net_ready(), TIMEOUT_NS nanoseconds at most. Returns net_ready().
 */
bool net_wait(solo5_time_t timeout_ns);

/*
 * One step of the loop: sleeps until a frame arrives, a timer of a protocol is due or the monotonic
 * clock reaches DEADLINE (UINT64_MAX: never), then does what there is to do, callbacks included, and
 * returns. If a device is gone, the unikernel ends with status 1: nobody could reach it any more.
 */
void net_run(solo5_time_t deadline);

/* The first device's IPv4 address as text, "0.0.0.0" while it has none; returns TEXT. */
const char *net_address(char text[static NET_ADDRESS_SIZE]);

#endif
