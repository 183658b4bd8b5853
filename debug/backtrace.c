/* backtrace.c: see backtrace.h. */
#include "debug/backtrace.h"

#include "debug/guest.h"
#include "debug/symbols.h"
#include "debug/x86_64/machine.h"

#define STACK_MAX (512u * 1024u) /* bytes looked at */
#define CHUNK     512u           /* words */

static struct backtrace_frame frame_at(const struct guest *guest, uint64_t address, bool is_return)
{
    char name[SYMBOLS_NAME_SIZE];
    /* A call that does not return may be its function's last instruction. */
    uint64_t function =
        guest_is_code(guest, address) ? symbols_find(guest->symbols, address - is_return, name) : 0;
    return (struct backtrace_frame){address, function, true};
}

/* The frame of TRACE that a call of TARGET made, or count: the last one, or one below frames that were only
 * guesses, which are then what earlier calls have left behind. */
static size_t find_callee(const struct backtrace *trace, uint64_t target)
{
    for (size_t i = trace->count; i > 0; i--) {
        if (trace->frames[i - 1].function == target)
            return i - 1;
        if (trace->frames[i - 1].certain)
            break;
    }
    return trace->count;
}

static void consider(struct backtrace *trace, const struct guest *guest, uint64_t word)
{
    uint8_t bytes[MACHINE_CALL_MAX];
    uint64_t target = 0;
    if (word < sizeof bytes || !guest_is_code(guest, word - 1) ||
        guest_read(guest, word - sizeof bytes, bytes, sizeof bytes) != sizeof bytes)
        return;
    enum machine_call call = machine_call_before(word, bytes, sizeof bytes, &target);
    if (call == MACHINE_NO_CALL)
        return;
    struct backtrace_frame frame = frame_at(guest, word, true);
    size_t callee = call == MACHINE_CALL ? find_callee(trace, target) : trace->count;
    frame.certain = callee < trace->count;
    if (frame.certain) {
        /* A guess (a call by pointer) whose function this frame is seen to have called was right. */
        trace->frames[callee].certain = true;
        trace->count = callee + 1;
    }
    if (trace->count < BACKTRACE_MAX)
        trace->frames[trace->count++] = frame;
}

void backtrace_make(struct backtrace *trace, const struct guest *guest, uint64_t program, uint64_t stack)
{
    uint64_t words[CHUNK];
    trace->count = 1;
    trace->frames[0] = frame_at(guest, program, false);
    stack &= ~UINT64_C(7);
    for (uint64_t done = 0; done < STACK_MAX && trace->count < BACKTRACE_MAX; done += sizeof words) {
        size_t got = guest_read(guest, stack + done, words, sizeof words) / sizeof words[0];
        for (size_t i = 0; i < got && trace->count < BACKTRACE_MAX; i++)
            consider(trace, guest, words[i]);
        if (got < CHUNK)
            break;
    }
}

void backtrace_print(const struct backtrace *trace, const struct guest *guest, FILE *out)
{
    char name[SYMBOLS_NAME_SIZE];
    for (size_t i = 0; i < trace->count; i++) {
        const struct backtrace_frame *frame = &trace->frames[i];
        symbols_find(guest->symbols, frame->address - (i > 0), name);
        fprintf(out, "#%-2zu 0x%016llx", i, (unsigned long long)frame->address);
        if (frame->function != 0)
            fprintf(out, " %s+0x%llx", name, (unsigned long long)(frame->address - frame->function));
        fprintf(out, "%s\n", frame->certain ? (frame->function == 0 ? " ??" : "") : " ?");
    }
}
