/* inet_option.c: the options of sockets, in tables. */
#include "libos/kernel/say.h"
#include "libos/posix/clock.h"
#include "libos/posix/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

/* Options of TCP as the C library numbers them; its header and lwIP's do not go together. */
#define OPTION_NODELAY   1
#define OPTION_MAXSEG    2
#define OPTION_KEEPIDLE  4
#define OPTION_KEEPINTVL 5
#define OPTION_KEEPCNT   6

static const struct {
    int name;
    uint8_t bit;
} bits[] = {{SO_REUSEADDR, SOF_REUSEADDR}, {SO_KEEPALIVE, SOF_KEEPALIVE}, {SO_BROADCAST, SOF_BROADCAST}};

static int bit_of(int name)
{
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (bits[i].name == name)
            return bits[i].bit;
    }
    return 0;
}

static int int_read(const void *value, socklen_t size, int *result)
{
    if (size < sizeof *result)
        return -EINVAL;
    memcpy(result, value, sizeof *result);
    return 0;
}

static int int_write(int result, void *value, socklen_t *size)
{
    if (*size > sizeof result)
        *size = sizeof result;
    memcpy(value, &result, *size);
    return 0;
}

static int timeout_read(const void *value, socklen_t size, solo5_time_t *timeout)
{
    struct timespec time;
    struct timeval given;

    if (size < sizeof given)
        return -EINVAL;
    memcpy(&given, value, sizeof given);
    time = (struct timespec){given.tv_sec, given.tv_usec * 1000};
    if (clock_duration(&time, timeout) < 0)
        return -EDOM;
    if (*timeout == 0)
        *timeout = SCHED_NEVER;
    return 0;
}

static int timeout_write(solo5_time_t timeout, void *value, socklen_t *size)
{
    struct timespec time = clock_timespec(timeout == SCHED_NEVER ? 0 : timeout);
    struct timeval result = {time.tv_sec, time.tv_nsec / 1000};

    if (*size > sizeof result)
        *size = sizeof result;
    memcpy(value, &result, *size);
    return 0;
}

/* There is one processor, and one thread at a time: two listeners on a port would only take turns. */
static int refuse_reuseport(void)
{
    static bool said;

    if (!said)
        say("net: SO_REUSEPORT is refused: a unikernel has one processor; let one socket listen\n");
    said = true;
    return -ENOPROTOOPT;
}

int inet_set_option(struct inet_socket *socket, uint8_t *options, int level, int name, const void *value,
                    socklen_t size)
{
    int number, bit;

    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && socket->family == AF_INET6) {
        if (int_read(value, size, &number) < 0)
            return -EINVAL;
        socket->only_v6 = number != 0;
        return 0;
    }
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (name == SO_REUSEPORT)
        return refuse_reuseport();
    if (name == SO_RCVTIMEO)
        return timeout_read(value, size, &socket->receive_timeout);
    if (name == SO_SNDTIMEO)
        return timeout_read(value, size, &socket->send_timeout);
    if (int_read(value, size, &number) < 0)
        return -EINVAL;
    /* The sizes of the buffers are what they are; asking for others is not an error anywhere. */
    if (name == SO_SNDBUF || name == SO_RCVBUF)
        return 0;
    bit = bit_of(name);
    if (!bit || !options)
        return -ENOPROTOOPT;
    *options = (uint8_t)(number ? *options | bit : *options & ~bit);
    return 0;
}

int inet_get_option(struct inet_socket *socket, const uint8_t *options, int level, int name, void *value,
                    socklen_t *size)
{
    int error = socket->error;

    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && socket->family == AF_INET6)
        return int_write(socket->only_v6, value, size);
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (name) {
    case SO_ERROR:
        socket->error = 0;
        return int_write(error, value, size);
    case SO_TYPE:
        return int_write(SOCK_DGRAM, value, size);
    case SO_DOMAIN:
        return int_write(socket->family, value, size);
    case SO_SNDBUF:
        return int_write(TCP_SND_BUF, value, size);
    case SO_RCVBUF:
        return int_write(TCP_WND, value, size);
    case SO_RCVTIMEO:
        return timeout_write(socket->receive_timeout, value, size);
    case SO_SNDTIMEO:
        return timeout_write(socket->send_timeout, value, size);
    default:
        return bit_of(name) ? int_write(options && (*options & bit_of(name)), value, size) : -ENOPROTOOPT;
    }
}

solo5_time_t inet_timeout(struct file *file, bool sending)
{
    const struct inet_socket *socket = (const struct inet_socket *)file;

    return sending ? socket->send_timeout : socket->receive_timeout;
}

static int set_tcp_option(struct tcp_pcb *pcb, int name, int number)
{
    if (name != OPTION_NODELAY && number <= 0)
        return -EINVAL;
    switch (name) {
    case OPTION_NODELAY:
        if (number)
            tcp_nagle_disable(pcb);
        else
            tcp_nagle_enable(pcb);
        return 0;
    case OPTION_KEEPIDLE:
        pcb->keep_idle = (u32_t)number * 1000;
        return 0;
    case OPTION_KEEPINTVL:
        pcb->keep_intvl = (u32_t)number * 1000;
        return 0;
    case OPTION_KEEPCNT:
        pcb->keep_cnt = (u32_t)number;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_linger(struct tcp_socket *socket, const void *value, socklen_t size)
{
    struct linger linger;

    if (size < sizeof linger)
        return -EINVAL;
    memcpy(&linger, value, sizeof linger);
    socket->reset_on_close = linger.l_onoff && linger.l_linger == 0;
    return 0;
}

int tcp_socket_set_option(struct file *file, int level, int name, const void *value, socklen_t size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    int number;

    if (level == SOL_SOCKET && name == SO_LINGER)
        return set_linger(socket, value, size);
    if (level != IPPROTO_TCP)
        return inet_set_option(&socket->base, socket->pcb ? &socket->pcb->so_options : NULL, level, name,
                               value, size);
    if (int_read(value, size, &number) < 0)
        return -EINVAL;
    /* One that listens has no such options, and who sets them there means its connections. */
    if (!socket->pcb || socket->state == TCP_LISTENING)
        return name == OPTION_NODELAY ? 0 : -EINVAL;
    return set_tcp_option(socket->pcb, name, number);
}

int tcp_socket_get_option(struct file *file, int level, int name, void *value, socklen_t *size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    bool block = socket->pcb && socket->state != TCP_LISTENING;

    if (level == SOL_SOCKET && name == SO_TYPE)
        return int_write(SOCK_STREAM, value, size);
    if (level == SOL_SOCKET && name == SO_ACCEPTCONN)
        return int_write(socket->state == TCP_LISTENING, value, size);
    if (level != IPPROTO_TCP)
        return inet_get_option(&socket->base, socket->pcb ? &socket->pcb->so_options : NULL, level, name,
                               value, size);
    switch (name) {
    case OPTION_NODELAY:
        return int_write(block && tcp_nagle_disabled(socket->pcb), value, size);
    case OPTION_MAXSEG:
        return int_write(block ? tcp_mss(socket->pcb) : TCP_MSS, value, size);
    case OPTION_KEEPIDLE:
        return int_write(block ? (int)(socket->pcb->keep_idle / 1000) : 7200, value, size);
    default:
        return -ENOPROTOOPT;
    }
}
