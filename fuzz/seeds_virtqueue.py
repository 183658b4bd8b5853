#!/usr/bin/python3
"""Writes rows of steps as fuzz_virtqueue.c reads them: seeds_virtqueue.py DIRECTORY."""

import pathlib
import sys

SIZE = 16
USED = SIZE * 16 + (4 + (SIZE + 1) * 2 + 7) // 8 * 8  # where the ring of finished chains stands


def give(number):
    return bytes([0, number, 0, 0])


TAKE = bytes([1, 0, 0, 0])


def write(at, value):
    return bytes([2, at & 255, at >> 8, value])


def finish(index, number):
    """The chain NUMBER is the one at INDEX."""
    return write(USED + 4 + index % SIZE * 8, number) + write(USED + 2, index + 1 & 255)


ROWS = {
    "order": give(0) + give(1) + finish(0, 1) + finish(1, 0) + TAKE * 3,
    "many": b"".join(give(i % SIZE) + finish(i, i % SIZE) + TAKE for i in range(40)),
    "never given": give(0) + finish(0, 5) + TAKE * 2,
    "beyond": give(0) + finish(0, 200) + TAKE,
    "twice": give(0) + give(1) + finish(0, 0) + TAKE + finish(1, 0) + TAKE,
    "ahead": give(0) + write(USED + 2, 9) + TAKE + give(1),
    "flags": write(USED, 1) + give(2) + write(USED, 0) + give(3),
    "descriptors": b"".join(write(i, 255) for i in range(32)) + give(0) + finish(0, 0) + TAKE,
}


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, row in ROWS.items():
        (directory / name).write_bytes(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
