"""Bad input and bad days: each costs at most its own request, and says why."""

import concurrent.futures
import contextlib
import os
import pathlib
import random
import resource
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

import messages
from conftest import BIN
from daemon import CLIENT, Daemon, alive, children, daemon, daemon_on_small_disk, folder, images, until  # noqa: F401

HUGE = 1 << 62


@pytest.mark.parametrize("memory", [0, -1, HUGE - 1, -HUGE, 1 << 40])
def test_a_memory_at_the_limit_of_numbers_is_refused(daemon, images, memory):
    error = daemon.deploy(":web", images["plain"], f"memory={memory}", check=False).error
    assert "MiB" in error and daemon.show(":web") is None
    daemon.deploy(":web", images["plain"])
    assert daemon.ask("restart-with", ":web", f"memory={memory or -1}", check=False).status == 1
    assert daemon.show(":web")["state"] == "running"


@pytest.mark.parametrize("option", ["unikernels=-1", f"unikernels={HUGE - 1}", "memory=-1", f"memory={HUGE - 1}", "cpu=-1",
                                    "cpu=1024", f"cpu={HUGE - 1}"])
def test_a_policy_at_the_limit_of_numbers_is_refused_or_kept_as_it_is(daemon, option):
    usual = {"unikernels": "unikernels=1", "memory": "memory=8", "cpu": "cpu=0"}
    usual[option.split("=")[0]] = option
    result = daemon.ask("policy-add", "a:", *usual.values(), check=False)
    assert (result.status == 0) == (option == f"unikernels={HUGE - 1}"), result.error
    assert daemon.ask("list", ":").status == 0


@pytest.mark.parametrize("options", [["within=-1"], [f"within={HUGE - 1}"], ["stay=-1"], [f"stay={HUGE - 1}"]])
def test_a_trial_at_the_limit_of_numbers_is_refused(daemon, images, options):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    for command in ("update", "rollback"):
        more = [f"image={images['plain']}"] if command == "update" else []
        assert "at most an hour" in daemon.ask(command, ":web", *more, *options, check=False).error
    assert "no release" in daemon.ask("rollback", ":web", f"release={HUGE - 1}", check=False).error
    assert "no release" in daemon.ask("rollback", ":web", "release=-5", check=False).error
    assert daemon.show(":web")["pid"] == pid


def test_a_name_as_long_as_can_be_works_and_a_longer_one_is_refused(daemon, images):
    deep = ":".join(["l" * 55] * 4)[:223]
    assert daemon.deploy(deep, images["plain"]).rows[0]["state"] == "running"
    assert daemon.ask("destroy", deep).status == 0
    assert "longer than" in daemon.deploy(deep + "llllllll", images["plain"], check=False).error


def test_too_many_arguments_are_refused(daemon, images):
    assert daemon.deploy(":web", images["plain"], args=["x"] * 200, check=False).status == 1
    assert daemon.deploy(":web", images["plain"], args=["x" * 8000], check=False).status == 1
    assert daemon.show(":web") is None


def test_a_frame_of_four_gigabytes_and_many_half_open_clients_cost_nothing(daemon, images):
    peers = []
    with contextlib.ExitStack() as stack:
        for number in range(60):
            peer = stack.enter_context(messages.Peer(daemon.run / "util" / "vmmd.sock"))
            with contextlib.suppress(OSError):
                peer.send([b"\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\x10\0\0half"][number % 4])
            peers.append(peer)
        assert daemon.deploy(":web", images["plain"]).rows[0]["state"] == "running"
        memory = int(pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]) * 4096
        assert memory < 64 << 20


def test_a_race_of_creates_has_one_winner(daemon, images):
    for force in ([], ["force"]):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: daemon.deploy(":web", images["plain"], *force, check=False), range(8)))
        assert sum(r.status == 0 for r in results) >= 1
        assert all(r.status == 0 or "exists already" in r.error or "another operation" in r.error for r in results)
        assert until(lambda: children(daemon.keep(), "bivy-spt") == [int(daemon.show(":web")["pid"])])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: daemon.deploy(":two", images["plain"], check=False), range(8)))
    assert sum(r.status == 0 for r in results) == 1


def test_a_race_for_the_last_memory_is_not_won_twice(daemon, images):
    """Replacements wait for what they replace; meanwhile what they will need is not free."""
    daemon.ask("policy-add", "a:", "memory=100", "unikernels=10", "cpu=0")
    for number in range(4):
        daemon.deploy(f"a:u{number}", images["plain"], "memory=10")
    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: daemon.deploy(f"a:u{n}", images["plain"], "force", "memory=40", check=False), range(4)))
        used = sum(int(row["memory"]) + 1 for row in daemon.ask("list", "a:").rows)
        assert used <= 100
        for number in range(4):
            daemon.deploy(f"a:u{number}", images["plain"], "force", "memory=10")


def test_destroy_during_a_start_wins_or_waits(daemon, images):
    for number in range(15):
        name = f":u{number}"
        maker = threading.Thread(target=lambda name=name: daemon.deploy(name, images["plain"], check=False))
        maker.start()
        until(lambda name=name: daemon.ask("destroy", name, check=False).status == 0)
        maker.join()
        daemon.ask("destroy", name, check=False)
    assert daemon.ask("list", ":").rows == []
    assert until(lambda: children(daemon.keep(), "bivy-spt") == [])


def test_an_update_during_a_loop_of_crashes_takes_over(daemon, images):
    daemon.deploy(":web", images["plain"], "restart=always", args=("exit", "9"))
    until(lambda: daemon.show(":web")["state"] == "crash-loop")
    daemon.ask("restart-with", ":web", "memory=0", args=("wait",))
    assert daemon.show(":web")["state"] == "running"
    daemon.ask("update", ":web", f"image={images['plain']}", "stay=50")
    assert daemon.ask("history", ":web").rows[0]["result"] == "good"


def test_a_policy_is_not_shrunk_under_what_runs(daemon, images):
    daemon.ask("policy-add", "a:", "memory=64", "unikernels=2", "cpu=0")
    daemon.deploy("a:web", images["plain"], "memory=40")
    error = daemon.ask("policy-add", "a:", "memory=40", "unikernels=2", "cpu=0", check=False).error
    assert "41 MiB of memory are in use there already" in error
    daemon.ask("stop", "a:web")
    assert "in use" in daemon.ask("policy-add", "a:", "memory=40", "unikernels=2", "cpu=0", check=False).error
    daemon.ask("policy-remove", "a:")
    assert daemon.ask("start", "a:web").rows[0]["state"] == "running"


def test_a_full_disk_fails_each_change_and_loses_none(folder, images):
    daemon = daemon_on_small_disk(folder)
    before = daemon.deploy(":web", images["plain"], "memory=16").rows[0]
    filler = pathlib.Path(f"/proc/{daemon.process.pid}/root{daemon.state}/filler")
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    for command, *options in (["policy-add", "a:", "memory=8", "unikernels=1", "cpu=0"],
                              ["restart-with", ":web", "memory=20"],
                              ["deploy", ":new", f"image={images['net']}", "net=service"],
                              ["update", ":web", f"image={images['plain']}", "stay=50"]):
        name = options.pop(0)
        result = daemon.ask(command, name, *options, check=False)
        assert result.status == 1 and result.error.strip(), command
    assert until(lambda: daemon.show(":web")["state"] == "running")
    filler.unlink()
    row = daemon.show(":web")
    assert (row["state"], row["memory"], row["digest"]) == ("running", "16", before["digest"])
    assert daemon.ask("policy-info", "a:").rows == []
    assert daemon.ask("restart-with", ":web", "memory=20").status == 0
    daemon.close()


def descriptors(pid):
    return {int(fd.name) for fd in (pathlib.Path("/proc") / str(pid) / "fd").iterdir()}


@pytest.mark.parametrize("who", ["daemon", "keep"])
def test_when_no_descriptor_is_left_a_request_fails_and_nothing_else(daemon, images, who):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    process = daemon.process.pid if who == "daemon" else daemon.keep()
    usual = resource.prlimit(process, resource.RLIMIT_NOFILE)
    refusals = 0
    for spare in (1, 2, 3, 4, 6):
        resource.prlimit(process, resource.RLIMIT_NOFILE, (max(descriptors(process)) + 1 + spare, usual[1]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            result = daemon.ask("deploy", ":two", f"image={images['plain']}", args=("wait",), check=False, timeout=3)
            refusals += result.status != 0
        resource.prlimit(process, resource.RLIMIT_NOFILE, usual)
        assert until(lambda: daemon.ask("list", ":", check=False).status == 0)
        daemon.ask("destroy", ":two", check=False)
    assert refusals > 0
    assert daemon.show(":web")["pid"] == pid and alive(pid)
    assert daemon.deploy(":two", images["plain"]).rows[0]["state"] == "running"


def test_when_no_process_can_be_started_it_is_said(folder, images):
    """Room for the daemon, the keep and two more: needs a user of the test's own, whose processes can be counted."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to have a user without other processes")
    uid = 1899990000 + os.getpid() % 5000

    def become():
        os.setgroups([])
        os.setgid(uid)
        resource.setrlimit(resource.RLIMIT_NPROC, (4, 4))
        os.setuid(uid)
    try:
        subprocess.run([BIN / "bivyd", "--no-such-option"], preexec_fn=become, capture_output=True, check=False)
    except PermissionError:
        pytest.skip("the build folder cannot be reached by another user")
    os.chmod(folder, 0o777)
    daemon = Daemon(folder, preexec_fn=become)
    for name in (":one", ":two"):
        assert daemon.deploy(name, images["plain"]).rows[0]["state"] == "running"
    result = daemon.deploy(":three", images["plain"], check=False)
    assert result.status == 1 and "Resource temporarily unavailable" in result.error
    assert [row["state"] for row in daemon.ask("list", ":").rows] == ["running", "running"]
    daemon.ask("destroy", ":one")
    assert daemon.deploy(":three", images["plain"]).rows[0]["state"] == "running"
    daemon.close()


def in_other_time(daemon, offset):
    """The daemon believes another wall clock: a date in its own time is what a stepped clock would give. Time
    namespaces have no wall clock, so the store is told of the future instead."""
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait()
    with contextlib.closing(sqlite3.connect(daemon.state / "bivyd.db")) as database, database:
        database.execute("UPDATE unikernels SET created_ms = created_ms + ?", (offset,))
        database.execute("UPDATE releases SET created_ms = created_ms + ?", (offset,))
        database.execute("UPDATE events SET time_ms = time_ms + ?", (offset,))
    daemon.start()


@pytest.mark.parametrize("days", [-20000, 20000])
def test_a_clock_that_steps_disturbs_nothing(daemon, images, days):
    """What was written before the step looks like another century; numbers, not times, decide."""
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    in_other_time(daemon, days * 86400 * 1000)
    assert daemon.show(":web")["pid"] == pid
    daemon.ask("restart-with", ":web", "memory=20")
    assert [row["number"] for row in daemon.ask("history", ":web").rows] == ["2", "1"]
    daemon.ask("rollback", ":web", "stay=50")
    assert daemon.ask("history", ":web").rows[0]["current"] == "1"


class Tenants:
    """Random operations of many tenants on policies and unikernels, and the rule that nothing may break."""

    paths = ["a:", "a:b:", "a:b:c:", "a:d:", "e:", "e:f:"]

    def __init__(self, daemon, image, seed):
        self.daemon, self.image, self.chance = daemon, image, random.Random(seed)
        self.tenants = threading.Lock()

    def step(self):
        chance, ask = self.chance, self.daemon.ask
        what, path = chance.randrange(12), chance.choice(self.paths)
        name = f"{path}n{chance.randrange(4)}"
        if what < 3:
            ask("policy-add", path, f"memory={chance.randrange(20, 300)}", f"unikernels={chance.randrange(1, 9)}",
                *(f"cpu={cpu}" for cpu in range(1 + chance.randrange(2))), check=False)
        elif what < 4:
            ask("policy-remove", path, check=False)
        elif what < 9:
            ask("deploy", name, f"digest={self.image}", f"memory={chance.randrange(4, 60)}",
                *(["force"] if chance.randrange(2) else []), args=("wait",), check=False)
        elif what < 10:
            ask("destroy", name, check=False)
        elif what < 11:
            ask(chance.choice(["stop", "start", "restart"]), name, check=False)
        else:
            ask("rollback", name, "stay=20", check=False)

    def check(self):
        policies = {row["path"]: row for row in self.daemon.ask("policy-info", ":").rows}
        rows = self.daemon.ask("list", ":").rows
        for path, policy in policies.items():
            if path == ":":
                continue
            below = [p for p in policies if p != path and p.startswith(path)]
            direct = [p for p in below if not any(q != p and p.startswith(q) for q in below)]
            own = [row for row in rows if row["name"].startswith(path) and not any(row["name"].startswith(p) for p in below)]
            memory = sum(int(policies[p]["memory"]) for p in direct) + sum(int(row["memory"]) + 1 for row in own)
            count = sum(int(policies[p]["unikernels"]) for p in direct) + len(own)
            assert memory <= int(policy["memory"]) and count <= int(policy["unikernels"]), (path, policies, rows)


def test_no_sequence_of_operations_over_the_wire_exceeds_a_budget(daemon, images):
    """BIVY_CHAOS_SECONDS: how long (15). Three tenants at once; between their turns the model looks."""
    image = daemon.ask("image-add", ":", f"image={images['plain']}").rows[0]["digest"]
    seconds, seed = float(os.environ.get("BIVY_CHAOS_SECONDS", "15")), int(os.environ.get("BIVY_CHAOS_SEED", "1"))
    tenants = [Tenants(daemon, image, seed * 10 + number) for number in range(3)]
    end, steps = time.monotonic() + seconds, 0
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        while time.monotonic() < end:
            list(pool.map(lambda tenant: [tenant.step() for _ in range(6)], tenants))
            tenants[0].check()
            steps += 18
    assert steps > 50
