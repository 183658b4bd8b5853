/* A guest for tests of health checks: whatever it is asked, it answers the bytes of --answer=HEX and hangs
 * up. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bivy/net.h>
#include <lwip/tcp.h>

#define PORT 80

static char answer[2048];
static size_t answer_size;

static err_t on_data(void *context, struct tcp_pcb *connection, struct pbuf *data, err_t error)
{
    (void)context;
    (void)error;
    if (data == NULL)
        return tcp_close(connection);
    tcp_recved(connection, data->tot_len);
    tcp_write(connection, answer, (u16_t)answer_size, 0);
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

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void read_answer(const char *text)
{
    for (; text[0] != '\0' && text[1] != '\0' && answer_size < sizeof answer; text += 2)
        answer[answer_size++] = (char)(digit(text[0]) * 16 + digit(text[1]));
}

int main(int argc, char **argv)
{
    struct tcp_pcb *listener;

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--answer=", 9) == 0)
            read_answer(argv[i] + 9);
    if (net_start("service") != SOLO5_R_OK || !net_wait(UINT64_C(30000000000)))
        return 1;
    listener = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (tcp_bind(listener, IP_ANY_TYPE, PORT) != ERR_OK)
        return 1;
    listener = tcp_listen(listener);
    tcp_accept(listener, on_connection);
    printf("answering\n");
    for (;;)
        net_run(UINT64_MAX);
}
