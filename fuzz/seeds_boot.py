#!/usr/bin/python3
"""Writes lines of boot arguments: where their fuzzer starts. seeds_boot.py DIRECTORY"""

import pathlib
import sys

LINES = [
    "",
    "--ipv4=10.0.2.4/24 --ipv4-gateway=10.0.2.1 --ipv6=fdb1:700a::4/64 --dns=10.0.2.3 --name=web",
    "--solo5:debug --solo5:quiet a  b\tc",
    "--name='a b' \"c \\\" d\" e\\ f -- --name=x --",
    "'open \\",
    "\"\" '' \\\\ x\\",
]

for number, line in enumerate(LINES):
    (pathlib.Path(sys.argv[1]) / f"seed{number}").write_text(line)
