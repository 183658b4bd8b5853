#!/usr/bin/python3
"""Writes datagrams as the kernel sends them: interfaces, tables, verdicts, ends. seeds_netlink.py DIRECTORY"""

import pathlib
import struct
import sys

NEWLINK, DONE, ERROR, NEWTABLE = 16, 3, 2, 10 << 8
IFNAME, MTU, MASTER, LINKINFO, KIND = 3, 4, 10, 18, 1


def attribute(kind, body):
    size = 4 + len(body)
    return struct.pack("=HH", size, kind) + body + b"\0" * (-size % 4)


def message(kind, body, flags=2):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def link(index, name, *more, family=0):
    return message(NEWLINK, struct.pack("=BxHiII", family, 1, index, 1, 0) + attribute(IFNAME, name + b"\0") + b"".join(more))


BRIDGE = attribute(LINKINFO | 0x8000, attribute(KIND, b"bridge\0"))
NUMBER = struct.pack("=I", 1500)
TAP = link(9, b"bv12ab-1.0", attribute(MTU, NUMBER), attribute(MASTER, struct.pack("=I", 2)))
SEEDS = [
    link(2, b"br0", attribute(MTU, NUMBER), BRIDGE) + TAP + message(DONE, struct.pack("=i", 0)),
    TAP[:-3],
    link(-1, b"lo"),
    link(3, b"x" * 40),
    link(4, b"eth0", family=7),
    link(5, b"eth0", attribute(MTU, b"")),
    link(6, b"eth0", struct.pack("=HH", 3, MTU)),
    link(6, b"eth0", struct.pack("=HH", 900, MTU)),
    message(NEWTABLE, b"\5\0\0\0" + attribute(1, b"bv12ab-1.0\0")),
    message(NEWTABLE, b"\5\0\0\0" + attribute(1, b"t" * 200)),
    message(ERROR, struct.pack("=i", 0) + struct.pack("=IHHII", 16, 16, 5, 1, 0)),
    message(ERROR, struct.pack("=i", -1) + struct.pack("=IHHII", 16, 16, 5, 1, 0) + attribute(1, b"why not\0"), 0x300),
    message(ERROR, struct.pack("=i", -17) + TAP + attribute(1, b"why not\0"), 0x200),
    message(ERROR, struct.pack("=i", -2147483648) + struct.pack("=IHHII", 0xffffffff, 16, 5, 1, 0), 0x200),
    message(ERROR, b"\1"),
    struct.pack("=IHHII", 8, 16, 2, 1, 0),
]

for number, seed in enumerate(SEEDS):
    (pathlib.Path(sys.argv[1]) / f"seed{number}").write_bytes(seed)
