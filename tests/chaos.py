"""The daemon is killed at random moments under load: what it promised holds when it is back.

BIVY_CHAOS_SECONDS: how long the load lasts (12); BIVY_CHAOS_SEED: which moments.
"""

import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

import spt_image
from daemon import Daemon, alive, children, until

SECONDS = float(os.environ.get("BIVY_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("BIVY_CHAOS_SEED", "1"))


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="bivyc-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyi-"))
    (folder / "plain").mkdir()
    (folder / "net").mkdir()
    yield spt_image.build(folder / "plain"), spt_image.build(folder / "net", [("service", spt_image.NET)])
    shutil.rmtree(folder)


class Load(threading.Thread):
    """Deploys, restarts, stops, starts and destroys a few names of its own until it is told to end."""

    def __init__(self, daemon, images, number):
        super().__init__()
        self.daemon_under_test, self.images, self.number = daemon, images, number
        self.chance, self.over = random.Random(SEED * 100 + number), False

    def run(self):
        while not self.over:
            name = f"t{self.number}:u{self.chance.randrange(3)}"
            command = self.chance.choice(["deploy", "deploy", "deploy", "restart", "stop", "start", "destroy"])
            options, words = [], ()
            if command == "deploy":
                options = [f"image={self.chance.choice(self.images)}", "force", "restart=always"]
                words = ("say", "hello", self.chance.choice(["wait", "exit"]), "0")
            try:
                self.daemon_under_test.ask(command, name, *options, args=words, check=False, timeout=60)
            except subprocess.TimeoutExpired:
                self.over = True
                raise


def writer(daemon, image):
    """A unikernel that writes numbered lines, slowly enough for the whole load."""
    words = []
    for number in range(30):
        words += ["say", f"line{number}", "sleep", str(int(SECONDS * 1000 / 28))]
    daemon.deploy(":writer", image, args=(*words, "say", "done", "wait"))


def descriptors(process):
    return len(list((pathlib.Path("/proc") / str(process) / "fd").iterdir()))


def check_state(daemon):
    """Everything that is said to run runs once, under the keep, and nothing else does."""
    def settled():
        rows = daemon.ask("list", ":").rows
        return rows if all(row["state"] not in ("starting", "stopping") for row in rows) else None
    rows = until(settled)
    assert rows is not None
    assert len({row["name"] for row in rows}) == len(rows)
    running = sorted(int(row["pid"]) for row in daemon.ask("list", ":").rows if row["pid"] != "0")
    if any(row["state"] == "waiting" for row in rows):
        return rows  # one may have been started between two looks
    assert sorted(children(daemon.keep(), "bivy-spt")) == running
    return rows


def test_it_survives_being_killed_under_load(folder, images):
    daemon = Daemon(folder)
    chance = random.Random(SEED)
    writer(daemon, images[0])
    written_by = daemon.show(":writer")["pid"]
    loads = [Load(daemon, images, number) for number in range(3)]
    for load in loads:
        load.start()
    end, kills = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        time.sleep(chance.random() * 0.7)
        daemon.kill()
        kills += 1
        daemon.start()
    for load in loads:
        load.over = True
    for load in loads:
        load.join(90)
        assert not load.is_alive()
    assert kills > 3

    assert daemon.show(":writer")["pid"] == written_by
    until(lambda: "done" in daemon.console(":writer"))
    lines = [line for line in daemon.console(":writer") if line.startswith("line")]
    assert lines == [f"line{number}" for number in range(30)]

    check_state(daemon)
    for row in daemon.ask("list", ":").rows:
        if row["name"] != ":writer":
            daemon.ask("destroy", row["name"], check=False)
    assert [row["name"] for row in daemon.ask("list", ":").rows] == [":writer"]
    assert until(lambda: children(daemon.keep(), "bivy-spt") == [int(written_by)])
    assert len(children(daemon.keep(), "bivy-net")) <= 3, "one switch for each path"
    assert descriptors(daemon.process.pid) < 40 and descriptors(daemon.keep()) < 40
    assert all(len(path.name) == 64 for path in (daemon.state / "images").iterdir()), "no half upload is left"
    keep, process = daemon.keep(), daemon.process
    daemon.close()
    assert not alive(keep) and not alive(process.pid) and not alive(written_by)
    with sqlite3.connect(daemon.state / "bivyd.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
