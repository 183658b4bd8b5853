#!/usr/bin/python3
"""Writes the memory of machines as fuzz_acpi.c reads it: seeds_acpi.py DIRECTORY."""

import pathlib
import struct
import sys

ROOT, LIST, FIXED, INTERRUPTS, AML = 0x100, 0x200, 0x300, 0x500, 0x600
LINE, MAP = 0x40, 0xC0

OFF = b"\x08_S5_\x12\x06\x04\x0a\x05\x01\0\0"
DEVICE = (b"\x08_HID\x0dLNRO0005\0\x86\x09\0\1" + struct.pack("<II", 0xFEB00E00, 0x200) +
          b"\x89\x06\0\1\1" + struct.pack("<I", 12) + b"\x79\0")


def table(signature, body):
    return signature + struct.pack("<I", 36 + len(body)) + bytes(28) + body


def machine(line=b"a b", aml=OFF + DEVICE, revision=2, entries=1, list_body=None):
    memory = bytearray(0x800)

    def put(at, data):
        memory[at:at + len(data)] = data

    put(0, struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, 0, 0, LINE, ROOT, MAP, entries, 0))
    put(LINE, line[:MAP - LINE - 1])
    put(MAP, struct.pack("<QQII", 0x100000, 0x1F00000, 1, 0))
    put(ROOT, b"RSD PTR " + bytes(7) + bytes([revision]) + struct.pack("<IIQ", LIST, 36, LIST))
    put(LIST, table(b"XSDT", list_body or struct.pack("<QQQ", FIXED, INTERRUPTS, 0)))
    fixed = bytearray(240)
    fixed[4:8] = struct.pack("<I", AML)
    fixed[28:32] = struct.pack("<I", 0x604)
    fixed[208:220] = struct.pack("<BBBBQ", 1, 8, 0, 1, 0x600)
    put(FIXED, table(b"FACP", bytes(fixed)))
    put(INTERRUPTS, table(b"APIC", bytes(8) + b"\1\x0c\0\0" + struct.pack("<II", 0xFEC00000, 0)))
    put(AML, table(b"DSDT", aml))
    return bytes(memory)


MACHINES = {
    "plain": machine(),
    "old": machine(revision=0, list_body=struct.pack("<II", FIXED, INTERRUPTS)),
    "devices": machine(line=b"virtio_mmio.device=4K@0xd0000000:5 -- 'x y' -- z", aml=OFF + DEVICE * 3),
    "cut": machine(aml=DEVICE[:20]),
    "itself": machine(list_body=struct.pack("<QQQ", LIST, FIXED, FIXED)),
    "no map": machine(entries=0),
    "quote": machine(line=b"'a -- b virtio_mmio.device=1@2:3"),
    "short": machine()[:0x310],
    "empty": b"\0",
}


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, memory in MACHINES.items():
        (directory / name).write_bytes(memory)


if __name__ == "__main__":
    main(*sys.argv[1:])
