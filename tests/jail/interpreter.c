/* interpreter.c: the part of BPF that our filters use; see interpreter.h. */
#include "tests/jail/interpreter.h"

#include <string.h>

static int condition_holds(uint16_t operation, uint32_t accumulator, uint32_t k)
{
    switch (operation) {
    case BPF_JEQ:
        return accumulator == k;
    case BPF_JGT:
        return accumulator > k;
    case BPF_JGE:
        return accumulator >= k;
    case BPF_JSET:
        return (accumulator & k) != 0;
    }
    return -1;
}

/* Where the jump at PC goes on; COUNT (which ends the run) if it is not valid. */
static size_t jump(const struct sock_filter *code, size_t pc, size_t count, uint32_t accumulator)
{
    if (BPF_OP(code[pc].code) == BPF_JA)
        return pc + 1 + code[pc].k;
    int holds = condition_holds(BPF_OP(code[pc].code), accumulator, code[pc].k);
    return holds < 0 ? count : pc + 1 + (holds ? code[pc].jt : code[pc].jf);
}

uint32_t interpreter_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
    uint32_t accumulator = 0;
    for (size_t pc = 0; pc < count;) {
        switch (code[pc].code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (code[pc].k % 4 != 0 || code[pc].k > sizeof *data - 4)
                return INTERPRETER_BROKEN;
            memcpy(&accumulator, (const char *)data + code[pc++].k, 4);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= code[pc++].k;
            break;
        case BPF_RET | BPF_K:
            return code[pc].k;
        default:
            if (BPF_CLASS(code[pc].code) != BPF_JMP)
                return INTERPRETER_BROKEN;
            pc = jump(code, pc, count, accumulator);
        }
    }
    return INTERPRETER_BROKEN;
}
