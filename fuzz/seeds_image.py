#!/usr/bin/python3
"""Writes a valid image, as small as the format allows, and its variants: where the image fuzzer starts."""

import pathlib
import struct
import sys

LOAD, NOTE = 1, 4


def note(owner, kind, description):
    padded = owner.encode() + b"\0"
    return struct.pack("<III", len(padded), len(description), kind) + padded.ljust(8, b"\0") + description


def abi(target):
    return note("Solo5", 0x31494241, struct.pack("<IIII", target, 2, 0, 0))


def manifest(*devices):
    entries = [("", 0x40000000), *devices]
    payload = struct.pack("<II", 1, len(entries))
    for name, kind in entries:
        payload += name.encode().ljust(68, b"\0") + struct.pack("<I", kind) + bytes(32)
    return note("Solo5", 0x3154464D, bytes(4) + payload)


def bivy(*entries):
    payload = struct.pack("<II", 1, len(entries))
    for tag, value in entries:
        payload += struct.pack("<II", tag, len(value)) + value + bytes(-len(value) % 8)
    return note("Bivy", 1, payload)


def image(*notes):
    count = 2 + len(notes)
    place = 64 + 56 * count
    headers = [struct.pack("<IIQQQQQQ", LOAD, 5, 0, 0x100000, 0, place, place, 4096),
               struct.pack("<IIQQQQQQ", LOAD, 6, 0, 0x101000, 0, 64, 8192, 4096)]
    for one in notes:
        headers.append(struct.pack("<IIQQQQQQ", NOTE, 4, place, 0, 0, len(one), len(one), 4))
        place += len(one)
    elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x100000, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return elf + b"".join(headers) + b"".join(notes)


FULL = bivy((1, struct.pack("<I", 1)), (0x80000002, struct.pack("<Q", 1 << 21)), (3, struct.pack("<Q", 16384)),
            (4, b"--ipv4\0--dns\0"), (5, b"x ISC\n"), (6, bytes(8)), (99, b"?"))
SEEDS = {
    "spt": image(abi(2), manifest()),
    "hvt": image(abi(1), manifest(("service", 2), ("storage", 1))),
    "fat": image(abi(2), abi(1), manifest(("service", 2)), FULL),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        (folder / name).write_bytes(data)
