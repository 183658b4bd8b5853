"""What must not work: every bad input ends with one sentence that names object and reason, and changes nothing."""

import os
import pathlib
import random
import resource
import shutil
import socket
import struct
import subprocess
import tempfile

import pytest

import messages
import spt_image
from conftest import BIN, bivy
from daemon import Daemon

EHDR_MACHINE, EHDR_PHOFF = 18, 32
PT_LOAD, PF_X, PF_W = 1, 1, 2


def loads(data):
    """Where the program headers of PT_LOAD stand."""
    start, size, count = struct.unpack_from("<Q", data, EHDR_PHOFF)[0], *struct.unpack_from("<HH", data, 54)
    return [at for at in range(start, start + size * count, size) if struct.unpack_from("<I", data, at)[0] == PT_LOAD]


def truncated(data):
    return data[:len(data) // 2]


def oversized(data):
    struct.pack_into("<Q", data, loads(data)[-1] + 40, 1 << 60)
    return data


def overlapping(data):
    first, second = loads(data)[:2]
    data[second + 16:second + 24] = data[first + 16:first + 24]
    data[second + 24:second + 32] = data[first + 24:first + 32]
    return data


def writable_code(data):
    for at in loads(data):
        struct.pack_into("<I", data, at + 4, 7)
    return data


def wrong_machine(data):
    struct.pack_into("<H", data, EHDR_MACHINE, 183)
    return data


def without_notes(data):
    return bytearray(bytes(data).replace(b"Solo5\0", b"Nolo5\0"))


def noise(data):
    return random.Random(3).randbytes(len(data))


def nothing(data):
    return b""


DAMAGE = [truncated, oversized, overlapping, writable_code, wrong_machine, without_notes, noise, nothing]


@pytest.fixture(scope="module")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyi-"))
    made = {"damaged": {}}
    for name, more in (("plain", {}), ("net", {"devices": [("service", spt_image.NET)]}), ("abi", {"version": 99})):
        (folder / name).mkdir()
        made[name] = spt_image.build(folder / name, **more)
    for damage in DAMAGE:
        path = folder / f"{damage.__name__}.uk"
        path.write_bytes(damage(bytearray(made["plain"].read_bytes())))
        made["damaged"][damage.__name__] = path
    made["damaged"]["wrong_abi"] = made["abi"]
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="bivyr-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def daemon(folder):
    daemon = Daemon(folder)
    yield daemon
    daemon.close()


def one_sentence(text):
    """A failure: one line that names object and reason, and perhaps a hint."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 2, text
    assert ": " in lines[0] and (len(lines) == 1 or lines[1].startswith("hint: ")), text
    return lines[0]


def unchanged(daemon):
    return (daemon.ask("list", ":").text, daemon.ask("image-list", ":").text,
            sorted(path.name for path in (daemon.state / "images").iterdir()))


NAMES = [damage.__name__ for damage in DAMAGE] + ["wrong_abi"]


# An image for another version, or one that needs more memory than there is, is still one to look at.
@pytest.mark.parametrize("kind", [name for name in NAMES if name not in ("wrong_abi", "oversized")])
def test_a_bad_image_is_not_inspected(images, kind):
    done = bivy("inspect", images["damaged"][kind], check=False)
    assert done.returncode == 1 and str(images["damaged"][kind]) in one_sentence(done.stderr) and done.stdout == ""


@pytest.mark.parametrize("kind", NAMES)
def test_a_bad_image_is_not_run(images, kind):
    done = bivy("run", images["damaged"][kind], check=False)
    assert done.returncode not in (0, 128 + 11) and one_sentence(done.stderr)


@pytest.mark.parametrize("kind", NAMES)
def test_a_bad_image_is_not_deployed(daemon, images, kind):
    before = unchanged(daemon)
    done = bivy("deploy", "--run-dir", daemon.run, "bad", images["damaged"][kind], check=False)
    assert done.returncode == 1 and one_sentence(done.stderr)
    raw = daemon.deploy(":bad", images["damaged"][kind], check=False)
    assert raw.status == 1 and one_sentence(raw.error)
    assert unchanged(daemon) == before


@pytest.mark.parametrize("options,said", [
    (("--net", "other"), "other"), (("--net", "service=bridge:nowhere0"), "nowhere0"),
    (("--memory", "1"), "memory"), (("--memory", "100000000"), "memory"), (("--cpu", "60000"), "processor"),
    (("-p", "other@0:80"), "port"), (("--block", "disk=volume"), "volume")])
def test_a_deployment_that_cannot_be_is_refused(daemon, images, options, said):
    before = unchanged(daemon)
    done = bivy("deploy", "--run-dir", daemon.run, *options, "web", images["net"], check=False)
    assert done.returncode in (1, 2) and said in one_sentence(done.stderr)
    assert unchanged(daemon) == before


def test_a_port_in_use_is_refused(daemon, images):
    before = unchanged(daemon)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bivy("deploy", "--run-dir", daemon.run, "-p", f"{port}:80", "web", images["net"], check=False)
    assert done.returncode == 1 and f"127.0.0.1:{port}" in one_sentence(done.stderr)
    assert unchanged(daemon) == before


@pytest.mark.parametrize("name", ["a_b", "::", "a:..:b", "x" * 64, ":", "a b"])
def test_a_name_that_is_no_label_is_refused(daemon, images, name):
    before = unchanged(daemon)
    done = bivy("deploy", "--run-dir", daemon.run, name, images["plain"], check=False)
    assert done.returncode in (1, 2) and one_sentence(done.stderr)
    assert unchanged(daemon) == before


def test_a_second_daemon_changes_nothing(daemon, images, folder):
    daemon.deploy(":web", images["plain"])
    before = unchanged(daemon)
    done = subprocess.run([BIN / "bivyd", "--run-dir", daemon.run, "--state-dir", daemon.state], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 1 and "another bivyd uses the directory" in done.stderr
    assert unchanged(daemon) == before


def test_a_file_that_may_not_grow_is_said_and_changes_nothing(folder, images):
    """A limit on the size of files stands for a full disk where nothing may be mounted."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
    daemon = Daemon(folder, preexec_fn=limit)
    before = unchanged(daemon)
    large = folder / "large"
    large.write_bytes(images["plain"].read_bytes() + bytes(4 << 20))
    done = bivy("deploy", "--run-dir", daemon.run, "web", large, check=False)
    assert done.returncode == 1 and "File too large" in one_sentence(done.stderr)
    assert unchanged(daemon) == before
    assert daemon.deploy(":web", images["plain"]).rows[0]["state"] == "running"
    daemon.close()


def test_mutated_requests_cost_their_connection_only(daemon, images):
    """Seeded damage to well-formed requests: whatever comes, the daemon answers the next one, and nothing is made."""
    chance = random.Random(int(os.environ.get("BIVY_FUZZ_SEED", "5")))
    bodies = [messages.explicit(number, content) for number in range(14)
              for content in (b"\5\0", messages.integer(7), messages.der(4, bytes(32)),
                              messages.sequence(messages.integer(5)),
                              messages.sequence(messages.integer(-1), messages.integer(3), messages.der(1, b"\xff")))
              if number != 11]
    before = unchanged(daemon)
    for _ in range(600):
        frame = bytearray(messages.request(chance.choice([":", ":web", "a:b", "a:"]), chance.choice(bodies)))
        for _ in range(chance.choice([0, 1, 1, 2, 5])):
            frame[chance.randrange(4, len(frame))] = chance.randrange(256)
        if b"\xab" in frame:
            continue  # [11] would be shutdown
        with messages.Peer(daemon.run / "util" / chance.choice(["vmmd.sock", "console.sock"])) as peer:
            peer.send(frame)
            peer.socket.shutdown(socket.SHUT_WR)
            try:
                while peer.socket.recv(65536):
                    pass
            except ConnectionError:
                pass
    assert daemon.process.poll() is None, daemon.log.read_text()
    assert unchanged(daemon) == before
