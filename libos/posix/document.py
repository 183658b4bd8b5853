#!/usr/bin/python3
"""Writes docs/posix.md from the code: document.py SOURCE-ROOT SYSTEM-CALLS LIBC-ABSENT [--check]

SYSTEM-CALLS is the C library's list of numbers (bits/syscall.h.in), LIBC-ABSENT what prune.py left out. What is supported is what
POSIX_CALL() defines, and what the comment above it says; what is optional stands in absent.c; everything else does not exist.
With --check nothing is written: it fails if the page is not what the code says.
"""

import pathlib
import re
import sys

CALL = re.compile(r"/\* ((?:[^*]|\*(?!/))*) \*/\nPOSIX_CALL\((\w+)")
OPTIONAL = re.compile(r"^ABSENT\((\w+), (\d+)\)", re.MULTILINE)
ERRORS = {"38": "ENOSYS", "1": "EPERM", "95": "EOPNOTSUPP", "12": "ENOMEM"}
HEAD = """# What a C program finds

The C library is musl, whole, but for what cannot be linked. Below it each system call is a function of its own (`libos/posix/`), so
that an image holds only the families that its program needs. A call that cannot exist here is an error of linking, with the line
that makes it and what to use instead. This page is made from the code by `libos/posix/document.py`; a test compares the two.

Threads are cooperative: one runs until it waits. Every call that waits lets the others, and the network, go on. If all wait and
nothing can wake one, the unikernel ends with each thread's backtrace. `bivy inspect --syscalls IMAGE` lists what an image has of
the tables below.

Files: the image's own (the project's `root/`) are read-only at `/`, memory is at `/tmp`, and `/dev` has null, zero, random, urandom
and the console. Standard input has ended. Sockets are TCP and UDP over IPv4 and IPv6, on every network device of the manifest and on
127.0.0.1; the first waits up to ten seconds for an address.
"""


def calls(root):
    found = {}
    for path in sorted((root / "libos/posix").glob("*.c")):
        for comment, name in CALL.findall(path.read_text()):
            found[name] = (path.stem, " ".join(re.sub(r"\n \*", "\n", comment).split()))
    return found


def table(rows):
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def page(root, numbers, absent):
    known = re.findall(r"^#define __NR_(\w+)", numbers.read_text(), re.MULTILINE)
    defined = calls(root)
    optional = dict(OPTIONAL.findall((root / "libos/posix/absent.c").read_text()))
    strangers = sorted((set(defined) | set(optional)) - set(known))
    both = sorted(set(defined) & set(optional))
    if strangers or both:
        sys.exit(f"document.py: no such system calls: {strangers}; answered twice: {both}")
    partial = {n: t.removeprefix("Partial: ") for n, (_, t) in defined.items() if t.startswith("Partial: ")}
    text = HEAD + "\n## Supported\n\n| call | file | |\n|---|---|---|\n"
    text += table([f"`{n}`", f"`{f}.c`", t] for n, (f, t) in sorted(defined.items()) if n not in partial)
    text += "\n## Partial\n\n| call | file | what there is |\n|---|---|---|\n"
    text += table([f"`{n}`", f"`{defined[n][0]}.c`", t] for n, t in sorted(partial.items()))
    text += "\n## Optional: they fail, and programs do without\n\n| call | error |\n|---|---|\n"
    text += table([f"`{n}`", ERRORS[e]] for n, e in sorted(optional.items()))
    rest = sorted(set(known) - set(defined) - set(optional))
    text += "\n## Absent: linking fails\n\n" + ", ".join(f"`{n}`" for n in rest) + ".\n"
    functions = sorted(line.split()[0] for line in absent.read_text().splitlines())
    functions = sorted(functions + ["dlclose", "dlerror", "dlopen", "dlsym", "pthread_cancel", "syscall", "vfork"])
    functions = [name for name in functions if not name.startswith("_") and not name.endswith("64")]
    text += "\nSo these functions of the C library do not exist: " + ", ".join(f"`{n}`" for n in functions) + ".\n"
    return text


def main():
    root, numbers, absent = map(pathlib.Path, sys.argv[1:4])
    text, target = page(root, numbers, absent), root / "docs/posix.md"
    if "--check" not in sys.argv:
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        sys.exit("docs/posix.md is not what the code says: run libos/posix/document.py")


main()
