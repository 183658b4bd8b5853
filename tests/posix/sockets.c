/* Sockets of a program that talks to itself: TCP and UDP, both families, blocking or not, options, and what
 * is refused. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void show(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static int listener_open(int port, int backlog)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    show("bind", bind(fd, (struct sockaddr *)&any, sizeof any));
    show("listen", listen(fd, backlog));
    return fd;
}

static void *server(void *argument)
{
    static char block[4096];
    int listener = *(int *)argument;

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in6 peer;
        socklen_t size = sizeof peer;
        char name[64];
        int fd = accept(listener, (struct sockaddr *)&peer, &size);
        printf("accepted from %s\n", inet_ntop(AF_INET6, &peer.sin6_addr, name, sizeof name));
        ssize_t n;
        while ((n = read(fd, block, sizeof block)) > 0)
            write(fd, block, (size_t)n);
        close(fd);
    }
    return NULL;
}

static char big[300000];

static void *big_writer(void *argument)
{
    show("sent", send(*(int *)argument, big, sizeof big, 0));
    show("shutdown", shutdown(*(int *)argument, SHUT_WR));
    return NULL;
}

static void client(int family, const char *address, int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(family, SOCK_STREAM, 0);
    static char back[sizeof big];
    pthread_t thread;

    inet_pton(family, address, family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
    show("connect", family == AF_INET ? connect(fd, (struct sockaddr *)&in, sizeof in)
                                      : connect(fd, (struct sockaddr *)&in6, sizeof in6));
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 251);
    pthread_create(&thread, NULL, big_writer, &fd);
    show("received", recv(fd, back, sizeof back, MSG_WAITALL));
    pthread_join(thread, NULL);
    printf("same %d\n", memcmp(big, back, sizeof big) == 0);
    show("end", read(fd, back, 1));
    close(fd);
}

static void refusals(void)
{
    struct sockaddr_in nowhere = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval soon = {.tv_usec = 20000};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    char byte;

    show("connect", connect(fd, (struct sockaddr *)&nowhere, sizeof nowhere));
    show("reuseport", setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    show("nonblocking", connect(fd, (struct sockaddr *)&nowhere, sizeof nowhere));
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    poll(&polled, 1, 1000);
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    printf("then %s\n", strerror(error));
    close(fd);
    show("raw", socket(AF_INET, SOCK_RAW, 1));
    show("unix", socket(AF_UNIX, SOCK_STREAM, 0));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    show("timeout", recv(fd, &byte, 1, 0));
    show("listen", listen(fd, 1));
    close(fd);
}

static void options(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
    socklen_t size = sizeof value;

    show("nodelay", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    show("keepalive", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value));
    value = 30;
    show("idle", setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof value));
    value = 0;
    getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size);
    printf("idle %d ", value);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size);
    printf("type %d\n", value);
    close(fd);
}

static void datagrams(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons(5000),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
                       from;
    socklen_t size = sizeof from;
    int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
    char text[10] = "";

    show("bind", bind(one, (struct sockaddr *)&here, sizeof here));
    show("sendto", sendto(two, "first", 5, 0, (struct sockaddr *)&here, sizeof here));
    show("sendto", sendto(two, "second", 6, 0, (struct sockaddr *)&here, sizeof here));
    show("peek", recv(one, text, sizeof text, MSG_PEEK));
    show("recvfrom", recvfrom(one, text, 2, 0, (struct sockaddr *)&from, &size));
    printf("%.5s from %s\n", text, inet_ntoa(from.sin_addr));
    sendto(one, "answer", 6, 0, (struct sockaddr *)&from, size);
    show("recv", recv(one, text, sizeof text, 0));
    show("recv", recv(two, text, sizeof text, 0));
    close(one);
    close(two);
}

int main(void)
{
    int listener = listener_open(80, 2);
    pthread_t thread;
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};

    pthread_create(&thread, NULL, server, &listener);
    client(AF_INET, "127.0.0.1", 80);
    client(AF_INET6, "::1", 80);
    pthread_join(thread, NULL);
    close(listener);
    refusals();
    options();
    datagrams();
    show("getaddrinfo", getaddrinfo("192.0.2.7", "80", &hints, &found));
    printf("%s\n", inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    return 0;
}
