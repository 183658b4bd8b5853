"""How often a virtual machine leaves its guest: counted from `bivy run --trace`, because counts do not depend on the hour."""

import json
import pathlib
import re
import subprocess

from lab import BIN, SOURCE, build, has_kvm, http_get, result

REQUESTS = 50
BLOCKS = 256


def count(text):
    """Exits (lines that are not entries of the ring), and the operations that moved frames or blocks."""
    lines = [line for line in text.splitlines() if re.match(r" *\d+\.\d{6} ", line)]
    exits = [line for line in lines if " in the ring" not in line]
    moved = [line for line in lines if re.search(r" (net|block)_(read|write)\(.*\) = OK", line)]
    # Without the ring each of them is an exit, and so is the read that finds nothing behind the last frame.
    alone = len(moved) + sum(" yield()" in line for line in lines) * 2
    return len(exits), len(moved), alone


def net_exits(directory):
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    with open(f"{directory}/trace", "w+") as trace:
        with subprocess.Popen([BIN / "bivy", "run", "--as", "vm", "--trace", "-m", "8", "-p", "0:80", web], stderr=trace,
                              stdout=subprocess.DEVNULL) as process:
            while not (found := re.search(r":(\d+) ->", pathlib.Path(trace.name).read_text())):
                pass
            for _ in range(REQUESTS):
                http_get(int(found.group(1)))
            process.terminate()
        return count(pathlib.Path(trace.name).read_text())


def block_exits(directory):
    manifest = pathlib.Path(directory) / "manifest.json"
    manifest.write_text(json.dumps({"type": "solo5.manifest", "version": 1, "devices": [{"name": "storage", "type": "BLOCK_BASIC"}]}))
    image = build(f"{directory}/batch.uk", "--manifest", manifest, SOURCE / "tests/guests/batch.c")
    disk = pathlib.Path(directory) / "disk"
    disk.write_bytes(bytes(1 << 20))
    done = subprocess.run([BIN / "bivy", "run", "--as", "vm", "--trace", "-m", "8", "--block", f"storage={disk}", image, "--", str(BLOCKS)],
                          capture_output=True, text=True, check=True)
    return count(done.stderr)


def exits(directory):
    if not has_kvm():
        return
    for what, measure in (("frame of an HTTP server", net_exits), ("block of a batch", block_exits)):
        left, moved, alone = measure(directory)
        yield result(f"VM tender, exits per {what}", left / moved, "", None,
                     f"{left} exits for {moved} operations; {alone / moved:.2f} where each is a hypercall")
