#!/usr/bin/python3
"""Writes DNS questions and answers: where the message reader's fuzzer starts. seeds_dns.py DIRECTORY"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import guest_frames as frames  # noqa: E402

QUESTION = frames.dns("web.internal")
SEEDS = [
    QUESTION,
    frames.dns("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61, 28),
    frames.dns("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 62, 28),
    frames.dns_answer(QUESTION, "10.0.2.4"),
    QUESTION[:12] + b"\0\0\2\0\1",
    QUESTION[:12] + b"\xc0\x0c\0\1\0\1",
    QUESTION[:12] + b"\3a.b\0\0\1\0\1",
    QUESTION[:4] + b"\0\2" + QUESTION[6:],
    QUESTION[:2] + b"\x28\0" + QUESTION[4:],
    QUESTION[:-3],
]

for number, seed in enumerate(SEEDS):
    (pathlib.Path(sys.argv[1]) / f"seed{number}").write_bytes(seed)
