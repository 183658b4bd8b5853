/*
 * interrupts.c: see interrupts.h. Source: the processor's manual (Intel SDM volume 3, chapter 11: APIC), and
 * the data sheet of the 82093AA for I/O APICs.
 */
#include "libos/bindings/virtio/x86_64/interrupts.h"

#include "libos/bindings/virtio/acpi.h"
#include "libos/bindings/virtio/x86_64/clock.h"
#include "libos/bindings/virtio/x86_64/paging.h"
#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/virtio/x86_64/power.h"
#include "libos/bindings/x86_64/cpu_kernel.h"

#define VECTOR          32u
#define VECTOR_SPURIOUS 47u

#define MSR_APIC_BASE   0x1bu
#define MSR_X2APIC      0x800u
#define APIC_X2         (UINT64_C(1) << 10)
#define APIC_ENABLED    (UINT64_C(1) << 11)
#define APIC_ADDRESS    UINT64_C(0x000ffffffffff000)
#define APIC_SIZE       0x400u
#define APIC_ID         0x020u
#define APIC_PRIORITY   0x080u
#define APIC_EOI        0x0b0u
#define APIC_SPURIOUS   0x0f0u
#define APIC_LVT_TIMER  0x320u
#define APIC_LVT_LINT0  0x350u
#define APIC_INITIAL    0x380u
#define APIC_CURRENT    0x390u
#define APIC_DIVIDE     0x3e0u
#define SOFTWARE_ENABLE 0x100u
#define MASKED          0x10000u
#define DIVIDE_BY_16    3u
#define MESSAGE_BASE    UINT64_C(0xfee00000)

#define IOAPIC_USUAL       0xfec00000u
#define IOAPIC_SIZE        0x20u
#define IOAPIC_VERSION     1u
#define IOAPIC_ENTRIES     0x10u
#define TIMER_INPUT        2u
#define PORT_PIC_MASK      0x21
#define PORT_PIC2_MASK     0xa1
#define CALIBRATION_NS     500000u
#define LONGEST_WAIT_COUNT 0xfffffff0u

static volatile uint32_t *apic; /* NULL: by registers of the processor */
static uint64_t counts_per_second;
static void (*virtio_devices_acknowledge)(void);
static struct ioapic {
    volatile uint32_t *select, *window;
    uint32_t first, count; /* global interrupt numbers */
} ioapics[ACPI_IOAPICS_MOST];

/* fault.S: */
extern const uint8_t virtio_fault_entry[], virtio_interrupt_entry[], virtio_spurious_entry[];
void virtio_interrupts_serve(void);

static uint32_t apic_read(uint32_t offset)
{
    return apic ? apic[offset / 4] : (uint32_t)msr_read(MSR_X2APIC + offset / 16);
}

static void apic_write(uint32_t offset, uint32_t value)
{
    if (apic)
        apic[offset / 4] = value;
    else
        msr_write(MSR_X2APIC + offset / 16, value);
}

/* What names this processor in messages and in the entries of I/O APICs: eight bits. */
static uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return (apic ? id >> 24 : id) & 0xff;
}

static void apic_open(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);

    if ((base & APIC_ENABLED) == 0)
        virtio_power_stop("this machine's processor has no interrupt controller (APIC)");
    if ((base & APIC_X2) == 0) {
        apic = virtio_paging_device(base & APIC_ADDRESS, APIC_SIZE);
        if (!apic)
            virtio_power_stop("this machine's interrupt controller (APIC) is out of reach");
    }
    port_write8(PORT_PIC_MASK, 0xff);
    port_write8(PORT_PIC2_MASK, 0xff);
    apic_write(APIC_LVT_LINT0, MASKED);
    apic_write(APIC_PRIORITY, 0);
    apic_write(APIC_DIVIDE, DIVIDE_BY_16);
    apic_write(APIC_LVT_TIMER, MASKED | VECTOR);
    apic_write(APIC_SPURIOUS, SOFTWARE_ENABLE | VECTOR_SPURIOUS);
}

/* How fast the timer counts: by the clock. Waiting looks at the clock as well, so that it need not be exact.
 */
static void timer_open(void)
{
    uint64_t start = virtio_clock_monotonic(), now;
    uint32_t counted;

    apic_write(APIC_INITIAL, UINT32_MAX);
    do
        now = virtio_clock_monotonic();
    while (now - start < CALIBRATION_NS);
    counted = UINT32_MAX - apic_read(APIC_CURRENT);
    apic_write(APIC_INITIAL, 0);
    counts_per_second = (uint64_t)counted * UINT64_C(1000000000) / (now - start);
    if (counts_per_second == 0)
        virtio_power_stop("this machine's processor has no timer (APIC)");
    apic_write(APIC_LVT_TIMER, VECTOR);
}

static uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t number)
{
    *ioapic->select = number;
    return *ioapic->window;
}

static void ioapic_write(const struct ioapic *ioapic, uint32_t number, uint32_t value)
{
    *ioapic->select = number;
    *ioapic->window = value;
}

static void ioapic_open(struct ioapic *ioapic, uint32_t address, uint32_t first)
{
    volatile uint32_t *registers = virtio_paging_device(address, IOAPIC_SIZE);

    if (!registers)
        return;
    ioapic->select = registers;
    ioapic->window = registers + 4;
    ioapic->first = first;
    ioapic->count = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

void virtio_interrupts_open(const struct acpi *acpi, void (*acknowledge)(void))
{
    virtio_devices_acknowledge = acknowledge;
    cpu_set_gate(VECTOR, virtio_interrupt_entry, CPU_STACK_SAME);
    cpu_set_gate(VECTOR_SPURIOUS, virtio_spurious_entry, CPU_STACK_SAME);
    apic_open();
    timer_open();
    for (size_t i = 0; i < acpi->ioapic_count; i++)
        ioapic_open(&ioapics[i], acpi->ioapic[i].address, acpi->ioapic[i].first);
    if (acpi->ioapic_count == 0)
        ioapic_open(&ioapics[0], IOAPIC_USUAL, 0);
}

/* On an edge, not on a level: some monitors only pulse, and those that hold the line let it go when the
 * device is acknowledged, which is done after each interrupt and before each wait. */
static void input_open(const struct ioapic *ioapic, uint32_t input)
{
    ioapic_write(ioapic, IOAPIC_ENTRIES + 2 * input + 1, apic_id() << 24);
    ioapic_write(ioapic, IOAPIC_ENTRIES + 2 * input, VECTOR);
}

bool virtio_interrupts_route(uint32_t number)
{
    for (size_t i = 0; i < ACPI_IOAPICS_MOST; i++) {
        const struct ioapic *ioapic = &ioapics[i];
        if (number < ioapic->first || number - ioapic->first >= ioapic->count)
            continue;
        input_open(ioapic, number - ioapic->first);
        /* The timer of a PC is wired to the third input instead of the first; QEMU does so for every
         * controller, whatever is at the first. */
        if (number == ioapic->first && ioapic->count > TIMER_INPUT)
            input_open(ioapic, TIMER_INPUT);
        return true;
    }
    return false;
}

void virtio_interrupts_message(uint64_t *address, uint32_t *data)
{
    *address = MESSAGE_BASE | apic_id() << 12;
    *data = VECTOR;
}

void virtio_interrupts_serve(void)
{
    virtio_devices_acknowledge();
    apic_write(APIC_EOI, 0);
}

void virtio_interrupts_wait(solo5_time_t timeout)
{
    uint64_t most = LONGEST_WAIT_COUNT * UINT64_C(1000000000) / counts_per_second;
    uint64_t counts =
        timeout < most ? timeout * counts_per_second / UINT64_C(1000000000) : LONGEST_WAIT_COUNT;

    apic_write(APIC_INITIAL, (uint32_t)counts + 1);
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    apic_write(APIC_INITIAL, 0);
}
