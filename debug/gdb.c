/* gdb.c: see gdb.h. Source of the packets: the GDB manual, "Remote Protocol". */
#define _GNU_SOURCE
#include "debug/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/gdb_packet.h"
#include "debug/guest.h"
#include "debug/x86_64/machine.h"
#include "host/error.h"
#include "host/fd.h"

#define BREAKPOINTS_MAX 256
#define READ_MAX        (GDB_PACKET_MAX / 2 - 16)

struct breakpoint {
    uint64_t address; /* 0: free */
    uint8_t original[MACHINE_BREAKPOINT_SIZE];
};

struct gdb {
    struct guest *guest;
    int listener, peer;
    bool stopped;
    int number; /* why it stopped */
    struct gdb_reader reader;
    char answer[GDB_PACKET_MAX + 1], sent[GDB_PACKET_MAX + 8];
    size_t sent_size;
    struct breakpoint breakpoints[BREAKPOINTS_MAX];
};

/* gdb has signal numbers of its own. */
static const struct {
    int host, gdb;
} numbers[] = {{SIGBUS, 10}, {SIGSYS, 12}, {SIGUSR1, 30}, {SIGUSR2, 31}, {SIGCHLD, 20}};

static int to_gdb(int number)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].host == number)
            return numbers[i].gdb;
    return number;
}

static int from_gdb(int number)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].gdb == number)
            return numbers[i].host;
    return number;
}

struct gdb *gdb_open(struct guest *guest, uint16_t *port, struct error *err)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int on = 1;
    struct gdb *gdb = calloc(1, sizeof *gdb);
    if (gdb == NULL) {
        error_set(err, ENOMEM, "listen for gdb", guest->name, NULL);
        return NULL;
    }
    gdb->guest = guest;
    gdb->peer = -1;
    gdb->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(gdb->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (gdb->listener < 0 || bind(gdb->listener, (struct sockaddr *)&address, size) < 0 ||
        listen(gdb->listener, 1) < 0 || getsockname(gdb->listener, (struct sockaddr *)&address, &size) < 0) {
        error_set(err, errno, "listen for gdb", guest->name, NULL);
        gdb_close(gdb);
        return NULL;
    }
    *port = ntohs(address.sin_port);
    return gdb;
}

void gdb_close(struct gdb *gdb)
{
    if (gdb == NULL)
        return;
    fd_close(&gdb->listener);
    fd_close(&gdb->peer);
    free(gdb);
}

int gdb_fd(const struct gdb *gdb)
{
    return gdb->peer >= 0 ? gdb->peer : gdb->listener;
}

static void send_text(struct gdb *gdb, const char *text)
{
    gdb->sent_size = gdb_packet_make(text, gdb->sent);
    if (gdb->peer >= 0)
        send(gdb->peer, gdb->sent, gdb->sent_size, MSG_NOSIGNAL);
}

static const char *read_registers(struct gdb *gdb)
{
    struct user_regs_struct registers;
    uint8_t bytes[MACHINE_GDB_SIZE];
    if (!guest_registers(gdb->guest, &registers))
        return "E01";
    machine_to_gdb(&registers, bytes);
    gdb_put_bytes(gdb->answer, bytes, sizeof bytes);
    return gdb->answer;
}

static const char *write_registers(struct gdb *gdb, const char *text)
{
    struct user_regs_struct registers;
    uint8_t bytes[MACHINE_GDB_SIZE];
    char part[2 * MACHINE_GDB_SIZE + 1];
    /* What follows the general registers is not ours to set. */
    snprintf(part, sizeof part, "%s", text);
    if (!gdb_take_bytes(part, bytes, sizeof bytes) || !guest_registers(gdb->guest, &registers))
        return "E01";
    machine_from_gdb(bytes, &registers);
    return guest_set_registers(gdb->guest, &registers) ? "OK" : "E01";
}

static const char *read_memory(struct gdb *gdb, const char *text)
{
    uint64_t address, size;
    uint8_t bytes[READ_MAX];
    if (!gdb_take_number(&text, &address) || !gdb_take_char(&text, ',') || !gdb_take_number(&text, &size))
        return "E01";
    size_t got = guest_read(gdb->guest, address, bytes, size < sizeof bytes ? size : sizeof bytes);
    if (got == 0 && size > 0)
        return "E14";
    gdb_put_bytes(gdb->answer, bytes, got);
    return gdb->answer;
}

static const char *write_memory(struct gdb *gdb, const char *text)
{
    uint64_t address, size;
    uint8_t bytes[READ_MAX];
    if (!gdb_take_number(&text, &address) || !gdb_take_char(&text, ',') || !gdb_take_number(&text, &size) ||
        !gdb_take_char(&text, ':') || size > sizeof bytes || !gdb_take_bytes(text, bytes, size))
        return "E01";
    return guest_write(gdb->guest, address, bytes, size) == 0 ? "OK" : "E14";
}

static struct breakpoint *find_breakpoint(struct gdb *gdb, uint64_t address)
{
    for (size_t i = 0; i < BREAKPOINTS_MAX; i++)
        if (gdb->breakpoints[i].address == address)
            return &gdb->breakpoints[i];
    return NULL;
}

/* In ring 0 a breakpoint instruction would be the guest's own business: there they are the processor's. */
static bool in_hardware(const struct gdb *gdb)
{
    return gdb->guest->vm && !gdb->guest->report.user;
}

static const char *plant_in_hardware(struct gdb *gdb, uint64_t address)
{
    struct vm_report *report = &gdb->guest->report;
    if (report->breakpoint_count >= VM_BREAKPOINTS)
        return "E0c";
    report->breakpoints[report->breakpoint_count++] = address;
    return "OK";
}

static const char *pull_from_hardware(struct gdb *gdb, uint64_t address)
{
    struct vm_report *report = &gdb->guest->report;
    for (uint32_t i = 0; i < report->breakpoint_count && i < VM_BREAKPOINTS; i++)
        if (report->breakpoints[i] == address)
            report->breakpoints[i] = report->breakpoints[--report->breakpoint_count];
    return "OK";
}

static const char *plant(struct gdb *gdb, uint64_t address)
{
    struct breakpoint *breakpoint = find_breakpoint(gdb, address);
    if (breakpoint != NULL)
        return "OK";
    breakpoint = find_breakpoint(gdb, 0);
    if (breakpoint == NULL ||
        guest_read(gdb->guest, address, breakpoint->original, MACHINE_BREAKPOINT_SIZE) !=
            MACHINE_BREAKPOINT_SIZE ||
        guest_write(gdb->guest, address, machine_breakpoint, MACHINE_BREAKPOINT_SIZE) < 0)
        return "E14";
    breakpoint->address = address;
    return "OK";
}

static const char *pull(struct gdb *gdb, uint64_t address)
{
    struct breakpoint *breakpoint = find_breakpoint(gdb, address);
    if (breakpoint == NULL)
        return "OK";
    guest_write(gdb->guest, address, breakpoint->original, MACHINE_BREAKPOINT_SIZE);
    breakpoint->address = 0;
    return "OK";
}

/* "Z0,ADDRESS,KIND" and "z0,...": only software breakpoints; gdb does without the rest. */
static const char *change_breakpoint(struct gdb *gdb, const char *text)
{
    uint64_t address;
    const char *next = text + 1;
    if (!gdb_take_char(&next, '0'))
        return "";
    if (!gdb_take_char(&next, ',') || !gdb_take_number(&next, &address) || address == 0)
        return "E01";
    if (in_hardware(gdb))
        return text[0] == 'Z' ? plant_in_hardware(gdb, address) : pull_from_hardware(gdb, address);
    return text[0] == 'Z' ? plant(gdb, address) : pull(gdb, address);
}

/* "c", "s", "Cxx", "Sxx"; nothing is answered before the guest stops again. */
static const char *resume(struct gdb *gdb, const char *text)
{
    uint64_t number = 0;
    char verb = *text++;
    if ((verb == 'C' || verb == 'S') && !gdb_take_number(&text, &number))
        return "E01";
    if (verb != 'c' && verb != 's' && verb != 'C' && verb != 'S')
        return "";
    bool step = verb == 's' || verb == 'S';
    if (guest_go(gdb->guest, step, from_gdb((int)(number & 0x7f))) < 0)
        return "E03";
    gdb->stopped = false;
    return NULL;
}

static const char *detach(struct gdb *gdb)
{
    for (size_t i = 0; i < BREAKPOINTS_MAX; i++)
        if (gdb->breakpoints[i].address != 0)
            pull(gdb, gdb->breakpoints[i].address);
    if (gdb->stopped)
        guest_go(gdb->guest, false, 0);
    gdb->stopped = false;
    return "OK";
}

static const char *stop_reason(struct gdb *gdb)
{
    snprintf(gdb->answer, sizeof gdb->answer, "T%02xthread:1;", to_gdb(gdb->number) & 0xff);
    return gdb->answer;
}

static const char *read_target(struct gdb *gdb, const char *text)
{
    uint64_t offset, size;
    size_t all = strlen(machine_gdb_target);
    if (!gdb_take_number(&text, &offset) || !gdb_take_char(&text, ',') || !gdb_take_number(&text, &size))
        return "E01";
    if (offset > all)
        offset = all;
    if (size > READ_MAX)
        size = READ_MAX;
    bool last = all - offset <= size;
    snprintf(gdb->answer, sizeof gdb->answer, "%c%.*s", last ? 'l' : 'm', (int)size,
             machine_gdb_target + offset);
    return gdb->answer;
}

static const char *ask(struct gdb *gdb, const char *text)
{
    static const char target[] = "qXfer:features:read:target.xml:";
    static const struct {
        const char *question, *answer;
    } fixed[] = {{"qSupported", "PacketSize=1000;qXfer:features:read+;vContSupported+"},
                 {"qAttached", "1"},
                 {"qfThreadInfo", "m1"},
                 {"qsThreadInfo", "l"},
                 {"qC", "QC1"}};
    if (strncmp(text, target, sizeof target - 1) == 0)
        return read_target(gdb, text + sizeof target - 1);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strncmp(text, fixed[i].question, strlen(fixed[i].question)) == 0)
            return fixed[i].answer;
    return "";
}

/* The answer to a packet, or NULL for none now. */
static const char *obey(struct gdb *gdb, const char *text)
{
    if (text[0] == 'q')
        return ask(gdb, text);
    if (text[0] == 'H' || text[0] == 'T')
        return "OK";
    if (strcmp(text, "vCont?") == 0)
        return "vCont;c;C;s;S";
    if (text[0] == 'k' || strncmp(text, "vKill", 5) == 0) {
        kill(gdb->guest->pid, SIGKILL);
        return "OK";
    }
    if (text[0] == 'D')
        return detach(gdb);
    /* All the rest needs a guest that stands still. */
    if (!gdb->stopped)
        return "E02";
    if (strncmp(text, "vCont;", 6) == 0)
        return resume(gdb, text + 6);
    switch (text[0]) {
    case '?':
        return stop_reason(gdb);
    case 'g':
        return read_registers(gdb);
    case 'G':
        return write_registers(gdb, text + 1);
    case 'm':
        return read_memory(gdb, text + 1);
    case 'M':
        return write_memory(gdb, text + 1);
    case 'Z':
    case 'z':
        return change_breakpoint(gdb, text);
    default:
        return resume(gdb, text);
    }
}

static void take_byte(struct gdb *gdb, uint8_t byte)
{
    const char *answer;
    switch (gdb_reader_take(&gdb->reader, byte)) {
    case GDB_PACKET:
        send(gdb->peer, "+", 1, MSG_NOSIGNAL);
        answer = obey(gdb, gdb->reader.text);
        if (answer != NULL)
            send_text(gdb, answer);
        break;
    case GDB_BAD:
        send(gdb->peer, "-", 1, MSG_NOSIGNAL);
        break;
    case GDB_INTERRUPT:
        if (!gdb->stopped)
            guest_interrupt(gdb->guest);
        break;
    case GDB_RESEND:
        send(gdb->peer, gdb->sent, gdb->sent_size, MSG_NOSIGNAL);
        break;
    case GDB_NOTHING:
        break;
    }
}

void gdb_step(struct gdb *gdb)
{
    uint8_t bytes[4096];
    if (gdb->peer < 0) {
        gdb->peer = accept4(gdb->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        gdb->reader = (struct gdb_reader){.state = GDB_IDLE};
    }
    ssize_t n = gdb->peer < 0 ? -1 : recv(gdb->peer, bytes, sizeof bytes, 0);
    for (ssize_t i = 0; i < n; i++)
        take_byte(gdb, bytes[i]);
    /* gdb has gone without a word: the guest goes on. */
    if (n == 0 || (n < 0 && gdb->peer >= 0 && errno != EAGAIN && errno != EINTR)) {
        detach(gdb);
        fd_close(&gdb->peer);
    }
}

void gdb_stopped(struct gdb *gdb, int number)
{
    struct user_regs_struct registers;
    gdb->stopped = true;
    gdb->number = number;
    /* The processor stands behind the breakpoint, gdb wants to be told of its place. */
    if (number == SIGTRAP && guest_registers(gdb->guest, &registers) &&
        registers.rip > MACHINE_BREAKPOINT_SIZE &&
        find_breakpoint(gdb, registers.rip - MACHINE_BREAKPOINT_SIZE) != NULL &&
        !guest_was_step(gdb->guest)) {
        registers.rip -= MACHINE_BREAKPOINT_SIZE;
        guest_set_registers(gdb->guest, &registers);
    }
    if (gdb->peer >= 0)
        send_text(gdb, stop_reason(gdb));
}

void gdb_ended(struct gdb *gdb, int status)
{
    snprintf(gdb->answer, sizeof gdb->answer, "%c%02x", WIFSIGNALED(status) ? 'X' : 'W',
             (WIFSIGNALED(status) ? to_gdb(WTERMSIG(status)) : WEXITSTATUS(status)) & 0xff);
    send_text(gdb, gdb->answer);
}
