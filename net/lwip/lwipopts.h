/*
 * lwipopts.h: lwIP as the gateway's own TCP/IP stack.
 *
 * It ends the connections that come from outside to a guest, answers the gateway's echo requests and
 * carries DNS. Memory is malloc's: what a guest can make it hold is bounded per connection below and in
 * the number of connections by listener.c.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS          0 /* stack.c calls them from the process's loop */
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_STATS           0
#define LWIP_RAW             0
#define LWIP_DHCP            0
#define LWIP_IGMP            0

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT   8

/* The switch knows every neighbour: no address resolution of lwIP's own. */
#define LWIP_ARP                      0
#define LWIP_ETHERNET                 0
#define LWIP_IPV4                     1
#define LWIP_IPV6                     1
#define LWIP_IPV6_MLD                 0
#define LWIP_IPV6_SCOPES              0
#define LWIP_IPV6_AUTOCONFIG          0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_NUM_ADDRESSES       3
#define LWIP_IPV6_FORWARD             0
#define IP_FORWARD                    0

#define IP_REASSEMBLY      1
#define IP_FRAG            1
#define LWIP_IPV6_REASS    1
#define LWIP_IPV6_FRAG     1
#define IP_REASS_MAX_PBUFS 64 /* fragments held, of all guests together */
#define IP_REASS_MAXAGE    3  /* seconds */
#define IPV6_REASS_MAXAGE  3
/* Pointers are larger than the header in which lwIP would keep them otherwise. */
#define IPV6_FRAG_COPYHEADER 1
#define MEMP_NUM_REASSDATA   16
#define LWIP_BROADCAST_PING  0
#define LWIP_MULTICAST_PING  0

/* The longest MSS; a connection's own follows from the network's MTU. */
#define TCP_MSS             8960
#define LWIP_WND_SCALE      1
#define TCP_RCV_SCALE       3
#define TCP_WND             (256 * 1024)
#define TCP_SND_BUF         (256 * 1024)
#define TCP_SND_QUEUELEN    1024
#define TCP_SNDLOWAT        16384
#define TCP_OOSEQ_MAX_BYTES TCP_WND
#define TCP_OOSEQ_MAX_PBUFS 256
#define LWIP_TCP_SACK_OUT   1

/*
 * Guest and switch share a machine: a round trip takes microseconds, so timers that suit the internet
 * would only turn a lost frame into a pause.
 */
#define TCP_TMR_INTERVAL      50   /* ms */
#define LWIP_TCP_RTO_TIME     200  /* ms */
#define TCP_MSL               1000 /* ms */
#define TCP_FIN_WAIT_TIMEOUT  20000
#define LWIP_CHECKSUM_ON_COPY 1

#endif
