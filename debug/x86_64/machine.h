/* machine.h: what debugging has to know about the processor: its registers and how it calls. */
#ifndef DEBUG_X86_64_MACHINE_H
#define DEBUG_X86_64_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/user.h>

struct guest;

enum machine_call {
    MACHINE_NO_CALL,
    MACHINE_CALL,         /* of an address that the instruction holds */
    MACHINE_CALL_INDIRECT /* of one that it does not */
};

#define MACHINE_CALL_MAX 7 /* bytes of the longest call instruction that compilers make */

/*
 * What instruction ends before RETURN_ADDRESS, the SIZE bytes before it being BYTES; *TARGET is where a
 * MACHINE_CALL goes.
 */
enum machine_call machine_call_before(uint64_t return_address, const uint8_t *bytes, size_t size,
                                      uint64_t *target);

void machine_print_registers(const struct user_regs_struct *registers, FILE *out);

#define MACHINE_BREAKPOINT_SIZE 1u
#define MACHINE_GDB_SIZE        164u /* bytes of the general registers in gdb's order */

extern const uint8_t machine_breakpoint[MACHINE_BREAKPOINT_SIZE];
extern const char machine_gdb_target[]; /* target.xml */

void machine_to_gdb(const struct user_regs_struct *registers, uint8_t bytes[static MACHINE_GDB_SIZE]);
void machine_from_gdb(const uint8_t bytes[static MACHINE_GDB_SIZE], struct user_regs_struct *registers);

/* Whether the guest stopped because it was to make one step, not because of a breakpoint instruction. */
bool machine_was_step(const struct guest *guest);

#endif
