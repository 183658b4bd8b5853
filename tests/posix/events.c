/* Waiting: pipes, pairs, counters and timers through poll, select and epoll, alone and between threads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int fds[2];

static void *writer(void *argument)
{
    static char block[100000];

    (void)argument;
    memset(block, 'x', sizeof block);
    printf("wrote %zd\n", write(fds[1], block, sizeof block));
    close(fds[1]);
    return NULL;
}

static void pipes(void)
{
    pthread_t thread;
    char block[3000];
    ssize_t n, total = 0;

    pipe(fds);
    pthread_create(&thread, NULL, writer, NULL);
    while ((n = read(fds[0], block, sizeof block)) > 0)
        total += n;
    pthread_join(thread, NULL);
    printf("read %zd, then %zd\n", total, n);
    close(fds[0]);
    pipe2(fds, O_NONBLOCK);
    n = read(fds[0], block, 1);
    printf("empty %s\n", n < 0 ? strerror(errno) : "?");
    close(fds[0]);
    n = write(fds[1], block, 1);
    printf("no reader %s\n", n < 0 ? strerror(errno) : "?");
    close(fds[1]);
}

static void pairs(void)
{
    char text[10] = "";

    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    send(fds[0], "ping", 4, 0);
    recv(fds[1], text, sizeof text, 0);
    printf("pair %s ", text);
    struct pollfd polled[2] = {{.fd = fds[0], .events = POLLIN | POLLOUT}, {.fd = fds[1], .events = POLLIN}};
    int ready = poll(polled, 2, 0);
    printf("poll %d %x %x ", ready, (unsigned)polled[0].revents, (unsigned)polled[1].revents);
    shutdown(fds[0], SHUT_WR);
    printf("end %zd ", read(fds[1], text, 1));
    write(fds[1], "back", 4);
    printf("%zd\n", read(fds[0], text, sizeof text));
    close(fds[0]);
    close(fds[1]);
}

static void *poster(void *argument)
{
    usleep(5000);
    uint64_t one = 1;
    write(*(int *)argument, &one, sizeof one);
    return NULL;
}

static void sets(void)
{
    int set = epoll_create1(0), event = eventfd(0, 0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event registered = {.events = EPOLLIN, .data.fd = event}, got[4];
    struct itimerspec time = {.it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 1000000};
    pthread_t thread;
    uint64_t value;

    epoll_ctl(set, EPOLL_CTL_ADD, event, &registered);
    registered.data.fd = timer;
    epoll_ctl(set, EPOLL_CTL_ADD, timer, &registered);
    printf("epoll %d ", epoll_wait(set, got, 4, 0));
    pthread_create(&thread, NULL, poster, &event);
    int count = epoll_wait(set, got, 4, -1);
    printf("%d %s ", count, got[0].data.fd == event ? "event" : "?");
    count = epoll_wait(set, got, 4, 0);
    read(event, &value, sizeof value);
    printf("again %d value %d then %d\n", count, (int)value, epoll_wait(set, got, 4, 0));
    pthread_join(thread, NULL);
    timerfd_settime(timer, 0, &time, NULL);
    count = epoll_wait(set, got, 4, 1000);
    usleep(3000);
    read(timer, &value, sizeof value);
    printf("timer %d %s passed %d\n", count, got[0].data.fd == timer ? "timer" : "?", value >= 3);
    time = (struct itimerspec){0};
    timerfd_settime(timer, 0, &time, NULL);
    close(event);
    printf("closed %d\n", epoll_wait(set, got, 4, 5));
    fd_set in;
    FD_ZERO(&in);
    FD_SET(timer, &in);
    struct timeval short_time = {.tv_usec = 2000};
    printf("select %d\n", select(timer + 1, &in, NULL, NULL, &short_time));
}

static volatile sig_atomic_t handled;

static void handler(int number)
{
    handled += number;
}

static void signals(void)
{
    sigset_t set;

    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    printf("signals %d ", handled / SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("%d\n", handled / SIGUSR1);
}

int main(void)
{
    pipes();
    pairs();
    sets();
    signals();
    return 0;
}
