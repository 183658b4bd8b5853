/* power.c: see power.h. Source: the ACPI specification, 4.8.3 and 7.4.2; QEMU's isa-debug-exit. */
#include "libos/bindings/virtio/x86_64/power.h"

#include "libos/bindings/bindings.h"
#include "libos/bindings/virtio/acpi.h"
#include "libos/bindings/virtio/x86_64/paging.h"
#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/virtio/x86_64/serial.h"
#include "libos/bindings/x86_64/cpu_kernel.h"

#define PORT_DEBUG_EXIT 0x501
#define PORT_KEYBOARD   0x64
#define PORT_DELAY      0x80 /* a write takes about a microsecond, on any machine */
#define KEYBOARD_RESET  0xfe
#define NOTHING         0xff /* what a port reads where nothing is */
#define SLEEP_TYPE      2    /* the bit where the type begins in the register of reduced hardware */
#define SLEEP_ENABLE    0x20
#define PM1_SLEEP_TYPE  10
#define PM1_ENABLE      0x2000

static struct acpi acpi;
static volatile uint8_t *sleep_control; /* if it is in memory */

void virtio_power_open(const struct acpi *found)
{
    acpi = *found;
    if (acpi.sleep_control.address != 0 && acpi.sleep_control.space == ACPI_SPACE_MEMORY)
        sleep_control = virtio_paging_device(acpi.sleep_control.address, 1);
}

/* Some machines end a moment later. */
static void linger(void)
{
    for (int i = 0; i < 100000; i++)
        port_write8(PORT_DELAY, 0);
}

static void acpi_off(void)
{
    uint8_t value = (uint8_t)(acpi.sleep_type[0] << SLEEP_TYPE | SLEEP_ENABLE);

    if (!acpi.can_sleep)
        return;
    if (sleep_control)
        *sleep_control = value;
    else if (acpi.sleep_control.address != 0 && acpi.sleep_control.address <= UINT16_MAX)
        port_write8((uint16_t)acpi.sleep_control.address, value);
    for (size_t i = 0; i < 2; i++) {
        if (acpi.pm1_control[i] != 0)
            port_write16(acpi.pm1_control[i], (uint16_t)(acpi.sleep_type[i] << PM1_SLEEP_TYPE | PM1_ENABLE));
    }
    linger();
}

static void keyboard_reset(void)
{
    if (port_read8(PORT_KEYBOARD) == NOTHING)
        return;
    port_write8(PORT_KEYBOARD, KEYBOARD_RESET);
    linger();
}

static void fault(void)
{
    const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};

    __asm__ volatile("lidt %0\n\tud2" : : "m"(none));
}

static void say_status(uint8_t status)
{
    static const char text[] = "bivy: exit status ";
    char line[sizeof text + 4], *at = line + sizeof line;

    *--at = '\0';
    *--at = '\n';
    do
        *--at = (char)('0' + status % 10);
    while ((status /= 10) != 0);
    for (size_t i = sizeof text - 1; i > 0; i--)
        *--at = text[i - 1];
    if (bindings_level >= BINDINGS_ERROR)
        virtio_serial_write(at, (size_t)(line + sizeof line - 1 - at));
}

void virtio_power_off(int status)
{
    __asm__ volatile("cli");
    say_status((uint8_t)status);
    if (port_read8(PORT_DEBUG_EXIT) != NOTHING)
        port_write8(PORT_DEBUG_EXIT, (uint8_t)status);
    acpi_off();
    keyboard_reset();
    fault();
    for (;;)
        __asm__ volatile("hlt");
}

static void say(const char *text)
{
    size_t size = 0;

    while (text[size])
        size++;
    virtio_serial_write(text, size);
}

/* Perhaps before there is a table of operations. */
void virtio_power_stop(const char *why)
{
    say("bivy: ");
    say(why);
    say("\n");
    virtio_power_off(SOLO5_EXIT_FAILURE);
}

void cpu_trapped(const struct cpu_trap *trap)
{
    (void)trap;
    virtio_power_off(SOLO5_EXIT_ABORT);
}
