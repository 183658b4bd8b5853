#!/usr/bin/python3
"""Writes the names of tests/wire/vectors.txt and some at the limits as files: seeds_name.py DIRECTORY."""

import pathlib
import re
import sys

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "wire" / "vectors.txt"


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    names = re.findall(r'^name "(.*)" ->', VECTORS.read_text(encoding="utf-8"), re.MULTILINE)
    names += ["a:" * 16, "a:" * 17, ("x" * 63 + ":") * 16, ("x" * 63 + ":") * 15 + "y" * 62]
    for number, name in enumerate(names):
        (directory / f"name-{number:02}").write_text(name, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
