#!/usr/bin/python3
"""Writes streams of frames, each behind the byte that says how it is cut: seeds_frame.py DIRECTORY."""

import pathlib
import sys


def frame(contents):
    return len(contents).to_bytes(4, "big") + contents


STREAMS = {
    "one": frame(b"abc"),
    "row": frame(b"abc") + frame(b"d") + frame(b"") + frame(b"ef"),
    "chunks": frame(b"x" * 300) * 3 + frame(b""),
    "large": frame(b"y" * 4096),
    "over": frame(b"y" * 4097),
    "negative": b"\x80\0\0\0abc",
    "cut": frame(b"abc")[:5],
}


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, stream in STREAMS.items():
        for piece in (0, 1, 4, 255):
            (directory / f"{name}-{piece}").write_bytes(bytes([piece]) + stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
