/* hypercall.c: from a hypercall's number to the function that serves it; see hvt.h. */
#include "bivy/abi/hvt.h"
#include "solo5.h"
#include "tender/common/message.h"
#include "tender/common/system.h"
#include "tender/hvt/device.h"
#include "tender/hvt/hvt.h"

/* Room for any call's arguments. */
union arguments {
    struct hvt_walltime walltime;
    struct hvt_puts puts;
    struct hvt_poll poll;
    struct hvt_block_io block;
    struct hvt_net_io net;
    struct hvt_halt halt;
};

static enum hvt_next serve_walltime(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    (void)hvt;
    (void)message;
    arguments->walltime.nsecs = system_wall_clock();
    return HVT_CONTINUE;
}

static enum hvt_next serve_puts(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    const struct hvt_puts *puts = &arguments->puts;
    const char *text = guest_memory_at(&hvt->memory, puts->data, puts->len);
    if (text == NULL) {
        message_begin(message, "console write outside of guest memory");
        return HVT_BROKEN;
    }
    device_console_write(text, puts->len);
    return HVT_CONTINUE;
}

/* What the guest has queued leaves before it sleeps; what it wants to read is there when it wakes. */
static enum hvt_next serve_poll(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    struct hvt_poll *poll = &arguments->poll;
    if (!ring_serve(hvt, RING_UP_TO_READ, message))
        return HVT_BROKEN;
    if (hvt->ring.blocked && poll->timeout_nsecs > HVT_RING_BLOCKED_NS)
        poll->timeout_nsecs = HVT_RING_BLOCKED_NS;
    poll->ret = device_poll(hvt, poll->timeout_nsecs, &poll->ready_set);
    return ring_serve(hvt, RING_ALL, message) ? HVT_CONTINUE : HVT_BROKEN;
}

static enum hvt_next serve_block(struct hvt *hvt, struct hvt_block_io *io, bool write)
{
    const struct mft_entry *device = hvt_device(hvt, io->handle, MFT_DEV_BLOCK_BASIC);
    void *data = write ? guest_memory_at(&hvt->memory, io->data, io->len)
                       : guest_memory_writable_at(&hvt->memory, io->data, io->len);
    io->ret = device == NULL || data == NULL ? SOLO5_R_EINVAL
                                             : device_block(device, io->offset, data, io->len, write);
    return HVT_CONTINUE;
}

static enum hvt_next serve_block_write(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    (void)message;
    return serve_block(hvt, &arguments->block, true);
}

static enum hvt_next serve_block_read(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    (void)message;
    return serve_block(hvt, &arguments->block, false);
}

static enum hvt_next serve_net_write(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    struct hvt_net_io *io = &arguments->net;
    const struct mft_entry *device = hvt_device(hvt, io->handle, MFT_DEV_NET_BASIC);
    const void *data = guest_memory_at(&hvt->memory, io->data, io->len);
    (void)message;
    io->ret = device == NULL || data == NULL ? SOLO5_R_EINVAL : device_net_write(device, data, io->len);
    return HVT_CONTINUE;
}

static enum hvt_next serve_net_read(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    struct hvt_net_io *io = &arguments->net;
    const struct mft_entry *device = hvt_device(hvt, io->handle, MFT_DEV_NET_BASIC);
    void *data = guest_memory_writable_at(&hvt->memory, io->data, io->len);
    (void)message;
    io->ret = device == NULL || data == NULL ? SOLO5_R_EINVAL : device_net_read(device, data, &io->len);
    return HVT_CONTINUE;
}

static void describe_trap(const struct hvt_trap *trap, struct message *message)
{
    message_begin(message, "the guest trapped: rip=0x");
    message_add_hex(message, trap->rip);
    message_add(message, " rsp=0x");
    message_add_hex(message, trap->rsp);
    message_add(message, " cr2=0x");
    message_add_hex(message, trap->cr2);
    message_add(message, " error=0x");
    message_add_hex(message, trap->error_code);
}

/* A trap frame is only looked at for the message: one that cannot be read is no reason to fail differently.
 */
static enum hvt_next serve_halt(struct hvt *hvt, union arguments *arguments, struct message *message)
{
    uint64_t cookie = arguments->halt.cookie;
    if (!ring_serve(hvt, RING_ALL, message))
        return HVT_BROKEN;
    hvt->trapped = cookie != 0 && guest_memory_read(&hvt->memory, cookie, &hvt->trap, sizeof hvt->trap);
    if (hvt->trapped)
        describe_trap(&hvt->trap, message);
    hvt->exit_status = arguments->halt.exit_status & 0xff;
    return HVT_HALTED;
}

static const struct {
    enum hvt_next (*serve)(struct hvt *, union arguments *, struct message *);
    size_t size;
    bool answers; /* some of the arguments are results */
} hypercalls[] = {
    [HVT_HYPERCALL_WALLTIME] = {serve_walltime, sizeof(struct hvt_walltime), true},
    [HVT_HYPERCALL_PUTS] = {serve_puts, sizeof(struct hvt_puts), false},
    [HVT_HYPERCALL_POLL] = {serve_poll, sizeof(struct hvt_poll), true},
    [HVT_HYPERCALL_BLOCK_WRITE] = {serve_block_write, sizeof(struct hvt_block_io), true},
    [HVT_HYPERCALL_BLOCK_READ] = {serve_block_read, sizeof(struct hvt_block_io), true},
    [HVT_HYPERCALL_NET_WRITE] = {serve_net_write, sizeof(struct hvt_net_io), true},
    [HVT_HYPERCALL_NET_READ] = {serve_net_read, sizeof(struct hvt_net_io), true},
    [HVT_HYPERCALL_HALT] = {serve_halt, sizeof(struct hvt_halt), false},
};

static enum hvt_next broken(struct message *message, const char *text, uint64_t number)
{
    message_begin(message, text);
    message_add_hex(message, number);
    return HVT_BROKEN;
}

enum hvt_next hypercall_serve(struct hvt *hvt, uint32_t number, uint64_t address, struct message *message)
{
    union arguments arguments;
    if (number >= sizeof hypercalls / sizeof hypercalls[0] || hypercalls[number].serve == NULL)
        return broken(message, "the guest made an unknown hypercall 0x", number);
    if (!guest_memory_read(&hvt->memory, address, &arguments, hypercalls[number].size))
        return broken(message, "a hypercall's arguments lie outside of guest memory: 0x", address);
    if (hypercalls[number].answers &&
        guest_memory_writable_at(&hvt->memory, address, hypercalls[number].size) == NULL)
        return broken(message, "a hypercall's arguments lie in read-only memory: 0x", address);
    enum hvt_next next = hypercalls[number].serve(hvt, &arguments, message);
    if (next == HVT_CONTINUE && hypercalls[number].answers)
        guest_memory_write(&hvt->memory, address, &arguments, hypercalls[number].size);
    return next;
}

const struct mft_entry *hvt_device(const struct hvt *hvt, uint64_t handle, uint32_t type)
{
    /* Older guests pass what their tender truncated to 32 bits. */
    uint32_t index = (uint32_t)handle;
    if (index == 0 || index >= hvt->manifest.entries)
        return NULL;
    const struct mft_entry *entry = &hvt->manifest.e[index];
    return entry->type == type && entry->attached ? entry : NULL;
}
