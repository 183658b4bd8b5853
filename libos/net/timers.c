/*
 * timers.c: lwIP's periodic work, called only while somebody waits for it.
 *
 * lwIP's own timers wake up to ten times a second for ever. On a host with thousands of idle unikernels
 * that is all that would ever happen. Here a timer is "pending" only while its protocol waits for
 * something (a retransmission, an answer, a report that is due) or soon after traffic; those that only
 * age tables are made up for at the next wake-up. An idle unikernel wakes once a minute.
 */
#include "libos/net/timers.h"

#include <bivy/net.h>
#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/dhcp.h>
#include <lwip/timeouts.h>

#define AWAKE_MS   15000u /* after traffic: the longest that a table waits for an answer */
#define AT_MOST_MS 60000u /* between two calls */
#define CATCH_UP   120u   /* periods that are made up for after a long sleep */

static uint64_t active_until_ms;
static uint64_t now;

static bool recently_active(void)
{
    return now < active_until_ms;
}

static bool tcp_pending(void)
{
    return tcp_active_pcbs || tcp_tw_pcbs;
}

static bool dhcp_pending(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        struct dhcp *dhcp = netif_dhcp_data(netif);
        if (dhcp && dhcp->state != DHCP_STATE_OFF && dhcp->state != DHCP_STATE_BOUND)
            return true;
    }
    return false;
}

static bool mld_pending(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        for (struct mld_group *group = netif_mld6_data(netif); group; group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

static bool always(void)
{
    return true;
}

static const struct timer {
    void (*run)(void);
    bool (*pending)(void);
    uint32_t interval_ms;
    uint32_t catch_up; /* calls at most in a row */
} timers[] = {
    {tcp_tmr, tcp_pending, TCP_TMR_INTERVAL, 1},
    {etharp_tmr, recently_active, ARP_TMR_INTERVAL, CATCH_UP},
    {ip_reass_tmr, recently_active, IP_TMR_INTERVAL, CATCH_UP},
    {dhcp_fine_tmr, dhcp_pending, DHCP_FINE_TIMER_MSECS, 1},
    {dhcp_coarse_tmr, always, DHCP_COARSE_TIMER_MSECS, 1},
    {dns_tmr, recently_active, DNS_TMR_INTERVAL, CATCH_UP},
    {nd6_tmr, recently_active, ND6_TMR_INTERVAL, CATCH_UP},
    {ip6_reass_tmr, recently_active, IP6_REASS_TMR_INTERVAL, CATCH_UP},
    {mld6_tmr, mld_pending, MLD6_TMR_INTERVAL, 1},
};
#define TIMERS (sizeof timers / sizeof *timers)

static uint64_t due_ms[TIMERS];

void timers_open(uint64_t now_ms)
{
    for (size_t i = 0; i < TIMERS; i++)
        due_ms[i] = now_ms + timers[i].interval_ms;
    timers_activity(now_ms);
}

void timers_activity(uint64_t now_ms)
{
    now = now_ms;
    active_until_ms = now_ms + AWAKE_MS;
}

void timers_run(uint64_t now_ms)
{
    now = now_ms;
    for (size_t i = 0; i < TIMERS; i++) {
        uint64_t periods;
        if (now < due_ms[i])
            continue;
        periods = 1 + (now - due_ms[i]) / timers[i].interval_ms;
        due_ms[i] = now + timers[i].interval_ms;
        for (uint64_t n = 0; n < periods && n < timers[i].catch_up; n++)
            timers[i].run();
    }
}

uint64_t timers_next(void)
{
    uint64_t next = now + AT_MOST_MS;

    for (size_t i = 0; i < TIMERS; i++) {
        if (due_ms[i] < next && timers[i].pending())
            next = due_ms[i];
    }
    return next;
}

/* What lwIP calls: the loop asks timers_next() before it sleeps, so there is nothing to prepare. */
void tcp_timer_needed(void)
{
}

void sys_timeouts_init(void)
{
}
