/*
 * lwipopts.h: which parts of lwIP a unikernel has, and how much memory they may use.
 *
 * Nothing is set aside: every control block and buffer comes from the heap when it is needed, so that an
 * idle unikernel has touched almost none, and a busy one is bounded by its memory alone. The options are
 * documented in lwip/opt.h; a reason stands here only where the choice is not obvious.
 */
#ifndef LIBOS_NET_LWIPOPTS_H
#define LIBOS_NET_LWIPOPTS_H

/* One thread, no operating system below, the raw interface only. */
#define NO_SYS                    1
#define SYS_LIGHTWEIGHT_PROT      0
#define LWIP_NETCONN              0
#define LWIP_SOCKET               0
#define LWIP_STATS                0
#define LWIP_SINGLE_NETIF         0
#define LWIP_NETIF_LOOPBACK       1
#define LWIP_HAVE_LOOPIF          1
#define LWIP_LOOPBACK_MAX_PBUFS   64 /* a program that talks to itself waits, and does not fill its memory */
#define SO_REUSE                  1
#define LWIP_NETIF_HOSTNAME       1
#define LWIP_NETIF_TX_SINGLE_PBUF 0

/* Timers are net/timers.c's: an idle stack must not wake its host ten times a second. */
#define LWIP_TIMERS        1
#define LWIP_TIMERS_CUSTOM 1

/* Memory: the C library's allocator. */
#define MEM_LIBC_MALLOC   1
#define MEMP_MEM_MALLOC   1
#define MEM_ALIGNMENT     8
#define PBUF_POOL_BUFSIZE 1536

/* Protocols. */
#define LWIP_IPV4                      1
#define LWIP_IPV6                      1
#define LWIP_ICMP                      1
#define LWIP_DHCP                      1
#define LWIP_DNS                       1
#define LWIP_UDP                       1
#define LWIP_RAW                       0
#define LWIP_IPV6_MLD                  1
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT  1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 1
#define DNS_MAX_SERVERS                2
#define DNS_TABLE_SIZE                 4
#define DHCP_DOES_ARP_CHECK            0 /* the host's switch knows who has which address; the check costs a second */
#define LWIP_DHCP_MAX_DNS_SERVERS      2
#define IP_REASS_MAX_PBUFS             24
#define ARP_TABLE_SIZE                 16
#define IPV6_FRAG_COPYHEADER           1 /* what lwIP keeps of a fragment is larger than its header on 64 bits */
#define ARP_QUEUEING                   0

/*
 * TCP. The segment size is that of the largest network; what is used follows the device's MTU. A
 * receiver is granted 60 KiB, because that is what a hostile peer can make a connection hold, and because
 * a chain of buffers counts its bytes in 16 bits; a sender
 * may have 128 KiB in flight, most of it never copied.
 */
#define LWIP_TCP                   1
#define TCP_MSS                    8960
#define TCP_CALCULATE_EFF_SEND_MSS 1
#define LWIP_WND_SCALE             1
#define TCP_RCV_SCALE              1
#define TCP_WND                    (60 * 1024)
#define TCP_SND_BUF                (128 * 1024)
#define TCP_SND_QUEUELEN           384
#define MEMP_NUM_TCP_SEG           TCP_SND_QUEUELEN /* only its relation to the line above is checked */
#define TCP_WND_UPDATE_THRESHOLD   (TCP_WND / 4)
#define TCP_SNDLOWAT               (24 * 1024)
#define TCP_OVERSIZE               0 /* no spare room behind small writes: a page touched for nothing */
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 255
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define TCP_OOSEQ_MAX_PBUFS        64
#define LWIP_TCP_KEEPALIVE         1
#define TCP_MSL                    15000UL /* ms; half of this is enough on the networks of one host */

/* RFC 6056 for ports, RFC 6528's purpose for sequence numbers: a peer that sees neither cannot guess them. */
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS                              1
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) net_random()

/* The link's state is known; its changes are not reported. */
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_LINK_CALLBACK   0

#endif
