/* An echo server: `bivy run -p 7000:7 .`, then type into `nc 127.0.0.1 7000`. Each connection has a thread.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 7

static void *serve(void *argument)
{
    int connection = (int)(intptr_t)argument;
    char data[2048];
    ssize_t size;

    while ((size = recv(connection, data, sizeof data, 0)) > 0)
        send(connection, data, (size_t)size, 0);
    close(connection);
    return NULL;
}

int main(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 64) < 0) {
        perror("listen");
        return 1;
    }
    printf("listening on port %d\n", PORT);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        pthread_t thread;
        if (connection < 0)
            continue;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)connection) != 0)
            close(connection);
        else
            pthread_detach(thread);
    }
}
