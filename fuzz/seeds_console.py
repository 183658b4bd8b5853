#!/usr/bin/python3
"""Writes what guests print, and rings that a disk damaged: where the console's fuzzer starts."""

import pathlib
import struct
import sys

WRITTEN, DAMAGED = b"\0", b"\1"
TEXT, START, END = 0, 1, 2
CAPACITY = 4096


def piece(data, kind=TEXT):
    return struct.pack(">HB", len(data), kind) + data


def record(data, kind=TEXT, size=None):
    head = struct.pack("<qII", 1, len(data) if size is None else size, kind)
    return (head + data).ljust((16 + len(data) + 15) // 16 * 16, b"\0")


def damaged(head, back, records):
    return DAMAGED + struct.pack("<QH", head, back) + records


TWO = record(b"one\n") + record(b"two\n")
SEEDS = {
    "lines": WRITTEN + piece(b"", START) + piece(b"hello\r\nwor") + piece(b"ld\n\n") + piece(b"left") + piece(b"", END),
    "utf8": WRITTEN + piece("ä€😀\n".encode()) + piece(b"\xe2\x82") + piece(b"\xac\n\xff\0\xc0\x80\xed\xa0\x80\xf4\x90\n"),
    "long": WRITTEN + piece(b"x" * 4000) + piece(b"y" * 200 + b"\n"),
    "overtaken": WRITTEN + piece(b"line\n" * 700) * 3,
    "sound": damaged(CAPACITY + 64, 64, TWO),
    "size": damaged(CAPACITY + 64, 64, record(b"one\n", size=5000) + record(b"two\n")),
    "kind": damaged(CAPACITY + 64, 64, record(b"one\n", 7) + record(b"two\n", END)),
    "last": damaged(2 ** 64 - 4096 + 64, 64, TWO),
    "turn": damaged(2 ** 64 - 16, 4080, TWO),
    "half": damaged(2 ** 63 - 16, 4080, TWO),
    "quarter": damaged(2 ** 62, 64, TWO),
    "empty": damaged(CAPACITY, 0, b""),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
