#!/usr/bin/python3
"""Writes the messages of tests/wire/vectors.txt as files: seeds_wire.py DIRECTORY."""

import pathlib
import re
import sys

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "wire" / "vectors.txt"


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    messages = re.findall(r"^  ((?:[0-9a-f]{2})+)$", VECTORS.read_text(encoding="utf-8"), re.MULTILINE)
    for number, message in enumerate(messages):
        (directory / f"vector-{number:02}").write_bytes(bytes.fromhex(message))


if __name__ == "__main__":
    main(*sys.argv[1:])
