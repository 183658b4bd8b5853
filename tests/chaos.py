"""Daemon, switches and keep are killed at random moments under load: what was promised holds when they are back.

BIVY_CHAOS_SECONDS: how long the load of each test lasts (15; `make soak SECONDS=3600` says another); BIVY_CHAOS_SEED: which
moments. Every test prints how often it killed what.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

import spt_image
from daemon import Daemon, alive, children, until

SECONDS = float(os.environ.get("BIVY_CHAOS_SECONDS", "15"))
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
            command = self.chance.choice(["deploy", "deploy", "deploy", "restart", "stop", "start", "destroy", "update",
                                          "rollback", "restart-with", "history"])
            options, words = [], ()
            if command in ("update", "rollback"):
                options = [f"stay={self.chance.randrange(1, 60)}"]
                options += [f"image={self.chance.choice(self.images)}"] if command == "update" else []
            elif command == "restart-with":
                options = [f"memory={self.chance.randrange(8, 40)}"]
            elif command == "deploy":
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
        passing = ("starting", "stopping", "waiting", "crash-loop")
        tenders = sorted(children(daemon.keep(), "bivy-spt"))
        same = sorted(int(row["pid"]) for row in rows if row["pid"] != "0") == tenders
        return rows if same and all(row["state"] not in passing[:2] for row in rows) else None
    rows = until(settled, 60)
    assert rows is not None, (daemon.ask("list", ":").text, children(daemon.keep(), "bivy-spt"))
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert (row["state"] == "running") == (row["pid"] != "0"), row
        current = [r for r in daemon.ask("history", row["name"]).rows if r["current"] == "1"]
        assert len(current) == 1 and current[0]["digest"] == row["digest"], row
    return rows


def check_nothing_is_left(daemon, keep_names=()):
    """With nothing left but KEEP_NAMES there is nothing left of the others either."""
    for row in daemon.ask("list", ":").rows:
        if row["name"] not in keep_names:
            until(lambda row=row: daemon.ask("destroy", row["name"], check=False).status == 0
                  or daemon.show(row["name"]) is None)
    left = sorted(int(daemon.show(name)["pid"]) for name in keep_names)
    assert [row["name"] for row in daemon.ask("list", ":").rows] == list(keep_names)
    assert until(lambda: sorted(children(daemon.keep(), "bivy-spt")) == left)
    assert len(children(daemon.keep(), "bivy-net")) <= 3, "one switch for each path"
    assert until(lambda: descriptors(daemon.process.pid) < 40 and descriptors(daemon.keep()) < 40)
    used = {daemon.show(name)["digest"] for name in keep_names}
    assert until(lambda: {path.name for path in (daemon.state / "images").iterdir()} == used), "no image is left"
    wrong = [line for line in daemon.log.read_text().splitlines() if "that cannot be" in line]
    assert wrong == [], "a state that the table does not know"


def end(daemon):
    keep, process = daemon.keep(), daemon.process
    daemon.close()
    assert not alive(keep) and not alive(process.pid)
    assert sorted(path.name for path in daemon.run.rglob("*") if path.is_socket()) == []
    with sqlite3.connect(daemon.state / "bivyd.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM releases WHERE name NOT IN (SELECT name FROM unikernels)"
                                ).fetchone() == (0,)


class Under:
    """A load while the block runs, ended and waited for after it."""

    def __init__(self, daemon, images, count=3):
        self.loads = [Load(daemon, images, number) for number in range(count)]

    def __enter__(self):
        for load in self.loads:
            load.start()

    def __exit__(self, *_):
        for load in self.loads:
            load.over = True
        for load in self.loads:
            load.join(120)
            assert not load.is_alive()


def test_it_survives_being_killed_under_load(folder, images):
    daemon = Daemon(folder)
    chance = random.Random(SEED)
    writer(daemon, images[0])
    written_by = daemon.show(":writer")["pid"]
    over, kills, early = time.monotonic() + SECONDS, 0, 0
    with Under(daemon, images):
        while time.monotonic() < over:
            time.sleep(chance.random() * 0.7)
            daemon.kill()
            kills += 1
            while chance.random() < 0.4:  # again, while it comes up
                daemon.start(wait=False)
                time.sleep(chance.random() * 0.05)
                daemon.kill()
                early += 1
            daemon.start()
    print(f"# killed bivyd {kills} times, and {early} times while it came up")
    assert kills > 3

    assert daemon.show(":writer")["pid"] == written_by
    until(lambda: "done" in daemon.console(":writer"))
    lines = [line for line in daemon.console(":writer") if line.startswith("line")]
    assert lines == [f"line{number}" for number in range(30)]
    check_state(daemon)
    check_nothing_is_left(daemon, [":writer"])
    end(daemon)
    assert not alive(written_by)


def kill_now_and_then(chance, find):
    """Kills what FIND finds, again and again; how often."""
    over, kills = time.monotonic() + SECONDS, 0
    while time.monotonic() < over:
        time.sleep(0.1 + chance.random() * 0.9)
        for pid in find():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                kills += 1
    return kills


def test_switches_that_are_killed_under_load_come_back(folder, images):
    daemon = Daemon(folder)
    daemon.deploy("quiet:one", images[0])
    quiet = daemon.show("quiet:one")["pid"]
    with Under(daemon, images):
        kills = kill_now_and_then(random.Random(SEED), lambda: children(daemon.keep(), "bivy-net")[:1])
    print(f"# killed bivy-net {kills} times")
    assert kills > 2
    assert daemon.show("quiet:one")["pid"] == quiet, "one without a network is never touched"
    check_state(daemon)
    check_nothing_is_left(daemon, ["quiet:one"])
    end(daemon)


def test_a_keep_that_is_killed_under_load_is_noticed_and_replaced(folder, images):
    daemon = Daemon(folder)
    daemon.deploy(":lasting", images[0], "restart=always")
    with Under(daemon, images):
        kills = kill_now_and_then(random.Random(SEED), lambda: [daemon.keep()])
    print(f"# killed bivy-keep {kills} times")
    assert kills > 2
    assert daemon.log.read_text().count("bivy-keep is dead") >= kills - 1, "it is said"
    assert until(lambda: daemon.show(":lasting")["state"] == "running", 60)
    check_state(daemon)
    check_nothing_is_left(daemon, [":lasting"])
    end(daemon)


def test_a_machine_that_loses_power_comes_back_with_the_old_state_or_the_new(folder, images):
    """Everything dies at once and all that only memory held is gone: every process, the run directory."""
    daemon, chance = Daemon(folder), random.Random(SEED)
    over, cuts = time.monotonic() + SECONDS, 0
    while time.monotonic() < over:
        with Under(daemon, images, count=2):
            time.sleep(0.2 + chance.random() * 1.5)
            keep = daemon.keep()
            for pid in (daemon.process.pid, keep):
                os.kill(pid, signal.SIGKILL)
            daemon.process.wait()
            until(lambda: not alive(keep))
            shutil.rmtree(daemon.run)
            cuts += 1
        daemon.start()
        check_state(daemon)
    print(f"# cut the power {cuts} times")
    check_nothing_is_left(daemon)
    end(daemon)
