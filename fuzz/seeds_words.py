#!/usr/bin/python3
"""Writes words of command lines, good and bad: seeds_words.py DIRECTORY."""

import pathlib
import sys

WORDS = [
    "8080:80", "0:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80/tcp", "service@0.0.0.0:8080:80", "net@[fe80::1]:1:1/udp",
    "65536:1", ":80", "1:2:3:4", "a@b@1:2", "[::1:2:3", "80",
    "service", "service=user", "service=tap:tap0,mac=02:00:00:00:00:01", "service=bridge:br0", "service=@5",
    "service=office,mac=01:00:00:00:00:01", "service=@-1", "service=@99999999999", "=x", "service=,mac=",
    "storage=/var/lib/disk.img", "storage=", "aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF", "00:00:00:00:00:00",
    "64", "-5", "2G", "65536K", "1.5M", "16EiB", "9223372036854775807", "9223372036854775808", "8388608T", "1MiB", "10mb",
]

for number, word in enumerate(WORDS):
    (pathlib.Path(sys.argv[1]) / f"seed{number:02}").write_text(word)
