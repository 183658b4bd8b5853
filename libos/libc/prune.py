#!/usr/bin/python3
"""Makes the C library of those objects that can be linked: prune.py AR NM OUTPUT-ARCHIVE LEFT-OUT OBJECTS... -- LIBRARY...

OBJECTS are thin archives of everything that was compiled. An object that needs a symbol which neither another object nor
a LIBRARY defines is left out, and so is what needs that one: so fork(), popen() and their kin are not there, and a
program that calls one is told its own line when it is linked. LEFT-OUT receives the names of the functions that are
gone, with what each lacks.
"""

import pathlib
import re
import subprocess
import sys

# What the compiler's own library, the linker script and the program bring.
ELSEWHERE = re.compile(r"^(__(mul|div|udiv|add|sub|neg|fix|float|extend|trunc|pow|mod|umod|lt|gt|le|ge|eq|ne|unord|cmp|ucmp|popcount|"
                       r"clz|ctz|bswap|letf|getf|netf|eqtf)\w*[dstxch][ifc]\d?|__\w+[tx][fci]\d?|_GLOBAL_OFFSET_TABLE_|"
                       r"__(init|fini)_array_(start|end)|main|bivy_files(_count)?|bivy_stack_size|_(stdata|ltdata|ltbss|end))$")


def symbols(nm, archive):
    """{member: (defined, needed)} of an archive; weak references need nothing."""
    text = subprocess.run([nm, "-A", archive], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        match = re.match(r"^(.*):\s*[0-9a-f]*\s+(\w) (\S+)$", line)
        if not match:
            continue
        member, kind, name = match.groups()
        member = member.removeprefix(f"{archive}:")
        defined, needed = found.setdefault(member, (set(), set()))
        if kind == "U":
            needed.add(name)
        elif kind not in "wvN" and (kind.isupper() or kind in "WV"):
            defined.add(name)
    return found


def main():
    ar, nm, output, left_out, *archives = sys.argv[1:]
    objects, libraries = archives[:archives.index("--")], archives[archives.index("--") + 1:]
    ours = {}
    for archive in objects:
        ours |= symbols(nm, archive)
    given = set()
    for library in libraries:
        for defined, _ in symbols(nm, library).values():
            given |= defined
    lacking = {}
    while True:
        known = given.union(*(defined for defined, _ in ours.values()))
        bad = {member: sorted(n for n in needed if n not in known and not ELSEWHERE.match(n))
               for member, (_, needed) in ours.items()}
        bad = {member: names for member, names in bad.items() if names}
        if not bad:
            break
        for member, names in bad.items():
            for name in ours.pop(member)[0]:
                lacking[name] = names[0]
    pathlib.Path(left_out).write_text("".join(f"{name} {why}\n" for name, why in sorted(lacking.items())))
    pathlib.Path(output).unlink(missing_ok=True)
    members = pathlib.Path(output + ".members")
    members.write_text("\n".join(sorted(ours)))
    subprocess.run([ar, "crsD", output, f"@{members}"], check=True)


main()
