#!/usr/bin/python3
"""Writes command lines of tenders, each behind the types of its image's devices: seeds_tender.py DIRECTORY."""

import pathlib
import sys

BLOCK, NET = 1, 2
SEEDS = [
    ([], ["image.uk"]),
    ([], ["--mem=64", "--", "--image", "--mem=1", "x"]),
    ([NET], ["--net:A=tap0", "--net-mac:A=02:00:00:00:00:01", "--mem=18446744073709551615", "@3"]),
    ([NET, BLOCK], ["--net:A=@5", "--net-mtu:A=1500", "--block:B=disk.img", "--block-sector-size:B=4096", "k"]),
    ([NET], ["--net:A=@5", "--net:A=@6", "k"]),
    ([BLOCK], ["--net:A=@5", "k"]),
    ([0, 3], ["--x-exec-heap", "k"]),
    ([NET] * 63, ["--net:%c=@1" % (65 + i) for i in range(58)] + ["k"]),
    ([], ["--help"]),
    ([], ["--version"]),
    ([], ["--net:" + "n" * 67 + "=x", "--net:" + "n" * 68 + "=x", "--net:=x", "--net:A="]),
]

for number, (devices, words) in enumerate(SEEDS):
    data = bytes([len(devices), *devices]) + "\0".join(words).encode()
    (pathlib.Path(sys.argv[1]) / f"seed{number:02}").write_bytes(data)
