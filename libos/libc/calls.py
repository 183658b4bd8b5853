#!/usr/bin/python3
"""Turns every system call of the C library into a call of a function of its own: calls.py MUSL-SOURCE OUTPUT-DIRECTORY

musl makes its calls through __syscallN(number, ...). Here each of these is a switch over the number, which is a
constant wherever it is inlined, so that what is left is one direct call of posix_call_NAME, and the linker sees who
needs what. A number that is no constant calls posix_call_dynamic, which does not exist.
"""

import pathlib
import re
import sys

LETTERS = "abcdef"


def function(count, calls):
    arguments = LETTERS[:count]
    types = ", ".join(["long"] * count) or "void"
    lines = [f"static inline BIVY_INLINE long __syscall{count}({', '.join(['long n'] + [f'long {a}' for a in arguments])})",
             "{", "    switch (n) {"]
    for name, number in calls:
        lines.append(f"    case {number}: return ((long (*)({types}))posix_call_{name})({', '.join(arguments)});")
    return "\n".join(lines + ["    default: return posix_call_dynamic();", "    }", "}"]) + "\n"


# Declared before musl does: its function becomes this one. There is no cancellation, so that a call that would be
# a place for it is a call like others.
CANCELLATION = """
static inline BIVY_INLINE long __syscall_cp(long n, long a, long b, long c, long d, long e, long f)
{
    return __syscall6(n, a, b, c, d, e, f);
}
static inline BIVY_INLINE long __alt_socketcall(int, int, int, long, long, long, long, long, long);
#define IPC_64 0
"""


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    text = (source / "arch/x86_64/bits/syscall.h.in").read_text()
    calls = re.findall(r"^#define __NR_(\w+)\s+(\d+)", text, re.MULTILINE)
    output.mkdir(exist_ok=True)
    parts = ["#define __SYSCALL_LL_E(x) (x)\n#define __SYSCALL_LL_O(x) (x)\n"
             "#define BIVY_INLINE __attribute__((always_inline))\n"]
    parts += [f"extern long posix_call_{name}();\n" for name, _ in calls + [("dynamic", 0)]]
    parts += [function(count, calls) for count in range(7)]
    (output / "version.h").write_text(f'#define VERSION "{(source / "VERSION").read_text().strip()}"\n')
    (output / "syscall_arch.h").write_text("".join(parts) + CANCELLATION)


main()
