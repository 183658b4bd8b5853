#!/usr/bin/python3
"""Writes rows of hypercalls as fuzz_hypercall.c reads them: seeds_hypercall.py DIRECTORY."""

import pathlib
import struct
import sys

ARGUMENTS, BUFFER, FIXED, END = 0x800, 0x2000, 0x1000, 0x4000


def call(number, *words, at=ARGUMENTS):
    return struct.pack("<II5Q", number, at, *words, *[0] * (5 - len(words)))


WALLTIME, PUTS, POLL, STORE, LOAD, SEND, RECEIVE, HALT = range(1, 9)
SUBMIT, KICK, TAIL, HOST = range(9, 13)
RING_STORE, RING_LOAD = 0x80000001, 0x80000002


def submit(op, handle, data, size, offset=0):
    return call(SUBMIT, op, handle, data, size, offset, at=0)


ROWS = {
    "time": call(WALLTIME) + call(POLL, 500),
    "console": call(PUTS, BUFFER, 100) + call(PUTS, FIXED, 10) + call(PUTS, END - 1, 1),
    "disk": call(STORE, 2, 512, BUFFER, 512) + call(LOAD, 2, 65024, BUFFER, 512) + call(LOAD, 2, 65025, BUFFER, 512),
    "net": call(SEND, 1, BUFFER, 60) + call(POLL, 0) + call(RECEIVE, 1, BUFFER, 1514) + call(RECEIVE, 1, BUFFER, 1514),
    "handles": b"".join(call(number, handle, BUFFER, 60, 60) for number in range(4, 8) for handle in (0, 3, 4, 64, 2**32 + 1)),
    "constants": call(LOAD, 2, 0, FIXED - 1, 512) + call(RECEIVE, 1, FIXED, 60) + call(WALLTIME, at=FIXED),
    "edges": call(WALLTIME, at=END - 8) + call(SEND, 1, END - 60, 60) + call(SEND, 1, END - 59, 60) + call(SEND, 1, 0, 60),
    "ring": submit(1, 1, BUFFER, 60) + submit(RING_STORE, 2, BUFFER, 512, 512) + submit(RING_LOAD, 2, BUFFER, 512, 65024) + (
        call(KICK, at=0)) + submit(2, 1, BUFFER, 1514) * 3 + call(KICK, at=1) + call(POLL, 0),
    "ring_wrong": submit(2, 1, FIXED, 60) + submit(RING_LOAD, 2, FIXED - 1, 512) + submit(1, 64, BUFFER, 60) + (
        submit(1, 1, END - 59, 60)) + submit(7, 1, BUFFER, 60) + submit(RING_STORE, 2, BUFFER, 512, 2**64 - 512) + call(HALT, 0, 0),
    "ring_indices": call(HOST, 77, 99) + submit(1, 1, BUFFER, 60) + call(KICK) + call(TAIL, 1024) + call(TAIL, 5000),
    "halt": call(HALT, BUFFER, 3),
}


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, row in ROWS.items():
        (directory / name).write_bytes(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
