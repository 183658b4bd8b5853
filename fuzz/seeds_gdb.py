#!/usr/bin/python3
"""Seeds for fuzz_gdb: packets of every kind that gdb sends. seeds_gdb.py DIRECTORY"""

import pathlib
import sys

PACKETS = ["qSupported:multiprocess+", "?", "g", "G" + "00" * 164, "m100000,40", "M100000,2:abcd", "Z0,100000,1", "z0,100000,1",
           "vCont?", "vCont;c:1", "vCont;s:1;c", "C0b", "s", "D", "k", "qXfer:features:read:target.xml:0,fff"]


def framed(text):
    return f"${text}#{sum(text.encode()) % 256:02x}".encode()


for number, text in enumerate(PACKETS):
    (pathlib.Path(sys.argv[1]) / f"seed{number}").write_bytes(b"+" + framed(text))
(pathlib.Path(sys.argv[1]) / "broken").write_bytes(b"\x03-$g#00$" + b"m" * 5000 + b"#00" + framed("g"))
