/* A web server in one file: `bivy run -p 8080:80 .`, then open http://127.0.0.1:8080/. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bivy/net.h>
#include <lwip/tcp.h>

#define PORT 80

static const char answer[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: text/html; charset=utf-8\r\n"
                             "Content-Length: 31\r\n"
                             "Connection: close\r\n"
                             "\r\n"
                             "<h1>Hello from a unikernel</h1>";

/* Called with what a client sent; DATA is NULL when it has hung up. */
static err_t on_data(void *context, struct tcp_pcb *connection, struct pbuf *data, err_t error)
{
    (void)context;
    (void)error;
    if (data == NULL)
        return tcp_close(connection);
    tcp_recved(connection, data->tot_len);
    /* A request's head ends with an empty line; this small server wants it in one piece. */
    if (pbuf_memfind(data, "\r\n\r\n", 4, 0) != 0xffff)
        tcp_write(connection, answer, strlen(answer), 0);
    pbuf_free(data);
    return tcp_close(connection);
}

static err_t on_connection(void *context, struct tcp_pcb *connection, err_t error)
{
    (void)context;
    if (error != ERR_OK || connection == NULL)
        return ERR_VAL;
    tcp_recv(connection, on_data);
    return ERR_OK;
}

int main(void)
{
    char address[NET_ADDRESS_SIZE];
    struct tcp_pcb *listener;

    if (net_start("service") != SOLO5_R_OK || !net_wait(UINT64_C(30000000000))) {
        printf("no network\n");
        return 1;
    }
    listener = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (tcp_bind(listener, IP_ANY_TYPE, PORT) != ERR_OK)
        return 1;
    listener = tcp_listen(listener);
    tcp_accept(listener, on_connection);
    printf("listening on %s port %d\n", net_address(address), PORT);
    for (;;)
        net_run(UINT64_MAX);
}
