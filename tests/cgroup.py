"""Limits that the kernel enforces: needs cgroup v2 and root, which the test machine has, and skips itself elsewhere."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import BIN, bivy
from guest_images import images  # noqa: F401

TREE = pathlib.Path("/sys/fs/cgroup")


def lacking():
    if os.geteuid() != 0:
        return "not root"
    try:
        return None if "memory" in (TREE / "cgroup.controllers").read_text() else "cgroup v2 has no memory here"
    except OSError:
        return "no cgroup v2"


pytestmark = pytest.mark.skipif(lacking() is not None, reason=lacking() or "")


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


class Host:
    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([BIN / "bivyd", "--run-dir", self.folder / "run", "--state-dir", self.folder / "state"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert until(lambda: self.bivy("ps", check=False).returncode == 0), (self.folder / "log").read_text()

    def bivy(self, command, *args, check=True):
        return bivy(command, "--run-dir", self.folder / "run", *args, check=check)

    def show(self, name):
        return json.loads(self.bivy("show", "-o", "json", name).stdout)

    def top(self):
        return TREE / f"bivy-{(self.folder / 'run').stat().st_ino:x}"

    def group(self, name):
        """The cgroup of the unikernel's process."""
        text = pathlib.Path(f"/proc/{self.show(name)['pid']}/cgroup").read_text()
        return TREE / next(line for line in text.splitlines() if line.startswith("0::"))[4:]


@pytest.fixture
def host():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyg-"))
    host = Host(folder)
    yield host
    if host.process.poll() is None:
        bivy("down", "--run-dir", folder / "run", "--state-dir", folder / "state", check=False)
        host.process.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_unikernel_has_its_own_group_with_its_limits(host, images):
    host.bivy("deploy", "web", images / "eater.uk", "--memory", "32", "--", "3600")
    group = host.group("web")
    assert group.parent == host.top()
    assert int((group / "memory.max").read_text()) == 33 << 20, "the tender's part is in it"
    assert (group / "pids.max").read_text().strip() == "32"
    assert (group / "cpu.max").read_text().split() == ["100000", "100000"]
    assert (group / "cgroup.procs").read_text().split() == [str(host.show("web")["pid"])]
    host.bivy("destroy", "--yes", "web")
    assert not group.exists()


def test_want_of_memory_is_said_as_such(host, images):
    host.bivy("deploy", "web", images / "eater.uk", "--memory", "32", "--restart", "never", "--", "5", "24")
    group = host.group("web")
    (group / "memory.max").write_text(str(4 << 20))
    until(lambda: host.show("web")["state"] == "failed")
    row, told = host.show("web"), [(group / name).read_text() for name in ("memory.max", "memory.current", "memory.events")
                                   if group.exists()]
    assert row["state"] == "failed" and "out of memory" in row["reason"], (row, told, host.bivy("logs", "web").stdout)


def test_one_that_stays_within_its_size_is_not_killed(host, images):
    """All of its memory touched, and all that the tender needs: the limit must allow that."""
    host.bivy("deploy", "web", images / "eater.uk", "--memory", "64", "--restart", "never", "--", "0", "60")
    assert until(lambda: "ate" in host.bivy("logs", "web").stdout)
    assert host.show("web")["state"] == "running"


def test_groups_outlive_the_daemon_and_strays_do_not(host, images):
    host.bivy("deploy", "web", images / "eater.uk", "--", "3600")
    group = host.group("web")
    host.process.send_signal(signal.SIGKILL)
    host.process.wait()
    (host.top() / "u999").mkdir()
    host.start()
    assert host.group("web") == group and not (host.top() / "u999").exists()
    top = host.top()
    host.bivy("down", "--state-dir", host.folder / "state")
    host.process.wait(30)
    assert not top.exists()


def test_each_tender_has_a_user_of_its_own(host, images):
    users = set()
    for name in ("a", "b"):
        host.bivy("deploy", name, images / "eater.uk", "--", "3600")
        users.add(pathlib.Path(f"/proc/{host.show(name)['pid']}").stat().st_uid)
    assert len(users) == 2 and min(users) >= 1900000000
