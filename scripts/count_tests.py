"""Counts what `meson test` ran, in TAP's own units, and prints: N passed, N failed, N skipped.

A program that failed without a failing line (a crash, a time-out, a plan not kept) counts as one failure, and a
run that left no record is a failure too: silence must never look like success.
"""

import json
import pathlib
import re
import sys


def count(record):
    """The (passed, failed, skipped) of one test program, from its TAP output."""
    lines = re.findall(r"^(not )?ok\b([^\n]*)", record.get("stdout", ""), re.MULTILINE)
    skipped = sum(1 for bad, rest in lines if not bad and re.search(r"#\s*skip", rest, re.IGNORECASE))
    failed = sum(1 for bad, rest in lines if bad)
    passed = len(lines) - failed - skipped
    if record["result"] == "SKIP" and not lines:
        skipped = 1
    elif record["result"] not in ("OK", "SKIP") and failed == 0:
        failed = 1
    return passed, failed, skipped


def main(logs):
    text = (pathlib.Path(logs) / "testlog.json").read_text()
    totals = [sum(column) for column in zip(*(count(json.loads(line)) for line in text.splitlines()))] or [0, 1, 0]
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
