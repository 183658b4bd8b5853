"""Writes the names of this machine's system calls as a C table, from the kernel's own header; see call_names.h."""

import re
import subprocess
import sys

macros = subprocess.run([*sys.argv[2:], "-dM", "-E", "-x", "c", "-"], input="#include <asm/unistd.h>\n", text=True,
                        capture_output=True, check=True).stdout
with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write('/* Made by calls.py. */\n#include "debug/call_names.h"\n\n')
    out.write("const char *const call_names[CALL_NAMES_SIZE] = {\n")
    for name, number in sorted(re.findall(r"#define __NR_(\w+) (\d+)$", macros, re.M), key=lambda row: int(row[1])):
        if int(number) < 512:
            out.write(f'    [{number}] = "{name}",\n')
    out.write("};\n")
