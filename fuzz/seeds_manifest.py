#!/usr/bin/python3
"""Writes manifests, good and bad: where the manifest's fuzzer starts. seeds_manifest.py DIRECTORY"""

import json
import pathlib
import sys


def manifest(devices, **other):
    return json.dumps({"type": "solo5.manifest", "version": 1, "devices": devices, **other})


NET, BLOCK = {"name": "service", "type": "NET_BASIC"}, {"name": "storage", "type": "BLOCK_BASIC"}
SEEDS = [
    manifest([]),
    manifest([NET, BLOCK]),
    manifest([NET, NET]),
    manifest([{"name": f"n{i}", "type": "NET_BASIC"} for i in range(63)]),
    manifest([{"name": "x" * 68, "type": "NET_BASIC"}]),
    manifest([{"name": "a\"b", "type": "NET"}]),
    manifest([NET], version=2),
    manifest({}, type=1),
    manifest([[], None, 1.5, True]),
    '{"type": "solo5.manifest", "version": 1, "version": 1, "devices": []}',
    "\ufeff{}",
    "[" * 3000,
]

for number, seed in enumerate(SEEDS):
    (pathlib.Path(sys.argv[1]) / f"seed{number:02}").write_text(seed)
