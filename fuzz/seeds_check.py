#!/usr/bin/python3
"""Writes images to be compressed and compressed ones, each behind a limit: seeds_check.py DIRECTORY."""

import pathlib
import sys
import zlib

from seeds_image import SEEDS

PLAIN, PACKED = b"\0", b"\1"
ENOUGH, LITTLE = b"\xff\xff", b"\0\1"

folder = pathlib.Path(sys.argv[1])
for name, data in SEEDS.items():
    (folder / f"plain-{name}").write_bytes(ENOUGH + PLAIN + data)
    (folder / f"packed-{name}").write_bytes(ENOUGH + PACKED + zlib.compress(data))
    (folder / f"little-{name}").write_bytes(LITTLE + PLAIN + data)
(folder / "bomb").write_bytes(ENOUGH + PACKED + zlib.compress(bytes(1 << 25), 9))
(folder / "stored").write_bytes(ENOUGH + PACKED + zlib.compress(SEEDS["fat"], 0) + b"more")
(folder / "cut").write_bytes(ENOUGH + PACKED + zlib.compress(SEEDS["fat"])[:-5])
(folder / "dictionary").write_bytes(ENOUGH + PACKED + b"\x78\xbb" + bytes(12))
