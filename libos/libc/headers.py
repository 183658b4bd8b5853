#!/usr/bin/python3
"""Lays out the C library's public headers as a program includes them: headers.py MUSL-SOURCE OUTPUT-DIRECTORY

musl keeps them in three places and makes one of them (bits/alltypes.h) by a sed script of its own.
"""

import pathlib
import shutil
import subprocess
import sys


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(source / "include", output, ignore=shutil.ignore_patterns("*.in"))
    for bits in (source / "arch/generic/bits", source / "arch/x86_64/bits"):
        shutil.copytree(bits, output / "bits", ignore=shutil.ignore_patterns("*.in"), dirs_exist_ok=True)
    types = [source / "arch/x86_64/bits/alltypes.h.in", source / "include/alltypes.h.in"]
    (output / "bits/alltypes.h").write_text(
        subprocess.run(["sed", "-f", source / "tools/mkalltypes.sed", *types], check=True, text=True,
                       capture_output=True).stdout)
    numbers = (source / "arch/x86_64/bits/syscall.h.in").read_text()
    aliases = [line.replace("__NR_", "SYS_", 1) for line in numbers.splitlines(True) if line.startswith("#define __NR_")]
    (output / "bits/syscall.h").write_text(numbers + "".join(aliases))


main()
