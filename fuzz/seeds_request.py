#!/usr/bin/python3
"""Writes bodies of requests: where the JSON fuzzer starts."""

import json
import pathlib
import sys

BODIES = [
    {"setup_code": "0", "name": "admin", "password": "correct horse"},
    {"size_bytes": 5, "name": "hello.uk"},
    {"name": "web", "image": "0" * 64, "memory_mib": 32},
    {"name": "tenant:web", "image": "a" * 64, "memory_mib": 32, "cpus": [0, 1], "restart": [1, 2], "tender": "vm",
     "force": True, "startup": 5, "arguments": ["--x", "\u00e4"], "blocks": [{"device": "d", "volume": "v", "sector_size_bytes": 512}],
     "networks": [{"device": "n", "network": "user", "mac": "02:00:00:00:00:01", "ipv4": "10.0.0.2/24"}],
     "ports": [{"host": 0, "guest": 80, "protocol": "udp", "address": "127.0.0.1", "device": "n"}]},
    {"restart": "on-failure", "networks": [[[[]]]]},
]

folder = pathlib.Path(sys.argv[1])
for number, body in enumerate(BODIES):
    (folder / f"seed{number}").write_text(json.dumps(body))
