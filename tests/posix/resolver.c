/* The resolver: names asked of a name server, which is a thread of the same program. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers every question for IPv4 with 192.0.2.33, and says of all others that there is no such record. */
static void *server(void *argument)
{
    int fd = *(int *)argument;
    unsigned char packet[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n;

    while ((n = recvfrom(fd, packet, sizeof packet - 16, 0, (struct sockaddr *)&from, &size)) > 12) {
        static const unsigned char record[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 33};
        int v4 = packet[n - 3] == 1;
        packet[2] = 0x81;
        packet[3] = 0x80;
        packet[7] = (unsigned char)v4;
        memcpy(packet + n, record, sizeof record);
        sendto(fd, packet, (size_t)n + (v4 ? sizeof record : 0), 0, (struct sockaddr *)&from, size);
    }
    return NULL;
}

int main(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), result;
    pthread_t thread;

    bind(fd, (struct sockaddr *)&here, sizeof here);
    pthread_create(&thread, NULL, server, &fd);
    result = getaddrinfo("www.example.org", "80", &hints, &found);
    printf("%s %s\n", result ? gai_strerror(result) : "found",
           result ? "" : inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    result = getaddrinfo("local.test", "80", &hints, &found);
    printf("%s %s\n", result ? gai_strerror(result) : "found",
           result ? "" : inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    return 0;
}
