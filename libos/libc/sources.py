#!/usr/bin/python3
"""Prints which sources of musl are compiled for the guest's C library: sources.py MUSL-SOURCE

All of them, less those that this project answers itself. Which of the objects end up in the library is decided
afterwards, by what they need (prune.py).
"""

import pathlib
import sys

# Whole folders: memory is libos/kernel's, and nothing is loaded at run time.
WITHOUT_FOLDERS = {"malloc", "ldso"}
WITHOUT = """
env/__libc_start_main env/__init_tls env/__stack_chk_fail exit/_Exit exit/abort exit/assert
thread/clone thread/__set_thread_area thread/__unmapself thread/syscall_cp thread/__syscall_cp thread/pthread_cancel
signal/restore process/vfork internal/vdso misc/getentropy misc/syscall
network/resolvconf thread/synccall unistd/setxid unistd/faccessat misc/setrlimit
""".split()
WITH = ["malloc/reallocarray"]


def stem(path, source):
    """FOLDER/NAME, whether the processor has its own version of it or not."""
    folder, *_, name = path.relative_to(source / "src").parts
    return f"{folder}/{pathlib.Path(name).stem}"


def main():
    source = pathlib.Path(sys.argv[1])
    chosen = {stem(p, source): p for p in sorted((source / "src").glob("*/*.c"))}
    for suffix in ("c", "s", "S"):
        chosen |= {stem(p, source): p for p in sorted((source / "src").glob(f"*/x86_64/*.{suffix}"))}
    for name, path in sorted(chosen.items()):
        if name in WITH or (name.split("/")[0] not in WITHOUT_FOLDERS and name not in WITHOUT):
            print(path)


main()
