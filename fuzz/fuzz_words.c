/*
 * fuzz_words.c: words of the bivy command line: published ports, networks, volumes, MAC addresses, numbers
 * and sizes. What is taken must keep what its header promises, and a port printed is a port that is taken.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/device.h"
#include "cli/option.h"
#include "cli/port.h"
#include "host/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_port(const char *text)
{
    struct port_spec port, again;
    struct error err = {0};
    char host[PORT_ADDRESS_SIZE + 8];
    char printed[sizeof host + MFT_NAME_SIZE + 16];
    if (port_parse(text, &port, &err) < 0) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    if (port.guest == 0 || (port.device[0] != '\0' && device_check_name(port.device) != 0))
        abort();
    port_print_host(&port, host);
    snprintf(printed, sizeof printed, "%s%s%s:%u%s", port.device, port.device[0] != '\0' ? "@" : "", host,
             port.guest, port.udp ? "/udp" : "");
    if (port_parse(printed, &again, &err) < 0 || again.host != port.host || again.guest != port.guest ||
        again.udp != port.udp || strcmp(again.device, port.device) != 0 ||
        strcmp(again.address, port.address) != 0)
        abort();
}

static void check_devices(const char *text)
{
    struct device_net net;
    struct device_block block;
    struct error err = {0};
    if (device_parse_net(text, &net, &err) == 0) {
        if (device_check_name(net.device) != 0 || memchr(net.source, '\0', sizeof net.source) == NULL ||
            (net.kind == DEVICE_NET_FD && net.fd < 0) || (net.has_mac && (net.mac[0] & 1)))
            abort();
    } else if (err.text[0] == '\0') {
        abort();
    }
    if (device_parse_block(text, &block, &err) == 0 &&
        (device_check_name(block.device) != 0 || block.source < text || block.source > text + strlen(text)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    uint8_t mac[6];
    int64_t number;
    if (text == NULL)
        abort();
    check_port(text);
    check_devices(text);
    if (device_parse_mac(text, mac) == 0 && (mac[0] & 1))
        abort();
    if (option_parse_number(text, -5, 70000, &number) == 0 && (number < -5 || number > 70000))
        abort();
    if (option_parse_size(text, 1 << 20, &number) == 0 && number < 0)
        abort();
    free(text);
    return 0;
}
