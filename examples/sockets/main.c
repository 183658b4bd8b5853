/*
 * main.c: a web server of ordinary C: sockets, files and threads, as it would be written for any system.
 *
 * `bivy run -p 8080:80 .`, then open http://127.0.0.1:8080/. The files are those of root/www. A thread serves
 * one connection for as long as it stays open. examples/http is the same job by callbacks, smaller and
 * faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define PORT         80
#define ROOT         "/www"
#define HEAD_MAX     4096
#define PATH_SIZE    512
#define IDLE_SECONDS 30

struct request {
    char method[16], path[PATH_SIZE];
    bool keep_alive;
};

static bool send_all(int connection, const void *data, size_t size)
{
    return send(connection, data, size, 0) == (ssize_t)size;
}

static bool answer(int connection, const char *status, const struct request *request, off_t size)
{
    char head[256];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %lld\r\n%s\r\n", status,
                          (long long)size, request->keep_alive ? "" : "Connection: close\r\n");

    return send_all(connection, head, (size_t)length);
}

static bool send_file(int connection, int file)
{
    char block[8192];
    ssize_t n;

    while ((n = read(file, block, sizeof block)) > 0) {
        if (!send_all(connection, block, (size_t)n))
            return false;
    }
    return n == 0;
}

/* Answers one request; false: the connection ends. */
static bool serve(int connection, const struct request *request)
{
    char path[sizeof ROOT + PATH_SIZE + sizeof "index.html"];
    bool head = strcmp(request->method, "HEAD") == 0, sent;
    struct stat status;
    int file;

    if (!head && strcmp(request->method, "GET") != 0)
        return answer(connection, "405 Method Not Allowed", request, 0) && request->keep_alive;
    if (request->path[0] != '/' || strstr(request->path, ".."))
        return answer(connection, "400 Bad Request", request, 0) && request->keep_alive;
    snprintf(path, sizeof path, ROOT "%s%s", request->path,
             request->path[strlen(request->path) - 1] == '/' ? "index.html" : "");
    file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) < 0 || !S_ISREG(status.st_mode)) {
        if (file >= 0)
            close(file);
        return answer(connection, "404 Not Found", request, 0) && request->keep_alive;
    }
    sent = answer(connection, "200 OK", request, status.st_size) && (head || send_file(connection, file));
    close(file);
    return sent && request->keep_alive;
}

static bool parse(char *head, struct request *request)
{
    int minor = 0;

    if (sscanf(head, "%15s %511s HTTP/1.%d", request->method, request->path, &minor) != 3)
        return false;
    request->path[strcspn(request->path, "?")] = '\0';
    request->keep_alive = minor > 0;
    for (char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "connection: close", 17) == 0)
            request->keep_alive = false;
    }
    return request->path[0] != '\0';
}

/* Reads and answers requests until there is no more. */
static void *serve_connection(void *argument)
{
    int connection = (int)(intptr_t)argument;
    char data[HEAD_MAX + 1];
    size_t used = 0;

    for (;;) {
        struct request request;
        char *end;
        ssize_t n;
        data[used] = '\0';
        end = strstr(data, "\r\n\r\n");
        if (end) {
            size_t size = (size_t)(end + 4 - data);
            end[2] = '\0';
            if (!parse(data, &request) || !serve(connection, &request))
                break;
            memmove(data, data + size, used - size);
            used -= size;
            continue;
        }
        n = used < HEAD_MAX ? recv(connection, data + used, HEAD_MAX - used, 0) : 0;
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    close(connection);
    return NULL;
}

static void start_thread(int connection)
{
    struct timeval idle = {.tv_sec = IDLE_SECONDS};
    pthread_attr_t attributes;
    pthread_t thread;

    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 32768);
    if (pthread_create(&thread, &attributes, serve_connection, (void *)(intptr_t)connection) != 0)
        close(connection);
}

int main(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 128) < 0) {
        perror("listen");
        return 1;
    }
    printf("listening on port %d\n", PORT);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection >= 0)
            start_thread(connection);
    }
}
