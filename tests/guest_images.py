"""The images that tests of guests run: built here, or found where they were built for a machine without a compiler.

    guest_images.py FOLDER      builds them all into FOLDER, for tests that run elsewhere with BIVY_GUESTS=FOLDER
"""

import json
import os
import pathlib
import sys
import tempfile

import pytest

import spt_image
from conftest import bivy

HERE = pathlib.Path(__file__).resolve().parent
NET, BLOCK = spt_image.NET, spt_image.BLOCK
KERNEL_FLAGS = ["-mgeneral-regs-only", "-mno-red-zone", "-fcf-protection=none"]

# Kernel guests: tests/hvt_guest/probe.c with these devices.
PROBES = {
    "plain": [],
    "net": [("service", NET)],
    "two": [("first", NET), ("second", NET)],
    "disk": [("storage", BLOCK)],
}


def build_probe(folder, name, target=1, **more):
    place = pathlib.Path(folder) / name
    place.mkdir()
    return spt_image.build(place, PROBES.get(name, []), target=target, source=HERE / "hvt_guest" / "probe.c",
                           flags=KERNEL_FLAGS, **more)


# Programs: tests/guests/NAME.c with these devices.
GUESTS = {
    "two": [("first", NET), ("second", NET)],
    "forge": [("service", NET)],
    "frames": [("service", NET)],
    "blocks": [("storage", BLOCK)],
    "batch": [("storage", BLOCK)],
    "echo": [("service", NET)],
    "hostile": [("service", NET), ("storage", BLOCK)],
}


def build_guest(folder, source, target="fat"):
    """FOLDER/NAME.uk from tests/guests/NAME.c."""
    kinds = {NET: "NET_BASIC", BLOCK: "BLOCK_BASIC"}
    devices = [{"name": name, "type": kinds[kind]} for name, kind in GUESTS.get(source.stem, [])]
    manifest = pathlib.Path(folder) / f"{source.stem}.json"
    manifest.write_text(json.dumps({"type": "solo5.manifest", "version": 1, "devices": devices}))
    image = pathlib.Path(folder) / (source.stem + (".uk" if target == "fat" else f"-{target}.uk"))
    bivy("build", "-q", "--target", target, "--manifest", manifest, "-o", image, source, "--", "-w")
    return image


def build_all(folder):
    for name in PROBES:
        build_probe(folder, name)
    for source in sorted((HERE / "guests").glob("*.c")):
        build_guest(folder, source)
    for name in ("status", "fault"):
        for target in ("spt", "hvt"):
            build_guest(folder, HERE / "guests" / f"{name}.c", target)


@pytest.fixture(scope="session")
def images():
    """The folder with every image; any user may read it."""
    if "BIVY_GUESTS" in os.environ:
        yield pathlib.Path(os.environ["BIVY_GUESTS"])
        return
    with tempfile.TemporaryDirectory(prefix="guests-") as path:
        os.chmod(path, 0o755)
        build_all(path)
        yield pathlib.Path(path)


def kvm_refusal():
    """Why no virtual machine can be made here, or None."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return f"/dev/kvm does not open: {error.strerror}"
    return None


needs_kvm = pytest.mark.skipif(kvm_refusal() is not None, reason=kvm_refusal() or "")

if __name__ == "__main__":
    build_all(sys.argv[1])
