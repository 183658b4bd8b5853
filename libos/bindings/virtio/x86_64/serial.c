/* serial.c: see serial.h. Source: the data sheet of the PC16550D. */
#include "libos/bindings/virtio/x86_64/serial.h"

#include "libos/bindings/virtio/x86_64/port.h"

#include <stdbool.h>

#define PORT          0x3f8
#define INTERRUPTS    1
#define FIFO_CONTROL  2
#define LINE_CONTROL  3
#define MODEM_CONTROL 4
#define LINE_STATUS   5
#define FIFO_ENABLE   0x07
#define LINE_8N1      0x03
#define MODEM_READY   0x03
#define STATUS_EMPTY  0x20
#define NOTHING       0xff
#define FIFO_SIZE     16u
#define ATTEMPTS      1000000 /* each takes about a microsecond */

static bool present;

void virtio_serial_open(void)
{
    present = port_read8(PORT + LINE_STATUS) != NOTHING;
    if (!present)
        return;
    port_write8(PORT + INTERRUPTS, 0);
    port_write8(PORT + LINE_CONTROL, LINE_8N1);
    port_write8(PORT + FIFO_CONTROL, FIFO_ENABLE);
    port_write8(PORT + MODEM_CONTROL, MODEM_READY);
}

static bool ready(void)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        if (port_read8(PORT + LINE_STATUS) & STATUS_EMPTY)
            return true;
    }
    return false;
}

void virtio_serial_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size && present; i++) {
        /* An empty queue has room for all of it. */
        if (i % FIFO_SIZE == 0 && !ready())
            return;
        port_write8(PORT, (uint8_t)text[i]);
    }
}
