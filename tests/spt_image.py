"""Builds process guests for tests: tests/spt_guest/probe.c with a manifest made here."""

import pathlib
import shutil
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BLOCK, NET = 1, 2


def note(owner, kind, description):
    padded = owner.encode() + b"\0"
    return struct.pack("<III", len(padded), len(description), kind) + padded.ljust(8, b"\0") + description


def abi(target, version=2):
    return note("Solo5", 0x31494241, struct.pack("<IIII", target, version, 0, 0))


def manifest(devices):
    entries = [("", 0x40000000), *devices]
    payload = struct.pack("<II", 1, len(entries))
    for name, kind in entries:
        payload += name.encode().ljust(68, b"\0") + struct.pack("<I", kind) + bytes(32)
    return note("Solo5", 0x3154464D, bytes(4) + payload)


def build(folder, devices=(), target=2, version=2, other=None, flags=(), source=None):
    """An image in FOLDER with DEVICES (name, BLOCK or NET), an ABI note for TARGET, OTHER as third note; SOURCE instead of the probe."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    notes = [abi(target, version), manifest(devices), other or note("OpenBSD", 1, bytes(4))]
    lines = []
    for index, data in enumerate(notes):
        (folder / f"note{index}").write_bytes(data)
        lines.append(f'.section .note{index}, "a"\n.balign 8\n.incbin "{folder}/note{index}"\n')
    (folder / "notes.S").write_text("".join(lines))
    image = folder / "probe.uk"
    subprocess.run([compiler, "-std=gnu17", "-O2", "-nostdlib", "-static", "-no-pie", "-fno-pie", "-ffreestanding",
                    "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns",
                    "-I", HERE.parent, "-I", HERE.parent / "include", "-T", HERE / "spt_guest" / "guest.lds", "-Wl,--build-id=none",
                    "-Wl,-z,max-page-size=0x1000", "-Wl,-z,noexecstack", *flags, "-o", image,
                    source or HERE / "spt_guest" / "probe.c", folder / "notes.S"], check=True, timeout=60)
    return image
